from django.apps import AppConfig


class SolvencyConfig(AppConfig):
    name = "pooling.solvency"
    label = "solvency"
    verbose_name = "Solvency"

from django.apps import AppConfig


class SurplusConfig(AppConfig):
    name = "pooling.surplus"
    label = "surplus"
    verbose_name = "Surplus"

from django.apps import AppConfig


class BarterConfig(AppConfig):
    name = "invoicing.barter"
    label = "barter"
    verbose_name = "Barter"

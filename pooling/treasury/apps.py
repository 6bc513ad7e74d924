from django.apps import AppConfig


class TreasuryConfig(AppConfig):
    name = "pooling.treasury"
    label = "treasury"
    verbose_name = "Treasury"

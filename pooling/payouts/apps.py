from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    name = "pooling.payouts"
    label = "payouts"
    verbose_name = "Payouts"

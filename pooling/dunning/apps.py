from django.apps import AppConfig


class DunningConfig(AppConfig):
    name = "pooling.dunning"
    label = "dunning"
    verbose_name = "Reminders"

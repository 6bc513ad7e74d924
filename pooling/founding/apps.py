from django.apps import AppConfig


class FoundingConfig(AppConfig):
    name = "pooling.founding"
    label = "founding"
    verbose_name = "Founding"

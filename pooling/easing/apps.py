from django.apps import AppConfig


class EasingConfig(AppConfig):
    name = "pooling.easing"
    label = "easing"
    verbose_name = "Easier dues"

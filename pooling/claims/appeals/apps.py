from django.apps import AppConfig


class AppealsConfig(AppConfig):
    name = "pooling.claims.appeals"
    label = "appeals"
    verbose_name = "Appeals"

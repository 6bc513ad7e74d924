from django.apps import AppConfig


class ClaimsConfig(AppConfig):
    name = "pooling.claims"
    label = "claims"
    verbose_name = "Claims"

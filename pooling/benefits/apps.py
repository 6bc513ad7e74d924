from django.apps import AppConfig


class BenefitsConfig(AppConfig):
    name = "pooling.benefits"
    label = "benefits"
    verbose_name = "Benefits"

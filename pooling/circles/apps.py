from django.apps import AppConfig


class CirclesConfig(AppConfig):
    name = "pooling.circles"
    label = "circles"
    verbose_name = "Circles"

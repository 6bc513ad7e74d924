from django.apps import AppConfig


class BuffersConfig(AppConfig):
    name = "pooling.buffers"
    label = "buffers"
    verbose_name = "Buffers"

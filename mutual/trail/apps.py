from django.apps import AppConfig


class TrailConfig(AppConfig):
    name = "mutual.trail"
    label = "trail"
    verbose_name = "Who did what"

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "mutual.jobs"
    label = "jobs"
    verbose_name = "Durable work"

from django.apps import AppConfig


class MailConfig(AppConfig):
    name = "mutual.mail"
    label = "mail"
    verbose_name = "Letters"

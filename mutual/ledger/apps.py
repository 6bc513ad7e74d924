from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "mutual.ledger"
    label = "ledger"
    verbose_name = "Ledger"

"""``manage.py flush`` would empty a cooperative: it must be meant (R-D8)."""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import flush

from mutual.ledger.management import meant


class Command(flush.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        """The installation's name, beside Django's own."""
        super().add_arguments(parser)
        meant.add_argument(parser)

    def handle(self, **options: Any) -> None:
        """Empty the database, if it is meant. (The ledger's own triggers refuse even then.)"""
        meant.check(options)
        super().handle(**options)

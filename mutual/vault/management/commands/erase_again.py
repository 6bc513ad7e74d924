"""``manage.py erase_again``: destroy what was erased before and came back with an older backup."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mutual import clock
from mutual.vault import keys, vault


class Command(BaseCommand):
    requires_system_checks: list[str] = []
    """It runs on a database that is not in its place yet."""
    help = "Destroys the keys that the journal of erasures names and an older backup brought back."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say how many."""
        try:
            count = vault.erase_again(on=clock.today())
        except keys.KeysRefused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{count} erased again.")

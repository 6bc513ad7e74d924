"""``manage.py rotate_vault_key [--make]``: wrap every vault's key with the first key of the key file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from mutual.vault import keys, vault


class Command(BaseCommand):
    requires_system_checks: list[str] = []
    """One of them refuses to start without the key that this makes."""
    help = "Wraps the vaults' keys with the key file's first key; killed at any point, run it again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One flag."""
        parser.add_argument("--make", action="store_true", help="first write a fresh key on top of the key file")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate, and say which keys are still needed."""
        if options["make"]:
            keys.make(Path(settings.VAULT_KEY_FILE))
        try:
            done = 0
            while count := vault.rewrap():
                done += count
            ring = keys.ring()
        except (keys.KeysRefused, vault.VaultRefused) as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{done} keys wrapped anew; {ring.current} wraps them all.")
        still = vault.wrapped_by()
        for kid in ring.keys:
            if kid != ring.current:
                count = still.get(kid, 0)
                self.stdout.write(
                    f"{kid} wraps {count}: " + ("keep it." if count else "take its line out of the file.")
                )

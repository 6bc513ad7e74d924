"""``manage.py verify_draw A-000001``: repeat the draw of a jury from its published inputs."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pooling.claims.appeals import appeals
from pooling.claims.appeals.models import Appeal


class Command(BaseCommand):
    help = "Repeats the draw of a jury and compares it with who was called; exit 0 if it is the same, 1 if not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The appeal's number."""
        parser.add_argument("number", help="the appeal's number, such as A-000001")

    def handle(self, *args: Any, **options: Any) -> None:
        """Repeat and compare."""
        try:
            found = appeals.verify(options["number"])
        except Appeal.DoesNotExist as error:
            raise CommandError("There is no such appeal, or it was not handed in yet.") from error
        self.stdout.write(f"seed {found.seed}")
        self.stdout.write(f"commitment: {'as published' if found.commitment_holds else 'NOT as published'}")
        self.stdout.write(f"seats: {'as drawn' if found.seats_hold else 'NOT as drawn'}")
        if not (found.commitment_holds and found.seats_hold):
            sys.exit(1)

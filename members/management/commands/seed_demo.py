"""``manage.py seed_demo``: make the demonstration cooperative, once."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from members import demo
from mutual import clock


class Command(BaseCommand):
    help = "Makes the demonstration cooperative: sixty members and fourteen months. Does nothing where it exists."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One flag."""
        parser.add_argument("--once", action="store_true", help="say nothing where it exists or is not wanted")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it, or say why not."""
        if demo.exists():
            if not options["once"]:
                self.stdout.write("The demonstration is there already.")
            return
        started = time.monotonic()
        try:
            story = demo.make(today=clock.today())
        except demo.DemoRefused as refused:
            self.stderr.write(str(refused))
            sys.exit(0 if options["once"] else 1)
        months = (story.today.year - story.first_day.year) * 12 + story.today.month - story.first_day.month
        self.stdout.write(
            f"{len(story.members)} members and {months} months of their cooperative, "
            f"in {time.monotonic() - started:.0f} s."
        )

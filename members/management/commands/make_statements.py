"""``manage.py make_statements --period 2026-10 [--out DIR] [--json]``: every member's statement for a period.

Exit 0 if everybody has one, 1 if somebody was refused or the period is not over, 2 if the period cannot be read.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from members.statements import batch
from mutual import clock, periods


class Command(BaseCommand):
    help = "Makes every member's statement of everything for a period that is over. Can be killed and run again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The period, and where to."""
        parser.add_argument("--period", required=True, help="2026-10, 2026-W45, 2026-Q4 or 2026")
        parser.add_argument("--out", type=Path, help="also write the files into this folder")
        parser.add_argument("--presses", type=int, help="how many to print at once (one for each processor)")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of sentences")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make them, and say how it went."""
        try:
            period = periods.parse(options["period"])
        except periods.BadPeriod as error:
            raise CommandError(str(error), returncode=2) from error
        today = clock.today()
        try:
            run = batch.prepare(period=period, by=None, on=today)
            run = batch.work(run=run, on=today, clock=clock.now, presses=options["presses"])
        except batch.BatchRefused as refusal:
            self.stderr.write(str(refusal))
            sys.exit(1)
        written = batch.write_out(period=period, folder=options["out"]) if options["out"] else 0
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    {
                        "period": period.label,
                        "total": run.total,
                        "done": run.done,
                        "known": run.known,
                        "refused": run.refused,
                        "reasons": run.reasons,
                        "rate": run.rate,
                        "written": written,
                    }
                )
            )
        else:
            self.stdout.write(f"{run.done} of {run.total} members have their statement, {run.known} had it before.")
            if options["out"]:
                self.stdout.write(f"{written} files written to {options['out']}.")
            for number, sentence in run.reasons:
                self.stdout.write(f"{number}: {sentence}")
        if run.refused:
            sys.exit(1)

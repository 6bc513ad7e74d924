"""``manage.py charge_dues --period 2026-11 [--json]``: charge everybody's dues; run it again after any crash."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from mutual import clock, periods
from mutual.jobs.models import Run
from mutual.ledger import audit
from pooling import dues


class Command(BaseCommand):
    help = "Charges everybody's dues for a period. Safe to run again: nobody is charged twice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The period, and how to report."""
        parser.add_argument("--period", required=True, help="2026-11, 2026-Q4 or 2026")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of progress")

    def handle(self, *args: Any, **options: Any) -> None:
        """Charge, and end with 0 (done), 1 (refused, or some were) or 2 (no such period)."""
        try:
            period = periods.parse(options["period"])
        except periods.BadPeriod as error:
            self.stderr.write(str(error))
            sys.exit(2)
        try:
            run = dues.charge_period(
                period=period, on=clock.today(), by=None, on_progress=None if options["json"] else self._progress
            )
        except (dues.DuesRefused, audit.BooksBroken) as refused:
            self.stderr.write(str(refused))
            sys.exit(1)
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    {
                        "period": period.label, "total": run.total, "charged": run.done - run.known,
                        "known": run.known, "refused": run.refused, "reasons": run.reasons,
                    }
                )
            )  # fmt: skip
        else:
            self.stdout.write(f"{run.done - run.known} charged, {run.known} had been, {run.refused} refused.")
            for subject, reason in run.reasons:
                self.stdout.write(f"  {subject}: {reason}")
        if run.refused:
            sys.exit(1)

    def _progress(self, run: Run) -> None:
        self.stdout.write(f"{run.done} of {run.total} ({run.percent} %), {run.rate} a second, {run.refused} refused")

"""``manage.py audit_ledger [--json]``: re-add the books; exit 0 if they hold, 1 if something was found."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from mutual.ledger import audit


class Command(BaseCommand):
    help = "Re-adds every transfer, compares every balance and seal, and names what does not hold."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One flag."""
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of sentences")

    def handle(self, *args: Any, **options: Any) -> None:
        """Audit and report."""
        done = audit.run()
        seconds = (done.finished_at - done.started_at).total_seconds()
        if options["json"]:
            self.stdout.write(
                json.dumps({"transfers": done.transfers, "seconds": round(seconds, 3), "findings": done.findings})
            )
        else:
            for rule, _subject, sentence in done.findings:
                self.stdout.write(f"{rule}: {sentence}")
            verdict = f"{done.finding_count} findings" if done.finding_count else "the books hold"
            self.stdout.write(f"{done.transfers} transfers re-added in {seconds:.1f} s: {verdict}.")
        if done.finding_count:
            sys.exit(1)

"""``manage.py assess_claims FILE.csv --fund F [--mapping FILE] [--rules FILE] [--json]``: an earlier claim history.

Exit 0 if every row could be true (paid or refused), 1 if some could not and are reported by line, 2 if the file, its
mapping or the rules cannot be used.
"""

from __future__ import annotations

import gc
import json
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from mutual import clock
from pooling.benefits import assess, rules, schemes, sentences
from pooling.benefits.engine import Version
from pooling.models import Fund


class Command(BaseCommand):
    help = (
        "Assesses a predecessor's claim history under a fund's rules: for each row the payable days and the amount, "
        "step by step, or the coded refusal. Rows that cannot be true are reported by line and never paid. Nothing is "
        "recorded."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, the rules, and how to read and report."""
        parser.add_argument("file", type=Path, help="a table with a heading, comma or semicolon between its cells")
        ready = ", ".join(schemes.names(with_rules=True))
        parser.add_argument("--fund", help=f"a fund by its short name, or a ready-made scheme: {ready}")
        parser.add_argument("--rules", type=Path, help="rules from a JSON file, or a ready-made scheme; needs no fund")
        parser.add_argument("--mapping", type=Path, help="a JSON file: columns, constants, causes")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of sentences")
        parser.add_argument("--brief", action="store_true", help="leave the steps out")

    def handle(self, *args: Any, **options: Any) -> None:
        """Assess every row, in the file's order."""
        try:
            versions = self._versions(options["fund"], options["rules"])
            mapping = assess.read_mapping(options["mapping"]) if options["mapping"] else assess.Mapping_()
            currency = versions[0].terms.currency
            # Nothing made here refers back to itself; looking for what does costs a third of the time.
            gc.disable()
            rows = assess.read(options["file"], mapping, currency=currency, on=clock.today())
            found = assess.assess_rows(rows, versions)
        except (assess.HistoryRefused, schemes.SchemeRefused) as refused:
            self.stderr.write(str(refused))
            sys.exit(2)
        finally:
            gc.enable()
        said = assess.summary(found, currency)
        if options["json"]:
            self._write_json(found, said)
        else:
            self._write(found, said, brief=options["brief"])
        if said.impossible:
            sys.exit(1)

    def _versions(self, fund: str | None, path: Path | None) -> Sequence[Version]:
        if path is not None:
            return schemes.ready_made(str(path)) if str(path) in schemes.names() else schemes.read(path)
        if fund is None:
            raise schemes.SchemeRefused(_("Name a fund or a file of rules."))
        known = Fund.objects.filter(slug=fund).first()
        versions = rules.versions(known.pk) if known else ()
        if versions:
            return versions
        if fund in schemes.names():
            return schemes.ready_made(fund)
        if known:
            raise schemes.SchemeRefused(_("The fund “%(fund)s” has no rules yet.") % {"fund": fund})
        raise schemes.SchemeRefused(_("There is no fund or scheme “%(fund)s”.") % {"fund": fund})

    def _write_json(self, found: Sequence[assess.Assessed], said: assess.Summary) -> None:
        write = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
        out = self.stdout
        head = {
            "currency": said.currency, "rows": said.rows, "paid": said.paid,
            "refused": {str(code): count for code, count in said.refused.items()}, "impossible": said.impossible,
            "days": said.days, "amount": sentences.plain_amount(said.amount, said.currency),
        }  # fmt: skip
        out.write(f'{{"summary": {write(head)}, "claims": [', ending="\n")
        lines = assess.as_json(found, sentences.Plain())
        block: list[str] = []
        last = len(found) - 1
        for number, line in enumerate(lines):
            block.append(write(line) + ("," if number < last else ""))
            if len(block) == 1000:
                out.write("\n".join(block))
                block = []
        out.write("\n".join([*block, "]}"]))

    def _write(self, found: Sequence[assess.Assessed], said: assess.Summary, *, brief: bool) -> None:
        plain = sentences.Plain()
        for one in found:
            entitlement = one.entitlement
            if entitlement is None:
                self.stdout.write(_("Line %(line)s: not paid. %(why)s") % {"line": one.line, "why": one.sentence})
                continue
            name = "" if one.member.startswith("line ") else f" {one.member}"
            if entitlement.refusal is not None:
                words = _("refused, %(code)s. %(why)s") % {
                    "code": entitlement.code, "why": plain.sentence(entitlement.refusal),
                }  # fmt: skip
            else:
                words = _("%(days)s days, %(amount)s") % {
                    "days": entitlement.days,
                    "amount": f"{said.currency} {sentences.plain_amount(entitlement.amount, said.currency)}",
                }
            self.stdout.write(_("Line %(line)s%(name)s: %(words)s") % {
                "line": one.line, "name": name, "words": words,
            })  # fmt: skip
            if not brief:
                for step in entitlement.steps:
                    if step is not entitlement.refusal:
                        self.stdout.write(f"    {step.rule} (v{step.version}): {plain.sentence(step)}")
        self._sum_up(said)

    def _sum_up(self, said: assess.Summary) -> None:
        amount = f"{said.currency} {sentences.plain_amount(said.amount, said.currency)}"
        self.stdout.write("")
        self.stdout.write(_("%(rows)s rows: %(paid)s paid, %(days)s days, %(amount)s.") % {
            "rows": said.rows, "paid": said.paid, "days": said.days, "amount": amount,
        })  # fmt: skip
        for code, count in said.refused.items():
            self.stdout.write(_("  refused, %(code)s: %(count)s") % {"code": code, "count": count})
        self.stdout.write(_("  impossible, never paid: %(count)s") % {"count": said.impossible})

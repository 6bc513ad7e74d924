"""``manage.py found [--answers FILE] [--by E-MAIL [--second E-MAIL]] [--json]``: twenty questions make a fund.

Without ``--by`` the plan is only shown. Exit 0; 1 if the fund cannot be opened; 2 if the answers make none.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from members.models import User
from mutual import clock
from mutual.access import Role
from pooling.benefits import founding, rules


class Command(BaseCommand):
    help = "Asks twenty questions and makes a fund of them: rules, dues, how many members carry how many claims."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the answers come from, and who opens the fund."""
        parser.add_argument("--answers", type=Path, help="a JSON file of answers by their keys, instead of asking")
        parser.add_argument("--by", help="the treasurer or administrator who opens it; without one it is only shown")
        parser.add_argument("--second", help="another one, at the same table, who adopts the rules at once")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, show, and open."""
        unit = settings.COOPERATIVE_CURRENCY
        try:
            answers = self._read(options["answers"]) if options["answers"] else self._ask(unit)
            plan = founding.plan(answers, unit)
        except founding.FoundingRefused as refused:
            self.stderr.write(str(refused))
            sys.exit(2)
        if not options["json"]:
            for line in founding.drawn(plan):
                self.stdout.write(line)
        made = self._open(plan, options["by"], options["second"]) if options["by"] else None
        if options["json"]:
            self.stdout.write(json.dumps({
                "name": plan.name, "kind": plan.kind, "promise": plan.promise, "terms": plan.terms.to_json(),
                "dues": [{"for": row.label, "dues": str(row.dues.amount), "benefit": str(row.benefit.amount)}
                         for row in plan.dues],
                "break_even": {str(one.claims): one.members for one in plan.break_even}, "at_once": plan.at_once,
                "warnings": plan.warnings, "checklist": plan.checklist,
                "fund": made.fund.slug if made else None, "decision": made.decision if made else None,
                "in_force": made.adopted if made else False,
            }, ensure_ascii=False))  # fmt: skip
        elif made is None:
            self.stdout.write(
                _("Nothing was opened. Run it again with --by and a treasurer's e-mail to open the fund.")
            )
        else:
            self.stdout.write(_("The fund is open: /funds/%(slug)s/") % {"slug": made.fund.slug})
            self.stdout.write(
                (_("Its rules are in force, by decision %(number)s.") if made.adopted
                 else _("Its rules wait for a second officer: /rules/%(number)s/")) % {"number": made.decision}
            )  # fmt: skip

    def _read(self, path: Path) -> dict[str, str]:
        try:
            said = json.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as error:
            raise founding.FoundingRefused(f"{path.name}: {error}") from error
        if not isinstance(said, dict):
            raise founding.FoundingRefused(_("%(file)s pairs questions and answers.") % {"file": path.name})
        return {
            str(key): ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            for key, value in said.items()
        }

    def _ask(self, unit: str) -> dict[str, str]:
        answers: dict[str, str] = {}
        for number, question in enumerate(founding.QUESTIONS, 1):
            self.stdout.write(f"\n{number:>2}/{len(founding.QUESTIONS)}  {question.text}")
            if question.choices:
                self.stdout.write("       " + ", ".join(question.choices))
            if question.help:
                self.stdout.write(f"       {question.help}")
            while question.key not in answers:
                self.stdout.write(f"       [{question.default}] ", ending="")
                self.stdout.flush()
                typed = sys.stdin.readline()
                if not typed:
                    raise founding.FoundingRefused(_("The answers end at question %(number)s.") % {"number": number})
                try:
                    founding.read(question.key, typed, unit)
                except founding.FoundingRefused as refused:
                    self.stdout.write(f"       {refused}")
                else:
                    answers[question.key] = typed.strip()
        return answers

    def _open(self, plan: founding.Plan, by: str, second: str | None) -> founding.Founded:
        try:
            first, other = self._officer(by), self._officer(second) if second else None
            if other is not None and first.pk == other.pk:
                raise founding.FoundingRefused(_("The second officer is somebody else."))
            return founding.found(plan, by=first.pk, second=other.pk if other else None, on=clock.today())
        except (founding.FoundingRefused, rules.RulesRefused) as refused:
            self.stderr.write(str(refused))
            sys.exit(1)

    def _officer(self, email: str) -> User:
        user = User.objects.filter(email=email.lower(), is_active=True).first()
        if user is None or not user.roles & {Role.TREASURER, Role.ADMINISTRATOR}:
            raise founding.FoundingRefused(_("%(email)s is no treasurer or administrator.") % {"email": email})
        return user

"""``manage.py found [--answers FILE] [--by E-MAIL [--second E-MAIL]] [--json]``: twenty questions make a fund.

``--scheme NAME [--name NAME] [--members N]`` takes a ready-made scheme instead.

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
from pooling.benefits import rules, schemes
from pooling.founding import drawing, opening, questions, ready
from pooling.founding.offers import FoundingRefused, Plan


class Command(BaseCommand):
    help = "Asks twenty questions, or takes a ready-made scheme, and makes a fund: rules, dues, circle, break-even."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the answers come from, and who opens the fund."""
        parser.add_argument("--answers", type=Path, help="a JSON file of answers by their keys, instead of asking")
        parser.add_argument("--scheme", help="a ready-made scheme instead: " + ", ".join(schemes.names()))
        parser.add_argument("--name", default="", help="what to call it, instead of the scheme's name")
        parser.add_argument("--members", type=int, help="how many members there are at the start")
        parser.add_argument("--by", help="the treasurer or administrator who opens it; without one it is only shown")
        parser.add_argument("--second", help="another one, at the same table, who adopts the rules at once")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, show, and open."""
        unit = settings.COOPERATIVE_CURRENCY
        try:
            plan = self._plan(options, unit)
        except (FoundingRefused, schemes.SchemeRefused) as refused:
            self.stderr.write(str(refused))
            sys.exit(2)
        if not options["json"]:
            for line in drawing.drawn(plan):
                self.stdout.write(line)
        made = self._open(plan, options["by"], options["second"]) if options["by"] else None
        if options["json"]:
            self.stdout.write(json.dumps(_as_data(plan, made), ensure_ascii=False))
        elif made is None:
            self.stdout.write(
                _("Nothing was opened. Run it again with --by and a treasurer's e-mail to open the fund.")
            )
        else:
            self._say(made)

    def _plan(self, options: dict[str, Any], unit: str) -> Plan:
        if options["scheme"]:
            wanted = schemes.scheme(options["scheme"])
            members = options["members"]
            if members is not None and not 1 <= members <= 1_000_000:
                raise FoundingRefused(_("members: a whole number up to %(most)s is expected.") % {"most": 1_000_000})
            return ready.plan(wanted, unit, name=options["name"][:30].strip(), members=members)
        answers = self._read(options["answers"]) if options["answers"] else self._ask(unit)
        return questions.plan(answers, unit)

    def _say(self, made: opening.Founded) -> None:
        self.stdout.write(_("The fund is open: /funds/%(slug)s/") % {"slug": made.fund.slug})
        if made.rules is not None:
            self.stdout.write(
                (_("Its rules are in force, by decision %(number)s.") if made.adopted
                 else _("Its rules wait for a second officer: /rules/%(number)s/")) % {"number": made.rules.number}
            )  # fmt: skip
        for decision in made.waiting:
            if made.rules is None or decision.number != made.rules.number:
                self.stdout.write(_("%(number)s waits for a second officer.") % {"number": decision.number})
        for plan in made.plans:
            self.stdout.write(_("Dues plan: %(name)s") % {"name": plan.name})
        if made.circle is not None:
            self.stdout.write(_("The circle is forming: /circles/%(slug)s/") % {"slug": made.circle.slug})

    def _read(self, path: Path) -> dict[str, str]:
        try:
            said = json.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as error:
            raise FoundingRefused(f"{path.name}: {error}") from error
        if not isinstance(said, dict):
            raise FoundingRefused(_("%(file)s pairs questions and answers.") % {"file": path.name})
        return {
            str(key): ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            for key, value in said.items()
        }

    def _ask(self, unit: str) -> dict[str, str]:
        answers: dict[str, str] = {}
        for number, question in enumerate(questions.QUESTIONS, 1):
            self.stdout.write(f"\n{number:>2}/{len(questions.QUESTIONS)}  {question.text}")
            if question.choices:
                self.stdout.write("       " + ", ".join(question.choices))
            if question.help:
                self.stdout.write(f"       {question.help}")
            while question.key not in answers:
                self.stdout.write(f"       [{question.default}] ", ending="")
                self.stdout.flush()
                typed = sys.stdin.readline()
                if not typed:
                    raise FoundingRefused(_("The answers end at question %(number)s.") % {"number": number})
                try:
                    questions.read(question.key, typed, unit)
                except FoundingRefused as refused:
                    self.stdout.write(f"       {refused}")
                else:
                    answers[question.key] = typed.strip()
        return answers

    def _open(self, plan: Plan, by: str, second: str | None) -> opening.Founded:
        try:
            first, other = self._officer(by), self._officer(second) if second else None
            if other is not None and first.pk == other.pk:
                raise FoundingRefused(_("The second officer is somebody else."))
            return opening.found(plan, by=first.pk, second=other.pk if other else None, on=clock.today())
        except (FoundingRefused, rules.RulesRefused) as refused:
            self.stderr.write(str(refused))
            sys.exit(1)

    def _officer(self, email: str) -> User:
        user = User.objects.filter(email=email.lower(), is_active=True).first()
        if user is None or not user.roles & {Role.TREASURER, Role.ADMINISTRATOR}:
            raise FoundingRefused(_("%(email)s is no treasurer or administrator.") % {"email": email})
        return user


def _as_data(plan: Plan, made: opening.Founded | None) -> dict[str, Any]:
    return {
        "name": plan.name, "kind": plan.kind, "promise": plan.promise, "source": plan.source,
        "terms": plan.terms.to_json() if plan.terms else None,
        "dues": [
            {"for": row.label, "dues": str(row.dues.amount), "benefit": row.benefit and str(row.benefit.amount)}
            for row in (*plan.pay, *plan.besides)
        ],
        "break_even": {str(one.claims): one.members for one in plan.break_even},
        "at_once": plan.at_once if plan.insures else None, "surplus": plan.surplus, "charter": plan.charter,
        "warnings": plan.warnings, "checklist": plan.checklist,
        "fund": made.fund.slug if made else None, "decision": made.rules.number if made and made.rules else None,
        "plans": [one.slug for one in made.plans] if made else [],
        "circle": made.circle.slug if made and made.circle else None,
        "waiting": [one.number for one in made.waiting] if made else [],
        "in_force": made.adopted if made else False,
    }  # fmt: skip

"""How claims are decided: dated figures, proposed by one officer and confirmed by another."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from members.governance import decisions
from members.governance.models import Decision
from mutual.money import Money, from_minor, minor
from pooling.claims.models import DeskRules

KIND = "DESK_RULES"
FIGURES = ("appeal_days", "answer_days", "juror_minutes", "keep_months", "sample_percent", "remind_days")


class DeskRulesRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class TooEarly(DeskRulesRefused):
    """Rules of the desk begin today or later, and after the ones before them."""


def on(day: dt.date) -> DeskRules:
    """The rules of the desk in force on a day."""
    return DeskRules.objects.filter(valid_from__lte=day).latest("valid_from")


def needs_two(amount: Money, day: dt.date) -> bool:
    """Whether two officers approve so much, by the rules in force on a day."""
    limit = on(day).four_eyes_above
    return bool(limit.currency != amount.currency or amount > limit)


@transaction.atomic(durable=True)
def propose(
    *, figures: dict[str, int], four_eyes_above: Money, valid_from: dt.date, text: str, by: int, on: dt.date
) -> Decision:
    """Propose new figures from a day on; another officer confirms them.

    :raises TooEarly: if the day has passed, or other rules begin on it or later
    """
    _check_day(valid_from, on)
    terms: dict[str, Any] = {
        **{name: figures[name] for name in FIGURES}, "valid_from": valid_from.isoformat(),
        "four_eyes_above": minor(four_eyes_above), "currency": str(four_eyes_above.currency),
    }  # fmt: skip
    return decisions.propose(kind=KIND, subject="claims desk", text=text, terms=terms, by=by, on=on)


@transaction.atomic(durable=True)
def confirm(*, decision_id: int, by: int, on: dt.date) -> DeskRules:
    """Put proposed rules in force from their day on, as the second officer.

    :raises members.governance.decisions.DecisionRefused: if it was decided, or proposed by the same person
    :raises TooEarly: if its day has passed meanwhile
    """
    with decisions.deciding(decision_id, kind=KIND, by=by, on=on) as decision:
        made = unsaved(decision)
        _check_day(made.valid_from, on)
        made.save()
    return made


def unsaved(decision: Decision) -> DeskRules:
    """The rules that a decision would set."""
    said = decision.terms
    return DeskRules(
        **{name: said[name] for name in FIGURES}, valid_from=dt.date.fromisoformat(said["valid_from"]),
        four_eyes_above=from_minor(said["four_eyes_above"], said["currency"]), decision=decision,
    )  # fmt: skip


def _check_day(valid_from: dt.date, on: dt.date) -> None:
    if valid_from < on or DeskRules.objects.filter(valid_from__gte=valid_from).exists():
        raise TooEarly(_("Choose a day that has not passed and comes after those of the rules before."))

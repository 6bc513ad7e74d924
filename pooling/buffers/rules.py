"""The rule of a fund's buffers: proposed by one officer, confirmed by another, dated."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from members.governance import decisions
from members.governance.models import Decision
from pooling.buffers.models import Rule
from pooling.models import Fund

BUFFER_RULE = "BUFFER_RULE"


class RuleRefused(Exception):
    """The rule was not changed; the message is a sentence for the person."""


@transaction.atomic(durable=True)
def propose(
    *, fund_id: int, deposits: int, month: int, day: int, return_after: int, valid_from: dt.date, text: str, by: int,
    on: dt.date,
) -> Decision:  # fmt: skip
    """Propose what buffers in a fund may hold from a day on, in deposits, and when that is measured.

    :raises RuleRefused: if a rule begins later or on the same day
    """
    fund = Fund.objects.get(pk=fund_id)
    _after_the_newest(fund_id, valid_from)
    terms = {
        "fund": fund_id, "deposits": deposits, "month": month, "measured": day, "return_after": return_after,
        "day": valid_from.isoformat(),
    }  # fmt: skip
    return decisions.propose(kind=BUFFER_RULE, subject=f"fund-{fund.slug}"[:60], text=text, terms=terms, by=by, on=on)


def carry_out(decision: Decision, terms: dict[str, Any]) -> Rule:
    """Set the rule a confirmed proposal names; in the confirming transaction.

    :raises RuleRefused: if another rule was set since
    """
    Fund.objects.select_for_update().get(pk=terms["fund"])
    valid_from = dt.date.fromisoformat(terms["day"])
    _after_the_newest(terms["fund"], valid_from)
    return Rule.objects.create(
        fund_id=terms["fund"], valid_from=valid_from, deposits=terms["deposits"], month=terms["month"],
        day=terms["measured"], return_after=terms["return_after"], decision=decision,
    )  # fmt: skip


def _after_the_newest(fund_id: int, valid_from: dt.date) -> None:
    if Rule.objects.filter(fund_id=fund_id, valid_from__gte=valid_from).exists():
        raise RuleRefused(_("A new rule begins after the one before it."))


def in_force(fund_id: int, on: dt.date) -> Rule | None:
    """The rule of a fund's buffers on a day, or None where it has none."""
    found = Rule.objects.select_related("fund", "decision").filter(fund_id=fund_id, valid_from__lte=on)
    return found.order_by("-valid_from").first()


def last_measured(rule: Rule, on: dt.date) -> dt.date | None:
    """The newest day before ``on`` on which the rule measured, or None where it has not yet."""
    for year in (on.year, on.year - 1):
        day = rule.measured(year)
        if rule.valid_from <= day < on:
            return day
    return None


def next_measured(rule: Rule, on: dt.date) -> dt.date:
    """The next day from ``on`` on which the rule measures."""
    return min(day for year in (on.year, on.year + 1) if (day := rule.measured(year)) >= on)

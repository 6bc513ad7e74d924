"""The terms of a fund's circles: proposed by one officer, confirmed by another, dated."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from members.governance import decisions
from members.governance.models import Decision
from pooling.circles.gifts import LARGEST, SMALLEST
from pooling.circles.models import Level, Terms
from pooling.models import Fund

CIRCLE_TERMS = "CIRCLE_TERMS"


class TermsRefused(Exception):
    """The terms were not changed; the message is a sentence for the person."""


@dataclass(frozen=True)
class Wanted:
    """What terms say; amounts in minor units of the fund's currency, levels as (deposit, benefit) a month."""

    levels: Sequence[tuple[int, int]]
    smallest: int = SMALLEST
    largest: int = LARGEST
    claim_retention: int | None = None
    year_retention: int | None = None
    premium_points: int = 0
    gift_limit: int | None = None
    moving_months: Sequence[int] = (1, 4, 7, 10)
    notice_days: int = 30


@transaction.atomic(durable=True)
def propose(*, fund_id: int, wanted: Wanted, valid_from: dt.date, text: str, by: int, on: dt.date) -> Decision:
    """Propose what holds for the circles of a fund from a day on.

    :raises TermsRefused: if they make no sense, or terms begin later or on the same day
    """
    fund = Fund.objects.get(pk=fund_id)
    _make_sense(wanted)
    _after_the_newest(fund_id, valid_from)
    said = asdict(wanted) | {
        "levels": [list(level) for level in wanted.levels], "moving_months": list(wanted.moving_months)
    }  # fmt: skip
    terms = {"fund": fund_id, "day": valid_from.isoformat(), "wanted": said}
    return decisions.propose(kind=CIRCLE_TERMS, subject=f"fund-{fund.slug}", text=text, terms=terms, by=by, on=on)


def _make_sense(wanted: Wanted) -> None:
    if not wanted.levels or any(deposit <= 0 or benefit <= 0 for deposit, benefit in wanted.levels):
        raise TermsRefused(_("Each level has a deposit and a benefit above zero."))
    if not SMALLEST <= wanted.smallest <= wanted.largest <= LARGEST:
        raise TermsRefused(
            _(
                "A circle opens with %(smallest)s members at least and holds %(largest)s at most; "
                "terms may only narrow that."
            )
            % {"smallest": SMALLEST, "largest": LARGEST}
        )
    if not wanted.moving_months or not set(wanted.moving_months) <= set(range(1, 13)):
        raise TermsRefused(_("Name at least one month in which members join, move and leave."))
    if not 0 <= wanted.premium_points <= 10_000 or not 0 <= wanted.notice_days <= 366:
        raise TermsRefused(_("A premium is a part of the deposit; notice is at most a year."))


def _after_the_newest(fund_id: int, valid_from: dt.date) -> None:
    if Terms.objects.filter(fund_id=fund_id, valid_from__gte=valid_from).exists():
        raise TermsRefused(_("New terms begin after the ones before them."))


@transaction.atomic(durable=True)
def confirm(*, decision_id: int, by: int, on: dt.date) -> Terms:
    """Set the terms as the second officer, exactly as proposed.

    :raises members.governance.decisions.DecisionRefused: if decided, or proposed by the same person
    :raises TermsRefused: if other terms were set since
    """
    with decisions.deciding(decision_id, kind=CIRCLE_TERMS, by=by, on=on) as decision:
        said: dict[str, Any] = decision.terms["wanted"]
        fund = Fund.objects.select_for_update().get(pk=decision.terms["fund"])
        valid_from = dt.date.fromisoformat(decision.terms["day"])
        _after_the_newest(fund.pk, valid_from)
        terms = Terms.objects.create(
            fund=fund, valid_from=valid_from, smallest=said["smallest"], largest=said["largest"],
            claim_retention=said["claim_retention"], year_retention=said["year_retention"],
            premium_points=said["premium_points"], gift_limit=said["gift_limit"],
            moving_months=",".join(map(str, sorted(said["moving_months"]))), notice_days=said["notice_days"],
            decision=decision,
        )  # fmt: skip
        Level.objects.bulk_create(
            Level(terms=terms, place=place, deposit=deposit, benefit=benefit)
            for place, (deposit, benefit) in enumerate(said["levels"], 1)
        )
    return terms


def in_force(fund_id: int, on: dt.date) -> Terms | None:
    """What holds for a fund's circles on a day, or nothing."""
    found = Terms.objects.select_related("fund").filter(fund_id=fund_id, valid_from__lte=on)
    return found.order_by("-valid_from").first()


def levels(terms: Terms) -> dict[int, Level]:
    """The levels by their places."""
    return {level.place: level for level in terms.levels.all()}

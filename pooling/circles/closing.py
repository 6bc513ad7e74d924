"""Closing a circle: decided by two officers, on a day that leaves its members the notice their terms give them.

Until that day it goes on as before; nobody joins any more. On the day it gives for everything approved before, then
everybody stands up; what each buffer holds goes back to her like any leaver's (F7). Claims that began in it and are
approved later are the pool's, whole: a benefit does not depend on whether the circle is still there.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from members.governance import decisions
from members.governance.models import Decision
from mutual import formats
from mutual.ledger import balances
from mutual.money import Money, zero
from mutual.trail import trail
from pooling import accounts
from pooling.circles import giving, telling
from pooling.circles import terms as rules
from pooling.circles.models import Circle, Seat

CIRCLE_CLOSING = "CIRCLE_CLOSING"


class ClosingRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class AlreadyClosing(ClosingRefused):
    """It is closed, or its day is decided."""


class TooSoon(ClosingRefused):
    """Members would have less notice than their terms give them."""


@dataclass(frozen=True)
class Preview:
    """What closing a circle would do.

    :ivar members: how many have a seat
    :ivar holds: what their buffers hold together: it goes back to them
    :ivar earliest: the first day it may close on
    """

    members: int
    holds: Money
    earliest: dt.date


def preview(circle: Circle, on: dt.date) -> Preview:
    """What closing a circle would do, before anything is proposed."""
    seats = Seat.objects.select_related("member").filter(circle=circle, left_on=None, joined_on__isnull=False)
    buffers = accounts.buffers_in(circle.fund, [seat.member for seat in seats])
    held = balances.of_many(buffers.values())
    return Preview(len(buffers), sum(held.values(), zero(circle.fund.currency)), _earliest(circle, on))


def _earliest(circle: Circle, on: dt.date) -> dt.date:
    terms = rules.in_force(circle.fund_id, on)
    return on if circle.state == Circle.State.FORMING or terms is None else terms.next_move(on)


@transaction.atomic(durable=True)
def propose(*, circle_id: int, closes_on: dt.date, text: str, by: int, on: dt.date) -> Decision:
    """Propose to close a circle on a day.

    :raises AlreadyClosing: if it is closed, or its day is decided
    :raises TooSoon: if the day comes before the first one that leaves its members their notice
    """
    circle = Circle.objects.select_related("fund").get(pk=circle_id)
    _may_close(circle, closes_on, on)
    terms = {"circle": circle_id, "day": closes_on.isoformat()}
    return decisions.propose(kind=CIRCLE_CLOSING, subject=circle.document, text=text, terms=terms, by=by, on=on)


def _may_close(circle: Circle, closes_on: dt.date, on: dt.date) -> None:
    if circle.closes_on is not None:
        raise AlreadyClosing(_("It is decided already: it closes on %(day)s.") % {"day": formats.day(circle.closes_on)})
    earliest = _earliest(circle, on)
    if closes_on < earliest:
        raise TooSoon(
            _("Its members have notice until %(day)s. It can close on that day or later.")
            % {"day": formats.day(earliest)}
        )


@transaction.atomic(durable=True)
def confirm(*, decision_id: int, by: int, on: dt.date) -> Circle:
    """Decide as the second officer that a circle closes on the proposed day; its members are told at once.

    :raises members.governance.decisions.DecisionRefused: if decided, or proposed by the same person
    :raises ClosingRefused: if it closes already, or confirming took so long that the notice is too short by now
    """
    with decisions.deciding(decision_id, kind=CIRCLE_CLOSING, by=by, on=on) as decision:
        circle = Circle.objects.select_for_update(of=("self",)).select_related("fund").get(pk=decision.terms["circle"])
        closes_on = dt.date.fromisoformat(decision.terms["day"])
        _may_close(circle, closes_on, on)
        circle.closes_on, circle.closing = closes_on, decision
        circle.save(update_fields=["closes_on", "closing"])
        for seat in circle.seats.select_related("member").filter(left_on=None).order_by("pk"):
            telling.of_seat("circle_closing", seat, circle, on=on, decision=decision.number)
    return circle


def close_due(*, on: dt.date) -> int:
    """Close every circle whose day has come and that has given for everything approved; returns how many."""
    due = Circle.objects.filter(closes_on__lte=on).exclude(state=Circle.State.CLOSED).order_by("pk")
    return sum(_close(circle_id=pk, on=on) for pk in due.values_list("pk", flat=True))


@transaction.atomic(durable=True)
def _close(*, circle_id: int, on: dt.date) -> bool:
    circle = Circle.objects.select_for_update(of=("self",)).select_related("fund").get(pk=circle_id)
    if circle.state == Circle.State.CLOSED or circle.closes_on is None or giving.to_give(circle):
        return False
    circle.seats.filter(joined_on=None).delete()
    seats = list(circle.seats.select_related("member").filter(left_on=None).order_by("pk"))
    if seats:
        # Below its smallest size first: the database lets no open circle have too few.
        circle.state = Circle.State.SMALL
        circle.save(update_fields=["state"])
        circle.seats.filter(left_on=None).update(
            leaves_on=circle.closes_on, left_on=circle.closes_on, next_place=None, changes_on=None
        )
    circle.state = Circle.State.CLOSED
    circle.save(update_fields=["state"])
    for seat in seats:
        telling.of_seat("circle_closed", seat, circle, on=on)
    trail.record(by=None, did="CIRCLE_CLOSED", subject=circle.document, detail={"seats": len(seats)})
    return True

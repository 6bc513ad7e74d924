"""Letters to those who sit in circles: what came of what they asked for, and what their circle gave."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import Sum

from mutual.ledger import balances
from mutual.mail import letters
from mutual.mail.models import Letter
from mutual.money import from_minor
from pooling import accounts
from pooling.circles.models import Circle, Gift, Seat

LATELY = dt.timedelta(days=7)
"""For so long a day whose letters are missing is caught up with."""


def of_seat(event: str, seat: Seat, circle: Circle, *, on: dt.date, **more: Any) -> None:
    """Write to the member of a seat, in the transaction of what happened to it; once."""
    member = seat.member
    letters.send(
        key=f"{event}/{circle.document}/{seat.pk}/{on}", to=member.email, template=f"emails/{event}",
        context={"member": member, "seat": seat, "circle": circle, "on": on, **more}, language=member.language,
        reader=member.user_id,
    )  # fmt: skip


def gifts(*, on: dt.date) -> int:
    """Write to everybody from whose buffer gifts came on the days before: one letter a day, whatever it was for.

    A day is told when it is over, so that one letter has all of it. Killed anywhere, it is run again.
    """
    given = (
        Gift.objects.filter(carried__given_on__gte=on - LATELY, carried__given_on__lt=on, carried__returned_on=None)
        .values("carried__given_on", "carried__circle_id", "donor_id")
        .annotate(sum=Sum("amount"))
        .order_by("carried__given_on", "carried__circle_id", "donor_id")
    )
    keys = {_key(one["carried__given_on"], one["carried__circle_id"], one["donor_id"]): one for one in given}
    told = set(Letter.objects.filter(key__in=list(keys)).values_list("key", flat=True))
    left = {key: one for key, one in keys.items() if key not in told}
    circles = Circle.objects.select_related("fund").in_bulk({one["carried__circle_id"] for one in left.values()})
    seats = {
        (seat.circle_id, seat.member_id): seat
        for seat in Seat.objects.select_related("member").filter(
            circle__in=circles, member__in={one["donor_id"] for one in left.values()}
        )
    }
    for key, one in left.items():
        seat, circle = seats[one["carried__circle_id"], one["donor_id"]], circles[one["carried__circle_id"]]
        _tell_donor(key, seat, circle, one["carried__given_on"], one["sum"])
    return len(left)


def _key(day: dt.date, circle_id: int, donor_id: int) -> str:
    return f"circle_gave/{day}/CIRCLE-{circle_id}/{donor_id}"


@transaction.atomic
def _tell_donor(key: str, seat: Seat, circle: Circle, day: dt.date, amount: int) -> None:
    member, unit = seat.member, circle.fund.currency
    letters.send(
        key=key, to=member.email, template="emails/circle_gave", language=member.language, reader=member.user_id,
        context={
            "member": member, "circle": circle, "day": day, "amount": from_minor(amount, unit),
            "left": balances.of(accounts.buffer(circle.fund.slug, member.number, unit, member.pk)),
        },
    )  # fmt: skip

"""Who sits in a circle with whom, now: what other rooms ask."""

from __future__ import annotations

from pooling.circles.models import Seat


def circle_mates(member_id: int) -> set[int]:
    """The ids of the members who sit in this one's circle, without herself; they decide nothing about her (F14)."""
    circles = Seat.objects.filter(member_id=member_id, left_on=None).values("circle")
    found = Seat.objects.filter(circle__in=circles, left_on=None).exclude(member_id=member_id)
    return set(found.values_list("member_id", flat=True))

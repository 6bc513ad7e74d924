"""How the year's end is lived in the demonstration: closed by two, and put to use."""

from __future__ import annotations

import datetime as dt

from mutual import rooms
from mutual.money import allocate, zero
from mutual.periods import Period
from pooling.models import Fund
from pooling.surplus import years
from pooling.surplus.models import Allocation


def live(story: rooms.Story, period: Period) -> None:
    """In February the year before is closed; in March the members vote what it is for."""
    first, second = (actor.user_id for actor in story.treasurers[:2])
    on = period.last_day
    if period.start.month == 2:
        label = f"{period.start.year - 1}"
        proposal = years.propose_closing(label=label, text="The books of the year agree.", by=first, on=on)
        years.confirm_closing(decision_id=proposal.pk, by=second, on=on)
    if period.start.month == 3:
        left = years.unallocated(story.currency)
        if left <= zero(story.currency):
            return
        fund = Fund.objects.get(slug="hardship")
        to_fund, to_reserve, to_dues = allocate(left, (5, 3, 2))
        proposal = years.propose_allocation(
            parts=[
                years.Part(Allocation.Purpose.FUND, fund.pk, to_fund),
                years.Part(Allocation.Purpose.RESERVE, None, to_reserve),
                years.Part(Allocation.Purpose.RELIEF, None, to_dues),
            ],
            text="Half to the hardship fund, three tenths to the reserve, the rest to next year's dues.",
            ballot=f"Assembly of {dt.date(on.year, 3, 14):%d %B %Y}", by=first, on=on,
        )  # fmt: skip
        years.confirm_allocation(decision_id=proposal.pk, by=second, on=on)

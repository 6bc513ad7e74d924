"""How buffers live the demonstration: a rule of 36 deposits from the first day."""

from __future__ import annotations

from mutual import rooms
from pooling.buffers import rules
from pooling.models import Fund
from pooling.treasury import corrections


def begin(story: rooms.Story) -> None:
    """Buffers in the sickness fund may hold 36 deposits, measured on 31 December."""
    first, second = (actor.user_id for actor in story.treasurers[:2])
    proposal = rules.propose(
        fund_id=Fund.objects.get(slug="sickness").pk, deposits=36, month=12, day=31, return_after=90,
        valid_from=story.first_day, text="As in the bylaws: 36 deposits, the rest goes back in spring.", by=first,
        on=story.first_day,
    )  # fmt: skip
    corrections.confirm(decision_id=proposal.pk, kind=rules.BUFFER_RULE, by=second, on=story.first_day)

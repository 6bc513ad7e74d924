"""What the pages about reminders show: frozen values."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from members.models import Member
from pooling.dunning import agreements
from pooling.dunning.models import Agreement, Reminder


@dataclass(frozen=True)
class Mine:
    """What a member sees about her arrears: the agreement that holds, and the letters she got."""

    agreement: agreements.Progress | None
    reminders: tuple[Reminder, ...]


def of_member(member: Member) -> Mine:
    """A member's agreement and her newest reminders."""
    held = Agreement.objects.filter(member=member, state=Agreement.State.ACTIVE).first()
    letters = Reminder.objects.filter(member=member).select_related("charge__version").order_by("-sent_on", "-id")
    return Mine(agreements.progress(held) if held is not None else None, tuple(letters[:6]))


def today_or_next_month(on: dt.date) -> dt.date:
    """A sensible day for the first part: the first of the month after next week."""
    later = on + dt.timedelta(days=7)
    return (later.replace(day=1) + dt.timedelta(days=32)).replace(day=1)

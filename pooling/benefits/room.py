"""What benefits offer to pages about everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from members.governance.models import Decision
from members.models import Member
from mutual import formats, rooms
from mutual.access import Role
from mutual.periods import Period
from pooling.benefits import reports, rules
from pooling.benefits.models import Cover


def navigation() -> Iterator[rooms.NavItem]:
    """If I fell ill, for members."""
    yield rooms.NavItem(_("If I fell ill"), "benefits:if_ill", "stethoscope", "mine", frozenset({Role.MEMBER}), 13)


def home(*, member_id: int, on: dt.date, limit: int) -> Iterator[rooms.Card]:
    """What a member could draw if she fell ill today."""
    member = Member.objects.get(pk=member_id)
    found = [one for one in reports.if_ill(member, on, causes=("ILLNESS",)) if one.covers_illness]
    if not found:
        return
    said = []
    for one in found[:3]:
        if one.refusal:
            said.append(_("%(fund)s: %(nothing)s %(why)s") % {
                "fund": one.fund.name, "nothing": one.words.nothing, "why": one.refusal,
            })  # fmt: skip
        else:
            assert one.first_day is not None
            said.append(_("%(fund)s: %(would)s %(amount)s %(per)s from %(day)s.") % {
                "fund": one.fund.name, "would": one.words.would, "amount": formats.money(one.rate), "per": one.per,
                "day": formats.day(one.first_day),
            })  # fmt: skip
    yield rooms.Card(
        _("If you fell ill today"), " ".join(said), reverse("benefits:if_ill"), _("See why, line by line"), "calm", 45
    )


def office_cards(*, roles: frozenset[Role], on: dt.date) -> Iterator[rooms.Card]:
    """Rules that wait for a second officer."""
    if roles & {Role.TREASURER, Role.ADMINISTRATOR}:
        waiting = Decision.objects.filter(state=Decision.State.PROPOSED, kind=rules.KIND).order_by("id")
        if first := waiting.first():
            yield rooms.Card(
                _("New rules that wait for a second officer: %(count)s") % {"count": waiting.count()}, first.text,
                reverse("benefits:proposal", args=[first.number]), _("Read them"), "warn", 32,
            )  # fmt: skip


def personal_data(*, member_id: int) -> list[dict[str, Any]]:
    """What a member is covered for, in each fund, from when on."""
    return [
        {
            "fund": one.fund.name, "since": str(one.since), "level": one.level, "units": one.units,
            "earnings_minor": one.earnings, "born_on": one.born_on and str(one.born_on),
        }
        for one in Cover.objects.select_related("fund").filter(member_id=member_id).order_by("since", "id")
    ]  # fmt: skip


def begin_demo(story: rooms.Story) -> None:
    """Adopt the demonstration's first rules."""
    from pooling.benefits import demo

    demo.begin(story)


def live_a_month(story: rooms.Story, period: Period) -> None:
    """Live a month of the demonstration."""
    from pooling.benefits import demo

    demo.live(story, period)

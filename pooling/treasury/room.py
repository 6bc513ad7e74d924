"""What the treasury offers to pages about everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from members.governance.models import Decision
from mutual import rooms
from mutual.access import Role
from mutual.periods import Period
from pooling.treasury import corrections

_MONEY = frozenset({Role.TREASURER, Role.ADMINISTRATOR, Role.AUDITOR})


def navigation() -> Iterator[rooms.NavItem]:
    """Bank, costs, decisions of two, months."""
    yield rooms.NavItem(_("Bank"), "treasury:banks", "building-bank", "office", _MONEY, 63)
    yield rooms.NavItem(_("Costs and income"), "treasury:items", "receipt", "office", _MONEY, 64)
    yield rooms.NavItem(_("Corrections"), "treasury:corrections", "gavel", "office", _MONEY, 65)
    yield rooms.NavItem(_("Months"), "treasury:months", "lock", "office", _MONEY, 66)


def office_cards(*, roles: frozenset[Role], on: dt.date) -> Iterator[rooms.Card]:
    """Proposals that wait for a second officer."""
    if roles & {Role.TREASURER, Role.ADMINISTRATOR}:
        count = Decision.objects.filter(state=Decision.State.PROPOSED, kind__in=corrections.KINDS).count()
        if count:
            yield rooms.Card(
                _("Corrections that wait for a second officer: %(count)s") % {"count": count},
                _("Read what is proposed, then confirm or decline."),
                reverse("treasury:corrections"), _("See them"), "warn", 30,
            )  # fmt: skip


def document_url(number: str) -> str | None:
    """The page of a cost, an income or a correction."""
    if number.startswith("X-"):
        return reverse("treasury:item", args=[number])
    return reverse("treasury:correction", args=[number]) if number.startswith("D-") else None


def begin_demo(story: rooms.Story) -> None:
    """Open the demonstration's bank accounts."""
    from pooling.treasury import demo

    demo.begin(story)


def live_a_month(story: rooms.Story, period: Period) -> None:
    """Live a month of the demonstration."""
    from pooling.treasury import demo

    demo.live(story, period)
    if period.contains(story.today):
        demo.what_the_bank_says(story)

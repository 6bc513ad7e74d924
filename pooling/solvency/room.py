"""What solvency offers to pages about everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from mutual import rooms
from mutual.access import OFFICERS, Role
from mutual.periods import Period, month
from pooling.solvency import forecasts


def navigation() -> Iterator[rooms.NavItem]:
    """How long the funds last for everybody; the cockpit for officers."""
    everybody = frozenset({Role.MEMBER}) | OFFICERS
    yield rooms.NavItem(_("How long they last"), "solvency:everybody", "chart-area-line", "funds", everybody, 42)
    yield rooms.NavItem(_("Solvency"), "solvency:cockpit", "shield-half", "office", OFFICERS, 57)


def office_cards(*, roles: frozenset[Role], on: dt.date) -> Iterator[rooms.Card]:
    """Funds that may well run short."""
    if not roles & {Role.TREASURER, Role.ADMINISTRATOR}:
        return
    danger = [one for one in forecasts.newest(on).values() if one.out[-1] * 10 >= one.runs]
    if danger:
        yield rooms.Card(
            _("Funds that may run short: %(funds)s") % {"funds": ", ".join(one.name for one in danger)},
            _("1 in 10 simulated futures or more run out of money within 24 months."),
            reverse("solvency:cockpit"), _("See why"), "warn", 30,
        )  # fmt: skip


def live_a_month(story: rooms.Story, period: Period) -> None:
    """The demonstration's funds are simulated when its story reaches today."""
    if month(period.start) == month(story.today):
        forecasts.simulate(fund_slug="", seed=None, on=story.today, kept=True)

"""What the treasury offers to pages about everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from members.governance.models import Decision
from mutual import rooms
from mutual.access import Role
from mutual.ledger import balances
from mutual.money import zero
from mutual.periods import Period
from pooling.treasury import corrections
from pooling.treasury.models import BankAccount

_MONEY = frozenset({Role.TREASURER, Role.ADMINISTRATOR, Role.AUDITOR})


def navigation() -> Iterator[rooms.NavItem]:
    """Bank, costs, decisions of two, months."""
    yield rooms.NavItem(_("Bank"), "treasury:banks", "building-bank", "office", _MONEY, 63)
    yield rooms.NavItem(_("Costs and income"), "treasury:items", "receipt", "office", _MONEY, 64)
    yield rooms.NavItem(_("Corrections"), "treasury:corrections", "gavel", "office", _MONEY, 65)
    yield rooms.NavItem(_("Months"), "treasury:months", "lock", "office", _MONEY, 66)


def shortcuts() -> Iterator[rooms.NavItem]:
    """Noting a cost or an income."""
    writers = frozenset({Role.TREASURER, Role.ADMINISTRATOR})
    yield rooms.NavItem(_("Record a cost"), "treasury:item_new", "receipt", "office", writers, 31)


def office_tiles(*, roles: frozenset[Role], on: dt.date) -> Iterator[rooms.Tile]:
    """What the cooperative's bank accounts hold by its own books."""
    if not roles & _MONEY:
        return
    unit = settings.COOPERATIVE_CURRENCY
    found = BankAccount.objects.select_related("account__currency").filter(closed_on=None)
    held = balances.of_many([bank.account for bank in found]).values()
    yield rooms.Tile(
        _("In the bank"), sum((one for one in held if str(one.currency) == unit), zero(unit)),
        url=reverse("treasury:banks"), hint=_("Compare with the bank"), icon="building-bank", order=10,
    )  # fmt: skip


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
    """The page of a cost or an income."""
    return reverse("treasury:item", args=[number]) if number.startswith("X-") else None


def decision_url(kind: str, number: str) -> str | None:
    """The page of a correction."""
    return reverse("treasury:correction", args=[number]) if kind in corrections.KINDS else None


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

"""What the ledger offers to pages about everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from mutual import clock, formats
from mutual.access import Role
from mutual.ledger import backups
from mutual.rooms import Card, NavItem

READERS = frozenset({Role.AUDITOR, Role.TREASURER, Role.ADMINISTRATOR})


def navigation() -> Iterator[NavItem]:
    """The books, for those who keep and check them."""
    yield NavItem(_("Journal"), "ledger:journal", "notebook", "books", READERS, 10)
    yield NavItem(_("Accounts"), "ledger:accounts", "list-details", "books", READERS, 20)
    yield NavItem(_("Trial balance"), "ledger:trial_balance", "scale", "books", READERS, 30)
    yield NavItem(_("Income and balance"), "ledger:sheets", "report-money", "books", READERS, 40)
    yield NavItem(_("Checks and seals"), "ledger:checks", "rubber-stamp", "books", READERS, 50)
    yield NavItem(_("Who did what"), "trail:log", "history", "books", READERS, 60)


def office_cards(*, roles: frozenset[Role], on: dt.date) -> Iterator[Card]:
    """How old the last verified backup is; red where it is older than a night and a bit."""
    if not roles & {Role.ADMINISTRATOR, Role.TREASURER}:
        return
    good, failed = backups.newest()
    late = clock.now() - (good.started_at if good else backups.begun_at()) > backups.STALE_AFTER
    if good is None:
        title, text = (
            _("No verified backup yet"),
            (
                _("What is only here can be lost. Run manage.py backup.")
                if late
                else _("The first is made by itself within a day. To make it now: manage.py backup.")
            ),
        )
    else:
        title = _("Last verified backup: %(when)s") % {"when": formats.moment(good.started_at)}
        text = _("Restored, compared and audited: %(count)s transfers.") % {"count": formats.number(good.transfers)}
    if failed is not None:
        text = _("The last attempt failed: %(reason)s") % {"reason": failed.failure}
    yield Card(
        title, text, reverse("ledger:checks"), _("See the checks"),
        "bad" if late else "warn" if failed is not None else "calm", 10 if late else 90,
    )  # fmt: skip

"""What the ledger offers to pages about everything."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from mutual.access import Role
from mutual.rooms import NavItem

READERS = frozenset({Role.AUDITOR, Role.TREASURER, Role.ADMINISTRATOR})


def navigation() -> Iterator[NavItem]:
    """The books, for those who keep and check them."""
    yield NavItem(_("Journal"), "ledger:journal", "notebook", "books", READERS, 10)
    yield NavItem(_("Accounts"), "ledger:accounts", "list-details", "books", READERS, 20)
    yield NavItem(_("Trial balance"), "ledger:trial_balance", "scale", "books", READERS, 30)
    yield NavItem(_("Income and balance"), "ledger:sheets", "report-money", "books", READERS, 40)
    yield NavItem(_("Checks and seals"), "ledger:checks", "rubber-stamp", "books", READERS, 50)
    yield NavItem(_("Who did what"), "trail:log", "history", "books", READERS, 60)

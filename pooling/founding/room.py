"""What founding offers to pages about everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from members.governance.models import Decision
from mutual import rooms
from mutual.access import Role
from pooling.founding.opening import CHARTER
from pooling.surplus.rules import KIND as SURPLUS_RULES


def office_cards(*, roles: frozenset[Role], on: dt.date) -> Iterator[rooms.Card]:
    """A charter or rules for the surplus that wait for a second officer."""
    if roles & {Role.TREASURER, Role.ADMINISTRATOR}:
        waiting = Decision.objects.filter(state=Decision.State.PROPOSED, kind__in=[CHARTER, SURPLUS_RULES])
        for one in waiting.order_by("id")[:3]:
            yield rooms.Card(
                _("A charter that waits for a second officer")
                if one.kind == CHARTER
                else _("Rules for the surplus that wait for a second officer"),
                one.text.splitlines()[0], reverse("founding:decision", args=[one.number]), _("Read it"), "warn", 33,
            )  # fmt: skip

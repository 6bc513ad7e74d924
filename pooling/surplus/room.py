"""What the surplus offers to pages about everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from mutual import rooms
from mutual.access import Role
from mutual.periods import Period
from pooling.surplus import reports


def navigation() -> Iterator[rooms.NavItem]:
    """The surplus, for everybody."""
    everybody = frozenset({Role.MEMBER, Role.TREASURER, Role.CLAIMS_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR})
    yield rooms.NavItem(_("Surplus"), "surplus:overview", "seedling", "funds", everybody, 45)


def office_cards(*, roles: frozenset[Role], on: dt.date) -> Iterator[rooms.Card]:
    """Closings and allocations that wait for a second officer."""
    if roles & {Role.TREASURER, Role.ADMINISTRATOR} and (waiting := reports.proposals()):
        yield rooms.Card(
            _("Surplus: %(count)s proposals wait") % {"count": len(waiting)}, _("Another officer must confirm them."),
            reverse("surplus:overview"), _("See them"), "warn", 35,
        )  # fmt: skip


def findings() -> Iterator[rooms.Finding]:
    """What was allocated by decision is what the journal moved; closed years leave no income or expense behind."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT d.number FROM governance_decision d
              LEFT JOIN (SELECT decision_id, sum((amount * (10 ^ c.decimals))::bigint) AS amount
                           FROM surplus_allocation a JOIN ledger_currency c ON c.code = a.amount_currency
                          GROUP BY 1) AS a ON a.decision_id = d.id
              LEFT JOIN (SELECT document, sum(amount) AS amount FROM ledger_transfer
                          WHERE book_id = 1 AND kind = 41 GROUP BY 1) AS t ON t.document = d.number
             WHERE d.kind = 'ALLOCATION' AND coalesce(a.amount, 0) <> coalesce(t.amount, 0) LIMIT 50
            """
        )
        for (number,) in cursor.fetchall():
            yield rooms.Finding(
                "allocations are in the journal", number, f"Decision {number} and the journal do not say the same."
            )


def live_a_month(story: rooms.Story, period: Period) -> None:
    """Live a month of the demonstration."""
    from pooling.surplus import demo

    demo.live(story, period)

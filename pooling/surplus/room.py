"""What the surplus offers to pages about everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from members.governance import decisions
from mutual import personal, rooms
from mutual.access import Role
from mutual.ledger import balances, chart
from mutual.ledger.kinds import AccountType
from mutual.periods import Period
from pooling.surplus import reports
from pooling.surplus.models import Patronage, Year


def navigation() -> Iterator[rooms.NavItem]:
    """The surplus, for everybody."""
    everybody = frozenset({Role.MEMBER, Role.TREASURER, Role.CLAIMS_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR})
    yield rooms.NavItem(_("Surplus"), "surplus:overview", "seedling", "funds", everybody, 45)


def personal_data(*, member_id: int) -> list[dict[str, Any]]:
    """A member's own parts of shared years."""
    return personal.rows(Patronage.objects.filter(member_id=member_id).order_by("id"))


def office_cards(*, roles: frozenset[Role], on: dt.date) -> Iterator[rooms.Card]:
    """Closings and allocations that wait for a second officer."""
    if roles & {Role.TREASURER, Role.ADMINISTRATOR} and (waiting := decisions.waiting(*reports.WAITING)):
        yield rooms.Card(
            _("Surplus proposals that wait for a second officer: %(count)s") % {"count": len(waiting)},
            _("Another officer must confirm them."),
            reverse("surplus:overview"), _("See them"), "warn", 35,
        )  # fmt: skip


def findings() -> Iterator[rooms.Finding]:
    """What was allocated by decision is what the journal moved; closed years leave no income or expense behind."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT d.number FROM governance_decision d
              LEFT JOIN (SELECT decision_id, sum((amount * (10::numeric ^ c.decimals))::bigint) AS amount
                           FROM surplus_allocation a JOIN ledger_currency c ON c.code = a.amount_currency
                          GROUP BY 1) AS a ON a.decision_id = d.id
              LEFT JOIN (SELECT t.document, sum(t.amount) AS amount FROM ledger_transfer t
                           JOIN ledger_account s ON s.id = t.debit_id AND s.code = 'equity:surplus:unallocated'
                          WHERE t.book_id = 1 AND t.kind = 41 GROUP BY 1) AS t ON t.document = d.number
             WHERE d.kind IN ('ALLOCATION', 'SHARING') AND coalesce(a.amount, 0) <> coalesce(t.amount, 0) LIMIT 50
            """
        )
        for (number,) in cursor.fetchall():
            yield rooms.Finding(
                "allocations are in the journal", number, f"Decision {number} and the journal do not say the same."
            )
        cursor.execute(
            """
            SELECT a.code, -coalesce(b.amount, 0), coalesce(p.still, 0)
              FROM ledger_account a
              LEFT JOIN (SELECT account_id, sum(amount) AS amount FROM ledger_balance GROUP BY 1) AS b
                     ON b.account_id = a.id
              LEFT JOIN (SELECT m.number, sum(p.amount - p.paid) AS still FROM surplus_patronage p
                           JOIN members_member m ON m.id = p.member_id GROUP BY 1) AS p
                     ON a.code = 'liabilities:patronage:' || p.number
             WHERE a.book_id = 1 AND a.code LIKE 'liabilities:patronage:%%'
               AND -coalesce(b.amount, 0) <> coalesce(p.still, 0) LIMIT 50
            """,
            [],
        )
        for code, holds, still in cursor.fetchall():
            yield rooms.Finding(
                "members' parts are in the journal",
                code,
                f"{code} holds {holds}, but what is not paid sums to {still}.",
            )
        cursor.execute(
            """
            SELECT held.amount, shared.amount FROM
              (SELECT coalesce(-sum(b.amount), 0) AS amount FROM ledger_account a
                 JOIN ledger_balance b ON b.account_id = a.id
                WHERE a.book_id = 1 AND a.code = 'liabilities:patronage-shared') AS held,
              (SELECT coalesce((SELECT sum((a.amount * (10::numeric ^ c.decimals))::bigint)
                                  FROM surplus_allocation a JOIN ledger_currency c ON c.code = a.amount_currency
                                 WHERE a.purpose = 'MEMBERS'), 0)
                    - coalesce((SELECT sum(amount) FROM surplus_patronage), 0) AS amount) AS shared
             WHERE held.amount <> shared.amount
            """
        )
        for held, shared in cursor.fetchall():
            yield rooms.Finding(
                "what members were given is credited or waits", "patronage",
                f"{held} wait to be credited to members, but what was given them and is not credited is {shared}.",
            )  # fmt: skip
        cursor.execute(
            """
            SELECT y.label FROM surplus_year y
             WHERE y.last_day >= (SELECT coalesce(closed_until, '-infinity') FROM ledger_book WHERE id = 1)
            """
        )
        for (label,) in cursor.fetchall():
            yield rooms.Finding(
                "closed years stay closed", label, f"The year {label} is closed, but the books are open in it."
            )
    last = Year.objects.order_by("-last_day").first()
    if last is not None:
        ends = balances.held_on(chart.coop_book(), last.last_day, (AccountType.INCOME, AccountType.EXPENSE))
        for account, held in ends:
            if held:
                yield rooms.Finding(
                    "closed years leave no income or expense", account.code,
                    f"At the end of {last.label}, {account.code} holds {held} that no closing brought to zero.",
                )  # fmt: skip


def live_a_month(story: rooms.Story, period: Period) -> None:
    """Live a month of the demonstration."""
    from pooling.surplus import demo

    demo.live(story, period)

"""What buffers offer to pages about everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from mutual import formats, rooms
from mutual.access import Role
from mutual.ledger import balances, chart
from mutual.money import Money
from mutual.periods import Period
from pooling import accounts
from pooling.buffers.models import Returned
from pooling.models import Fund

_MONEY = frozenset({Role.TREASURER, Role.ADMINISTRATOR, Role.AUDITOR})


def navigation() -> Iterator[rooms.NavItem]:
    """The office's page about buffers; a member finds hers from her dues and her home page."""
    yield rooms.NavItem(_("Buffers"), "buffers:buffers", "pig-money", "office", _MONEY, 63)


def _held(member_id: int) -> list[tuple[str, Money]]:
    held = balances.held_by(member_id, book=chart.COOP, prefix=accounts.BUFFERS)
    if not held:
        return []
    names = dict(Fund.objects.values_list("slug", "name"))
    return [(names[one.code.split(":")[2]], one.amount) for one in held]


def home(*, member_id: int, on: dt.date, limit: int) -> Iterator[rooms.Owed]:
    """What a member's buffers hold."""
    for name, amount in _held(member_id):
        if amount.amount:
            yield rooms.Owed(
                "hold", _("Own buffer, %(fund)s") % {"fund": name}, amount, _("yours, inside the fund"),
                reverse("buffers:mine"), 51,
            )  # fmt: skip


def facts_before_leaving(*, member_id: int, on: dt.date) -> Iterator[rooms.LeavingFact]:
    """A buffer is paid out after leaving."""
    for name, amount in _held(member_id):
        if amount.amount:
            yield rooms.LeavingFact(
                _("Your buffer in %(fund)s holds %(amount)s. It is paid out when its obligations are met.")
                % {"fund": name, "amount": formats.money(amount)},
                blocking=False, url=reverse("buffers:mine"),
            )  # fmt: skip


def statement_sections(*, member_id: int, period: Period, language: str) -> Iterator[rooms.Section]:
    """Each buffer with its movements."""
    mine = chart.owned_by(member_id, book=chart.COOP, prefix=accounts.BUFFERS)
    if not mine:
        return
    names = dict(Fund.objects.values_list("slug", "name"))
    found = balances.statements(mine, period)
    with override(language):
        for account in mine:
            statement = found[account.pk]
            if not statement.lines and not statement.opening.amount:
                continue
            slug = account.code.split(":")[2]
            yield rooms.Section(
                f"buffer-{slug}", _("Own buffer, %(fund)s") % {"fund": names[slug]},
                _("Your own share inside the fund. What is above its cap on the day it is measured goes back to you."),
                account.currency.code,
                tuple(
                    rooms.SectionLine(line.date, str(line.kind.label), line.document, line.amount, line.balance)
                    for line in statement.lines
                ),
                statement.opening, statement.closing, order=13,
            )  # fmt: skip


def personal_data(*, member_id: int) -> dict[str, Any]:
    """What a member's buffers hold, and what went back to her."""
    return {
        "buffers": [{"fund": name, "holds": str(amount.amount)} for name, amount in _held(member_id)],
        "returned": [
            {"measured_on": str(one.measured_on), "amount": str(one.money.amount), "cap": str(one.cap_money.amount)}
            for one in Returned.objects.select_related("rule__fund").filter(member_id=member_id).order_by("id")
        ],
    }


def document_url(number: str) -> str | None:
    """The page about a year's returns."""
    return reverse("buffers:buffers") if number.startswith("BUFFER-") else None


def findings() -> Iterator[rooms.Finding]:
    """Every return is in the journal with its amount, and the journal has no other."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(r.key, t.id::text), coalesce(r.amount, 0), coalesce(t.amount, 0)
              FROM buffers_returned r
              FULL JOIN (SELECT id, amount FROM ledger_transfer WHERE book_id = 1 AND kind = 18) AS t
                     ON t.id = ledger_line_id(1, r.key, 0)
             WHERE coalesce(r.amount, -1) <> coalesce(t.amount, -1) LIMIT 50
            """
        )
        for key, said, moved in cursor.fetchall():
            yield rooms.Finding(
                "returned buffers are in the journal", str(key),
                f"The return {key} says {said}, but the journal moved {moved}.",
            )  # fmt: skip


def begin_demo(story: rooms.Story) -> None:
    """Decide what the demonstration's buffers may hold."""
    from pooling.buffers import demo

    demo.begin(story)

"""What the buffers pages show: frozen values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from mutual.jobs.models import Run
from mutual.ledger import chart
from mutual.money import Money, from_minor
from mutual.tables import Cell
from pooling import accounts
from pooling.buffers import returns, rules
from pooling.buffers.models import Rule
from pooling.models import Fund


@dataclass(frozen=True)
class FundBuffers:
    """The buffers of one fund: how many, what they hold together, what is too much, and what comes next."""

    fund: Fund
    rule: Rule | None
    members: int
    holds: Money
    over: int
    excess: Money
    measured_last: dt.date | None
    returned_from: dt.date | None
    measured_next: dt.date | None
    runs: tuple[Run, ...]
    can_return: bool


def funds(on: dt.date) -> list[FundBuffers]:
    """Every fund that has buffers or a rule for them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT split_part(a.code, ':', 3), c.code, count(*) FILTER (WHERE b.amount < 0), -sum(b.amount)
              FROM ledger_account a JOIN ledger_currency c ON c.id = a.currency_id
              JOIN ledger_balance b ON b.account_id = a.id
             WHERE a.book_id = %s AND a.code LIKE %s GROUP BY 1, 2
            """,
            [chart.COOP, f"{accounts.BUFFERS}%"],
        )
        held = {(slug, unit): (count, int(amount)) for slug, unit, count, amount in cursor.fetchall()}
    found = []
    with_rule = set(Rule.objects.values_list("fund_id", flat=True))
    past: dict[str, list[Run]] = {}
    for run in Run.objects.filter(kind="buffers").order_by("-created_at")[:100]:
        past.setdefault(run.key.partition("/")[0], []).append(run)
    for fund in Fund.objects.order_by("name"):
        here = held.get((fund.slug, fund.currency))
        if here is not None or fund.pk in with_rule:
            found.append(_fund(fund, here or (0, 0), tuple(past.get(fund.slug, ())), on))
    return found


def _fund(fund: Fund, here: tuple[int, int], past: tuple[Run, ...], on: dt.date) -> FundBuffers:
    rule = rules.in_force(fund.pk, on)
    over = [one.excess for one in returns.measure(rule, on)] if rule is not None else []
    over = [excess for excess in over if excess]
    last = rules.last_measured(rule, on) if rule is not None else None
    back = returns.returned_from(rule, last) if rule is not None and last is not None else None
    return FundBuffers(
        fund, rule, here[0], from_minor(here[1], fund.currency), len(over), from_minor(sum(over), fund.currency),
        last, back, rules.next_measured(rule, on) if rule is not None else None, past[:6],
        back is not None and back <= on,
    )  # fmt: skip


BUFFER_COLUMNS = ("fund", "member", "currency", "holds", "deposit", "may hold", "above it")


def buffer_rows(on: dt.date) -> Iterator[tuple[Cell, ...]]:
    """Every member's buffer in every fund that has a rule for them, as rows of a spreadsheet."""
    for fund in Fund.objects.order_by("name"):
        rule = rules.in_force(fund.pk, on)
        for one in returns.measure(rule, on) if rule is not None else ():
            unit = fund.currency
            yield (
                fund.name, one.number, unit, from_minor(one.now, unit), from_minor(one.deposit, unit),
                from_minor(one.cap, unit), from_minor(one.excess, unit),
            )  # fmt: skip

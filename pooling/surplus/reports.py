"""What the surplus pages show."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings

from members.governance.models import Decision
from mutual.ledger import balances, chart
from mutual.money import Money, zero
from mutual.periods import Period
from pooling.surplus import relief, years
from pooling.surplus.models import Allocation, Year


@dataclass(frozen=True)
class YearView:
    """A year, open or closed, with its result."""

    label: str
    period: Period
    income: balances.IncomeStatement
    result: Money
    year: Year | None
    over: bool


def year(label: str, on: dt.date) -> YearView:
    """A year's income, expense and result."""
    period = years.year_of(label)
    unit = settings.COOPERATIVE_CURRENCY
    income = balances.income(chart.coop_book(), period)
    closed = Year.objects.select_related("decision__proposed_by", "decision__decided_by").filter(label=label).first()
    return YearView(label, period, income, income.result.get(unit, zero(unit)), closed, period.end <= on)


def years_so_far(on: dt.date) -> list[YearView]:
    """The year that runs and those before it that have entries, newest first; at most twenty."""
    current = on.year if on >= dt.date(on.year, settings.YEAR_STARTS_IN, 1) else on.year - 1
    found = [year(f"{current - back}", on) for back in range(20)]
    return [view for view in found if view.label == f"{current}" or view.income.result or view.year]


def where_it_went() -> list[Allocation]:
    """Every allocation, newest first."""
    return list(Allocation.objects.select_related("decision", "fund").order_by("-id")[:200])


def left() -> Money:
    """What no decision has given a purpose yet."""
    return years.unallocated(settings.COOPERATIVE_CURRENCY)


def relief_left() -> Money:
    """What is set aside for dues and not used yet."""
    return relief.left(settings.COOPERATIVE_CURRENCY)


def proposals() -> list[Decision]:
    """What waits for a second officer."""
    found = Decision.objects.select_related("proposed_by").filter(
        kind__in=(years.CLOSING, years.ALLOCATION), state=Decision.State.PROPOSED
    )
    return list(found.order_by("id")[:50])

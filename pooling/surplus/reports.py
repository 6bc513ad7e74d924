"""What the surplus pages show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.utils.translation import gettext as _

from members.governance.models import Decision
from mutual import charts, formats
from mutual.ledger import balances, chart
from mutual.money import Money, zero
from mutual.periods import Period
from pooling.models import Fund
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
    chart: charts.Chart | None = None

    @property
    def earnings(self) -> list[tuple[str, Money]]:
        """What came in, by the words of its account."""
        return [(_words(one.code), one.amount) for one in self.income.income]

    @property
    def expenses(self) -> list[tuple[str, Money]]:
        """What went out, by the words of its account."""
        return [(_words(one.code), one.amount) for one in self.income.expense]

    @property
    def earned(self) -> Money:
        """All that came in, in the cooperative's currency."""
        return _sum(self.income.income)

    @property
    def spent(self) -> Money:
        """All that went out, in the cooperative's currency."""
        return _sum(self.income.expense)


def _words(code: str) -> str:
    """An account's code as a member reads it: income:other:courses is "Courses"."""
    return code.rpartition(":")[2].replace("-", " ").capitalize()


def _sum(figures: Iterable[balances.Figure]) -> Money:
    unit = settings.COOPERATIVE_CURRENCY
    return sum((one.amount for one in figures if one.currency == unit), zero(unit))


def with_chart(view: YearView, on: dt.date) -> YearView:
    """A year with its months drawn, as far as they have begun; without a drawing where nothing moved."""
    months = [month for month in view.period.months() if month.start <= on]
    lived = [balances.income(chart.coop_book(), month) for month in months]
    if not any(one.income or one.expense for one in lived):
        return view
    drawn = charts.bars(
        title=_("Income and expense by month"),
        labels=[formats.period(month) for month in months],
        series=[
            charts.Series(_("Income"), tuple(_sum(one.income).amount for one in lived)),
            charts.Series(_("Expense"), tuple(_sum(one.expense).amount for one in lived)),
        ],
        words=lambda value: formats.money(Money(value, settings.COOPERATIVE_CURRENCY)),
        of=_("Month"),
    )
    return replace(view, chart=drawn)


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


@dataclass(frozen=True)
class Effect:
    """What one part of an allocation does: its purpose and what that holds before and after."""

    purpose: str
    amount: Money
    before: Money
    after: Money


@dataclass(frozen=True)
class Preview:
    """What an allocation would do, part by part, and what it would leave without a purpose."""

    parts: tuple[Effect, ...]
    left: Money


def preview(parts: Sequence[years.Part]) -> Preview:
    """What these parts would do to what is there now."""
    effects = []
    for part in parts:
        before = balances.of(years.target(part))
        label = str(Allocation.Purpose(part.purpose).label)
        name = label if part.fund_id is None else Fund.objects.get(pk=part.fund_id).name
        effects.append(Effect(name, part.amount, before, before + part.amount))
    return Preview(tuple(effects), left() - sum((part.amount for part in parts), zero(settings.COOPERATIVE_CURRENCY)))


def proposed(decision: Decision) -> Preview | None:
    """What a proposed allocation would do; None for a closing."""
    return preview(years.parts_of(decision)) if decision.kind == years.ALLOCATION else None


def proposals() -> list[Decision]:
    """What waits for a second officer."""
    found = Decision.objects.select_related("proposed_by").filter(
        kind__in=(years.CLOSING, years.ALLOCATION), state=Decision.State.PROPOSED
    )
    return list(found.order_by("id")[:50])

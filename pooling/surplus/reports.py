"""What the surplus pages show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.db.models import F, Sum
from django.utils.translation import gettext as _

from members.governance.models import Decision
from members.models import Member
from mutual import charts, formats
from mutual.ledger import balances, chart
from mutual.money import Money, from_minor, minor, zero
from mutual.periods import Period
from pooling.models import Fund
from pooling.surplus import patronage, relief, years
from pooling.surplus import rules as surplus_rules
from pooling.surplus import sharing as surplus_sharing
from pooling.surplus.models import Allocation, Patronage, Year


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


WAITING = (years.CLOSING, years.ALLOCATION, patronage.SHARING)
"""What waits for a second officer on the surplus page."""


@dataclass(frozen=True)
class Part:
    """What one member would get, and for how many hours, in words."""

    number: str
    hours: str
    amount: Money


@dataclass(frozen=True)
class Sharing:
    """What sharing a year comes to: by purpose, and by member."""

    purposes: tuple[tuple[str, Money], ...]
    members: tuple[Part, ...]


def sharing(found: patronage.Shared) -> Sharing:
    """How a year would be shared, in words."""
    unit = settings.COOPERATIVE_CURRENCY
    names = surplus_rules.fund_names()
    numbers = dict(Member.objects.filter(pk__in=found.members).values_list("pk", "number"))
    return Sharing(
        tuple(
            (str(Allocation.Purpose(purpose).label) if fund is None else names[fund], from_minor(amount, unit))
            for (purpose, fund), amount in found.parts.items()
        ),
        tuple(
            Part(numbers[pk], formats.hours(minutes), from_minor(amount, unit))
            for pk, (minutes, amount) in sorted(found.members.items())
        ),
    )  # fmt: skip


def by_the_rules(on: dt.date) -> dict[str, Money]:
    """What the allocation form begins with: what is left, divided as the rules say; empty without rules for that."""
    found = surplus_rules.in_force(on)
    there = minor(left())
    if found is None or found[0].to_members or there <= 0:
        return {}
    unit = settings.COOPERATIVE_CURRENCY
    return {
        f"fund_{fund}" if fund is not None else purpose.lower(): from_minor(amount, unit)
        for (purpose, fund), amount in surplus_sharing.divide(found[0], own_work=0, other=there).items()
    }


def rules_now(on: dt.date) -> list[str]:
    """What the surplus is for by the rules, a sentence each; empty where there are none."""
    found = surplus_rules.in_force(on)
    return surplus_rules.clauses(found[0], surplus_rules.fund_names()) if found is not None else []


def can_be_shared(view: YearView) -> bool:
    """Whether a year is closed, its rules give members a part, and nobody shared it yet."""
    if view.year is None or view.result.amount <= 0:
        return False
    found = surplus_rules.in_force(view.year.last_day)
    taken = Decision.objects.filter(kind=patronage.SHARING, subject=f"year-{view.label}").exclude(
        state=Decision.State.DECLINED
    )
    return found is not None and found[0].to_members and not taken.exists()


def years_shared() -> list[tuple[str, Money]]:
    """The years that were shared among members, with what is not paid of them yet; newest first."""
    unit = settings.COOPERATIVE_CURRENCY
    found = Patronage.objects.values("year__label").annotate(unpaid=Sum(F("amount") - F("paid")))
    return [(row["year__label"], from_minor(int(row["unpaid"]), unit)) for row in found.order_by("-year__label")]


def parts_of(member_id: int) -> list[Patronage]:
    """A member's own parts of shared years, newest first."""
    return list(Patronage.objects.select_related("year", "decision").filter(member=member_id))


def proposed_sharing(decision: Decision) -> Sharing | None:
    """What a proposed sharing would come to; None for anything else."""
    return sharing(patronage.of(decision)) if decision.kind == patronage.SHARING else None


def proposed(decision: Decision) -> Preview | None:
    """What a proposed allocation would do; None for a closing."""
    return preview(years.parts_of(decision)) if decision.kind == years.ALLOCATION else None

"""What the pages about pay runs show: frozen values. Sums of fewer than five people are shown to officers only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from mutual import charts, formats
from mutual.money import Money, from_minor, zero
from mutual.tables import Cell
from pooling.claims.models import Instalment
from pooling.models import Fund
from pooling.payouts import index, proposals
from pooling.payouts.loans import hard_floors
from pooling.payouts.models import Loan, Payout, PayRun

FEW = 5
"""No figure about fewer people is shown to members."""


@dataclass(frozen=True)
class Published:
    """A pay run as members see it; sums are None where they would point at somebody."""

    number: str
    fund: str
    day: dt.date
    index: Decimal
    percent: str
    approved: Money | None
    payable: Money | None


@dataclass(frozen=True)
class FundLine:
    """A fund on the officers' page: what it has, what waits, and what a run held now would come to."""

    fund: Fund
    held: Money
    aside: Money
    waiting: Money
    count: int
    percent: str
    short: bool
    hard_floor: Money
    running: PayRun | None


@dataclass(frozen=True)
class RunView:
    """One run as officers see it."""

    run: PayRun
    percent: str
    cash: Money
    floor: Money
    approved: Money
    payable: Money
    gifts: Money
    paid: Money
    withdrawn: Money
    short: Money


@dataclass(frozen=True)
class LoanView:
    """A loan, with what came back and what is late on a day."""

    loan: Loan
    repaid: Money
    late: Money
    plan: tuple[tuple[dt.date, Money, bool], ...]
    next_on: dt.date | None


def percent(parts: int) -> str:
    """The index as people read it: 83.31 %."""
    return formats.percent(Decimal(parts).scaleb(-4), 2)


def newest_first() -> QuerySet[PayRun]:
    """Every run, the newest first."""
    return PayRun.objects.select_related("fund").order_by("-day", "-id")


def published(runs: Iterable[PayRun]) -> list[Published]:
    """Runs, as members see them."""
    return [
        Published(
            run.number, run.fund.name, run.day, run.index, percent(run.parts),
            run.money(run.approved) if run.people >= FEW else None,
            run.money(run.payable) if run.people >= FEW else None,
        )
        for run in runs
    ]  # fmt: skip


def fund_lines() -> list[FundLine]:
    """Every open fund; the same few queries for any number."""
    running = {run.fund_id: run for run in PayRun.objects.filter(state=PayRun.State.RUNNING)}
    counts = _counts()
    funds = list(Fund.objects.select_related("account__currency").filter(closed_on=None).order_by("name"))
    standings, floors = index.standings(funds), hard_floors(funds)
    lines = []
    for fund in funds:
        stands = standings[fund.pk]
        would = stands.cover
        lines.append(
            FundLine(
                fund, stands.holds, stands.aside, from_minor(would.approved, fund.currency),
                counts.get(fund.pk, 0), percent(would.parts), would.payable < would.approved,
                floors[fund.pk], running.get(fund.pk),
            )
        )  # fmt: skip
    return lines


def _counts() -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT fund_id, count(*) FROM claims_instalment WHERE state = 'APPROVED' GROUP BY 1")
        return dict(cursor.fetchall())


def run(one: PayRun, short: Money | None = None) -> RunView:
    """One run, with what it left unpaid (asked for where ``short`` does not say it)."""
    done = one.state == PayRun.State.PAID
    if short is None:
        short = proposals.shortfall(one) if done else zero(one.fund.currency)
    return RunView(
        one, percent(one.parts), one.money(one.cash), one.money(one.floor), one.money(one.approved),
        one.money(one.payable), one.money(one.gifts), one.money(one.paid),
        one.money(one.payable + one.gifts - one.paid if done else 0),
        short,
    )  # fmt: skip


def short_runs() -> list[RunView]:
    """The runs that left something unpaid, newest first."""
    found = PayRun.objects.select_related("fund").filter(state=PayRun.State.PAID, parts__lt=10_000)
    newest = list(found.order_by("-day", "-id")[:100])
    left = proposals.shortfalls(newest)
    return [run(one, left[one.pk]) for one in newest if left[one.pk].amount]


def loans(on: dt.date) -> list[LoanView]:
    """Every loan, those under way first."""
    found = Loan.objects.select_related("lender", "borrower", "decision").order_by("-id")[:200]
    views = [loan(one, on) for one in found]
    return sorted(views, key=lambda view: not view.loan.open.amount)


def loan(one: Loan, on: dt.date) -> LoanView:
    """One loan: a part of the plan is done where what came back reaches it."""
    unit, reached, plan = one.lender.currency, 0, []
    for day, part in one.plan:
        reached += part
        plan.append((day, from_minor(part, unit), reached <= one.repaid))
    return LoanView(
        one, from_minor(one.repaid, unit), from_minor(one.late_on(on), unit), tuple(plan),
        next((day for day, _part, done in plan if not done), None),
    )  # fmt: skip


def late_loans(on: dt.date) -> list[Loan]:
    """Loans of which something should have come back and has not."""
    found = Loan.objects.select_related("lender", "borrower").filter(amount__gt=F("repaid"), first_on__lte=on)
    return [one for one in found if one.late_on(on)]


def history(fund: Fund) -> charts.Chart | None:
    """How the fund's index went, run by run, or none where there are fewer than two."""
    found = list(PayRun.objects.filter(fund=fund).order_by("-day", "-id")[:24])[::-1]
    if len(found) < 2:
        return None
    return charts.line(
        title=_("Cover index, run by run"), labels=[formats.day_short(one.day) for one in found],
        series=[charts.Series(_("Share of approved benefits that was paid"), tuple(one.index for one in found))],
        words=lambda value: formats.percent(Decimal(value), 2),
    )  # fmt: skip


def of_instalments(claim_id: int) -> list[tuple[Instalment, Money, Money, str]]:
    """What each instalment of a claim got: the instalment, what was paid, what was left unpaid, and the index."""
    found = Instalment.objects.select_related("fund", "payout__run").filter(claim_id=claim_id).order_by("place")
    rows = []
    for one in found:
        payout = getattr(one, "payout", None)
        paid = one.state == Instalment.State.PAID
        rows.append((one, one.paid, one.due - one.paid if paid else zero(one.fund.currency),
                     percent(payout.run.parts) if payout else ""))  # fmt: skip
    return rows


def terms(said: dict[str, Any]) -> list[tuple[str, str]]:
    """What a proposal would do, as pairs of term and description."""
    facts = [(_("Amount"), formats.money(from_minor(said["minor"], said["currency"])))]
    for key, label in (("fund", _("Fund")), ("lender", _("Lent by")), ("borrower", _("Lent to"))):
        if key in said:
            facts.append((label, Fund.objects.get(pk=said[key]).name))
    if "run" in said:
        facts.append((_("Pay run"), PayRun.objects.get(pk=said["run"]).number))
    if "months" in said:
        first = formats.day(dt.date.fromisoformat(said["first_on"]))
        words = _("in %(months)s monthly parts from %(day)s") % {"months": said["months"], "day": first}
        facts.append((_("Comes back"), words))
    return facts


_PUBLIC_COLUMNS = ("number", "fund", "day", "cover index", "currency", "approved", "paid")
_RUN_COLUMNS = (
    "number", "fund", "day", "state", "cover index", "currency", "held", "floor", "approved", "payable", "gifts",
    "paid", "instalments", "people",
)  # fmt: skip
PAYOUT_COLUMNS = ("claim", "instalment", "currency", "due", "share of the fund", "gifts", "made up later", "paid")
LOAN_COLUMNS = (
    "number", "from fund", "to fund", "lent on", "months", "first part on", "currency", "lent", "repaid", "late",
    "decision",
)  # fmt: skip


def run_table(*, whole: bool) -> tuple[Sequence[str], Iterator[tuple[Cell, ...]]]:
    """Every run as rows of a spreadsheet: whole for officers, as published for members."""
    found = newest_first()
    if not whole:
        return _PUBLIC_COLUMNS, (
            (one.number, one.fund, one.day, one.index, None, one.approved, one.payable) for one in published(found)
        )
    return _RUN_COLUMNS, (
        (
            run.number, run.fund.name, run.day, run.state, run.index, run.fund.currency, run.money(run.cash),
            run.money(run.floor), run.money(run.approved), run.money(run.payable), run.money(run.gifts),
            run.money(run.paid), run.count, run.people,
        )
        for run in found.iterator(chunk_size=2000)
    )  # fmt: skip


def payout_rows(one: PayRun) -> Iterator[tuple[Cell, ...]]:
    """What a run paid, by instalment: numbers and amounts, nobody's name."""
    found = Payout.objects.select_related("instalment__claim").filter(run=one).order_by("pk")
    for payout in found.iterator(chunk_size=2000):
        yield (
            payout.instalment.claim.number, payout.instalment.place, one.fund.currency, one.money(payout.due),
            one.money(payout.share), one.money(payout.gift), one.money(payout.topped_up),
            one.money(payout.instalment.amount_paid),
        )  # fmt: skip


def loan_rows(on: dt.date) -> Iterator[tuple[Cell, ...]]:
    """Every loan as rows of a spreadsheet."""
    for one in Loan.objects.select_related("lender", "borrower", "decision").order_by("-id").iterator(chunk_size=500):
        unit = one.lender.currency
        yield (
            one.number, one.lender.name, one.borrower.name, one.lent_on, one.months, one.first_on, unit,
            from_minor(one.amount, unit), from_minor(one.repaid, unit), from_minor(one.late_on(on), unit),
            one.decision.number,
        )  # fmt: skip

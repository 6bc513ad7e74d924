"""What the pooling pages show: frozen values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from members.models import Member
from mutual import charts, formats, iban, payment_code
from mutual.ledger import balances
from mutual.money import Money, from_minor, minor, zero
from mutual.periods import Period, add_months, month, parse
from mutual.tables import Cell
from pooling.models import UNLIMITED, Charge, Credit, DuesPlan, Fund, PlanVersion, Rate
from pooling.treasury.models import BankAccount, BankBalance


@dataclass(frozen=True)
class FundView:
    """A fund with what it holds, and how that went."""

    fund: Fund
    balance: Money
    target: Money | None
    percent: int | None
    came_in: Money | None
    went_out: Money | None
    """Over the time shown; None where that would be about fewer than five people."""
    chart: charts.Chart | None


@dataclass(frozen=True)
class HowToPay:
    """Where a member sends her dues: an account of the cooperative's, and what to write into the transfer."""

    holder: str
    iban: str
    bic: str
    reference: str
    code: str | None
    """What a banking app reads all of it from, drawn; None where nothing is open or the currency is not the euro."""


@dataclass(frozen=True)
class ArrearsLine:
    """What one member owes, by how long it has been due."""

    member_id: int
    number: str
    name: str
    currency: str
    not_yet: Money
    month: Money
    two: Money
    three: Money
    older: Money
    total: Money


@dataclass(frozen=True)
class PlanView:
    """A plan with the version that holds on a day and how many are on it."""

    plan: DuesPlan
    version: PlanVersion | None
    members: int
    shares: tuple[tuple[str, int], ...]
    rates: tuple[Rate, ...] = ()
    years: int = 0
    """For how many whole years it has not risen."""

    @property
    def words(self) -> str:
        """What it asks, in a few words."""
        if self.version is None:
            return _("not yet valid")
        amount = formats.money(self.version.amount)
        if self.plan.basis == DuesPlan.Basis.PERCENT:
            percent = formats.percent(Decimal(self.version.permyriad) / 10_000, 2)
            if self.version.amount.amount >= UNLIMITED:
                return _("%(percent)s of what was invoiced the period before") % {"percent": percent}
            return _("%(percent)s of what was invoiced the period before, at least %(least)s, at most %(most)s") % {
                "percent": percent, "least": formats.money(self.version.least), "most": amount,
            }  # fmt: skip
        if self.rates:
            return _("by %(basis)s; %(amount)s where none is chosen") % {
                "basis": _("level") if self.plan.basis == DuesPlan.Basis.LEVEL else _("income band"), "amount": amount,
            }  # fmt: skip
        return amount

    @property
    def parts(self) -> tuple[tuple[str, Decimal], ...]:
        """What part of each payment goes where, of one."""
        whole = sum(weight for _name, weight in self.shares)
        return tuple((name, Decimal(weight) / whole) for name, weight in self.shares)

    @property
    def notes(self) -> tuple[str, ...]:
        """What else holds: by the day or whole, payable in work, who decided."""
        if self.version is None:
            return ()
        said = [
            _("Whoever joins, leaves or moves within a period is charged by the day.")
            if self.version.by_day
            else _("A period is charged whole to whoever is on the plan on its first day.")
        ]
        if self.version.in_work:
            said.append(_("A task may take the place of a period's dues."))
        if self.plan.anchored_on is not None:
            said.append(_("Periods are counted from %(day)s.") % {"day": formats.day(self.plan.anchored_on)})
        if self.version.decided:
            said.append(_("Decided: %(decided)s.") % {"decided": self.version.decided})
        if self.years:
            said.append(
                ngettext("Not raised for %(count)s year.", "Not raised for %(count)s years.", self.years)
                % {"count": formats.number(self.years)}
            )
        return tuple(said)


FEWEST = 5
"""How many people received something in what is shown to members (promise 5: no cell under five people)."""


@dataclass(frozen=True)
class Moved:
    """What came into a fund and went out of it in one or several months; None where that stays unsaid."""

    period: Period
    came_in: Money | None
    went_out: Money | None


def how_to_pay(member: Member, owing: Money) -> HowToPay | None:
    """Where a member pays her dues to, or None where the cooperative has told no IBAN of an account in her currency.

    :param owing: what is open; zero draws no code
    """
    bank = BankAccount.objects.filter(currency=member.currency, closed_on=None).exclude(iban="").order_by("id").first()
    if bank is None:
        return None
    code = payment_code.draw(
        holder=settings.COOPERATIVE_NAME, iban=bank.iban, bic=bank.bic, amount=owing, purpose=member.number
    )
    return HowToPay(settings.COOPERATIVE_NAME, iban.grouped(bank.iban), bank.bic, member.number, code)


def month_ends(on: dt.date, months: int = 13) -> list[dt.date]:
    """The last days of the months before, and the day itself."""
    first = month(on).start
    return [add_months(first, -n) - dt.timedelta(days=1) for n in range(months - 2, -1, -1)] + [on]


def funds(on: dt.date, *, months: int = 13, officer: bool = False) -> list[FundView]:
    """Every open fund with thirteen months of balances; the same few queries however many funds and transfers.

    :param officer: whether the reader may see months in which fewer than five people received benefits
    """
    found = list(Fund.objects.select_related("account__currency").filter(closed_on=None).order_by("name"))
    days = month_ends(on, months)
    histories = balances.histories([fund.account for fund in found], days)
    moved = balances.turnovers([fund.account for fund in found], Period(days[0] + dt.timedelta(days=1), _after(on)))
    sealed = {} if officer else _together(found, on)
    return [
        _view(fund, histories[fund.account_id], moved[fund.account_id], days, sealed.get(fund.pk)) for fund in found
    ]


def fund(one: Fund, on: dt.date, *, officer: bool = False) -> tuple[FundView, list[Moved]]:
    """One fund in the same way, and what moved in its months, newest first."""
    days = month_ends(on)
    history = balances.histories([one.account], days)[one.account_id]
    turned = balances.turnovers([one.account], Period(days[0] + dt.timedelta(days=1), _after(on)))[one.account_id]
    sealed = None if officer else _together([one], on).get(one.pk)
    months = [month(day) for day in days] if sealed is None else list(Period(_first(on), month(on).end).months())
    monthly = balances.monthly(one.account, Period(months[0].start, months[-1].end))
    if sealed is None:
        rows = [
            Moved(period, monthly[period.start][1], monthly[period.start][0])
            for period in reversed(months)
            if period.start in monthly
        ]
    else:
        rows = _rows(monthly, sealed, months, zero(one.currency))
    return _view(one, history, turned, days, sealed), rows


def _rows(
    monthly: dict[dt.date, tuple[Money, Money]], sealed: list[Period], months: list[Period], nothing: Money
) -> list[Moved]:
    """Months put together as they may be shown, newest first; what lies between them is one line without figures."""
    said: list[Moved] = []
    start = months[0].start
    for span in [*sealed, Period(months[-1].end, months[-1].next().end)]:
        between = Period(start, span.start) if span.start > start else None
        if between is not None and any(one.start in monthly for one in between.months()):
            said.append(Moved(between, None, None))
        if span in sealed:
            parts = [monthly.get(one.start, (nothing, nothing)) for one in span.months()]
            came_in = sum((came for _out, came in parts), nothing)
            said.append(Moved(span, came_in, sum((out for out, _in in parts), nothing)))
        start = span.end
    return said[::-1]


def _first(on: dt.date) -> dt.date:
    """From when months are put together: the first of January of the year before."""
    return dt.date(on.year - 1, 1, 1)


def _together(found: Iterable[Fund], on: dt.date) -> dict[int, list[Period]]:
    """For each fund that granted something to few people at a time: months put together until five received something.

    Counted from the first of January of the year before, so that what was put together once stays together; what is
    left at a year's end, the month that is not over, and what is not five people yet, belong to no period. A fund
    without any benefit is left out: all its months may be shown.
    """
    first = _first(on)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT fund_id, month, array_agg(member_id)
              FROM (SELECT DISTINCT i.fund_id, date_trunc('month', i.set_aside_on)::date AS month, c.member_id,
                           dense_rank() OVER (PARTITION BY i.fund_id, date_trunc('month', i.set_aside_on)
                                              ORDER BY c.member_id) AS place
                      FROM claims_instalment i JOIN claims_claim c ON c.id = i.claim_id
                     WHERE i.fund_id = ANY(%s) AND i.set_aside_on >= %s) AS helped
             WHERE place <= %s GROUP BY 1, 2
            """,
            [[one.pk for one in found], first, FEWEST],
        )
        helped: dict[int, dict[dt.date, set[int]]] = {}
        for fund_id, start, members in cursor.fetchall():
            helped.setdefault(fund_id, {})[start] = set(members)
    spans: dict[int, list[Period]] = {}
    for fund_id, months in helped.items():
        spans[fund_id] = []
        begun, people = first, set[int]()
        for one in Period(first, month(on).start).months():
            people |= months.get(one.start, set())
            if len(people) >= FEWEST:
                spans[fund_id].append(Period(begun, one.end))
                begun, people = one.end, set()
            elif one.end.month == 1:
                begun, people = one.end, set()
    return spans


def _after(day: dt.date) -> dt.date:
    return day + dt.timedelta(days=1)


def _view(
    one: Fund, history: list[Money], moved: tuple[Money, Money], days: list[dt.date], sealed: list[Period] | None
) -> FundView:
    balance = history[-1]
    went_out, came_in = moved if sealed is None else (None, None)
    if sealed is not None:
        ends = {edge - dt.timedelta(days=1) for span in sealed for edge in (span.start, span.end)}
        kept = [place for place, day in enumerate(days) if day in ends or place == len(days) - 1]
        history, days = [history[place] for place in kept], [days[place] for place in kept]
    percent = None
    if one.target is not None and one.target.amount:
        percent = int(balance.amount * 100 / one.target.amount)
    words = _in(one.currency)
    drawn = (
        None
        if len(days) < 2
        else charts.line(
            title=_("%(fund)s: what it held at the end of each month") % {"fund": one.name},
            labels=[formats.month_short(day) for day in days],
            series=[charts.Series(one.name, tuple(money.amount for money in history))],
            words=words,
            target=one.target.amount if one.target is not None else None,
            target_words=_("Target: %(amount)s") % {"amount": formats.money(one.target)} if one.target else "",
        )
    )
    return FundView(one, balance, one.target, percent, came_in, went_out, drawn)


def _in(currency: str) -> charts.Words:
    def words(value: Decimal | int) -> str:
        return formats.money(Money(value, currency))

    return words


def arrears(on: dt.date) -> list[ArrearsLine]:
    """Every member with open charges, the largest debt first; at most 5,000 lines."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT m.id, m.number, m.name, pv.amount_currency,
                   coalesce(sum(o.open) FILTER (WHERE o.late <= 0), 0),
                   coalesce(sum(o.open) FILTER (WHERE o.late BETWEEN 1 AND 30), 0),
                   coalesce(sum(o.open) FILTER (WHERE o.late BETWEEN 31 AND 60), 0),
                   coalesce(sum(o.open) FILTER (WHERE o.late BETWEEN 61 AND 90), 0),
                   coalesce(sum(o.open) FILTER (WHERE o.late > 90), 0),
                   sum(o.open)
              FROM (SELECT member_id, version_id, %(on)s::date - due_on AS late, amount - paid - written_off AS open
                      FROM pooling_charge WHERE amount > paid + written_off) AS o
              JOIN pooling_planversion pv ON pv.id = o.version_id
              JOIN members_member m ON m.id = o.member_id
             GROUP BY m.id, pv.amount_currency ORDER BY sum(o.open) DESC, m.id LIMIT 5000
            """,
            {"on": on},
        )
        rows = cursor.fetchall()
    return [
        ArrearsLine(pk, number, name, unit, *(from_minor(int(amount), unit) for amount in amounts))
        for pk, number, name, unit, *amounts in rows
    ]


def arrears_totals(lines: list[ArrearsLine]) -> list[ArrearsLine]:
    """The sums of the lines, one for each currency."""
    sums: dict[str, ArrearsLine] = {}
    for line in lines:
        had = sums.get(line.currency)
        base = [zero(line.currency)] * 6 if had is None else [
            had.not_yet, had.month, had.two, had.three, had.older, had.total
        ]  # fmt: skip
        new = [line.not_yet, line.month, line.two, line.three, line.older, line.total]
        sums[line.currency] = ArrearsLine(0, "", "", line.currency, *(a + b for a, b in zip(base, new, strict=True)))
    return list(sums.values())


def plans(on: dt.date) -> list[PlanView]:
    """Every dues plan as it stands on a day."""
    result = []
    for plan in DuesPlan.objects.prefetch_related("versions__shares__fund", "versions__rates").order_by("name"):
        held = sorted((v for v in plan.versions.all() if v.valid_from <= on), key=lambda v: v.valid_from)
        version = held[-1] if held else None
        shares = tuple((share.target, share.weight) for share in (version.shares.all() if version else ()))
        rates = tuple(version.rates.all()) if version else ()
        years = years_without_rise(held, on)
        result.append(PlanView(plan, version, plan.members.filter(until=None).count(), shares, rates, years))
    return result


def years_without_rise(held: Sequence[PlanVersion], on: dt.date) -> int:
    """For how many whole years no version of a plan asked more than the one before it, in anything it asks.

    :param held: the versions up to that day, in the order of their days
    """
    if not held:
        return 0
    since = held[0].valid_from
    for before, after in pairwise(held):
        asked = _asks(before)
        if any(amount > asked.get(what, amount) for what, amount in _asks(after).items()):
            since = after.valid_from
    years = on.year - since.year
    return years if add_months(since, 12 * years) <= on else years - 1


def _asks(version: PlanVersion) -> dict[str, int]:
    """What a version asks, by level or band."""
    by_place = {str(rate.place): rate.amount for rate in version.rates.all()}
    return {"": minor(version.amount), "least": minor(version.least), "%": version.permyriad} | by_place


def period_words(key: str) -> str:
    """A period by its short text, as the reader writes it."""
    return formats.period(parse(key))


def explain(charge: Charge) -> tuple[str, ...]:
    """How a charge came about, line by line, in the reader's language.

    “28 of 31 days at €45.00 = €40.65”, then the rule and who decided it. What is said was stored with the charge.
    """
    version, unit = charge.version, charge.currency
    rates = {rate.place: rate for rate in version.rates.all()}
    data = charge.explanation or {}
    said = [_line(line, unit, rates) for line in data.get("lines", ())]
    if "once" in data:
        said.append(_("%(amount)s, once") % {"amount": formats.money(charge.total)})
    if not data:
        said.append(_("%(amount)s for %(period)s") % {
            "amount": formats.money(charge.total), "period": period_words(charge.period),
        })  # fmt: skip
    if data.get("before"):
        said.append(
            _("Less %(before)s charged before: %(amount)s")
            % {"before": formats.money(from_minor(data["before"], unit)), "amount": formats.money(charge.total)}
        )
    rule = _("By rule “%(plan)s”, in force since %(day)s") % {
        "plan": version.plan.name, "day": formats.day(version.valid_from),
    }  # fmt: skip
    decided = _(", decided: %(decided)s") % {"decided": version.decided} if version.decided else ""
    said.append(f"{rule}{decided}.")
    return tuple(said)


def _line(line: dict[str, Any], unit: str, rates: dict[int, Rate]) -> str:
    rate = from_minor(line["rate"], unit)
    if "figure" in line:
        what = _("%(rate)s, of %(figure)s that you invoiced the period before") % {
            "rate": formats.money(rate), "figure": formats.money(from_minor(line["figure"], unit)),
        }  # fmt: skip
    elif line.get("place") in rates:
        what = f"{formats.money(rate)} ({rates[line['place']].name})"
    else:
        what = formats.money(rate)
    sentence = _("%(days)s of %(of)s days at %(rate)s = %(amount)s") % {
        "days": formats.number(line["days"]), "of": formats.number(line["of"]), "rate": what,
        "amount": formats.money(from_minor(line["is"], unit)),
    }  # fmt: skip
    if line.get("given_up"):
        sentence += _("; %(percent)s not asked, by %(waiver)s") % {
            "percent": formats.percent(Decimal(line["given_up"]) / 100), "waiver": line["waiver"],
        }  # fmt: skip
    return sentence


def explain_credit(credit: Credit) -> str:
    """Why less is owed than was charged, in the reader's language."""
    amount = formats.money(credit.money)
    if credit.source == Credit.Source.WORK:
        return _("%(amount)s paid in work, by %(task)s") % {"amount": amount, "task": credit.explanation["task"]}
    unit = credit.charge.currency
    owed = sum(line["is"] for line in credit.explanation.get("lines", ()))
    return _("%(amount)s credited on %(day)s: of %(before)s charged, %(owed)s are owed by the day") % {
        "amount": amount, "day": formats.day(credit.made_on),
        "before": formats.money(from_minor(credit.explanation["before"], unit)),
        "owed": formats.money(from_minor(owed, unit)),
    }  # fmt: skip


@dataclass(frozen=True)
class ChargeView:
    """A charge as its table shows it, with how it came about and what was credited."""

    charge: Charge
    period: str
    why: tuple[str, ...]
    credits: tuple[str, ...]
    worked: bool


def charges(found: Iterable[Charge]) -> list[ChargeView]:
    """Charges with their explanations; ``found`` with version, plan, rates and credits fetched."""
    return [
        ChargeView(
            one, period_words(one.period), explain(one),
            tuple(explain_credit(credit) for credit in one.credits.all() if credit.undone_on is None),
            any(credit.source == Credit.Source.WORK for credit in one.credits.all()),
        )
        for one in found
    ]  # fmt: skip


CHARGE_PARTS = ("version__plan", "version__rates", "credits__charge__version")
"""What :func:`charges` needs fetched with the charges."""


def bank_differences(day: dt.date) -> list[tuple[BankAccount, Money, BankBalance | None, Money | None]]:
    """Each bank account: our balance, the bank's newest word up to a day, and the difference then."""
    rows: list[tuple[BankAccount, Money, BankBalance | None, Money | None]] = []
    banks = list(BankAccount.objects.select_related("account__currency").filter(closed_on=None).order_by("name"))
    held = balances.of_many([bank.account for bank in banks])
    for bank in banks:
        said = bank.said.filter(day__lte=day).order_by("-day").first()
        difference = None if said is None else said.amount - balances.on(bank.account, said.day)
        rows.append((bank, held[bank.account_id], said, difference))
    return rows


def terms(said: dict[str, Any]) -> list[tuple[str, str]]:
    """What exactly a proposal would do, in words."""
    facts: list[tuple[str, str]] = []
    if "minor" in said:
        facts.append((_("Amount"), formats.money(from_minor(said["minor"], said["currency"]))))
    if said.get("bank"):
        facts.append((_("Bank account"), BankAccount.objects.get(pk=said["bank"]).name))
    if said.get("fund"):
        facts.append((_("Fund"), Fund.objects.get(pk=said["fund"]).name))
    if said.get("member"):
        facts.append((_("Member"), Member.objects.get(pk=said["member"]).number))
    if said.get("charges"):
        charges = Charge.objects.select_related("member").filter(pk__in=[pk for pk, _open in said["charges"]])
        facts += [
            (one.member.number, _("Dues of %(period)s") % {"period": period_words(one.period)})
            for one in charges.order_by("member__number", "period")
        ]
    if said.get("charge"):
        facts.append((_("Dues of"), period_words(Charge.objects.get(pk=said["charge"]).period)))
    facts += _about_dues(said)
    for key, label in (("day", _("Day")), ("until", _("Open from"))):
        if said.get(key):
            facts.append((label, formats.day(dt.date.fromisoformat(said[key]))))
    if said.get("entry"):
        facts.append((_("Entry"), said["entry"]))
    return facts


def _about_dues(said: dict[str, Any]) -> list[tuple[str, str]]:
    facts: list[tuple[str, str]] = []
    if said.get("deposits"):
        facts.append((_("A buffer may hold"), _("%(count)s deposits") % {"count": formats.number(said["deposits"])}))
        measured = dt.date(2000, said["month"], said["measured"])
        facts.append((_("Measured each year on"), formats.day_of_year(measured)))
        facts.append((_("Goes back after"), _("%(count)s days") % {"count": said["return_after"]}))
    if said.get("period"):
        facts.append((_("Dues of"), period_words(said["period"])))
    if said.get("percent"):
        facts.append((_("Not asked"), formats.percent(Decimal(said["percent"]) / 100)))
    if said.get("ended"):
        facts.append((_("Holiday or waiver"), said["number"]))
    for key, label in (
        ("since", _("From")), ("up_to", _("Asked again from")), ("done_on", _("Done on")),
        ("again_from", _("Dues are asked for again from")),
    ):  # fmt: skip
        if said.get(key):
            facts.append((label, formats.day(dt.date.fromisoformat(said[key]))))
    if said.get("waiver"):
        facts.append((_("Reason"), _("sealed under %(number)s") % {"number": said["waiver"]}))
    return facts


CHARGE_COLUMNS = (
    "period", "part", "member", "plan", "charged on", "due on", "currency", "charged", "paid",
    "credited or written off", "open",
)  # fmt: skip


def charge_rows(found: QuerySet[Charge]) -> Iterator[tuple[Cell, ...]]:
    """Charges as rows of a spreadsheet, newest first."""
    charges = found.select_related("member", "version__plan").order_by("-charged_on", "-id")
    for one in charges.iterator(chunk_size=2000):
        unit = one.currency
        yield (
            one.period, one.part, one.member.number, one.version.plan.name, one.charged_on, one.due_on, unit,
            one.total, from_minor(one.paid, unit), from_minor(one.written_off, unit), one.still_open,
        )  # fmt: skip

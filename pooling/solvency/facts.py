"""What the simulation and the figures need to know of a fund, read from the tables in one place.

Amounts are minor units of the fund's currency. Members appear as ids, to count how many people a figure is about.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Max, Sum

from members.models import Member
from mutual.ledger import balances, chart
from mutual.money import minor
from mutual.periods import Period, add_months
from pooling import accounts
from pooling.benefits import rules
from pooling.benefits.engine import Version, version_on
from pooling.benefits.models import Cover
from pooling.benefits.terms import Benefit, Clock, Span
from pooling.circles import terms as circle_terms
from pooling.circles.gifts import premiums
from pooling.circles.models import Circle, Seat
from pooling.claims.models import Claim, Instalment
from pooling.models import DuesPlan, Fund, PlanVersion
from pooling.solvency.costs import Covered

HISTORY_MONTHS = 24
"""How far back rates are counted."""
CLAIMS_MONTHS = 36
"""How far back claims are read."""
SETTLED_DAYS = 60
"""Dues that are open so long after they were due count as arrears."""
_A_YEAR = {"WEEK": 52, "MONTH": 12, "QUARTER": 4, "YEAR": 1, "ONCE": 0}


@dataclass(frozen=True)
class ClaimFact:
    """A claim: whose, for which days, when it came and was decided, and how much it is."""

    member: int
    illness: bool
    first_day: dt.date
    last_day: dt.date
    reported_on: dt.date
    decided_on: dt.date | None
    refused: bool
    amount: int
    """What was approved; what was asked for while it is not decided; of a claim paid month by month, what was set aside
    up to its last day here."""
    going_on: bool | None = None
    """Whether it goes on, as its schedule says; none for a claim that is not paid month by month."""
    cause: str = ""
    """What it was for: the occasion of the claim."""

    @property
    def days(self) -> int:
        """How many days it is for."""
        return (self.last_day - self.first_day).days + 1


@dataclass(frozen=True)
class Terms:
    """What the rules of the fund say now, in the figures that a page shows and its sliders move."""

    waiting_months: int = 0
    """Before somebody who joins is covered (F1)."""
    waiting_days: int = 0
    """Of each illness, before the first paid day (F1)."""
    longest_days: int | None = None
    """Paid for one claim at most (F2)."""
    ceiling: int | None = None
    """Paid for one claim at most, in minor units."""


@dataclass(frozen=True)
class Circled:
    """What circles carry of a fund's claims, and pay it for the rest.

    :ivar seated: how many members sit in a circle that gives
    :ivar retention: what a circle carries of one claim at most, in minor units; none is everything
    :ivar room: what circles can carry in a year: their retentions of a year, and what their buffers hold and get
    :ivar premiums: what they pay the fund in a month
    """

    seated: int = 0
    retention: int | None = None
    room: int = 0
    premiums: int = 0


@dataclass(frozen=True)
class FundFacts:
    """One fund on one day.

    :ivar held: what the fund holds, above nothing; ``set_aside`` more is kept for approved benefits
    :ivar owed: approved and not paid yet, whether set aside or not, without what circles gave for it
    :ivar ages: how many members of each age are known; the others' ages are not
    :ivar exposure_days: how many days members belonged in the time the rates are counted over
    :ivar dues: what a member pays into this fund in a month, on average, with what circles pay as premiums
    :ivar earned: dues charged for this fund in the last twelve months
    :ivar versions: the fund's rules, those that are adopted and begin later with them
    :ivar covers: how many members are covered alike; the others have said nothing
    :ivar charges, settled, lost: charges that should be paid by now: how many, what they sum to, what of it is open
    """

    fund_id: int
    slug: str
    name: str
    promise: str
    currency: str
    on: dt.date
    history_from: dt.date
    held: int
    set_aside: int
    owed: int
    floor: int
    members: int
    joined_lately: tuple[int, ...]
    joined: int
    left: int
    exposure_days: int
    ages: tuple[tuple[int, int], ...]
    dues: int
    earned: int
    charges: int
    settled: int
    lost: int
    claims: tuple[ClaimFact, ...]
    versions: tuple[Version, ...] = ()
    covers: tuple[tuple[Covered, int], ...] = ()
    circled: Circled = Circled()

    @property
    def terms(self) -> Terms:
        """What the rules in force say."""
        return terms_of(self.versions, self.on)


def funds(only: str = "") -> list[Fund]:
    """The open funds, by name; only one where its slug is given.

    :raises Fund.DoesNotExist: if there is no open fund of that slug
    """
    found = Fund.objects.select_related("account__currency").filter(closed_on=None).order_by("name")
    return [found.get(slug=only)] if only else list(found)


def of(fund: Fund, on: dt.date) -> FundFacts:
    """The facts of a fund on a day."""
    versions = rules.versions(fund.pk)
    terms = terms_of(versions, on)
    first = max(fund.opened_on, add_months(on, -HISTORY_MONTHS))
    members, joined, left, exposure = _members(fund.currency, first, on)
    now, earned, charges, settled, lost = _dues(fund, on)
    pot = _pot(fund)
    unpaid = Instalment.objects.filter(fund=fund, state=Instalment.State.APPROVED)
    owed = unpaid.aggregate(sum=Sum("amount_due"))["sum"] or 0
    owed -= unpaid.filter(carried__returned_on=None).aggregate(sum=Sum("carried__given"))["sum"] or 0
    circled = _circled(fund, on)
    covers, ages = _covers(fund, on)
    now += circled.premiums // members if members else 0
    return FundFacts(
        fund_id=fund.pk, slug=fund.slug, name=fund.name, promise=fund.promise, currency=fund.currency, on=on,
        history_from=first, held=minor(balances.of(fund.account)), set_aside=pot, owed=int(owed),
        floor=minor(fund.floor), members=members, joined_lately=_joined_lately(fund.currency, terms, on),
        joined=joined, left=left, exposure_days=exposure, ages=ages, dues=now, earned=earned,
        charges=charges, settled=settled, lost=lost, claims=tuple(_claims(fund, on)), versions=versions,
        covers=covers, circled=circled,
    )  # fmt: skip


ILL = (Claim.Occasion.ILLNESS, Claim.Occasion.ACCIDENT, Claim.Occasion.WORK_ACCIDENT)
"""Causes that are illnesses to a simulation."""


def chief(version: Version) -> Benefit:
    """The benefit that a version's figures are about: for an illness, else the first that is paid over time."""
    benefits = version.terms.benefits
    over_time = [one for one in benefits if not one.once] or list(benefits)
    return next((one for one in over_time if set(one.causes) & set(ILL)), over_time[0])


def terms_of(versions: Sequence[Version], on: dt.date) -> Terms:
    """What the version in force on a day says of its chief benefit."""
    version = version_on(versions, on)
    if version is None:
        return Terms()
    one = chief(version)
    own_risk = _days(one.own_risk)
    longest = None
    if one.duration is not None:
        longest = _days(one.duration) - (own_risk if one.clock == Clock.OCCURRED else 0)
    return Terms(one.waiting_months, own_risk, longest and max(longest, 1), one.ceiling_claim)


def _covers(fund: Fund, on: dt.date) -> tuple[tuple[tuple[Covered, int], ...], tuple[tuple[int, int], ...]]:
    """How many members are covered alike, and how many there are of each age, as far as the rules made them say it."""
    rows = (
        Cover.objects.filter(fund=fund, member__status=Member.Status.ACTIVE, since__lte=on)
        .order_by("member_id", "since")
        .values_list("member_id", "level", "units", "earnings", "born_on")
    )
    newest: dict[int, Covered] = {}
    born: dict[int, dt.date] = {}
    for member, level, units, earnings, born_on in rows.iterator(chunk_size=2000):
        newest[member] = Covered(level, units, earnings)
        if born_on is not None:
            born[member] = born_on
    ages = Counter(on.year - day.year - ((on.month, on.day) < (day.month, day.day)) for day in born.values())
    covers = sorted(
        Counter(newest.values()).items(), key=lambda one: (one[0].level, one[0].units, one[0].earnings or 0)
    )
    return tuple(covers), tuple(sorted(ages.items()))


def _circled(fund: Fund, on: dt.date) -> Circled:
    """What the circles of a fund carry by the terms in force, as far as they can."""
    terms = circle_terms.in_force(fund.pk, on)
    if terms is None:
        return Circled()
    seats = Seat.objects.filter(circle__fund=fund, circle__state__in=Circle.GIVING, left_on=None, joined_on__lte=on)
    levels = circle_terms.levels(terms)
    deposits = [(levels.get(place) or levels[max(levels)]).deposit for place in seats.values_list("place", flat=True)]
    if not deposits:
        return Circled()
    buffers = chart.with_prefix(f"{accounts.BUFFERS}{fund.slug}:", book=chart.coop_book())
    held = balances.of_many([one for one in buffers if one.currency.code == fund.currency])
    month = sum(premiums(deposits, terms.premium_points))
    room = sum(minor(amount) for amount in held.values()) + 12 * (sum(deposits) - month)
    if terms.year_retention is not None:
        room = min(room, terms.year_retention * seats.values("circle").distinct().count())
    return Circled(len(deposits), terms.claim_retention, max(room, 0), month)


def _days(span: Span) -> int:
    return span.days + round(span.months * 1461 / 48)


def _pot(fund: Fund) -> int:
    code = f"liabilities:benefits:{fund.slug}"
    pots = chart.with_codes([code], book=chart.coop_book())
    return sum(minor(balances.of(pot)) for pot in pots if pot.currency.code == fund.currency)


def _members(currency: str, first: dt.date, on: dt.date) -> tuple[int, int, int, int]:
    """Members now, those who joined and left within a year, and days of membership since ``first``."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FILTER (WHERE status IN ('ACTIVE', 'SUSPENDED') AND joined_on <= %(on)s),
                   count(*) FILTER (WHERE joined_on > %(year)s AND joined_on <= %(on)s),
                   count(*) FILTER (WHERE left_on > %(year)s AND left_on <= %(on)s),
                   coalesce(sum(greatest(0, least(coalesce(left_on, %(on)s), %(on)s::date)
                                          - greatest(joined_on, %(first)s::date))), 0)
              FROM members_member WHERE joined_on IS NOT NULL AND currency = %(currency)s
            """,
            {"on": on, "year": add_months(on, -12), "first": first, "currency": currency},
        )
        members, joined, left, exposure = cursor.fetchone()
    return int(members), int(joined), int(left), int(exposure)


def _joined_lately(currency: str, terms: Terms, on: dt.date) -> tuple[int, ...]:
    """How many members are not covered yet, by the months they have still to wait."""
    counts = []
    for months_left in range(1, terms.waiting_months + 1):
        after = add_months(on, months_left - terms.waiting_months - 1)
        until = add_months(on, months_left - terms.waiting_months)
        present = Member.objects.filter(currency=currency, status__in=[Member.Status.ACTIVE, Member.Status.SUSPENDED])
        counts.append(present.filter(joined_on__gt=after, joined_on__lte=until).count())
    return tuple(counts)


def _part(fund: Fund, versions: Sequence[PlanVersion]) -> dict[int, tuple[int, int, int]]:
    """For each version of a dues plan: the fund's weight, all weights, and how often a year it is charged."""
    found = {}
    for version in versions:
        shares = list(version.shares.all())
        of_fund = sum(share.weight for share in shares if share.fund_id == fund.pk and not share.buffer)
        found[version.pk] = (of_fund, sum(share.weight for share in shares), _A_YEAR.get(version.plan.every, 12))
    return found


def _dues(fund: Fund, on: dt.date) -> tuple[int, int, int, int, int]:
    """A member's dues in a month, dues of the last year, and of those due long ago: how many, their sum, what is open.

    A member's dues are her newest charge's, whatever rule it came from; before anything was charged, her plan's.
    """
    once = list(PlanVersion.objects.filter(plan__every=DuesPlan.Every.ONCE).values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT version_id, coalesce(sum(amount) FILTER (WHERE charged_on > %(year)s), 0),
                   count(*) FILTER (WHERE due_on <= %(settled)s),
                   coalesce(sum(amount) FILTER (WHERE due_on <= %(settled)s), 0),
                   coalesce(sum(amount - paid) FILTER (WHERE due_on <= %(settled)s), 0)
              FROM pooling_charge WHERE charged_on > %(first)s AND charged_on <= %(on)s GROUP BY version_id
            """,
            {
                "on": on, "year": add_months(on, -12), "first": add_months(on, -14),
                "settled": on - dt.timedelta(days=SETTLED_DAYS),
            },
        )  # fmt: skip
        sums = {int(row[0]): tuple(int(n) for n in row[1:]) for row in cursor.fetchall()}
        cursor.execute(
            """
            SELECT version_id, sum(amount), count(*) FROM (
                SELECT DISTINCT ON (c.member_id) c.member_id, c.version_id, coalesce(c.whole, c.amount) AS amount
                  FROM pooling_charge c JOIN members_member m ON m.id = c.member_id
                 WHERE c.charged_on > %(first)s AND c.charged_on <= %(on)s AND m.status IN ('ACTIVE', 'SUSPENDED')
                   AND m.currency = %(currency)s AND c.part = 0 AND NOT c.version_id = ANY(%(once)s)
                 ORDER BY c.member_id, c.charged_on DESC, c.id DESC) AS newest
             GROUP BY version_id
            """,
            {"on": on, "first": add_months(on, -14), "currency": fund.currency, "once": once},
        )
        newest = {int(version): (int(amount), int(count)) for version, amount, count in cursor.fetchall()}
    versions = PlanVersion.objects.select_related("plan").prefetch_related("shares")
    parts = _part(fund, list(versions.filter(pk__in={*sums, *newest}, plan__currency=fund.currency)))
    earned = settled = lost = charges = yearly = payers = 0
    for pk, (of_fund, whole, a_year) in parts.items():
        charged, count, due, still_open = sums.get(pk, (0, 0, 0, 0))
        earned += charged * of_fund // whole
        settled += due * of_fund // whole
        lost += still_open * of_fund // whole
        charges += count if of_fund else 0
        amount, members = newest.get(pk, (0, 0))
        yearly += amount * of_fund * a_year // whole
        payers += members
    if not payers:
        yearly, payers = _planned(fund, on)
    return yearly // (12 * payers) if payers else 0, earned, charges, settled, lost


def _planned(fund: Fund, on: dt.date) -> tuple[int, int]:
    """What members would pay in a year by the plans they are on, and how many they are."""
    yearly = payers = 0
    for plan in DuesPlan.objects.filter(currency=fund.currency).prefetch_related("versions__shares"):
        held = sorted((v for v in plan.versions.all() if v.valid_from <= on), key=lambda v: v.valid_from)
        count = plan.members.filter(until=None).count()
        if held and count:
            of_fund, whole, a_year = _part(fund, [held[-1]])[held[-1].pk]
            yearly += minor(held[-1].amount) * count * of_fund * a_year // whole
            payers += count
    return yearly, payers


def _claims(fund: Fund, on: dt.date) -> list[ClaimFact]:
    rows: Any = (
        Claim.objects.filter(fund=fund, submitted_on__gt=add_months(on, -CLAIMS_MONTHS), submitted_on__lte=on)
        .exclude(status=Claim.Status.WITHDRAWN)
        .order_by("id")
        .values_list(
            "pk", "member_id", "occasion", "first_day", "last_day", "submitted_on", "decided_on", "status", "ongoing",
            "amount_claimed", "amount_approved",
        )
    )  # fmt: skip
    unit = 10**fund.account.currency.decimals
    months = _set_aside_so_far(fund)
    found = []
    for pk, member, occasion, first, certified, reported, decided, status, ongoing, asked, approved in rows:
        month_by_month = status in Claim.GOING_ON
        last, amount = certified, int((asked if approved is None else approved) * unit)
        if month_by_month:
            last, amount = months.get(pk, (last, amount))
        found.append(
            ClaimFact(
                member, occasion in ILL, first, last, reported, decided,
                status == Claim.Status.REFUSED, amount, ongoing if month_by_month else None, occasion,
            )
        )  # fmt: skip
    return found


def _set_aside_so_far(fund: Fund) -> dict[int, tuple[dt.date, int]]:
    """Of claims paid month by month: up to which day, and how much."""
    rows = (
        Instalment.objects.filter(fund=fund, claim__status__in=Claim.GOING_ON)
        .exclude(state=Instalment.State.RELEASED)
        .values("claim_id")
        .annotate(until=Max("last_day"), amount=Sum("amount_due"))
    )
    return {row["claim_id"]: (row["until"], int(row["amount"])) for row in rows}


@dataclass(frozen=True)
class CoreFacts:
    """The cooperative's own money against its running costs (F13)."""

    currency: str
    reserves: int
    costs: int
    """Of the last twelve months."""


def core(currency: str, on: dt.date) -> CoreFacts:
    """What the cooperative keeps beside its funds, the running year's result not counted, and what running it costs."""
    coop = chart.coop_book()
    kept = [one for one in chart.with_prefix("equity:", book=coop) if not one.code.startswith("equity:fund:")]
    held = balances.of_many([one for one in kept if one.currency.code == currency])
    costs = [one for one in chart.with_prefix("expenses:", book=coop) if one.currency.code == currency]
    year = Period(add_months(on, -12) + dt.timedelta(days=1), on + dt.timedelta(days=1))
    moved = balances.turnovers(costs, year) if costs else {}
    spent = sum(minor(debit) - minor(credit) for debit, credit in moved.values())
    return CoreFacts(currency, sum(minor(amount) for amount in held.values()), spent)

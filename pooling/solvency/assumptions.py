"""From a fund's facts to what a simulation is told: history where there is much of it, tables where there is little.

Pure. Rates, shares and survivals are floats; amounts are minor units.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mutual.money import decimals
from mutual.periods import add_months, month
from pooling.solvency import tables
from pooling.solvency.facts import ClaimFact, FundFacts
from pooling.solvency.simulation import MONTHS, Cell, Floats, OpenClaims, Setup
from pooling.solvency.tables import Survival

YEAR = 365.25
GAP_DAYS = 7
"""A member's claims with no more days between them are one illness."""
FRESH_DAYS = 35
"""An illness reported up to its last day, so lately, may go on: certificates come month by month."""
ALIKE_DAYS = 14
"""Illnesses that go on are drawn together, at their average benefit, where they began in the same fortnight."""
BENEFITS = 3
"""Into so many benefits a day the claims are grouped, lowest to highest."""


@dataclass(frozen=True)
class Spell:
    """One illness, from its claims: how long so far, whether it is over, and a day's benefit."""

    member: int
    first_day: dt.date
    last_day: dt.date
    reported_on: dt.date
    illness: bool
    over: bool
    amount: int

    @property
    def days(self) -> int:
        """How many days it has lasted."""
        return (self.last_day - self.first_day).days + 1


@dataclass(frozen=True)
class Assumptions:
    """What a simulation of a fund assumes, with how much of it is the fund's own history.

    :ivar incidence: claims a member and year; ``own_incidence`` is the history's, ``incidence_trust`` its weight
    :ivar durations_trust: the weight of the fund's own durations against the tables
    :ivar by_days: whether benefits are paid by the day; else each claim is one sum
    :ivar mean_days: paid for a claim, on average
    :ivar mean_cost: of a claim, in minor units
    :ivar unreported: how many claims have happened and are not reported, about (IBNR), and what they will cost
    :ivar open_reserve: what illnesses that go on will still cost
    """

    setup: Setup
    sickness: bool
    spells: int
    people: int
    incidence: float
    own_incidence: float
    incidence_trust: float
    durations_trust: float
    arrears: float
    joiners_a_year: float
    leaving_a_year: float
    longest_days: int
    ages_known: int
    mean_days: float
    mean_cost: int
    unreported: float
    ibnr: int
    open_spells: int
    open_people: int
    open_reserve: int


def spells(claims: Sequence[ClaimFact], on: dt.date) -> list[Spell]:
    """The illnesses that claims are about; a member's claims that follow one another are one."""
    found: list[Spell] = []
    for claim in sorted(claims, key=lambda one: (one.member, one.first_day, one.last_day)):
        if claim.refused:
            continue
        fresh = _goes_on(claim, on)
        last = found[-1] if found else None
        if last and last.member == claim.member and (claim.first_day - last.last_day).days <= GAP_DAYS + 1:
            found[-1] = replace(
                last, last_day=max(last.last_day, claim.last_day), over=not fresh, amount=last.amount + claim.amount,
                illness=last.illness or claim.illness,
            )  # fmt: skip
        else:
            found.append(
                Spell(
                    claim.member, claim.first_day, claim.last_day, claim.reported_on, claim.illness, not fresh,
                    claim.amount,
                )
            )  # fmt: skip
    return found


def _goes_on(claim: ClaimFact, on: dt.date) -> bool:
    """Whether an illness may go on: by its schedule where it is paid month by month, else by how lately it ended."""
    if claim.going_on is not None:
        return claim.illness and claim.going_on
    return (
        claim.illness
        and claim.last_day >= claim.reported_on - dt.timedelta(days=3)
        and claim.last_day >= on - dt.timedelta(days=FRESH_DAYS)
    )


def coming_months(on: dt.date, count: int = MONTHS) -> list[dt.date]:
    """The first days of the months that follow the one a day is in."""
    first = month(on).next().start
    return [add_months(first, n) for n in range(count)]


def of(facts: FundFacts) -> Assumptions:
    """What a simulation of this fund should assume."""
    said = tables.assumed(facts.on)
    history = spells(facts.claims, facts.on)
    ill = [one for one in history if one.illness]
    sickness = 2 * len(ill) >= len(history)
    counted = [one for one in history if one.first_day >= facts.history_from]
    longest = _longest(facts, history, said, sickness=sickness)

    reported = _reported(history, said, facts.on)
    years = facts.exposure_days / YEAR * float(np.mean(reported))
    prior_years, prior = said["incidence_weight"], said["incidence"]
    shape = len(counted) + prior * prior_years
    incidence = shape / (years + prior_years)

    bands = _bands(facts)
    survivals = _survivals(bands, history, said, sickness=sickness)
    waiting = facts.terms.waiting_days if sickness else 0
    benefits = _benefits(history, said, facts, sickness=sickness)
    cells = []
    for daily, share in benefits:
        most = longest if facts.terms.ceiling is None else min(longest, max(facts.terms.ceiling // max(daily, 1), 1))
        for (_age, of_members, relative), survival in zip(bands, survivals, strict=True):
            paid = tables.paid_days(survival, waiting=waiting, longest=most)
            cells.append(Cell(of_members * share, incidence * relative, daily, paid))
    cells = _above_circles(cells, facts)
    mean_days, mean_cost = _means(cells)
    going_on, reserve = _going_on(history, facts, longest, sickness=sickness, survivals=survivals, bands=bands)
    unreported = incidence * facts.members / 12 * float(np.sum(1 - reported))
    ibnr = round(unreported * mean_cost)
    lost = facts.lost / facts.settled if facts.settled else 0.0
    trust_charges = facts.charges / (facts.charges + said["arrears_weight"])
    arrears = trust_charges * lost + (1 - trust_charges) * said["arrears"]
    average = max(facts.members + (facts.left - facts.joined) / 2, 1)
    months = coming_months(facts.on)
    setup = Setup(
        month_days=tuple(month(first).days for first in months),
        seasons=_seasons(history, months, said, sickness=sickness), members=facts.members, cells=tuple(cells),
        waiting=facts.joined_lately, waiting_months=facts.terms.waiting_months, joiners=facts.joined / 12,
        leaving=min(facts.left / average / 12, 1.0), arrears=min(max(arrears, 0.0), 1.0), waiting_days=waiting,
        certainty=shape, open_claims=tuple(going_on), due_already=facts.owed + ibnr,
    )  # fmt: skip
    open_ones = [one for one in history if not one.over]
    return Assumptions(
        setup=setup, sickness=sickness, spells=len(counted), people=len({one.member for one in counted}),
        incidence=incidence, own_incidence=len(counted) / years if years else 0.0,
        incidence_trust=years / (years + prior_years),
        durations_trust=_trust(history, said) if sickness else 1.0, arrears=arrears,
        joiners_a_year=float(facts.joined), leaving_a_year=min(facts.left / average, 1.0), longest_days=longest,
        ages_known=sum(count for _age, count in facts.ages), mean_days=mean_days, mean_cost=mean_cost,
        unreported=unreported, ibnr=ibnr, open_spells=len(open_ones),
        open_people=len({one.member for one in open_ones}), open_reserve=reserve,
    )  # fmt: skip


def _longest(facts: FundFacts, history: Sequence[Spell], said: dict[str, float], *, sickness: bool) -> int:
    if not sickness:
        return 1
    if facts.terms.longest_days is not None:
        return min(facts.terms.longest_days, tables.DAYS - 1)
    return max(round(said["longest"]), *(one.days for one in history), 1) if history else round(said["longest"])


def _reported(history: Sequence[Spell], said: dict[str, float], on: dt.date) -> tables.Survival:
    """For each of the last twelve months, newest first, the share of its claims that is reported by now.

    The delay from the first day to the report: the fund's own, mixed with one that is exponential.
    """
    delays = np.array(sorted(max((one.reported_on - one.first_day).days, 0) for one in history), dtype=float)
    ages = np.arange(12) * (YEAR / 12) + YEAR / 24
    expected: tables.Survival = 1 - np.exp(-ages / said["reporting_delay"])
    if not len(delays):
        return expected
    own = np.searchsorted(delays, ages, side="right") / len(delays)
    trust = len(delays) / (len(delays) + said["reporting_weight"])
    mixed: tables.Survival = trust * own + (1 - trust) * expected
    return mixed


def _bands(facts: FundFacts) -> list[tuple[int, float, float]]:
    """Age, share of the members, relative rate (one on average) of every age band; assumed where ages are unknown."""
    bands = tables.age_bands()
    known = sum(count for _age, count in facts.ages)
    shares = []
    for place, band in enumerate(bands):
        until = bands[place + 1].from_age if place + 1 < len(bands) else 200
        first = band.from_age if place else 0
        counted = sum(count for age, count in facts.ages if first <= age < until)
        unknown = max(facts.members - known, 0)
        shares.append((counted + band.share * unknown) / max(known + unknown, 1) if facts.members else band.share)
    mean = sum(share * band.relative for share, band in zip(shares, bands, strict=True)) or 1.0
    return [(band.representative, share, band.relative / mean) for share, band in zip(shares, bands, strict=True)]


def _trust(history: Sequence[Spell], said: dict[str, float]) -> float:
    many = sum(one.illness for one in history)
    return many / (many + said["durations_weight"])


def _survivals(
    bands: Sequence[tuple[int, float, float]], history: Sequence[Spell], said: dict[str, float], *, sickness: bool
) -> list[Survival]:
    """For each age band, how long illnesses last: the fund's own mixed with the table of that age."""
    if not sickness:
        once = np.zeros(tables.DAYS + 1)
        once[0] = 1.0
        return [once for _band in bands]
    ill = [(one.days, one.over) for one in history if one.illness]
    trust = _trust(history, said)
    mixed = tables.own(ill) if ill else None
    return [
        tables.bcac(age) if mixed is None else tables.blend([mixed, tables.bcac(age)], [trust, 1 - trust])
        for age, _share, _relative in bands
    ]


def _benefits(
    history: Sequence[Spell], said: dict[str, float], facts: FundFacts, *, sickness: bool
) -> list[tuple[int, float]]:
    """Benefits a day (or, where claims are one sum, those sums) with the share of claims at each."""
    if sickness:
        amounts = sorted(one.amount / one.days for one in history if one.illness)
    else:
        amounts = sorted(float(one.amount) for one in history)
    if not amounts:
        return [(round(said["daily"]) * 10 ** decimals(facts.currency), 1.0)]
    groups = np.array_split(np.array(amounts), min(BENEFITS, len(amounts)))
    return [(max(round(float(group.mean())), 1), len(group) / len(amounts)) for group in groups]


def _above_circles(cells: Sequence[Cell], facts: FundFacts) -> list[Cell]:
    """What is left to the fund of claims whose first part a circle carries (F6); none where there are no circles.

    The retention counts as so many whole paid days, the last one rounded down: to the fund's cost never too many. Where
    circles have less room in a year than their members' claims are expected to take, the fund pays the share beyond.
    """
    circled = facts.circled
    if not circled.seated or not facts.members:
        return list(cells)
    carried, left = 0.0, []
    for cell in cells:
        days = len(cell.paid_days) if circled.retention is None else circled.retention // max(cell.daily, 1)
        lengths = np.arange(len(cell.paid_days))
        carried += cell.share * cell.rate * cell.daily * float(cell.paid_days @ np.minimum(lengths, days))
        left.append(replace(cell, paid_days=_beyond(cell.paid_days, days)))
    expected = carried * circled.seated
    share = min(circled.seated / facts.members, 1.0) * (min(circled.room / expected, 1.0) if expected else 1.0)
    return [
        *(replace(cell, share=cell.share * (1 - share)) for cell in cells),
        *(replace(cell, share=cell.share * share) for cell in left),
    ]


def _beyond(paid: Floats, days: int) -> Floats:
    """How likely each number of paid days is once the first ``days`` of them are somebody else's."""
    beyond = np.zeros(max(len(paid) - days, 1))
    beyond[0] = paid[: days + 1].sum()
    beyond[1:] = paid[days + 1 :]
    return beyond


def _means(cells: Sequence[Cell]) -> tuple[float, int]:
    """Days and minor units a claim is paid, on average."""
    many = sum(cell.share * cell.rate for cell in cells)
    if not many:
        return 0.0, 0
    days = [float(cell.paid_days @ np.arange(len(cell.paid_days))) for cell in cells]
    weights = [cell.share * cell.rate / many for cell in cells]
    cost = sum(w * d * cell.daily for w, d, cell in zip(weights, days, cells, strict=True))
    return sum(w * d for w, d in zip(weights, days, strict=True)), round(cost)


def _going_on(
    history: Sequence[Spell], facts: FundFacts, longest: int, *, sickness: bool, survivals: Sequence[Survival],
    bands: Sequence[tuple[int, float, float]],
) -> tuple[list[OpenClaims], int]:  # fmt: skip
    """Illnesses that may go on, and what they are expected to cost still, by the continuation tables."""
    if not sickness:
        return [], 0
    weights = [share * relative for _age, share, relative in bands]
    survival = tables.blend(survivals, weights)
    alike: dict[int, list[Spell]] = {}
    reserve = 0
    for one in history:
        left = longest - one.days
        if one.over or left <= 0 or one.days >= tables.DAYS:
            continue
        alike.setdefault(one.days // ALIKE_DAYS, []).append(one)
        daily = one.amount / one.days
        reserve += round(tables.expected_days(survival, after=one.days, until=one.days + left) * daily)
    found = []
    for group in alike.values():
        days = sum(one.days for one in group) // len(group)
        daily = max(round(sum(one.amount / one.days for one in group) / len(group)), 1)
        paid = tables.paid_days(survival, waiting=days, longest=longest - days)
        found.append(OpenClaims(len(group), daily, paid))
    return found, reserve


def _seasons(
    history: Sequence[Spell], months: Sequence[dt.date], said: dict[str, float], *, sickness: bool
) -> tuple[float, ...]:
    if not sickness:
        return (1.0,) * len(months)
    counts = [0] * 12
    for one in history:
        counts[one.first_day.month - 1] += 1
    relative = tables.seasons(counts, weight=round(said["season_weight"]))
    return tuple(float(relative[first.month - 1]) for first in months)

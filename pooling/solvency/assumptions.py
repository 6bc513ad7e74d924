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
from pooling.benefits.engine import Version, version_on
from pooling.benefits.terms import Benefit, By, Clock, Pays, Per, Span, Terms
from pooling.solvency import costs, tables
from pooling.solvency.costs import LONG_AGO, Covered, Curve
from pooling.solvency.facts import ILL, Circled, ClaimFact, FundFacts
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
"""Into so many benefits the claims are grouped, lowest to highest."""


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
    cause: str = ""

    @property
    def days(self) -> int:
        """How many days it has lasted."""
        return (self.last_day - self.first_day).days + 1


@dataclass(frozen=True)
class Band:
    """Members of about one age.

    :ivar share: their share of the members
    :ivar rate: how many claims one of them makes in a year under the rules in force
    :ivar survival: how long their illnesses last
    """

    share: float
    rate: float
    survival: Survival


@dataclass(frozen=True)
class Rule:
    """By what claims of some coming months are paid: a version of the rules, for members who are covered alike.

    :ivar version: with the one benefit that pays; its number is 0 where the fund's own claims are put as rules
    :ivar share: of the claims of those months
    """

    version: Version
    covered: Covered
    share: float
    months: tuple[int, int]

    @property
    def benefit(self) -> Benefit:
        """The benefit that pays."""
        return self.version.terms.benefits[0]


@dataclass(frozen=True)
class Recipe:
    """What the cells of a simulation are made of, kept so that they can be made again under other rules.

    :ivar factor: what the fund's own claims came to, of what the rules reckon for illnesses of their length: people who
        return step by step, or to whom something still comes in, get less (F9)
    :ivar unpaid_days: illnesses no longer than this are not claimed for under the rules in force
    :ivar since: the day from which the year of :func:`pooling.solvency.costs.curve` runs
    """

    bands: tuple[Band, ...]
    rules: tuple[Rule, ...]
    factor: float
    unpaid_days: int
    since: dt.date
    members: int
    circled: Circled


@dataclass(frozen=True)
class Assumptions:
    """What a simulation of a fund assumes, with how much of it is the fund's own history.

    :ivar incidence: claims a member and year; ``own_incidence`` is the history's, ``incidence_trust`` its weight
    :ivar durations_trust: the weight of the fund's own durations against the tables
    :ivar recipe: what the cells of ``setup`` are made of
    :ivar mean_days: paid for a claim, on average
    :ivar mean_cost: of a claim, in minor units
    :ivar unreported: how many claims have happened and are not reported, about (IBNR), and what they will cost
    :ivar open_reserve: what illnesses that go on will still cost
    """

    setup: Setup
    recipe: Recipe
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
                    claim.amount, claim.cause,
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
    sickness = 2 * len(ill) >= len(history) if history else _for_illness(facts)
    counted = [one for one in history if one.first_day >= facts.history_from]
    reported = _reported(history, said, facts.on)
    years = facts.exposure_days / YEAR * float(np.mean(reported))
    prior_years, prior = said["incidence_weight"], said["incidence"]
    shape = len(counted) + prior * prior_years
    incidence = shape / (years + prior_years)

    recipe = _recipe(facts, history, said, incidence, sickness=sickness)
    made = cells(recipe)
    mean_days, mean_cost = _means(made)
    going_on, reserve = _going_on(facts, history, recipe, sickness=sickness)
    unreported = incidence * facts.members / 12 * float(np.sum(1 - reported))
    ibnr = round(unreported * mean_cost)
    lost = facts.lost / facts.settled if facts.settled else 0.0
    trust_charges = facts.charges / (facts.charges + said["arrears_weight"])
    arrears = trust_charges * lost + (1 - trust_charges) * said["arrears"]
    average = max(facts.members + (facts.left - facts.joined) / 2, 1)
    months = coming_months(facts.on)
    setup = Setup(
        month_days=tuple(month(first).days for first in months),
        seasons=_seasons(history, months, said, sickness=sickness), members=facts.members, cells=made,
        waiting=facts.joined_lately, waiting_months=facts.terms.waiting_months, joiners=facts.joined / 12,
        leaving=min(facts.left / average / 12, 1.0), arrears=min(max(arrears, 0.0), 1.0),
        certainty=shape, open_claims=tuple(going_on), due_already=facts.owed + ibnr,
    )  # fmt: skip
    open_ones = [one for one in history if not one.over]
    return Assumptions(
        setup=setup, recipe=recipe, sickness=sickness, spells=len(counted), people=len({one.member for one in counted}),
        incidence=incidence, own_incidence=len(counted) / years if years else 0.0,
        incidence_trust=years / (years + prior_years),
        durations_trust=_trust(history, said) if sickness else 1.0, arrears=arrears,
        joiners_a_year=float(facts.joined), leaving_a_year=min(facts.left / average, 1.0),
        longest_days=_longest(facts, history, said, sickness=sickness),
        ages_known=sum(count for _age, count in facts.ages), mean_days=mean_days, mean_cost=mean_cost,
        unreported=unreported, ibnr=ibnr, open_spells=len(open_ones),
        open_people=len({one.member for one in open_ones}), open_reserve=reserve,
    )  # fmt: skip


def _for_illness(facts: FundFacts) -> bool:
    """What a fund is for before anybody has claimed: as its rules say, and illness where it has none."""
    version = version_on(facts.versions, coming_months(facts.on, 1)[0])
    return version is None or costs.covering(version, ILL) is not None


def _longest(facts: FundFacts, history: Sequence[Spell], said: dict[str, float], *, sickness: bool) -> int:
    """For how many days one claim is paid at most: by the rules; where there are none, as far as is known."""
    if not sickness:
        return 1
    if facts.terms.longest_days is not None:
        return min(facts.terms.longest_days, tables.DAYS - 1)
    if version_on(facts.versions, facts.on) is not None:
        return tables.DAYS - 1
    return max(round(said["longest"]), *(one.days for one in history), 1) if history else round(said["longest"])


# --- by what claims are paid --------------------------------------------------------------------------------------


def _recipe(
    facts: FundFacts, history: Sequence[Spell], said: dict[str, float], incidence: float, *, sickness: bool
) -> Recipe:
    aged = _bands(facts)
    survivals = _survivals(aged, history, said, sickness=sickness)
    bands = tuple(
        Band(share, incidence * relative, survival)
        for (_age, share, relative), survival in zip(aged, survivals, strict=True)
    )
    covers = _alike(facts)
    own = _from_history(facts, history, said, sickness=sickness)
    found: list[Rule] = []
    for version, months in _in_force(facts):
        ruled = _ruled(version, covers, facts, history, sickness=sickness) if version is not None else []
        found += [Rule(one, covered, share, months) for one, covered, share in ruled or own]
    made = Recipe(bands, tuple(found), 1.0, 0, facts.on, facts.members, facts.circled)
    factor = _factor(facts, history, covers, said, sickness=sickness)
    return replace(made, factor=factor, unpaid_days=max(int(np.argmax(_now(made) > 0)) - 1, 0))


def _in_force(facts: FundFacts) -> list[tuple[Version | None, tuple[int, int]]]:
    """Which version of the rules claims of which coming months fall under: the one in force when the month begins."""
    found: list[tuple[Version | None, tuple[int, int]]] = []
    for n, first in enumerate(coming_months(facts.on)):
        version = version_on(facts.versions, first)
        if found and found[-1][0] == version:
            found[-1] = (version, (found[-1][1][0], n + 1))
        else:
            found.append((version, (n, n + 1)))
    return found


def _alike(facts: FundFacts) -> list[tuple[Covered, int]]:
    """The covers of all members: who said nothing has none; earnings are grouped, lowest to highest, at their mean."""
    rest = facts.members - sum(count for _covered, count in facts.covers)
    by_kind: dict[tuple[str, int], list[tuple[int, int]]] = {}
    found = [(Covered(), rest)] if rest > 0 else []
    for covered, count in facts.covers:
        if covered.earnings is None:
            found.append((covered, count))
        else:
            by_kind.setdefault((covered.level, covered.units), []).append((covered.earnings, count))
    for (level, units), earned in by_kind.items():
        for group in _thirds([(float(amount), float(count)) for amount, count in sorted(earned)]):
            many = sum(count for _amount, count in group)
            mean = sum(amount * count for amount, count in group) / many
            found.append((Covered(level, units, round(mean)), round(many)))
    return found


def _thirds(pairs: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """Values in order with their weights, in groups of about the same weight."""
    total, before = sum(weight for _value, weight in pairs), 0.0
    found: dict[int, list[tuple[float, float]]] = {}
    for value, weight in pairs:
        found.setdefault(min(int((before + weight / 2) * BENEFITS / total), BENEFITS - 1), []).append((value, weight))
        before += weight
    return list(found.values())


def _ruled(
    version: Version, covers: Sequence[tuple[Covered, int]], facts: FundFacts, history: Sequence[Spell],
    *, sickness: bool,
) -> list[tuple[Version, Covered, float]]:  # fmt: skip
    """How a version pays, for each cover that it can be reckoned for, with its share of the claims.

    For an illness that is one benefit, and each member as likely to need it. Other claims are reckoned where all that
    the version pays are lump sums; each weighs as often as its causes were claimed for, and once more.
    """
    if sickness:
        benefits = [one for one in [costs.covering(version, ILL)] if one is not None]
    else:
        lumps = all(one.once and one.pays.by == By.FLAT for one in version.terms.benefits)
        benefits = list(version.terms.benefits) if lumps else []
    found = []
    for benefit in benefits:
        levels = version.terms.levels if benefit.pays.by == By.LEVEL else ()
        one = replace(version, terms=Terms(version.terms.currency, (benefit,), levels))
        often = 1 if sickness else 1 + sum(spell.cause in benefit.causes for spell in history)
        found += [
            (one, covered, often * count)
            for covered, count in covers
            if costs.curve(one, benefit, covered, since=facts.on) is not None
        ]
    many = sum(weight for _one, _covered, weight in found)
    return [(one, covered, weight / many) for one, covered, weight in found]


def _from_history(
    facts: FundFacts, history: Sequence[Spell], said: dict[str, float], *, sickness: bool
) -> list[tuple[Version, Covered, float]]:
    """Where no rules can be reckoned, the fund's own claims put as rules: so much a day (or once), as it was paid."""
    terms = facts.terms
    found = []
    for amount, share in _benefits(history, said, facts, sickness=sickness):
        pays = Pays(By.FLAT, Per.DAY if sickness else Per.ONCE, amount=amount)
        benefit = Benefit("history", "History", ("ILLNESS",), pays, ceiling_claim=terms.ceiling)
        if sickness:
            longest = Span(days=_longest(facts, history, said, sickness=True))
            own_risk = Span(days=terms.waiting_days)
            benefit = replace(benefit, own_risk=own_risk, duration=longest, clock=Clock.AFTER_OWN_RISK)
        found.append((Version(0, LONG_AGO, Terms(facts.currency, (benefit,))), Covered(), share))
    return found


def _factor(
    facts: FundFacts, history: Sequence[Spell], covers: Sequence[tuple[Covered, int]], said: dict[str, float],
    *, sickness: bool,
) -> float:  # fmt: skip
    """What the claims of the history came to, over what the rules of their day reckon for their length; a short history
    is mixed with one, as durations are."""
    mixes = _of_their_day(facts, history, covers, sickness=sickness)
    paid = reckoned = 0.0
    many = 0
    for one in history:
        mix = mixes.get(version_on(facts.versions, one.first_day)) if one.illness is sickness else None
        if mix is not None:
            many, paid = many + 1, paid + one.amount
            reckoned += float(mix[min(one.days, tables.DAYS)])
    if not reckoned:
        return 1.0
    assumed = said["durations_weight"] * reckoned / many
    return (paid + assumed) / (reckoned + assumed)


def _of_their_day(
    facts: FundFacts, history: Sequence[Spell], covers: Sequence[tuple[Covered, int]], *, sickness: bool
) -> dict[Version | None, Curve]:
    """What the versions of the rules that claims of the history fall under reckon for them, by their length, on average
    of the covers; without those that cannot be reckoned."""
    found: dict[Version | None, Curve] = {}
    for version in {version_on(facts.versions, one.first_day) for one in history} - {None}:
        assert version is not None
        mix = _mix([
            (share, costs.curve(ruled, ruled.terms.benefits[0], covered, since=facts.on))
            for ruled, covered, share in _ruled(version, covers, facts, history, sickness=sickness)
        ])  # fmt: skip
        if mix is not None:
            found[version] = mix
    return found


def _mix(found: Sequence[tuple[float, Curve | None]]) -> Curve | None:
    curves = [share * one for share, one in found if one is not None]
    return sum(curves[1:], curves[0]) if curves else None


def _now(recipe: Recipe) -> Curve:
    """What an illness that begins next month costs on average, by its length."""
    found = [(share, cost) for share, months, cost in _curves(recipe) if months[0] == 0]
    return sum((share * cost for share, cost in found), np.zeros(tables.DAYS + 1))


def _curves(
    recipe: Recipe, *, waiting_days: int | None = None, ceiling: tuple[int | None] | None = None
) -> list[tuple[float, tuple[int, int], Curve]]:
    """The curves by which claims are paid, with their share of those that begin in some months."""
    found = []
    for one in recipe.rules:
        benefit = costs.changed(one.benefit, waiting_days=waiting_days, ceiling=ceiling)
        curve = costs.curve(one.version, benefit, one.covered, since=recipe.since)
        if curve is not None:
            found.append((one.share, one.months, curve * (recipe.factor if one.version.number else 1.0)))
    return found


def cells(
    recipe: Recipe, *, waiting_days: int | None = None, ceiling: tuple[int | None] | None = None
) -> tuple[Cell, ...]:
    """The cells of a simulation: by age, by what an illness costs, and by the months in which these rules hold.

    Where other rules pay for illnesses that were too short to be claimed for, the rate of the longer ones stays, and
    that of the shorter ones is read from how long illnesses last at each age. Where they pay for fewer, those cost
    nothing.

    :param waiting_days: other own-risk days than the rules have
    :param ceiling: another ceiling of a claim, or none, in a tuple
    """
    found: list[tuple[Cell, Curve, Curve]] = []
    retention = recipe.circled.retention
    for share, months, cost, rest in _grouped(_curves(recipe, waiting_days=waiting_days, ceiling=ceiling), retention):
        unpaid = min(int(np.argmax(cost > 0)) - 1, recipe.unpaid_days) if cost[-1] > 0 else recipe.unpaid_days
        for band in recipe.bands:
            rate, lasts = _claimed(band, recipe.unpaid_days, unpaid)
            found.append((Cell(band.share * share, rate, lasts, costs.pieces(cost), months), cost, rest))
    return _above_circles(found, recipe)


def _grouped(
    found: Sequence[tuple[float, tuple[int, int], Curve]], retention: int | None
) -> list[tuple[float, tuple[int, int], Curve, Curve]]:
    """Curves of the same months, put together to a few that differ most in what they come to; each with what is left of
    it above a circle's retention, which is taken off before anything is put together."""
    by_months: dict[tuple[int, int], list[tuple[float, Curve]]] = {}
    for share, months, cost in found:
        by_months.setdefault(months, []).append((share, cost))
    grouped = []
    for months, pairs in by_months.items():
        ordered = sorted(pairs, key=lambda pair: float(pair[1].sum()))
        for group in _thirds([(float(n), share) for n, (share, _cost) in enumerate(ordered)]):
            many = sum(share for _n, share in group)
            mean, rest = np.zeros(tables.DAYS + 1), np.zeros(tables.DAYS + 1)
            for n, share in group:
                cost = ordered[int(n)][1]
                mean += share / many * cost
                rest += share / many * costs.above(cost, retention)
            grouped.append((many, months, mean, rest))
    return grouped


def _claimed(band: Band, before: int, unpaid: int) -> tuple[float, Floats]:
    """The rate of illnesses longer than ``unpaid`` days, and how long they last; the band's is of those longer than
    ``before`` days."""
    rate = band.rate
    if unpaid != before and band.survival[before] > 0:
        rate *= float(band.survival[unpaid] / band.survival[before])
    lasts = np.zeros(tables.DAYS + 1)
    lasts[unpaid:] = tables.paid_days(band.survival, waiting=unpaid, longest=tables.DAYS - unpaid)
    return rate, lasts


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
        unpaid = facts.terms.waiting_days
        amounts = sorted(one.amount / max(one.days - unpaid, 1) for one in history if one.illness)
    else:
        amounts = sorted(float(one.amount) for one in history)
    if not amounts:
        return [(round(said["daily"]) * 10 ** decimals(facts.currency), 1.0)]
    groups = np.array_split(np.array(amounts), min(BENEFITS, len(amounts)))
    return [(max(round(float(group.mean())), 1), len(group) / len(amounts)) for group in groups]


def _above_circles(found: Sequence[tuple[Cell, Curve, Curve]], recipe: Recipe) -> tuple[Cell, ...]:
    """What is left to the fund of claims whose first part a circle carries (F6); none where there are no circles.

    Where circles have less room in a year than their members' claims are expected to take, the fund pays the share
    beyond.
    """
    circled = recipe.circled
    whole = tuple(cell for cell, _cost, _rest in found)
    if not circled.seated or not recipe.members:
        return whole
    carried, left = 0.0, []
    for cell, cost, rest in found:
        weight = cell.share * cell.rate * (cell.months[1] - cell.months[0]) / MONTHS
        carried += weight * float(cell.lasts @ (cost - rest))
        left.append(replace(cell, pays=costs.pieces(rest)))
    expected = carried * circled.seated
    share = min(circled.seated / recipe.members, 1.0) * (min(circled.room / expected, 1.0) if expected else 1.0)
    return (
        *(replace(cell, share=cell.share * (1 - share)) for cell in whole),
        *(replace(cell, share=cell.share * share) for cell in left),
    )


def _means(made: Sequence[Cell]) -> tuple[float, int]:
    """Days and minor units a claim is paid, on average over the coming months."""
    weights = [cell.share * cell.rate * (cell.months[1] - cell.months[0]) for cell in made]
    many = sum(weights)
    if not many:
        return 0.0, 0
    days = sum(w * costs.mean_days(cell.lasts, cell.pays) for w, cell in zip(weights, made, strict=True))
    cost = sum(w * costs.mean_cost(cell.lasts, cell.pays) for w, cell in zip(weights, made, strict=True))
    return days / many, round(cost / many)


def _going_on(
    facts: FundFacts, history: Sequence[Spell], recipe: Recipe, *, sickness: bool
) -> tuple[list[OpenClaims], int]:
    """Illnesses that may go on, and what they are expected to cost still, by the continuation tables.

    What each further day costs is read from the rules of the day it began; as much more or less as her own claim came
    to until now than they reckon on average, so much do the days to come.
    """
    if not sickness:
        return [], 0
    weights = [band.share * band.rate for band in recipe.bands]
    survival = tables.blend([band.survival for band in recipe.bands], weights)
    now, theirs = _now(recipe), _of_their_day(facts, history, _alike(facts), sickness=True)
    alike: dict[tuple[Version | None, int], list[Spell]] = {}
    curves: dict[Version | None, Curve] = {}
    reserve = 0.0
    for one in history:
        if one.over or one.days >= tables.DAYS or survival[one.days] <= 0:
            continue
        version = version_on(facts.versions, one.first_day)
        curve = curves.setdefault(version, theirs[version] * recipe.factor if version in theirs else now)
        if curve[-1] <= curve[one.days]:
            continue  # nothing more is paid
        alike.setdefault((version, one.days // ALIKE_DAYS), []).append(one)
        to_come = np.diff(_still(curve, one.days, one.amount))
        reserve += float(survival[one.days : tables.DAYS] @ to_come) / float(survival[one.days])
    found = []
    for (version, _fortnight), group in alike.items():
        days = sum(one.days for one in group) // len(group)
        rest = _still(curves[version], days, sum(one.amount for one in group) / len(group))
        lasts = tables.paid_days(survival, waiting=days, longest=tables.DAYS - days)
        found.append(OpenClaims(len(group), lasts, costs.pieces(rest)))
    return found, round(reserve)


def _still(curve: Curve, days: int, amount: float) -> Curve:
    """What an illness of so many days, which came to an amount, still costs, by its further days.

    Its own ratio to what the rules reckon is mixed with a month as they reckon it, for the first paid days say little;
    while they reckon nothing yet, they say nothing.
    """
    month_more = float(curve[min(days + 30, len(curve) - 1)] - curve[days])
    scale = (amount + month_more) / (float(curve[days]) + month_more) if curve[days] > 0 else 1.0
    rest: Curve = (curve[days:] - curve[days]) * scale
    return rest


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

"""The engine's answer worked out in another way: day by day with fractions, slowly and plainly."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from mutual.periods import add_months

DAY = dt.timedelta(1)


def half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2))


def days_paid(benefit, facts, elapsed=0):
    """The days of a claim that are paid, with the percentage of the rate of each."""
    origin = facts.occurred_on - elapsed * DAY
    free = benefit.own_risk.after(origin)
    if benefit.paid_from_start and (facts.ended_on - origin).days >= benefit.paid_from_start:
        first = facts.began_on
    else:
        first = max(free, facts.began_on)
    base = origin if benefit.clock == "OCCURRED" else free
    stop = benefit.duration.after(base) if benefit.duration else dt.date.max
    found = []
    day = first
    while day < min(facts.ended_on, stop):
        weight = Fraction(1)
        for rung in benefit.steps:
            if day >= rung.after.after(base):
                weight = Fraction(rung.percent) / 100
        incapacity = 100
        for phase in facts.phases:
            if day >= phase.from_on:
                incapacity = phase.incapacity
        if incapacity < benefit.partial.least:
            incapacity = 0
        elif incapacity >= benefit.partial.full:
            incapacity = 100
        old = benefit.age_until and facts.born_on and day >= add_months(facts.born_on, 12 * benefit.age_until)
        gone = facts.left_on and day >= facts.left_on
        counts = day.isoweekday() in benefit.weekdays and not old and not gone
        recent = [one for one, _weight in found if one > add_months(day, -benefit.within.months)] if (
            benefit.within
        ) else []  # fmt: skip
        if counts and (not benefit.within or len(recent) < benefit.within.most):
            found.append((day, weight * incapacity / 100))
        day += DAY
    return [(day, weight) for day, weight in found if weight]


def rate(terms, benefit, facts):
    """The rate as an exact fraction."""
    pays = benefit.pays
    others = facts.other_cover + facts.continuing_income + facts.state_benefit
    if pays.by == "LEVEL":
        chosen = facts.level or (terms.levels[0].name if len(terms.levels) == 1 else "")
        exact = Fraction(next(level.amount for level in terms.levels if level.name == chosen))
    elif pays.by == "EARNINGS":
        exact = max(Fraction(pays.percent) / 100 * facts.earnings - others, Fraction(0))
        exact = min(exact, pays.ceiling) if pays.ceiling else exact
    elif pays.by == "COST":
        exact = max(Fraction(pays.percent) / 100 * facts.cost - facts.other_cover, Fraction(0))
        exact = min(exact, pays.ceiling) if pays.ceiling else exact
    else:
        exact = Fraction(pays.amount * min(facts.units, benefit.units_most))
        exact *= facts.count if pays.per == "ONCE" else 1
    if benefit.earnings_cap:
        exact = min(exact, max(Fraction(benefit.earnings_cap) / 100 * facts.earnings - others, Fraction(0)))
    return exact


def amount(terms, benefit, facts, elapsed=0):
    """What a claim without a history is paid: each month rounded once, then the ceilings."""
    exact = rate(terms, benefit, facts)
    if benefit.pays.per == "ONCE":
        months = {facts.occurred_on.replace(day=1): half_up(exact)}
    else:
        sums: dict[dt.date, Fraction] = {}
        for day, weight in days_paid(benefit, facts, elapsed):
            month = day.replace(day=1)
            if benefit.pays.per == "MONTH":
                last = add_months(month, 1)
                of = sum((month + n * DAY).isoweekday() in benefit.weekdays for n in range((last - month).days))
            else:
                of = 1 if benefit.pays.per == "DAY" else len(benefit.weekdays)
            sums[month] = sums.get(month, Fraction(0)) + exact * weight / of
        months = {month: half_up(value) for month, value in sums.items()}
    years: dict[int, int] = {}
    total = 0
    for month, value in sorted(months.items()):
        room = [value]
        room += [benefit.ceiling_year - years.get(month.year, 0)] if benefit.ceiling_year else []
        room += [benefit.ceiling_claim - total] if benefit.ceiling_claim else []
        room += [benefit.ceiling_member - total] if benefit.ceiling_member else []
        paid = min(room)
        years[month.year] = years.get(month.year, 0) + paid
        total += paid
    return total

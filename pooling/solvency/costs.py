"""What an illness costs a fund by its length, as the engine of the benefit rules reckons it (F1, F2, F9).

A *curve* holds, at ``d``, what an illness of ``d`` days costs in minor units, over whole days from none to as far as
the tables go. The engine reckons it for one member and one version of the rules: own risk, the days of the week that
count, step-downs, the longest duration, absences paid from their first day, ceilings and lump sums are all in it. It is
the mean over absences that begin on days of every season and weekday, for what a month or a week pays depends on them.

Whether somebody is covered at all (waiting months, ages, how often one may claim) is not asked here: the rate at which
claims are made has it. Pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pooling.benefits.engine import Amount, Days, Entitlement, Facts, Version, assess
from pooling.benefits.terms import Benefit, By, Span
from pooling.solvency import tables
from pooling.solvency.simulation import Floats, Pays, Piece

Curve = NDArray[np.float64]

STARTS = tuple(dt.timedelta(26 * n) for n in range(14))
"""An absence begins on so many days of a year: each day of the week twice, all seasons."""
MOST_PIECES = 4
"""Into so many pieces, each with one cost a day, a curve is put; each after the first slows a simulation by a third."""
LONG_AGO = dt.date(1900, 1, 1)


@dataclass(frozen=True)
class Covered:
    """What a member is covered for: a level, so many units, what she earned before (by the month, minor units)."""

    level: str = ""
    units: int = 1
    earnings: int | None = None


def covering(version: Version, causes: Sequence[str]) -> Benefit | None:
    """The benefit of a version that pays for the first of these causes that it covers at all; none if for no one."""
    found = (version.terms.benefit_for(cause) for cause in causes)
    return next((benefit for benefit in found if benefit is not None), None)


def changed(benefit: Benefit, *, waiting_days: int | None, ceiling: tuple[int | None] | None) -> Benefit:
    """A benefit with other own-risk days, or another ceiling of a claim.

    :param waiting_days: none for those it has; a lump sum has none and gets none
    :param ceiling: the ceiling, or none of it, in a tuple; none for the one it has
    """
    if ceiling is not None:
        benefit = replace(benefit, ceiling_claim=ceiling[0])
    if waiting_days is None or benefit.once:
        return benefit
    from_start = benefit.paid_from_start if waiting_days else None
    return replace(benefit, own_risk=Span(days=waiting_days), paid_from_start=from_start)


@lru_cache(maxsize=512)
def curve(version: Version, benefit: Benefit, covered: Covered, *, since: dt.date) -> Curve | None:
    """What an illness costs under a benefit of a version, by its length; none where the benefit cannot be reckoned for
    this cover (no such level, earnings not known, a cost that only a claim can name).

    :param since: the absences begin in the year from this day on
    """
    plain = replace(
        benefit, waiting_months=0, age_from=None, age_until=None, frequency=None, report_within=None,
        recurrence_months=0,
    )  # fmt: skip
    levels = version.terms.levels if benefit.pays.by == By.LEVEL else ()
    rules = (Version(version.number, LONG_AGO, replace(version.terms, benefits=(plain,), levels=levels)),)
    known = Facts(
        "", LONG_AGO, plain.causes[0], since, since, since, level=covered.level, units=covered.units,
        earnings=covered.earnings,
    )  # fmt: skip
    total = np.zeros(tables.DAYS + 1)
    for later in STARTS:
        first = since + later
        one = _of(first, tables.DAYS, known, rules)
        if one.code is not None:
            return None
        costs = _by_length(one, plain, first)
        if plain.paid_from_start is not None and plain.paid_from_start <= tables.DAYS:
            # A shorter absence is not paid from its start: its own curve holds up to there.
            before = plain.paid_from_start
            costs[:before] = _by_length(_of(first, max(before - 1, 1), known, rules), plain, first)[:before]
        total += costs
    total /= len(STARTS)
    total.flags.writeable = False
    return total


def _of(first: dt.date, days: int, known: Facts, rules: Sequence[Version]) -> Entitlement:
    until = first + dt.timedelta(days)
    return assess(replace(known, occurred_on=first, began_on=first, ended_on=until), rules)


def _by_length(found: Entitlement, benefit: Benefit, first: dt.date) -> Curve:
    """An entitlement's lines laid out over the days of the absence that count, summed from the first on.

    A line that a ceiling cut keeps what its days cost, and loses the last of them; its step says what it was before.
    """
    whole = {
        step.values["period"]: step.values["amount"] for step in found.steps if step.code.startswith("line-")
    }  # fmt: skip
    daily = np.zeros(tables.DAYS + 1)
    for line in found.lines:
        start = (line.start - first).days
        span = range(start, start + (line.end - line.start).days)
        counted = [n for n in span if benefit.once or (first + dt.timedelta(n)).isoweekday() in benefit.weekdays]
        before = whole.get(Days(line.start, line.end))
        of_line = before.minor if isinstance(before, Amount) else line.amount
        up_to = np.minimum(np.arange(1, len(counted) + 1) * (of_line / len(counted)), line.amount)
        daily[[n + 1 for n in counted]] += np.diff(up_to, prepend=0.0)
    return np.cumsum(daily)


def above(costs: Curve, retention: int | None) -> Curve:
    """What is left of a claim whose first part, up to a retention, somebody else carries (F6); none carries it all."""
    return np.zeros_like(costs) if retention is None else np.maximum(costs - retention, 0.0)


def pieces(costs: Curve) -> Pays:
    """A curve as few straight pieces, each at a whole amount a day (the method of Ramer, Douglas and Peucker).

    They keep to it within half of what its dearest day costs, or a hundredth of what was reached; where that takes too
    many pieces, within twice as much, and so on. What comes to less than half a day in all is no piece.
    """
    half = float(np.diff(costs).max(initial=0.0)) / 2
    within = np.maximum(half, costs / 100)
    if half <= 0:
        return ()
    while True:
        found = []
        for start, end in pairwise(_corners(costs, within)):
            amount = float(costs[end] - costs[start])
            if amount >= half:
                found.append(Piece(start, end, round(amount / (end - start))))
        if len(found) <= MOST_PIECES:
            return tuple(found)
        within *= 2


def _corners(costs: Curve, within: Curve) -> list[int]:
    """The days at which the straight pieces meet, from the last day on which nothing is paid yet to the first after
    which nothing more is."""
    first, last = int(np.argmax(costs > 0)) - 1, int(np.argmax(costs >= costs[-1]))
    kept, waiting = {first, last}, [(first, last)]
    while waiting:
        low, high = waiting.pop()
        line = np.linspace(costs[low], costs[high], high - low + 1)
        away = np.abs(costs[low : high + 1] - line)
        far = int(away.argmax())
        if (away > within[low : high + 1]).any() and 0 < far < high - low:
            kept.add(low + far)
            waiting += [(low, low + far), (low + far, high)]
    return sorted(kept)


def mean_cost(lasts: Floats, pays: Pays) -> float:
    """What an illness costs on average, whose length is so likely."""
    days = np.arange(len(lasts))
    return sum(float(lasts @ np.clip(days - one.start, 0, one.end - one.start)) * one.daily for one in pays)


def mean_days(lasts: Floats, pays: Pays) -> float:
    """For how many of its days something is paid, on average."""
    days = np.arange(len(lasts))
    return sum(float(lasts @ np.clip(days - one.start, 0, one.end - one.start)) for one in pays)

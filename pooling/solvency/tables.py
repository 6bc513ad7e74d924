"""The tables that reserves and simulations stand on: how long people stay ill, when in the year, at what age.

Pure. A *survival* is an array over whole days: at ``d`` the share of people who are still ill after ``d`` days.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Survival = NDArray[np.float64]

HERE = Path(__file__).resolve().parent / "data"
MONTHS = 36
"""How far the BCAC tables go; whoever is still ill then leaves sick pay."""
DAYS = 1096
"""The same in days."""
POINTS = 1 << 16
"""At so many points the inverse of a survival is tabulated: a longest error of 1/131,072 in probability."""


def _rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# --- how long people stay ill -------------------------------------------------------------------------------------


@cache
def _survivors() -> tuple[int, NDArray[np.float64]]:
    """The youngest age, and for each age on from it the share still ill after 0 to 36 months (BCAC 2013)."""
    rows = _rows("bcac/survivors.csv")
    first = round(float(rows[0]["EntryAge"]))
    shares = [[float(row[f"NbMthSpent{n}"]) / 10_000 for n in range(MONTHS + 1)] for row in rows]
    return first, np.array(shares)


@cache
def bcac(age: int) -> Survival:
    """The survival of people who fell ill at an age, day by day; beyond the table's ages, its nearest.

    Between two months the table is read along a straight line, which spreads recoveries evenly over the month.
    """
    first, shares = _survivors()
    row = shares[min(max(age - first, 0), len(shares) - 1)]
    days = np.arange(DAYS + 1)
    survival: Survival = np.interp(days, np.arange(MONTHS + 1) * (DAYS / MONTHS), row)
    survival[DAYS] = 0.0
    survival.flags.writeable = False
    return survival


def own(spells: Iterable[tuple[int, bool]]) -> Survival:
    """The survival in a fund's own history, by Kaplan and Meier: (days, over) of every spell.

    A spell that is not over counts as lasting at least so long and says nothing beyond that.
    """
    ended = np.zeros(DAYS + 2)
    lasted = np.zeros(DAYS + 2)
    for days, over in spells:
        day = min(max(days, 1), DAYS)
        lasted[day] += 1
        if over:
            ended[day] += 1
    at_risk = lasted[::-1].cumsum()[::-1]
    going_on = np.ones(DAYS + 1)
    known = at_risk[: DAYS + 1] > 0
    going_on[known] = 1 - ended[: DAYS + 1][known] / at_risk[: DAYS + 1][known]
    survival: Survival = np.cumprod(going_on, dtype=np.float64)
    survival[DAYS] = 0.0
    return survival


def beyond(survival: Survival, day: int) -> Survival:
    """The survival of those who are ill for more than ``day`` days; the days before are certain.

    Where nobody is left, the survival ends on the next day.
    """
    rest = np.ones_like(survival)
    rest[day:] = survival[day:] / survival[day] if survival[day] > 0 else 0.0
    rest[day] = 1.0
    return rest


def blend(survivals: Sequence[Survival], weights: Sequence[float]) -> Survival:
    """A mixture of survivals; the weights need not sum to one."""
    total = sum(weights)
    mixed: Survival = np.sum([s * (w / total) for s, w in zip(survivals, weights, strict=True)], axis=0)
    return mixed


def paid_days(survival: Survival, *, waiting: int, longest: int) -> NDArray[np.float64]:
    """How likely each number of days is paid, from none to ``longest``, to somebody ill for more than ``waiting`` days.

    Paid is from the day after the waiting days to the last day of the illness, for ``longest`` days at most.
    """
    longest = min(longest, DAYS - waiting)
    going_on = beyond(survival, waiting)[waiting : waiting + longest]
    chances = np.zeros(longest + 1)
    chances[1:longest] = going_on[:-1] - going_on[1:]
    chances[longest] = going_on[-1]
    return chances


def inverse(chances: NDArray[np.float64]) -> NDArray[np.uint16]:
    """The inverse of a distribution of days, tabulated at ``POINTS`` even draws: a draw picks an entry."""
    draws = (np.arange(POINTS) + 0.5) / POINTS
    found = np.searchsorted(chances.cumsum(), draws * chances.sum(), side="left")
    days: NDArray[np.uint16] = np.minimum(found, len(chances) - 1).astype(np.uint16)
    return days


def expected_days(survival: Survival, *, after: int, until: int) -> float:
    """How many days between the day ``after`` and the day ``until`` somebody still ill after ``after`` is ill."""
    if after >= DAYS or survival[after] <= 0:
        return 0.0
    return float(survival[after : min(max(until, after), DAYS)].sum() / survival[after])


# --- when in the year, and at what age ----------------------------------------------------------------------------


def seasons(own_counts: Sequence[int], *, weight: int) -> NDArray[np.float64]:
    """How often people fall ill in each month of the year, January first, relative to an even year.

    :param own_counts: a fund's own claims by month; they weigh as many as they are against ``weight`` of the sample
    """
    sample = np.array([float(row["spells"]) for row in _rows("seasons.csv")])
    counts = sample * (weight / sample.sum()) + np.array(own_counts, dtype=float)
    relative: NDArray[np.float64] = counts * (12 / counts.sum())
    return relative


@dataclass(frozen=True)
class AgeBand:
    """Members between two ages: the share of members and how often they fall ill, relative to the others."""

    from_age: int
    representative: int
    share: float
    relative: float


@cache
def age_bands() -> tuple[AgeBand, ...]:
    """The assumed age mix, used where ages are not known."""
    return tuple(
        AgeBand(int(r["from_age"]), int(r["representative"]), float(r["share"]), float(r["relative_incidence"]))
        for r in _rows("ages.csv")
    )


# --- dated figures ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Threshold:
    """A size at which the law begins to treat a mutual fund as an insurer (F15), from a day on."""

    code: str
    place: str
    measure: str
    amount: int
    """In whole units of the currency."""
    currency: str
    valid_from: dt.date
    source: str


def _in_force(rows: list[dict[str, str]], key: str, on: dt.date) -> list[dict[str, str]]:
    newest: dict[str, dict[str, str]] = {}
    for row in sorted(rows, key=lambda one: one["valid_from"]):
        if dt.date.fromisoformat(row["valid_from"]) <= on:
            newest[row[key]] = row
    return list(newest.values())


def thresholds(on: dt.date) -> list[Threshold]:
    """The thresholds in force on a day."""
    return [_threshold(row) for row in _in_force(_rows("thresholds.csv"), "code", on)]


def coming_thresholds(on: dt.date) -> list[Threshold]:
    """The thresholds that are law already and begin after a day."""
    return [_threshold(row) for row in _rows("thresholds.csv") if dt.date.fromisoformat(row["valid_from"]) > on]


def _threshold(row: dict[str, str]) -> Threshold:
    said: dict[str, Any] = dict(row)
    said["amount"] = int(row["amount"])
    said["valid_from"] = dt.date.fromisoformat(row["valid_from"])
    return Threshold(**said)


def assumed(on: dt.date) -> dict[str, float]:
    """What is assumed where a fund has no history, by name, as it holds on a day (the first rows hold before, too)."""
    rows = _rows("assumptions.csv")
    earliest = min(dt.date.fromisoformat(row["valid_from"]) for row in rows)
    return {row["name"]: float(row["value"]) for row in _in_force(rows, "name", max(on, earliest))}

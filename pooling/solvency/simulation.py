"""The next 24 months of a fund, some thousand times over. Pure numpy: numbers in, numbers out.

People fall ill by cell (an age band at one benefit): a Poisson number of them, by the rate of the cell, the season and
how many are covered. Cells of one benefit are drawn together, which changes nothing: Poisson numbers add up to a
Poisson number, and each of its illnesses is of a cell by that cell's share. How many days each of them is paid is drawn
by the inverse of the survival table. Members join and leave; some dues are never paid. Whether a fund's own rate is
high or low is drawn once for each run (a gamma distribution), for a short history leaves that open.

Probabilities are floats. Money is not: amounts are minor units in int64, counts of days times an amount a day, so
that every run adds up to the cent. The same seed gives the same bytes: runs are made in blocks whose size depends on
the inputs only, each with its own stream of the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pooling.solvency import tables

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

RUNS = 10_000
MONTHS = 24
QUANTILES = (5, 25, 50, 75, 95)
"""The lines of the fan, in percent of the runs."""
_AT_ONCE = 1 << 20
"""So many claims are drawn at once: they fit into the processor's cache."""
_FAR = 1 << 24


@dataclass(frozen=True)
class Cell:
    """Members of one age band at one benefit.

    :ivar share: their share of the members
    :ivar rate: how many claims one of them makes in a year, counting illnesses that outlast the waiting days
    :ivar daily: the benefit a day, in minor units
    :ivar paid_days: how likely each number of paid days is (:func:`pooling.solvency.tables.paid_days`)
    """

    share: float
    rate: float
    daily: int
    paid_days: Floats


@dataclass(frozen=True)
class OpenClaims:
    """Claims being paid at the start: how many, a day's benefit, and how likely each number of days to come is."""

    count: int
    daily: int
    paid_days: Floats


@dataclass(frozen=True)
class Setup:
    """Everything a simulation is told.

    :ivar month_days: how many days each coming month has
    :ivar seasons: for each coming month, how often people fall ill relative to an even year
    :ivar members: who pays dues at the start; ``waiting`` of them, by months still to wait, are not covered yet
    :ivar waiting_months: how long those who join wait for cover (F1)
    :ivar joiners: how many join in a month, on average
    :ivar leaving: the share of members who leave in a month
    :ivar arrears: the share of dues that is never paid
    :ivar waiting_days: days of an illness before the first paid day (they move the payment, not the rate)
    :ivar certainty: the shape of the gamma distribution of the rate; none for a rate that is known
    :ivar due_already: reported and not paid, in minor units; paid in the first month
    """

    month_days: tuple[int, ...]
    seasons: tuple[float, ...]
    members: int
    cells: tuple[Cell, ...]
    waiting: tuple[int, ...] = ()
    waiting_months: int = 0
    joiners: float = 0.0
    leaving: float = 0.0
    arrears: float = 0.0
    waiting_days: int = 0
    certainty: float | None = None
    open_claims: tuple[OpenClaims, ...] = ()
    due_already: int = 0

    @property
    def months(self) -> int:
        """How many months are simulated."""
        return len(self.month_days)

    @property
    def claims_a_run(self) -> float:
        """How many claims a run has, about."""
        yearly = self.members * sum(cell.share * cell.rate for cell in self.cells)
        return yearly * self.months / 12 + sum(one.count for one in self.open_claims)


@dataclass(frozen=True)
class Paths:
    """What happened in every run and month: member-months whose dues were paid, and benefits in minor units."""

    paying: Ints
    benefits: Ints
    claims: Ints = field(repr=False)
    """How many illnesses began."""

    @property
    def runs(self) -> int:
        """How many runs there are."""
        return len(self.paying)


Progress = Callable[[int], None]


def run(setup: Setup, *, seed: int, runs: int = RUNS, on_progress: Progress | None = None) -> Paths:
    """Live the coming months ``runs`` times.

    :param on_progress: told after each block how many runs it had
    """
    block = int(min(max(_AT_ONCE / max(setup.claims_a_run, 1.0), 1), 500))
    sizes = [min(block, runs - first) for first in range(0, runs, block)]
    streams = np.random.SeedSequence(seed).spawn(len(sizes))
    parts = []
    inverses = _inverses(setup)
    for size, stream in zip(sizes, streams, strict=True):
        parts.append(_block(setup, inverses, np.random.Generator(np.random.SFC64(stream)), size))
        if on_progress is not None:
            on_progress(size)
    if not parts:
        empty = np.zeros((0, setup.months), dtype=np.int64)
        return Paths(empty, empty, empty)
    return Paths(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


@dataclass(frozen=True)
class _Inverses:
    """The inverse tables of a setup, made once for all blocks: by benefit (with the rate), and of open claims."""

    by_benefit: tuple[tuple[int, float, NDArray[np.uint16]], ...]
    open_claims: tuple[tuple[OpenClaims, NDArray[np.uint16]], ...]


def _inverses(setup: Setup) -> _Inverses:
    merged = {daily: _merged(cells) for daily, cells in _by_benefit(setup.cells).items()}
    return _Inverses(
        tuple((daily, rate, tables.inverse(chances)) for daily, (rate, chances) in merged.items()),
        tuple((one, tables.inverse(one.paid_days)) for one in setup.open_claims),
    )


def _block(setup: Setup, inverses: _Inverses, dice: np.random.Generator, runs: int) -> tuple[Ints, Ints, Ints]:
    members, covered = _population(setup, dice, runs)
    paying = members if not setup.arrears else dice.binomial(members, 1.0 - setup.arrears)
    rate = np.ones(runs) if setup.certainty is None else dice.gamma(setup.certainty, 1 / setup.certainty, runs)
    seasons = np.array(setup.seasons) / 12
    expected = covered * seasons[None, :] * rate[:, None]
    benefits = np.zeros((runs, setup.months), dtype=np.int64)
    claims = np.zeros((runs, setup.months), dtype=np.int64)
    for daily, rate_of_all, table in inverses.by_benefit:
        days, begun = _days_paid(setup, dice, expected * rate_of_all, table)
        benefits += days * daily
        claims += begun
    for one, table in inverses.open_claims:
        benefits += _days_still_paid(setup, dice, one, table, runs) * one.daily
    if setup.due_already:
        benefits[:, 0] += setup.due_already
    return paying.astype(np.int64), benefits, claims


def _population(setup: Setup, dice: np.random.Generator, runs: int) -> tuple[Ints, Ints]:
    """Members, and those of them who are covered, in every run and month."""
    members = np.zeros((runs, setup.months), dtype=np.int64)
    covered = np.zeros((runs, setup.months), dtype=np.int64)
    waiting = [np.full(runs, count, dtype=np.int64) for count in setup.waiting]
    waiting += [np.zeros(runs, dtype=np.int64)] * (setup.waiting_months - len(waiting))
    in_cover = np.full(runs, setup.members - sum(setup.waiting), dtype=np.int64)
    for month in range(setup.months):
        covered[:, month] = in_cover
        members[:, month] = sum(waiting, in_cover)
        if setup.leaving:
            in_cover = in_cover - dice.binomial(in_cover, setup.leaving)
            waiting = [many - dice.binomial(many, setup.leaving) for many in waiting]
        joined = dice.poisson(setup.joiners, runs) if setup.joiners else np.zeros(runs, dtype=np.int64)
        waiting.append(joined)
        in_cover = in_cover + waiting.pop(0)
    return members, covered


def _by_benefit(cells: Sequence[Cell]) -> dict[int, list[Cell]]:
    found: dict[int, list[Cell]] = {}
    for cell in cells:
        if cell.share > 0 and cell.rate > 0:
            found.setdefault(cell.daily, []).append(cell)
    return found


def _merged(cells: Sequence[Cell]) -> tuple[float, Floats]:
    """The rate of cells of one benefit together, and how likely each number of paid days is among their illnesses."""
    rates = [cell.share * cell.rate for cell in cells]
    chances = np.zeros(max(len(cell.paid_days) for cell in cells))
    for rate, cell in zip(rates, cells, strict=True):
        chances[: len(cell.paid_days)] += rate * cell.paid_days
    return sum(rates), chances / chances.sum()


def _days_paid(
    setup: Setup, dice: np.random.Generator, expected: Floats, table: NDArray[np.uint16]
) -> tuple[Ints, Ints]:
    """Days paid in every run and month at one benefit, and how many fell ill; ``expected`` is how many, by month."""
    begun = _begun(setup, dice, expected)
    runs, horizon = begun.shape
    day = np.repeat(np.tile(np.arange(horizon, dtype=np.int32), runs), begun.reshape(-1))
    ground = np.repeat(np.arange(runs) * (horizon + 1), begun.sum(axis=1))
    day += table[dice.integers(0, tables.POINTS, size=len(day), dtype=np.uint16)]
    np.minimum(day, horizon, out=day)
    ground += day
    ended = np.bincount(ground, minlength=runs * (horizon + 1)).reshape(runs, horizon + 1)
    paid = np.cumsum(begun - ended[:, :horizon], axis=1)
    return _by_month(paid, setup, shift=setup.waiting_days), np.add.reduceat(begun, _starts(setup), axis=1)


def _begun(setup: Setup, dice: np.random.Generator, expected: Floats) -> Ints:
    """How many illnesses begin on each day of every run, where so many are expected in each month.

    Many are drawn day by day; few by the month, each then falling on any day of it: the same law, in less time.
    """
    lengths = np.array(setup.month_days)
    runs, horizon = len(expected), int(lengths.sum())
    if expected.mean() > 2 * lengths.mean():
        by_day: Ints = dice.poisson(np.repeat(expected / lengths, lengths, axis=1))
        return by_day
    many = dice.poisson(expected).reshape(-1)
    ground = (np.arange(runs)[:, None] * horizon + _starts(setup)).reshape(-1)
    day = dice.integers(0, 1 << 16, size=int(many.sum()), dtype=np.uint16).astype(np.int64)
    day *= np.repeat(np.tile(lengths, runs), many)
    day >>= 16
    day += np.repeat(ground, many)
    return np.bincount(day, minlength=runs * horizon).reshape(runs, horizon)


def _days_still_paid(
    setup: Setup, dice: np.random.Generator, one: OpenClaims, table: NDArray[np.uint16], runs: int
) -> Ints:
    """Days paid in every run and month to people who are ill already."""
    horizon = sum(setup.month_days)
    drawn = table[dice.integers(0, tables.POINTS, size=(runs, one.count), dtype=np.uint16)].astype(np.int64)
    if one.count * setup.months < horizon:  # few: what each month has of each claim
        months = zip(_starts(setup), setup.month_days, strict=True)
        return np.stack([np.clip(drawn - start, 0, length).sum(axis=1) for start, length in months], axis=1)
    end = np.minimum(drawn, horizon) + np.arange(runs)[:, None] * (horizon + 1)
    ended = np.bincount(end.reshape(-1), minlength=runs * (horizon + 1)).reshape(runs, horizon + 1)
    paid = one.count - np.cumsum(ended[:, :horizon], axis=1)
    return _by_month(paid, setup, shift=0)


def _starts(setup: Setup) -> Ints:
    return np.cumsum([0, *setup.month_days[:-1]])


def _by_month(paid: Ints, setup: Setup, *, shift: int) -> Ints:
    """Sum what is counted by day into months; ``shift`` days later than it is counted."""
    if shift:
        late = np.zeros_like(paid)
        late[:, shift:] = paid[:, : paid.shape[1] - shift]
        paid = late
    sums: Ints = np.add.reduceat(paid, _starts(setup), axis=1)
    return sums


# --- what the runs say --------------------------------------------------------------------------------------------


def balances(paths: Paths, *, opening: int, dues: int) -> Ints:
    """What the fund would hold at the end of each month if everything were paid in full; below zero, what is missing.

    :param dues: a member's dues for this fund in a month, in minor units
    """
    return opening + np.cumsum(paths.paying * dues - paths.benefits, axis=1)


def fan(held: Ints, quantiles: Sequence[int] = QUANTILES) -> list[list[int]]:
    """For each quantile, the balance at the end of each month that so many percent of the runs do not exceed."""
    ordered = np.sort(held, axis=0)
    last = len(held) - 1
    return [[int(v) for v in ordered[last * percent // 100]] for percent in quantiles]


def ran_out(held: Ints, *, floor: int) -> Ints:
    """For each month, how many runs were below the floor at the end of it or of a month before."""
    below = np.logical_or.accumulate(held < floor, axis=1)
    counts: Ints = below.sum(axis=0, dtype=np.int64)
    return counts


def dues_needed(paths: Paths, *, opening: int, floor: int, at_most: int = 1) -> int | None:
    """The lowest dues, in minor units a member and month, at which fewer than ``at_most`` percent of runs run out.

    The same runs are used for every level (common random numbers), so more dues never look worse; found by halving.
    None where no dues help: nobody pays any in time.
    """
    runs = paths.runs

    def enough(dues: int) -> bool:
        out = int(ran_out(balances(paths, opening=opening, dues=dues), floor=floor)[-1])
        return out * 100 < at_most * runs

    if enough(0):
        return 0
    high = 1
    while not enough(high):
        high *= 2
        if high > _FAR:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def with_rate(setup: Setup, factor: float) -> Setup:
    """The same fund with people falling ill so many times as often: a stress test (D3)."""
    return replace(setup, cells=tuple(replace(cell, rate=cell.rate * factor) for cell in setup.cells))

"""The next 24 months of a fund, some thousand times over. Pure numpy: numbers in, numbers out.

People fall ill by cell (an age band at one benefit): a Poisson number of them, by the rate of the cell, the season and
how many are covered. Cells that are paid alike are drawn together, which changes nothing: Poisson numbers add up to a
Poisson number, and each of its illnesses is of a cell by that cell's share. How many days each of them lasts is drawn
by the inverse of the survival table; what each day of it costs is looked up in a few pieces that the fund's rules made
(:mod:`pooling.solvency.costs`). Members join and leave; some dues are never paid. Whether a fund's own rate is
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
class Piece:
    """A part of an illness whose days all cost the same: from day ``start`` of it (0 is the first) up to, not
    including, ``end``, each ``daily`` minor units."""

    start: int
    end: int
    daily: int


Pays = tuple[Piece, ...]
"""What an illness costs day by day; days in no piece cost nothing."""


@dataclass(frozen=True)
class Cell:
    """Members of one age band at one benefit.

    :ivar share: their share of the members
    :ivar rate: how many claims one of them makes in a year
    :ivar lasts: how likely each number of days is, from the first day of the illness, among those that are claimed for
    :ivar pays: what each of these days costs
    :ivar months: in which coming months such claims begin, from one up to, not including, another
    """

    share: float
    rate: float
    lasts: Floats
    pays: Pays
    months: tuple[int, int] = (0, MONTHS)


@dataclass(frozen=True)
class OpenClaims:
    """Claims being paid at the start: how many, how likely each number of days to come is, and what these cost."""

    count: int
    lasts: Floats
    pays: Pays


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
        a_member = sum(cell.share * cell.rate * (cell.months[1] - cell.months[0]) for cell in self.cells)
        return self.members * a_member / 12 + sum(one.count for one in self.open_claims)


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


Cuts = tuple[tuple[Piece, NDArray[np.uint16]], ...]
"""The inverse table of how long claims last, for each piece cut to the days that lie in it."""


@dataclass(frozen=True)
class _Drawn:
    """What is drawn together: how many claims a member makes in a year, in which months they begin, and their cuts."""

    rate: float
    months: tuple[int, int]
    cuts: Cuts


@dataclass(frozen=True)
class _Inverses:
    """The inverse tables of a setup, made once for all blocks: of claims to come, and of open ones."""

    to_come: tuple[_Drawn, ...]
    open_claims: tuple[tuple[OpenClaims, Cuts], ...]


def _inverses(setup: Setup) -> _Inverses:
    alike: dict[tuple[Pays, tuple[int, int]], list[Cell]] = {}
    for cell in setup.cells:
        if cell.share > 0 and cell.rate > 0:
            alike.setdefault((cell.pays, cell.months), []).append(cell)
    to_come = []
    for (pays, months), cells in alike.items():
        rate, chances = _merged(cells)
        to_come.append(_Drawn(rate, months, _cuts(chances, pays)))
    return _Inverses(tuple(to_come), tuple((one, _cuts(one.lasts, one.pays)) for one in setup.open_claims))


def _cuts(chances: Floats, pays: Pays) -> Cuts:
    table = tables.inverse(chances)
    return tuple((piece, np.clip(table, piece.start, piece.end)) for piece in pays)


def _block(setup: Setup, inverses: _Inverses, dice: np.random.Generator, runs: int) -> tuple[Ints, Ints, Ints]:
    members, covered = _population(setup, dice, runs)
    paying = members if not setup.arrears else dice.binomial(members, 1.0 - setup.arrears)
    rate = np.ones(runs) if setup.certainty is None else dice.gamma(setup.certainty, 1 / setup.certainty, runs)
    seasons = np.array(setup.seasons) / 12
    expected = covered * seasons[None, :] * rate[:, None]
    benefits = np.zeros((runs, setup.months), dtype=np.int64)
    claims = np.zeros((runs, setup.months), dtype=np.int64)
    for drawn in inverses.to_come:
        here = expected * drawn.rate
        here[:, : drawn.months[0]] = here[:, drawn.months[1] :] = 0.0
        paid, begun = _paid(setup, dice, here, drawn)
        benefits += paid
        claims += begun
    for one, cuts in inverses.open_claims:
        benefits += _still_paid(setup, dice, one, cuts, runs)
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


def _merged(cells: Sequence[Cell]) -> tuple[float, Floats]:
    """The rate of cells that are paid alike, together, and how likely each number of days is among their illnesses."""
    rates = [cell.share * cell.rate for cell in cells]
    chances = np.zeros(max(len(cell.lasts) for cell in cells))
    for rate, cell in zip(rates, cells, strict=True):
        chances[: len(cell.lasts)] += rate * cell.lasts
    return sum(rates), chances / chances.sum()


def _paid(setup: Setup, dice: np.random.Generator, expected: Floats, drawn: _Drawn) -> tuple[Ints, Ints]:
    """What is paid in every run and month, and how many fell ill; ``expected`` is how many, by month.

    In each piece of the illness the people who are in it are counted day by day: those who would have reached its start
    less those who have ended by then, be it the illness or the piece; who ends before its start never counts. A row of
    days is long enough for an illness that begins on the last of them, so that none need be cut.
    """
    begun = _begun(setup, dice, expected)
    runs, horizon = begun.shape
    row = horizon + tables.DAYS + 1
    first = np.repeat((np.arange(runs)[:, None] * row + np.arange(horizon)).reshape(-1), begun.reshape(-1))
    draws = dice.integers(0, tables.POINTS, size=len(first), dtype=np.uint16)
    paid = np.zeros((runs, setup.months), dtype=np.int64)
    for piece, table in drawn.cuts:
        ended = np.bincount(first + table[draws], minlength=runs * row).reshape(runs, row)[:, :horizon]
        reached = np.zeros_like(begun)
        reached[:, piece.start :] = begun[:, : max(horizon - piece.start, 0)]
        paid += _by_month(np.cumsum(reached - ended, axis=1), setup) * piece.daily
    return paid, np.add.reduceat(begun, _starts(setup), axis=1)


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


def _still_paid(setup: Setup, dice: np.random.Generator, one: OpenClaims, cuts: Cuts, runs: int) -> Ints:
    """What is paid in every run and month to people who are ill already."""
    horizon = sum(setup.month_days)
    draws = dice.integers(0, tables.POINTS, size=(runs, one.count), dtype=np.uint16)
    paid = np.zeros((runs, setup.months), dtype=np.int64)
    for piece, table in cuts:
        until = table[draws].astype(np.int64)
        if one.count * setup.months < horizon:  # few: what each month has of each claim
            for month, (start, length) in enumerate(zip(_starts(setup), setup.month_days, strict=True)):
                before = min(max(piece.start - start, 0), length)
                paid[:, month] += (np.clip(until - start, 0, length) - before).sum(axis=1) * piece.daily
            continue
        until = np.minimum(until, horizon) + np.arange(runs)[:, None] * (horizon + 1)
        ended = np.bincount(until.reshape(-1), minlength=runs * (horizon + 1)).reshape(runs, horizon + 1)
        reached = np.where(np.arange(horizon) >= piece.start, one.count, 0)
        paid += _by_month(reached - np.cumsum(ended[:, :horizon], axis=1), setup) * piece.daily
    return paid


def _starts(setup: Setup) -> Ints:
    return np.cumsum([0, *setup.month_days[:-1]])


def _by_month(counted: Ints, setup: Setup) -> Ints:
    """Sum what is counted by day into months."""
    sums: Ints = np.add.reduceat(counted, _starts(setup), axis=1)
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

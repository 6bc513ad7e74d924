"""``simulate_5k`` and ``simulate_230k``: 10,000 runs of the next 24 months of a fund, and all that is said of them.

From the facts to the outlook, in processor time, against the bar itself (3 s and 30 s): the ratio is at most 1. Beside
it stands how many times as long that is as the drawing alone, which no simulation can do without. One claim a year for
every ten members, two years of them known, durations as in the BCAC tables.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pooling.solvency import outlooks, simulation, tables
from pooling.solvency.costs import Covered
from pooling.solvency.facts import FundFacts
from tests.bench.measure import MEMBERS, ROUNDS, report
from tests.pooling.solvency.people import claim, fund, ruled

RUNS = int(os.environ.get("BENCH_RUNS", str(simulation.RUNS)))
AT_ONCE = 5_000_000
"""So many illnesses are drawn together, so that the largest fund fits into memory."""
MANY = 30_000
"""From so many members on illnesses are drawn day by day, not by the month."""


def _facts(members: int) -> FundFacts:
    dice = random.Random(1)
    table = _durations()
    claims = [
        claim(n, began=dice.randrange(20, 730), days=14 + int(table[dice.randrange(len(table))]), amount=150_000)
        for n in range(members // 5)
    ]  # fmt: skip
    levels = [{"name": str(n), "amount": n * 75_000} for n in (1, 2, 3)]
    rules = ruled(
        levels=levels, pays={"by": "LEVEL", "per": "MONTH"}, waiting_months=6, own_risk={"days": 14},
        duration={"days": 365}, clock="AFTER_OWN_RISK",
    )  # fmt: skip
    return fund(
        claims, members=members, joined=members // 10, left=members // 20, exposure_days=members * 730,
        held=members * 20_000, floor=members * 1_000, versions=(rules,),
        covers=tuple((Covered(one["name"]), members // 3) for one in levels),
        joined_lately=(members // 120,) * 6,
    )  # fmt: skip


def _durations() -> NDArray[np.uint16]:
    return tables.inverse(tables.paid_days(tables.bcac(45), waiting=14, longest=365))


def _bare(members: int) -> None:
    """Draw how many fall ill in every run and month and how long each is paid, and add up what the fund would pay."""
    dice, table, months = np.random.default_rng(1), _durations(), simulation.MONTHS
    block = max(AT_ONCE * 10 * 12 // (members * months), 1)
    paid = []
    for first in range(0, RUNS, block):
        begun = dice.poisson(members * 0.1 / 12, (min(block, RUNS - first), months)).reshape(-1)
        days = table[dice.integers(0, tables.POINTS, size=int(begun.sum()), dtype=np.uint16)]
        paid.append(np.bincount(np.repeat(np.arange(len(begun)), begun), weights=days, minlength=len(begun)))
    np.sort(np.cumsum(np.concatenate(paid).reshape(RUNS, months), axis=1), axis=0)


def _spent(work: Callable[[], Any]) -> float:
    """Processor time of one call, in seconds."""
    start = time.process_time()
    work()
    return time.process_time() - start


def _simulate(name: str, members: int, bar: float) -> dict:
    facts = _facts(members)
    taken, bare = [], []
    for _round in range(ROUNDS):
        taken.append(_spent(lambda: outlooks.make(facts, seed=1, runs=RUNS, stressed=False)))
        bare.append(_spent(lambda: _bare(members)))
    spent, drawing = statistics.median(taken), statistics.median(bare)
    return report(
        name, spent, f"s of processor time for {RUNS} runs of {members} members", bar,
        times_bare=round(spent / drawing, 2),
    )  # fmt: skip


def simulate_5k() -> dict:
    """5,000 members, in 3 s."""
    return _simulate("simulate_5k", 5_000, 3.0)


def simulate_230k() -> dict:
    """230,000 members, in 30 s."""
    return _simulate("simulate_230k", max(MEMBERS, MANY), 30.0)

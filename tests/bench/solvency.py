"""``simulate_5k`` and ``simulate_230k``: 10,000 runs of the next 24 months of a fund, and all that is said of them.

From the facts to the outlook, in processor time, against the bar itself (3 s and 30 s): the ratio is at most 1. One
claim a year for every ten members, two years of them known, durations as in the BCAC tables.
"""

from __future__ import annotations

import random
import time

from pooling.solvency import outlooks, tables
from pooling.solvency.facts import FundFacts, Terms
from tests.bench.measure import MEMBERS, report
from tests.pooling.solvency.people import claim, fund


def _facts(members: int) -> FundFacts:
    dice = random.Random(1)
    table = tables.inverse(tables.paid_days(tables.bcac(45), waiting=14, longest=365))
    claims = [
        claim(n, began=dice.randrange(20, 730), days=14 + int(table[dice.randrange(len(table))]), amount=150_000)
        for n in range(members // 5)
    ]  # fmt: skip
    return fund(
        claims, members=members, joined=members // 10, left=members // 20, exposure_days=members * 730,
        held=members * 20_000, floor=members * 1_000, terms=Terms(6, 14, 365, None),
        joined_lately=(members // 120,) * 6,
    )  # fmt: skip


def _simulate(name: str, members: int, bar: float) -> dict:
    facts = _facts(members)
    wall, start = time.perf_counter(), time.process_time()
    outlook = outlooks.make(facts, seed=1, stressed=False)
    spent = time.process_time() - start
    return report(
        name, spent, f"s of processor time for {outlook.runs} runs of {members} members", bar,
        wall=round(time.perf_counter() - wall, 1),
    )  # fmt: skip


def simulate_5k() -> dict:
    """5,000 members, in 3 s."""
    return _simulate("simulate_5k", min(MEMBERS, 5_000), 3.0)


def simulate_230k() -> dict:
    """230,000 members, in 30 s."""
    return _simulate("simulate_230k", MEMBERS, 30.0)

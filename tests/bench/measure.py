"""How things are timed: several rounds of each side in turn, medians, one JSON object per line."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
MEMBERS = int(os.environ.get("BENCH_MEMBERS", "230000"))
TRANSFERS = int(os.environ.get("BENCH_TRANSFERS", "10000000"))


def seconds(work: Callable[[], Any]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """The median wall time of several calls."""
    return statistics.median(seconds(work) for _ in range(rounds))


def report(name: str, value: float, unit: str, baseline: float, *, higher_is_better: bool = False, **more: Any) -> dict:
    """Print and return one result; the ratio is value / baseline for times and rates alike."""
    result = {
        "name": name,
        "value": _short(value),
        "unit": unit,
        "baseline": _short(baseline),
        "ratio": round(value / baseline, 3),
        **({"higher_is_better": True} if higher_is_better else {}),
        **more,
    }
    print(json.dumps(result), flush=True)
    return result


def _short(value: float) -> float:
    return float(f"{value:.4g}")

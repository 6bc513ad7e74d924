"""A job whose effects can be counted."""

from __future__ import annotations

import time

from members.numbers import take


def slowly(*, where: str) -> None:
    """Count one, and take a moment over it."""
    take(where)
    time.sleep(0.3)

"""A job whose effects can be counted."""

from __future__ import annotations

import time

from members.numbers import take


def slowly(*, where: str) -> None:
    """Count one, and take a moment over it."""
    take(where)
    time.sleep(0.3)


def count(where: str) -> None:
    take(where)


def for_an_hour(where: str) -> None:
    take(where)
    time.sleep(3600)

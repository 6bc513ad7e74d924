"""What the clock asks for: dues settled by the day after whoever joined, left or moved."""

from __future__ import annotations

from mutual import clock
from mutual.celery import task
from pooling import dues


@task
def settle_changes() -> int:
    """Charge anew what has changed in periods that were charged; returns how many members got a charge or a credit."""
    return dues.settle_changes(on=clock.today())

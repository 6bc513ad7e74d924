"""What the clock asks for: dues settled by the day after whoever joined, left or moved; reasons kept no longer."""

from __future__ import annotations

from mutual import clock
from mutual.celery import task
from pooling import dues
from pooling.easing import waivers


@task
def settle_changes() -> int:
    """Charge anew what has changed in periods that were charged, and settle how long reasons of waivers are kept.

    :return: how many members got a charge or a credit
    """
    waivers.settle_reasons(on=clock.today())
    return dues.settle_changes(on=clock.today())

"""The circles' clockwork: seats on their dates, gifts, premiums, and what leavers get back."""

from __future__ import annotations

from mutual import clock
from mutual.celery import task
from mutual.periods import month
from pooling.circles import circles, closing, giving, telling


@task
def turn() -> None:
    """Give first, and pay what premiums were missed, so that whoever leaves has met her obligations; then seats,
    premiums, and what leavers get."""
    today = clock.today()
    give()
    for missed in giving.missed_premiums(today):
        giving.pay_premiums(period=missed, by=None, on=today)
    closing.close_due(on=today)
    circles.take_effect(on=today)
    giving.pay_premiums(period=month(today), by=None, on=today)
    giving.settle_leavers(on=today, by=None)
    telling.gifts(on=today)


def give() -> None:
    """Let the circles give, as somebody asked on their page."""
    if giving.waiting() or giving.to_return():
        giving.give(on=clock.today(), by=None)

"""What the clock asks for: buffers above their cap go back when it is time."""

from __future__ import annotations

import datetime as dt

from mutual import clock
from mutual.celery import task
from pooling.buffers import returns, telling


def return_excess(*, fund_id: int) -> None:
    """Return what is above the cap, as somebody asked on the buffers page."""
    returns.run(fund_id=fund_id, on=clock.today(), by=None)


def tell(*, fund_id: int, measured_on: str, after: int, upto: int) -> None:
    """Write to those whose excess went back."""
    telling.returned(fund_id=fund_id, measured_on=dt.date.fromisoformat(measured_on), after=after, upto=upto)


@task
def return_what_is_due() -> int:
    """Return every fund's buffers whose day has come; returns how many funds."""
    found = returns.due(clock.today())
    for fund_id in found:
        returns.run(fund_id=fund_id, on=clock.today(), by=None)
    return len(found)

"""What the clock asks for: buffers above their cap go back when it is time."""

from __future__ import annotations

from mutual import clock
from mutual.celery import task
from pooling.buffers import returns


def return_excess(*, fund_id: int) -> None:
    """Return what is above the cap, as somebody asked on the buffers page."""
    returns.run(fund_id=fund_id, on=clock.today(), by=None)


@task
def return_what_is_due() -> int:
    """Return every fund's buffers whose day has come; returns how many funds."""
    found = returns.due(clock.today())
    for fund_id in found:
        returns.run(fund_id=fund_id, on=clock.today(), by=None)
    return len(found)

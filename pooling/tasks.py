"""Work that follows: the charge of a period."""

from __future__ import annotations

from mutual import clock, periods
from pooling import dues


def charge_period(*, period: str) -> None:
    """Charge a period for everybody, as somebody asked on the dues page."""
    dues.charge_period(period=periods.parse(period), on=clock.today(), by=None)

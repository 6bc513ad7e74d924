"""The clock, for interfaces only: domain functions are told the day."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone


def now() -> dt.datetime:
    """This instant, in UTC."""
    return timezone.now()


def today() -> dt.date:
    """Today where the cooperative lives (rule R-A13: half past midnight in Paris is already the new day)."""
    return timezone.localdate()

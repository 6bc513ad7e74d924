"""The ledger's clockwork: an audit every ten minutes, a seal for every day that is over."""

from __future__ import annotations

import datetime as dt

from mutual import clock
from mutual.celery import task
from mutual.ledger import audit, seals


@task
def audit_ledger() -> int:
    """Re-add everything; the last week's sealed days row by row, all of them once a day."""
    now = clock.now()
    whole = now.hour == 3 and now.minute < 10
    return audit.run(seals_since=None if whole else now.date() - dt.timedelta(days=7)).finding_count


@task
def seal_days() -> int:
    """Seal the days that have been over for an hour."""
    return seals.seal((clock.now() - dt.timedelta(hours=1)).date())

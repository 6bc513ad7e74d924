"""The desk's clockwork."""

from __future__ import annotations

import logging

from mutual import clock
from mutual.celery import task
from mutual.periods import month
from pooling.claims import retention, sampling, schedule
from pooling.claims.appeals import appeals

log = logging.getLogger(__name__)


@task
def every_day() -> None:
    """Settle how long papers are kept, set months aside, replace silent jurors. Rings every hour; again is harmless."""
    today = clock.today()
    retention.settle(on=today)
    for claim_id in schedule.going_on():
        try:
            schedule.advance(claim_id=claim_id, on=today)
        except schedule.ScheduleRefused:
            log.exception("The months of a claim could not be set aside.")
    sampling.draw(period=month(today).previous(), on=today)
    for appeal_id in appeals.overdue(today):
        appeals.replace_silent(appeal_id=appeal_id, on=today)

"""What the queue does with statements."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from members.statements import batch
from mutual import clock
from mutual.jobs import queue
from mutual.jobs.models import Run

LATER = dt.timedelta(minutes=5)


def make(run_id: str) -> None:
    """Make the statements of a run, or go on with it; harmless while another process is at it."""
    try:
        batch.work(run=Run.objects.get(pk=run_id), on=clock.today(), clock=clock.now)
    except batch.AlreadyBeingMade:
        # The bell rang twice, or the work takes longer than a job may. Look again later: the other may be killed.
        with transaction.atomic():
            queue.after_commit("members.statements.tasks.make", long=True, delay=LATER, run_id=run_id)

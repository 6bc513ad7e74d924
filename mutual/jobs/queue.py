"""Work that follows a commit: ``after_commit`` writes it down in the same transaction, ``work`` does it."""

from __future__ import annotations

import datetime as dt
import logging
from importlib import import_module
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.utils import timezone

from mutual.jobs.models import Job

log = logging.getLogger(__name__)

TRIES = 5
"""After so many failures a job is put aside and shown to the administrators."""


def after_commit(task: str, *, delay: dt.timedelta = dt.timedelta(), **arguments: Any) -> Job:
    """Have ``task`` (a dotted path to a function) called with these ids once this transaction is committed.

    It may be called more than once, so whatever it does must be harmless when repeated.
    """
    job = Job.objects.create(task=task, arguments=arguments, due_at=timezone.now() + delay)
    if not delay:
        transaction.on_commit(lambda: _ring(job.pk), robust=True)
    return job


def _ring(job_id: int) -> None:
    from mutual.jobs.tasks import do

    # A broker that is down is no reason to fail: the sweeper will find the row (R-B6).
    do.apply_async(args=[job_id], retry=False, ignore_result=True)


def work(job_id: int) -> bool:
    """Do one job now, unless it is done or another worker has it. Returns whether this call did it."""
    with transaction.atomic():
        job = (
            Job.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(pk=job_id, done_at=None, failed_at=None, due_at__lte=timezone.now())
            .first()
        )
        if job is None:
            return False
        # Tried again after a while if this process dies; longer each time.
        Job.objects.filter(pk=job.pk).update(
            tries=F("tries") + 1, due_at=timezone.now() + dt.timedelta(minutes=2 ** min(job.tries + 1, 8))
        )
    module, _, name = job.task.rpartition(".")
    function = getattr(import_module(module), name)
    try:
        function(**job.arguments)
    except (OSError, DatabaseError, RuntimeError, ValueError, LookupError, ArithmeticError) as error:
        # Whatever a job may meet, the next job must still be done: it is written down, and tried again later.
        log.exception("Job %s (%s) failed.", job.pk, job.task)
        _failed(job, error)
        return True
    Job.objects.filter(pk=job.pk).update(done_at=timezone.now())
    return True


def _failed(job: Job, error: Exception) -> None:
    if connection.needs_rollback:
        connection.close()
    Job.objects.filter(pk=job.pk).update(
        failure=type(error).__name__, failed_at=timezone.now() if job.tries + 1 >= TRIES else None
    )


def waiting(limit: int = 500) -> list[int]:
    """The jobs that are due, oldest first."""
    due = Job.objects.filter(done_at=None, failed_at=None, due_at__lte=timezone.now())
    return list(due.order_by("due_at").values_list("pk", flat=True)[:limit])


def work_all(limit: int = 10_000) -> int:
    """Do everything that is due, in this process; for commands and tests. Returns how many jobs were done."""
    done = 0
    while done < limit and (ids := waiting()):
        done += sum(work(job_id) for job_id in ids)
    return done

"""Work that follows a commit: ``after_commit`` writes it down in the same transaction, ``work`` does it."""

from __future__ import annotations

import datetime as dt
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from mutual.jobs.models import Job

TRIES = 5
"""After so many tries without success a job is put aside, and officers see it."""
RING_AGAIN = dt.timedelta(seconds=30)
"""How long a bell may take before it counts as missed."""
JOB_LOCK = 7011
"""The advisory locks of jobs being worked on: they end with the worker's database session, however it ends."""
DIED = "The process died each time."
"""Why a job was put aside that never came to say so itself."""
_OURS = ("mutual", "members", "pooling", "invoicing")


def after_commit(task: str, *, delay: dt.timedelta = dt.timedelta(), long: bool = False, **arguments: Any) -> Job:
    """Have ``task`` (a dotted path to a function) called with these ids once this transaction is committed.

    It may be called more than once, so whatever it does must be harmless when repeated. Work that may take more than
    some seconds is ``long``: it has workers of its own, so that no letter waits behind it.
    """
    now = timezone.now()
    job = Job.objects.create(
        task=task, arguments=arguments, long=long, due_at=now + delay, rung_at=None if delay else now
    )
    if not delay:
        transaction.on_commit(lambda: _ring(job), robust=True)
    return job


def _ring(job: Job) -> None:
    from mutual.jobs import tasks

    # A broker that is down is no reason to fail: the sweeper will find the row (R-B6).
    (tasks.do_long if job.long else tasks.do).apply_async(args=[job.pk], retry=False, ignore_result=True)


def sweep() -> int:
    """Ring for the jobs that are due and whose bell was missed; returns for how many.

    Each only once in a while: while the workers are busy the bells would pile up, and every later one wait behind.
    """
    now = timezone.now()
    missed = Q(rung_at=None) | Q(rung_at__lt=now - RING_AGAIN)
    jobs = list(_due(now).filter(missed).order_by("due_at")[:500])
    Job.objects.filter(pk__in=[job.pk for job in jobs]).update(rung_at=now)
    for job in jobs:
        _ring(job)
    return len(jobs)


def work(job_id: int) -> bool:
    """Do one job now, unless it is done or another worker is at it. Returns whether this call did it.

    Whatever the job raises is written down before it is raised here: the job is tried again later, and put aside after
    five tries, with the reason; so is one that kills its worker each time.
    """
    with _alone(job_id) as mine:
        job = _take(job_id) if mine else None
        if job is None:
            return False
        module, _, name = job.task.rpartition(".")
        try:
            getattr(import_module(module), name)(**job.arguments)
        except Exception as error:
            _failed(job, reason_of(error))
            raise
        Job.objects.filter(pk=job.pk).update(done_at=timezone.now(), failure="")
        return True


@contextmanager
def _alone(job_id: int) -> Iterator[bool]:
    """Whether nobody else is at this job; if so it is ours until the end. The number is cut to what a lock holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [JOB_LOCK, job_id % (1 << 31)])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine and connection.connection is not None and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [JOB_LOCK, job_id % (1 << 31)])


@transaction.atomic
def _take(job_id: int) -> Job | None:
    """The job if it is due, counted as tried; it comes up again after a while, longer each time."""
    now = timezone.now()
    job = _due(now).select_for_update(skip_locked=True, no_key=True).filter(pk=job_id).first()
    if job is None:
        return None
    if job.tries >= TRIES:
        _failed(job, job.failure or DIED)
        return None
    Job.objects.filter(pk=job.pk).update(
        tries=F("tries") + 1, due_at=now + dt.timedelta(minutes=2 ** min(job.tries + 1, 8))
    )
    job.tries += 1
    return job


def _failed(job: Job, reason: str) -> None:
    if connection.needs_rollback:
        connection.close()
    Job.objects.filter(pk=job.pk).update(failure=reason, failed_at=timezone.now() if job.tries >= TRIES else None)


def reason_of(error: BaseException) -> str:
    """Why a job failed, without anything personal: our refusals' own sentence, else what broke and where."""
    kind = type(error)
    if kind.__module__.partition(".")[0] in _OURS:
        return f"{kind.__name__}: {error}"[:300]
    code = getattr(error, "smtp_code", None) or getattr(error, "strerror", None)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(settings.BASE_DIR) and "site-packages" not in path.parts:
            where = f"{path.relative_to(settings.BASE_DIR)}:{frame.lineno}"
            return (f"{kind.__name__}: {code}, at {where}" if code else f"{kind.__name__} at {where}")[:300]
    return kind.__name__


def again(*, job_id: int | None = None) -> int:
    """Try a job that was put aside (or every one) once more, as if for the first time; returns how many."""
    aside = Job.objects.filter(failed_at__isnull=False, done_at=None)
    if job_id is not None:
        aside = aside.filter(pk=job_id)
    with transaction.atomic():
        jobs = list(aside.select_for_update())
        now = timezone.now()
        Job.objects.filter(pk__in=[job.pk for job in jobs]).update(failed_at=None, tries=0, due_at=now, rung_at=now)
        for job in jobs:
            transaction.on_commit(lambda job=job: _ring(job), robust=True)  # type: ignore[misc]
    return len(jobs)


def _due(now: dt.datetime) -> QuerySet[Job]:
    return Job.objects.filter(done_at=None, failed_at=None, due_at__lte=now)


def waiting(limit: int = 500) -> list[int]:
    """The jobs that are due, oldest first."""
    return list(_due(timezone.now()).order_by("due_at").values_list("pk", flat=True)[:limit])


def work_all(limit: int = 10_000) -> int:
    """Do everything that is due, in this process; for commands and tests. Returns how many jobs were done."""
    done = 0
    while done < limit and (ids := waiting()):
        done += sum(work(job_id) for job_id in ids)
    return done


def forget_done(days: int = 30) -> int:
    """Remove jobs done long ago; returns how many."""
    return Job.objects.filter(done_at__lt=timezone.now() - dt.timedelta(days=days)).delete()[0]

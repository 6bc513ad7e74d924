"""The bell and the sweeper."""

from __future__ import annotations

from mutual.celery import task
from mutual.jobs import queue


@task
def do(job_id: int) -> None:
    """Do one job, if nobody else has it."""
    queue.work(job_id)


@task
def sweep() -> None:
    """Ring for every job that is due: the bell may have been missed."""
    for job_id in queue.waiting():
        do.delay(job_id)

"""The bell and the sweeper."""

from __future__ import annotations

from mutual.celery import shared_task

from . import queue


@shared_task
def do(job_id: int) -> None:
    """Do one job, if nobody else has it."""
    queue.work(job_id)


@shared_task
def sweep() -> None:
    """Ring for every job that is due: the bell may have been missed."""
    for job_id in queue.waiting():
        do.delay(job_id)

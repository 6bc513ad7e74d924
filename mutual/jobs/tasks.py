"""The bells and the sweeper."""

from __future__ import annotations

from mutual.celery import task
from mutual.jobs import queue


@task
def do(job_id: int) -> None:
    """Do one job, if nobody else has it."""
    queue.work(job_id)


@task
def do_long(job_id: int) -> None:
    """Do one job that may take long, among others that do."""
    queue.work(job_id)


@task
def sweep() -> int:
    """Ring again where the bell may have been missed."""
    return queue.sweep()


@task
def forget_done() -> int:
    """Remove what was done a month ago."""
    return queue.forget_done()

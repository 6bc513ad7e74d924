"""The funds are simulated every night, and whenever an officer asks."""

from __future__ import annotations

from mutual import clock
from mutual.celery import task
from mutual.jobs.models import Run
from pooling.solvency import forecasts


def simulate(run_id: str) -> None:
    """Do the simulation that was ordered; harmless when done twice."""
    run = Run.objects.get(pk=run_id)
    if not run.over:
        forecasts.work(run=run, on=clock.today())


@task
def simulate_at_night() -> str:
    """Order today's simulation, unless it was made."""
    return str(forecasts.order(by=None, on=clock.today()).pk)

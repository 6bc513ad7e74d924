"""Simulating the funds: asked for by an officer or every night, done in the background, its result kept."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from django.db import transaction
from django.utils.translation import gettext as _

from mutual.jobs import queue, runs
from mutual.jobs.models import Run
from mutual.trail import trail
from pooling.models import Fund
from pooling.solvency import facts, outlooks, simulation
from pooling.solvency.models import Forecast
from pooling.solvency.outlooks import Base, Outlook, Wish
from pooling.solvency.simulation import Paths

KIND = "solvency"
STEP = 1_000
"""Runs between two reports of progress."""


class ForecastRefused(Exception):
    """The funds cannot be simulated; the message says why."""


class NoSuchFund(ForecastRefused):
    """There is no open fund of that name."""


def seed_of(on: dt.date) -> int:
    """The seed of a day: everybody who simulates that day gets the same runs."""
    return on.toordinal()


@transaction.atomic(durable=True)
def order(*, by: int | None, on: dt.date, again: bool = False) -> Run:
    """Have all funds simulated in the background. Ordered twice on a day it is one run, unless ``again``."""
    run = runs.prepare(
        kind=KIND, key=str(on), title=_("Simulation of the funds"), by=by, url="/solvency/",
    )  # fmt: skip
    if run.over and not again:
        return run
    if run.over:
        runs.again(run)
    queue.after_commit("pooling.solvency.tasks.simulate", run_id=str(run.pk))
    if by is not None:
        trail.record(by=by, did="FUNDS_SIMULATED", subject=f"solvency-{on}")
    return run


def work(*, run: Run, on: dt.date) -> Run:
    """Simulate every open fund and keep what was found. Killed at any point, it is simply called again."""
    found = facts.funds()
    runs.start(run, total=len(found) * simulation.RUNS)
    for fund in found:
        waiting = 0

        def report(done: int, /) -> None:
            nonlocal waiting
            waiting += done
            if waiting >= STEP:
                runs.advance(run, done=waiting)
                waiting = 0

        known = facts.of(fund, on)
        outlook = outlooks.make(known, seed=seed_of(on), on_progress=report)
        keep(fund=fund, outlook=outlook, base=outlooks.base_of(known))
        if waiting:
            runs.advance(run, done=waiting)
    return runs.finish(run)


@transaction.atomic(durable=True)
def keep(*, fund: Fund, outlook: Outlook, base: Base) -> Forecast:
    """Keep an outlook as the fund's forecast of that day, in place of one made that day before."""
    Forecast.objects.filter(fund=fund, made_on=outlook.on).delete()
    return Forecast.objects.create(
        fund=fund, made_on=outlook.on, seed=outlook.seed, runs=outlook.runs, outlook=outlooks.to_json(outlook),
        base=outlooks.base_to_json(base),
    )  # fmt: skip


def simulate(
    *, fund_slug: str, seed: int | None, on: dt.date, number: int = simulation.RUNS, kept: bool = False
) -> list[Outlook]:
    """Simulate one fund, or all, now; what was found is returned, and kept as the day's forecast if wanted.

    :raises NoSuchFund: if there is no open fund of that slug
    """
    try:
        found = facts.funds(fund_slug)
    except Fund.DoesNotExist as error:
        raise NoSuchFund(_("There is no open fund called %(fund)s.") % {"fund": fund_slug}) from error
    chosen = seed_of(on) if seed is None else seed
    said = []
    for fund in found:
        known = facts.of(fund, on)
        said.append(outlooks.make(known, seed=chosen, runs=number))
        if kept:
            keep(fund=fund, outlook=said[-1], base=outlooks.base_of(known))
    return said


def newest(on: dt.date | None = None) -> dict[int, Outlook]:
    """The newest outlook of every open fund, made on or before a day, by the fund's id."""
    rows = Forecast.objects.filter(fund__closed_on=None)
    if on is not None:
        rows = rows.filter(made_on__lte=on)
    latest = rows.defer("base").order_by("fund_id", "-made_on").distinct("fund_id")
    return {row.fund_id: outlooks.from_json(row.outlook) for row in latest}


def of_fund(fund: Fund, on: dt.date) -> Outlook | None:
    """The newest outlook of a fund, made on or before a day."""
    row = Forecast.objects.defer("base").filter(fund=fund, made_on__lte=on).order_by("-made_on").first()
    return None if row is None else outlooks.from_json(row.outlook)


def try_out(*, forecast_id: int, wish: Wish) -> Outlook:
    """What a kept forecast would be under a wish. Runs are kept in mind: while only dues move, none is made again."""
    outlook, _base = _known(forecast_id)
    return outlooks.try_out(outlook, _paths(forecast_id, wish.waiting_days, wish.ceiling), wish)


@lru_cache(maxsize=32)
def _known(forecast_id: int) -> tuple[Outlook, Base]:
    # A forecast is never changed, only replaced by another: its id says which it is.
    row = Forecast.objects.get(pk=forecast_id)
    return outlooks.from_json(row.outlook), outlooks.base_from_json(row.base)


@lru_cache(maxsize=32)
def _paths(forecast_id: int, waiting_days: int, ceiling: int | None) -> Paths:
    outlook, base = _known(forecast_id)
    return outlooks.try_paths(outlook, base, waiting_days=waiting_days, ceiling=ceiling)

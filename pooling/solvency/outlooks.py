"""The outlook of a fund: facts in, one frozen value out that page, PDF, command and member's sentence all show."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np

from mutual.periods import month
from pooling.benefits.engine import Version
from pooling.benefits.terms import Terms
from pooling.solvency import assumptions, figures, simulation
from pooling.solvency.assumptions import Assumptions, Band, Recipe, Rule
from pooling.solvency.costs import LONG_AGO, Covered
from pooling.solvency.facts import Circled, FundFacts
from pooling.solvency.figures import Figures
from pooling.solvency.simulation import OpenClaims, Paths, Piece, Setup

INTERACTIVE_CLAIMS = 2_000_000
"""While somebody moves a slider, so many claims are drawn: as many runs as that makes."""
INTERACTIVE_RUNS = (200, 2_000)
STRESS_RUNS = 2_000


@dataclass(frozen=True)
class Stress:
    """What happens to the chance of running out if things go worse (D3)."""

    name: str
    out: int
    runs: int


@dataclass(frozen=True)
class Assumed:
    """The assumptions, as a person reads them; shares and rates to three places."""

    spells: int | None
    incidence: Decimal
    incidence_trust: Decimal
    durations_trust: Decimal
    sickness: bool
    arrears: Decimal
    joiners_a_year: Decimal
    leaving_a_year: Decimal
    waiting_months: int
    waiting_days: int
    longest_days: int
    ceiling: int | None
    ages_known: int
    members: int
    mean_days: Decimal
    mean_cost: int


@dataclass(frozen=True)
class Outlook:
    """How long a fund lasts; amounts in minor units of its currency.

    :ivar months: the first day of each coming month
    :ivar fan: for each of 5, 25, 50, 75 and 95 percent, the balance at the end of each month
    :ivar out: for each month, how many of the runs have been below the floor by its end
    :ivar dues: what a member pays into the fund in a month; ``dues_needed`` is the least at which fewer than 1 in 100
        runs run out, None where no dues help
    :ivar run_out_on: by when half of the runs have been below the floor, if they have
    """

    slug: str
    name: str
    promise: str
    currency: str
    on: dt.date
    seed: int
    runs: int
    members: int
    opening: int
    floor: int
    dues: int
    dues_needed: int | None
    months: tuple[dt.date, ...]
    fan: tuple[tuple[int, ...], ...]
    out: tuple[int, ...]
    run_out_on: dt.date | None
    premium: int
    """Dues of a year."""
    stresses: tuple[Stress, ...]
    figures: Figures
    assumed: Assumed


def make(
    facts: FundFacts, *, seed: int, runs: int = simulation.RUNS, stressed: bool = True,
    on_progress: simulation.Progress | None = None,
) -> Outlook:  # fmt: skip
    """Simulate a fund and say everything about it. The same facts and seed give the same outlook."""
    assumed = assumptions.of(facts)
    paths = simulation.run(assumed.setup, seed=seed, runs=runs, on_progress=on_progress)
    opening = facts.held + facts.set_aside
    stresses = _stresses(facts, assumed, seed=seed, opening=opening) if stressed else ()
    return _said(facts, assumed, paths, seed=seed, opening=opening, stresses=stresses)


@dataclass(frozen=True)
class Base:
    """What a fund was simulated from, kept with its outlook, so that other rules can be tried at once."""

    setup: Setup
    recipe: Recipe


@dataclass(frozen=True)
class Wish:
    """What somebody tries: dues a member and month, waiting days of an illness, most paid for a claim (minor units)."""

    dues: int
    waiting_days: int
    ceiling: int | None


def base_of(facts: FundFacts) -> Base:
    """What a fund is simulated from."""
    assumed = assumptions.of(facts)
    return Base(assumed.setup, assumed.recipe)


def present(outlook: Outlook) -> Wish:
    """The fund as it is now, as a wish."""
    return Wish(outlook.dues, outlook.assumed.waiting_days, outlook.assumed.ceiling)


def try_paths(outlook: Outlook, base: Base, *, waiting_days: int, ceiling: int | None) -> Paths:
    """The coming months under other rules, from fewer runs, so that it answers at once; dues do not change them.

    Whatever differs from today's rules is changed in them, and the engine reckons anew what illnesses cost.
    """
    now = outlook.assumed
    made = assumptions.cells(
        base.recipe,
        waiting_days=None if waiting_days == now.waiting_days else waiting_days,
        ceiling=None if ceiling == now.ceiling else (ceiling,),
    )
    setup = replace(base.setup, cells=made)
    least, most = INTERACTIVE_RUNS
    runs = int(min(max(INTERACTIVE_CLAIMS / max(setup.claims_a_run, 1), least), most))
    return simulation.run(setup, seed=outlook.seed, runs=runs)


def try_out(outlook: Outlook, paths: Paths, wish: Wish) -> Outlook:
    """The outlook under a wish, from the runs made for it."""
    held = simulation.balances(paths, opening=outlook.opening, dues=wish.dues)
    out = tuple(int(count) for count in simulation.ran_out(held, floor=outlook.floor))
    return replace(
        outlook, runs=paths.runs, dues=wish.dues, fan=tuple(tuple(line) for line in simulation.fan(held)),
        dues_needed=simulation.dues_needed(paths, opening=outlook.opening, floor=outlook.floor),
        out=out,
        run_out_on=_run_out_on(out, paths.runs, outlook.months, outlook.opening, outlook.floor, outlook.on),
        stresses=(),
        assumed=replace(outlook.assumed, waiting_days=wish.waiting_days, ceiling=wish.ceiling),
    )  # fmt: skip


def _stresses(facts: FundFacts, assumed: Assumptions, *, seed: int, opening: int) -> tuple[Stress, ...]:
    setup = assumed.setup
    fewer = replace(setup, members=setup.members * 9 // 10, joiners=0.0)
    worse = {
        "ILLNESS": simulation.with_rate(setup, 1.5),
        "LEAVING": replace(fewer, waiting=tuple(count * 9 // 10 for count in setup.waiting)),
        "ARREARS": replace(setup, arrears=min(setup.arrears + 0.1, 1.0)),
    }
    found = []
    for name, one in worse.items():
        paths = simulation.run(one, seed=seed, runs=STRESS_RUNS)
        held = simulation.balances(paths, opening=opening, dues=facts.dues)
        found.append(Stress(name, int(simulation.ran_out(held, floor=facts.floor)[-1]), STRESS_RUNS))
    return tuple(found)


def _said(
    facts: FundFacts, assumed: Assumptions, paths: Paths, *, seed: int, opening: int, stresses: tuple[Stress, ...]
) -> Outlook:
    held = simulation.balances(paths, opening=opening, dues=facts.dues)
    out = tuple(int(count) for count in simulation.ran_out(held, floor=facts.floor))
    months = assumptions.coming_months(facts.on)
    lines = simulation.fan(held)
    next_year = int(paths.benefits[:, :12].sum() // paths.runs) - assumed.setup.due_already
    return Outlook(
        slug=facts.slug, name=facts.name, promise=facts.promise, currency=facts.currency, on=facts.on, seed=seed,
        runs=paths.runs, members=facts.members, opening=opening, floor=facts.floor, dues=facts.dues,
        dues_needed=simulation.dues_needed(paths, opening=opening, floor=facts.floor), months=tuple(months),
        fan=tuple(tuple(line) for line in lines),
        out=out, run_out_on=_run_out_on(out, paths.runs, months, opening, facts.floor, facts.on),
        premium=facts.earned, stresses=stresses,
        figures=figures.of(facts, assumed, next_year=max(next_year, 0)), assumed=_read(facts, assumed),
    )  # fmt: skip


def _run_out_on(
    out: Sequence[int], runs: int, months: Sequence[dt.date], opening: int, floor: int, on: dt.date
) -> dt.date | None:
    """The day by which half of the runs have fallen below the floor, along a straight line within the month."""
    if opening < floor:
        return on
    before = 0
    for first, after in zip(months, out, strict=True):
        if after * 2 >= runs:
            days = (month(first).end - first).days
            return first + dt.timedelta(days=(runs - 2 * before) * (days - 1) // (2 * (after - before)))
        before = after
    return None


def _read(facts: FundFacts, assumed: Assumptions) -> Assumed:
    def places(value: float) -> Decimal:
        return Decimal(value).quantize(Decimal("0.001"))

    shown = assumed.people >= figures.FEWEST or assumed.spells == 0
    return Assumed(
        spells=assumed.spells if shown else None, incidence=places(assumed.incidence),
        incidence_trust=places(assumed.incidence_trust), durations_trust=places(assumed.durations_trust),
        sickness=assumed.sickness, arrears=places(assumed.arrears), joiners_a_year=places(assumed.joiners_a_year),
        leaving_a_year=places(assumed.leaving_a_year), waiting_months=facts.terms.waiting_months,
        waiting_days=facts.terms.waiting_days, longest_days=assumed.longest_days, ceiling=facts.terms.ceiling,
        ages_known=assumed.ages_known, members=facts.members, mean_days=places(assumed.mean_days),
        mean_cost=assumed.mean_cost,
    )  # fmt: skip


# --- as JSON, and back --------------------------------------------------------------------------------------------


def to_json(outlook: Outlook) -> dict[str, Any]:
    """The outlook as JSON holds it: days and exact numbers as texts."""
    said: dict[str, Any] = _plain(dataclasses.asdict(outlook))
    return said


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, dt.date | Decimal) else value


def from_json(said: dict[str, Any]) -> Outlook:
    """The outlook that :func:`to_json` wrote down."""
    exact: Callable[[str | None], Decimal | None] = lambda text: None if text is None else Decimal(text)  # noqa: E731
    numbers = dict(said["figures"])
    for key in ("cover_months", "claims_ratio", "refusal_ratio", "largest_share", "solvency"):
        numbers[key] = exact(numbers[key])
    numbers["prompt"] = tuple(exact(one) for one in numbers["prompt"])
    read = dict(said["assumed"])
    for key in (
        "incidence", "incidence_trust", "durations_trust", "arrears", "joiners_a_year", "leaving_a_year", "mean_days",
    ):  # fmt: skip
        read[key] = Decimal(read[key])
    return Outlook(
        **{
            **said,
            "on": dt.date.fromisoformat(said["on"]),
            "months": tuple(dt.date.fromisoformat(day) for day in said["months"]),
            "fan": tuple(tuple(line) for line in said["fan"]),
            "out": tuple(said["out"]),
            "run_out_on": said["run_out_on"] and dt.date.fromisoformat(said["run_out_on"]),
            "stresses": tuple(Stress(**one) for one in said["stresses"]),
            "figures": Figures(**numbers),
            "assumed": Assumed(**read),
        }
    )


def base_to_json(base: Base) -> dict[str, Any]:
    """The base as JSON holds it, without the cells: they are made of the rest. Floats come back exactly."""
    setup, recipe = base.setup, base.recipe
    said = {name: getattr(setup, name) for name in (field.name for field in dataclasses.fields(setup))}
    del said["cells"]
    said["open_claims"] = [
        [one.count, one.lasts.tolist(), [dataclasses.astuple(piece) for piece in one.pays]] for one in setup.open_claims
    ]
    made = {name: getattr(recipe, name) for name in ("factor", "unpaid_days", "members")}
    made["since"] = recipe.since.isoformat()
    made["circled"] = dataclasses.astuple(recipe.circled)
    made["bands"] = [[one.share, one.rate, one.survival.tolist()] for one in recipe.bands]
    made["rules"] = [
        [one.version.number, one.version.terms.to_json(), dataclasses.astuple(one.covered), one.share, one.months]
        for one in recipe.rules
    ]
    return {"setup": said, "recipe": made}


def base_from_json(said: dict[str, Any]) -> Base:
    """The base that :func:`base_to_json` wrote down."""
    numbers, made = dict(said["setup"]), dict(said["recipe"])
    for name in ("month_days", "seasons", "waiting"):
        numbers[name] = tuple(numbers[name])
    numbers["open_claims"] = tuple(
        OpenClaims(count, np.array(lasts), tuple(Piece(*piece) for piece in pays))
        for count, lasts, pays in numbers["open_claims"]
    )
    made["since"] = dt.date.fromisoformat(made["since"])
    made["circled"] = Circled(*made["circled"])
    made["bands"] = tuple(Band(share, rate, np.array(survival)) for share, rate, survival in made["bands"])
    made["rules"] = tuple(
        Rule(Version(number, LONG_AGO, Terms.from_json(terms)), Covered(*covered), share, (months[0], months[1]))
        for number, terms, covered, share, months in made["rules"]
    )
    recipe = Recipe(**made)
    return Base(Setup(**numbers, cells=assumptions.cells(recipe)), recipe)

"""What the pages and the quarterly paper show of an outlook: frozen values, written as the reader writes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.utils.translation import gettext as _

from mutual import charts, formats, rooms
from mutual.money import Money, from_minor, minor
from pooling.models import Fund
from pooling.solvency import facts, figures, forecasts, sentences, tables
from pooling.solvency.outlooks import Outlook

NOT_SHOWN = "–"
CORE_MONTHS = 12
"""What the cooperative's own reserves should cover of its running costs (F13)."""


@dataclass(frozen=True)
class StressLine:
    """What would happen to the chance of running out if something went worse."""

    name: str
    many: str


@dataclass(frozen=True)
class FundOutlook:
    """One fund: the sentence, the drawing, and the figures."""

    slug: str
    name: str
    promise: str
    on: dt.date
    runs: int
    sentence: str
    tone: str
    fan: charts.Chart
    danger: charts.Chart
    short: tuple[rooms.Tile, ...]
    tiles: tuple[rooms.Tile, ...]
    stresses: tuple[StressLine, ...]
    assumed: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ThresholdLine:
    """How near the cooperative is to a size at which the law treats it as an insurer (F15)."""

    name: str
    place: str
    reached: Money
    limit: Money
    percent: int
    source: str
    valid_from: dt.date


@dataclass(frozen=True)
class Cockpit:
    """Everything about all funds on one page."""

    funds: tuple[FundOutlook, ...]
    missing: tuple[str, ...]
    """Funds that were not simulated yet."""
    core_tiles: tuple[rooms.Tile, ...]
    thresholds: tuple[ThresholdLine, ...]
    coming: tuple[ThresholdLine, ...]


def tone_of(outlook: Outlook) -> rooms.Tone:
    """How urgent it is: good below 1 in 100, a warning below 1 in 10, bad above."""
    out, runs = outlook.out[-1], outlook.runs
    if outlook.opening < outlook.floor or out * 10 >= runs:
        return "bad"
    return "warn" if out * 100 >= runs else "good"


def fan_chart(outlook: Outlook) -> charts.Chart:
    """The fan of balances, with the floor where there is one; the same on the page and on paper."""
    names = (
        _("5 of 100 futures are below"), _("25 of 100 are below"), _("The middle future"), _("25 of 100 are above"),
        _("5 of 100 are above"),
    )  # fmt: skip
    start = from_minor(outlook.opening, outlook.currency).amount
    lines = [
        charts.Series(name, (start, *(from_minor(value, outlook.currency).amount for value in line)))
        for name, line in zip(names, outlook.fan, strict=True)
    ]
    floor = from_minor(outlook.floor, outlook.currency)
    return charts.fan(
        title=_("%(fund)s: what it may hold in the next 24 months") % {"fund": outlook.name},
        labels=[formats.day_short(outlook.on), *(formats.month_short(day) for day in outlook.months)],
        lines=lines, words=lambda amount: formats.money(Money(amount, outlook.currency)),
        legend=(_("The middle future"), _("Half of all futures"), _("9 of 10 futures")),
        description=_(
            "From %(now)s now to between %(low)s and %(high)s at the end of %(month)s in 9 of 10 futures; %(middle)s "
            "in the middle one."
        )
        % {
            "now": formats.money(from_minor(outlook.opening, outlook.currency)),
            "low": formats.money(from_minor(outlook.fan[0][-1], outlook.currency)),
            "high": formats.money(from_minor(outlook.fan[-1][-1], outlook.currency)),
            "middle": formats.money(from_minor(outlook.fan[2][-1], outlook.currency)),
            "month": formats.month_short(outlook.months[-1]),
        },
        of=_("End of"), target=floor.amount if outlook.floor else None,
        target_words=_("Floor: %(amount)s") % {"amount": formats.money(floor)},
    )  # fmt: skip


def danger_chart(outlook: Outlook) -> charts.Chart:
    """How likely it is, by month, that the fund has run short."""
    shares = tuple(Decimal(out * 1000 // outlook.runs) / 10 for out in outlook.out)
    return charts.bars(
        title=_("%(fund)s: futures of 100 in which it has run short") % {"fund": outlook.name},
        labels=[formats.month_short(day) for day in outlook.months],
        series=[charts.Series(_("Of 100 futures"), shares)], of=_("By the end of"),
        words=lambda value: formats.number(value, 0 if value == int(value) else 1),
    )  # fmt: skip


def _percent(share: Decimal | None) -> str:
    return NOT_SHOWN if share is None else formats.percent(share)


def _too_few(share: Decimal | None, said: str = "") -> str:
    return _("not shown") if share is None else said


def _tile(label: str, text: str, hint: str = "", icon: str = "", tone: rooms.Tone = "") -> rooms.Tile:
    return rooms.Tile(label, text=text, hint=hint, icon=icon, tone=tone)


def cover_tile(outlook: Outlook) -> rooms.Tile:
    """Months of cover (F12)."""
    months = outlook.figures.cover_months
    hint = (
        _("of expected benefits, above the floor")
        if outlook.figures.cover_estimated
        else _("of the last year's benefits, above the floor")
    )
    text = NOT_SHOWN if months is None else formats.number(months, 1)
    return _tile(_("Months of cover"), text, hint, "calendar-stats")


def chance_tile(outlook: Outlook) -> rooms.Tile:
    """The chance of running out."""
    many = sentences.in_a_hundred(outlook.out[-1], outlook.runs)
    safe = outlook.out[-1] * 100 < outlook.runs
    return _tile(
        _("Runs short within 24 months"),
        _("< %(one)s") % {"one": formats.percent(Decimal("0.01"))} if safe else formats.percent(Decimal(many) / 100),
        _("of %(runs)s simulated futures") % {"runs": formats.number(outlook.runs)}, "chart-area-line",
        tone_of(outlook),
    )  # fmt: skip


def dues_tile(outlook: Outlook) -> rooms.Tile:
    """Dues now, and the least at which the chance falls below 1 in 100."""
    now = formats.money(from_minor(outlook.dues, outlook.currency))
    if outlook.dues_needed is None:
        return _tile(_("Dues needed"), NOT_SHOWN, _("No dues help: nobody pays any in time."), "coins", "bad")
    needed = from_minor(outlook.dues_needed, outlook.currency)
    return _tile(
        _("Dues needed"), formats.money(needed),
        _("a member and month, for less than 1 in 100; now %(now)s") % {"now": now}, "coins",
        "good" if outlook.dues_needed <= outlook.dues else "warn",
    )  # fmt: skip


def run_out_tile(outlook: Outlook) -> rooms.Tile:
    """When the middle future falls below the floor."""
    if outlook.run_out_on is None:
        return _tile(
            _("Run-out date"), _("none"), _("not in half of all futures, for 24 months"), "calendar-due", "good"
        )
    day = formats.day_short(outlook.run_out_on)
    return _tile(_("Run-out date"), day, _("by then half of all futures have run short"), "calendar-due", "bad")


def _tiles(outlook: Outlook) -> tuple[rooms.Tile, ...]:
    made, unit = outlook.figures, outlook.currency

    def money(amount: int) -> str:
        return formats.money(from_minor(amount, unit))

    seven, thirty, ninety = made.prompt
    within = _("%(thirty)s within 30 days, %(ninety)s within 90") % {
        "thirty": _percent(thirty), "ninety": _percent(ninety),
    }  # fmt: skip
    if made.prompt == (None, None, None):
        within = _("not shown")
    per_claim = _("not shown")
    if made.open_claims is not None:
        per_claim = _("%(count)s open, %(each)s each on average") % {
            "count": formats.number(made.open_claims),
            "each": NOT_SHOWN if made.reserve_per_claim is None else money(made.reserve_per_claim),
        }
    floor = _("of which %(floor)s must stay") % {"floor": money(outlook.floor)}
    return (
        _tile(_("Holds, with what is set aside"), money(outlook.opening), floor, "umbrella"),
        _tile(
            _("Solvency"), _percent(made.solvency),
            _("assets over all that is owed and twelve months of benefits"), "scale",
        ),
        _tile(_("Claims over dues"), _percent(made.claims_ratio), _too_few(made.claims_ratio, _("of a year")),
             "arrows-exchange"),
        _tile(_("Decided within 7 days"), _percent(seven), within, "clock"),
        _tile(_("Refused"), _percent(made.refusal_ratio), _too_few(made.refusal_ratio, _("of a year's decisions")),
             "circle-x"),
        _tile(_("Ten largest"), _percent(made.largest_share),
             _too_few(made.largest_share, _("of a year's benefits went to the ten largest")), "chart-pie"),
        _tile(_("Reserved for open claims"), NOT_SHOWN if made.open_reserve is None else money(made.open_reserve),
             per_claim, "hourglass"),
        _tile(_("Happened, not reported"), money(made.ibnr), _("expected, from how late claims come in"), "inbox"),
        _tile(_("Provisions"), money(made.provisions), _("owed, asked for, reserved and not reported"), "stack"),
        _tile(_("An average month"), money(made.expected_month), _("of benefits, expected for the next year"),
             "calendar-month"),
    )  # fmt: skip


def stress_name(code: str) -> str:
    """What goes worse, in words."""
    return {
        "ILLNESS": _("Half as many people again fall ill"),
        "LEAVING": _("One in ten members leaves at once, and nobody joins"),
        "ARREARS": _("Ten in a hundred more dues are never paid"),
    }[code]


def _assumed(outlook: Outlook) -> tuple[tuple[str, str], ...]:
    said, unit = outlook.assumed, outlook.currency
    own = _("%(share)s of it from the fund's own history") % {"share": formats.percent(said.incidence_trust)}
    often = _("%(rate)s for every 100 members") % {"rate": formats.number(said.incidence * 100, 1)}
    durations = formats.number(said.mean_days, 0)
    if said.sickness:
        shares = {"own": formats.percent(said.durations_trust), "days": durations}
        durations = (
            _("%(days)s; %(own)s of it from the fund's own history, the rest from the BCAC 2013 tables") % shares
        )
    ages = (
        _("known of %(known)s of %(all)s members; assumed for the others")
        % {"known": formats.number(said.ages_known), "all": formats.number(said.members)}
        if said.ages_known
        else _("not known; an age mix of freelancers is assumed")
    )
    return (
        (_("Members"), formats.number(said.members)),
        (_("Claims a year"), f"{often}; {own}"),
        (_("Days paid for a claim, on average"), durations),
        (_("Cost of a claim"), formats.money(from_minor(said.mean_cost, unit))),
        (_("Months of waiting after joining"), formats.number(said.waiting_months)),
        (_("Waiting days of each illness"), formats.number(said.waiting_days)),
        (_("Days paid at most"), formats.number(said.longest_days)),
        *(
            [] if said.ceiling is None
            else [(_("Most paid for one claim"), formats.money(from_minor(said.ceiling, unit)))]
        ),
        (_("Dues never paid"), formats.percent(said.arrears, 1)),
        (_("Joining"), _("%(count)s a year") % {"count": formats.number(said.joiners_a_year, 0)}),
        (_("Leaving"), _("%(share)s of the members a year") % {"share": formats.percent(said.leaving_a_year, 1)}),
        (_("Ages"), ages),
        (_("Seed"), str(outlook.seed)),
    )  # fmt: skip


def fund(outlook: Outlook) -> FundOutlook:
    """One fund as its page shows it."""
    stresses = tuple(
        StressLine(
            stress_name(one.name),
            _("%(many)s in 100") % {"many": formats.number(sentences.in_a_hundred(one.out, one.runs))},
        )
        for one in outlook.stresses
    )
    return FundOutlook(
        slug=outlook.slug, name=outlook.name, promise=str(Fund.Promise(outlook.promise).label), on=outlook.on,
        runs=outlook.runs, sentence=sentences.of_fund(outlook), tone=tone_of(outlook), fan=fan_chart(outlook),
        danger=danger_chart(outlook),
        short=(cover_tile(outlook), chance_tile(outlook), run_out_tile(outlook), dues_tile(outlook)),
        tiles=_tiles(outlook), stresses=stresses, assumed=_assumed(outlook),
    )  # fmt: skip


# --- all funds ----------------------------------------------------------------------------------------------------


def _measures(found: Sequence[Outlook], currency: str) -> dict[str, Money]:
    ours = [one for one in found if one.currency == currency]
    largest = 0
    for one in ours:
        days = max(one.assumed.mean_days, Decimal(1))
        largest = max(largest, one.assumed.ceiling or int(one.assumed.mean_cost / days * one.assumed.longest_days))
    return {
        "premium": from_minor(sum(one.premium for one in ours), currency),
        "provisions": from_minor(sum(one.figures.provisions for one in ours), currency),
        "per_person": from_minor(largest, currency),
    }


def _measure_name(measure: str) -> str:
    return {
        "premium": _("Dues for the funds in a year"),
        "provisions": _("Provisions"),
        "per_person": _("Most for one member: the longest illness at the average benefit"),
    }[measure]


def _threshold(one: tables.Threshold, reached: Money) -> ThresholdLine:
    limit = Money(one.amount, one.currency)
    return ThresholdLine(
        _measure_name(one.measure), one.place, reached, limit, int(reached.amount * 100 / limit.amount), one.source,
        one.valid_from,
    )  # fmt: skip


def thresholds(found: Sequence[Outlook], on: dt.date) -> tuple[tuple[ThresholdLine, ...], tuple[ThresholdLine, ...]]:
    """The law's thresholds in force, and those that are law already and come later, each with how near we are.

    All funds are counted, whatever they promise, to be on the careful side.
    """

    def lines(those: Sequence[tables.Threshold]) -> tuple[ThresholdLine, ...]:
        return tuple(_threshold(one, _measures(found, one.currency)[one.measure]) for one in those)

    return lines(tables.thresholds(on)), lines(tables.coming_thresholds(on))


def core_tile(on: dt.date) -> rooms.Tile:
    """How long the cooperative's own reserves cover its running costs (F13)."""
    core = facts.core(settings.COOPERATIVE_CURRENCY, on)
    months = figures.ratio(core.reserves * 12, core.costs)
    aim = _("of running costs; the aim is %(months)s") % {"months": CORE_MONTHS}
    if months is None:
        return _tile(_("Own reserves"), NOT_SHOWN, _("No running costs were recorded this year."), "pig-money")
    text = _("%(months)s months") % {"months": formats.number(months, 1)}
    return _tile(_("Own reserves"), text, aim, "pig-money", "good" if months >= CORE_MONTHS else "warn")


def cockpit(on: dt.date) -> Cockpit:
    """Every open fund's newest outlook; the same few queries however many members and claims."""
    found = forecasts.newest(on)
    open_funds = facts.funds()
    said = [found[one.pk] for one in open_funds if one.pk in found]
    now, coming = thresholds(said, on)
    return Cockpit(
        funds=tuple(fund(one) for one in said),
        missing=tuple(one.name for one in open_funds if one.pk not in found),
        core_tiles=(core_tile(on),), thresholds=now, coming=coming,
    )  # fmt: skip


def everybody(on: dt.date) -> tuple[FundOutlook, ...]:
    """Every open fund's newest outlook, for members."""
    found = forecasts.newest(on)
    return tuple(fund(found[one.pk]) for one in facts.funds() if one.pk in found)


def most_dues(outlook: Outlook) -> int:
    """The right end of the dues slider, in minor units: twice what is needed or paid, rounded up to a whole number."""
    unit = minor(Money(1, outlook.currency))
    wanted = 2 * max(outlook.dues, outlook.dues_needed or 0, 5 * unit)
    return -(-wanted // (5 * unit)) * 5 * unit

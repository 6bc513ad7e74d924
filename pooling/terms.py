"""What a member owes for a period, day by day, and why. Pure: dates and minor units in, lines out.

A period is cut at every day on which something changes: she joins or leaves, moves to another plan or level, a new
version of her plan begins, a waiver begins or ends. Each piece counts its days of the period's days at its own rate;
the whole is rounded once, half up, and the pieces share it by largest remainder. So whatever happened, the lines sum
to the exact day-wise total to the cent (B2).
"""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from mutual.money import allocate_minor
from mutual.periods import Period


@dataclass(frozen=True)
class Version:
    """A plan's version as a day finds it: what a whole period costs at the standard rate and at each level or band.

    ``rates`` are minor units by place; a place of None, unknown, or expired costs the standard rate. With ``permyriad``
    the rate is that part of the member's figure, at least ``least`` and at most ``standard``.
    """

    id: int
    plan_id: int
    valid_from: dt.date
    standard: int
    by_day: bool
    rates: tuple[tuple[int, int], ...] = ()
    permyriad: int = 0
    least: int = 0


@dataclass(frozen=True)
class Stay:
    """A member on a plan, from a day up to another (None: still), at a level or band that may expire."""

    plan_id: int
    since: dt.date
    until: dt.date | None
    place: int | None = None
    place_until: dt.date | None = None


@dataclass(frozen=True)
class Relieved:
    """Days on which only a part of the rate is asked: ``percent`` is what is given up."""

    since: dt.date
    until: dt.date
    percent: int
    number: str = ""


@dataclass(frozen=True)
class Line:
    """Some days of a period at one rate, and what that comes to; minor units."""

    version_id: int
    start: dt.date
    days: int
    of: int
    rate: int
    place: int | None = None
    percent: int = 0
    waiver: str = ""
    figure: int | None = None
    amount: int = 0

    def as_data(self) -> dict[str, Any]:
        """The line as it is stored with its charge."""
        data = {"from": self.start.isoformat(), "days": self.days, "of": self.of, "rate": self.rate, "is": self.amount}
        if self.place is not None:
            data["place"] = self.place
        if self.percent:
            data |= {"given_up": self.percent, "waiver": self.waiver}
        if self.figure is not None:
            data["figure"] = self.figure
        return data


def rate_of(version: Version, place: int | None, figure: int | None) -> int:
    """What a whole period costs under a version, at a level or band, or of a figure; minor units, rounded half up."""
    if version.permyriad:
        part = (max(figure or 0, 0) * version.permyriad * 2 + 10_000) // 20_000
        return min(max(part, version.least), version.standard)
    return dict(version.rates).get(place, version.standard) if place is not None else version.standard


def assess(
    *,
    period: Period,
    belongs: Sequence[tuple[dt.date, dt.date | None]],
    stays: Sequence[Stay],
    versions: Sequence[Version],
    relieved: Sequence[Relieved] = (),
    figure: int | None = None,
) -> tuple[Line, ...]:
    """What a member owes for a period, as lines that sum to the exact day-wise total.

    :param belongs: from which day to which she belonged, both counted; None: still. Who returned has several
    :param stays: her stays on the plans that are charged for such periods; they do not overlap
    :param versions: every version of these plans
    :param figure: what a percentage is taken of, in minor units
    """
    by_plan: dict[int, list[Version]] = {}
    for version in sorted(versions, key=lambda one: one.valid_from):
        by_plan.setdefault(version.plan_id, []).append(version)
    pieces: list[Line] = []
    for a, b in _cuts(period, belongs, stays, by_plan, relieved):
        if not any(first <= a and (last is None or a <= last) for first, last in belongs):
            continue
        stay = next((one for one in stays if one.since <= a and (one.until is None or a < one.until)), None)
        now = _in_force(by_plan.get(stay.plan_id, []), a) if stay is not None else None
        if stay is None or now is None:
            continue
        place = stay.place if stay.place_until is None or a < stay.place_until else None
        waiver = next((one for one in relieved if one.since <= a < one.until), None)
        piece = Line(
            now.id, a, (b - a).days, period.days, rate_of(now, place, figure), place,
            waiver.percent if waiver else 0, waiver.number if waiver else "", figure if now.permyriad else None,
        )  # fmt: skip
        if not now.by_day:  # parts are not charged: the period's first day decides for all of it
            if a == period.start:
                return _amounts([replace(piece, days=period.days)])
            continue
        pieces.append(piece)
    return _amounts(_joined(pieces))


def _cuts(
    period: Period,
    belongs: Sequence[tuple[dt.date, dt.date | None]],
    stays: Sequence[Stay],
    by_plan: dict[int, list[Version]],
    relieved: Sequence[Relieved],
) -> list[tuple[dt.date, dt.date]]:
    days = {period.start, period.end}
    for first, last in belongs:
        days |= {first} if last is None else {first, last + dt.timedelta(days=1)}
    for stay in stays:
        days |= {stay.since, *(day for day in (stay.until, stay.place_until) if day is not None)}
        days |= {version.valid_from for version in by_plan.get(stay.plan_id, [])}
    for waiver in relieved:
        days |= {waiver.since, waiver.until}
    inside = sorted(day for day in days if period.start <= day <= period.end)
    return list(pairwise(inside))


def _in_force(versions: list[Version], day: dt.date) -> Version | None:
    at = bisect.bisect_right([version.valid_from for version in versions], day)
    return versions[at - 1] if at else None


def _joined(pieces: list[Line]) -> list[Line]:
    """Neighbours that are alike become one line."""
    lines: list[Line] = []
    for piece in pieces:
        last = lines[-1] if lines else None
        if last is not None and replace(piece, start=last.start, days=last.days) == last and _touch(last, piece):
            lines[-1] = replace(last, days=last.days + piece.days)
        else:
            lines.append(piece)
    return lines


def _touch(first: Line, second: Line) -> bool:
    return first.start + dt.timedelta(days=first.days) == second.start


def _amounts(lines: list[Line]) -> tuple[Line, ...]:
    weights = [line.rate * line.days * (100 - line.percent) for line in lines]
    if not sum(weights):
        return tuple(lines)
    whole = 100 * lines[0].of
    total = (2 * sum(weights) + whole) // (2 * whole)
    return tuple(
        replace(line, amount=amount) for line, amount in zip(lines, allocate_minor(total, weights), strict=True)
    )

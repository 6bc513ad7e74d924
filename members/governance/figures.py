"""Figures of the house as dated data: set by a decision of two officers, from a day on; a default until then.

A room names its figures (``figures()`` in its ``room.py``), and asks here what one is on a day. What was decided, begun
or drawn before a figure changed keeps the figure of its own day.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache

from django.db import transaction
from django.utils.translation import gettext as _

from members.governance import decisions
from members.governance.models import Decision, Setting
from mutual import rooms

KIND = "FIGURE"


class FigureRefused(Exception):
    """The figure was not changed; the message is a sentence for the person."""


class OutOfRange(FigureRefused):
    """It may not be set that low or that high."""


class TooEarly(FigureRefused):
    """Its day has passed, or is not after the day of the newest setting."""


@dataclass(frozen=True)
class View:
    """A figure on a day, what was decided of it, and what comes."""

    figure: rooms.Figure
    value: int
    settings: tuple[Setting, ...]
    """Newest first."""
    since: dt.date | None
    """The day the present value holds from; none while it is as delivered."""


@cache
def _defaults() -> dict[str, int]:
    return {figure.name: figure.default for figure in rooms.figures()}


def value(name: str, on: dt.date) -> int:
    """A figure on a day."""
    default = _defaults()[name]
    found = Setting.objects.filter(name=name, valid_from__lte=on).order_by("-valid_from").values_list("value")
    return next((number for (number,) in found[:1]), default)


def find(name: str) -> rooms.Figure | None:
    """The figure of a name, with its words in the reader's language."""
    return next((figure for figure in rooms.figures() if figure.name == name), None)


def every(on: dt.date) -> list[View]:
    """Every figure on a day."""
    made: dict[str, list[Setting]] = {}
    for setting in Setting.objects.select_related("decision").order_by("-valid_from"):
        made.setdefault(setting.name, []).append(setting)
    views = []
    for figure in rooms.figures():
        mine = made.get(figure.name, [])
        now = next((one for one in mine if one.valid_from <= on), None)
        since = now.valid_from if now else None
        views.append(View(figure, now.value if now else figure.default, tuple(mine), since))
    return views


@transaction.atomic(durable=True)
def propose(*, name: str, value: int, valid_from: dt.date, text: str, by: int, on: dt.date) -> Decision:
    """Propose what a figure is from a day on; another officer confirms it.

    :raises OutOfRange: if it may not be set that low or that high
    :raises TooEarly: if the day has passed, or is not after that of the newest setting
    """
    _check(name, value, valid_from, on)
    terms = {"figure": name, "value": value, "valid_from": valid_from.isoformat()}
    return decisions.propose(kind=KIND, subject=name, text=text, terms=terms, by=by, on=on)


@transaction.atomic(durable=True)
def confirm(*, decision_id: int, by: int, on: dt.date) -> Setting:
    """Set a proposed figure as the second officer.

    :raises members.governance.decisions.DecisionRefused: if it was decided, or proposed by the same person
    :raises TooEarly: if its day has passed, or it was set otherwise since
    """
    with decisions.deciding(decision_id, kind=KIND, by=by, on=on) as decision:
        said = decision.terms
        valid_from = dt.date.fromisoformat(said["valid_from"])
        _check(said["figure"], said["value"], valid_from, on)
        return Setting.objects.create(
            name=said["figure"], value=said["value"], valid_from=valid_from, decision=decision
        )


def _check(name: str, value: int, valid_from: dt.date, on: dt.date) -> None:
    figure = find(name)
    assert figure is not None, f"No room names {name}."
    if not figure.least <= value <= figure.most:
        raise OutOfRange(_("From %(least)s to %(most)s.") % {"least": figure.least, "most": figure.most})
    if valid_from < on:
        raise TooEarly(_("What has been keeps its figure: choose today or a later day."))
    if Setting.objects.filter(name=name, valid_from__gte=valid_from).exists():
        raise TooEarly(_("It is set from that day or a later one already: choose a day after it."))

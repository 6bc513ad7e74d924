"""The outlook of a quarter as a paper for every member: made once the quarter is over, kept, and given out again."""

from __future__ import annotations

import datetime as dt

from django.db.models import Max, Min
from django.utils.translation import gettext as _
from django.utils.translation import override

from members.statements import statements
from mutual.documents import archive, documents, sheets
from mutual.documents.documents import Press
from mutual.documents.values import OutlookDocument, OutlookPart
from mutual.periods import Period, quarter
from pooling.solvency import forecasts, reports
from pooling.solvency.models import Forecast

KIND = archive.Kind.OUTLOOK
LISTED = 12
"""So many quarters are offered, the newest first."""


class QuarterRefused(Exception):
    """There is no such paper; the message says why."""


class NotSimulated(QuarterRefused):
    """Nothing was simulated in that quarter."""


def number_of(period: Period) -> str:
    """``F-2026-Q4``."""
    return f"F-{period.label}"


def those_with_one(on: dt.date) -> list[Period]:
    """The quarters in which something was simulated, up to the one a day is in, newest first."""
    said = Forecast.objects.filter(made_on__lte=on).aggregate(first=Min("made_on"), last=Max("made_on"))
    if said["first"] is None:
        return []
    found: list[Period] = []
    one = quarter(said["last"])
    while one.end > said["first"] and len(found) < LISTED:
        if Forecast.objects.filter(made_on__gte=one.start, made_on__lt=one.end).exists():
            found.append(one)
        one = one.previous()
    return found


def compose(period: Period, language: str) -> OutlookDocument:
    """What the paper of a quarter says: the last forecasts made in it.

    :raises NotSimulated: if there are none
    """
    newest = forecasts.newest(period.last_day)
    made = sorted((one for one in newest.values() if one.on >= period.start), key=lambda one: one.name)
    if not made:
        raise NotSimulated(_("The funds were not simulated in that quarter."))
    with override(language):
        parts = tuple(
            OutlookPart(
                view.name, view.promise, view.sentence,
                tuple((tile.label, tile.text, tile.hint) for tile in (*view.short, *view.tiles[1:5])), view.fan,
            )
            for view in map(reports.fund, made)
        )  # fmt: skip
    return OutlookDocument(
        number=number_of(period), cooperative=statements.cooperative(), period=period, language=language, parts=parts,
        simulated_on=max(one.on for one in made), runs=min(one.runs for one in made),
    )  # fmt: skip


def give(
    *, period: Period, language: str, at: dt.datetime, on: dt.date, press: Press | None = None
) -> tuple[str, bytes]:  # fmt: skip
    """The paper as a file, with its name. Once the quarter is over it is kept, and given out byte for byte.

    :raises NotSimulated: if nothing was simulated in that quarter
    :raises DocumentRefused: if it cannot be printed
    """
    value = compose(period, language)
    source, name = archive.digest(value), f"{value.number}.pdf"
    kept = archive.find(kind=KIND, number=value.number, source=source)
    if kept is None:
        printed = sheets.outlook(value).print(created=at, press=press)
        if period.end > on:
            return name, printed.pdf
        kept = archive.keep(
            kind=KIND, number=value.number, source=source, owner=0, language=language, printed=printed,
            versions=press.versions if press else documents.versions(), created_at=at,
        )  # fmt: skip
    return name, archive.fetch(kept)

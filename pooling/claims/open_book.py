"""Claims on open books: how many, how much about, and from which fund; never fewer than five together (C11).

What is left out must not be told by what is shown. So a fund's year is shown by months only where every one of its
months has five claims, else by quarters on the same condition, else whole, else not at all; and a period by bands only
where every band has five. No sums are shown beside the cells: there is no small rest that a sum would give away.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from mutual.money import Money
from pooling.claims import bands
from pooling.claims.models import Claim

LEAST = 5


@dataclass(frozen=True)
class Cell:
    """Claims of one fund in one period (2026-11, 2026-Q4 or 2026) and band."""

    fund: str
    period: str
    band: str
    count: int


@dataclass(frozen=True)
class OpenBook:
    """What can be shown, and whether anything is left out because it is too little to hide in."""

    cells: tuple[Cell, ...]
    left_out: bool


def read(on: dt.date) -> OpenBook:
    """The approved claims of the years up to a day; the day's own month is not over and is not shown."""
    rows = Claim.objects.filter(amount_approved__isnull=False, decided_on__lt=on.replace(day=1))
    found: dict[tuple[str, int], list[tuple[dt.date, Money]]] = {}
    for fund, day, amount, unit in rows.values_list(
        "fund__name", "decided_on", "amount_approved", "amount_approved_currency"
    ):
        assert day is not None
        found.setdefault((fund, day.year), []).append((day, Money(amount, unit)))
    cells: list[Cell] = []
    for key in sorted(found, key=lambda key: (key[0], -key[1])):
        cells.extend(_cells(key[0], found[key]))
    return OpenBook(tuple(cells), sum(cell.count for cell in cells) < sum(map(len, found.values())))


def _cells(fund: str, claims: list[tuple[dt.date, Money]]) -> Iterator[Cell]:
    for name in (_month, _quarter, _year):
        groups: dict[str, list[Money]] = {}
        for day, amount in claims:
            groups.setdefault(name(day), []).append(amount)
        if min(map(len, groups.values())) >= LEAST:
            for period in sorted(groups, reverse=True):
                yield from _bands(fund, period, groups[period])
            return


def _bands(fund: str, period: str, amounts: list[Money]) -> Iterator[Cell]:
    sizes: dict[str, int] = {}
    for amount in sorted(amounts, key=lambda one: one.amount):
        band = bands.of_amount(amount)
        sizes[band] = sizes.get(band, 0) + 1
    if min(sizes.values()) < LEAST:
        sizes = {_("all amounts"): len(amounts)}
    for band, count in sizes.items():
        yield Cell(fund, period, band, count)


def _month(day: dt.date) -> str:
    return f"{day:%Y-%m}"


def _quarter(day: dt.date) -> str:
    return f"{day.year}-Q{(day.month + 2) // 3}"


def _year(day: dt.date) -> str:
    return str(day.year)

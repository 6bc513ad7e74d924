"""The one writer of CSV: exact numbers, and no cell that a spreadsheet would run as a formula (rule R-G5)."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from uuid import UUID

from mutual.money import Money, decimals

Cell = str | int | Decimal | Money | dt.date | dt.datetime | UUID | bool | None

_STARTS = frozenset("=+-@|%\t\r\n＝＋－＠｜％−")
_MARK = "\ufeff"
"""Without it, spreadsheets read accents as another alphabet."""


def text(cell: Cell) -> str:
    """What stands in a cell: numbers plain and exact, days as 2026-11-05, text that could be a formula made harmless.

    An amount is written without its currency (give that a column of its own) and with the currency's own decimals;
    hours as whole minutes.
    """
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case Money():
            return f"{cell.amount:.{decimals(str(cell.currency))}f}"
        case int():
            return str(cell)
        case Decimal():
            return f"{cell:f}"
        case dt.date() | UUID():
            return str(cell)
    cleaned = cell.replace("\x00", "")
    risky = bool(cleaned) and (cleaned[0] in _STARTS or cleaned.lstrip()[:1] in _STARTS)
    return f"'{cleaned}" if risky else cleaned


def rows(heading: Sequence[str], lines: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """A CSV file in pieces: the heading, then each line as it comes, so that no size is too large to send."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(_MARK)
    writer.writerow([text(name) for name in heading])
    for line in lines:
        writer.writerow([text(cell) for cell in line])
        if buffer.tell() > 32_768:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()

"""Tables as CSV, the one way all of them leave the cooperative.

A spreadsheet runs a cell that begins like a formula, and a name or a memo can be written so. Text that begins with one
of those characters gets an apostrophe before it; numbers and days are written as such and cannot carry anything
(rule R-G5; the characters are OWASP's, with ``|`` and ``%`` and their full-width forms).
"""

import csv
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Protocol

Cell = str | int | Decimal | dt.date | None

_FORMULA = ("=", "+", "-", "@", "|", "%", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class Writable(Protocol):
    """What CSV can be written to."""

    def write(self, text: str, /) -> object:
        """Take a piece of text."""


def safe_cell(value: Cell) -> str:
    """The text of one cell, which no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, str):
        return "'" + value if value.lstrip(" \u00a0\ufeff").startswith(_FORMULA) or value[:1] == "'" else value
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


class Table:
    """A CSV table being written, row by row; nothing is kept in memory."""

    def __init__(self, file: Writable, header: Sequence[str]) -> None:
        self._writer = csv.writer(file)
        self._columns = len(header)
        self._writer.writerow(header)

    def write(self, row: Sequence[Cell]) -> None:
        """Add a row.

        :raises ValueError: if it has not as many cells as the header
        """
        if len(row) != self._columns:
            raise ValueError(f"A row of this table has {self._columns} cells, not {len(row)}.")
        self._writer.writerow([safe_cell(cell) for cell in row])

    def write_safe(self, rows: Iterable[Sequence[str]]) -> None:
        """Add rows whose every cell is the answer of :func:`safe_cell` already: for millions of them."""
        self._writer.writerows(rows)


class _Last:
    text = ""

    def write(self, text: str, /) -> None:
        self.text += text

    def take(self) -> str:
        text, self.text = self.text, ""
        return text


def stream(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """The table as pieces of text, for an answer that is sent while it is made. Begins with a byte order mark, without
    which spreadsheets read names wrongly.
    """
    out = _Last()
    table = Table(out, header)
    yield "\ufeff" + out.take()
    for row in rows:
        table.write(row)
        yield out.take()

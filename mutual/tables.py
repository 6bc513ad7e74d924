"""Tables for spreadsheets: the one way lists leave the cooperative, as CSV or as XLSX.

A spreadsheet runs a cell that begins like a formula, and a name or a memo can be written so. In CSV such text gets an
apostrophe before it (rule R-G5; the characters are OWASP's, with ``|`` and ``%`` and their full-width forms). In XLSX
every text is stored as text, which no program takes for a formula. Numbers and days are exact and typed.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from mutual.money import Money, decimals

Cell = str | int | Decimal | Money | dt.date | dt.datetime | UUID | bool | None

KINDS = ("csv", "xlsx")
"""What a list can be taken away as."""

MIME = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

_FORMULA = tuple("=+-@|%\t\r\n＝＋－＠｜％−")
_MARK = "\ufeff"
"""Without it, spreadsheets read accents as another alphabet."""
_FLUSH = 32_768
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML cannot hold."""
_LONGEST = 32_767
"""Characters in a cell of a spreadsheet."""
_SHEET_ROWS = 1_048_576
"""Rows in a sheet of a spreadsheet."""


class Writable(Protocol):
    """What CSV can be written to."""

    def write(self, text: str, /) -> object:
        """Take a piece of text."""


def text(cell: Cell) -> str:
    """What stands in a cell of CSV: numbers plain and exact, days as 2026-11-05, what could be a formula made harmless.

    An amount is written without its currency (give that a column of its own) and with the currency's own decimals;
    hours as whole minutes. Text that begins with an apostrophe gets another, so that it can be told apart.
    """
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case Money():
            return f"{cell.amount:.{decimals(str(cell.currency))}f}"
        case int() | dt.date() | UUID():
            return str(cell)
        case Decimal():
            return f"{cell:f}"
    cleaned = cell.replace("\x00", "")
    risky = cleaned[:1] == "'" or cleaned.lstrip().startswith(_FORMULA) or cleaned.startswith(_FORMULA)
    return f"'{cleaned}" if risky or cleaned.lstrip("\ufeff \u00a0").startswith(_FORMULA) else cleaned


class Table:
    """A CSV table being written to a file, row by row; nothing is kept in memory."""

    def __init__(self, file: Writable, heading: Sequence[str]) -> None:
        self._writer = csv.writer(file)
        self._columns = len(heading)
        self._writer.writerow([text(name) for name in heading])

    def write(self, row: Sequence[Cell]) -> None:
        """Add a row.

        :raises ValueError: if it has not as many cells as the heading
        """
        if len(row) != self._columns:
            raise ValueError(f"A row of this table has {self._columns} cells, not {len(row)}.")
        self._writer.writerow([text(cell) for cell in row])

    def write_safe(self, rows: Iterable[Sequence[str]]) -> None:
        """Add rows whose every cell is the answer of :func:`text` already: for millions of them."""
        self._writer.writerows(rows)


def as_csv(heading: Sequence[str], lines: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """A CSV file in pieces: the heading, then each line as it comes, so that no size is too large to send.

    :raises ValueError: if a line has not as many cells as the heading
    """
    buffer = io.StringIO()
    buffer.write(_MARK)
    table = Table(buffer, heading)
    for line in lines:
        table.write(line)
        if buffer.tell() > _FLUSH:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def as_xlsx(heading: Sequence[str], lines: Iterable[Sequence[Cell]], *, title: str = "") -> bytes:
    """A workbook with one sheet: the heading stays in view, amounts and days are numbers and days.

    Text is cut at 32,767 characters and a sheet holds 1,048,576 rows, as the format says; give CSV for more.

    :raises ValueError: if a line has not as many cells as the heading, or there are too many lines
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_title(title))
    sheet.freeze_panes = "A2"
    for column, name in enumerate(heading, 1):
        sheet.column_dimensions[_column(column)].width = max(12, min(len(name) + 4, 40))
    sheet.append([_typed(sheet, name) for name in heading])
    try:
        for number, line in enumerate(lines, 2):
            if len(line) != len(heading):
                raise ValueError(f"A row of this table has {len(heading)} cells, not {len(line)}.")
            if number > _SHEET_ROWS:
                raise ValueError("A sheet holds 1,048,576 rows; CSV holds any number.")
            sheet.append([_typed(sheet, cell) for cell in line])
    except ValueError:
        sheet.close()
        raise
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _typed(sheet: Any, cell: Cell) -> Any:
    from openpyxl.cell import WriteOnlyCell

    match cell:
        case None:
            return None
        case bool() | UUID():
            return text(cell)
        case Money():
            places = decimals(str(cell.currency))
            written = WriteOnlyCell(sheet, cell.amount)
            written.number_format = "#,##0" + ("." + "0" * places if places else "")
            return written
        case int() | Decimal():
            return cell
        case dt.datetime():
            return cell.astimezone(dt.UTC).replace(tzinfo=None)
        case dt.date():
            return cell
    written = WriteOnlyCell(sheet, _UNWRITABLE.sub("", cell)[:_LONGEST])
    written.data_type = "s"  # whatever it begins with, it is text
    return written


def _sheet_title(title: str) -> str:
    return re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", title).strip(" '")[:31] or "Mutual"


def _column(number: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(number))

"""The transactions of an Open Collective host, read from its CSV export: two rows an event, one for each side.

Amounts are hundredths of a unit in every currency, also where the currency has no hundredths (6000 JPY is ¥60). A row's
``netAmountInCollectiveCurrency`` is what its collective's balance changed by; where the two sides of an event disagree,
the difference is what the platform, the host or the payment processor kept, and it goes to one named fees account.
Rows with a ``deletedAt`` are the source's own deletions and are passed over.
"""

import csv
import datetime as dt
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NoReturn

from django.utils.translation import gettext as _

from mutual.ledger.drafts import (
    Difference,
    DraftEntry,
    DraftLine,
    Drafts,
    ImportRefused,
    Problem,
    decode,
    legible_words,
    refuse,
)

ACCOUNT = "Assets:Open Collective:%s"
"""The account of a collective, by its number: what is held for it."""

FEES = "Expenses:Open Collective:Fees"
"""Where the difference between the two sides of an event goes."""

MAX_FIELD = 20_000
"""Characters of one field of the file."""

COLUMNS = (
    "id",
    "type",
    "description",
    "amount",
    "currency",
    "createdAt",
    "CollectiveId",
    "FromCollectiveId",
    "netAmountInCollectiveCurrency",
    "TransactionGroup",
    "deletedAt",
)

_CENTS = re.compile(r"-?[0-9]{1,15}")
_CURRENCY = re.compile(r"[A-Z]{3,12}")
_NUMBER = re.compile(r"[0-9]{1,18}")
_GROUP = re.compile(r"[0-9A-Za-z_-]{1,64}")


class _Row:
    """One live row, its fields checked."""

    def __init__(self, line: int, fields: Mapping[str, str]) -> None:
        self.line = line
        self.id = _match(_NUMBER, fields, "id")
        self.side = fields["type"]
        if self.side not in {"CREDIT", "DEBIT"}:
            _wrong(_("The column %(column)s holds no value that is known: %(value)s."), "type", self.side)
        self.amount = int(_match(_CENTS, fields, "amount"))
        # Old rows may lack it: their collective's balance did not change, and the other side says so by an amount of 0.
        self.has_net = bool(fields["netAmountInCollectiveCurrency"])
        self.net = int(_match(_CENTS, fields, "netAmountInCollectiveCurrency")) if self.has_net else 0
        self.currency = _match(_CURRENCY, fields, "currency")
        self.collective = _match(_NUMBER, fields, "CollectiveId")
        self.other = _match(_NUMBER, fields, "FromCollectiveId")
        self.group = _match(_GROUP, fields, "TransactionGroup")
        self.description = legible_words(fields["description"])
        try:
            self.date = dt.date.fromisoformat(fields["createdAt"][:10])
        except ValueError:
            _wrong(
                _("The column %(column)s holds no value that is known: %(value)s."), "createdAt", fields["createdAt"]
            )


def parse(data: bytes) -> Drafts:
    """Read a whole file. An event bears the earlier day of its two rows, in UTC as in the file.

    :raises ImportRefused: with the line of every row that cannot be read, has no counterpart or does not fit it
    """
    problems: list[Problem] = []
    groups: defaultdict[str, list[_Row]] = defaultdict(list)
    rows = skipped = 0
    for line, fields in _records(decode(data)):
        rows += 1
        if fields["deletedAt"]:
            skipped += 1
            continue
        try:
            row = _Row(line, fields)
        except ValueError as error:
            problems.append(Problem(line, str(error)))
        else:
            groups[row.group].append(row)

    entries: list[DraftEntry] = []
    differences: list[Difference] = []
    zero_lines: list[int] = []
    for group in groups.values():
        try:
            entry, difference = _event(group)
        except ValueError as error:
            problems.append(Problem(group[0].line, str(error)))
            continue
        entries.append(entry)
        zero_lines += [line.line for line in entry.lines if not line.amount]
        if difference is not None:
            differences.append(difference)
    if problems:
        raise ImportRefused(problems)
    return Drafts(
        entries=tuple(entries),
        rows=rows,
        skipped=skipped,
        zero_lines=tuple(zero_lines),
        differences=tuple(differences),
    )


def _records(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The file's records by column, each with the line it starts on."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    header: list[str] | None = None
    try:
        for record in reader:
            line, start = start, reader.line_num + 1
            if not record:
                continue
            if header is None:
                header = record
                missing = [column for column in COLUMNS if column not in header]
                if missing or len(set(header)) != len(header):
                    raise refuse(
                        line,
                        _(
                            "This is not a transactions file of Open Collective: "
                            "the columns %(columns)s are needed, each once."
                        )
                        % {"columns": ", ".join(missing or COLUMNS)},
                    )
            elif len(record) != len(header):
                raise refuse(
                    line,
                    _("The row has %(found)d fields, but the first line names %(expected)d.")
                    % {"found": len(record), "expected": len(header)},
                )
            elif max(map(len, record)) > MAX_FIELD:
                raise refuse(line, _("A field is longer than %(limit)d characters.") % {"limit": MAX_FIELD})
            else:
                yield line, dict(zip(header, record, strict=True))
    except csv.Error as error:
        raise refuse(start, _("This is not a CSV row: a quotation mark or a line end is missing.")) from error
    if header is None:
        raise refuse(0, _("The file is empty."))


def _event(rows: list[_Row]) -> tuple[DraftEntry, Difference | None]:
    """The entry of one event, and what its two sides differ by.

    :raises ValueError: if the rows are not the two sides of one event
    """
    sides = {row.side: row for row in rows}
    if len(rows) != 2 or len(sides) != 2:
        raise ValueError(
            _("The event %(group)s needs one CREDIT and one DEBIT row; its rows are on lines %(lines)s.")
            % {"group": rows[0].group, "lines": ", ".join(str(row.line) for row in rows[:10])}
        )
    credit, debit = sides["CREDIT"], sides["DEBIT"]
    values = {"credit": credit.line, "debit": debit.line}
    if credit.currency != debit.currency:
        raise ValueError(_("The two sides, on lines %(credit)d and %(debit)d, have different currencies.") % values)
    if (credit.collective, credit.other) != (debit.other, debit.collective):
        raise ValueError(_("The two sides, on lines %(credit)d and %(debit)d, name different accounts.") % values)
    if credit.amount != -debit.net or debit.amount != -credit.net:
        raise ValueError(
            _(
                "The rows on lines %(credit)d and %(debit)d do not add up: "
                "one side's amount must be the other's net amount."
            )
            % values
        )
    lines = [
        DraftLine(credit.line, ACCOUNT % credit.collective, credit.currency, _units(credit.net)),
        DraftLine(debit.line, ACCOUNT % debit.collective, debit.currency, _units(debit.net)),
    ]
    difference = None
    if fees := -(credit.net + debit.net):
        lines.append(DraftLine(credit.line, FEES, credit.currency, _units(fees)))
        difference = Difference(
            lines=(credit.line, debit.line),
            rows=(credit.id, debit.id),
            account=FEES,
            commodity=credit.currency,
            amount=_units(fees),
            complete=credit.has_net and debit.has_net,
        )
    description = credit.description or debit.description
    entry = DraftEntry(
        line=min(credit.line, debit.line),
        date=min(credit.date, debit.date),
        lines=tuple(lines),
        payee=description,
        identity=f"opencollective/{credit.group}",
    )
    return entry, difference


def _units(hundredths: int) -> Decimal:
    return Decimal(hundredths).scaleb(-2)


def _match(pattern: re.Pattern[str], fields: Mapping[str, str], column: str) -> str:
    value = fields[column]
    if not pattern.fullmatch(value):
        _wrong(_("The column %(column)s holds no value that is known: %(value)s."), column, value)
    return value


def _wrong(sentence: str, column: str, value: str) -> NoReturn:
    raise ValueError(sentence % {"column": column, "value": f"“{value[:40]}”"})

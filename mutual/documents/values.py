"""What a statement and an invoice say, as frozen values; nothing here knows how they look.

Texts are checked when a value is made, so that nothing too long to print is ever queued.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from django.utils.translation import gettext as _
from djmoney.money import Money

from mutual import charts
from mutual.documents.documents import TooLong
from mutual.periods import Period
from mutual.rooms import Section

#: The most lines one document holds, and the most characters one text of it holds.
LINE_LIMIT = 2_000
TEXT_LIMIT = 4_000

VatCategory = Literal["S", "AE", "K", "G", "E", "O", "Z"]


@dataclass(frozen=True)
class Party:
    """Who a document is from or for. `address` is one line an entry; `facts` are ids with their names."""

    name: str
    address: tuple[str, ...] = ()
    number: str = ""
    vat_id: str = ""
    email: str = ""
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class StatementDocument:
    """The statement of everything of one member for one period, in one language.

    :raises TooLong: if it has more lines or longer texts than a document holds
    """

    number: str
    member: Party
    cooperative: Party
    period: Period
    language: str
    sections: tuple[Section, ...]
    made_on: dt.date

    def __post_init__(self) -> None:
        _check(self, sum(len(section.lines) for section in self.sections))


@dataclass(frozen=True)
class BankDetails:
    """Where to pay."""

    holder: str
    iban: str
    bic: str = ""


@dataclass(frozen=True)
class InvoiceLine:
    """One line; `net` is quantity times unit price, rounded once. `rate` is in percent."""

    text: str
    quantity: Decimal
    unit: str
    unit_price: Money
    net: Money
    rate: Decimal | None
    category: VatCategory = "S"
    detail: str = ""


@dataclass(frozen=True)
class VatLine:
    """The VAT of one category and rate: base, rate in percent, amount; `reason` where none is charged."""

    rate: Decimal | None
    category: VatCategory
    base: Money
    vat: Money
    reason: str = ""


@dataclass(frozen=True)
class InvoiceDocument:
    """An invoice or, naming the invoice it `corrects`, a credit note; `draft` prints it as one.

    A draft has no number yet. `text` is what the client pays with: printed as a code for banking apps when
    the currency is the euro, bank details are given and something is due.

    :raises TooLong: if it has more lines or longer texts than a document holds
    """

    number: str
    issuer: Party
    client: Party
    issued_on: dt.date
    supplied: str
    language: str
    currency: str
    lines: tuple[InvoiceLine, ...]
    vat: tuple[VatLine, ...]
    net: Money
    total_vat: Money
    gross: Money
    paid: Money
    due: Money
    due_on: dt.date | None = None
    bank: BankDetails | None = None
    reference: str = ""
    introduction: str = ""
    notes: tuple[str, ...] = ()
    terms: str = ""
    corrects: str = ""
    corrects_on: dt.date | None = None
    draft: bool = False

    def __post_init__(self) -> None:
        _check(self, len(self.lines))


@dataclass(frozen=True)
class ReceiptLine:
    """What a payment paid: one charge, of how much, and how much of it."""

    text: str
    charged: Money
    paid: Money


@dataclass(frozen=True)
class ReceiptDocument:
    """The receipt of one payment of dues: what it paid, where that went, and what is kept for the next dues.

    :raises TooLong: if it has more lines or longer texts than a document holds
    """

    number: str
    member: Party
    cooperative: Party
    language: str
    received_on: dt.date
    amount: Money
    into: str
    reference: str
    lines: tuple[ReceiptLine, ...]
    parts: tuple[tuple[str, Money], ...]
    ahead: Money

    def __post_init__(self) -> None:
        _check(self, len(self.lines))


@dataclass(frozen=True)
class OutlookPart:
    """One fund on the quarter's outlook: its sentence, its figures as (label, value, note), and the drawing."""

    name: str
    promise: str
    sentence: str
    figures: tuple[tuple[str, str, str], ...]
    drawing: charts.Chart


@dataclass(frozen=True)
class OutlookDocument:
    """How long the funds last, for every member, once a quarter. The words are in its language already.

    :raises TooLong: if it has longer texts than a document holds
    """

    number: str
    cooperative: Party
    period: Period
    language: str
    parts: tuple[OutlookPart, ...]
    simulated_on: dt.date
    runs: int
    """How often the future was simulated."""

    def __post_init__(self) -> None:
        for part in self.parts:
            _check((part.name, part.promise, part.sentence, part.figures, part.drawing.description), 0)


def _check(value: Any, lines: int) -> None:
    if lines > LINE_LIMIT:
        raise TooLong(
            _("A document holds at most %(limit)s lines and this one has %(lines)s. Choose a shorter period.")
            % {"limit": f"{LINE_LIMIT:,}", "lines": f"{lines:,}"}
        )
    for text in _texts(value):
        if len(text) > TEXT_LIMIT:
            raise TooLong(
                _("A text in a document holds at most %(limit)s characters and one here has %(length)s.")
                % {"limit": f"{TEXT_LIMIT:,}", "length": f"{len(text):,}"}
            )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _texts(getattr(value, field.name))

"""Entries of somebody else's books, read but not yet recorded, and the refusal of a file.

The readers (:mod:`~mutual.ledger.plaintext`, :mod:`~mutual.ledger.opencollective`) turn a file into
:class:`Drafts`; :mod:`~mutual.ledger.importing` records them. Everything here is pure: no database, no clock.
"""

import datetime as dt
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MAX_BYTES = 64 * 1024 * 1024
"""A file larger than this is refused before it is read."""

MAX_PROBLEMS = 20
"""So many problems are named at once; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not add up, and the line of the file it stands on (counted from 1; 0 is the file itself)."""

    line: int
    sentence: str

    def __str__(self) -> str:
        if not self.line:
            return self.sentence
        return _("Line %(line)d: %(sentence)s") % {"line": self.line, "sentence": self.sentence}


class ImportRefused(Exception):
    """The file cannot become entries. Nothing was recorded.

    ``problems`` holds the first :data:`MAX_PROBLEMS` of them in the order of the file, ``more`` counts the others.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = sorted(problems, key=lambda problem: problem.line)
        self.problems = tuple(found[:MAX_PROBLEMS])
        self.more = len(found) - len(self.problems)
        sentences = [str(problem) for problem in self.problems]
        if self.more:
            sentences.append(
                ngettext("%(count)d more problem was found.", "%(count)d more problems were found.", self.more)
                % {"count": self.more}
            )
        super().__init__("\n".join(sentences))


def refuse(line: int, sentence: str) -> ImportRefused:
    """The refusal for a single problem."""
    return ImportRefused([Problem(line, sentence)])


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One amount on one account: debits are positive, credits negative. ``commodity`` is the currency as written."""

    line: int
    account: str
    commodity: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class DraftEntry:
    """One event as the file tells it. Its lines add up to zero in every commodity.

    ``identity`` is the event's own lasting number where the source has one (an empty text where the content has to
    serve); ``code``, ``payee`` and ``notes`` are words, which may name people.
    """

    line: int
    date: dt.date
    lines: tuple[DraftLine, ...]
    payee: str = ""
    code: str = ""
    notes: tuple[str, ...] = ()
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """Two sides of one event that do not agree, and by how much: what goes to the fees account (debits positive).

    ``lines`` and ``rows`` are where they stand in the file and what they are called there; ``complete`` is false where
    one side does not say what it received.
    """

    lines: tuple[int, int]
    rows: tuple[str, str]
    account: str
    commodity: str
    amount: Decimal
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Drafts:
    """Everything one file holds.

    ``account_types`` are types the file itself declares (letters A, L, E, R, X as in hledger); ``decimals`` the
    number of decimals it declares for a commodity; ``rows`` counts what was read, ``skipped`` what the source itself
    had marked as deleted; ``zero_lines`` are lines of the file with an amount of zero.
    """

    entries: tuple[DraftEntry, ...]
    rows: int
    account_types: Mapping[str, str] = field(default_factory=dict)
    decimals: Mapping[str, int] = field(default_factory=dict)
    skipped: int = 0
    zero_lines: tuple[int, ...] = ()
    differences: tuple[Difference, ...] = ()


def decode(data: bytes) -> str:
    """The text of a file.

    :raises ImportRefused: if it is larger than :data:`MAX_BYTES`, not UTF-8, or holds a NUL character
    """
    if len(data) > MAX_BYTES:
        raise refuse(
            0,
            _("The file is larger than %(limit)d MB. Split it by year and import the years one after another.")
            % {"limit": MAX_BYTES // (1024 * 1024)},
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise refuse(line, _("This is not UTF-8 text. Save the file as UTF-8 and try again.")) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise refuse(line, _("This is not a text file."))
    return text


# Marks that change the direction or the joining of the text round them: they can make a name look like another.
_INVISIBLE = frozenset("\u00ad\u061c\u180e\u200b\u200e\u200f\u2028\u2029\u2060\ufeff") | frozenset(
    map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
)


def legible_words(text: str) -> str:
    """A payee or a note on one line, in one Unicode form (NFC), without unprintable characters (R-G10)."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    return "".join(char for char in text if not _unprintable(char)).strip()


def legible_name(text: str) -> str:
    """An account's name in one Unicode form (NFC).

    :raises ValueError: if it holds characters that cannot be printed, which would let two names look alike (R-G10)
    """
    text = unicodedata.normalize("NFC", text.strip())
    if any(_unprintable(char) for char in text):
        raise ValueError(_("The account's name holds characters that cannot be printed."))
    return text


def _unprintable(char: str) -> bool:
    return char in _INVISIBLE or unicodedata.category(char) in {"Cc", "Cs", "Cn", "Co"}

"""Plain-text accounting, read strictly: the text of a `ledger` or `hledger` file in, draft entries out.

It reads what people commonly write: dated entries with flags, codes, payees and notes; amounts with a symbol or a code
before or after them, one of them left out; balance assertions, which are checked; comments; and the directives
``account``, ``commodity``, ``D``, ``P``, ``Y``, ``decimal-mark``, ``payee``, ``tag``. What would change the meaning of
an entry and is not read (included files, virtual postings, prices, automated and periodic entries, aliases) is refused
with its line, never passed over. Amounts are exact decimals; nothing is rounded.

Source of the grammar: ledger-cli 3.3 manual, chapter "Journal format"; hledger 1.25 manual, section "Journal".
"""

import datetime as dt
import decimal
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NoReturn

from django.utils.translation import gettext as _

from mutual.ledger.drafts import (
    DraftEntry,
    DraftLine,
    Drafts,
    ImportRefused,
    Problem,
    decode,
    legible_name,
    legible_words,
)

MAX_LINE = 4_000
"""Characters of one line of the file."""

MAX_POSTINGS = 2_000
"""Postings of one entry."""

MAX_NAME = 200
"""Characters of an account's name."""

_EXACT = decimal.Context(prec=80, traps=[decimal.Inexact, decimal.InvalidOperation, decimal.Overflow])

_DATE = r"(?:(?P<{0}year>[0-9]{{4}})[-/.])?(?P<{0}month>[0-9]{{1,2}})[-/.](?P<{0}day>[0-9]{{1,2}})"
_HEADER = re.compile(
    _DATE.format("") + r"(?:=" + _DATE.format("second_") + r")?(?=\s|$)"
    r"\s*(?:(?P<flag>[*!])\s*)?(?:\((?P<code>[^()]*)\)\s*)?(?P<rest>.*)"
)
_HEADER_NOTE = re.compile(r"(?:^|\s\s+|\t\s*);")
_ACCOUNT_END = re.compile(r"\s{2,}|\t")
_COMMODITY = r'(?:"[^"]*"|[^\s\d.,;:?!+\-*/^&|=<>\[\](){}@"#\']+)'
_NUMBER = r"[+-]?\s*[0-9][0-9.,'\u00a0\u202f]*|[+-]?\s*\.[0-9]+"
_AMOUNT = re.compile(
    rf"(?P<sign>[+-]\s*)?(?:(?P<before>{_COMMODITY})\s*(?P<number1>{_NUMBER})|(?P<number2>{_NUMBER})\s*(?P<after>{_COMMODITY})?)"
)
_LOOKS_LIKE_AN_AMOUNT = re.compile(r"\s[+-]?\s?[$€£¥]\s?[+-]?[0-9.,]+$|\s[+-][0-9.,]+(?:\s?[A-Z]{3})?$")
_DIRECTIVES_PASSED_OVER = frozenset({"payee", "tag", "P", "N", "year", "comment", "test"})
_TYPE_TAG = re.compile(r"(?:^|[\s,;])type:\s*(?P<type>[A-Za-z]+)")
_TYPES = {
    "a": "A",
    "asset": "A",
    "c": "A",
    "cash": "A",
    "l": "L",
    "liability": "L",
    "e": "E",
    "equity": "E",
    "v": "E",
    "conversion": "E",
    "r": "R",
    "revenue": "R",
    "x": "X",
    "expense": "X",
}


class _Wrong(Exception):
    """What is wrong with the line being read; becomes a :class:`Problem`."""


@dataclass(slots=True)
class _Posting:
    line: int
    account: str
    amounts: list[tuple[str, Decimal]]  # empty: left out
    asserted: tuple[str, Decimal] | None = None


@dataclass(slots=True)
class _Entry:
    line: int
    date: dt.date
    payee: str
    code: str
    notes: list[str]
    postings: list[_Posting] = field(default_factory=list)
    broken: bool = False


def parse(data: bytes) -> Drafts:
    """Read a whole file.

    :raises ImportRefused: with the line of everything that cannot be read or does not add up
    """
    text = decode(data)
    with decimal.localcontext(_EXACT):
        return _Reader().read(text)


class _Reader:
    def __init__(self) -> None:
        self.entries: list[DraftEntry] = []
        self.problems: list[Problem] = []
        self.account_types: dict[str, str] = {}
        self.decimals: dict[str, int] = {}
        self.zero_lines: list[int] = []
        self.running: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        self.default_commodity = ""
        self.decimal_mark = "."
        self.year: int | None = None
        self.under = ""  # the directive whose indented lines are being read
        self.entry: _Entry | None = None

    # Lines

    def read(self, text: str) -> Drafts:
        block_line, block_word = 0, ""
        for number, line in enumerate(_lines(text), 1):
            if block_word:
                if line.split()[:2] == ["end", block_word]:
                    block_word = ""
                continue
            if line.rstrip() in {"comment", "test"}:
                self._finish()
                block_line, block_word = number, line.rstrip()
                continue
            try:
                self._line(number, line)
            except _Wrong as wrong:
                self._problem(number, str(wrong))
        self._finish()
        if block_word == "test":
            self._problem(block_line, _("This block has no end."))
        if self.problems:
            raise ImportRefused(self.problems)
        return Drafts(
            entries=tuple(self.entries),
            rows=len(self.entries),
            account_types=self.account_types,
            decimals=self.decimals,
            zero_lines=tuple(self.zero_lines),
        )

    def _problem(self, line: int, sentence: str) -> None:
        self.problems.append(Problem(line, sentence))
        if self.entry is not None:
            self.entry.broken = True

    def _line(self, number: int, line: str) -> None:
        if len(line) > MAX_LINE:
            _wrong(_("The line is longer than %(limit)d characters."), limit=MAX_LINE)
        if not line.strip():
            self._finish()
        elif line[0] in " \t":
            self._indented(number, line.strip())
        else:
            self._finish()
            self._top(number, line.rstrip())

    def _indented(self, number: int, line: str) -> None:
        if self.entry is not None:
            if line[0] in ";#":
                self.entry.notes.append(legible_words(line[1:]))
            elif len(self.entry.postings) >= MAX_POSTINGS:
                _wrong(_("The entry has more than %(limit)d postings."), limit=MAX_POSTINGS)
            else:
                self._posting(self.entry, number, line)
        elif line[0] in ";#":
            if self.under.startswith("account "):
                self._declare_type(self.under.removeprefix("account "), line)
        elif self.under:
            self._under(line)
        else:
            _wrong(_("This line is indented but belongs to no entry."))

    def _top(self, number: int, line: str) -> None:
        self.under = ""
        if line[0] in ";#%|*":
            return
        if line[0].isdigit():
            self._header(number, line)
            return
        if line[0] == "=":
            _wrong(_("Automated entries are not imported. Let your tool print the plain entries and import those."))
        if line[0] == "~":
            _wrong(_("Periodic entries are not imported: they are plans, not events. Remove them."))
        self._directive(line)

    # Directives

    def _directive(self, line: str) -> None:
        word, _space, rest = line.lstrip("!@").partition(" ")
        word, rest = word.strip(), rest.strip()
        if word in {"include", "!include", "@include"}:
            _wrong(_("Included files are not followed. Put the files into one and import that."))
        elif word == "account":
            text, _semicolon, note = _split_note(rest)
            account = _account_name(text)
            self.under = f"account {account}"
            self._declare_type(account, note)
        elif word == "commodity":
            self._commodity(_split_note(rest)[0])
        elif word == "D":
            commodity, _amount, decimals = self._amount(_split_note(rest)[0])
            self.default_commodity = commodity
            self.decimals[commodity] = decimals
        elif word == "decimal-mark":
            if rest not in {".", ","}:
                _wrong(_("The decimal mark is a point or a comma."))
            self.decimal_mark = rest
        elif word in {"Y", "year"} or re.fullmatch(r"Y\d{4}", word):
            year = rest or word[1:]
            if not re.fullmatch(r"[0-9]{4}", year) or not int(year):
                _wrong(_("This is not a year."))
            self.year = int(year)
        elif word in _DIRECTIVES_PASSED_OVER:
            self.under = word
        elif word in {"alias", "apply", "end", "bucket", "A", "C", "define", "def", "eval", "expr", "python", "import"}:
            _wrong(_("The directive “%(word)s” would change what entries mean and is not read."), word=word)
        elif word in {"i", "I", "o", "O", "b", "h"}:
            _wrong(_("Time clock lines are not imported."))
        else:
            _wrong(_("This line is neither an entry, a posting, a comment nor a directive that is known."))

    def _under(self, line: str) -> None:
        word, _space, rest = line.partition(" ")
        if self.under.startswith("commodity ") and word == "format":
            commodity, _amount, decimals = self._amount(_split_note(rest)[0])
            self.decimals[commodity] = decimals
        elif word in {"alias", "payee", "default"}:
            _wrong(_("The directive “%(word)s” would change what entries mean and is not read."), word=word)

    def _declare_type(self, account: str, note: str) -> None:
        if tag := _TYPE_TAG.search(note):
            letter = _TYPES.get(tag["type"].lower())
            if letter is None:
                _wrong(_("“%(type)s” is not a type of account: write A, L, E, R or X."), type=tag["type"])
            self.account_types[account] = letter

    def _commodity(self, text: str) -> None:
        if any(char.isdigit() for char in text):
            commodity, _amount, decimals = self._amount(text)
            self.decimals[commodity] = decimals
        else:
            commodity = text.strip('"')
        self.under = f"commodity {commodity}"

    # Entries

    def _header(self, number: int, line: str) -> None:
        # The entry exists even if its first line is wrong, so that its postings are not taken for strays.
        self.entry = _Entry(line=number, date=dt.date.min, payee="", code="", notes=[])
        header = _HEADER.fullmatch(line)
        if header is None:
            _wrong(_("This is not a date. Write the year, month and day, as in 2015/01/24."))
        self.entry.date = self._day(header["year"], header["month"], header["day"])
        if header["second_day"]:
            second = self._day(header["second_year"], header["second_month"], header["second_day"])
            self.entry.notes.append(f"={second.isoformat()}")
        self.entry.code = legible_words(header["code"] or "")
        rest = header["rest"]
        note = _HEADER_NOTE.search(rest)
        if note:
            self.entry.notes.append(legible_words(rest[note.end() :]))
            rest = rest[: note.start()]
        self.entry.payee = legible_words(rest)

    def _day(self, year: str | None, month: str, day: str) -> dt.date:
        if year is None and self.year is None:
            _wrong(_("The date has no year."))
        try:
            return dt.date(int(year) if year is not None else self.year or 0, int(month), int(day))
        except ValueError:
            _wrong(_("There is no such day."))

    def _posting(self, entry: _Entry, number: int, line: str) -> None:
        if line[0] in "*!" and line[1:2].isspace():
            line = line[1:].lstrip()
        if line[0] in "([<":
            _wrong(_("Virtual postings, in brackets, do not balance and are not imported. Remove them."))
        parts = _ACCOUNT_END.split(line, maxsplit=1)
        rest, semicolon, note = _split_note(parts[1] if len(parts) > 1 else "")
        posting = _Posting(line=number, account=_account_name(parts[0]), amounts=[])
        if semicolon and note.strip():
            entry.notes.append(legible_words(note))
        amount, equals, assertion = _partition_assertion(rest)
        if amount:
            commodity, value, _decimals = self._amount(amount)
            posting.amounts.append((commodity, value))
        if equals:
            if equals != "=":
                _wrong(_("Assertions about sub-accounts or all currencies (“%(mark)s”) are not read."), mark=equals)
            if not amount:
                _wrong(_("The posting sets a balance instead of an amount. Write the amount."))
            commodity, value, _decimals = self._amount(assertion)
            posting.asserted = commodity, value
        entry.postings.append(posting)

    def _finish(self) -> None:
        """Balance the entry that has just ended, check its assertions and keep it."""
        entry, self.entry = self.entry, None
        if entry is None or entry.broken:
            return
        try:
            self._balance(entry)
        except _Wrong as wrong:
            self._problem(entry.line, str(wrong))
            return
        lines = []
        for posting in entry.postings:
            for commodity, value in posting.amounts:
                lines.append(DraftLine(posting.line, posting.account, commodity, value))
                self.running[posting.account, commodity] += value
            if not any(value for _commodity, value in posting.amounts):
                self.zero_lines.append(posting.line)
            if posting.asserted is not None:
                commodity, asserted = posting.asserted
                actual = self.running[posting.account, commodity]
                if actual != asserted:
                    self._problem(
                        posting.line,
                        _("The file says the balance is %(asserted)s %(commodity)s here, but it adds up to %(actual)s.")
                        % {"asserted": f"{asserted:f}", "commodity": commodity, "actual": f"{actual:f}"},
                    )
        notes = tuple(note for note in entry.notes if note)
        self.entries.append(DraftEntry(entry.line, entry.date, tuple(lines), entry.payee, entry.code, notes))

    def _balance(self, entry: _Entry) -> None:
        if not entry.postings:
            _wrong(_("The entry has no postings."))
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        left_out = [posting for posting in entry.postings if not posting.amounts]
        for posting in entry.postings:
            for commodity, value in posting.amounts:
                sums[commodity] += value
        open_sums = {commodity: value for commodity, value in sorted(sums.items()) if value}
        if len(left_out) > 1:
            _wrong(_("The entry leaves out more than one amount."))
        if left_out:
            # Where nothing is left over, the posting is a line of zero in the entry's own currencies.
            left_out[0].amounts = [(commodity, -value) for commodity, value in (open_sums or sums).items()]
        elif open_sums:
            commodity, value = next(iter(open_sums.items()))
            _wrong(
                _("The entry does not add up: it is %(value)s %(commodity)s over."),
                value=f"{value:f}",
                commodity=commodity,
            )

    # Amounts

    def _amount(self, text: str) -> tuple[str, Decimal, int]:
        """Commodity, value and number of decimals written."""
        text = text.strip()
        if "@" in text or "{" in text:
            _wrong(
                _(
                    "Prices (“@” or braces) are not imported. "
                    "Write the two currencies as two entries against an exchange account."
                )
            )
        if text[:1] == "(":
            _wrong(_("The amount is a calculation. Write its result."))
        match = _AMOUNT.fullmatch(text)
        if match is None:
            _wrong(_("“%(text)s” is not an amount."), text=text[:40])
        commodity = (match["before"] or match["after"] or self.default_commodity).strip('"')
        if not commodity:
            _wrong(_("The amount %(text)s names no currency."), text=text[:40])
        number = re.sub(r"\s", "", match["number1"] or match["number2"])
        signs = (match["sign"] or "").strip() + (number[0] if number[0] in "+-" else "")
        if len(signs) > 1:
            _wrong(_("“%(text)s” is not an amount."), text=text[:40])
        value, decimals = self._number(number.lstrip("+-"))
        return commodity, -value if signs == "-" else value, decimals

    def _number(self, text: str) -> tuple[Decimal, int]:
        group = "," if self.decimal_mark == "." else "."
        whole, _mark, fraction = text.partition(self.decimal_mark)
        groups = re.split(rf"[{group}']", whole)
        well_grouped = len(groups) == 1 or (1 <= len(groups[0]) <= 3 and len(groups[-1]) == 3)
        well_grouped = well_grouped and all(len(part) in {2, 3} for part in groups[1:])
        if not well_grouped or (fraction and not re.fullmatch(r"[0-9]+", fraction)):
            _wrong(
                _("The number %(text)s can be read in two ways. Write 1234.50, or a line “decimal-mark ,” before it."),
                text=text[:40],
            )
        digits = "".join(groups)
        if len(digits.lstrip("0")) > 15 or len(fraction) > 8:
            _wrong(_("The number %(text)s has too many digits."), text=text[:40])
        return Decimal(f"{digits or 0}.{fraction}" if fraction else digits or "0"), len(fraction)


def _lines(text: str) -> Iterator[str]:
    """Lines as a text editor counts them (only line feeds end one, with or without a carriage return before them)."""
    for line in text.split("\n"):
        yield line.removesuffix("\r")


def _wrong(sentence: str, **values: object) -> NoReturn:
    raise _Wrong(sentence % values if values else sentence)


def _account_name(text: str) -> str:
    try:
        account = legible_name(text)
    except ValueError as error:
        raise _Wrong(str(error)) from error
    if not account or any(not part.strip() for part in account.split(":")):
        _wrong(_("An account's name has an empty part."))
    if len(account) > MAX_NAME:
        _wrong(_("An account's name is longer than %(limit)d characters."), limit=MAX_NAME)
    if _LOOKS_LIKE_AN_AMOUNT.search(account):
        _wrong(
            _("“%(name)s” ends like an amount. Write at least two spaces between account and amount."),
            name=account[-60:],
        )
    return account


def _split_note(text: str) -> tuple[str, str, str]:
    """What stands before a comment, the semicolon, and the comment; a semicolon inside quotes is no comment."""
    quoted = False
    for index, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif char == ";" and not quoted:
            return text[:index].strip(), ";", text[index + 1 :]
    return text.strip(), "", ""


def _partition_assertion(text: str) -> tuple[str, str, str]:
    match = re.search(r"={1,2}\*?", text)
    if match is None:
        return text.strip(), "", ""
    return text[: match.start()].strip(), match[0], text[match.end() :].strip()

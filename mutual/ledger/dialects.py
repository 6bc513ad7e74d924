"""How books are written down for other programs: ledger, hledger, beancount and spreadsheets.

Pure: accounts and entries in, text out. Amounts are whole minor units, debits positive, as in the journal; hours are
written as what they are counted in, the commodity ``MINUTE``.
"""

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TextIO

from mutual import tables
from mutual.ledger.drafts import legible_words
from mutual.ledger.kinds import AccountType

_MISREAD = frozenset("([{=*!") | {""}
"""How a title may begin that would be taken for something else, without a code in brackets before it."""

COMMODITIES = {"HOUR": "MINUTE"}
"""What a currency is called outside, where that differs."""

_ROOTS = {
    AccountType.ASSET: "Assets",
    AccountType.LIABILITY: "Liabilities",
    AccountType.EQUITY: "Equity",
    AccountType.INCOME: "Income",
    AccountType.EXPENSE: "Expenses",
}
_LETTERS = {
    AccountType.ASSET: "A",
    AccountType.LIABILITY: "L",
    AccountType.EQUITY: "E",
    AccountType.INCOME: "R",
    AccountType.EXPENSE: "X",
}


@dataclass(frozen=True, slots=True)
class OutsideAccount:
    """An account under the name it has outside; accounts that differ in the currency alone may share a name."""

    id: int
    book: str
    name: str
    type: AccountType
    currency: str
    decimals: int

    @property
    def commodity(self) -> str:
        """What its amounts are counted in."""
        return COMMODITIES.get(self.currency, self.currency)


@dataclass(frozen=True, slots=True)
class OutsideEntry:
    """One event: a title and notes in words, and (account id, amount) for each posting, which sum to zero."""

    date: str
    book: str
    id: str
    kind: str
    title: str
    notes: Sequence[str]
    document: str
    reverses: str
    postings: Sequence[tuple[int, int]]


def number(minor: int, decimals: int) -> str:
    """Minor units as a plain decimal: ``number(-5, 2)`` is ``-0.05``."""
    if not decimals:
        return str(minor)
    if decimals == 2 and minor >= 0:
        return f"{minor // 100}.{minor % 100:02}"
    digits = f"{abs(minor):0{decimals + 1}}"
    return f"{'-' if minor < 0 else ''}{digits[:-decimals]}.{digits[-decimals:]}"


class Dialect(ABC):
    """A way to write books down. Writes pieces to ``file`` as it is given them and keeps nothing but the names."""

    def __init__(self, file: TextIO, accounts: Sequence[OutsideAccount]) -> None:
        self.file = file
        self.accounts = _with_distinct_names(
            [replace(account, name=self._legible(account.name)) for account in accounts]
        )
        self._decimals = {account.id: account.decimals for account in self.accounts}

    def _legible(self, name: str) -> str:
        """The name as far as this dialect can write it: two spaces would end it, and no part is empty."""
        return ":".join(" ".join(part.split()) or "_" for part in legible_words(name).split(":"))

    @abstractmethod
    def begin(self, *, title: str, first_day: str) -> None:
        """Write what stands before the entries; no entry is earlier than ``first_day``."""

    @abstractmethod
    def entries(self, entries: Iterable[OutsideEntry]) -> None:
        """Write some entries, after those written before."""


class Ledger(Dialect):
    """Plain-text accounting as ``ledger`` 3 reads it (and ``hledger`` too)."""

    def __init__(self, file: TextIO, accounts: Sequence[OutsideAccount]) -> None:
        super().__init__(file, accounts)
        self._before: dict[int, str] = {}
        self._after: dict[int, str] = {}
        self._titles: dict[str, str] = {}
        for account in self.accounts:
            dollar = account.commodity == "USD"
            self._before[account.id] = f"    {account.name:<50}  {'$' if dollar else ''}"
            self._after[account.id] = "\n" if dollar else f" {_ledger_commodity(account.commodity)}\n"

    def _legible(self, name: str) -> str:
        """A name that both programs read back as it is: no double spaces, no comment, nothing virtual."""
        name = super()._legible(name).replace(";", ",")
        return name if name[:1].isalnum() else f"_{name}"

    def begin(self, *, title: str, first_day: str) -> None:
        """Declare commodities and accounts."""
        del first_day
        pieces = [f"; {_comment(title)}\n\n"]
        for commodity, decimals in sorted({(account.commodity, account.decimals) for account in self.accounts}):
            pieces.append(
                self._declare_commodity("$" if commodity == "USD" else _ledger_commodity(commodity), decimals)
            )
        pieces.append("\n")
        declared: set[str] = set()
        # By name, as both programs list accounts that are not declared: hledger keeps the order of declarations.
        for account in sorted(self.accounts, key=lambda account: account.name.split(":")):
            if account.name not in declared:
                declared.add(account.name)
                pieces.append(self._declare_account(account))
        self.file.write("".join(pieces))

    def _declare_commodity(self, commodity: str, decimals: int) -> str:
        if not decimals:
            return f"commodity {commodity}\n"
        return f"commodity {commodity}\n    format {_sample(commodity, decimals)}\n"

    def _declare_account(self, account: OutsideAccount) -> str:
        return f"account {account.name}\n"

    def entries(self, entries: Iterable[OutsideEntry]) -> None:
        """Each with its kind and id in a comment, so that it can be found again."""
        before, after, decimals, titles = self._before, self._after, self._decimals, self._titles
        pieces: list[str] = []
        for entry in entries:
            title = titles.get(entry.title)
            if title is None:
                title = _comment(entry.title).replace(";", ",").replace("|", "/")
                if len(titles) < 1_000:
                    titles[entry.title] = title
            code = f" ({entry.document})" if entry.document else " ()" if title[:1] in _MISREAD else ""
            undone = f", reverses: {entry.reverses}" if entry.reverses else ""
            pieces.append(f"\n{entry.date} *{code} {title}\n    ; entry: {entry.id}, kind: {entry.kind}{undone}\n")
            if entry.notes:
                pieces += [f"    ; {_comment(note)}\n" for note in entry.notes]
            for account, amount in entry.postings:
                pieces.append(f"{before[account]}{number(amount, decimals[account])}{after[account]}")
        self.file.write("".join(pieces))


class Hledger(Ledger):
    """The same as ``hledger`` likes it best: with the types of accounts."""

    def _declare_commodity(self, commodity: str, decimals: int) -> str:
        return f"commodity {_sample(commodity, decimals)}\n"

    def _declare_account(self, account: OutsideAccount) -> str:
        return f"account {account.name}  ; type: {_LETTERS[account.type]}\n"


class Beancount(Dialect):
    """The same for ``beancount``, which wants its own names: the one here is kept as metadata ``original``."""

    def __init__(self, file: TextIO, accounts: Sequence[OutsideAccount]) -> None:
        super().__init__(file, accounts)
        self.names = beancount_names(self.accounts)
        self._before = {a.id: f"  {self.names[a.name, a.type]:<52}  " for a in self.accounts}
        self._after = {a.id: f" {a.commodity}\n" for a in self.accounts}

    def begin(self, *, title: str, first_day: str) -> None:
        """Open every account."""
        commodities: dict[tuple[str, AccountType], list[str]] = {}
        for account in self.accounts:
            commodities.setdefault((account.name, account.type), []).append(account.commodity)
        pieces = [f'option "title" {_quoted(title)}\n\n']
        for key, units in commodities.items():
            pieces.append(f"{first_day} open {self.names[key]} {','.join(sorted(set(units)))}\n")
            pieces.append(f"  original: {_quoted(key[0])}\n")
        self.file.write("".join(pieces))

    def entries(self, entries: Iterable[OutsideEntry]) -> None:
        """Each with its kind, id and document as metadata."""
        before, after, decimals = self._before, self._after, self._decimals
        pieces: list[str] = []
        for entry in entries:
            words = (
                f"{_quoted(entry.title)} {_quoted(' / '.join(entry.notes))}" if entry.notes else _quoted(entry.title)
            )
            pieces.append(f'\n{entry.date} * {words}\n  entry: "{entry.id}"\n  kind: "{entry.kind}"\n')
            if entry.document:
                pieces.append(f"  document: {_quoted(entry.document)}\n")
            if entry.reverses:
                pieces.append(f'  reverses: "{entry.reverses}"\n')
            for account, amount in entry.postings:
                pieces.append(f"{before[account]}{number(amount, decimals[account])}{after[account]}")
        self.file.write("".join(pieces))


class Csv(Dialect):
    """One row a posting, for spreadsheets and other programs; no cell can be taken for a formula."""

    COLUMNS = (
        "date",
        "book",
        "entry",
        "kind",
        "document",
        "title",
        "notes",
        "account",
        "type",
        "commodity",
        "debit",
        "credit",
        "reverses",
    )

    def __init__(self, file: TextIO, accounts: Sequence[OutsideAccount]) -> None:
        super().__init__(file, accounts)
        # The cells of an account that are the same in all its rows: name, type, commodity.
        self._cells = {
            a.id: (tables.text(a.name), tables.text(_ROOTS[a.type]), tables.text(a.commodity)) for a in self.accounts
        }
        self._table: tables.Table | None = None

    def begin(self, *, title: str, first_day: str) -> None:
        """Name the columns."""
        del title, first_day
        self._table = tables.Table(self.file, self.COLUMNS)

    def entries(self, entries: Iterable[OutsideEntry]) -> None:
        """Amounts stand in the debit or the credit column, without a sign."""
        assert self._table is not None
        rows: list[tuple[str, ...]] = []
        for entry in entries:
            document = tables.text(entry.document) if entry.document else ""
            notes = tables.text(" / ".join(entry.notes)) if entry.notes else ""
            before = (entry.date, entry.book, entry.id, entry.kind, document, tables.text(entry.title), notes)
            for account, amount in entry.postings:
                text = number(abs(amount), self._decimals[account])
                sides = (text, "") if amount > 0 else ("", text)
                rows.append((*before, *self._cells[account], *sides, entry.reverses))
        self._table.write_safe(rows)


DIALECTS: Mapping[str, type[Dialect]] = {"ledger": Ledger, "hledger": Hledger, "beancount": Beancount, "csv": Csv}


# Names


def _with_distinct_names(accounts: Sequence[OutsideAccount]) -> list[OutsideAccount]:
    """The accounts, each with a name that no other account of its currency has: balances must not run together."""
    taken: set[tuple[str, str]] = set()
    distinct = []
    for account in accounts:
        name, count = account.name, 1
        while (name, account.commodity) in taken:
            count += 1
            name = f"{account.name}:{account.book}" if count == 2 else f"{account.name}:{account.book}:{count}"
        taken.add((name, account.commodity))
        distinct.append(replace(account, name=name))
    return distinct


def _ledger_commodity(commodity: str) -> str:
    return commodity if commodity.isascii() and commodity.isalpha() else f'"{commodity}"'


def _sample(commodity: str, decimals: int) -> str:
    """An amount as it is to be shown: thousands apart, a decimal point always (hledger asks for it)."""
    text = f"1,000.{'0' * decimals}"
    return f"{commodity}{text}" if commodity == "$" else f"{text} {commodity}"


def _comment(text: str) -> str:
    """Words that neither program takes for a tag with a calculation, a date or the end of the line."""
    return legible_words(text).replace("[", "(").replace("]", ")").replace("::", ":")


def _quoted(text: str) -> str:
    return '"' + legible_words(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def beancount_names(accounts: Iterable[OutsideAccount]) -> dict[tuple[str, AccountType], str]:
    """A name beancount allows for every name and type: the five roots, and parts that begin with a capital or a digit.

    Two names never become one: the second of two that would gets a number.
    """
    names: dict[tuple[str, AccountType], str] = {}
    taken: set[str] = set()
    for account in accounts:
        key = account.name, account.type
        if key in names:
            continue
        root = _ROOTS[account.type]
        parts = account.name.split(":")
        if len(parts) > 1 and parts[0].strip().lower() == root.lower():
            del parts[0]
        plain = ":".join([root, *map(_beancount_part, parts)])
        name, count = plain, 1
        while name in taken:
            count += 1
            name = f"{plain}-{count}"
        taken.add(name)
        names[key] = name
    return names


def _beancount_part(part: str) -> str:
    """Letters, digits and dashes, with a capital or a digit first."""
    kept = "".join(char if _letter_or_digit(char) else "-" for char in unicodedata.normalize("NFC", part.strip()))
    kept = kept.strip("-") or "X"
    first = kept[0].upper()
    if len(first) == 1 and unicodedata.category(first) in {"Lu", "Nd"}:
        return first + kept[1:]
    return f"X-{kept}"


def _letter_or_digit(char: str) -> bool:
    return unicodedata.category(char) in {"Lu", "Ll", "Lt", "Lm", "Lo", "Nd"} or char == "-"

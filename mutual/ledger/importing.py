"""A predecessor's books become entries of a book, all of them or none.

Every event has a key made from its content, so the same file again adds nothing and a longer version of it adds what
is new. Accounts get the codes ``imported:1``, ``imported:2``, …; the names they had, and what the file says about an
entry, may name people and are kept where they can be erased: as labels and notes, never in codes or transfers.
"""

import datetime as dt
import hashlib
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

import psycopg
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from moneyed import CURRENCIES
from psycopg import sql

from mutual.ledger import chart, journal
from mutual.ledger.drafts import DraftEntry, Drafts, ImportRefused, Problem, refuse
from mutual.ledger.keys import LINES, entry_id, line_id
from mutual.ledger.kinds import AccountType, Kind
from mutual.ledger.models import Account, Book, Currency, EntryNote, Label
from mutual.money import LARGEST

PREFIX = "imported:"
"""How the codes of imported accounts begin; a number follows, counted within the book."""

IMPORT_LOCK = 7003
"""The advisory lock that lets one import at a time into a book."""

MEMO_LENGTH = 2_000
"""Characters kept of what a file says about an entry."""

_ROOTS = {
    AccountType.ASSET: ("asset", "assets"),
    AccountType.LIABILITY: ("liability", "liabilities", "debt", "debts"),
    AccountType.EQUITY: ("equity",),
    AccountType.INCOME: ("income", "incomes", "revenue", "revenues"),
    AccountType.EXPENSE: ("expense", "expenses"),
}
_TYPE_OF_ROOT = {root: type_ for type_, roots in _ROOTS.items() for root in roots}
_TYPE_OF_LETTER = {
    "A": AccountType.ASSET,
    "L": AccountType.LIABILITY,
    "E": AccountType.EQUITY,
    "R": AccountType.INCOME,
    "X": AccountType.EXPENSE,
}

# What commodities are called in files, and what they count here: a currency, and how many of its units one of them is.
_COMMODITIES = {
    "$": ("USD", 1),
    "US$": ("USD", 1),
    "€": ("EUR", 1),
    "£": ("GBP", 1),
    "¥": ("JPY", 1),
    "MINUTE": ("HOUR", 1),
    "MINUTES": ("HOUR", 1),
    "min": ("HOUR", 1),
    "HOUR": ("HOUR", 60),
    "HOURS": ("HOUR", 60),
    "h": ("HOUR", 60),
}


@dataclass(frozen=True, slots=True)
class FeeLine:
    """A difference between the two sides of an event, which went to the fees account (debits positive)."""

    lines: tuple[int, int]
    rows: tuple[str, str]
    account: str
    currency: str
    amount: Decimal
    complete: bool


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or, where ``dry_run``, would do."""

    book: str
    dry_run: bool
    rows: int
    skipped: int
    entries: int
    added: int
    known: int
    transfers: int
    netted: int
    zero_lines: tuple[int, ...]
    empty_lines: tuple[int, ...]
    shortened_lines: tuple[int, ...]
    accounts_opened: int
    currencies_added: tuple[str, ...]
    fees: tuple[FeeLine, ...]


@dataclass(frozen=True, slots=True)
class _Transfer:
    debit: str
    credit: str
    currency: str
    amount: int


@dataclass(frozen=True, slots=True)
class _Event:
    """A draft entry as it will be recorded: its key, and its amounts paired into transfers between named accounts."""

    key: str
    draft: DraftEntry
    transfers: tuple[_Transfer, ...]


class _Wrong(Exception):
    """What is wrong with one line; becomes a :class:`Problem`."""


def record(*, drafts: Drafts, book: Book, recorded_by: int | None, dry_run: bool = False) -> Imported:
    """Record everything a file holds, or nothing.

    Amounts of one entry on the same account are netted; what remains is paired in the order of the file, the first
    account that owes with the first that is owed, so the same entry always becomes the same transfers. The rows of a
    dry run are really recorded and then undone: it finds what the real run would find.

    :raises ImportRefused: with the lines that cannot be recorded; nothing was then recorded
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [IMPORT_LOCK, book.pk])
        result = _record(drafts, book, recorded_by, dry_run)
        if dry_run:
            transaction.set_rollback(True)
    return result


def _record(drafts: Drafts, book: Book, recorded_by: int | None, dry_run: bool) -> Imported:
    units, added_units = _currencies(drafts)
    problems: list[Problem] = []
    events, netted, empty = _events(drafts, units, problems)
    types = _types(drafts, problems)
    if problems:
        raise ImportRefused(problems)

    accounts = _Accounts(book, types)
    known = _known(events, book, accounts, units)
    fresh = [event for event in events if event.key not in known]
    _refuse_closed(fresh, book)
    opened = accounts.open_for(fresh, units)
    _post(fresh, book, accounts, units, recorded_by)
    shortened = _note(fresh, book)
    return Imported(
        book=book.code,
        dry_run=dry_run,
        rows=drafts.rows,
        skipped=drafts.skipped,
        entries=len(drafts.entries),
        added=len(fresh),
        known=len(known),
        transfers=sum(len(event.transfers) for event in fresh),
        netted=netted,
        zero_lines=drafts.zero_lines,
        empty_lines=tuple(empty),
        shortened_lines=shortened,
        accounts_opened=opened,
        currencies_added=added_units,
        fees=tuple(
            FeeLine(
                lines=difference.lines,
                rows=difference.rows,
                account=difference.account,
                currency=_commodity(difference.commodity)[0],
                amount=difference.amount,
                complete=difference.complete,
            )
            for difference in drafts.differences
        ),
    )


# Currencies


def _commodity(written: str) -> tuple[str, int]:
    return _COMMODITIES.get(written, (written, 1))


def _currencies(drafts: Drafts) -> tuple[dict[str, Currency], tuple[str, ...]]:
    """The ledger's currency for every commodity in the file; those it has no row for are added as data."""
    first: dict[str, int] = {}
    for entry in drafts.entries:
        for line in entry.lines:
            first.setdefault(line.commodity, line.line)
    codes = {written: _commodity(written)[0] for written in first}
    problems = [
        Problem(
            first[written],
            _("“%(commodity)s” is no currency that is known. Use the three letters of ISO 4217, such as EUR.")
            % {"commodity": written[:40]},
        )
        for written, code in codes.items()
        if code not in CURRENCIES
    ]
    if problems:
        raise ImportRefused(problems)
    wanted = sorted(set(codes.values()))
    there = set(Currency.objects.filter(code__in=wanted).values_list("code", flat=True))
    rows = {code: chart.currency(code) for code in wanted}
    return {written: rows[code] for written, code in codes.items()}, tuple(code for code in wanted if code not in there)


def _minor(amount: Decimal, commodity: str, unit: Currency) -> int:
    scaled = (amount * _commodity(commodity)[1]).scaleb(unit.decimals)
    if scaled != scaled.to_integral_value():
        raise _Wrong(
            _("%(amount)s %(commodity)s is finer than the smallest unit of %(currency)s.")
            % {"amount": f"{amount:f}", "commodity": commodity, "currency": unit.code}
        )
    if abs(scaled) > LARGEST:
        raise _Wrong(_("%(amount)s is more than the books can hold.") % {"amount": f"{amount:f}"})
    return int(scaled)


# Events


def _events(
    drafts: Drafts, units: Mapping[str, Currency], problems: list[Problem]
) -> tuple[list[_Event], int, list[int]]:
    """The entries as they will be recorded, how many were netted, and the lines of those that move nothing."""
    events: list[_Event] = []
    seen: Counter[str] = Counter()
    empty: list[int] = []
    netted = 0
    for draft in drafts.entries:
        sums: dict[tuple[str, str], int] = {}
        for line in draft.lines:
            unit = units[line.commodity]
            try:
                amount = _minor(line.amount, line.commodity, unit)
            except _Wrong as wrong:
                problems.append(Problem(line.line, str(wrong)))
                continue
            sums[unit.code, line.account] = sums.get((unit.code, line.account), 0) + amount
        netted += len(sums) < len(draft.lines)
        too_large = [name for (_code, name), amount in sums.items() if abs(amount) > LARGEST]
        if too_large:
            problems.append(
                Problem(draft.line, _("%(name)s moves more than the books can hold.") % {"name": too_large[0]})
            )
        transfers = tuple(_pair(sums))
        if not transfers:
            empty.append(draft.line)
            continue
        key = f"imported/{draft.identity}" if draft.identity else _key(draft, sums, seen)
        events.append(_Event(key, draft, transfers))
    return events, netted, empty


def _key(draft: DraftEntry, sums: Mapping[tuple[str, str], int], seen: Counter[str]) -> str:
    """A key from what the entry moves, wherever it stands in the file: the day and the netted amounts by account.

    Entries that move exactly the same are told apart by counting them. Payee and notes do not count: correcting a
    name in the file must not record the money a second time.
    """
    said = [draft.date.isoformat()]
    said += [f"{name}\t{amount}\t{code}" for (code, name), amount in sorted(sums.items())]
    digest = hashlib.sha256("\n".join(said).encode()).hexdigest()[:32]
    seen[digest] += 1
    return f"imported/{draft.date:%Y-%m}/{digest}-{seen[digest]}"


def _pair(sums: Mapping[tuple[str, str], int]) -> Iterator[_Transfer]:
    """Transfers that leave every account with its sum, in the order of the file."""
    by_currency: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for (currency, name), amount in sums.items():
        by_currency[currency].append((name, amount))
    for currency, amounts in by_currency.items():
        owed = deque((name, amount) for name, amount in amounts if amount > 0)
        owing = deque((name, -amount) for name, amount in amounts if amount < 0)
        while owed and owing:
            (debit, due), (credit, left) = owed.popleft(), owing.popleft()
            moved = min(due, left)
            yield _Transfer(debit, credit, currency, moved)
            if due > moved:
                owed.appendleft((debit, due - moved))
            if left > moved:
                owing.appendleft((credit, left - moved))


def _known(events: Sequence[_Event], book: Book, accounts: "_Accounts", units: Mapping[str, Currency]) -> set[str]:
    """The keys of the events that are in the book already.

    :raises ImportRefused: if one of them was recorded with other content
    """
    first = {entry_id(book.pk, event.key): event for event in events}
    if len(first) < len(events):
        twice = [key for key, count in Counter(event.key for event in events).items() if count > 1]
        raise ImportRefused(
            Problem(event.draft.line, _("The event %(key)s stands in the file twice.") % {"key": event.key})
            for event in events
            if event.key in twice
        )
    there: defaultdict[uuid.UUID, list[tuple[int, int, int, int, dt.date]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT ledger_entry_of(t.id), t.debit_id, t.credit_id, t.amount, t.currency_id, t.booked_on
              FROM unnest(%s::uuid[], %s::uuid[]) AS event (first, last)
              JOIN ledger_transfer t ON t.book_id = %s AND t.id BETWEEN event.first AND event.last
             ORDER BY t.id
            """,
            [list(first), [line_id(entry, LINES - 1) for entry in first], book.pk],
        )
        for entry, *row in cursor:
            there[entry].append(tuple(row))
    ids = {unit.code: unit.pk for unit in units.values()}
    problems = []
    for entry, rows in there.items():
        event = first[entry]
        expected = [
            (
                accounts.id_of(move.debit, move.currency),
                accounts.id_of(move.credit, move.currency),
                move.amount,
                ids[move.currency],
                event.draft.date,
            )
            for move in event.transfers
        ]
        # A key made from the content says that the content is the same, also where a name was erased since.
        if event.draft.identity and rows != expected:
            problems.append(
                Problem(
                    event.draft.line, _("This event was imported before, with other amounts, accounts or another day.")
                )
            )
    if problems:
        raise ImportRefused(problems)
    return {first[entry].key for entry in there}


def _refuse_closed(events: Sequence[_Event], book: Book) -> None:
    closed = Book.objects.values_list("closed_until", flat=True).get(pk=book.pk)
    if closed is not None:
        problems = [
            Problem(
                event.draft.line,
                _("The books are closed before %(day)s; nothing earlier can be recorded.")
                % {"day": closed.isoformat()},
            )
            for event in events
            if event.draft.date < closed
        ]
        if problems:
            raise ImportRefused(problems)


# Accounts


def _types(drafts: Drafts, problems: list[Problem]) -> dict[str, AccountType]:
    """The type of every account in the file, from what it declares or from the first part of the account's name."""
    types: dict[str, AccountType] = {}
    for entry in drafts.entries:
        for line in entry.lines:
            if line.account not in types:
                letter = drafts.account_types.get(line.account)
                found = _TYPE_OF_LETTER[letter] if letter else _inherited(line.account, drafts.account_types)
                if found is None:
                    problems.append(
                        Problem(
                            line.line,
                            _(
                                "What is “%(name)s”? Begin its name with Assets, Liabilities, Equity, Income or "
                                "Expenses, or add a line: account %(name)s  ; type: A (or L, E, R, X)"
                            )
                            % {"name": line.account},
                        )
                    )
                    found = AccountType.ASSET
                types[line.account] = found
    return types


def _inherited(name: str, declared: Mapping[str, str]) -> AccountType | None:
    """The type of the nearest account above that declares one, or else of the name's first part."""
    parts = name.split(":")
    for length in range(len(parts) - 1, 0, -1):
        if letter := declared.get(":".join(parts[:length])):
            return _TYPE_OF_LETTER[letter]
    return _TYPE_OF_ROOT.get(parts[0].strip().lower())


class _Accounts:
    """The book's imported accounts by the names they had."""

    def __init__(self, book: Book, types: Mapping[str, AccountType]) -> None:
        self.book = book
        self.types = types
        self._codes: dict[str, str] = {}
        self._ids: dict[tuple[str, str], int] = {}
        self._next = 1
        imported = Account.objects.filter(book=book, code__startswith=PREFIX).select_related("currency", "label")
        for account in imported:
            number = account.code.removeprefix(PREFIX)
            if number.isdecimal():
                self._next = max(self._next, int(number) + 1)
            if hasattr(account, "label"):
                self._codes[account.label.text] = account.code
                self._ids[account.label.text, account.currency.code] = account.pk
                self._refuse_other_type(account.label.text, AccountType(account.type))

    def _refuse_other_type(self, name: str, type_: AccountType) -> None:
        if self.types.get(name, type_) != type_:
            raise refuse(
                0,
                _("The account %(name)s is in the books already, as %(type)s.") % {"name": name, "type": type_.label},
            )

    def id_of(self, name: str, currency: str) -> int | None:
        """The account's id, or None if it is not in the book (or its name was erased)."""
        return self._ids.get((name, currency))

    def open_for(self, events: Sequence[_Event], units: Mapping[str, Currency]) -> int:
        """Open the accounts that the events need and the book lacks; how many there were."""
        wanted: dict[tuple[str, str], chart.NewAccount] = {}
        for event in events:
            for move in event.transfers:
                for name in (move.debit, move.credit):
                    if (name, move.currency) not in self._ids and (name, move.currency) not in wanted:
                        wanted[name, move.currency] = chart.NewAccount(
                            code=self._code(name), type=self.types[name], currency=move.currency
                        )
        if not wanted:
            return 0
        chart.open_many(book=self.book, accounts=list(wanted.values()))
        ids = {
            (code, currency): pk
            for pk, code, currency in Account.objects.filter(
                book=self.book, code__in=[account.code for account in wanted.values()]
            ).values_list("pk", "code", "currency__code")
        }
        labels = []
        for (name, currency), account in wanted.items():
            self._ids[name, currency] = ids[account.code, currency]
            labels.append(Label(account_id=ids[account.code, currency], text=name))
        Label.objects.bulk_create(labels, batch_size=2_000)
        return len(wanted)

    def _code(self, name: str) -> str:
        if name not in self._codes:
            self._codes[name] = f"{PREFIX}{self._next}"
            self._next += 1
        return self._codes[name]


# Recording


def _post(
    events: Sequence[_Event],
    book: Book,
    accounts: _Accounts,
    units: Mapping[str, Currency],
    recorded_by: int | None,
) -> None:
    """Record the events, those of one day in one statement."""
    ids = {unit.code: unit.pk for unit in units.values()}
    in_order = sorted(events, key=lambda event: event.draft.date)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMP TABLE importing_rows (booked_on date, key text, line integer, debit_id bigint, "
                "credit_id bigint, amount bigint, currency_id smallint) ON COMMIT DROP"
            )
            with cursor.copy("COPY importing_rows FROM STDIN") as copy:
                for event in in_order:
                    for line, move in enumerate(event.transfers):
                        copy.write_row(
                            (
                                event.draft.date,
                                event.key,
                                line,
                                accounts.id_of(move.debit, move.currency),
                                accounts.id_of(move.credit, move.currency),
                                move.amount,
                                ids[move.currency],
                            )
                        )
            cursor.execute("CREATE INDEX ON importing_rows (booked_on)")
            cursor.execute("ANALYZE importing_rows")
        query = sql.SQL(
            "SELECT key, line, debit_id, credit_id, amount, currency_id, '' AS document "
            "FROM importing_rows WHERE booked_on = %s"
        )
        for day, _same_day in groupby(in_order, key=lambda event: event.draft.date):
            journal.post_query(
                kind=Kind.IMPORTED, date=day, book=book, query=query, params=[day], recorded_by=recorded_by
            )
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE importing_rows")
    except journal.JournalRefused as error:
        raise refuse(0, str(error)) from error
    except IntegrityError as error:
        cause = error.__cause__
        if isinstance(cause, psycopg.Error) and cause.diag.constraint_name == "balance_not_absurd":
            raise refuse(0, _("One of the accounts would hold more than the books can count.")) from error
        raise


def _note(events: Sequence[_Event], book: Book) -> tuple[int, ...]:
    """Keep what the file says about the entries; the lines of those of which not everything could be kept."""
    shortened: list[int] = []
    notes: list[EntryNote] = []
    for event in events:
        draft = event.draft
        title = f"({draft.code}) {draft.payee}".strip() if draft.code else draft.payee
        memo = "\n".join([title, *draft.notes]) if draft.notes else title
        if len(memo) > MEMO_LENGTH:
            memo = memo[: MEMO_LENGTH - 1] + "…"
            shortened.append(draft.line)
        notes.append(EntryNote(book_id=book.pk, entry_id=entry_id(book.pk, event.key), key=event.key, memo=memo))
    EntryNote.objects.bulk_create(notes, batch_size=2_000)
    return tuple(shortened)

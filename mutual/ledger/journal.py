"""The journal: the only writer of the ledger.

``post`` records one business event, ``post_many`` and ``post_query`` record a batch; each event has a key and is
recorded once, however often it is sent. The checks live in the database (``migrations/0002_guard.sql``,
``0005_turnover.sql``); here its refusals become sentences. Nothing here opens a durable transaction: the use case is
the transaction.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import Any

import psycopg
from django.db import DatabaseError, connection, transaction
from psycopg import sql

from mutual.ledger.chart import COOP, lock_book
from mutual.ledger.keys import KEY, LINES, entry_id, entry_of, line_id
from mutual.ledger.kinds import Kind
from mutual.ledger.models import Account, Book, Closing, Currency, EntryNote
from mutual.money import Money, from_minor, minor

CHUNK = 10_000
"""Transfers per durable chunk of a batch."""

_DOCUMENT = re.compile(r"^[A-Za-z0-9./-]{0,40}$", re.ASCII)


class JournalRefused(Exception):
    """The journal did not record the event, and nothing changed. The message is a sentence for the person."""


class BalanceOutOfRange(JournalRefused):
    """An account would hold less or more than its limits allow.

    :ivar account_id: which account
    :ivar over_by: how far past its limit it would be
    """

    def __init__(self, account_id: int, account_code: str, over_by: Money) -> None:
        self.account_id = account_id
        self.account_code = account_code
        self.over_by = over_by
        super().__init__(f"That is {over_by} more than {account_code or 'one of the accounts'} allows.")


class PeriodClosed(JournalRefused):
    """The book is closed on that day; ``open_from`` is the first day that can still be recorded."""

    def __init__(self, open_from: dt.date) -> None:
        self.open_from = open_from
        super().__init__(f"The books are closed before {open_from:%Y-%m-%d}; nothing earlier can be recorded.")


class KeyReused(JournalRefused):
    """The key was used before, for something else."""


class AccountMissing(JournalRefused):
    """A transfer names an account that is not in the book, or counts another currency."""


class CurrencyMismatch(JournalRefused):
    """The two accounts and the amount do not share one currency and one book (rules L1, R-A12)."""


class AlreadyReversed(JournalRefused):
    """The entry was reversed before."""


class UnknownEntry(JournalRefused):
    """There is no such entry."""


class BadEntry(JournalRefused):
    """The entry is empty, too long, or its key or document is not written as keys and numbers are."""


@dataclass(frozen=True, slots=True)
class Move:
    """A positive amount (in minor units) to be moved from the credited account to the debited one."""

    amount: int
    debit: Account
    credit: Account


@dataclass(frozen=True, slots=True)
class Line:
    """One recorded transfer, as read back."""

    id: uuid.UUID
    amount: Money
    debit_id: int
    credit_id: int
    reverses: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One business event. ``replayed`` says that it had been recorded before and nothing moved now."""

    id: uuid.UUID
    book_id: int
    kind: Kind
    date: dt.date
    document: str
    transfers: int
    replayed: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One single-transfer entry of a batch; the amount in minor units."""

    key: str
    debit_id: int
    credit_id: int
    amount: int
    currency: str
    document: str = ""


@dataclass(frozen=True, slots=True)
class PostedMany:
    """What a batch did: how many transfers it recorded, and how many had been recorded before with the same content."""

    inserted: int
    known: int


def move(amount: Money, *, debit: Account, credit: Account) -> Move:
    """A transfer of ``amount`` from ``credit`` to ``debit``.

    :raises CurrencyMismatch: if the accounts and the amount differ in currency, or the accounts in book
    :raises BadEntry: if the amount is not positive or the accounts are the same
    """
    code = str(amount.currency)
    if debit.currency_id != credit.currency_id or debit.currency.code != code:
        raise CurrencyMismatch(
            f"{code} cannot move from {credit.code} ({credit.currency.code}) to {debit.code} ({debit.currency.code})."
        )
    if debit.book_id != credit.book_id:
        raise CurrencyMismatch(f"{credit.code} and {debit.code} are in different books.")
    if debit.pk == credit.pk:
        raise BadEntry(f"{debit.code} cannot pay itself.")
    units = minor(amount)
    if units <= 0:
        raise BadEntry("Only a positive amount can be moved.")
    return Move(units, debit, credit)


_POST = """
INSERT INTO ledger_transfer
    (id, book_id, kind, booked_on, recorded_by, document, reverses, debit_id, credit_id, amount, currency_id)
VALUES {} ON CONFLICT (book_id, id) DO NOTHING
"""
_VALUES = "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_COLUMNS = 11
_AT_ONCE = 5000
"""Lines in one statement; the protocol takes 65,535 parameters."""


def post(
    *,
    kind: Kind,
    key: str,
    date: dt.date,
    transfers: Sequence[Move],
    recorded_by: int | None,
    book: Book | None = None,
    document: str = "",
    memo: str = "",
) -> Entry:
    """Record one business event under its key, once.

    The same key with the same content answers with the entry that is there already (``replayed``), from any number of
    callers at once. In autocommit mode this is one statement and one commit.

    :param key: a path such as ``claim/C-000123/paid``, unique in the book for ever
    :param memo: what a person wrote, kept erasably beside the ledger, never in it
    :raises KeyReused: if the key was used with other content
    :raises BalanceOutOfRange: if an account would pass a limit
    :raises PeriodClosed: if the book is closed on that day
    :raises AccountMissing: if an account is not in the book
    """
    return _record(
        kind=kind,
        key=key,
        date=date,
        lines=[(move.debit.pk, move.credit.pk, move.amount, move.debit.currency_id, None) for move in transfers],
        recorded_by=recorded_by,
        book_id=book.pk if book else (transfers[0].debit.book_id if transfers else COOP),
        document=document,
        memo=memo,
        units={move.debit.currency_id: move.debit.currency.code for move in transfers},
        names={account.pk: account.code for move in transfers for account in (move.debit, move.credit)},
    )


def _record(
    *,
    kind: Kind,
    key: str,
    date: dt.date,
    lines: Sequence[tuple[int, int, int, int, uuid.UUID | None]],
    recorded_by: int | None,
    book_id: int,
    document: str,
    memo: str,
    units: Mapping[int, str],
    names: Mapping[int, str],
) -> Entry:
    if not lines or len(lines) > LINES:
        raise BadEntry("An entry has between 1 and 65,536 transfers.")
    if not KEY.match(key) or len(key) > 200:
        raise BadEntry(f"{key[:40]!r} is no key: a key is a path such as claim/C-000123/paid.")
    if not _DOCUMENT.match(document):
        raise BadEntry("A document number has letters, digits, dots, dashes and slashes only.")
    entry = entry_id(book_id, key)
    parameters: list[Any] = []
    for number, (debit, credit, amount, currency, reverses) in enumerate(lines):
        parameters += [
            line_id(entry, number), book_id, int(kind), date, recorded_by, document, reverses,
            debit, credit, amount, currency,
        ]  # fmt: skip
    # A single line is there or not; of several, some might be: then the others must not stay.
    whole = transaction.atomic() if len(lines) > 1 else nullcontext()
    with _sentences(units, names), whole, connection.cursor() as cursor:
        inserted = 0
        for first in range(0, len(lines), _AT_ONCE):
            some = parameters[first * _COLUMNS : (first + _AT_ONCE) * _COLUMNS]
            cursor.execute(_POST.format(",".join([_VALUES] * (len(some) // _COLUMNS))), some)
            inserted += cursor.rowcount
        if 0 < inserted < len(lines):
            raise KeyReused(f"{key} was recorded before with other content; nothing was recorded now.")
    replayed = inserted == 0
    if replayed:
        _same_or_refuse(entry, book_id, key, kind, date, lines, document)
    elif memo:
        EntryNote.objects.create(book_id=book_id, entry_id=entry, key=key, memo=memo)
    return Entry(entry, book_id, kind, date, document, len(lines), replayed)


def _same_or_refuse(
    entry: uuid.UUID,
    book_id: int,
    key: str,
    kind: Kind,
    date: dt.date,
    lines: Sequence[tuple[int, int, int, int, uuid.UUID | None]],
    document: str,
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT debit_id, credit_id, amount, currency_id, reverses, kind, booked_on, document FROM ledger_transfer "
            "WHERE book_id = %s AND id BETWEEN %s AND %s ORDER BY id",
            [book_id, entry, line_id(entry, LINES - 1)],
        )
        there = cursor.fetchall()
    if there != [(*line, int(kind), date, document) for line in lines]:
        raise KeyReused(f"{key} was recorded before with other content; nothing was recorded now.")


def post_many(
    *,
    kind: Kind,
    date: dt.date,
    rows: Iterable[Row],
    recorded_by: int | None,
    book: Book | None = None,
    chunk: int = CHUNK,
    on_chunk: Callable[[PostedMany], None] | None = None,
) -> PostedMany:
    """Record a batch of single-transfer entries in chunks, each a transaction of its own outside a caller's.

    Rows recorded before with the same content are counted as known and move nothing.

    :param on_chunk: called after each chunk with the totals so far
    :raises KeyReused: if a key was used with other content (its whole chunk is undone)
    :raises BalanceOutOfRange: if a chunk would take an account past a limit (likewise)
    """
    book_id = book.pk if book else COOP
    codes = dict(Currency.objects.values_list("pk", "code"))
    units = {code: pk for pk, code in codes.items()}
    inserted = known = 0
    rows = iter(rows)
    while batch := list(islice(rows, chunk)):
        with transaction.atomic(), _sentences(codes, {}), connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMP TABLE IF NOT EXISTS journal_rows (key text, debit_id bigint, credit_id bigint, "
                "amount bigint, currency_id smallint, document text) ON COMMIT DELETE ROWS; TRUNCATE journal_rows"
            )
            with cursor.copy("COPY journal_rows FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["text", "int8", "int8", "int8", "int2", "text"])
                for row in batch:
                    if not KEY.match(row.key):
                        raise BadEntry(f"{row.key[:40]!r} is no key: a key is a path such as claim/C-000123/paid.")
                    copy.write_row(
                        (row.key, row.debit_id, row.credit_id, row.amount, units[row.currency], row.document)
                    )
            posted = _record_rows(cursor, kind, date, book_id, recorded_by, _FROM_PYTHON, ())
        inserted += posted.inserted
        known += posted.known
        if on_chunk:
            on_chunk(PostedMany(inserted, known))
    return PostedMany(inserted, known)


def post_query(
    *,
    kind: Kind,
    date: dt.date,
    query: sql.Composable,
    params: Sequence[Any] = (),
    recorded_by: int | None,
    book: Book | None = None,
    expect_known: bool = False,
) -> PostedMany:
    """Record a batch whose rows a query selects: (key, line, debit_id, credit_id, amount, currency_id, document).

    One statement, in the caller's transaction; the caller bounds the chunk. An entry of several transfers gives its
    lines the numbers 0, 1, 2, …; all lines of an entry must be in the same call.

    :param expect_known: the caller believes that all of it was recorded before: look first, and write only where not
    :raises KeyReused: if a key was used with other content
    :raises BalanceOutOfRange: if an account would pass a limit
    """
    book_id = book.pk if book else COOP
    codes = dict(Currency.objects.values_list("pk", "code"))
    with _sentences(codes, {}), connection.cursor() as cursor:
        if expect_known:
            total, same = _compare(cursor, kind, date, book_id, query, params)
            if same == total:
                return PostedMany(0, total)
        return _record_rows(cursor, kind, date, book_id, recorded_by, query, params)


_FROM_PYTHON = sql.SQL("SELECT key, 0 AS line, debit_id, credit_id, amount, currency_id, document FROM journal_rows")

_SOURCE = """
    SELECT ledger_line_id({book}, key, line) AS id, debit_id, credit_id, amount, currency_id, document
      FROM ({source}) AS source
"""

_SAME = """
    SELECT count(*) FROM source CROSS JOIN LATERAL (
        SELECT 1 FROM ledger_transfer t
         WHERE t.book_id = {book} AND t.id = source.id
           AND (t.debit_id, t.credit_id, t.amount, t.currency_id, t.document, t.kind, t.booked_on)
             = (source.debit_id, source.credit_id, source.amount, source.currency_id, source.document, {kind}, {date})
         OFFSET 0) AS there
"""
"""Each row is looked up by its key: the planner is not let to read all the books for a batch, as it would after a first
great load, when it does not know yet how many there are."""

_RECORD_ROWS = f"""
    WITH source AS MATERIALIZED ({_SOURCE}),
    added AS (
        INSERT INTO ledger_transfer
            (id, book_id, kind, booked_on, recorded_by, document, debit_id, credit_id, amount, currency_id)
        SELECT id, {{book}}, {{kind}}, {{date}}, {{by}}, document, debit_id, credit_id, amount, currency_id FROM source
        ON CONFLICT (book_id, id) DO NOTHING RETURNING 1)
    SELECT total, added, CASE WHEN added < total THEN ({_SAME}) ELSE 0 END
      FROM (SELECT (SELECT count(*) FROM source) AS total, (SELECT count(*) FROM added) AS added) AS counts
"""
"""The rows are read once: they are recorded, and compared with what is there only where not all of them were new."""

_COMPARE = f"WITH source AS MATERIALIZED ({_SOURCE}) SELECT (SELECT count(*) FROM source), ({_SAME})"


def _record_rows(
    cursor: Any,
    kind: Kind,
    date: dt.date,
    book_id: int,
    recorded_by: int | None,
    source: sql.Composable,
    params: Sequence[Any],
) -> PostedMany:
    cursor.execute(_filled(_RECORD_ROWS, kind, date, book_id, source, recorded_by), params)
    total, added, same = cursor.fetchone()
    if added + same != total:
        # The statement does not see what another recorded while it waited for it; a second one does.
        total, same = _compare(cursor, kind, date, book_id, source, params)
        if same != total:
            raise KeyReused(f"{total - same} keys of this batch were recorded before with other content.")
    return PostedMany(added, total - added)


def _compare(
    cursor: Any, kind: Kind, date: dt.date, book_id: int, source: sql.Composable, params: Sequence[Any]
) -> tuple[int, int]:
    """How many rows there are, and how many of them are recorded with just this content."""
    cursor.execute(_filled(_COMPARE, kind, date, book_id, source), params)
    total, same = cursor.fetchone()
    return int(total), int(same)


def _filled(
    statement: str, kind: Kind, date: dt.date, book_id: int, source: sql.Composable, recorded_by: int | None = None
) -> sql.Composed:
    return sql.SQL(statement).format(
        book=sql.Literal(book_id), kind=sql.Literal(int(kind)), date=sql.Literal(date), by=sql.Literal(recorded_by),
        source=source,
    )  # fmt: skip


def reverse(
    *, entry_id: uuid.UUID, date: dt.date, recorded_by: int | None, book: Book | None = None, memo: str = ""
) -> Entry:
    """Undo an entry by its mirror image, the only correction there is (rule L10). Doing it again changes nothing.

    :raises UnknownEntry: if the book has no such entry
    :raises AlreadyReversed: if it was reversed before on another day, or is itself a reversal
    :raises BalanceOutOfRange: if an account would pass a limit
    :raises PeriodClosed: if the book is closed on ``date``
    """
    book_id = book.pk if book else COOP
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, debit_id, credit_id, amount, currency_id, document, reverses FROM ledger_transfer "
            "WHERE book_id = %s AND id BETWEEN %s AND %s ORDER BY id",
            [book_id, entry_id, line_id(entry_of(entry_id), LINES - 1)],
        )
        there = cursor.fetchall()
    if not there or entry_id != entry_of(entry_id):
        raise UnknownEntry("There is no such entry in this book.")
    if there[0][6] is not None:
        raise AlreadyReversed("A reversal is not reversed: record the event again instead.")
    try:
        return _record(
            kind=Kind.REVERSAL,
            key=reversal_key(entry_id),
            date=date,
            lines=[(credit, debit, amount, unit, id) for id, debit, credit, amount, unit, _document, _none in there],
            recorded_by=recorded_by,
            book_id=book_id,
            document=there[0][5],
            memo=memo,
            units=dict(Currency.objects.values_list("pk", "code")),
            names=dict(
                Account.objects.filter(pk__in={pk for line in there for pk in line[1:3]}).values_list("pk", "code")
            ),
        )
    except KeyReused as error:
        raise AlreadyReversed("This entry was reversed before.") from error


def entry_id_of(key: str, *, book: Book | None = None) -> uuid.UUID:
    """The id of the entry that is, or would be, recorded under a key."""
    return entry_id(book.pk if book else COOP, key)


def reversal_key(entry: uuid.UUID) -> str:
    """The key under which an entry's reversal is recorded."""
    return f"reversal/{entry}"


def is_recorded(entry: uuid.UUID, *, book: Book | None = None) -> bool:
    """Whether there is such an entry."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM ledger_transfer WHERE book_id = %s AND id = %s)",
            [book.pk if book else COOP, entry],
        )
        return bool(cursor.fetchone()[0])


def is_reversed(entry: uuid.UUID, *, book: Book | None = None) -> bool:
    """Whether the entry has been reversed."""
    book_id = book.pk if book else COOP
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM ledger_transfer WHERE book_id = %s AND id = %s)",
            [book_id, entry_id(book_id, reversal_key(entry))],
        )
        return bool(cursor.fetchone()[0])


@transaction.atomic
def close_book(*, book: Book, until: dt.date, recorded_by: int | None) -> None:
    """Close a book up to, not including, ``until``: nothing earlier can be recorded in it any more.

    Waits for recordings under way, so that none slips in behind.

    :raises PeriodClosed: if it is closed up to a later day already
    """
    _close(book, until, recorded_by, reopen=False)


@transaction.atomic
def reopen_book(*, book: Book, until: dt.date | None, recorded_by: int | None) -> None:
    """Open a book again back to ``until`` (or wholly). Seldom right; it leaves its trace in the closings."""
    _close(book, until, recorded_by, reopen=True)


def _close(book: Book, until: dt.date | None, recorded_by: int | None, *, reopen: bool) -> None:
    lock_book(book.pk)
    row = Book.objects.select_for_update().get(pk=book.pk)
    if row.closed_until == until:
        return
    if not reopen and row.closed_until and (until is None or until < row.closed_until):
        raise PeriodClosed(row.closed_until)
    row.closed_until = until
    row.save(update_fields=["closed_until"])
    Closing.objects.create(book=row, closed_until=until, recorded_by=recorded_by)
    book.closed_until = until


@contextmanager
def _sentences(units: Mapping[int, str], names: Mapping[int, str]) -> Iterator[None]:
    """Turn the database's refusals into the journal's; anything else is a bug and passes through.

    :param units: currency codes by id, and ``names`` account codes by id: a broken transaction cannot be asked
    """
    try:
        yield
    except DatabaseError as error:
        cause = error.__cause__
        if not isinstance(cause, psycopg.Error):
            raise
        detail = cause.diag.message_detail or ""
        if cause.sqlstate == "ML002":
            raise PeriodClosed(dt.date.fromisoformat(detail)) from error
        if cause.sqlstate in ("ML001", "ML003"):
            raise AccountMissing(f"There is no such account in that book and currency ({detail}).") from error
        if cause.sqlstate == "ML004" or cause.diag.constraint_name == "balance_within_limits":
            # Both write the row the same way: account, stripe, currency, book, amount, lower and upper limit.
            row = detail[detail.rindex("(") + 1 : detail.rindex(")")].split(",")
            account, _stripe, unit, _book, held, low, high = (_number(part) for part in row)
            assert account is not None
            assert unit is not None
            assert held is not None
            over = low - held if low is not None and held < low else held - (high or 0)
            raise BalanceOutOfRange(account, names.get(account, ""), from_minor(over, units[unit])) from error
        raise


def _number(text: str) -> int | None:
    text = text.strip()
    return None if text in ("null", "") else int(text)

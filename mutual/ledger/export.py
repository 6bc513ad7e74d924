"""The whole journal, for programs we did not write: whoever doubts our sums can add them up again.

The books are read through a server-side cursor in one snapshot and written as they come: memory grows with the number
of accounts, not of transfers. What was written is added up on the way and compared with the balances in the books.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from django.db import connection, transaction
from django.utils.translation import gettext as _

from mutual.ledger.dialects import DIALECTS, OutsideAccount, OutsideEntry
from mutual.ledger.importing import PREFIX
from mutual.ledger.kinds import AccountType, Kind
from mutual.ledger.models import Book

BATCH = 5_000
"""Transfers fetched, and entries written, at a time."""


class ExportRefused(Exception):
    """The export could not be made; the message is a sentence for the person."""


class DoesNotAddUp(ExportRefused):
    """What was written differs from the balances in the books."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: everything from ``since`` to ``until``, both days included."""

    books: tuple[str, ...]
    format: str
    since: dt.date | None
    until: dt.date | None
    accounts: int
    entries: int
    transfers: int


def write(
    *, file: TextIO, format: str, books: Sequence[Book], since: dt.date | None = None, until: dt.date | None = None
) -> Exported:
    """Write the books' journal to ``file`` in a format of :data:`~mutual.ledger.dialects.DIALECTS`.

    With ``since``, an entry of that day opens every account with what it held before, so that balances are right;
    ``until`` is the last day written. Imported accounts bear the names they had; all others are called by their code.

    :raises DoesNotAddUp: if the sums written are not the balances in the books
    """
    with transaction.atomic():
        _one_snapshot()
        names = _accounts(books)
        dialect = DIALECTS[format](file, names)
        dialect.begin(
            title=_("Journal of %(books)s") % {"books": ", ".join(book.code for book in books)},
            first_day=_first_day(books, since),
        )
        sums: defaultdict[int, int] = defaultdict(int)
        count = Counter({"entries": 0, "transfers": 0})
        if since is not None:
            for opening in _openings(books, since):
                for account, amount in opening.postings:
                    sums[account] += amount
                dialect.entries([opening])
        for entries in _entries(books, since, until, sums, count):
            dialect.entries(entries)
        if until is None:
            _compare(books, sums)
    return Exported(
        books=tuple(book.code for book in books),
        format=format,
        since=since,
        until=until,
        accounts=len(names),
        entries=count["entries"],
        transfers=count["transfers"],
    )


def _one_snapshot() -> None:
    """Let all queries see the same moment, and let the long one take its time."""
    with connection.cursor() as cursor:
        if len(connection.savepoint_ids) == 0 and not connection.savepoint_state:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = 0")


def _accounts(books: Sequence[Book]) -> list[OutsideAccount]:
    """The books' accounts under the names they have outside.

    Members' own books use the same codes, so in an export of several books their accounts also name the book.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.id, b.code, b.owner_id IS NOT NULL, a.code, l.text, a.type, c.code, c.decimals
              FROM ledger_account a
              JOIN ledger_book b ON b.id = a.book_id
              JOIN ledger_currency c ON c.id = a.currency_id
              LEFT JOIN ledger_label l ON l.account_id = a.id
             WHERE a.book_id = ANY (%s)
             ORDER BY b.id, a.type, a.code, a.id
            """,
            [[book.pk for book in books]],
        )
        rows = cursor.fetchall()
    found = []
    for pk, book, owned, code, label, type_number, currency, decimals in rows:
        type_ = AccountType(type_number)
        name = code
        if code.startswith(PREFIX):
            name = label or f"{type_.name.lower()}:{code}"
        if owned and len(books) > 1:
            root, _colon, rest = name.partition(":")
            name = f"{root}:{book}:{rest}" if rest else f"{root}:{book}"
        found.append(OutsideAccount(pk, book, name, type_, currency, decimals))
    return found


def _first_day(books: Sequence[Book], since: dt.date | None) -> str:
    if since is not None:
        return since.isoformat()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(booked_on)::text FROM ledger_transfer WHERE book_id = ANY (%s)", [[book.pk for book in books]]
        )
        return cursor.fetchone()[0] or "1970-01-01"


def _openings(books: Sequence[Book], since: dt.date) -> Iterator[OutsideEntry]:
    """For each book an entry with what its accounts held before ``since``."""
    for book in books:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT account_id, sum(delta)::bigint
                  FROM (SELECT debit_id AS account_id, sum(amount) AS delta FROM ledger_transfer
                         WHERE book_id = %(book)s AND booked_on < %(since)s GROUP BY debit_id
                        UNION ALL
                        SELECT credit_id, -sum(amount) FROM ledger_transfer
                         WHERE book_id = %(book)s AND booked_on < %(since)s GROUP BY credit_id) AS sides
                 GROUP BY account_id HAVING sum(delta) <> 0 ORDER BY account_id
                """,
                {"book": book.pk, "since": since},
            )
            held = cursor.fetchall()
        if held:
            yield OutsideEntry(
                date=since.isoformat(),
                book=book.code,
                id=f"opening/{book.code}",
                kind=Kind.OPENING_BALANCE.name,
                title=_("Balances before %(day)s") % {"day": since.isoformat()},
                notes=(),
                document="",
                reverses="",
                postings=held,
            )


def _entries(
    books: Sequence[Book], since: dt.date | None, until: dt.date | None, sums: dict[int, int], count: Counter[str]
) -> Iterator[list[OutsideEntry]]:
    """The entries in batches, in the order of their days; adds up what they move in ``sums``."""
    codes = {book.pk: book.code for book in books}
    kinds = {kind.value: (kind.name, str(kind.label)) for kind in Kind}
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            """
            SELECT left(t.id::text, 32), t.debit_id, t.credit_id, t.amount, coalesce(t.reverses::text, ''),
                   t.book_id, t.booked_on::text, t.kind, t.document, coalesce(n.memo, '')
              FROM ledger_transfer t
              LEFT JOIN ledger_entrynote n ON n.book_id = t.book_id AND n.entry_id = ledger_entry_of(t.id)
             WHERE t.book_id = ANY (%s) AND t.booked_on >= %s AND t.booked_on <= %s
             ORDER BY t.booked_on, t.book_id, t.id
            """,
            [list(codes), since or dt.date.min, until or dt.date.max],
        )
        entry: list[tuple[Any, ...]] = []
        last = ""
        while rows := cursor.fetchmany(BATCH):
            batch: list[OutsideEntry] = []
            for row in rows:
                sums[row[1]] += row[3]
                sums[row[2]] -= row[3]
                # Ids hold the book and the key, so that two entries never share one.
                if row[0] != last and entry:
                    batch.append(_entry(entry, codes, kinds))
                    entry = []
                last = row[0]
                entry.append(row)
            count["transfers"] += len(rows)
            count["entries"] += len(batch)
            yield batch
        if entry:
            count["entries"] += 1
            yield [_entry(entry, codes, kinds)]


def _entry(rows: list[tuple[Any, ...]], codes: dict[int, str], kinds: dict[int, tuple[str, str]]) -> OutsideEntry:
    """An entry as accountants expect it: what it debits, then what it credits, each account once on a side."""
    id, debit, credit, amount, undone, book, day, kind, document, memo = rows[0]
    if len(rows) == 1:
        postings = [(debit, amount), (credit, -amount)]
    else:
        debits: dict[int, int] = {}
        credited: dict[int, int] = {}
        for row in rows:
            debits[row[1]] = debits.get(row[1], 0) + row[3]
            credited[row[2]] = credited.get(row[2], 0) - row[3]
        postings = [*debits.items(), *credited.items()]
    why, title = kinds[kind]
    notes: list[str] = []
    if memo:
        notes = memo.split("\n")
        if kind == Kind.IMPORTED:
            title = notes.pop(0) or title
    return OutsideEntry(
        date=day,
        book=codes[book],
        id=f"{id}0000",
        kind=why,
        title=title,
        notes=notes,
        document=document,
        reverses=f"{undone[:32]}0000" if undone else "",
        postings=postings,
    )


def _compare(books: Sequence[Book], sums: dict[int, int]) -> None:
    """:raises DoesNotAddUp: if an account was written with another sum than its balance"""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT account_id, sum(amount)::bigint FROM ledger_balance WHERE book_id = ANY (%s) GROUP BY account_id",
            [[book.pk for book in books]],
        )
        balances = dict(cursor.fetchall())
    wrong = {account for account in balances.keys() | sums.keys() if balances.get(account, 0) != sums.get(account, 0)}
    if wrong:
        raise DoesNotAddUp(
            _(
                "The transfers do not add up to the balances of %(count)d accounts. Nothing was written. "
                "Run audit_ledger to see which."
            )
            % {"count": len(wrong)}
        )

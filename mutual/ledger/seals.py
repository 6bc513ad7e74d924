"""Sealed days: a Merkle root over what each book recorded on a day, chained to the day before.

A later change to any sealed row, even by somebody with every right on the database, is found at its exact row.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, transaction

from mutual.ledger.chart import lock_book

WIDTH = 16
"""How much of each row's hash a seal keeps, in bytes; the root is over the whole hashes."""


@dataclass(frozen=True)
class SealBroken:
    """A sealed day that is no longer as it was sealed; ``row`` is the transfer, where it can be told."""

    book_id: int
    day: dt.date
    row: uuid.UUID | None
    sentence: str


def seal(until: dt.date) -> int:
    """Seal every day before ``until`` (UTC days of recording) that is not sealed yet; returns how many were.

    Each book's day is a transaction of its own. Call it for days that are over by an hour or more.
    """
    count = 0
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT t.book_id, (t.recorded_at AT TIME ZONE 'UTC')::date
              FROM ledger_transfer t
              LEFT JOIN (SELECT book_id, max(day) AS day FROM ledger_seal GROUP BY book_id) s USING (book_id)
             WHERE t.recorded_at < %(until)s::timestamp AT TIME ZONE 'UTC'
               AND (s.day IS NULL OR t.recorded_at >= (s.day + 1)::timestamp AT TIME ZONE 'UTC')
             ORDER BY 1, 2
            """,
            {"until": until},
        )
        days = cursor.fetchall()
    for book_id, day in days:
        count += _seal_day(book_id, day)
    return count


@transaction.atomic
def _seal_day(book_id: int, day: dt.date) -> int:
    lock_book(book_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT day, chain FROM ledger_seal WHERE book_id = %s ORDER BY day DESC LIMIT 1", [book_id])
        last = cursor.fetchone()
        if last and last[0] >= day:
            return 0
        count, root, leaves = _day(cursor, book_id, day)
        before = bytes(last[1]) if last else b""
        cursor.execute(
            "INSERT INTO ledger_seal (book_id, day, transfers, root, chain, leaves, sealed_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, clock_timestamp())",
            [book_id, day, count, root, _link(before, book_id, day, count, root), leaves],
        )
    return 1


def _link(before: bytes, book_id: int, day: dt.date, count: int, root: bytes) -> bytes:
    return hashlib.sha256(b"%s|%d|%s|%d|%s" % (before, book_id, str(day).encode(), count, root)).digest()


_LEAVES = """
    SELECT count(*), string_agg(leaf, ''::bytea ORDER BY id), string_agg(substr(leaf, 1, 16), ''::bytea ORDER BY id)
      FROM (SELECT t.id, ledger_leaf(t) AS leaf FROM ledger_transfer t
             WHERE t.book_id = %(book)s AND t.recorded_at >= %(day)s::timestamp AT TIME ZONE 'UTC'
               AND t.recorded_at < (%(day)s::date + 1)::timestamp AT TIME ZONE 'UTC') AS rows
"""


def _day(cursor: object, book_id: int, day: dt.date) -> tuple[int, bytes, bytes]:
    cursor.execute(  # type: ignore[attr-defined]
        f"WITH leaves (count, whole, short) AS ({_LEAVES}) SELECT count, ledger_merkle(whole), short FROM leaves",
        {"book": book_id, "day": day},
    )
    count, root, short = cursor.fetchone()  # type: ignore[attr-defined]
    return int(count), bytes(root), bytes(short or b"")


def chain_at(book_id: int, *, before: dt.date) -> str | None:
    """The chained hash of a book's last sealed day before a day, as hexadecimal digits; None while there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(chain, 'hex') FROM ledger_seal WHERE book_id = %s AND day < %s ORDER BY day DESC LIMIT 1",
            [book_id, before],
        )
        row = cursor.fetchone()
    return None if row is None else str(row[0])


def verify(since: dt.date | None = None) -> Iterator[SealBroken]:
    """Compare the sealed days (from ``since``, or all) with what the books say now; every chain is followed whole."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT book_id, day, transfers, root, chain FROM ledger_seal ORDER BY book_id, day")
        seals = [(b, d, n, bytes(root), bytes(chain)) for b, d, n, root, chain in cursor.fetchall()]
    before: dict[int, bytes] = {}
    for book_id, day, count, root, chain in seals:
        if _link(before.get(book_id, b""), book_id, day, count, root) != chain:
            yield SealBroken(book_id, day, None, f"The seal of {day} does not follow from the one before it.")
        before[book_id] = chain
        if since is None or day >= since:
            yield from _compare(book_id, day, count, root)
    yield from _unsealed_between(seals)


def _compare(book_id: int, day: dt.date, count: int, root: bytes) -> Iterator[SealBroken]:
    with connection.cursor() as cursor:
        now_count, now_root, _ = _day(cursor, book_id, day)
        if (now_count, now_root) == (count, root):
            return
        cursor.execute("SELECT leaves FROM ledger_seal WHERE book_id = %s AND day = %s", [book_id, day])
        sealed = _split(bytes(cursor.fetchone()[0]))
        cursor.execute(
            """
            SELECT t.id, substr(ledger_leaf(t), 1, 16) FROM ledger_transfer t
             WHERE t.book_id = %(book)s AND t.recorded_at >= %(day)s::timestamp AT TIME ZONE 'UTC'
               AND t.recorded_at < (%(day)s::date + 1)::timestamp AT TIME ZONE 'UTC' ORDER BY t.id
            """,
            {"book": book_id, "day": day},
        )
        rows = [(id, bytes(leaf)) for id, leaf in cursor.fetchall()]
    known, present = set(sealed), {leaf for _, leaf in rows}
    strange = [id for id, leaf in rows if leaf not in known]
    for id in strange[:100]:
        yield SealBroken(book_id, day, id, f"Row {id} is not as it was when {day} was sealed.")
    gone = len(sealed) - sum(leaf in present for leaf in sealed)
    if gone > len(strange):
        place = next(i for i, leaf in enumerate(sealed) if leaf not in present)
        after = next((id for id, leaf in rows if leaf in known and leaf == (sealed[place - 1] if place else b"")), None)
        yield SealBroken(
            book_id, day, after, f"{gone - len(strange)} rows of {day} are gone; the first stood after {after}."
        )
    if not strange and gone == 0:
        yield SealBroken(book_id, day, None, f"The seal of {day} itself was changed.")


def _split(leaves: bytes) -> list[bytes]:
    return [leaves[i : i + WIDTH] for i in range(0, len(leaves), WIDTH)]


def _unsealed_between(seals: list[tuple[int, dt.date, int, bytes, bytes]]) -> Iterator[SealBroken]:
    """Rows that appeared on a day before a book's newest seal which has no seal of its own: slipped in afterwards."""
    sealed: dict[int, list[dt.date]] = {}
    for book_id, day, *_ in seals:
        sealed.setdefault(book_id, []).append(day)
    if not sealed:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.book_id, t.id, (t.recorded_at AT TIME ZONE 'UTC')::date
              FROM ledger_transfer t
              JOIN (SELECT book_id, max(day) AS newest FROM ledger_seal GROUP BY book_id) s USING (book_id)
              LEFT JOIN ledger_seal own ON own.book_id = t.book_id
                   AND own.day = (t.recorded_at AT TIME ZONE 'UTC')::date
             WHERE own.day IS NULL AND t.recorded_at < s.newest::timestamp AT TIME ZONE 'UTC' LIMIT 100
            """
        )
        for book_id, id, day in cursor.fetchall():
            yield SealBroken(book_id, day, id, f"Row {id} appeared on {day} after later days were sealed.")

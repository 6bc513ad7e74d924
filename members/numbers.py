"""Gap-free numbers: taken under a lock in the transaction that uses them."""

from __future__ import annotations

from django.db import connection


def next_number(series: str, *, width: int = 6) -> str:
    """The next number of a series, such as ``C-000124``; given back if the transaction is."""
    return f"{series}-{take(series):0{width}}"


def take(series: str, count: int = 1) -> int:
    """Take ``count`` numbers of a series at once; returns the first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO members_counter (series, last) VALUES (%s, %s) "
            "ON CONFLICT (series) DO UPDATE SET last = members_counter.last + excluded.last RETURNING last",
            [series, count],
        )
        return int(cursor.fetchone()[0]) - count + 1

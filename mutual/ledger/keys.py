"""Ids made from keys: the same event has the same id by every route, so it can be recorded only once."""

from __future__ import annotations

import hashlib
import re
import uuid

KEY = re.compile(r"^[A-Za-z0-9._:@+=-]+(/[A-Za-z0-9._:@+=-]+)*$", re.ASCII)
LINES = 2**16
"""How many transfers one entry can have."""


def entry_id(book_id: int, key: str) -> uuid.UUID:
    """The id of the entry recorded under ``key`` in that book.

    Four bytes hash the key's first two segments (``dues/2026-05``), so that the ids of one batch lie together in the
    index; ten bytes hash the whole key; two are left for the line's number. ``ledger_entry_id`` in SQL is the same.
    """
    head = "/".join(key.split("/", 2)[:2])
    near = hashlib.sha256(f"{book_id}|{head}".encode()).digest()[:4]
    own = hashlib.sha256(f"{book_id}|{key}".encode()).digest()[:10]
    return uuid.UUID(bytes=near + own + b"\0\0")


def line_id(entry: uuid.UUID, line: int) -> uuid.UUID:
    """The id of the entry's transfer number ``line``, from 0.

    :raises ValueError: if the entry would have more than 65,536 transfers
    """
    if not 0 <= line < LINES:
        raise ValueError("An entry has at most 65,536 transfers.")
    return uuid.UUID(int=entry.int + line)


def entry_of(transfer_id: uuid.UUID) -> uuid.UUID:
    """The entry a transfer belongs to."""
    return uuid.UUID(int=transfer_id.int - transfer_id.int % LINES)

"""The archive: documents that were given out are kept as they were, and given out again byte for byte.

`_store` and `_load` are the only functions that know where the bytes are (in the database: one backup, one
transaction); a cooperative that outgrows that changes these two.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping

from django.db import connection, transaction
from django.utils.translation import gettext as _
from djmoney.money import Money

from mutual.documents.documents import Printed
from mutual.documents.models import Document

Kind = Document.Kind


class ArchiveRefused(Exception):
    """The archive cannot give or take a document; the message says why."""


class Damaged(ArchiveRefused):
    """The bytes kept are not the bytes that were given in."""


def keep(
    *,
    kind: Kind,
    number: str,
    source: str,
    owner: int,
    language: str,
    printed: Printed,
    versions: Mapping[str, str],
    created_at: dt.datetime,
) -> Document:
    """Keep a document that is about to be given out. Keeping what is kept already returns that.

    `source` is the SHA-256 of what the document says (`digest`), `created_at` the moment printed into it.
    """
    row = Document(
        kind=kind,
        number=number,
        source=source,
        owner=owner,
        language=language,
        sha256=hashlib.sha256(printed.pdf).hexdigest(),
        size=len(printed.pdf),
        pages=printed.pages,
        versions=dict(versions),
        created_at=created_at,
    )
    _store(row, printed.pdf)
    with transaction.atomic():
        Document.objects.bulk_create([row], ignore_conflicts=True)
    kept = find(kind=kind, number=number, source=source)
    assert kept is not None
    return kept


def find(*, kind: Kind, number: str, source: str | None = None) -> Document | None:
    """The document of this number that says exactly this, or the newest of this number; without its bytes."""
    rows = Document.objects.defer("content").filter(kind=kind, number=number)
    if source is not None:
        rows = rows.filter(source=source)
    return rows.order_by("-id").first()


def fetch(document: Document) -> bytes:
    """The bytes of a document, checked against what was kept.

    :raises Damaged: if they were changed behind the database's back
    """
    content = _load(document)
    if hashlib.sha256(content).hexdigest() != document.sha256:
        raise Damaged(
            _("The file kept for %(number)s is damaged. Tell the office: it can be restored from the backup.")
            % {"number": document.number}
        )
    return content


def kept_sources(*, kind: Kind, numbers: list[str]) -> dict[str, set[str]]:
    """For each of the numbers, what is kept of it already: for a run that goes on where another was killed."""
    found: dict[str, set[str]] = {}
    for number, source in Document.objects.filter(kind=kind, number__in=numbers).values_list("number", "source"):
        found.setdefault(number, set()).add(source)
    return found


def damaged() -> list[str]:
    """The numbers of documents whose bytes no longer match; reads them all inside the database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number FROM documents_document WHERE encode(sha256(content), 'hex') <> sha256 ORDER BY id LIMIT 999"
        )
        return [number for (number,) in cursor.fetchall()]


def digest(value: object) -> str:
    """SHA-256 of a frozen value: its dates, amounts and texts, in order."""
    return hashlib.sha256("\x1f".join(_leaves(value)).encode()).hexdigest()


def _leaves(value: object) -> Iterator[str]:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield f"<{type(value).__name__}>"
        for field in dataclasses.fields(value):
            yield from _leaves(getattr(value, field.name))
    elif isinstance(value, tuple | list):
        yield f"<{len(value)}>"
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, Money):
        yield f"{value.amount:f} {value.currency}"
    else:
        yield str(value)


def _store(row: Document, content: bytes) -> None:
    row.content = content


def _load(row: Document) -> bytes:
    return bytes(row.content)

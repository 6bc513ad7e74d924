"""The statement of everything: what every room knows about one member for one period, on one paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from members.models import Member
from mutual import formats, rooms
from mutual.documents import archive, documents, sheets
from mutual.documents.documents import Press
from mutual.documents.values import Party, StatementDocument
from mutual.periods import Period
from mutual.trail import trail

KIND = archive.Kind.STATEMENT

HAVE_STATEMENTS = (Member.Status.ACTIVE, Member.Status.SUSPENDED, Member.Status.LEFT)
"""Who has statements: everybody who was ever admitted."""


class StatementsRefused(Exception):
    """There is no such statement; the message says why."""


class NotYet(StatementsRefused):
    """The period has not begun."""


class NotAMember(StatementsRefused):
    """The person did not belong to the cooperative in that period."""


@dataclass(frozen=True)
class Given:
    """A statement as it was given out. One of a period that still runs is not kept in the archive."""

    number: str
    pdf: bytes
    kept: bool

    @property
    def filename(self) -> str:
        """What the file is called on the reader's disk."""
        return f"{self.number}.pdf"


def number_of(member: Member, period: Period) -> str:
    """``S-2026-10-M-000123``."""
    return f"S-{period.label.replace('/', '-')}-{member.number}"


def belongs(member: Member, period: Period) -> bool:
    """Whether she was a member on any day of the period."""
    if member.status not in HAVE_STATEMENTS or member.joined_on is None:
        return False
    now = member.joined_on < period.end and (member.left_on is None or member.left_on >= period.start)
    return now or member.past.filter(joined_on__lt=period.end, left_on__gte=period.start).exists()


def compose(*, member: Member, period: Period, language: str, on: dt.date) -> StatementDocument:
    """Everything the rooms know about the member in that period, read at one moment.

    :raises NotYet: if the period begins after `on`
    :raises NotAMember: if she did not belong then
    :raises TooLong: if there are more lines than a document holds
    """
    if period.start > on:
        raise NotYet(_("This period has not begun yet."))
    if not belongs(member, period):
        raise NotAMember(_("There is no statement for a time before joining or after leaving."))
    with _one_moment():
        sections = rooms.statement_sections(member_id=member.pk, period=period, language=language)
    with override(language):
        return StatementDocument(
            number=number_of(member, period),
            member=party(member, language),
            cooperative=cooperative(),
            period=period,
            language=language,
            sections=tuple(sections),
            made_on=on,
        )


def source_of(value: StatementDocument) -> str:
    """The digest of what the statement says, whichever day it is made on."""
    return archive.digest(replace(value, made_on=value.period.start))


def give(
    *, member: Member, period: Period, language: str, on: dt.date, at: dt.datetime, by: int | None,
    press: Press | None = None,
) -> Given:  # fmt: skip
    """The statement as a file: the one in the archive if it still says the same, else printed now.

    Once the period is over it is kept, so that it is given out byte for byte the next time. Reading the statement of
    somebody else is written in the log.

    :raises StatementsRefused: if there is no such statement
    :raises DocumentRefused: if it cannot be printed
    """
    value = compose(member=member, period=period, language=language, on=on)
    source = source_of(value)
    if by != member.user_id:
        trail.record(by=by, did="STATEMENT_READ", subject=member.number, detail={"period": period.label})
    known = archive.find(kind=KIND, number=value.number, source=source)
    if known is not None:
        return Given(value.number, archive.fetch(known), kept=True)
    printed = sheets.statement(value).print(created=at, press=press)
    if period.end > on:
        return Given(value.number, printed.pdf, kept=False)
    kept = archive.keep(
        kind=KIND,
        number=value.number,
        source=source,
        owner=member.pk,
        language=language,
        printed=printed,
        versions=press.versions if press else documents.versions(),
        created_at=at,
    )
    return Given(value.number, archive.fetch(kept), kept=True)


@contextmanager
def _one_moment() -> Iterator[None]:
    """Let every room read the same state of the books, while others go on writing."""
    if connection.in_atomic_block:  # the caller's transaction decides
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def party(member: Member, language: str) -> Party:
    """A member as her papers name her."""
    town = f"{member.postcode} {member.city}".strip()
    lines = tuple(line for line in (member.street, town, formats.country(member.country, language)) if line)
    return Party(name=member.name, address=lines, number=member.number, email=member.email)


def cooperative() -> Party:
    """The cooperative as its papers name it."""
    lines = tuple(line.strip() for line in settings.COOPERATIVE_ADDRESS.splitlines() if line.strip())
    return Party(name=settings.COOPERATIVE_NAME, address=lines)

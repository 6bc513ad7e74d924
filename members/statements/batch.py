"""Every member's statement for a period: ordered once, made in chunks, gone on with after any crash.

The run's lock is a lock of the database session, so that whoever is killed lets go of it. Each statement is kept by
what it says, so that one made twice is kept once; the chunks that were finished are not begun again.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from members.models import Member, PastMembership
from members.statements import statements
from mutual import formats, periods
from mutual.documents import archive, sheets
from mutual.documents.documents import DocumentRefused, Press, PressBroke, Printed
from mutual.jobs import queue, runs
from mutual.jobs.models import Run
from mutual.periods import Period
from mutual.trail import trail

log = logging.getLogger(__name__)

KIND = "statements"
CHUNK = 40
"""Members between two reports of progress: what a crash can lose is the printing of so many."""

Clock = Callable[[], dt.datetime]


class BatchRefused(Exception):
    """The statements cannot be made; the message says why."""


class PeriodNotOver(BatchRefused):
    """Statements for everybody are made when the period is over."""


class AlreadyBeingMade(BatchRefused):
    """Another process is making these statements now."""


@transaction.atomic(durable=True)
def order(*, period: Period, by: int | None, on: dt.date) -> Run:
    """Have everybody's statement for the period made. Ordering what is being made changes nothing.

    Ordering again what is finished makes those whose statement would say something else now.

    :raises PeriodNotOver: if the period's last day is not past
    """
    run = prepare(period=period, by=by, on=on)
    trail.record(by=by, did="STATEMENTS_ORDERED", subject=period.label)
    queue.after_commit("members.statements.tasks.make", long=True, run_id=str(run.pk))
    return run


def prepare(*, period: Period, by: int | None, on: dt.date) -> Run:
    """The run of this period, ready to be worked on.

    :raises PeriodNotOver: if the period's last day is not past
    """
    if period.end > on:
        raise PeriodNotOver(
            _("This period ends on %(day)s. Statements for everybody are made after that.")
            % {"day": formats.day(period.last_day)}
        )
    title = _("Statements %(period)s") % {"period": period.label}
    run = runs.prepare(kind=KIND, key=period.label, title=title, by=by)
    if run.over:
        Run.objects.filter(pk=run.pk).update(state=Run.State.WAITING, cursor="", finished_at=None)
        run.refresh_from_db()
    return run


def members_of(period: Period) -> QuerySet[Member]:
    """Everybody who belonged to the cooperative on any day of the period, by id."""
    now = Q(joined_on__lt=period.end) & (Q(left_on__isnull=True) | Q(left_on__gte=period.start))
    before = PastMembership.objects.filter(member=OuterRef("pk"), joined_on__lt=period.end, left_on__gte=period.start)
    return Member.objects.filter(now | Exists(before), status__in=statements.HAVE_STATEMENTS).order_by("pk")


def work(*, run: Run, on: dt.date, clock: Clock, presses: int | None = None, chunk: int = CHUNK) -> Run:
    """Make what is still to be made. Killed at any point, it is simply called again.

    `clock` gives the moment printed into a file; `presses` is how many print at once, by default one a processor.

    :raises AlreadyBeingMade: if another process is at work on this run
    """
    run.refresh_from_db()
    if run.over:
        return run
    period = periods.parse(run.key)
    with _alone(run), _presses(presses or min(os.cpu_count() or 1, 8)) as press_all:
        if run.state != Run.State.RUNNING or not run.cursor:
            runs.start(run, total=members_of(period).count())
        while members := list(members_of(period).filter(pk__gt=int(run.cursor or 0))[:chunk]):
            known, refused = _make_chunk(members, period, on, clock, press_all)
            done = len(members) - len(refused)
            runs.advance(run, done=done, known=known, refused=refused, cursor=str(members[-1].pk))
        return runs.finish(run)


@dataclass(frozen=True)
class _Sheet:
    member: Member
    number: str
    source: str
    language: str
    at: dt.datetime
    sheet: sheets.Sheet


Outcome = tuple[Printed, dict[str, str]] | str
PrintAll = Callable[[list[_Sheet]], Iterator[tuple[_Sheet, Outcome]]]


def _make_chunk(
    members: list[Member], period: Period, on: dt.date, clock: Clock, print_all: PrintAll
) -> tuple[int, list[tuple[str, str]]]:
    """Make these members' statements: how many were kept already, and who was refused and why."""
    numbers = [statements.number_of(member, period) for member in members]
    kept = archive.kept_sources(kind=statements.KIND, numbers=numbers)
    known, refused, wanted = 0, [], []
    for member in members:
        try:
            value = statements.compose(member=member, period=period, language=member.language, on=on)
        except (statements.StatementsRefused, DocumentRefused) as refusal:
            refused.append((member.number, str(refusal)))
            continue
        source = statements.source_of(value)
        if source in kept.get(value.number, ()):
            known += 1
        else:
            sheet = sheets.statement(value)
            wanted.append(_Sheet(member, value.number, source, value.language, clock(), sheet))
    for one, outcome in print_all(wanted):
        if isinstance(outcome, str):
            refused.append((one.member.number, outcome))
            continue
        printed, versions = outcome
        archive.keep(
            kind=statements.KIND,
            number=one.number,
            source=one.source,
            owner=one.member.pk,
            language=one.language,
            printed=printed,
            versions=versions,
            created_at=one.at,
        )
    return known, refused


@contextmanager
def _presses(count: int) -> Iterator[PrintAll]:
    """Several presses at once: each is a process of its own, so threads are enough to feed them."""
    idle: SimpleQueue[Press] = SimpleQueue()
    presses = [Press() for _ in range(count)]
    for press in presses:
        idle.put(press)

    def print_one(one: _Sheet) -> Outcome:
        press = idle.get()
        try:
            return one.sheet.print(created=one.at, press=press), dict(press.versions)
        except DocumentRefused as refusal:
            return str(refusal)
        except PressBroke:
            log.exception("The statement %s could not be printed.", one.number)
            return _("This statement could not be printed; the fault is in the log.")
        finally:
            idle.put(press)

    with ThreadPoolExecutor(max_workers=count) as pool:
        try:
            yield lambda wanted: zip(wanted, pool.map(print_one, wanted), strict=True)
        finally:
            for press in presses:
                press.close()


@contextmanager
def _alone(run: Run) -> Iterator[None]:
    """Hold the run's lock, which ends with this database session however the process ends."""
    key = run.pk.int % (1 << 63)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        row = cursor.fetchone()
        if row is None or not row[0]:
            raise AlreadyBeingMade(_("These statements are being made right now. The page shows how far they are."))
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def write_out(*, period: Period, folder: Path) -> int:
    """Write the newest statement of everybody into a folder; files that are there already are left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for member in members_of(period).iterator(chunk_size=500):
        document = archive.find(kind=statements.KIND, number=statements.number_of(member, period))
        if document is None:
            continue
        path = folder / f"{document.number}.pdf"
        content = archive.fetch(document)
        if path.exists() and path.read_bytes() == content:
            continue
        part = path.with_suffix(".part")  # a reader never meets half a file
        part.write_bytes(content)
        part.replace(path)
        written += 1
    return written

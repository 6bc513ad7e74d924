"""Dues relief: surplus pays members' open charges of a period, the same part of each."""

from __future__ import annotations

import datetime as dt

from django.db import connection, transaction
from django.db.models import F, Sum
from django.utils.translation import gettext as _

from members.numbers import next_number
from mutual import formats
from mutual.jobs import queue, runs
from mutual.jobs.models import Run
from mutual.ledger import audit, balances, chart, journal
from mutual.ledger.kinds import Kind
from mutual.money import Money, allocate_minor, from_minor, minor
from mutual.periods import Period
from mutual.trail import trail
from pooling import accounts, placing
from pooling.models import Charge, Placement
from pooling.surplus.models import Relief, ReliefPart

CHUNK = 5_000
"""Members in one durable chunk."""


class ReliefRefused(Exception):
    """Nothing was paid; the message is a sentence for the person."""


class NothingToGive(ReliefRefused):
    """There is no dues relief, or no open charge."""


class BooksClosed(ReliefRefused):
    """The month is closed."""


def left(currency: str) -> Money:
    """What is set aside for dues, not used yet and not promised to a period that is being relieved."""
    return balances.of(accounts.dues_relief(currency)) - from_minor(_promised(currency), currency)


def _promised(currency: str) -> int:
    waiting = ReliefPart.objects.filter(relief__currency=currency, relief__finished_on=None, paid=None)
    return int(waiting.aggregate(total=Sum("amount"))["total"] or 0)


@transaction.atomic(durable=True)
def request_run(*, period: Period, currency: str, by: int, on: dt.date) -> Run:
    """Fix what everybody gets, and have it paid in the background, with its progress on a page.

    :raises ReliefRefused: as :func:`apply`
    :raises mutual.ledger.audit.BooksBroken: if the newest audit found something
    """
    relief = _plan(period, currency, by, on)
    run = _run(relief)
    queue.after_commit("pooling.surplus.tasks.relieve", relief_id=relief.pk)
    return run


def apply(*, period: Period, currency: str, by: int, on: dt.date, chunk: int = CHUNK) -> tuple[Money, int]:
    """Pay a period's open charges from dues relief, each the same part of what is open (largest remainder).

    What each gets is fixed in one transaction; it is paid in chunks of one each. Killed anywhere, it is simply asked
    for again and goes on with the same shares. Returns what was paid, and for how many members. Done again when it is
    finished, it pays from what is left only what is still open.

    :raises NothingToGive: if there is no relief left or nothing is open
    :raises BooksClosed: if the month is closed
    :raises mutual.ledger.audit.BooksBroken: if the newest audit found something
    """
    with transaction.atomic(durable=True):
        relief = _plan(period, currency, by, on)
    return pay(relief_id=relief.pk, on=on, chunk=chunk)


def _plan(period: Period, currency: str, by: int, on: dt.date) -> Relief:
    audit.require_whole()
    closed = chart.coop_book().closed_until
    if closed is not None and on < closed:
        raise BooksClosed(_closed(closed))
    source = accounts.dues_relief(currency)
    chart.lock(source)
    begun = Relief.objects.filter(period=period.label, currency=currency, finished_on=None).first()
    if begun is not None:
        return begun
    there = minor(balances.of(source)) - _promised(currency)
    found = list(
        Charge.objects.filter(
            period=period.label, version__amount_currency=currency, amount__gt=F("paid") + F("written_off")
        )
        .order_by("member_id")
        .values_list("pk", F("amount") - F("paid") - F("written_off"))
    )
    if not found or there <= 0:
        raise NothingToGive(_("There is no dues relief left, or nothing is open in that period."))
    weights = [int(still_open) for _pk, still_open in found]
    shares = allocate_minor(min(there, sum(weights)), weights)
    given = [(pk, share) for (pk, _open), share in zip(found, shares, strict=True) if share]
    relief = Relief.objects.create(
        number=next_number("DR"), period=period.label, currency=currency, amount=sum(shares), charges=len(given),
        asked_by=by, asked_on=on,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO surplus_reliefpart (relief_id, charge_id, amount) "
            "SELECT %s, charge, amount FROM unnest(%s::bigint[], %s::bigint[]) AS part (charge, amount)",
            [relief.pk, [pk for pk, _share in given], [share for _pk, share in given]],
        )
    trail.record(
        by=by, did="DUES_RELIEVED", subject=f"dues-{period.label}",
        detail={"relief": relief.number, **trail.amount(from_minor(relief.amount, currency)), "members": len(given)},
    )  # fmt: skip
    return relief


def _run(relief: Relief) -> Run:
    return runs.prepare(
        kind="relief", key=relief.number, title=_("Dues of %(period)s relieved") % {"period": relief.period},
        by=relief.asked_by, url="/surplus/",
    )  # fmt: skip


def pay(*, relief_id: int, on: dt.date, chunk: int = CHUNK) -> tuple[Money, int]:
    """Pay what a relief still has to pay; again is harmless. Returns what it paid in all, and for how many members.

    :raises BooksClosed: if the month was closed meanwhile; ask again with a later day
    :raises mutual.ledger.audit.BooksBroken: if the newest audit found something
    """
    audit.require_whole()
    relief = Relief.objects.get(pk=relief_id)
    run = runs.start(_run(relief), total=relief.charges)
    known = relief.parts.exclude(paid=None).count()
    runs.advance(run, done=known, known=known)
    try:
        while (count := _pay_chunk(relief_id=relief_id, on=on, chunk=chunk)) is not None:
            runs.advance(run, done=count)
    except ReliefRefused as refused:
        runs.advance(run, refused=[(relief.number, str(refused))])
        runs.finish(run, stopped=True)
        raise
    with transaction.atomic(durable=True):
        # Together: whoever asks again after a crash finds a relief that is not finished, and finishes its run too.
        Relief.objects.filter(pk=relief_id, finished_on=None).update(finished_on=on)
        runs.finish(run)
    paid = relief.parts.filter(paid__gt=0).aggregate(total=Sum("paid"))["total"] or 0
    return from_minor(int(paid), relief.currency), relief.parts.filter(paid__gt=0).count()


@transaction.atomic(durable=True)
def _pay_chunk(*, relief_id: int, on: dt.date, chunk: int) -> int | None:
    """Pay the next members; returns how many parts were dealt with, or None where none was left."""
    relief = Relief.objects.select_for_update().get(pk=relief_id)
    parts = dict(relief.parts.filter(paid=None).order_by("charge_id").values_list("charge_id", "amount")[:chunk])
    if not parts:
        return None
    source = accounts.dues_relief(relief.currency)
    members = Charge.objects.filter(pk__in=parts).values_list("member_id", flat=True)
    own = placing.lock_members(list(members))
    charges = (
        Charge.objects.select_for_update(of=("self",)).filter(pk__in=parts).order_by("member_id", "charged_on", "id")
    )
    bills = [
        placing.Bill(
            f"relief/{relief.number}/{own[charge.member_id].member.number}", source.pk, own[charge.member_id],
            ((charge, amount),),
        )
        for charge in charges
        if (amount := min(parts[charge.pk], charge.open_minor))
    ]  # fmt: skip
    try:
        placing.pay_many(bills, kind=Kind.DUES_RELIEVED, source=Placement.Source.RELIEF, on=on, by=relief.asked_by)
    except journal.PeriodClosed as error:
        raise BooksClosed(_closed(error.open_from)) from error
    except journal.BalanceOutOfRange as error:
        raise NothingToGive(
            _("%(amount)s of the dues relief are no longer there.") % {"amount": formats.money(error.over_by)}
        ) from error
    paid = {charge.pk: amount for bill in bills for charge, amount in bill.charges}
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE surplus_reliefpart r SET paid = p.amount "
            "FROM unnest(%s::bigint[], %s::bigint[]) AS p (charge, amount) "
            "WHERE r.relief_id = %s AND r.charge_id = p.charge",
            [list(parts), [paid.get(pk, 0) for pk in parts], relief.pk],
        )
    return len(parts)


def _closed(open_from: dt.date) -> str:
    return _("The books are closed before %(day)s. Use a later day.") % {"day": formats.day(open_from)}

"""Credits: less is owed than was charged. The charge stays as it is; the credit says by how much, and why.

What is still open of the charge is simply no longer owed. What was paid comes back out of the funds it went to, by the
shares of the plan, and becomes money paid ahead (what dues relief had paid becomes dues relief again).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import F, Q

from mutual.ledger import chart, journal
from mutual.ledger.kinds import Kind
from mutual.money import allocate_minor, from_minor
from pooling import accounts, placing
from pooling.easing.models import WorkCredit
from pooling.models import Charge, Credit, DuesAccounts, Placement

CHANGE, WORK = Credit.Source.CHANGE, Credit.Source.WORK
STANDING = Q(credits__source=Credit.Source.CHANGE, credits__undone_on=None)
"""Credits, seen from their charge, that take from what was charged."""

_KINDS = {CHANGE: Kind.DUES_CREDITED, WORK: Kind.DUES_WORKED}


def give(
    *, member_id: int, period: str, version_id: int | None, amount: int, source: str, explanation: dict[str, Any],
    by: int | None, on: dt.date,
) -> list[Credit]:  # fmt: skip
    """Credit a member so much of a period's charges, the newest first, in the caller's transaction.

    :raises mutual.ledger.journal.BalanceOutOfRange: if a fund has not got what it would have to give back
    """
    own = placing.lock_member(member_id)
    charges = (
        Charge.objects.select_for_update(of=("self",))
        .select_related("version")
        .filter(member_id=member_id, period=period, **({} if version_id is None else {"version_id": version_id}))
    )
    given: list[Credit] = []
    for charge in charges.order_by("-part"):
        standing = sum(one.amount for one in charge.credits.filter(source=CHANGE, undone_on=None))
        part = min(amount, charge.amount - standing)
        if part > 0:
            given.append(credit(charge, own, part, source=source, explanation=explanation, by=by, on=on))
            amount -= part
    return given


def credit(
    charge: Charge, own: DuesAccounts, amount: int, *, source: str, explanation: dict[str, Any], by: int | None,
    on: dt.date,
) -> Credit:  # fmt: skip
    """Credit so much of one charge, both locked by the caller; first what is open, then what was paid."""
    open_part = min(amount, charge.open_minor)
    paid_part = min(amount - open_part, charge.paid)
    count = Credit.objects.filter(charge__member_id=charge.member_id, charge__period=charge.period).count()
    key = f"dues/{charge.period}/{own.member.number}/credited-{count + 1}"
    given = Credit(
        charge=charge, source=source, amount=amount, open_part=open_part, paid_part=paid_part, key=key, made_on=on,
        explanation=explanation,
    )  # fmt: skip
    unit = own.receivable.currency.code
    moves: list[journal.Move] = []
    if open_part:
        moves.append(journal.move(from_minor(open_part, unit), debit=own.deferred, credit=own.receivable))
    taken, back = _take_back(charge, own, paid_part)
    given.taken = taken
    moves += back
    if moves:
        journal.post(
            kind=_KINDS[Credit.Source(source)], key=key, date=on, transfers=moves, recorded_by=by,
            document=charge.document,
        )  # fmt: skip
    given.save()
    _move(charge.pk, open_part, paid_part)
    return given


def work(task: WorkCredit, *, by: int | None, on: dt.date) -> bool:
    """Let a task take the place of a period's open charges, in the caller's transaction; False if none is open yet."""
    own = placing.lock_member(task.member_id)
    charges = list(
        Charge.objects.select_for_update(of=("self",))
        .select_related("version")
        .filter(member_id=task.member_id, period=task.period, amount__gt=F("paid") + F("written_off"))
        .order_by("part")
    )
    why = {"task": task.decision.number}
    for charge in charges:
        credit(charge, own, charge.open_minor, source=WORK, explanation=why, by=by, on=on)
    if charges:
        task.state = WorkCredit.State.USED
        task.save(update_fields=["state"])
    return bool(charges)


def _take_back(charge: Charge, own: DuesAccounts, amount: int) -> tuple[list[list[Any]], list[journal.Move]]:
    """Take paid money back out of where the placements put it, the newest first.

    Returns what was taken as (placement, amount, parts), and the transfers.
    """
    unit = own.receivable.currency.code
    shares = list(charge.version.shares.select_related("fund__account__currency"))
    taken: list[list[Any]] = []
    sums: dict[tuple[int, int], int] = defaultdict(int)
    reached: dict[int, chart.Account] = {}
    for placement in charge.placements.filter(undone_on=None).order_by("-id"):
        now = min(amount, placement.standing)
        if not now:
            continue
        amount -= now
        parts = allocate_minor(now, placing.standing_parts(placement))
        taken.append([placement.pk, now, parts])
        relief = placement.source == Placement.Source.RELIEF
        to = accounts.dues_relief(unit) if relief else own.prepayments
        reached[to.pk] = to
        for share, part in zip(shares, parts, strict=True):
            source = placing.where(share, own, unit)
            reached[source.pk] = source
            sums[source.pk, to.pk] += part
        Placement.objects.filter(pk=placement.pk).update(taken=F("taken") + now)
    moves = [
        journal.move(from_minor(part, unit), debit=reached[source], credit=reached[to])
        for (source, to), part in sorted(sums.items())
        if part
    ]
    return taken, moves


def undo_for(placement_ids: Sequence[int], charge_ids: Sequence[int], *, by: int | None, on: dt.date) -> None:
    """Undo credits that took from these placements, as their payment is withdrawn; the newest first.

    The next settlement of the period gives again what is still due. In the caller's transaction.

    :raises mutual.ledger.journal.BalanceOutOfRange: if what was credited has been used since
    """
    for one in Credit.objects.select_for_update().filter(charge__in=charge_ids, undone_on=None).order_by("-id"):
        if not any(pk in placement_ids for pk, _amount, _parts in one.taken):
            continue
        journal.reverse(entry_id=journal.entry_id_of(one.key), date=on, recorded_by=by)
        for pk, amount, _parts in one.taken:
            Placement.objects.filter(pk=pk).update(taken=F("taken") - amount)
        one.undone_on = on
        one.save(update_fields=["undone_on"])
        _move(one.charge_id, -one.open_part, -one.paid_part)


def _move(charge_id: int, open_part: int, paid_part: int) -> None:
    """What was open, and what was paid, is now given up."""
    Charge.objects.filter(pk=charge_id).update(
        paid=F("paid") - paid_part, written_off=F("written_off") + open_part + paid_part
    )

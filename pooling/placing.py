"""How money that pays a charge is divided over the charge's shares. Pure, but for reading the charges."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F

from mutual.ledger import chart, journal
from mutual.money import allocate_minor, from_minor
from pooling import accounts
from pooling.models import Charge, DuesAccounts, Placement, Share


@dataclass(frozen=True)
class Placed:
    """A charge, how much of it is paid now, and what each share gets of that; minor units."""

    charge: Charge
    amount: int
    parts: tuple[int, ...]


def divide(weights: Sequence[int], total: int, already: Sequence[int], now: int) -> tuple[int, ...]:
    """What each share gets of ``now`` minor units, of a charge of ``total`` of which ``already`` has been divided.

    Each share's whole is fixed by largest remainder; what is paid now is divided, again by largest remainder, over what
    each share still lacks. So no part is ever negative, no share ever gets more than its whole, and the last payment
    brings each to exactly that. (After a write-off and a withdrawn payment a share may have more than its whole; what
    is paid then is divided over the others.)
    """
    whole = allocate_minor(total, weights)
    lacking = [max(share - had, 0) for share, had in zip(whole, already, strict=True)]
    return tuple(allocate_minor(now, lacking if sum(lacking) >= now else weights))


def open_charges(member_id: int, currency: str) -> list[Charge]:
    """A member's open charges, oldest first, locked. Lock her :class:`DuesAccounts` row before."""
    found = (
        Charge.objects.select_for_update(of=("self",))
        .select_related("version")
        .filter(member_id=member_id, amount__gt=F("paid") + F("written_off"))
        .filter(version__amount_currency=currency)
    )
    return list(found.order_by("charged_on", "id")[:600])


def lock_member(member_id: int) -> DuesAccounts:
    """One thing at a time with a member's dues: take this before anything else of hers."""
    return (
        DuesAccounts.objects.select_for_update(of=("self",))
        .select_related("member", "receivable__currency", "deferred__currency", "prepayments__currency")
        .get(pk=member_id)
    )


def place(charges: Sequence[Charge], available: int) -> tuple[list[Placed], int]:
    """Place money on charges, oldest first; returns what was placed where, and what is left over."""
    placed: list[Placed] = []
    for charge in charges:
        if available <= 0:
            break
        now = min(available, charge.open_minor)
        available -= now
        placed.append(Placed(charge, now, _parts(charge, now)))
    return placed, available


def _parts(charge: Charge, now: int) -> tuple[int, ...]:
    weights = [share.weight for share in charge.version.shares.all()]
    already = [0] * len(weights)
    for earlier in charge.placements.filter(undone_on=None):
        already = [had + part for had, part in zip(already, earlier.parts, strict=True)]
    # What was written off takes the same part of every share.
    return divide(weights, charge.amount - charge.written_off, already, now)


def transfers(placed: Sequence[Placed], own: DuesAccounts, paid_from: chart.Account) -> list[journal.Move]:
    """The transfers that pay charges: money in for the receivable, and deferred dues to funds and running costs."""
    moves: list[journal.Move] = []
    shares: dict[int, int] = {}
    targets: dict[int, chart.Account] = {}
    unit = own.receivable.currency.code
    for one in placed:
        for share, part in zip(
            one.charge.version.shares.select_related("fund__account__currency"), one.parts, strict=True
        ):
            target = _target(share, own, unit)
            targets[target.pk] = target
            shares[target.pk] = shares.get(target.pk, 0) + part
    total = sum(one.amount for one in placed)
    if total:
        moves.append(journal.move(from_minor(total, unit), debit=paid_from, credit=own.receivable))
    for pk, amount in sorted(shares.items()):
        if amount:
            moves.append(journal.move(from_minor(amount, unit), debit=own.deferred, credit=targets[pk]))
    return moves


def _target(share: Share, own: DuesAccounts, unit: str) -> chart.Account:
    if share.fund is None:
        return accounts.running_costs(unit)
    if share.buffer:
        return accounts.buffer(share.fund.slug, own.member.number, unit, own.member_id)
    return share.fund.account


def keep(placed: Sequence[Placed], *, source: str, payment_id: int | None, on: dt.date) -> None:
    """Write down what was placed, and mark the charges."""
    Placement.objects.bulk_create(
        Placement(
            charge=one.charge, payment_id=payment_id, source=source, amount=one.amount, parts=list(one.parts),
            placed_on=on,
        )
        for one in placed
    )  # fmt: skip
    for one in placed:
        Charge.objects.filter(pk=one.charge.pk).update(paid=F("paid") + one.amount)

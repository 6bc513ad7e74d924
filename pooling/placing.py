"""How money that pays a charge is divided over the charge's shares; for one member, or for many at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import F
from psycopg import sql

from mutual.ledger import chart, journal
from mutual.ledger.kinds import Kind
from mutual.money import allocate_minor, from_minor
from pooling import accounts
from pooling.models import Charge, Credit, DuesAccounts, Placement, Share


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


def open_charges_of(member_ids: Sequence[int]) -> list[Charge]:
    """The open charges of many members, each member's oldest first, locked. Lock the members before."""
    found = (
        Charge.objects.select_for_update(of=("self",))
        .select_related("version")
        .filter(member_id__in=member_ids, amount__gt=F("paid") + F("written_off"))
    )
    return list(found.order_by("member_id", "charged_on", "id"))


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
        already = [had + part for had, part in zip(already, standing_parts(earlier), strict=True)]
    # What was written off takes the same part of every share.
    return divide(weights, charge.amount - charge.written_off, already, now)


def standing_parts(placement: Placement) -> list[int]:
    """What each share still has of a placement, after what credits took out of it."""
    left = list(placement.parts)
    if placement.taken:
        for credit in Credit.objects.filter(charge_id=placement.charge_id, undone_on=None):
            for pk, _amount, parts in credit.taken:
                if pk == placement.pk:
                    left = [had - part for had, part in zip(left, parts, strict=True)]
    return left


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
            target = where(share, own, unit)
            targets[target.pk] = target
            shares[target.pk] = shares.get(target.pk, 0) + part
    total = sum(one.amount for one in placed)
    if total:
        moves.append(journal.move(from_minor(total, unit), debit=paid_from, credit=own.receivable))
    for pk, amount in sorted(shares.items()):
        if amount:
            moves.append(journal.move(from_minor(amount, unit), debit=own.deferred, credit=targets[pk]))
    return moves


def where(share: Share, own: DuesAccounts, unit: str) -> chart.Account:
    """The account a share of a member's dues goes to."""
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


@dataclass(frozen=True)
class Bill:
    """What one member pays in a batch: which of her charges, oldest first, how much of each in minor units (at least
    one), out of which account, and the key it is recorded under."""

    key: str
    paid_from: int
    own: DuesAccounts
    charges: tuple[tuple[Charge, int], ...]


_ROWS = sql.SQL(
    "SELECT * FROM unnest(%s::text[], %s::integer[], %s::bigint[], %s::bigint[], %s::bigint[], %s::smallint[], "
    "%s::text[]) AS row (key, line, debit_id, credit_id, amount, currency_id, document)"
)


def lock_members(member_ids: Sequence[int]) -> dict[int, DuesAccounts]:
    """As :func:`lock_member` for many, in the order of their ids, so that two batches never wait for each other."""
    found = (
        DuesAccounts.objects.select_for_update(of=("self",))
        .select_related("member", "receivable__currency")
        .filter(pk__in=member_ids)
        .order_by("pk")
    )
    return {own.pk: own for own in found}


def pay_many(bills: Sequence[Bill], *, kind: Kind, source: str, on: dt.date, by: int | None) -> int:
    """Pay charges of many members in a handful of queries; each member's entry is the one she would have had alone.

    In the caller's transaction, which holds the members (:func:`lock_members`) and the charges. Returns what was paid,
    in minor units.

    :raises mutual.ledger.journal.KeyReused: if a bill's key was used before
    """
    charges = [charge for bill in bills for charge, _amount in bill.charges]
    shares = _shares({charge.version_id for charge in charges})
    buffers = _buffers(bills, shares)
    costs = {unit: accounts.running_costs(unit).pk for unit in {bill.own.receivable.currency.code for bill in bills}}
    already = _already([charge.pk for charge in charges])
    rows: list[tuple[str, int, int, int, int, int, str]] = []
    placed: list[Placement] = []
    for bill in bills:
        own, document = bill.own, bill.charges[-1][0].document
        unit = own.receivable.currency_id
        total = sum(amount for _charge, amount in bill.charges)
        rows.append((bill.key, 0, bill.paid_from, own.receivable_id, total, unit, document))
        towards: dict[int, int] = {}
        for charge, amount in bill.charges:
            of_version = shares[charge.version_id]
            had = already.get(charge.pk, [0] * len(of_version))
            weights = [share.weight for share in of_version]
            parts = divide(weights, charge.amount - charge.written_off, had, amount)
            for share, part in zip(of_version, parts, strict=True):
                if share.fund is None:
                    target = costs[own.receivable.currency.code]
                elif share.buffer:
                    target = buffers[own.pk, share.fund.slug]
                else:
                    target = share.fund.account_id
                towards[target] = towards.get(target, 0) + part
            placed.append(Placement(charge=charge, source=source, amount=amount, parts=list(parts), placed_on=on))
        lines = [(target, part) for target, part in sorted(towards.items()) if part]
        rows += [
            (bill.key, line, own.deferred_id, target, part, unit, document)
            for line, (target, part) in enumerate(lines, start=1)
        ]
    if not rows:
        return 0
    columns = [list(column) for column in zip(*rows, strict=True)]
    posted = journal.post_query(kind=kind, date=on, query=_ROWS, params=columns, recorded_by=by)
    if posted.known:
        raise journal.KeyReused(f"{posted.known} transfers of these payments were recorded before.")
    Placement.objects.bulk_create(placed, batch_size=5000)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pooling_charge c SET paid = c.paid + p.amount "
            "FROM unnest(%s::bigint[], %s::bigint[]) AS p (id, amount) WHERE c.id = p.id",
            [[one.charge_id for one in placed], [one.amount for one in placed]],
        )
    return sum(one.amount for one in placed)


def _shares(version_ids: set[int]) -> dict[int, list[Share]]:
    """The shares of each version, in their order."""
    found: dict[int, list[Share]] = {}
    for share in (
        Share.objects.select_related("fund").filter(version_id__in=version_ids).order_by("version_id", "place")
    ):
        found.setdefault(share.version_id, []).append(share)
    return found


def _buffers(bills: Sequence[Bill], shares: Mapping[int, Sequence[Share]]) -> dict[tuple[int, str], int]:
    """The accounts of the members' buffers that these charges fill, by member and fund; opened where there is none."""
    wanted = {
        (bill.own.pk, bill.own.member.number, bill.own.receivable.currency.code, share.fund.slug)
        for bill in bills
        for charge, _amount in bill.charges
        for share in shares[charge.version_id]
        if share.fund is not None and share.buffer
    }
    return accounts.buffers(sorted(wanted)) if wanted else {}


def _already(charge_ids: Sequence[int]) -> dict[int, list[int]]:
    """What each share of these charges has had so far."""
    found: dict[int, list[int]] = {}
    earlier = Placement.objects.filter(charge_id__in=charge_ids, undone_on=None).values_list("pk", "charge_id", "parts")
    standing = {pk: charge_id for pk, charge_id, _parts in earlier}
    for _pk, charge_id, parts in earlier:
        had = found.get(charge_id)
        found[charge_id] = parts if had is None else [a + b for a, b in zip(had, parts, strict=True)]
    for credit in Credit.objects.filter(charge_id__in=charge_ids, undone_on=None, paid_part__gt=0):
        for pk, _amount, parts in credit.taken:
            if pk in standing:
                had = found[standing[pk]]
                found[standing[pk]] = [a - b for a, b in zip(had, parts, strict=True)]
    return found

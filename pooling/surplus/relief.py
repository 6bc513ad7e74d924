"""Dues relief: surplus pays members' open charges of a period, the same part of each."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from mutual import formats
from mutual.ledger import audit, balances, chart, journal
from mutual.ledger.kinds import Kind
from mutual.money import Money, allocate_minor, from_minor, minor
from mutual.periods import Period
from mutual.trail import trail
from pooling import accounts, placing
from pooling.models import Charge, Placement


class ReliefRefused(Exception):
    """Nothing was paid; the message is a sentence for the person."""


class NothingToGive(ReliefRefused):
    """There is no dues relief, or no open charge."""


class BooksClosed(ReliefRefused):
    """The month is closed."""


def left(currency: str) -> Money:
    """What is set aside for dues and not used yet."""
    return balances.of(accounts.dues_relief(currency))


@transaction.atomic(durable=True)
def apply(*, period: Period, currency: str, by: int, on: dt.date) -> tuple[Money, int]:
    """Pay a period's open charges from dues relief, each the same part of what is open (largest remainder).

    All of them or none. Returns what was paid, and for how many members. Done again, it pays from what is left only
    what is still open.

    :raises NothingToGive: if there is no relief left or nothing is open
    :raises BooksClosed: if the month is closed
    :raises mutual.ledger.audit.BooksBroken: if the newest audit found something
    """
    audit.require_whole()
    source = accounts.dues_relief(currency)
    chart.lock(source)
    there = minor(balances.of(source))
    found = list(
        Charge.objects.select_related("version")
        .filter(period=period.label, version__amount_currency=currency, amount__gt=F("paid") + F("written_off"))
        .order_by("member_id")
    )
    if not found or there <= 0:
        raise NothingToGive(_("There is no dues relief left, or nothing is open in that period."))
    weights = [charge.open_minor for charge in found]
    shares = allocate_minor(min(there, sum(weights)), weights)
    paid = count = 0
    for charge, share in zip(found, shares, strict=True):
        used = _pay(charge.pk, share, source, by, on) if share else 0
        paid += used
        count += used > 0
    trail.record(by=by, did="DUES_RELIEVED", subject=f"dues-{period.label}", detail={"minor": paid, "members": count})
    return from_minor(paid, currency), count


def _pay(charge_id: int, amount: int, source: chart.Account, by: int, on: dt.date) -> int:
    member_id = Charge.objects.values_list("member_id", flat=True).get(pk=charge_id)
    own = placing.lock_member(member_id)
    charge = Charge.objects.select_for_update(of=("self",)).select_related("version").get(pk=charge_id)
    placed, _rest = placing.place([charge], min(amount, charge.open_minor))
    if not placed:
        return 0
    try:
        journal.post(
            kind=Kind.DUES_RELIEVED,
            key=f"relief/{charge.period}/{own.member.number}/{charge.placements.count()}",
            date=on,
            transfers=placing.transfers(placed, own, source),
            recorded_by=by,
            document=charge.document,
        )
    except journal.PeriodClosed as error:
        day = formats.day(error.open_from)
        raise BooksClosed(_("The books are closed before %(day)s. Use a later day.") % {"day": day}) from error
    placing.keep(placed, source=Placement.Source.RELIEF, payment_id=None, on=on)
    return placed[0].amount

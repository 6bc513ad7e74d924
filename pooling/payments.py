"""Payments recorded by hand: placed on the oldest charge first, withdrawn or corrected by reversal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from members.models import Member
from members.numbers import next_number
from mutual import formats, repeats
from mutual.ledger import journal
from mutual.ledger.kinds import Kind
from mutual.money import Money, from_minor, minor
from mutual.trail import trail
from pooling import accounts, credits, placing
from pooling.models import Charge, Payment, Placement
from pooling.treasury.models import BankAccount


class PaymentRefused(Exception):
    """The payment was not recorded or changed; the message is a sentence for the person."""


class WrongCurrency(PaymentRefused):
    """The bank account, the member and the amount do not share a currency."""


class AlreadyWithdrawn(PaymentRefused):
    """The payment was withdrawn before."""


class NotPossibleNow(PaymentRefused):
    """The books do not allow it: the month is closed, or the money has been used since."""


@transaction.atomic(durable=True)
def record(
    *,
    member_id: int | None,
    bank_id: int,
    amount: Money,
    received_on: dt.date,
    reference: str,
    form_key: str,
    by: int,
) -> Payment:
    """Record money that came in at the bank.

    It pays the member's oldest charges first, each by its shares; what is left over is kept for her next charge. With
    no member it waits in suspense. The same form sent twice is one payment.

    :raises WrongCurrency: if the bank account counts another currency
    :raises NotPossibleNow: if the month is closed
    :raises mutual.repeats.FormReused: if the form was sent before with other content
    """
    known = _made_before(
        form_key, member_id, bank_id=bank_id, amount=amount, received_on=received_on, reference=reference,
        replaces_id=None,
    )  # fmt: skip
    if known is not None:
        return known
    return _record(member_id, bank_id, amount, received_on, reference, form_key, by, replaces=None)


def _made_before(form_key: str, member_id: int | None, **said: Any) -> Payment | None:
    if member_id is not None:  # one recorded without a member may have been placed since
        said["member_id"] = member_id
    return repeats.made_before(Payment.objects.all(), form_key=form_key, **said)


def _record(
    member_id: int | None,
    bank_id: int,
    amount: Money,
    received_on: dt.date,
    reference: str,
    form_key: str,
    by: int,
    *,
    replaces: Payment | None,
) -> Payment:
    bank = BankAccount.objects.select_related("account__currency").get(pk=bank_id)
    if bank.currency != str(amount.currency):
        raise WrongCurrency(_("That bank account is kept in %(currency)s.") % {"currency": bank.currency})
    payment = Payment.objects.create(
        number=next_number("P"), form_key=form_key, member_id=member_id, bank=bank, amount=amount,
        received_on=received_on, reference=reference, recorded_by=by, replaces=replaces,
        status=Payment.Status.RECORDED if member_id else Payment.Status.UNPLACED,
    )  # fmt: skip
    if member_id is None:
        _post(
            payment, f"payment/{payment.number}/recorded", Kind.PAYMENT_UNPLACED, received_on, by,
            [journal.move(amount, debit=bank.account, credit=accounts.suspense(bank.currency))],
        )  # fmt: skip
    else:
        _place(payment, member_id, received_on, by, paid_from_suspense=False)
    trail.record(by=by, did="PAYMENT_RECORDED", subject=payment.number, detail=trail.amount(amount))
    return payment


def _place(payment: Payment, member_id: int, on: dt.date, by: int, *, paid_from_suspense: bool) -> None:
    own = placing.lock_member(member_id)
    currency = own.receivable.currency.code
    if currency != str(payment.amount.currency):
        raise WrongCurrency(_("This member's dues are in %(currency)s.") % {"currency": currency})
    placed, left = placing.place(placing.open_charges(member_id, currency), minor(payment.amount))
    source = accounts.suspense(currency) if paid_from_suspense else payment.bank.account
    moves = placing.transfers(placed, own, source)
    if left:
        moves.append(journal.move(from_minor(left, currency), debit=source, credit=own.prepayments))
    kind = Kind.PAYMENT_PLACED if paid_from_suspense else Kind.DUES_PAID if placed else Kind.DUES_PREPAID
    event = "placed" if paid_from_suspense else "recorded"
    _post(payment, f"payment/{payment.number}/{event}", kind, on, by, moves)
    placing.keep(placed, source=Placement.Source.PAYMENT, payment_id=payment.pk, on=on)


def _post(payment: Payment, key: str, kind: Kind, on: dt.date, by: int, moves: list[journal.Move]) -> None:
    try:
        journal.post(kind=kind, key=key, date=on, transfers=moves, recorded_by=by, document=payment.number)
    except journal.PeriodClosed as error:
        raise NotPossibleNow(_closed(error)) from error


def _closed(error: journal.PeriodClosed) -> str:
    return _("The books are closed before %(day)s. Use a later day.") % {"day": formats.day(error.open_from)}


@transaction.atomic(durable=True)
def place(*, payment_id: int, member_id: int, by: int, on: dt.date) -> Payment:
    """Give an unplaced payment to the member it came from; again is harmless.

    :raises AlreadyWithdrawn: if it was withdrawn
    :raises WrongCurrency: if her dues are in another currency
    """
    payment = _lock(payment_id)
    if payment.status == Payment.Status.RECORDED and payment.member_id == member_id:
        return payment
    if payment.status != Payment.Status.UNPLACED:
        raise AlreadyWithdrawn(_("%(payment)s is placed or withdrawn already.") % {"payment": payment.number})
    payment.member_id = member_id
    payment.status = Payment.Status.RECORDED
    payment.save(update_fields=["member", "status"])
    _place(payment, member_id, on, by, paid_from_suspense=True)
    trail.record(by=by, did="PAYMENT_PLACED", subject=payment.number)
    return payment


@transaction.atomic(durable=True)
def withdraw(*, payment_id: int, by: int, on: dt.date) -> Payment:
    """Take a payment back that was recorded wrongly: mirror entries, and its charges are open again.

    :raises NotPossibleNow: if what was paid ahead has been used, the bank or a fund holds too little, or the month of
        ``on`` is closed
    """
    payment = _lock(payment_id)
    if payment.status != Payment.Status.WITHDRAWN:
        _withdraw(payment, by, on)
    return payment


@transaction.atomic(durable=True)
def correct(
    *,
    payment_id: int,
    member_id: int | None,
    bank_id: int,
    amount: Money,
    received_on: dt.date,
    reference: str,
    form_key: str,
    by: int,
    on: dt.date,
) -> Payment:
    """Withdraw a payment and record it anew, rightly, in one step; the two name each other.

    :raises AlreadyWithdrawn: if it was withdrawn before
    :raises NotPossibleNow: as :func:`withdraw`
    """
    known = _made_before(
        form_key, member_id, bank_id=bank_id, amount=amount, received_on=received_on, reference=reference,
        replaces_id=payment_id,
    )  # fmt: skip
    if known is not None:
        return known
    payment = _lock(payment_id)
    if payment.status == Payment.Status.WITHDRAWN:
        raise AlreadyWithdrawn(_("%(payment)s was withdrawn before.") % {"payment": payment.number})
    _withdraw(payment, by, on)
    return _record(member_id, bank_id, amount, received_on, reference, form_key, by, replaces=payment)


def _withdraw(payment: Payment, by: int, on: dt.date) -> None:
    if payment.member_id is not None:
        placing.lock_member(payment.member_id)
    paid = list(payment.placements.filter(undone_on=None).values_list("pk", "charge_id"))
    try:
        with transaction.atomic():
            credits.undo_for([pk for pk, _charge in paid], [charge for _pk, charge in paid], by=by, on=on)
            for event in ("placed", "recorded"):
                entry = journal.entry_id_of(f"payment/{payment.number}/{event}")
                if event == "recorded" or journal.is_recorded(entry):
                    journal.reverse(entry_id=entry, date=on, recorded_by=by)
    except journal.PeriodClosed as error:
        raise NotPossibleNow(_closed(error)) from error
    except journal.BalanceOutOfRange as error:
        raise NotPossibleNow(
            _("%(amount)s of this payment have been used since and cannot be taken back.")
            % {"amount": formats.money(error.over_by)}
        ) from error
    for placement in payment.placements.filter(undone_on=None):
        Charge.objects.filter(pk=placement.charge_id).update(paid=F("paid") - placement.amount)
        placement.undone_on = on
        placement.save(update_fields=["undone_on"])
    payment.status = Payment.Status.WITHDRAWN
    payment.save(update_fields=["status"])
    trail.record(by=by, did="PAYMENT_WITHDRAWN", subject=payment.number)


def _lock(payment_id: int) -> Payment:
    return Payment.objects.select_for_update(of=("self",)).select_related("bank__account__currency").get(pk=payment_id)


def spend_ahead(keys: Mapping[int, str], *, on: dt.date, by: int | None) -> int:
    """Pay members' open charges, oldest first, from what they paid ahead; in the caller's transaction, which holds
    these members already, or no balance yet. Returns minor units used.

    :param keys: under which key each member's entry is recorded, by member id
    """
    own = placing.lock_members(list(keys))
    with connection.cursor() as cursor:
        # What is ahead is read after the members are held: a payment of theirs may have been under way.
        cursor.execute(
            "SELECT a.member_id, -b.amount FROM pooling_duesaccounts a "
            "JOIN ledger_balance b ON b.account_id = a.prepayments_id AND b.stripe = 0 "
            "WHERE a.member_id = ANY (%s) AND b.amount < 0",
            [list(own)],
        )
        left = {pk: int(amount) for pk, amount in cursor.fetchall()}
    paying: dict[int, list[tuple[Charge, int]]] = {}
    for charge in placing.open_charges_of(list(left)):
        if charge.currency != own[charge.member_id].receivable.currency.code:
            continue
        if amount := min(left[charge.member_id], charge.open_minor):
            left[charge.member_id] -= amount
            paying.setdefault(charge.member_id, []).append((charge, amount))
    bills = [placing.Bill(keys[pk], own[pk].prepayments_id, own[pk], tuple(charges)) for pk, charges in paying.items()]
    return placing.pay_many(bills, kind=Kind.DUES_SETTLED, source=Placement.Source.AHEAD, on=on, by=by)


def of_member(member: Member) -> list[Payment]:
    """A member's payments, newest first."""
    return list(Payment.objects.filter(member=member).order_by("-received_on", "-id")[:200])

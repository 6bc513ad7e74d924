"""What two officers do together: opening balances, refunds, write-offs, reversals, reopening a closed month.

One officer proposes, in words and in exact terms; another confirms, and what is booked is what was proposed (F14).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Collection
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from members.governance import decisions
from members.governance.models import Decision
from members.models import Member
from mutual import formats
from mutual.ledger import balances, chart, journal
from mutual.ledger.kinds import Kind
from mutual.mail import letters
from mutual.money import Money, from_minor, minor
from mutual.trail import words
from pooling import accounts, booking, placing
from pooling.buffers import rules as buffer_rules
from pooling.dunning import limitation
from pooling.easing import waivers, work
from pooling.models import Charge, Fund, Payment
from pooling.surplus.models import Year
from pooling.treasury.models import BankAccount, Item

OPENING = "OPENING_BALANCE"
REFUND = "REFUND"
WRITE_OFF = "WRITE_OFF"
BARRED = "BARRED_WRITE_OFF"
REVERSAL = "REVERSAL"
REOPENING = "REOPENING"
BUFFER_RULE = buffer_rules.BUFFER_RULE
WAIVER = waivers.WAIVER
WAIVER_END = waivers.END
WORK = work.WORK
KINDS = {
    kind: words.DECISIONS[kind]
    for kind in (OPENING, REFUND, WRITE_OFF, BARRED, REVERSAL, REOPENING, BUFFER_RULE, WAIVER, WAIVER_END, WORK)
}

OWN_WAY = frozenset(
    {
        Kind.DUES_PAID, Kind.DUES_PREPAID, Kind.DUES_SETTLED, Kind.PAYMENT_UNPLACED, Kind.PAYMENT_PLACED,
        Kind.DUES_CHARGED, Kind.DUES_RELIEVED, Kind.CLAIM_APPROVED, Kind.CLAIM_PAID, Kind.CLAIM_RELEASED,
        Kind.YEAR_CLOSED, Kind.SURPLUS_ALLOCATED, Kind.REVERSAL, Kind.DUES_WRITTEN_OFF, Kind.PREPAYMENT_REFUNDED,
        Kind.BUFFER_RETURNED, Kind.DUES_CREDITED, Kind.DUES_WORKED,
    }
)  # fmt: skip
"""Kinds that more than the ledger knows of: they are undone where they were made, if at all."""


class CorrectionRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class NothingOpen(CorrectionRefused):
    """There is nothing to write off or refund, or less than that."""


class NotThisWay(CorrectionRefused):
    """This kind of entry is undone where it was made."""


class NotPossibleNow(CorrectionRefused):
    """The books do not allow it."""


@transaction.atomic(durable=True)
def propose_opening(*, bank_id: int | None, fund_id: int | None, amount: Money, day: dt.date, text: str, by: int,
                    on: dt.date) -> Decision:  # fmt: skip
    """Propose that a bank account or a fund starts with an amount. Exactly one of the two is named."""
    assert (bank_id is None) != (fund_id is None)
    terms = {
        "bank": bank_id, "fund": fund_id, "minor": minor(amount), "currency": str(amount.currency),
        "day": day.isoformat(),
    }  # fmt: skip
    subject = ""
    if bank_id is not None:
        subject = f"bank-{BankAccount.objects.get(pk=bank_id).slug}"
    elif fund_id is not None:
        subject = f"fund-{Fund.objects.get(pk=fund_id).slug}"
    return decisions.propose(kind=OPENING, subject=subject[:60], text=text, terms=terms, by=by, on=on)


@transaction.atomic(durable=True)
def propose_refund(*, member_id: int, bank_id: int, amount: Money, text: str, by: int, on: dt.date) -> Decision:
    """Propose to pay back what a member paid ahead.

    :raises NothingOpen: if she has paid less ahead than that
    """
    member = Member.objects.get(pk=member_id)
    ahead = balances.of(accounts.of_member("prepayments", member.number, member.currency))
    if str(amount.currency) != member.currency or amount > ahead:
        raise NothingOpen(_("She has paid %(ahead)s ahead.") % {"ahead": formats.money(ahead)})
    terms = {"member": member_id, "bank": bank_id, "minor": minor(amount), "currency": str(amount.currency)}
    return decisions.propose(kind=REFUND, subject=member.number, text=text, terms=terms, by=by, on=on)


@transaction.atomic(durable=True)
def propose_write_off(*, charge_id: int, text: str, by: int, on: dt.date) -> Decision:
    """Propose to write off what is open of a charge.

    :raises NothingOpen: if nothing is
    """
    charge = Charge.objects.select_related("member", "version").get(pk=charge_id)
    if not charge.open_minor:
        raise NothingOpen(_("Nothing of this charge is open."))
    terms = {"charge": charge_id, "minor": charge.open_minor, "currency": charge.currency}
    return decisions.propose(kind=WRITE_OFF, subject=charge.member.number, text=text, terms=terms, by=by, on=on)


@transaction.atomic(durable=True)
def propose_barred(*, charge_ids: Collection[int], text: str, by: int, on: dt.date) -> Decision:
    """Propose to write off several debts together whose time has run out.

    :raises NothingOpen: if none is named, or the time of one has not run out, or they are in several currencies
    """
    barred = {one.charge_id: one for one in limitation.barred(on)}
    chosen = [barred[pk] for pk in sorted(set(charge_ids)) if pk in barred]
    if not chosen or len(chosen) < len(set(charge_ids)):
        raise NothingOpen(_("Choose debts whose time has run out; one of these is paid, or can still be claimed."))
    units = {str(one.open.currency) for one in chosen}
    if len(units) > 1:
        raise NothingOpen(_("Choose debts in one currency."))
    terms = {
        "charges": [[one.charge_id, minor(one.open)] for one in chosen], "currency": units.pop(),
        "minor": sum(minor(one.open) for one in chosen),
    }  # fmt: skip
    return decisions.propose(kind=BARRED, subject=f"{len(chosen)} debts", text=text, terms=terms, by=by, on=on)


@transaction.atomic(durable=True)
def propose_reversal(*, entry_id: uuid.UUID, text: str, by: int, on: dt.date) -> Decision:
    """Propose to undo an entry of the cooperative's book.

    :raises NotThisWay: if such entries are undone where they were made
    :raises NotPossibleNow: if there is no such entry, or it is undone already
    """
    found = balances.entry(chart.COOP, entry_id)
    if found is None:
        raise NotPossibleNow(_("There is no such entry in the cooperative's book."))
    if found.kind in OWN_WAY:
        raise NotThisWay(
            _("“%(kind)s” is undone where it was made, so that the page there stays right.")
            % {"kind": found.kind.label}
        )
    if found.reversed_by is not None:
        raise NotPossibleNow(_("This entry is undone already."))
    terms = {"entry": str(found.id)}
    return decisions.propose(
        kind=REVERSAL, subject=found.document or str(found.id)[:18], text=text, terms=terms, by=by, on=on
    )


@transaction.atomic(durable=True)
def propose_reopening(*, until: dt.date, text: str, by: int, on: dt.date) -> Decision:
    """Propose to open the books again from a day on.

    :raises NotPossibleNow: if they are open then, or the day lies in a year that is closed
    """
    closed = chart.coop_book().closed_until
    if closed is None or until >= closed:
        raise NotPossibleNow(_("The books are open on that day."))
    _no_closed_year_after(until)
    return decisions.propose(
        kind=REOPENING, subject="books", text=text, terms={"until": until.isoformat()}, by=by, on=on
    )


@transaction.atomic(durable=True)
def confirm(*, decision_id: int, kind: str, by: int, on: dt.date) -> Decision:
    """Confirm a proposal as the second officer: it is carried out exactly as proposed, or refused.

    :raises mutual.members.governance.decisions.DecisionRefused: if it was decided, or proposed by the same person
    :raises CorrectionRefused: if the books do not allow it (any more)
    """
    with decisions.deciding(decision_id, kind=kind, by=by, on=on) as decision, booking.saying(NotPossibleNow):
        _CARRY_OUT[kind](decision, decision.terms, by, on)
    return decision


def _open_balance(decision: Decision, terms: dict[str, Any], by: int, on: dt.date) -> None:
    amount = from_minor(terms["minor"], terms["currency"])
    start = accounts.opening(terms["currency"])
    if terms["bank"] is not None:
        bank = BankAccount.objects.select_related("account__currency").get(pk=terms["bank"])
        line = journal.move(amount, debit=bank.account, credit=start)
    else:
        fund = Fund.objects.select_related("account__currency").get(pk=terms["fund"])
        line = journal.move(amount, debit=start, credit=fund.account)
    journal.post(
        kind=Kind.OPENING_BALANCE, key=f"decision/{decision.number}/opening", recorded_by=by,
        date=dt.date.fromisoformat(terms["day"]), transfers=[line], document=decision.number,
    )  # fmt: skip


def _refund(decision: Decision, terms: dict[str, Any], by: int, on: dt.date) -> None:
    own = placing.lock_member(terms["member"])
    bank = BankAccount.objects.select_related("account__currency").get(pk=terms["bank"])
    amount = from_minor(terms["minor"], terms["currency"])
    journal.post(
        kind=Kind.PREPAYMENT_REFUNDED, key=f"decision/{decision.number}/refund", date=on, recorded_by=by,
        transfers=[journal.move(amount, debit=own.prepayments, credit=bank.account)], document=decision.number,
    )  # fmt: skip
    member = Member.objects.get(pk=terms["member"])
    letters.send(
        key=f"decision/{decision.number}/refund", to=member.email, template="emails/refund_paid",
        context={"member": member, "amount": amount}, language=member.language, reader=member.user_id,
    )  # fmt: skip


def _write_off(decision: Decision, terms: dict[str, Any], by: int, on: dt.date) -> None:
    _write_off_one(decision, terms["charge"], terms["minor"], f"decision/{decision.number}/write-off", by, on)


def _write_off_barred(decision: Decision, terms: dict[str, Any], by: int, on: dt.date) -> None:
    members = dict(Charge.objects.filter(pk__in=[pk for pk, _open in terms["charges"]]).values_list("pk", "member_id"))
    # Members are locked in the order of their ids, as by everybody else.
    for charge_id, open_minor in sorted(terms["charges"], key=lambda one: (members[one[0]], one[0])):
        key = f"decision/{decision.number}/write-off/{charge_id}"
        _write_off_one(decision, charge_id, open_minor, key, by, on)


def _write_off_one(decision: Decision, charge_id: int, open_minor: int, key: str, by: int, on: dt.date) -> None:
    charge = Charge.objects.select_related("version").get(pk=charge_id)
    own = placing.lock_member(charge.member_id)
    charge = Charge.objects.select_for_update(of=("self",)).select_related("version").get(pk=charge.pk)
    if charge.open_minor != open_minor:
        raise NothingOpen(_("What is open of this charge has changed since the proposal. Propose it anew."))
    journal.post(
        kind=Kind.DUES_WRITTEN_OFF, key=key, date=on, recorded_by=by,
        transfers=[
            journal.move(from_minor(open_minor, charge.currency), debit=own.deferred, credit=own.receivable)
        ],
        document=decision.number,
    )  # fmt: skip
    Charge.objects.filter(pk=charge.pk).update(written_off=F("written_off") + open_minor)


def _reverse(decision: Decision, terms: dict[str, Any], by: int, on: dt.date) -> None:
    entry = uuid.UUID(terms["entry"])
    found = balances.entry(chart.COOP, entry)
    if found is None or found.reversed_by is not None:
        raise NotPossibleNow(_("This entry is undone already."))
    journal.reverse(entry_id=entry, date=on, recorded_by=by)
    if found.document.startswith("X-"):
        Item.objects.filter(number=found.document).update(status=Item.Status.REVERSED)


def _reopen(decision: Decision, terms: dict[str, Any], by: int, on: dt.date) -> None:
    until = dt.date.fromisoformat(terms["until"])
    chart.lock_book(chart.COOP)
    _no_closed_year_after(until)
    book = chart.coop_book()
    if book.closed_until is None or until >= book.closed_until:
        raise NotPossibleNow(_("The books are open on that day."))
    journal.reopen_book(book=book, until=until, recorded_by=by)


def _set_buffer_rule(decision: Decision, terms: dict[str, Any], by: int, on: dt.date) -> None:
    try:
        buffer_rules.carry_out(decision, terms)
    except buffer_rules.RuleRefused as refused:
        raise NotPossibleNow(str(refused)) from refused


def _grant_waiver(decision: Decision, terms: dict[str, Any], by: int, on: dt.date) -> None:
    try:
        waivers.carry_out(decision, terms, by, on)
    except waivers.WaiverRefused as refused:
        raise NotPossibleNow(str(refused)) from refused


def _end_waiver(decision: Decision, terms: dict[str, Any], by: int, on: dt.date) -> None:
    try:
        waivers.carry_out_end(decision, terms, by, on)
    except waivers.WaiverRefused as refused:
        raise NotPossibleNow(str(refused)) from refused


def _take_work(decision: Decision, terms: dict[str, Any], by: int, on: dt.date) -> None:
    try:
        work.carry_out(decision, terms, by, on)
    except work.WorkRefused as refused:
        raise NotPossibleNow(str(refused)) from refused


def _no_closed_year_after(until: dt.date) -> None:
    """A closed year has given its surplus away; income recorded in it afterwards would never find a purpose."""
    closed = Year.objects.filter(last_day__gte=until).order_by("first_day").first()
    if closed is not None:
        raise NotPossibleNow(
            _("The year %(year)s is closed and its surplus decided. Record the correction in the open year instead.")
            % {"year": closed.label}
        )


_CARRY_OUT: dict[str, Callable[[Decision, dict[str, Any], int, dt.date], None]] = {
    OPENING: _open_balance,
    REFUND: _refund,
    WRITE_OFF: _write_off,
    BARRED: _write_off_barred,
    REVERSAL: _reverse,
    REOPENING: _reopen,
    BUFFER_RULE: _set_buffer_rule,
    WAIVER: _grant_waiver,
    WAIVER_END: _end_waiver,
    WORK: _take_work,
}


def open_things(until: dt.date) -> dict[str, int]:
    """What is still open before a day: asked before its month is closed."""
    return {
        "unplaced": Payment.objects.filter(status=Payment.Status.UNPLACED, received_on__lt=until).count(),
        "waiting": Decision.objects.filter(state=Decision.State.PROPOSED, kind__in=KINDS).count(),
    }

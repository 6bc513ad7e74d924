"""Trades: asked for, agreed, done, settled."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator

from django.db import transaction
from django.utils.translation import gettext as _

from invoicing.barter import accounts
from invoicing.barter.models import Listing, Trade
from members.models import Member
from members.numbers import next_number
from mutual import formats, repeats
from mutual.ledger import chart, journal
from mutual.ledger.kinds import Kind
from mutual.money import Money
from mutual.trail import trail


class TradeRefused(Exception):
    """The trade was not changed; the message is a sentence for the person."""


class NotYours(TradeRefused):
    """Only the other side, or one of the two, may do this."""


class NotNow(TradeRefused):
    """The trade is not in a state in which this can be done."""


class WithOneself(TradeRefused):
    """Nobody trades with herself."""


class NotPresent(TradeRefused):
    """One of the two is not an active member."""


class CostsNothing(TradeRefused):
    """A trade is paid in credit, in hours or in both."""


class LimitExceeded(TradeRefused):
    """One side's balance would pass a limit; ``over_by`` says by how much (L2)."""

    def __init__(self, sentence: str, over_by: Money) -> None:
        self.over_by = over_by
        super().__init__(sentence)


@transaction.atomic(durable=True)
def request(
    *,
    asked_by: int,
    provider: int,
    receiver: int,
    title: str,
    text: str,
    credit: Money,
    minutes: int,
    form_key: str,
    by: int,
    on: dt.date,
    listing: int | None = None,
) -> Trade:
    """Ask for a trade: the receiver asks for a service, or the provider asks to be paid for one (L5).

    Nothing moves yet. The same form sent twice makes one trade.

    :raises WithOneself: if both sides are the same member
    :raises NotPresent: if either side is not an active member
    :raises CostsNothing: if neither credit nor hours are asked
    """
    known = repeats.made_before(
        Trade.objects.all(), form_key=form_key, asked_by_id=asked_by, provider_id=provider, receiver_id=receiver,
        title=title, text=text, credit=credit, minutes=minutes, listing_id=listing,
    )  # fmt: skip
    if known is not None:
        return known
    if provider == receiver:
        raise WithOneself(_("You cannot trade with yourself."))
    if credit.amount <= 0 and minutes <= 0:
        raise CostsNothing(_("Say what the trade costs: credits, hours or both."))
    _present(provider, receiver)
    if listing is not None and not Listing.objects.filter(pk=listing, member_id__in=(provider, receiver)).exists():
        raise NotNow(_("That listing belongs to neither of you."))
    trade = Trade.objects.create(
        number=next_number("T"), provider_id=provider, receiver_id=receiver, asked_by_id=asked_by, title=title,
        text=text, credit=credit, minutes=minutes, form_key=form_key, asked_on=on, listing_id=listing,
    )  # fmt: skip
    trail.record(by=by, did="TRADE_REQUESTED", subject=trade.number)
    return trade


@transaction.atomic(durable=True)
def accept(*, trade_id: int, member_id: int, by: int, on: dt.date) -> Trade:
    """The other side agrees. Nothing moves before the trade is settled.

    :raises NotYours: if the one who asked tries to accept
    :raises NotNow: if it is no longer open
    :raises NotPresent: if either side is not an active member any more
    :raises LimitExceeded: if it could not be settled with today's balances
    """
    trade = _lock(trade_id, member_id, by_other_side=True, among=(Trade.Status.REQUESTED,))
    if trade is None:
        return Trade.objects.get(pk=trade_id)
    _present(trade.provider_id, trade.receiver_id)
    for refusal in refusals(trade):
        raise refusal
    return _move(trade, Trade.Status.ACCEPTED, by, answered_on=on)


@transaction.atomic(durable=True)
def decline(*, trade_id: int, member_id: int, by: int, on: dt.date) -> Trade:
    """The other side says no.

    :raises NotYours: if the one who asked tries to decline
    :raises NotNow: if it is no longer open
    """
    trade = _lock(trade_id, member_id, by_other_side=True, among=(Trade.Status.REQUESTED,), done=Trade.Status.DECLINED)
    return _again(trade_id) if trade is None else _move(trade, Trade.Status.DECLINED, by, answered_on=on, ended_on=on)


@transaction.atomic(durable=True)
def cancel(*, trade_id: int, member_id: int, by: int, on: dt.date) -> Trade:
    """Either side calls an unsettled trade off.

    :raises NotNow: if it is settled or over
    """
    trade = _lock(trade_id, member_id, among=Trade.OPEN, done=Trade.Status.CANCELLED)
    return _again(trade_id) if trade is None else _move(trade, Trade.Status.CANCELLED, by, ended_on=on)


@transaction.atomic(durable=True)
def deliver(*, trade_id: int, member_id: int, by: int, on: dt.date) -> Trade:
    """The provider says that the work is done.

    :raises NotYours: if somebody else says so
    :raises NotNow: if it was not agreed
    """
    trade = _lock(trade_id, member_id, among=(Trade.Status.ACCEPTED,), done=Trade.Status.DELIVERED)
    if trade is None:
        return _again(trade_id)
    if trade.provider_id != member_id:
        raise NotYours(_("Only the one who did the work can say that it is done."))
    return _move(trade, Trade.Status.DELIVERED, by, delivered_on=on)


@transaction.atomic(durable=True)
def settle(*, trade_id: int, member_id: int, by: int, on: dt.date) -> Trade:
    """The receiver confirms and pays: both balances move at once, in one entry (L1, L2).

    :raises NotYours: if anybody but the receiver tries
    :raises NotNow: if it was not agreed, or is over
    :raises LimitExceeded: if the receiver's credit limit or the provider's maximum does not allow it
    """
    trade = _lock(trade_id, member_id, among=(Trade.Status.ACCEPTED, Trade.Status.DELIVERED), done=Trade.Status.SETTLED)
    if trade is None:
        return _again(trade_id)
    if trade.receiver_id != member_id:
        raise NotYours(_("Only the one who received the work can settle it."))
    _present(trade.provider_id, trade.receiver_id)
    try:
        with transaction.atomic():
            journal.post(
                kind=Kind.TRADE_SETTLED,
                key=f"trade/{trade.number}/settled",
                book=chart.barter_book(),
                date=on,
                transfers=[
                    journal.move(
                        amount,
                        debit=accounts.of_member(str(amount.currency), trade.receiver.number),
                        credit=accounts.of_member(str(amount.currency), trade.provider.number),
                    )
                    for amount in trade.amounts
                ],
                recorded_by=by,
                document=trade.number,
            )
    except journal.BalanceOutOfRange as error:
        raise next(refusals(trade), _over(error)) from error
    return _move(trade, Trade.Status.SETTLED, by, settled_on=on, ended_on=on)


@transaction.atomic(durable=True)
def undo(*, trade_id: int, member_id: int, by: int, on: dt.date) -> Trade:
    """Undo a settled trade by agreement: one side asks, the other agrees, and the mirror entry is recorded (L10).

    :raises NotNow: if it is not settled
    :raises LimitExceeded: if the provider has no room to give it back
    """
    trade = _lock(trade_id, member_id, among=(Trade.Status.SETTLED,), done=Trade.Status.REVERSED)
    if trade is None:
        return _again(trade_id)
    if trade.undo_asked_by_id is None:
        trade.undo_asked_by_id = member_id
        trade.save(update_fields=["undo_asked_by"])
        trail.record(by=by, did="TRADE_UNDO_ASKED", subject=trade.number)
        return trade
    if trade.undo_asked_by_id == member_id:
        return trade
    try:
        with transaction.atomic():
            journal.reverse(entry_id=settled_entry(trade), date=on, recorded_by=by, book=chart.barter_book())
    except journal.BalanceOutOfRange as error:
        raise _over(error) from error
    return _move(trade, Trade.Status.REVERSED, by, ended_on=on)


def settled_entry(trade: Trade) -> uuid.UUID:
    """The id of the entry that settled a trade."""
    return journal.entry_id_of(f"trade/{trade.number}/settled", book=chart.barter_book())


def refusals(trade: Trade) -> Iterator[LimitExceeded]:
    """Why the trade could not be settled with today's balances: one refusal per side and unit that lacks room."""
    held = accounts.holdings([trade.provider.number, trade.receiver.number])
    for amount in trade.amounts:
        unit = str(amount.currency)
        receiver, provider = held[trade.receiver.number, unit], held[trade.provider.number, unit]
        if amount > receiver.can_spend:
            over = amount - receiver.can_spend
            yield LimitExceeded(
                _("%(amount)s more than the receiver's credit limit allows. Nothing was moved.")
                % {"amount": formats.money(over)},
                over,
            )
        if amount > provider.can_earn:
            over = amount - provider.can_earn
            yield LimitExceeded(
                _("%(amount)s more than the provider may hold. Nothing was moved.") % {"amount": formats.money(over)},
                over,
            )


def _over(error: journal.BalanceOutOfRange) -> LimitExceeded:
    sentence = _("%(amount)s more than one side's limit allows. Nothing was moved.")
    return LimitExceeded(sentence % {"amount": formats.money(error.over_by)}, error.over_by)


def _present(*member_ids: int) -> None:
    active = Member.objects.filter(pk__in=member_ids, status=Member.Status.ACTIVE).count()
    if active != len(set(member_ids)):
        raise NotPresent(_("Both sides must be active members."))


def _lock(
    trade_id: int,
    member_id: int,
    *,
    among: tuple[Trade.Status, ...],
    done: Trade.Status = Trade.Status.ACCEPTED,
    by_other_side: bool = False,
) -> Trade | None:
    """The trade under its lock, or None where what is asked was done before."""
    trade = Trade.objects.select_for_update(of=("self",)).select_related("provider", "receiver").get(pk=trade_id)
    if member_id not in (trade.provider_id, trade.receiver_id):
        raise NotYours(_("This is a trade between two others."))
    if by_other_side and trade.asked_by_id == member_id:
        raise NotYours(_("The other side decides about what you asked for."))
    if trade.status == done:
        return None
    if trade.status not in among:
        raise NotNow(
            _("%(trade)s is in the state “%(state)s”; that cannot be done now.")
            % {"trade": trade.number, "state": trade.get_status_display()}
        )
    return trade


def _move(trade: Trade, status: Trade.Status, by: int, **dates: dt.date) -> Trade:
    trade.status = status
    for name, day in dates.items():
        setattr(trade, name, day)
    trade.save(update_fields=["status", *dates])
    trail.record(by=by, did=f"TRADE_{status}", subject=trade.number)
    return trade


def _again(trade_id: int) -> Trade:
    return Trade.objects.get(pk=trade_id)

"""What the barter pages show: frozen values, read from the listings, the trades and the ledger."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from invoicing.barter import accounts, trades
from invoicing.barter.models import Listing, Trade
from members.models import Member
from mutual import formats
from mutual.ledger import chart
from mutual.ledger.kinds import Kind
from mutual.money import Money, from_minor

FEWEST = 5
"""No figure about fewer people than this is ever shown (promise 5)."""


@dataclass(frozen=True)
class Effect:
    """What a trade would do to one side's balance in one unit."""

    who: str
    before: Money
    change: Money
    after: Money
    warning: str


@dataclass(frozen=True)
class TradeView:
    """A trade as one of its two sides sees it."""

    trade: Trade
    mine: str
    """``provider`` or ``receiver``."""
    other: Member
    effects: tuple[Effect, ...]
    refusals: tuple[str, ...]
    can_answer: bool
    can_deliver: bool
    can_settle: bool
    can_cancel: bool
    can_undo: bool
    undo_waits_for_me: bool
    undo_waits_for_other: bool


@dataclass(frozen=True)
class UnitSums:
    """One unit over all accounts: what members hold above zero, below zero, and the sum, which is zero."""

    unit: str
    accounts_used: int
    above: Money | None
    below: Money | None
    community: Money
    total: Money
    turnover: Money
    trades: int


@dataclass(frozen=True)
class Ratio:
    """Provided and received in twelve months, and the share provided in whole percent (rule L13)."""

    unit: str
    provided: Money
    received: Money
    percent: int | None


def market(*, kind: str, category: str, words: str, on: dt.date) -> QuerySet[Listing]:
    """Open listings of active members, newest first."""
    found = Listing.objects.select_related("member").filter(
        closed_on=None, expires_on__gt=on, member__status=Member.Status.ACTIVE
    )
    if kind:
        found = found.filter(kind=kind)
    if category:
        found = found.filter(category=category)
    for word in words.split()[:6]:
        found = found.filter(Q(title__icontains=word) | Q(text__icontains=word))
    return found.order_by("-opened_on", "-id")


def trades_of(member_id: int) -> QuerySet[Trade]:
    """A member's trades, newest first."""
    return (
        Trade.objects.select_related("provider", "receiver")
        .filter(Q(provider_id=member_id) | Q(receiver_id=member_id))
        .order_by("-id")
    )


def trade_view(trade: Trade, member_id: int) -> TradeView:
    """A trade with what it would do to both balances and what this side can do about it."""
    mine = "provider" if trade.provider_id == member_id else "receiver"
    other = trade.receiver if mine == "provider" else trade.provider
    me = trade.provider if mine == "provider" else trade.receiver
    is_open = trade.status in Trade.OPEN
    effects: list[Effect] = []
    if is_open:
        held = accounts.holdings([me.number])
        for amount in trade.amounts:
            holding = held[me.number, str(amount.currency)]
            change = amount if mine == "provider" else -amount
            effects.append(Effect(_("You"), holding.balance, change, holding.after(change), _warning(holding, change)))
    settled = trade.status == Trade.Status.SETTLED
    return TradeView(
        trade=trade,
        mine=mine,
        other=other,
        effects=tuple(effects),
        refusals=tuple(str(refusal) for refusal in trades.refusals(trade)) if is_open else (),
        can_answer=trade.status == Trade.Status.REQUESTED and trade.asked_by_id != member_id,
        can_deliver=trade.status == Trade.Status.ACCEPTED and mine == "provider",
        can_settle=trade.status in (Trade.Status.ACCEPTED, Trade.Status.DELIVERED) and mine == "receiver",
        can_cancel=is_open,
        can_undo=settled and trade.undo_asked_by_id is None,
        undo_waits_for_me=settled and trade.undo_asked_by_id not in (None, member_id),
        undo_waits_for_other=settled and trade.undo_asked_by_id == member_id,
    )


def _warning(holding: accounts.Holding, change: Money) -> str:
    if not holding.fits(change):
        return _("This is more than your limits allow.")
    if holding.near(change):
        if change.amount > 0:
            return _("You would be close to the most you may hold: look for something to spend it on.")
        return _("You would be close to your credit limit: offer something soon.")
    return ""


def ratio(member: Member, *, on: dt.date) -> list[Ratio]:
    """What a member provided and received in the twelve months up to a day, by unit."""
    since = on - dt.timedelta(days=365)
    result = []
    for unit in accounts.UNITS:
        account = chart.find(book=chart.BARTER, code=accounts.code(unit, member.number), currency=unit)
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT coalesce((SELECT sum(amount) FROM ledger_transfer WHERE book_id = %(book)s
                                    AND credit_id = %(id)s AND booked_on > %(since)s AND reverses IS NULL), 0),
                       coalesce((SELECT sum(amount) FROM ledger_transfer WHERE book_id = %(book)s
                                    AND debit_id = %(id)s AND booked_on > %(since)s AND reverses IS NULL), 0)
                """,
                {"book": account.book_id, "id": account.pk, "since": since},
            )
            provided, received = (int(amount) for amount in cursor.fetchone())
        both = provided + received
        result.append(
            Ratio(
                unit, from_minor(provided, unit), from_minor(received, unit), provided * 100 // both if both else None
            )
        )
    return result


def open_book() -> list[UnitSums]:
    """The barter book for everybody: sums only, and none about fewer than five people."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.code, count(*) FILTER (WHERE b.amount <> 0 AND a.owner_id IS NOT NULL),
                   coalesce(-sum(b.amount) FILTER (WHERE b.amount < 0 AND a.owner_id IS NOT NULL), 0),
                   coalesce(-sum(b.amount) FILTER (WHERE b.amount > 0 AND a.owner_id IS NOT NULL), 0),
                   coalesce(-sum(b.amount) FILTER (WHERE a.owner_id IS NULL), 0), coalesce(sum(b.amount), 0)
              FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
              JOIN ledger_currency c ON c.id = a.currency_id
             WHERE a.book_id = %s GROUP BY c.code ORDER BY c.code
            """,
            [chart.BARTER],
        )
        rows = cursor.fetchall()
        cursor.execute(
            """
            SELECT c.code, sum(t.amount), count(*) FROM ledger_transfer t JOIN ledger_currency c ON c.id = t.currency_id
             WHERE t.book_id = %s AND t.kind = %s GROUP BY c.code
            """,
            [chart.BARTER, int(Kind.TRADE_SETTLED)],
        )
        traded = {unit: (int(amount), int(count)) for unit, amount, count in cursor.fetchall()}
    return [
        UnitSums(
            unit, used,
            from_minor(int(above), unit) if used >= FEWEST else None,
            from_minor(int(below), unit) if used >= FEWEST else None,
            from_minor(int(community), unit), from_minor(int(total), unit),
            from_minor(traded.get(unit, (0, 0))[0], unit), traded.get(unit, (0, 0))[1],
        )
        for unit, used, above, below, community, total in rows
    ]  # fmt: skip


def describe(amounts: tuple[Money, ...]) -> str:
    """``25.00 credits and 1:30 h``."""
    return _(" and ").join(formats.money(amount) for amount in amounts)

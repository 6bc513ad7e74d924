"""What barter offers to pages about everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from invoicing.barter import accounts, reports
from invoicing.barter.models import LimitChange, Listing, Trade
from members.models import Member
from mutual import formats, personal, rooms
from mutual.access import Role
from mutual.currencies import CREDIT, HOUR
from mutual.ledger import balances, chart, journal
from mutual.ledger.kinds import Kind
from mutual.money import from_minor
from mutual.periods import Period
from mutual.trail import trail

_MEMBERS = frozenset({Role.MEMBER})
_TITLES = {CREDIT: gettext_lazy("Credit"), HOUR: gettext_lazy("Hours")}


def navigation() -> Iterator[rooms.NavItem]:
    """The market, one's own trades, the open book."""
    yield rooms.NavItem(_("Market"), "barter:market", "building-store", "trade", _MEMBERS, 30)
    yield rooms.NavItem(_("My trades"), "barter:trades", "arrows-exchange", "trade", _MEMBERS, 31)
    everybody = _MEMBERS | {Role.AUDITOR, Role.ADMINISTRATOR, Role.TREASURER}
    yield rooms.NavItem(_("Barter book"), "barter:open_book", "scale", "books", everybody, 90)


def relations(*, member_id: int, since: dt.date) -> Iterator[rooms.Relation]:
    """Whom a member traded with since a day, or trades with now."""
    either = Q(provider_id=member_id) | Q(receiver_id=member_id)
    lately = Q(asked_on__gte=since) | Q(settled_on__gte=since) | Q(status__in=Trade.OPEN)
    dealt = Trade.objects.filter(either, lately).exclude(status=Trade.Status.DECLINED)
    for pair in dealt.values_list("provider_id", "receiver_id"):
        yield rooms.Relation(pair[0] if pair[1] == member_id else pair[1], "trade")


def thank_in_hours(*, member_ids: Sequence[int], minutes: int, key: str, on: dt.date) -> None:
    """Give members hours from the community's account; who holds as much as she may gets none, and a note says so."""
    community = accounts.community(HOUR)
    numbers = dict(Member.objects.filter(pk__in=member_ids).values_list("pk", "number"))
    for member_id in member_ids:
        thanks = journal.move(
            from_minor(minutes, HOUR), debit=community, credit=accounts.of_member(HOUR, numbers[member_id])
        )
        try:
            with transaction.atomic():
                journal.post(
                    kind=Kind.HOURS_THANKED, key=f"thanks/{key}/{numbers[member_id]}", book=chart.barter_book(),
                    date=on, transfers=[thanks], recorded_by=None,
                )  # fmt: skip
        except journal.BalanceOutOfRange:
            trail.record(by=None, did="THANKS_DID_NOT_FIT", subject=numbers[member_id], detail={"for": key})


def on_admitted(*, member_id: int, number: str, currency: str, on: dt.date) -> None:
    """Open the new member's credit and hours."""
    accounts.open_for([(member_id, number)])


def on_admitted_many(*, members: Sequence[tuple[int, str, str]]) -> None:
    """Open many members' credit and hours at once; members as (id, number, currency)."""
    accounts.open_for([(member_id, number) for member_id, number, _currency in members])


def statement_sections(*, member_id: int, period: Period, language: str) -> Iterator[rooms.Section]:
    """Credit and hours with their running balances."""
    mine = chart.owned_by(member_id, book=chart.barter_book())
    found = balances.statements(mine, period)
    documents = {line.document for statement in found.values() for line in statement.lines if line.document}
    titles = dict(Trade.objects.filter(number__in=documents).values_list("number", "title"))
    with override(language):
        for account in mine:
            statement, unit = found[account.pk], account.currency.code
            if not statement.lines and not statement.opening.amount:
                continue
            yield rooms.Section(
                code=f"barter-{unit.lower()}",
                title=str(_TITLES[unit]),
                explanation=_(
                    "What you provided to other members minus what you received from them. It can be spent with any "
                    "member; it is never turned into money."
                ),
                currency=unit,
                lines=tuple(
                    rooms.SectionLine(
                        line.date,
                        titles.get(line.document) or str(line.kind.label),
                        line.document,
                        line.amount,
                        line.balance,
                        _("undone") if line.kind == Kind.REVERSAL else "",
                    )
                    for line in statement.lines
                ),
                opening=statement.opening,
                closing=statement.closing,
                order=70 if unit == CREDIT else 71,
            )


def home(*, member_id: int, on: dt.date, limit: int) -> Iterator[rooms.Owed | rooms.Card | rooms.Happening]:
    """What a member holds in credit and hours; what waits for her; trades settled of late."""
    for one in balances.held_by(member_id, book=chart.BARTER):
        unit = str(one.amount.currency)
        low = formats.money(from_minor(one.amount_max or 0, unit))
        yield rooms.Owed(
            "hold", str(_TITLES[unit]), one.amount, _("You can go down to −%(limit)s.") % {"limit": low},
            reverse("barter:trades"), 60 if unit == CREDIT else 61,
        )  # fmt: skip
    mine = reports.trades_of(member_id)
    asked = mine.filter(status=Trade.Status.REQUESTED).exclude(asked_by_id=member_id).values("pk")[:3]
    done = Trade.objects.filter(receiver_id=member_id, status=Trade.Status.DELIVERED).order_by("id").values("pk")[:3]
    settled = mine.filter(status=Trade.Status.SETTLED).order_by("-settled_on", "-id").values("pk")[:limit]
    for trade in mine.filter(Q(pk__in=asked) | Q(pk__in=done) | Q(pk__in=settled)):
        url = reverse("barter:trade", args=[trade.number])
        if trade.status == Trade.Status.REQUESTED:
            other = trade.provider if trade.receiver_id == member_id else trade.receiver
            yield rooms.Card(
                _("%(name)s asks for a trade") % {"name": other.name},
                f"{trade.title}: {reports.describe(trade.amounts)}", url, _("Answer"), "warn", 30,
            )  # fmt: skip
        elif trade.status == Trade.Status.DELIVERED:
            yield rooms.Card(
                _("Done: %(title)s") % {"title": trade.title},
                _("Settle it: %(amounts)s.") % {"amounts": reports.describe(trade.amounts)},
                url, _("Settle"), "warn", 31,
            )  # fmt: skip
        elif trade.settled_on is not None:
            sign = 1 if trade.provider_id == member_id else -1
            yield rooms.Happening(trade.settled_on, trade.title, trade.amounts[0] * sign, url, "arrows-exchange")


def facts_before_leaving(*, member_id: int, on: dt.date) -> Iterator[rooms.LeavingFact]:
    """A debt in credit or hours must be settled; what is held can be spent or given away (L9)."""
    for held in (one.amount for one in balances.held_by(member_id, book=chart.BARTER)):
        if held.amount < 0:
            yield rooms.LeavingFact(
                _("You have received %(amount)s more than you provided. Provide something before you leave.")
                % {"amount": formats.money(-held)},
                blocking=True, url=reverse("barter:market"),
            )  # fmt: skip
        elif held.amount > 0:
            yield rooms.LeavingFact(
                _("You still hold %(amount)s. Spend it, or give it to the community; it is never paid out.")
                % {"amount": formats.money(held)},
                blocking=True, url=reverse("barter:give"),
            )  # fmt: skip
    waiting = reports.trades_of(member_id).filter(status__in=Trade.OPEN).count()
    if waiting:
        yield rooms.LeavingFact(
            _("Trades not yet settled: %(count)s. Settle them or call them off.") % {"count": waiting},
            blocking=True, url=reverse("barter:trades"),
        )  # fmt: skip


def personal_data(*, member_id: int) -> dict[str, Any]:
    """A member's listings, trades and limits."""
    number = Member.objects.values_list("number", flat=True).get(pk=member_id)
    return {
        "balances": {unit: str(accounts.holding(number, unit).balance.amount) for unit in accounts.UNITS},
        "listings": personal.rows(Listing.objects.filter(member_id=member_id).order_by("id")),
        "trades": [
            personal.row(one)
            | {
                "role": "provider" if one.provider_id == member_id else "receiver",
                "with": one.receiver.number if one.provider_id == member_id else one.provider.number,
            }
            for one in reports.trades_of(member_id)
        ],
        "limits": personal.rows(LimitChange.objects.filter(member_id=member_id).order_by("id")),
    }


def findings() -> Iterator[rooms.Finding]:
    """Settled trades and the barter book must say the same."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH booked AS (
                SELECT t.document,
                       coalesce(sum(amount) FILTER (WHERE c.code = 'CREDIT' AND reverses IS NULL), 0)
                     - coalesce(sum(amount) FILTER (WHERE c.code = 'CREDIT' AND reverses IS NOT NULL), 0) AS credit,
                       coalesce(sum(amount) FILTER (WHERE c.code = 'HOUR' AND reverses IS NULL), 0)
                     - coalesce(sum(amount) FILTER (WHERE c.code = 'HOUR' AND reverses IS NOT NULL), 0) AS minutes
                  FROM ledger_transfer t JOIN ledger_currency c ON c.id = t.currency_id
                 WHERE t.book_id = %s AND t.document LIKE 'T-%%' GROUP BY t.document)
            SELECT coalesce(t.number, b.document) FROM booked b FULL JOIN barter_trade t ON t.number = b.document
             WHERE (coalesce(b.credit, 0), coalesce(b.minutes, 0)) IS DISTINCT FROM
                   (CASE WHEN t.status = 'SETTLED' THEN (t.credit * 100)::bigint ELSE 0 END,
                    CASE WHEN t.status = 'SETTLED' THEN t.minutes ELSE 0 END)
             LIMIT 50
            """,
            [chart.BARTER],
        )
        for (number,) in cursor.fetchall():
            yield rooms.Finding(
                "settled trades are in the barter book", number,
                f"Trade {number} and the barter book do not say the same.",
            )  # fmt: skip


def live_a_month(story: rooms.Story, period: Period) -> None:
    """Live a month of the demonstration."""
    from invoicing.barter import demo

    demo.live(story, period)

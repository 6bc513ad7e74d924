"""What circles give: gifts for each instalment, premiums for the pool above them, and what a leaver gets back.

An approved instalment of a member who sat in a circle when her claim began is first carried by the circle, up to its
retention, by gifts from the others' buffers; the rest is the fund's, which is the pool above all its circles. Gifts
wait in her claims payable for the next pay run. If the claim is withdrawn before that, they go back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Sum
from django.utils.translation import gettext as _

from mutual.jobs import queue, runs
from mutual.jobs.models import Run
from mutual.ledger import audit, balances, chart, journal
from mutual.ledger.kinds import Kind
from mutual.money import Money, from_minor, minor
from mutual.periods import Period, add_months, month
from mutual.trail import trail
from pooling import accounts, setting_aside
from pooling.circles import telling
from pooling.circles import terms as rules
from pooling.circles.circles import level_of, levels_on
from pooling.circles.gifts import Donor, after_obligations, layers, premiums, spread
from pooling.circles.models import Carried, Circle, Gift, Premium, Seat
from pooling.claims.models import Claim, Instalment
from pooling.models import Fund


def approved(fund: Fund) -> Money:
    """What a fund has approved and not paid, without what circles have given for it."""
    return from_minor(approved_by_fund([fund.pk]).get(fund.pk, 0), fund.currency)


def approved_by_fund(fund_ids: Sequence[int]) -> dict[int, int]:
    """What funds have approved and not paid, without what circles have given for it, in minor units, in one query; a
    fund with nothing approved is left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT i.fund_id, sum(i.amount_due - coalesce(g.given, 0))::bigint FROM claims_instalment i
              LEFT JOIN circles_carried g ON g.instalment_id = i.id AND g.returned_on IS NULL
             WHERE i.state = 'APPROVED' AND i.fund_id = ANY (%s) GROUP BY 1
            """,
            [list(fund_ids)],
        )
        return dict(cursor.fetchall())


_WAITING = """
    SELECT i.id, s.circle_id FROM claims_instalment i JOIN claims_claim c ON c.id = i.claim_id
      JOIN circles_seat s ON s.member_id = c.member_id AND s.joined_on <= c.first_day
           AND (s.left_on IS NULL OR s.left_on > c.first_day)
      JOIN circles_circle k ON k.id = s.circle_id AND k.fund_id = i.fund_id AND k.state IN ('OPEN', 'SMALL')
     WHERE i.state = 'APPROVED' AND (%(fund)s::bigint IS NULL OR i.fund_id = %(fund)s)
       AND NOT EXISTS (SELECT 1 FROM circles_carried g WHERE g.instalment_id = i.id)
     ORDER BY i.id
"""


def waiting(fund_id: int | None = None) -> list[tuple[int, int]]:
    """The instalments that a circle is to carry and has not, as (instalment id, circle id), oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"fund": fund_id})
        return [(int(one), int(circle)) for one, circle in cursor.fetchall()]


def to_return() -> list[int]:
    """What was given for claims that were withdrawn before they were paid."""
    found = Carried.objects.filter(returned_on=None, instalment__state=Instalment.State.RELEASED)
    return list(found.order_by("pk").values_list("pk", flat=True))


@transaction.atomic(durable=True)
def request(*, by: int) -> None:
    """Ask for the gifts to be given now; the work follows in the background."""
    queue.after_commit("pooling.circles.tasks.give")
    trail.record(by=by, did="GIFTS_ASKED", subject="circles")


def give(*, on: dt.date, by: int | None, on_progress: Callable[[Run], None] | None = None) -> Run:
    """Let every circle give for what waits, an entry and a transaction for each instalment; run again after a crash.

    First, gifts for claims that were withdrawn go back.

    :raises mutual.ledger.audit.BooksBroken: if the newest audit found something
    """
    audit.require_whole()
    for pk in to_return():
        _return(carried_id=pk, by=by, on=on)
    found = waiting()
    run = runs.prepare(kind="gifts", key=on.isoformat(), title=_("Gifts of the circles"), by=by, url="/circles/")
    runs.start(run, total=len(found))
    for instalment_id, circle_id in found:
        given = _give(instalment_id=instalment_id, circle_id=circle_id, by=by, on=on)
        runs.advance(run, done=1, known=0 if given else 1)
        if on_progress:
            on_progress(run)
    return runs.finish(run)


@transaction.atomic(durable=True)
def _give(*, instalment_id: int, circle_id: int, by: int | None, on: dt.date) -> bool:
    """Give for one instalment; returns whether that was done now."""
    claim_id = Instalment.objects.values_list("claim_id", flat=True).get(pk=instalment_id)
    # In the order of whoever withdraws a claim: the claim, its instalment, the fund; then the circle's buffers.
    claim = Claim.objects.select_for_update(of=("self",), no_key=True).select_related("member").get(pk=claim_id)
    one = (
        Instalment.objects.select_for_update(of=("self",), no_key=True)
        .select_related("fund__account__currency", "payable__currency")
        .get(pk=instalment_id)
    )
    if one.state != Instalment.State.APPROVED or Carried.objects.filter(instalment=one).exists():
        return False
    circle = Circle.objects.select_for_update(of=("self",)).get(pk=circle_id)
    setting_aside.lock(one.fund)
    terms = rules.in_force(one.fund_id, on)
    assert terms is not None
    seats = list(
        Seat.objects.select_related("member")
        .filter(circle=circle, left_on=None, joined_on__lte=on)
        .exclude(member_id=claim.member_id)
        .order_by("member_id")
    )
    buffers = accounts.buffers_in(one.fund, [seat.member for seat in seats])
    chart.lock_many([account.pk for account in buffers.values()], book=chart.coop_book())
    held = balances.of_many(list(buffers.values()))
    levels = rules.levels(terms)
    before = _given_before(claim.member_id, on.year)
    parts = layers(
        one.amount_due, claim_retention=terms.claim_retention, year_retention=terms.year_retention,
        of_claim=_carried(instalment__claim=claim, circle=circle),
        of_year=_carried(circle=circle, given_on__gte=circle.year_start(on)),
    )  # fmt: skip
    result = spread(
        parts.circle,
        [
            Donor(
                seat.member_id, level_of(seat, levels).deposit, minor(held[buffers[seat.member_id].pk]),
                before.get(seat.member_id, 0),
            )
            for seat in seats
        ],
        limit=terms.gift_limit,
    )  # fmt: skip
    if result.gifts:
        journal.post(
            kind=Kind.GIFT_GIVEN, key=_key(circle, one, claim), date=on, recorded_by=by, document=claim.number,
            transfers=[
                journal.move(
                    from_minor(gift.amount, one.fund.currency), debit=buffers[gift.donor], credit=one.payable
                )
                for gift in result.gifts
            ],
        )  # fmt: skip
    carried = Carried.objects.create(
        instalment=one, circle=circle, claimant_id=claim.member_id, due=one.amount_due, given=result.carried,
        given_on=on,
    )  # fmt: skip
    Gift.objects.bulk_create(
        Gift(carried=carried, donor_id=gift.donor, amount=gift.amount, held_back=gift.held_back)
        for gift in result.gifts
    )
    setting_aside.release(
        fund=one.fund, still_approved=approved(one.fund), key=f"{_key(circle, one, claim)}/released",
        document=claim.number, by=by, on=on,
    )  # fmt: skip
    carried_in_all = from_minor(result.carried, one.fund.currency)
    trail.record(by=by, did="CIRCLE_GAVE", subject=claim.number, detail=trail.amount(carried_in_all))
    return True


def _key(circle: Circle, one: Instalment, claim: Claim) -> str:
    return f"gifts/{circle.document}/{claim.number}/{one.place}"


def _carried(**which: Any) -> int:
    found = Carried.objects.filter(returned_on=None, **which).aggregate(sum=Sum("given"))
    return int(found["sum"] or 0)


def _given_before(claimant_id: int, year: int) -> dict[int, int]:
    """What each has given this claimant in a calendar year."""
    found = Gift.objects.filter(
        carried__claimant_id=claimant_id, carried__returned_on=None, carried__given_on__year=year
    )
    return dict(found.values("donor_id").annotate(sum=Sum("amount")).values_list("donor_id", "sum"))


@transaction.atomic(durable=True)
def _return(*, carried_id: int, by: int | None, on: dt.date) -> None:
    """Give gifts back whose claim was withdrawn before it was paid."""
    carried = (
        Carried.objects.select_for_update(of=("self",)).select_related("instalment__claim", "circle").get(pk=carried_id)
    )
    if carried.returned_on is not None:
        return
    if carried.given:
        entry = journal.entry_id_of(_key(carried.circle, carried.instalment, carried.instalment.claim))
        journal.reverse(entry_id=entry, date=on, recorded_by=by)
        # Who has left and taken her balance with her gets what came back now, too: unless she sits in the fund anew.
        donors = carried.gifts.values("donor")
        here = Seat.objects.filter(circle__fund=carried.circle.fund, left_on=None, joined_on__isnull=False)
        Seat.objects.filter(circle=carried.circle, member__in=donors).exclude(settled_on=None).exclude(
            member__in=here.values("member")
        ).update(settled_on=None)
    carried.returned_on = on
    carried.save(update_fields=["returned_on"])


def pay_premiums(*, period: Period, by: int | None, on: dt.date) -> int:
    """Let every open circle pay a month's premium to the pool above it, once; returns how many did now."""
    done = 0
    for circle_id in Circle.objects.filter(
        state__in=Circle.GIVING, opened_on__lte=period.start
    ).exclude(closes_on__lte=period.start).order_by("pk").values_list("pk", flat=True):  # fmt: skip
        done += _pay_premium(circle_id=circle_id, first=month(period.start).start, by=by, on=on)
    return done


def missed_premiums(on: dt.date) -> list[Period]:
    """The months between the last premium any circle paid and the present one, where the clock stood still; oldest
    first, at most twelve."""
    last, now = Premium.objects.aggregate(last=Max("month"))["last"], month(on).start
    missed = []
    while last is not None and (last := add_months(last, 1)) < now:
        missed.append(month(last))
    return missed[-12:]


@transaction.atomic(durable=True)
def _pay_premium(*, circle_id: int, first: dt.date, by: int | None, on: dt.date) -> bool:
    circle = Circle.objects.select_for_update(of=("self",)).select_related("fund__account__currency").get(pk=circle_id)
    terms = rules.in_force(circle.fund_id, first)
    if terms is None or Premium.objects.filter(circle=circle, month=first).exists():
        return False
    setting_aside.lock(circle.fund)
    seats = list(
        Seat.objects.select_related("member")
        .filter(circle=circle, left_on=None, joined_on__lte=first)
        .exclude(leaves_on__lte=first)
        .order_by("member_id")
    )
    opened = accounts.buffers_in(circle.fund, [seat.member for seat in seats])
    buffers = [opened[seat.member_id] for seat in seats]
    chart.lock_many([account.pk for account in buffers], book=chart.coop_book())
    held = balances.of_many(buffers)
    levels = rules.levels(terms)
    asked = premiums([level_of(seat, levels).deposit for seat in seats], terms.premium_points)
    paid = [min(part, minor(held[account.pk])) for part, account in zip(asked, buffers, strict=True)]
    if any(paid):
        journal.post(
            kind=Kind.PREMIUM_PAID, key=f"premium/{circle.document}/{first:%Y-%m}", date=on, recorded_by=by,
            document=circle.document,
            transfers=[
                journal.move(
                    from_minor(part, circle.fund.currency), debit=account, credit=circle.fund.account
                )
                for part, account in zip(paid, buffers, strict=True)
                if part
            ],
        )  # fmt: skip
    Premium.objects.create(circle=circle, month=first, asked=sum(asked), paid=sum(paid))
    return True


def settle_leavers(*, on: dt.date, by: int | None) -> int:
    """Give leavers what their buffers hold after their obligations (F7); returns how many.

    Nothing is given back while the circle still has to give for claims that were approved before: the gift run comes
    first. What reaches a buffer after that, by a late payment or by dues that still fill it, goes back as well.
    """
    Seat.objects.filter(pk__in=_filled_again(on)).update(settled_on=None)
    done = 0
    for seat_id in Seat.objects.filter(left_on__lte=on, settled_on=None).order_by("pk").values_list("pk", flat=True):
        done += _settle(seat_id=seat_id, on=on, by=by)
    return done


def _filled_again(on: dt.date) -> list[int]:
    """Settled seats of members who sit in no circle of the fund, whose buffers hold something since an earlier day."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (s.member_id, c.fund_id) s.id
              FROM circles_seat s JOIN circles_circle c ON c.id = s.circle_id
              JOIN pooling_fund f ON f.id = c.fund_id JOIN members_member m ON m.id = s.member_id
              JOIN ledger_account a ON a.book_id = %(book)s AND a.code = %(buffers)s || f.slug || ':' || m.number
             WHERE s.settled_on < %(on)s
               AND (SELECT sum(b.amount) FROM ledger_balance b WHERE b.account_id = a.id) <> 0
               AND NOT EXISTS (SELECT FROM circles_seat n JOIN circles_circle k ON k.id = n.circle_id
                                WHERE n.member_id = s.member_id AND k.fund_id = c.fund_id
                                  AND (n.left_on IS NULL OR n.settled_on IS NULL))
             ORDER BY s.member_id, c.fund_id, s.left_on DESC, s.id DESC
            """,
            {"book": chart.COOP, "buffers": accounts.BUFFERS, "on": on},
        )
        return [pk for (pk,) in cursor.fetchall()]


@transaction.atomic(durable=True)
def _settle(*, seat_id: int, on: dt.date, by: int | None) -> bool:
    seat = (
        Seat.objects.select_for_update(of=("self",))
        .select_related("circle__fund__account__currency", "member")
        .get(pk=seat_id)
    )
    circle, fund = seat.circle, seat.circle.fund
    if seat.settled_on is not None or to_give(circle):
        return False
    buffer = accounts.buffer(fund.slug, seat.member.number, fund.currency, seat.member_id)
    chart.lock_many([buffer.pk], book=chart.coop_book())
    left = balances.of(buffer)
    if left.amount:
        journal.post(
            kind=Kind.CIRCLE_SETTLED, key=_settled_key(seat, on), date=on, recorded_by=by, document=circle.document,
            transfers=[
                journal.move(
                    left, debit=buffer, credit=accounts.of_member("prepayments", seat.member.number, fund.currency)
                )
            ],
        )  # fmt: skip
    seat.settled_on = on
    seat.save(update_fields=["settled_on"])
    if left.amount:
        telling.of_seat("circle_settled", seat, circle, on=on, amount=left)
    trail.record(by=by, did="CIRCLE_SETTLED", subject=seat.member.number, detail=trail.amount(left))
    return True


def _settled_key(seat: Seat, on: dt.date) -> str:
    """Once a day for each leaving, and once more for each time that gifts came back since."""
    key = f"circle/{seat.circle.document}/{seat.member.number}/{seat.left_on}/{on}"
    back = Gift.objects.filter(donor=seat.member_id, carried__circle=seat.circle, carried__returned_on__isnull=False)
    count = back.count()
    return f"{key}/{count}" if count else key


def to_give(circle: Circle) -> list[tuple[int, int]]:
    """What is approved for the circle's members, and the circle has not given for: (claimant's id, amount due)."""
    ids = [instalment for instalment, its in waiting(circle.fund_id) if its == circle.pk]
    return list(Instalment.objects.filter(pk__in=ids).order_by("pk").values_list("claim__member_id", "amount_due"))


def hers_to_take(seat: Seat, on: dt.date) -> Money:
    """What a member would take with her if she left today: her buffer, less her share of what is still to be given."""
    fund = seat.circle.fund
    terms = rules.in_force(fund.pk, on)
    left = minor(balances.of(accounts.buffer(fund.slug, seat.member.number, fund.currency, seat.member_id)))
    others = Seat.objects.filter(circle=seat.circle, left_on=None, joined_on__isnull=False)
    levels = levels_on(fund.pk, on)
    deposits = {other.member_id: level_of(other, levels).deposit for other in others}
    for claimant, due in to_give(seat.circle):
        if claimant == seat.member_id:
            continue
        most = due if terms is None or terms.claim_retention is None else min(due, terms.claim_retention)
        giving = sum(deposits.values()) - deposits.get(claimant, 0)
        left = after_obligations(left, deposits.get(seat.member_id, 0), giving, most)
    return from_minor(left, fund.currency)


def totals(circles: Sequence[Circle], on: dt.date) -> dict[int, tuple[int, int, int]]:
    """What each circle gave in its present year, since it opened, and paid as premiums, by its id; in one query."""
    since = [circle.year_start(on) if circle.opened_on else None for circle in circles]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT k.id, coalesce(g.year, 0), coalesce(g.ever, 0), coalesce(p.paid, 0)
              FROM unnest(%s::bigint[], %s::date[]) AS k (id, since)
              LEFT JOIN LATERAL (SELECT sum(given) FILTER (WHERE given_on >= k.since) AS year, sum(given) AS ever
                                   FROM circles_carried WHERE circle_id = k.id AND returned_on IS NULL) AS g ON true
              LEFT JOIN LATERAL (SELECT sum(paid) AS paid FROM circles_premium WHERE circle_id = k.id) AS p ON true
            """,
            [[circle.pk for circle in circles], since],
        )
        return {pk: (int(year), int(ever), int(paid)) for pk, year, ever, paid in cursor.fetchall()}


def of_member(member_id: int, since: dt.date, until: dt.date = dt.date.max) -> tuple[int, int]:
    """What a member gave and received by gifts from a day on, up to, not including, another."""
    given = Gift.objects.filter(
        donor_id=member_id, carried__returned_on=None, carried__given_on__gte=since, carried__given_on__lt=until
    )
    received = Carried.objects.filter(claimant_id=member_id, returned_on=None, given_on__gte=since, given_on__lt=until)
    return (
        int(given.aggregate(sum=Sum("amount"))["sum"] or 0),
        int(received.aggregate(sum=Sum("given"))["sum"] or 0),
    )

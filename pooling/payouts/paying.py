"""The pay run of a fund: everything approved, under one cover index, on sets, in durable chunks.

Starting fixes the list, the index and every share, and moves into the fund's pot exactly what will be paid; nobody can
take it away any more. Paying may then be killed anywhere and is simply gone on with: what is paid is known by its state
and its key. A claim withdrawn in between is left out, and its share returns to the fund.

No officer chooses here who gets what (two officers approved each claim before), so the run also pays the claims of
whoever starts it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from psycopg import sql

from members.numbers import next_number
from mutual import formats, repeats
from mutual.jobs import queue, runs
from mutual.jobs.models import Run
from mutual.ledger import audit, balances, chart, journal
from mutual.ledger.kinds import Kind
from mutual.money import Money, from_minor, minor, zero
from mutual.trail import trail
from pooling import accounts, setting_aside
from pooling.circles import giving
from pooling.models import Fund
from pooling.payouts import index
from pooling.payouts.models import PayRun
from pooling.treasury.models import BankAccount

CHUNK = 10_000
"""Payouts in one durable chunk."""


class PayRunRefused(Exception):
    """Nothing was paid or changed; the message is a sentence for the person."""


class NothingToPay(PayRunRefused):
    """Nothing is approved and unpaid, or the fund holds nothing above its floor."""


class StillRunning(PayRunRefused):
    """A pay run of this fund is not finished."""


class GiftsFirst(PayRunRefused):
    """A circle has not given yet for something that waits."""


class FiguresChanged(PayRunRefused):
    """The run would pay something else than what the officer saw."""


class BankExhausted(PayRunRefused):
    """The bank account holds less than what is to be paid, or another currency."""


@dataclass(frozen=True)
class Line:
    """What one instalment would get."""

    number: str
    place: int
    due: Money
    gift: Money
    share: Money


@dataclass(frozen=True)
class Preview:
    """What a run of a fund would pay, before anything happens.

    :ivar lines: the first of them, by number
    """

    fund: Fund
    index: Decimal
    parts: int
    cash: Money
    floor: Money
    approved: Money
    payable: Money
    short: Money
    gifts: Money
    count: int
    members: int
    lines: tuple[Line, ...]

    @property
    def pays(self) -> Money:
        """What goes to members: the fund's part and the circles' gifts."""
        return self.payable + self.gifts

    @property
    def there(self) -> Money:
        """What the fund has above its floor; nothing where it has less."""
        return max(self.cash - self.floor, zero(self.fund.currency))


_SHARES = """
    SELECT id, claim_id, place, due, gift,
           (base + CASE WHEN rank <= {payable} - whole THEN 1 ELSE 0 END)::bigint AS share
      FROM (SELECT id, claim_id, place, due, gift, div(due::numeric * {parts}, 10000) AS base,
                   row_number() OVER (ORDER BY mod(due::numeric * {parts}, 10000) DESC, id) AS rank,
                   sum(div(due::numeric * {parts}, 10000)) OVER () AS whole
              FROM (SELECT i.id, i.claim_id, i.place, i.amount_due - coalesce(g.given, 0) AS due,
                           coalesce(g.given, 0) AS gift
                      FROM claims_instalment i
                      LEFT JOIN circles_carried g ON g.instalment_id = i.id AND g.returned_on IS NULL
                     WHERE i.fund_id = {fund} AND i.state = 'APPROVED') AS fund_part) AS ranked
"""
"""The same as :func:`pooling.payouts.cover.shares`, for everything the fund has approved; a test compares them."""


def _shares(fund: Fund, parts: int, payable: int) -> sql.Composed:
    literals = {"fund": sql.Literal(fund.pk), "parts": sql.Literal(parts), "payable": sql.Literal(payable)}
    return sql.SQL(_SHARES).format(**literals)


def _rows(query: sql.Composable | str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return list(cursor.fetchall()) if cursor.description else []


def preview(fund: Fund, *, lines: int = 200) -> Preview:
    """What a run held now would pay, and to which claims."""
    would = index.would_be(fund)

    def money(amount: int) -> Money:
        return from_minor(amount, fund.currency)

    (count, members), = _rows(
        "SELECT count(*), count(DISTINCT c.member_id) FROM claims_instalment i "
        "JOIN claims_claim c ON c.id = i.claim_id WHERE i.fund_id = %s AND i.state = 'APPROVED'",
        [fund.pk],
    )  # fmt: skip
    rows = _rows(
        sql.SQL(
            "SELECT c.number, s.place, s.due, s.gift, s.share FROM ({}) AS s JOIN claims_claim c ON c.id = s.claim_id "
            "ORDER BY c.number, s.place LIMIT {}"
        ).format(_shares(fund, would.parts, would.payable), sql.Literal(lines))
    )
    return Preview(
        fund=fund, index=would.index, parts=would.parts, floor=fund.floor, approved=money(would.approved),
        cash=balances.of(fund.account) + setting_aside.held(fund), payable=money(would.payable),
        short=money(would.short), gifts=money(_gifts(fund)), count=count, members=members,
        lines=tuple(
            Line(number, place, money(due), money(gift), money(share)) for number, place, due, gift, share in rows
        ),
    )  # fmt: skip


def _gifts(fund: Fund) -> int:
    """What circles gave for what the fund has approved and not paid."""
    ((given,),) = _rows(
        "SELECT coalesce(sum(g.given), 0)::bigint FROM circles_carried g JOIN claims_instalment i "
        "ON i.id = g.instalment_id AND i.state = 'APPROVED' WHERE i.fund_id = %s AND g.returned_on IS NULL",
        [fund.pk],
    )
    return int(given)


@transaction.atomic(durable=True)
def start(*, fund_id: int, bank_id: int, seen: tuple[int, int] | None, form_key: str, by: int, on: dt.date) -> PayRun:
    """Fix and publish the index of a run, and move into the fund's pot exactly what it will pay. A form is one run.

    :param seen: the index in ten-thousandths and the sum to pay (in minor units) that the officer saw, or None
    :raises NothingToPay: if nothing is approved, or the fund holds nothing above its floor
    :raises GiftsFirst: if a circle has not given yet
    :raises StillRunning: if the fund's last run is not finished
    :raises FiguresChanged: if it would pay something else than what was seen
    :raises BankExhausted: if the bank account holds less
    :raises mutual.ledger.audit.BooksBroken: if the newest audit found something
    """
    known = repeats.made_before(PayRun.objects.all(), form_key=form_key, fund_id=fund_id, bank_id=bank_id)
    if known is not None:
        return known
    audit.require_whole()
    fund = Fund.objects.select_related("account__currency").get(pk=fund_id)
    bank = BankAccount.objects.select_related("account__currency").get(pk=bank_id)
    setting_aside.lock(fund)
    unfinished = PayRun.objects.filter(fund=fund, state=PayRun.State.RUNNING).first()
    if unfinished is not None:
        raise StillRunning(_("%(number)s is not finished. Go on with it first.") % {"number": unfinished.number})
    if giving.waiting(fund.pk):
        raise GiftsFirst(_("The circles have not given yet for everything. Let them give first."))
    would, gifts = index.would_be(fund), _gifts(fund)
    if not would.approved and not gifts:
        raise NothingToPay(_("Nothing is approved and unpaid."))
    if not would.payable and not gifts:
        raise NothingToPay(_("The fund holds nothing above its floor."))
    if seen is not None and seen != (would.parts, would.payable):
        raise FiguresChanged(_("The figures have changed since you looked. Nothing was paid; look again."))
    if bank.currency != fund.currency or minor(balances.of(bank.account)) < would.payable + gifts:
        payable = formats.money(from_minor(would.payable + gifts, fund.currency))
        raise BankExhausted(_("That bank account does not hold the %(payable)s to pay.") % {"payable": payable})
    cash = minor(balances.of(fund.account)) + minor(setting_aside.held(fund))
    run = PayRun.objects.create(
        number=next_number("PR", width=4), form_key=form_key, fund=fund, bank=bank, day=on, cash=cash,
        floor=minor(fund.floor), approved=would.approved, payable=would.payable, parts=would.parts, gifts=gifts,
        count=0, people=0, started_by=by,
    )  # fmt: skip
    run.count, run.people = _fix(run)
    run.save(update_fields=["count", "people"])
    _cover(run, by)
    prepare(run)
    queue.after_commit("pooling.payouts.tasks.pay", number=run.number)
    trail.record(
        by=by, did="PAY_RUN_STARTED", subject=run.number,
        detail={"index": str(run.index), **trail.amount(from_minor(run.payable, fund.currency))},
    )  # fmt: skip
    return run


def _fix(run: PayRun) -> tuple[int, int]:
    """Write the list with every share; returns how many instalments there are, of how many members."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "INSERT INTO payouts_payout (run_id, instalment_id, due, share, gift) "
                "SELECT {}, s.id, s.due, s.share, s.gift FROM ({}) AS s ORDER BY s.id"
            ).format(sql.Literal(run.pk), _shares(run.fund, run.parts, run.payable))
        )
    ((count, people),) = _rows(
        "SELECT count(*), count(DISTINCT c.member_id) FROM payouts_payout p "
        "JOIN claims_instalment i ON i.id = p.instalment_id JOIN claims_claim c ON c.id = i.claim_id "
        "WHERE p.run_id = %s",
        [run.pk],
    )
    return count, people


def _cover(run: PayRun, by: int) -> None:
    """Let the pot hold exactly what the run pays."""
    pot = accounts.benefits(run.fund.slug, run.fund.currency)
    missing = run.payable - minor(setting_aside.held(run.fund))
    if missing:
        amount = run.money(abs(missing))
        journal.post(
            kind=Kind.PAY_RUN_COVERED if missing > 0 else Kind.CLAIM_RELEASED, key=f"payrun/{run.number}/covered",
            date=run.day, recorded_by=by, document=run.number,
            transfers=[
                journal.move(amount, debit=run.fund.account, credit=pot)
                if missing > 0
                else journal.move(amount, debit=pot, credit=run.fund.account)
            ],
        )  # fmt: skip


def prepare(run: PayRun) -> Run:
    """The run's progress, which a page shows."""
    title = _("%(number)s: benefits of %(fund)s") % {"number": run.number, "fund": run.fund.name}
    return runs.prepare(
        kind="payrun", key=run.number, title=title, by=run.started_by, total=run.count,
        url=f"/payouts/runs/{run.number}/",
    )  # fmt: skip


@transaction.atomic(durable=True)
def go_on(*, number: str, by: int) -> None:
    """Go on with a run that stopped. Again is harmless."""
    run = PayRun.objects.get(number=number)
    if run.state == PayRun.State.RUNNING:
        queue.after_commit("pooling.payouts.tasks.pay", number=number)
        trail.record(by=by, did="PAY_RUN_RESUMED", subject=number)


def pay(*, number: str, by: int | None, chunk: int = CHUNK, on_progress: Callable[[Run], None] | None = None) -> Run:
    """Pay what a run has fixed; again after a crash, or after the bank account was filled up. Again is harmless.

    :raises mutual.ledger.audit.BooksBroken: if the newest audit found something
    """
    audit.require_whole()
    run = PayRun.objects.select_related("fund__account__currency", "bank__account__currency").get(number=number)
    progress = prepare(run)
    if run.state == PayRun.State.PAID:
        return progress if progress.over else runs.finish(progress)
    progress = runs.start(progress, total=run.count)
    pot = accounts.benefits(run.fund.slug, run.fund.currency)
    last = 0
    while (upto := _next(run, last, chunk)) is not None:
        try:
            paid, known = _pay_chunk(run=run, pot=pot, after=last, upto=upto, by=by)
        except journal.JournalRefused as refused:
            runs.advance(progress, refused=[(run.number, str(refused))])
            return runs.finish(progress, stopped=True)
        runs.advance(progress, done=paid + known, known=known, cursor=str(upto))
        last = upto
        if on_progress:
            on_progress(progress)
    _finish(number=number, by=by)
    return runs.finish(progress)


def _next(run: PayRun, after: int, chunk: int) -> int | None:
    (last,) = _rows(
        "SELECT max(id) FROM "
        "(SELECT id FROM payouts_payout WHERE run_id = %s AND id > %s ORDER BY id LIMIT %s) AS chunk",
        [run.pk, after, chunk],
    )[0]
    return None if last is None else int(last)


_RANGE = "p.run_id = %s AND p.id > %s AND p.id <= %s"

_LOCK_CLAIMS = f"""
    SELECT count(*) FROM (SELECT 1 FROM claims_claim WHERE id IN (
        SELECT i.claim_id FROM payouts_payout p JOIN claims_instalment i ON i.id = p.instalment_id WHERE {_RANGE}
    ) ORDER BY id FOR NO KEY UPDATE) AS locked
"""

_LOCK = f"""
    SELECT count(*) FROM (SELECT 1 FROM payouts_payout p JOIN claims_instalment i ON i.id = p.instalment_id
     WHERE {_RANGE} AND i.state = 'APPROVED' ORDER BY i.id FOR NO KEY UPDATE OF i) AS locked
"""

_TRANSFERS = """
    SELECT {head}::text || c.number || '/' || i.place AS key, side.line, side.debit_id, side.credit_id,
           side.amount, {currency} AS currency_id, c.number::text AS document
      FROM payouts_payout p JOIN claims_instalment i ON i.id = p.instalment_id AND i.state = 'APPROVED'
      JOIN claims_claim c ON c.id = i.claim_id
     CROSS JOIN LATERAL (VALUES (0, i.payable_id, {bank}::bigint, p.share + p.gift),
                                (1, {pot}::bigint, i.payable_id, p.share)) AS side (line, debit_id, credit_id, amount)
     WHERE side.amount > 0 AND p.run_id = %s AND p.id > %s AND p.id <= %s
"""
# Line 0 pays the member; line 1 takes the fund's share out of the pot. What a circle gave is in claims payable already.

_PAID = f"""
    UPDATE claims_instalment i SET state = 'PAID', amount_paid = p.share + p.gift, paid_on = %s, paid_from_id = %s
      FROM payouts_payout p WHERE p.instalment_id = i.id AND i.state = 'APPROVED' AND {_RANGE}
"""

_CLOSED = f"""
    UPDATE claims_claim c SET status = 'PAID', paid_on = %s, paid_from_id = %s
     WHERE c.status = 'APPROVED' AND c.id IN (
        SELECT i.claim_id FROM payouts_payout p JOIN claims_instalment i ON i.id = p.instalment_id WHERE {_RANGE})
       AND NOT EXISTS (SELECT 1 FROM claims_instalment w WHERE w.claim_id = c.id AND w.state = 'APPROVED')
"""


@transaction.atomic(durable=True)
def _pay_chunk(*, run: PayRun, pot: chart.Account, after: int, upto: int, by: int | None) -> tuple[int, int]:
    """Pay the payouts in one range of ids; returns how many were paid now and how many were not to be paid any more."""
    where = [run.pk, after, upto]
    # Claims before instalments, as whoever withdraws a claim locks them.
    _rows(_LOCK_CLAIMS, where)
    ((waiting,),) = _rows(_LOCK, where)
    if waiting:
        journal.post_query(
            kind=Kind.CLAIM_PAID,
            date=run.day,
            query=sql.SQL(_TRANSFERS).format(
                head=sql.Literal(f"payrun/{run.number}/"), currency=sql.Literal(pot.currency_id),
                pot=sql.Literal(pot.pk), bank=sql.Literal(run.bank.account_id),
            ),
            params=where,
            recorded_by=by,
        )  # fmt: skip
        _rows(_PAID, [run.day, run.bank_id, *where])
        _rows(_CLOSED, [run.day, run.bank_id, *where])
        queue.after_commit("pooling.payouts.tasks.tell", number=run.number, after=after, upto=upto)
    ((total,),) = _rows(f"SELECT count(*) FROM payouts_payout p WHERE {_RANGE}", where)
    return waiting, total - waiting


@transaction.atomic(durable=True)
def _finish(*, number: str, by: int | None) -> None:
    """Note what was really paid, and give back to the fund what nobody needs any more."""
    run = PayRun.objects.select_for_update(of=("self",)).select_related("fund__account__currency").get(number=number)
    if run.state == PayRun.State.PAID:
        return
    ((paid,),) = _rows(
        "SELECT coalesce(sum(i.amount_paid), 0) FROM payouts_payout p JOIN claims_instalment i "
        "ON i.id = p.instalment_id WHERE p.run_id = %s",
        [run.pk],
    )
    setting_aside.lock(run.fund)
    setting_aside.release(
        fund=run.fund, still_approved=giving.approved(run.fund), key=f"payrun/{run.number}/released",
        document=run.number, by=by, on=run.day,
    )  # fmt: skip
    run.paid, run.state = int(paid), PayRun.State.PAID
    run.save(update_fields=["paid", "state"])
    went_out = from_minor(run.paid, run.fund.currency)
    trail.record(by=by, did="PAY_RUN_PAID", subject=run.number, detail=trail.amount(went_out))

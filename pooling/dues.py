"""Dues: plans, who is on them, and the charge of a period for everybody at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _
from psycopg import sql

from members.models import Member
from mutual.jobs import queue, runs
from mutual.jobs.models import Run
from mutual.ledger import audit, chart, journal
from mutual.ledger.kinds import Kind
from mutual.money import Money, minor
from mutual.periods import Period, month, quarter, year
from mutual.trail import trail
from pooling import payments
from pooling.models import DuesPlan, PlanMember, PlanVersion, Share

CHUNK = 10_000
"""Members in one durable chunk of a charge run."""


class ShareOf(NamedTuple):
    """A part of a plan's dues by weight: for a fund, for each member's own buffer in it, or (None) running costs."""

    fund_id: int | None
    weight: int
    buffer: bool = False


class DuesRefused(Exception):
    """Nothing was charged or changed; the message is a sentence for the person."""


class NoPlan(DuesRefused):
    """No plan is charged for such a period."""


class NameTaken(DuesRefused):
    """There is a plan of that name already."""


class TooEarly(DuesRefused):
    """The period has not begun."""


class MonthClosed(DuesRefused):
    """The books are closed on the period's first day."""


@transaction.atomic(durable=True)
def open_plan(
    *,
    name: str,
    every: str,
    amount: Money,
    shares: Sequence[ShareOf | tuple[int | None, int]],
    valid_from: dt.date,
    days_to_pay: int,
    by: int,
) -> DuesPlan:
    """Open a plan; shares are as :class:`ShareOf`, or (fund id, or None for running costs; weight).

    :raises NameTaken: if there is a plan of that name
    """
    slug = slugify(name)[:40] or "plan"
    if DuesPlan.objects.filter(slug=slug).exists():
        raise NameTaken(_("There is a dues plan with that name already."))
    plan = DuesPlan.objects.create(slug=slug, name=name, every=every, currency=str(amount.currency))
    _version(plan, amount, shares, valid_from, days_to_pay)
    trail.record(by=by, did="DUES_PLAN_OPENED", subject=f"plan-{slug}", detail={"minor": minor(amount)})
    return plan


@transaction.atomic(durable=True)
def change_plan(
    *,
    plan_id: int,
    amount: Money,
    shares: Sequence[ShareOf | tuple[int | None, int]],
    valid_from: dt.date,
    days_to_pay: int,
    by: int,
) -> PlanVersion:
    """Give a plan a new amount and shares from a day on; what was charged before stays as it was.

    :raises DuesRefused: if the day is not after the newest version's
    """
    plan = DuesPlan.objects.select_for_update().get(pk=plan_id)
    newest = plan.versions.order_by("-valid_from").first()
    if newest is not None and valid_from <= newest.valid_from:
        raise DuesRefused(_("A new version begins after the one before it."))
    version = _version(plan, amount, shares, valid_from, days_to_pay)
    trail.record(by=by, did="DUES_PLAN_CHANGED", subject=f"plan-{plan.slug}", detail={"minor": minor(amount)})
    return version


def _version(
    plan: DuesPlan,
    amount: Money,
    shares: Sequence[ShareOf | tuple[int | None, int]],
    valid_from: dt.date,
    days_to_pay: int,
) -> PlanVersion:
    version = PlanVersion.objects.create(plan=plan, valid_from=valid_from, amount=amount, days_to_pay=days_to_pay)
    Share.objects.bulk_create(
        Share(version=version, place=place, fund_id=one.fund_id, weight=one.weight, buffer=one.buffer)
        for place, one in enumerate(ShareOf(*share) for share in shares)
    )
    return version


@transaction.atomic(durable=True)
def put_on_plan(*, member_id: int, plan_id: int, since: dt.date, by: int) -> PlanMember:
    """Put a member on a plan from a day on; the plan before it ends that day. Again is harmless.

    :raises DuesRefused: if the plan's currency is not the member's, or the day lies before her present plan began
    """
    member = Member.objects.select_for_update().get(pk=member_id)
    plan = DuesPlan.objects.get(pk=plan_id)
    if member.currency != plan.currency:
        raise DuesRefused(_("This member's currency is %(currency)s.") % {"currency": member.currency})
    now = PlanMember.objects.select_for_update().filter(member=member, until=None).first()
    if now is not None:
        if now.plan_id == plan_id:
            return now
        if since < now.since:
            raise DuesRefused(_("The present plan began later than that."))
        now.until = since
        now.save(update_fields=["until"])
    placed = PlanMember.objects.create(member=member, plan=plan, since=since)
    trail.record(by=by, did="PUT_ON_DUES_PLAN", subject=member.number, detail={"plan": plan.slug})
    return placed


def every(period: Period) -> str:
    """Which plans are charged for such a period.

    :raises NoPlan: if it is no month, quarter or year
    """
    for kind, shape in (("MONTH", month), ("QUARTER", quarter), ("YEAR", year)):
        if shape(period.start) == period:
            return kind
    raise NoPlan(_("Dues are charged by month, quarter or year."))


@transaction.atomic(durable=True)
def request_run(*, period: Period, by: int, on: dt.date) -> Run:
    """Ask for everybody's charge of a period; the work follows in the background, with its progress on a page.

    :raises DuesRefused: as :func:`charge_period`
    """
    check(period, on)
    run = _run(period, by)
    queue.after_commit("pooling.tasks.charge_period", long=True, period=period.label)
    trail.record(by=by, did="DUES_RUN_ASKED", subject=f"dues-{period.label}")
    return run


def _run(period: Period, by: int | None) -> Run:
    return runs.prepare(
        kind="dues", key=period.label, title=_("Dues of %(period)s") % {"period": period.label}, by=by,
        url="/dues/",
    )  # fmt: skip


def check(period: Period, on: dt.date) -> None:
    """Whether a period can be charged at all on a day.

    :raises NoPlan: if no plan is charged for such a period
    :raises TooEarly: if it has not begun
    :raises MonthClosed: if the books are closed on its first day
    :raises mutual.ledger.audit.BooksBroken: if the newest audit found something
    """
    if not PlanVersion.objects.filter(plan__every=every(period), valid_from__lte=period.start).exists():
        raise NoPlan(_("No dues plan is charged for %(period)s.") % {"period": period.label})
    if period.start > on:
        raise TooEarly(_("%(period)s has not begun yet.") % {"period": period.label})
    closed = chart.coop_book().closed_until
    if closed is not None and period.start < closed:
        raise MonthClosed(_("The books of that time are closed."))
    audit.require_whole()


def charge_period(
    *,
    period: Period,
    on: dt.date,
    by: int | None,
    on_progress: Callable[[Run], None] | None = None,
    chunk: int = CHUNK,
) -> Run:
    """Charge everybody who was an active member, and on a plan, on the period's first day. (Parts of a period are not
    charged.)

    Works in chunks of one durable transaction each; killed anywhere, it is simply run again: what was charged is known
    by its key. A chunk that is refused is divided until the member is found for whom it is; the others are charged.
    What members paid ahead is used at once.

    :raises DuesRefused: if the period cannot be charged at all; see :func:`check`
    """
    check(period, on)
    run = runs.start(_run(period, by), total=_count(period))
    last = 0
    while (ids := _next(period, last, chunk)) is not None:
        _charge_or_divide(period, last, ids, by, run)
        last = ids
        if on_progress:
            on_progress(run)
    for member_id, number, reason in _without_accounts(period):
        assert member_id
        runs.advance(run, refused=[(number, reason)])
    return runs.finish(run)


def _charge_or_divide(period: Period, after: int, upto: int, by: int | None, run: Run) -> None:
    try:
        charged, known = _charge_chunk(period=period, after=after, upto=upto, by=by)
        _settle_chunk(period=period, after=after, upto=upto, by=by)
    except journal.PeriodClosed as refused:
        raise MonthClosed(str(refused)) from refused
    except journal.JournalRefused as refused:
        members = _members(period, after, upto)
        if len(members) == 1:
            runs.advance(run, refused=[(members[0][1], str(refused))])
            return
        middle = members[len(members) // 2 - 1][0]
        _charge_or_divide(period, after, middle, by, run)
        _charge_or_divide(period, middle, upto, by, run)
    else:
        runs.advance(run, done=charged + known, known=known, cursor=str(upto))


_DUE = """
    FROM pooling_planmember pm
    JOIN pooling_duesplan p ON p.id = pm.plan_id AND p.every = {every}
    JOIN members_member m ON m.id = pm.member_id
   WHERE pm.since <= {start} AND (pm.until IS NULL OR pm.until > {start})
     AND m.status IN ('ACTIVE', 'SUSPENDED', 'LEFT')
     AND (m.joined_on <= {start} AND (m.left_on IS NULL OR m.left_on >= {start})
          OR EXISTS (SELECT FROM members_pastmembership past
                      WHERE past.member_id = m.id AND past.joined_on <= {start} AND past.left_on >= {start}))
"""


def _due(period: Period) -> sql.Composed:
    return sql.SQL(_DUE).format(every=sql.Literal(every(period)), start=sql.Literal(period.start))


def _rows(query: sql.Composable, params: Sequence[int] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return list(cursor.fetchall())


def _count(period: Period) -> int:
    return int(_rows(sql.SQL("SELECT count(*) {}").format(_due(period)))[0][0])


def _next(period: Period, after: int, chunk: int) -> int | None:
    """The last member of the next chunk."""
    query = sql.SQL(
        "SELECT max(id) FROM (SELECT m.id {} AND m.id > %s AND pm.member_id > %s ORDER BY m.id LIMIT %s) AS chunk"
    )
    (last,) = _rows(query.format(_due(period)), [after, after, chunk])[0]
    return None if last is None else int(last)


def _members(period: Period, after: int, upto: int) -> list[tuple[int, str]]:
    query = sql.SQL("SELECT m.id, m.number {} AND m.id > %s AND m.id <= %s ORDER BY m.id")
    return [(pk, number) for pk, number in _rows(query.format(_due(period)), [after, upto])]


def _without_accounts(period: Period) -> list[tuple[int, str, str]]:
    query = sql.SQL(
        "SELECT m.id, m.number {} AND NOT EXISTS (SELECT 1 FROM pooling_duesaccounts a WHERE a.member_id = m.id) "
        "ORDER BY m.id LIMIT 1000"
    )
    reason = _("This member has no dues accounts: admit her again.")
    return [(pk, number, reason) for pk, number in _rows(query.format(_due(period)))]


_CHARGE = """
    INSERT INTO pooling_charge (member_id, version_id, amount, charged_on, due_on, period)
    SELECT m.id, v.id, v.minor, {start}, {start}::date + v.days_to_pay, {label}
      {due_from}
      JOIN (SELECT DISTINCT ON (pv.plan_id) pv.plan_id, pv.id, pv.days_to_pay,
                   (pv.amount * (10::numeric ^ c.decimals))::bigint AS minor
              FROM pooling_planversion pv JOIN ledger_currency c ON c.code = pv.amount_currency
             WHERE pv.valid_from <= {start}
             ORDER BY pv.plan_id, pv.valid_from DESC) AS v ON v.plan_id = p.id
      JOIN pooling_duesaccounts a ON a.member_id = m.id
      {due_where} AND m.id > %s AND m.id <= %s AND pm.member_id > %s AND pm.member_id <= %s
    ON CONFLICT (period, member_id) DO NOTHING
"""

_TRANSFERS = """
    SELECT {head}::text || m.number || '/charged' AS key, 0 AS line, a.receivable_id AS debit_id,
           a.deferred_id AS credit_id, ch.amount, cur.id AS currency_id, {document}::text AS document
      FROM pooling_charge ch
      JOIN members_member m ON m.id = ch.member_id
      JOIN pooling_duesaccounts a ON a.member_id = ch.member_id
      JOIN pooling_planversion pv ON pv.id = ch.version_id
      JOIN ledger_currency cur ON cur.code = pv.amount_currency
     WHERE ch.period = {label} AND ch.member_id > %s AND ch.member_id <= %s
"""

_AHEAD = """
    SELECT ch.member_id, m.number
      FROM pooling_charge ch JOIN members_member m ON m.id = ch.member_id
      JOIN pooling_duesaccounts a ON a.member_id = ch.member_id
      JOIN ledger_balance b ON b.account_id = a.prepayments_id AND b.stripe = 0
     WHERE ch.period = {label} AND ch.member_id > %s AND ch.member_id <= %s AND b.amount < 0
       AND ch.amount > ch.paid + ch.written_off
     ORDER BY ch.member_id
"""


@transaction.atomic(durable=True)
def _charge_chunk(*, period: Period, after: int, upto: int, by: int | None) -> tuple[int, int]:
    """Charge the members in one range of ids; returns how many were charged now and how many before."""
    label = sql.Literal(period.label)
    due_from, due_where = _due(period).as_string().split("WHERE", 1)
    charge = sql.SQL(_CHARGE).format(
        start=sql.Literal(period.start), label=label, due_from=sql.SQL(due_from), due_where=sql.SQL("WHERE" + due_where)
    )
    with connection.cursor() as cursor:
        cursor.execute(charge, [after, upto, after, upto])
        new = cursor.rowcount
    posted = journal.post_query(
        kind=Kind.DUES_CHARGED,
        date=period.start,
        query=sql.SQL(_TRANSFERS).format(
            head=sql.Literal(f"dues/{period.label}/"), document=sql.Literal(f"DUES-{period.label}"), label=label
        ),
        params=[after, upto],
        recorded_by=by,
        expect_known=new == 0,
    )
    return posted.inserted, posted.known


@transaction.atomic(durable=True)
def _settle_chunk(*, period: Period, after: int, upto: int, by: int | None) -> None:
    """Use what the members in one range of ids paid ahead.

    A transaction of its own: whoever pays holds the member first and the balances then, and so must we; charging holds
    balances by now.
    """
    found = _rows(sql.SQL(_AHEAD).format(label=sql.Literal(period.label)), [after, upto])
    if found:
        keys = {member_id: f"dues/{period.label}/{number}/settled" for member_id, number in found}
        payments.spend_ahead(keys, on=period.start, by=by)

"""What is above the cap goes back: measured on one day for everybody, returned in a run that can be resumed (F5)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from mutual.jobs import queue, runs
from mutual.jobs.models import Run
from mutual.ledger import audit, balances, chart, journal
from mutual.ledger.kinds import Kind
from mutual.money import Money, allocate_minor, from_minor
from mutual.trail import trail
from pooling import accounts, payments
from pooling.buffers import rules
from pooling.buffers.models import Returned, Rule
from pooling.models import Charge, Fund, Share

CHUNK = 2_000
"""Members in one durable chunk."""


class ReturnRefused(Exception):
    """Nothing was returned; the message is a sentence for the person."""


class NoRule(ReturnRefused):
    """The fund has no rule, or it has not measured yet."""


class TooEarly(ReturnRefused):
    """What was measured is returned later."""


class MonthClosed(ReturnRefused):
    """The books are closed today."""


@dataclass(frozen=True)
class Measure:
    """One member's buffer on the day it was measured, in minor units: what it held, one deposit, the cap, the excess.

    ``excess`` is never more than what the buffer holds now: what was given away since cannot go back.
    """

    member_id: int
    number: str
    buffer_id: int
    prepayments_id: int
    held: int
    now: int
    deposit: int
    cap: int

    @property
    def excess(self) -> int:
        """What goes back."""
        return max(0, min(self.held - self.cap, self.now))


@dataclass(frozen=True)
class Mine:
    """A member's buffer as her pages show it."""

    fund: Fund
    holds: Money
    deposit: Money | None
    cap: Money | None
    rule: Rule | None
    measured_next: dt.date | None
    returned: tuple[Returned, ...] = ()


def measure(rule: Rule, measured_on: dt.date, *, after: int = 0, upto: int | None = None) -> list[Measure]:
    """Every buffer of the rule's fund on a day, by member.

    A deposit is the buffer's part of what a whole period costs by the member's newest charge, also where she was
    charged for some of its days; the cap is the rule's number of them. Who has left has no cap here: leaving settles
    her buffer.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT m.id, m.number, a.id, d.prepayments_id,
                   -b.amount + coalesce((SELECT sum(CASE WHEN t.debit_id = a.id THEN t.amount ELSE -t.amount END)
                                           FROM ledger_transfer t
                                          WHERE t.book_id = %(book)s AND (t.debit_id = a.id OR t.credit_id = a.id)
                                            AND t.booked_on > %(day)s), 0),
                   -b.amount, ch.amount, ch.version_id
              FROM members_member m
              JOIN pooling_duesaccounts d ON d.member_id = m.id
              JOIN ledger_account a ON a.book_id = %(book)s AND a.code = %(head)s || m.number AND a.owner_id = m.id
              JOIN ledger_currency c ON c.id = a.currency_id AND c.code = %(unit)s
              JOIN ledger_balance b ON b.account_id = a.id
              LEFT JOIN LATERAL (
                   SELECT coalesce(ch.whole, ch.amount) AS amount, ch.version_id FROM pooling_charge ch
                     JOIN pooling_share s ON s.version_id = ch.version_id AND s.buffer AND s.fund_id = %(fund)s
                    WHERE ch.member_id = m.id AND ch.charged_on <= %(day)s
                    ORDER BY ch.charged_on DESC, ch.id DESC LIMIT 1) AS ch ON true
             WHERE m.id > %(after)s AND (%(upto)s::bigint IS NULL OR m.id <= %(upto)s)
               AND m.status IN ('ACTIVE', 'SUSPENDED')
             ORDER BY m.id
            """,
            {
                "book": chart.COOP, "day": measured_on, "head": f"{accounts.BUFFERS}{rule.fund.slug}:",
                "unit": rule.fund.currency, "fund": rule.fund_id, "after": after, "upto": upto,
            },
        )  # fmt: skip
        rows = cursor.fetchall()
    shares = _shares({row[7] for row in rows if row[7]})
    found = []
    for member_id, number, buffer_id, prepayments_id, held, now, charged, version in rows:
        deposit = 0 if version is None else _deposit(shares[version], rule.fund_id, int(charged))
        found.append(
            Measure(member_id, number, buffer_id, prepayments_id, int(held), int(now), deposit, deposit * rule.deposits)
        )
    return found


def _shares(versions: set[int]) -> dict[int, list[Share]]:
    found: dict[int, list[Share]] = {}
    for share in Share.objects.filter(version__in=versions).order_by("version", "place"):
        found.setdefault(share.version_id, []).append(share)
    return found


def _deposit(shares: Sequence[Share], fund_id: int, charged: int) -> int:
    parts = allocate_minor(charged, [share.weight for share in shares])
    return sum(part for part, share in zip(parts, shares, strict=True) if share.buffer and share.fund_id == fund_id)


@transaction.atomic(durable=True)
def request(*, fund_id: int, by: int, on: dt.date) -> Run:
    """Ask for a return; the work follows in the background.

    :raises ReturnRefused: as :func:`run`
    """
    rule, measured_on = _check(fund_id, on)
    run = _run(rule, measured_on, by)
    queue.after_commit("pooling.buffers.tasks.return_excess", fund_id=fund_id)
    trail.record(by=by, did="BUFFER_RETURN_ASKED", subject=f"fund-{rule.fund.slug}")
    return run


def _run(rule: Rule, measured_on: dt.date, by: int | None) -> Run:
    return runs.prepare(
        kind="buffers", key=f"{rule.fund.slug}/{measured_on}", by=by, url="/buffers/",
        title=_("Buffers above their cap, %(fund)s") % {"fund": rule.fund.name},
    )  # fmt: skip


def _check(fund_id: int, on: dt.date) -> tuple[Rule, dt.date]:
    rule = rules.in_force(fund_id, on)
    measured_on = rules.last_measured(rule, on) if rule is not None else None
    if rule is None or measured_on is None:
        raise NoRule(_("No rule has measured this fund's buffers yet."))
    if on < returned_from(rule, measured_on):
        raise TooEarly(_("What was measured goes back %(days)s days later.") % {"days": rule.return_after})
    audit.require_whole()
    return rule, measured_on


def returned_from(rule: Rule, measured_on: dt.date) -> dt.date:
    """From which day on what was measured goes back."""
    return measured_on + dt.timedelta(days=rule.return_after)


def run(
    *, fund_id: int, on: dt.date, by: int | None, chunk: int = CHUNK, on_progress: Callable[[Run], None] | None = None
) -> Run:
    """Return what was above the cap on the newest day the fund's rule measured, to what each member has paid ahead.

    Killed anywhere, it is simply run again: who had her return is known by its key.

    :raises NoRule: if nothing has been measured
    :raises TooEarly: if it is not time yet
    :raises MonthClosed: if the books are closed today
    """
    rule, measured_on = _check(fund_id, on)
    over = [one for one in measure(rule, measured_on) if one.excess]
    progress = runs.start(_run(rule, measured_on, by), total=len(over))
    for start in range(0, len(over), chunk):
        part = over[start : start + chunk]
        try:
            done, known = _return(
                rule=rule, measured_on=measured_on, after=part[0].member_id - 1, upto=part[-1].member_id, by=by, on=on
            )
        except journal.PeriodClosed as refused:
            raise MonthClosed(str(refused)) from refused
        runs.advance(progress, done=done, known=known, cursor=str(part[-1].member_id))
        if on_progress:
            on_progress(progress)
    return runs.finish(progress)


@transaction.atomic(durable=True)
def _return(
    *, rule: Rule, measured_on: dt.date, after: int, upto: int, by: int | None, on: dt.date
) -> tuple[int, int]:  # fmt: skip
    """Return what members in one range of ids have too much; returns how many, and how many had it before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pooling_duesaccounts WHERE member_id > %s AND member_id <= %s ORDER BY member_id FOR UPDATE",
            [after, upto],
        )
    buffers = [one.buffer_id for one in measure(rule, measured_on, after=after, upto=upto) if one.excess]
    chart.lock_many(buffers, book=chart.coop_book())
    before = dict(
        Returned.objects.filter(
            rule__fund_id=rule.fund_id, measured_on=measured_on, member_id__gt=after, member_id__lte=upto
        ).values_list("member_id", "pk")
    )
    over = [
        one for one in measure(rule, measured_on, after=after, upto=upto) if one.excess and one.member_id not in before
    ]
    head = f"buffer/{rule.fund.slug}-{measured_on}"
    journal.post_many(
        kind=Kind.BUFFER_RETURNED,
        date=on,
        rows=(
            journal.Row(
                f"{head}/{one.number}/returned", one.buffer_id, one.prepayments_id, one.excess, rule.fund.currency,
                f"BUFFER-{measured_on.year}",
            )
            for one in over
        ),
        recorded_by=by,
    )  # fmt: skip
    Returned.objects.bulk_create(
        Returned(
            rule=rule, member_id=one.member_id, measured_on=measured_on, held=one.held, deposit=one.deposit,
            cap=one.cap, amount=one.excess, key=f"{head}/{one.number}/returned", returned_on=on,
        )
        for one in over
    )  # fmt: skip
    if over:
        queue.after_commit(
            "pooling.buffers.tasks.tell", fund_id=rule.fund_id, measured_on=measured_on.isoformat(), after=after,
            upto=upto,
        )  # fmt: skip
    owing = set(
        Charge.objects.filter(member_id__in=[one.member_id for one in over], amount__gt=F("paid") + F("written_off"))
        .values_list("member_id", flat=True)
        .distinct()
    )
    payments.spend_ahead(
        {one.member_id: f"{head}/{one.number}/settled" for one in over if one.member_id in owing}, on=on, by=by
    )
    return len(over) + len(before), len(before)


def due(on: dt.date) -> list[int]:
    """Funds whose buffers are to be returned on a day and have not been yet."""
    found = []
    for fund_id in Rule.objects.values_list("fund_id", flat=True).distinct().order_by("fund_id"):
        rule = rules.in_force(fund_id, on)
        measured_on = rules.last_measured(rule, on) if rule is not None else None
        if rule is None or measured_on is None or on < returned_from(rule, measured_on):
            continue
        key = f"{rule.fund.slug}/{measured_on}"
        ended = Run.objects.filter(kind="buffers", key=key, state__in=(Run.State.FINISHED, Run.State.PARTIAL))
        if not ended.exists():
            found.append(fund_id)
    return found


def of_member(member_id: int, on: dt.date) -> list[Mine]:
    """A member's buffers, what each may hold, and what went back."""
    mine = chart.owned_by(member_id, book=chart.coop_book(), prefix=accounts.BUFFERS)
    if not mine:
        return []
    held = balances.of_many(mine)
    funds = {fund.slug: fund for fund in Fund.objects.filter(slug__in={a.code.split(":")[2] for a in mine})}
    gone = list(
        Returned.objects.select_related("rule__fund", "rule__decision")
        .filter(member_id=member_id)
        .order_by("-measured_on")[:20]
    )
    found = []
    for account in mine:
        fund = funds[account.code.split(":")[2]]
        rule = rules.in_force(fund.pk, on)
        here = measure(rule, on, after=member_id - 1, upto=member_id) if rule is not None else []
        unit = account.currency.code
        found.append(
            Mine(
                fund, held[account.pk], from_minor(here[0].deposit, unit) if here else None,
                from_minor(here[0].cap, unit) if here else None, rule,
                rules.next_measured(rule, on) if rule is not None else None,
                tuple(one for one in gone if one.rule.fund_id == fund.pk),
            )
        )  # fmt: skip
    return found

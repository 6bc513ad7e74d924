"""Dues: plans, who is on them, and the charge of a period for everybody at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from members.governance import figures
from members.models import Member
from mutual.jobs import queue, runs
from mutual.jobs.models import Run
from mutual.ledger import audit, chart, journal
from mutual.money import Money, minor, zero
from mutual.periods import Period, add_months, parse
from mutual.trail import trail
from pooling import charging
from pooling.models import Charge, DuesPlan, PlanMember, PlanVersion, Rate, Share

CHUNK = 10_000
"""Members in one durable chunk of a charge run."""


class RateOf(NamedTuple):
    """What a whole period costs at a level or in a band, under its name."""

    name: str
    amount: Money


@dataclass(frozen=True)
class More:
    """What a plan's version says beyond its amount: rates by level or band, a percentage, by day, payable in work.

    :ivar permyriad: a percentage of what a member invoiced, in hundredths of a percent; the amount is then the most
    :ivar least: with a percentage, the least that is asked
    :ivar by_day: whether whoever joins, leaves or moves within a period is charged by the day
    :ivar decided: where it was decided, in words or a decision's number
    """

    rates: tuple[RateOf, ...] = ()
    permyriad: int = 0
    least: Money | None = None
    by_day: bool = False
    in_work: bool = False
    decided: str = ""


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


class ChargedOnce(DuesRefused):
    """Whoever pays once is not on a plan, and nobody else is charged once."""


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
    basis: str = DuesPlan.Basis.FLAT,
    anchored_on: dt.date | None = None,
    more: More = More(),
) -> DuesPlan:
    """Open a plan; shares are as :class:`ShareOf`, or (fund id, or None for running costs; weight).

    :raises NameTaken: if there is a plan of that name
    """
    slug = slugify(name)[:40] or "plan"
    if DuesPlan.objects.filter(slug=slug).exists():
        raise NameTaken(_("There is a dues plan with that name already."))
    plan = DuesPlan.objects.create(
        slug=slug, name=name, every=every, basis=basis, anchored_on=anchored_on, currency=str(amount.currency)
    )
    _version(plan, amount, shares, valid_from, days_to_pay, more)
    trail.record(by=by, did="DUES_PLAN_OPENED", subject=f"plan-{slug}", detail=trail.amount(amount))
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
    more: More = More(),
) -> PlanVersion:
    """Give a plan a new amount and shares from a day on; what was charged before stays as it was.

    :raises DuesRefused: if the day is not after the newest version's
    """
    plan = DuesPlan.objects.select_for_update().get(pk=plan_id)
    newest = plan.versions.order_by("-valid_from").first()
    if newest is not None and valid_from <= newest.valid_from:
        raise DuesRefused(_("A new version begins after the one before it."))
    version = _version(plan, amount, shares, valid_from, days_to_pay, more)
    trail.record(by=by, did="DUES_PLAN_CHANGED", subject=f"plan-{plan.slug}", detail=trail.amount(amount))
    return version


def _version(
    plan: DuesPlan,
    amount: Money,
    shares: Sequence[ShareOf | tuple[int | None, int]],
    valid_from: dt.date,
    days_to_pay: int,
    more: More,
) -> PlanVersion:
    if plan.basis in (DuesPlan.Basis.LEVEL, DuesPlan.Basis.BAND) and not more.rates:
        raise DuesRefused(_("Name at least one level or band with its amount."))
    if plan.basis == DuesPlan.Basis.PERCENT and not more.permyriad:
        raise DuesRefused(_("Say which percentage of what a member invoiced."))
    least = more.least if more.least is not None else zero(plan.currency)
    if least.amount > amount.amount:
        raise DuesRefused(_("The least cannot be more than the most."))
    version = PlanVersion.objects.create(
        plan=plan, valid_from=valid_from, amount=amount, days_to_pay=days_to_pay, least=least, by_day=more.by_day,
        permyriad=more.permyriad if plan.basis == DuesPlan.Basis.PERCENT else 0, in_work=more.in_work,
        decided=more.decided,
    )  # fmt: skip
    if plan.basis in (DuesPlan.Basis.LEVEL, DuesPlan.Basis.BAND):
        Rate.objects.bulk_create(
            Rate(version=version, place=place, name=rate.name, amount=minor(rate.amount))
            for place, rate in enumerate(more.rates, 1)
        )
    Share.objects.bulk_create(
        Share(version=version, place=place, fund_id=one.fund_id, weight=one.weight, buffer=one.buffer)
        for place, one in enumerate(ShareOf(*share) for share in shares)
    )
    return version


@transaction.atomic(durable=True)
def put_on_plan(
    *, member_id: int, plan_id: int, since: dt.date, by: int, place: int | None = None, on: dt.date | None = None
) -> PlanMember:  # fmt: skip
    """Put a member on a plan from a day on, at a level or in a band; what she was on before ends that day.

    Again is harmless. Told the day (``on``), what was charged of the days since is charged anew at once: a
    supplementary charge, or a credit.

    :raises DuesRefused: if the plan's currency is not the member's, it has no such level, or the day lies before her
        present plan began
    """
    plan = DuesPlan.objects.get(pk=plan_id)
    return move_to_plan(member_id=member_id, plan=plan, since=since, by=by, place=place, on=on)


def move_to_plan(
    *, member_id: int, plan: DuesPlan, since: dt.date, by: int | None, place: int | None, on: dt.date | None
) -> PlanMember:  # fmt: skip
    """:func:`put_on_plan` in the caller's transaction, for what else changes with it; ``by`` is None for the clock.

    :raises DuesRefused: as there
    """
    member = Member.objects.select_for_update().get(pk=member_id)
    if plan.every == DuesPlan.Every.ONCE:
        raise ChargedOnce(_("This is charged once: nobody is put on it."))
    if member.currency != plan.currency:
        raise DuesRefused(_("This member's currency is %(currency)s.") % {"currency": member.currency})
    if place is not None and not Rate.objects.filter(version__plan=plan, place=place).exists():
        raise DuesRefused(_("This plan has no such level."))
    now = PlanMember.objects.select_for_update().filter(member=member, until=None).first()
    if now is not None:
        if now.plan_id == plan.pk and now.place == place:
            return now
        if since < now.since:
            raise DuesRefused(_("The present plan began later than that."))
        now.until = since
        now.save(update_fields=["until"])
    banded = plan.basis == DuesPlan.Basis.BAND and place is not None
    expires = add_months(since, figures.value("dues.band_months", since)) if banded else None
    placed = PlanMember.objects.create(member=member, plan=plan, since=since, place=place, place_until=expires)
    trail.record(by=by, did="PUT_ON_DUES_PLAN", subject=member.number, detail={"plan": plan.slug, "place": place})
    if on is not None:
        try:
            with transaction.atomic():
                charging.settle(member_id=member_id, since=since, by=by, on=on)
        except journal.JournalRefused as refused:
            raise DuesRefused(str(refused)) from refused
    return placed


@transaction.atomic(durable=True)
def charge_once(*, member_id: int, plan_id: int, by: int, on: dt.date) -> Charge:
    """Charge a member what is due once, such as an entry fee. Again is harmless: she pays it once.

    :raises ChargedOnce: if the plan is one that is charged every period
    :raises NoPlan: if the plan has not begun
    :raises MonthClosed: if the books are closed on that day
    """
    member = Member.objects.select_for_update().get(pk=member_id)
    plan = DuesPlan.objects.get(pk=plan_id)
    if plan.every != DuesPlan.Every.ONCE:
        raise ChargedOnce(_("This plan is charged every period: put her on it."))
    if member.currency != plan.currency:
        raise DuesRefused(_("This member's currency is %(currency)s.") % {"currency": member.currency})
    version = plan.versions.filter(valid_from__lte=on).order_by("-valid_from").first()
    if version is None:
        raise NoPlan(_("“%(plan)s” has not begun yet.") % {"plan": plan.name})
    try:
        with transaction.atomic():
            return charging.once(version, member_id=member_id, by=by, on=on)
    except journal.PeriodClosed as refused:
        raise MonthClosed(str(refused)) from refused
    except journal.JournalRefused as refused:
        raise DuesRefused(str(refused)) from refused


def scope_of(period: Period) -> charging.Scope:
    """The plans that are charged for such a period.

    :raises NoPlan: if there is none
    """
    every = DuesPlan.objects.exclude(every=DuesPlan.Every.ONCE).order_by("pk")
    plans = tuple(plan for plan in every if plan.period_of(period.start) == period)
    if not plans:
        raise NoPlan(_("No dues plan is charged for %(period)s.") % {"period": period.key})
    return charging.Scope(period, plans)


def waiting(on: dt.date) -> list[Period]:
    """Periods that have begun by a day and were not charged yet: of each rhythm the newest."""
    begun = DuesPlan.objects.exclude(every=DuesPlan.Every.ONCE).filter(versions__valid_from__lte=on).distinct()
    found = {plan.period_of(on) for plan in begun}
    charged = set(Run.objects.filter(kind="dues").values_list("key", flat=True))
    return sorted(period for period in found if period.key not in charged)


@transaction.atomic(durable=True)
def request_run(*, period: Period, by: int, on: dt.date) -> Run:
    """Ask for everybody's charge of a period; the work follows in the background, with its progress on a page.

    :raises DuesRefused: as :func:`charge_period`
    """
    check(period, on)
    run = _run(period, by)
    queue.after_commit("pooling.tasks.charge_period", long=True, period=period.key)
    trail.record(by=by, did="DUES_RUN_ASKED", subject=f"dues-{period.key}")
    return run


def _run(period: Period, by: int | None) -> Run:
    return runs.prepare(
        kind="dues", key=period.key, title=_("Dues of %(period)s") % {"period": period.key}, by=by,
        url="/dues/",
    )  # fmt: skip


def check(period: Period, on: dt.date) -> None:
    """Whether a period can be charged at all on a day.

    :raises NoPlan: if no plan is charged for such a period
    :raises TooEarly: if it has not begun
    :raises MonthClosed: if the books are closed on its first day
    :raises mutual.ledger.audit.BooksBroken: if the newest audit found something
    """
    scope = scope_of(period)
    if not any(version.by_day or version.valid_from <= period.start for version in scope.versions):
        raise NoPlan(_("No dues plan is charged for %(period)s.") % {"period": period.key})
    if period.start > on:
        raise TooEarly(_("%(period)s has not begun yet.") % {"period": period.key})
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
    """Charge everybody who was a member, and on a plan, in the period: whole, or by the day (:mod:`pooling.charging`).

    Works in chunks of one durable transaction each; killed anywhere, it is simply run again: what was charged is known
    by its key. Run again later, it charges who joined since, and corrects what has changed since, by supplementary
    charges and credits. A chunk that is refused is divided until the member is found for whom it is; the others are
    charged. What members paid ahead is used at once.

    :raises DuesRefused: if the period cannot be charged at all; see :func:`check`
    """
    check(period, on)
    scope = scope_of(period)
    total, without_accounts = charging.count(scope)
    run = runs.start(_run(period, by), total=total)
    last = 0
    while (upto := charging.next_members(scope, last, chunk)) is not None:
        _charge_or_divide(scope, last, upto, by, on, run)
        last = upto
        if on_progress:
            on_progress(run)
    _charge_or_divide(scope, last, charging.LAST, by, on, run)
    reason = _("This member has no dues accounts: admit her again.")
    for number in without_accounts:
        runs.advance(run, refused=[(number, reason)])
    return runs.finish(run)


def _charge_or_divide(
    scope: charging.Scope, after: int, upto: int, by: int | None, on: dt.date, run: Run
) -> None:  # fmt: skip
    try:
        charged, known = _charge_chunk(period=scope.period, after=after, upto=upto, by=by, scope=scope)
        settled = _settle_chunk(scope, after=after, upto=upto, by=by, on=on)
        _spend_chunk(scope, after=after, upto=upto, by=by)
    except journal.PeriodClosed as refused:
        raise MonthClosed(str(refused)) from refused
    except journal.JournalRefused as refused:
        members = charging.members(scope, after, upto)
        if len(members) == 1:
            runs.advance(run, refused=[(members[0][1], str(refused))])
            return
        middle = members[len(members) // 2 - 1][0]
        _charge_or_divide(scope, after, middle, by, on, run)
        _charge_or_divide(scope, middle, upto, by, on, run)
    else:
        # Whoever was charged simply before is counted among those whose entry is known.
        known += len(settled.same - settled.simple)
        charged += len(settled.changed - settled.simple)
        runs.advance(run, done=charged + known, known=known, cursor=str(upto))


@transaction.atomic(durable=True)
def _charge_chunk(
    *, period: Period, after: int, upto: int, by: int | None, scope: charging.Scope | None = None
) -> tuple[int, int]:  # fmt: skip
    """Charge the members in one range of ids whose period is simply whole.

    Returns how many were charged now and how many before.
    """
    return charging.charge(scope or scope_of(period), after=after, upto=upto, by=by)


@transaction.atomic(durable=True)
def _settle_chunk(
    scope: charging.Scope, *, after: int, upto: int, by: int | None, on: dt.date
) -> charging.Settled:  # fmt: skip
    """Charge the others in the range by the day, correct what changed, and let tasks take the place of dues.

    A transaction of its own, as is what follows: here members are held first and balances then, as by whoever pays.
    """
    settled = charging.by_the_day(scope, after=after, upto=upto, by=by, on=on)
    charging.take_work(scope, after=after, upto=upto, by=by, on=on)
    return settled


@transaction.atomic(durable=True)
def _spend_chunk(scope: charging.Scope, *, after: int, upto: int, by: int | None) -> None:
    """Use what the members in one range of ids paid ahead."""
    charging.spend_ahead(scope, after=after, upto=upto, by=by, on=scope.period.start)


def settle_changes(*, on: dt.date) -> int:
    """Charge anew what has changed since, in the periods that were charged and ended not long ago.

    How long is a figure (``dues.settled_days``). Who left, joined or moved within them, by the day; each member in a
    transaction of her own. Returns how many members got a charge or a credit. Whom the books refuse is left for the
    next run of the period, which names her.
    """
    changed, days = 0, figures.value("dues.settled_days", on)
    for key in Run.objects.filter(kind="dues", finished_at__isnull=False).values_list("key", flat=True):
        period = parse(key)
        if period.end > on - dt.timedelta(days=days) and period.start <= on:
            scope = scope_of(period)
            for member_id in charging.irregular(scope):
                changed += _settle_one(scope, member_id, on)
    return changed


def _settle_one(scope: charging.Scope, member_id: int, on: dt.date) -> bool:
    try:
        with transaction.atomic(durable=True):
            settled = charging.by_the_day(scope, after=member_id - 1, upto=member_id, by=None, on=on)
    except journal.JournalRefused:
        return False
    return bool(settled.changed)

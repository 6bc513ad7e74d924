"""The ladder of reminders: who gets which letter next, and a run that writes them, each once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from members.models import Member
from mutual.jobs import queue, runs
from mutual.jobs.models import Run
from mutual.mail import letters
from mutual.money import Money, from_minor
from mutual.trail import trail
from pooling.claims.models import Claim
from pooling.dunning.models import Agreement, Reminder, Step
from pooling.models import Charge

CHUNK = 200
"""Letters in one durable transaction."""


class LadderRefused(Exception):
    """The ladder was not changed; the message is a sentence for the person."""


@dataclass(frozen=True)
class Due:
    """A member who gets a letter: about which charge, by which step."""

    member_id: int
    number: str
    charge_id: int
    step: Step


@dataclass(frozen=True)
class Standing:
    """How the ladder stands on a day: who gets a letter now, and who is left in peace, and why."""

    due: tuple[Due, ...]
    agreed: int
    claiming: int


@transaction.atomic(durable=True)
def change_step(*, place: int, days: int, tone: str, by: int) -> Step:
    """Change a step's days and tone. Again is harmless.

    :raises LadderRefused: if it would not lie between the steps before and after it
    """
    steps = {step.place: step for step in Step.objects.select_for_update().order_by("place")}
    step = steps[place]
    before = max((one.days for one in steps.values() if one.place < place), default=0)
    after = min((one.days for one in steps.values() if one.place > place), default=3650)
    if not before < days < after:
        raise LadderRefused(
            _("This step must come more than %(before)s and less than %(after)s days after the day it was due.")
            % {"before": before, "after": after}
        )
    if (step.days, step.tone) == (days, tone):
        return step
    step.days, step.tone = days, tone
    step.save(update_fields=["days", "tone"])
    trail.record(by=by, did="REMINDER_STEP_CHANGED", subject=f"step-{place}", detail={"days": days, "tone": tone})
    return step


_OVERDUE = """
    SELECT DISTINCT ON (ch.member_id) ch.member_id, m.number, ch.id, ch.due_on,
           coalesce(r.place, 0), r.sent_on
      FROM pooling_charge ch
      JOIN members_member m ON m.id = ch.member_id
      LEFT JOIN LATERAL (SELECT place, sent_on FROM dunning_reminder r WHERE r.charge_id = ch.id
                          ORDER BY place DESC LIMIT 1) AS r ON true
     WHERE ch.amount > ch.paid + ch.written_off AND ch.due_on < %s
     ORDER BY ch.member_id, ch.charged_on, ch.id
"""


def standing(on: dt.date) -> Standing:
    """Who gets a letter on a day.

    A member is written to about her oldest overdue charge, one step at a time: a step follows the one before it by at
    least the days between the two, so that nobody who is found late in one go gets three letters in a row. Who has an
    agreement that holds, or a claim that is open, is left in peace.
    """
    steps = list(Step.objects.order_by("place"))
    agreed = set(Agreement.objects.filter(state=Agreement.State.ACTIVE).values_list("member_id", flat=True))
    claiming = set(Claim.objects.filter(status__in=Claim.OPEN).values_list("member_id", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(_OVERDUE, [on])
        rows = cursor.fetchall()
    due, in_peace = [], [0, 0]
    for member_id, number, charge_id, due_on, place, sent_on in rows:
        step = _next(steps, due_on, place, sent_on, on)
        if step is None:
            continue
        if member_id in agreed:
            in_peace[0] += 1
        elif member_id in claiming:
            in_peace[1] += 1
        else:
            due.append(Due(member_id, number, charge_id, step))
    return Standing(tuple(due), *in_peace)


def _next(steps: list[Step], due_on: dt.date, place: int, sent_on: dt.date | None, on: dt.date) -> Step | None:
    step = next((step for step in steps if step.place > place), None)
    if step is None or on < due_on + dt.timedelta(days=step.days):
        return None
    if sent_on is not None:
        before = max((one.days for one in steps if one.place <= place), default=0)
        if on < sent_on + dt.timedelta(days=step.days - before):
            return None
    return step


@transaction.atomic(durable=True)
def request(*, by: int, on: dt.date) -> Run:
    """Ask for today's reminders; they are written in the background."""
    run = _run(on, by)
    queue.after_commit("pooling.dunning.tasks.remind")
    trail.record(by=by, did="REMINDERS_ASKED", subject=f"reminders-{on}")
    return run


def _run(on: dt.date, by: int | None) -> Run:
    return runs.prepare(kind="reminders", key=str(on), title=_("Reminders"), by=by, url="/dunning/")


def run(*, on: dt.date, by: int | None, chunk: int = CHUNK, on_progress: Callable[[Run], None] | None = None) -> Run:
    """Write the letters that are due on a day. Killed anywhere, it is simply run again: each letter has its key."""
    due = standing(on).due
    progress = runs.start(_run(on, by), total=len(due))
    for start in range(0, len(due), chunk):
        part = due[start : start + chunk]
        runs.advance(progress, done=_write(part, on), cursor=str(part[-1].member_id))
        if on_progress:
            on_progress(progress)
    return runs.finish(progress)


@transaction.atomic(durable=True)
def _write(part: tuple[Due, ...], on: dt.date) -> int:
    members = {member.pk: member for member in Member.objects.filter(pk__in=[one.member_id for one in part])}
    overdue: dict[int, list[Charge]] = {}
    for charge in (
        Charge.objects.select_for_update(of=("self",))
        .select_related("version")
        .filter(member_id__in=list(members), amount__gt=F("paid") + F("written_off"), due_on__lt=on)
        .order_by("member_id", "charged_on", "id")
    ):
        overdue.setdefault(charge.member_id, []).append(charge)
    written = 0
    for one in part:
        charges = overdue.get(one.member_id, [])
        if not charges or charges[0].pk != one.charge_id:  # paid since
            continue
        unit = charges[0].currency
        total = sum(charge.open_minor for charge in charges if charge.currency == unit)
        _reminder, made = Reminder.objects.get_or_create(
            charge_id=one.charge_id, place=one.step.place,
            defaults={
                "member_id": one.member_id, "tone": one.step.tone, "amount": total, "currency": unit, "sent_on": on,
            },
        )  # fmt: skip
        if made:
            written += 1
            _send(members[one.member_id], one.step, charges, from_minor(total, unit))
    return written


def _send(member: Member, step: Step, charges: list[Charge], total: Money) -> None:
    letters.send(
        key=f"reminder/{member.number}/{charges[0].document}/{step.place}",
        to=member.email,
        template=f"emails/reminder_{step.tone.lower()}",
        context={"member": member, "charges": charges[:36], "total": total, "oldest": charges[0]},
        language=member.language,
        reader=member.user_id,
    )

"""Dues payable in work: a task done for the cooperative takes the place of a period's dues.

The charge is settled without money: no fund gets a share of it, and nothing is earned or spent
(docs/decisions/0022-work.md).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _

from members.governance import decisions
from members.governance.models import Decision
from members.models import Member
from mutual import formats
from mutual.mail import letters
from mutual.periods import Period, parse
from pooling import credits, placing
from pooling.easing.models import WorkCredit
from pooling.models import Charge, PlanMember, PlanVersion

WORK = "WORK_CREDIT"


class WorkRefused(Exception):
    """Nothing was proposed or booked; the message is a sentence for the person."""


class NotPayableInWork(WorkRefused):
    """The member's plan does not take work."""


class AlreadyUsed(WorkRefused):
    """The period is paid, or a task took its place."""


@transaction.atomic(durable=True)
def propose(*, member_id: int, period: Period, task: str, done_on: dt.date, by: int, on: dt.date) -> Decision:
    """Record a task that takes the place of a member's dues of a period; another officer confirms it.

    :raises NotPayableInWork: if her plan does not take work
    :raises AlreadyUsed: if the period is paid, or a task took its place
    """
    member = Member.objects.get(pk=member_id)
    _check(member_id, period)
    terms = {"member": member_id, "period": period.key, "done_on": done_on.isoformat()}
    return decisions.propose(kind=WORK, subject=member.number, text=task, terms=terms, by=by, on=on)


def carry_out(decision: Decision, terms: dict[str, Any], by: int, on: dt.date) -> WorkCredit:
    """Let the task take the place of the dues; in the confirming transaction.

    :raises AlreadyUsed: if they were paid since, or another task took their place
    """
    placing.lock_member(terms["member"])
    label = terms["period"]
    _not_used(terms["member"], label)
    credit = WorkCredit.objects.create(
        member_id=terms["member"], period=label, task=decision.text[:200],
        done_on=dt.date.fromisoformat(terms["done_on"]), decision=decision,
    )  # fmt: skip
    credits.work(credit, by=by, on=on)
    member = credit.member
    with translation.override(member.language):
        period = formats.period(parse(label))
    letters.send(
        key=f"decision/{decision.number}/work", to=member.email, template="emails/work_taken",
        context={"member": member, "period": period}, language=member.language, reader=member.user_id,
    )  # fmt: skip
    return credit


def _check(member_id: int, period: Period) -> None:
    stay = (
        PlanMember.objects.filter(member_id=member_id, since__lt=period.end)
        .exclude(until__lte=period.start)
        .order_by("-since", "-id")
        .first()
    )
    version = None
    if stay is not None:
        found = PlanVersion.objects.filter(plan_id=stay.plan_id, valid_from__lt=period.end)
        version = found.order_by("-valid_from").first()
    if version is None or not version.in_work:
        raise NotPayableInWork(_("This member's plan does not take work in place of dues."))
    _not_used(member_id, period.key)


def _not_used(member_id: int, label: str) -> None:
    if WorkCredit.objects.filter(member_id=member_id, period=label).exists():
        raise AlreadyUsed(_("A task took the place of these dues already."))
    charged = Charge.objects.filter(member_id=member_id, period=label)
    if charged.exists() and not charged.filter(amount__gt=F("paid") + F("written_off")).exists():
        raise AlreadyUsed(_("These dues are paid. Let the task count for the next period."))

"""Holidays and waivers: a part of the dues is not asked for some days, by two officers; the reason is sealed (B7)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from members.governance import decisions, figures
from members.governance.models import Decision
from members.models import Member
from members.numbers import next_number
from mutual.mail import letters
from mutual.periods import add_months
from mutual.trail import trail
from mutual.vault import vault
from pooling import charging, placing
from pooling.easing.models import Waiver

WAIVER = "DUES_WAIVER"
END = "DUES_WAIVER_END"
PLACE = "reason"


class WaiverRefused(Exception):
    """Nothing was proposed or changed; the message is a sentence for the person."""


class Overlaps(WaiverRefused):
    """The member has a waiver on some of these days already."""


@transaction.atomic(durable=True)
def propose(
    *, member_id: int, kind: str, since: dt.date, until: dt.date, percent: int, reason: str, by: int, on: dt.date
) -> Decision:  # fmt: skip
    """Propose that from a day up to another a part of a member's dues, in percent, is not asked.

    The reason goes into a vault of its own; the decision says what is decided, not why.

    :raises Overlaps: if she has a waiver on some of these days
    """
    member = Member.objects.get(pk=member_id)
    _no_other(member_id, since, until)
    waiting = Decision.objects.filter(kind=WAIVER, subject=member.number, state=Decision.State.PROPOSED)
    said = {"member": member_id, "kind": kind, "since": since.isoformat(), "up_to": until.isoformat(),
            "percent": percent}  # fmt: skip
    for known in waiting.filter(proposed_by_id=by):
        if {name: value for name, value in known.terms.items() if name != "waiver"} == said:
            return known
    number = next_number("W")
    vault.open_vault(f"waiver/{number}", on=on)
    vault.seal(subject=f"waiver/{number}", place=PLACE, content=reason.encode())
    return decisions.propose(
        kind=WAIVER, subject=member.number, text=str(Waiver.Kind(kind).label), terms={**said, "waiver": number},
        by=by, on=on,
    )  # fmt: skip


def carry_out(decision: Decision, terms: dict[str, Any], by: int, on: dt.date) -> Waiver:
    """Grant a confirmed waiver, and credit what was charged of its days already; in the confirming transaction.

    :raises Overlaps: if she has got another one since
    """
    placing.lock_member(terms["member"])
    since, until = dt.date.fromisoformat(terms["since"]), dt.date.fromisoformat(terms["up_to"])
    _no_other(terms["member"], since, until)
    waiver = Waiver.objects.create(
        number=terms["waiver"], member_id=terms["member"], kind=terms["kind"], since=since, until=until,
        percent=terms["percent"], decision=decision,
    )  # fmt: skip
    charging.settle(member_id=waiver.member_id, since=since, by=by, on=on)
    member = waiver.member
    letters.send(
        key=f"waiver/{waiver.number}/granted", to=member.email, template="emails/waiver_granted",
        context={"member": member, "waiver": waiver}, language=member.language,
        reader=member.user_id,
    )  # fmt: skip
    return waiver


@transaction.atomic(durable=True)
def propose_end(*, waiver_id: int, until: dt.date, text: str, by: int, on: dt.date) -> Decision:
    """Propose to end a waiver earlier: dues are asked for again from a day on.

    :raises WaiverRefused: if it would not become shorter, or would have no day left
    """
    waiver = Waiver.objects.select_related("member").get(pk=waiver_id)
    _shorter(waiver, until)
    return decisions.propose(
        kind=END, subject=waiver.member.number, text=text, by=by, on=on,
        terms={"ended": waiver.pk, "number": waiver.number, "again_from": until.isoformat()},
    )  # fmt: skip


def carry_out_end(decision: Decision, terms: dict[str, Any], by: int, on: dt.date) -> Waiver:
    """End a waiver as confirmed, and charge the days after it; in the confirming transaction.

    :raises WaiverRefused: if it ended as early since
    """
    waiver = Waiver.objects.select_for_update().get(pk=terms["ended"])
    until = dt.date.fromisoformat(terms["again_from"])
    _shorter(waiver, until)
    placing.lock_member(waiver.member_id)
    waiver.until = until
    waiver.save(update_fields=["until"])
    charging.settle(member_id=waiver.member_id, since=until, by=by, on=on)
    member = waiver.member
    letters.send(
        key=f"waiver/{waiver.number}/ended/{until}", to=member.email, template="emails/waiver_ended",
        context={"member": member, "waiver": waiver}, language=member.language, reader=member.user_id,
    )  # fmt: skip
    trail.record(by=by, did="WAIVER_ENDED", subject=waiver.number, detail={"decision": decision.number})
    return waiver


def _shorter(waiver: Waiver, until: dt.date) -> None:
    if not waiver.since < until < waiver.until:
        raise WaiverRefused(_("It can only become shorter, and must keep a day."))


def _no_other(member_id: int, since: dt.date, until: dt.date) -> None:
    if Waiver.objects.filter(member_id=member_id, since__lt=until, until__gt=since).exists():
        raise Overlaps(_("This member has a waiver on some of these days already."))


def reason(*, number: str, by: int, at: dt.datetime) -> str:
    """Why a waiver was proposed. Who read it, and when, is written down before it is given out.

    :raises mutual.vault.vault.VaultRefused: if it cannot be read
    """
    return vault.read(subject=f"waiver/{number}", place=PLACE, by=by, at=at, reason="DECIDING").decode()


@transaction.atomic(durable=True)
def settle_reasons(*, on: dt.date) -> int:
    """Settle for every waiver that has ended, or was not granted, the day its reason becomes unreadable.

    :return: how many were settled. Run every day; again is harmless
    """
    keep = figures.value("dues.waiver_reasons", on)
    numbers = [subject.removeprefix("waiver/") for subject in vault.unsettled("waiver/")]
    ended = dict(Waiver.objects.filter(number__in=numbers, until__lte=on).values_list("number", "until"))
    declined = Decision.objects.filter(kind=WAIVER, state=Decision.State.DECLINED, terms__waiver__in=numbers)
    ended |= {terms["waiver"]: day for terms, day in declined.values_list("terms", "decided_on")}
    for number, day in ended.items():
        vault.destroy_after(f"waiver/{number}", on=add_months(day, keep))
    return len(ended)

"""Agreements: what is overdue is paid in parts, and nobody reminds while they are kept (B9: a debt stays a debt)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from members.governance import figures
from members.numbers import next_number
from mutual import repeats
from mutual.mail import letters
from mutual.money import Money, allocate_minor, from_minor
from mutual.periods import add_months
from mutual.trail import trail
from pooling import placing
from pooling.dunning.models import Agreement, Covered, Part
from pooling.models import Charge


class AgreementRefused(Exception):
    """Nothing was agreed or changed; the message is a sentence for the person."""


class NothingOverdue(AgreementRefused):
    """There is nothing to agree about."""


class HasOne(AgreementRefused):
    """An agreement holds already."""


@dataclass(frozen=True)
class Progress:
    """How far an agreement has come: each part with what is paid of it, and what is left."""

    agreement: Agreement
    parts: tuple[tuple[Part, Money, Money], ...]
    """Each part: what is agreed, what is paid of it."""
    paid: Money
    left: Money
    next_part: Part | None


@transaction.atomic(durable=True)
def make(*, member_id: int, parts: int, first_on: dt.date, form_key: str, by: int, on: dt.date) -> Agreement:
    """Agree that what a member owes and is overdue is paid in equal monthly parts, counted from the first day.

    The same form sent twice is one agreement.

    :raises HasOne: if one holds
    :raises NothingOverdue: if nothing is overdue, or less than a cent for each part
    :raises mutual.repeats.FormReused: if the form was sent before with other content
    """
    known = repeats.made_before(
        Agreement.objects.all(), form_key=form_key, member_id=member_id, parts=parts, first_on=first_on
    )
    if known is not None:
        return known
    placing.lock_member(member_id)
    if Agreement.objects.filter(member_id=member_id, state=Agreement.State.ACTIVE).exists():
        raise HasOne(_("An agreement with this member holds already."))
    charges = list(
        Charge.objects.select_related("version", "member")
        .filter(member_id=member_id, due_on__lt=on, amount__gt=F("paid") + F("written_off"))
        .order_by("charged_on", "id")
    )
    charges = [charge for charge in charges if charge.currency == charges[0].currency]
    total = sum(charge.open_minor for charge in charges)
    if total < parts:
        raise NothingOverdue(_("Nothing of this member's dues is overdue."))
    agreement = Agreement.objects.create(
        number=next_number("AG"), form_key=form_key, member_id=member_id, total=total, currency=charges[0].currency,
        parts=parts, first_on=first_on, made_on=on, made_by=by,
    )  # fmt: skip
    Part.objects.bulk_create(
        Part(agreement=agreement, place=place, due_on=add_months(first_on, place), amount=amount)
        for place, amount in enumerate(allocate_minor(total, [1] * parts))
    )
    Covered.objects.bulk_create(
        Covered(agreement=agreement, charge=charge, open_then=charge.open_minor) for charge in charges
    )
    trail.record(
        by=by, did="AGREEMENT_MADE", subject=agreement.number,
        detail={**trail.amount(from_minor(total, agreement.currency)), "parts": parts},
    )  # fmt: skip
    _tell(agreement, "made")
    return agreement


@transaction.atomic(durable=True)
def end(*, agreement_id: int, by: int, on: dt.date) -> Agreement:
    """End an agreement that holds; again is harmless. What is open stays a debt, and reminders go on."""
    agreement = _lock(agreement_id)
    if agreement.state == Agreement.State.ACTIVE:
        _end(agreement, Agreement.State.ENDED, on)
        trail.record(by=by, did="AGREEMENT_ENDED", subject=agreement.number)
    return agreement


def review(*, on: dt.date) -> int:
    """See which agreements are kept or broken by a day; returns how many ended."""
    ended = 0
    found = Agreement.objects.filter(state=Agreement.State.ACTIVE).order_by("pk")
    for pk in found.values_list("pk", flat=True):
        ended += _review(pk, on)
    return ended


@transaction.atomic(durable=True)
def _review(agreement_id: int, on: dt.date) -> int:
    agreement = _lock(agreement_id)
    if agreement.state != Agreement.State.ACTIVE:
        return 0
    paid = _paid(agreement)
    grace = dt.timedelta(days=figures.value("dues.grace_days", on))
    owed = sum(part.amount for part in agreement.schedule.all() if part.due_on + grace < on)
    if paid >= agreement.total:
        _end(agreement, Agreement.State.KEPT, on)
    elif paid < owed:
        _end(agreement, Agreement.State.BROKEN, on)
        _tell(agreement, "broken")
    else:
        return 0
    trail.record(by=None, did=f"AGREEMENT_{agreement.state}", subject=agreement.number)
    return 1


def _lock(agreement_id: int) -> Agreement:
    return Agreement.objects.select_for_update(of=("self",)).select_related("member").get(pk=agreement_id)


def _end(agreement: Agreement, state: Agreement.State, on: dt.date) -> None:
    agreement.state, agreement.ended_on = state, on
    agreement.save(update_fields=["state", "ended_on"])


def _paid(agreement: Agreement) -> int:
    """What is settled of the charges it covers since it was made, in minor units."""
    covered = agreement.covered.select_related("charge")
    return sum(max(one.open_then - one.charge.open_minor, 0) for one in covered)


def progress(agreement: Agreement) -> Progress:
    """How far an agreement has come; what is paid fills the parts in their order."""
    paid = left = _paid(agreement)
    rows, following = [], None
    for part in agreement.schedule.all():
        of_it = min(left, part.amount)
        left -= of_it
        rows.append((part, from_minor(part.amount, agreement.currency), from_minor(of_it, agreement.currency)))
        if of_it < part.amount and following is None:
            following = part
    money = from_minor(min(paid, agreement.total), agreement.currency)
    return Progress(agreement, tuple(rows), money, agreement.money - money, following)


def _tell(agreement: Agreement, event: str) -> None:
    letters.send(
        key=f"agreement/{agreement.number}/{event}",
        to=agreement.member.email,
        template=f"emails/agreement_{event}",
        context={"member": agreement.member, "agreement": agreement, "progress": progress(agreement)},
        language=agreement.member.language,
        reader=agreement.member.user_id,
    )

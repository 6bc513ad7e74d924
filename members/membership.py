"""Applying, being admitted, suspended, leaving."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping

from allauth.account.models import EmailAddress
from django.db import connection, transaction
from django.utils.translation import gettext as _

from members import roles
from members.models import Member, PastMembership, User
from members.numbers import next_number
from mutual import repeats, rooms
from mutual.mail import letters
from mutual.trail import trail

SIGN_UPS_AN_HOUR = 10
"""Applications taken from one address of the network in an hour (R-B9)."""
SIGN_UPS_AN_HOUR_FROM_EVERYWHERE = 100
"""Applications taken in an hour at all: each writes a letter to an address that a stranger typed."""


class MembershipRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class TooManyApplications(MembershipRefused):
    """Too many applications came within the hour, from there or from everywhere."""


class NotAnApplicant(MembershipRefused):
    """The application was decided before."""


class NotPossible(MembershipRefused):
    """The member is not in a state in which this can be done."""


class StillOpen(MembershipRefused):
    """Something must be settled before the member can leave; ``facts`` says what."""

    def __init__(self, facts: list[rooms.LeavingFact]) -> None:
        self.facts = facts
        super().__init__(" ".join(fact.sentence for fact in facts))


@transaction.atomic(durable=True)
def apply(*, said: Mapping[str, str], came_from: str, on: dt.date) -> Member | None:
    """Ask to be admitted. Answers None, and writes to the person, where the address is known already: a visitor
    learns nothing about who belongs. Whoever has left is told to sign in and ask to come back.

    :param said: name, email, trade, street, postcode, city, country, language, motivation
    :param came_from: the network address, kept only as a hash for an hour
    :raises TooManyApplications: if ten came from there within the hour, or a hundred from everywhere
    """
    if _count(hashlib.sha256(came_from.encode()).hexdigest()[:40]) > SIGN_UPS_AN_HOUR:
        raise TooManyApplications(_("Too many applications came from your network. Try again in an hour."))
    if _count("everywhere") > SIGN_UPS_AN_HOUR_FROM_EVERYWHERE:
        raise TooManyApplications(_("Too many applications are coming in just now. Try again in an hour."))
    email = said["email"].lower()
    repeats.wait_for_twin(f"apply/{email}")
    present = Member.objects.filter(email__iexact=email).exclude(
        status__in=[Member.Status.LEFT, Member.Status.DECLINED]
    )
    if present.exists():
        letters.send(
            key=f"apply/{email}/{on}/known", to=email, template="emails/applied_twice", context={},
            language=said.get("language", "en"),
        )  # fmt: skip
        return None
    if former := Member.objects.filter(email__iexact=email, status=Member.Status.LEFT).first():
        letters.send(
            key=f"apply/{email}/{on}/left", to=email, template="emails/applied_left", context={"member": former},
            language=former.language,
        )  # fmt: skip
        return None
    # Somebody else who is about to change her own address to this one cannot have it any more.
    EmailAddress.objects.filter(email__iexact=email, verified=False).delete()
    member = Member.objects.create(number=next_number("M"), applied_on=on, **{**said, "email": email})
    letters.send(
        key=f"apply/{member.number}", to=email, template="emails/applied", context={"member": member},
        language=member.language,
    )  # fmt: skip
    trail.record(by=None, did="APPLIED", subject=member.number)
    return member


def _count(came_from: str) -> int:
    """Count an application now, and say how many have come within the hour. One statement counts and looks: the
    database lets those who come at once wait for one another, so the count cannot be passed in a burst."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO members_applicationtally AS known (came_from, times) VALUES (%s, ARRAY[clock_timestamp()])
            ON CONFLICT (came_from) DO UPDATE SET times = ARRAY(
                SELECT past FROM unnest(known.times) AS past WHERE past > clock_timestamp() - interval '1 hour'
            ) || excluded.times
            RETURNING cardinality(times)
            """,
            [came_from],
        )
        return int(cursor.fetchone()[0])


def forget_tallies() -> int:
    """Remove where applications came from once an hour has passed; returns how many places."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM members_applicationtally WHERE NOT EXISTS "
            "(SELECT FROM unnest(times) AS past WHERE past > clock_timestamp() - interval '1 hour')"
        )
        return int(cursor.rowcount)


@transaction.atomic(durable=True)
def ask_back(*, member_id: int, motivation: str, by: int, on: dt.date) -> Member:
    """Ask to be admitted again, having left. Again is harmless.

    :raises NotPossible: if she has not left
    """
    member = Member.objects.select_for_update().get(pk=member_id)
    if member.status != Member.Status.LEFT:
        raise NotPossible(_("Only who has left can come back."))
    if member.asked_back_on is not None:
        return member
    member.asked_back_on = on
    member.motivation = motivation
    member.decline_reason = ""
    member.save(update_fields=["asked_back_on", "motivation", "decline_reason"])
    trail.record(by=by, did="ASKED_BACK", subject=member.number)
    return member


@transaction.atomic(durable=True)
def admit(*, member_id: int, by: int, on: dt.date) -> Member:
    """Admit an applicant: she can sign in, and every room opens her accounts. Again is harmless.

    Whoever has left and asked to come back keeps her number and her accounts; the time before is kept as well.

    :raises NotAnApplicant: if she was declined, or has left and not asked to come back
    """
    member = Member.objects.select_for_update().get(pk=member_id)
    if member.status in (Member.Status.ACTIVE, Member.Status.SUSPENDED):
        return member
    if member.asked_back_on is not None:
        return _take_back(member, by, on)
    if member.status != Member.Status.APPLICANT:
        raise NotAnApplicant(_("This application was decided before."))
    user = User.objects.filter(email=member.email.lower()).first()
    if user is None:
        user = User.objects.create_user(member.email, language=member.language)
    elif user.member_or_none is not None:
        raise NotPossible(_("Somebody else signs in with this address. Ask the applicant for another."))
    member.user = user
    member.status = Member.Status.ACTIVE
    member.joined_on = on
    member.admitted_by_id = by
    member.save()
    rooms.on_admitted(member_id=member.pk, number=member.number, currency=member.currency, on=on)
    letters.send(
        key=f"admitted/{member.number}", to=member.email, template="emails/admitted", context={"member": member},
        language=member.language,
    )  # fmt: skip
    trail.record(by=by, did="ADMITTED", subject=member.number)
    return member


def _take_back(member: Member, by: int, on: dt.date) -> Member:
    assert member.joined_on is not None, "A check of the table."
    assert member.left_on is not None, "A check of the table."
    if member.user_id == by:
        raise NotPossible(_("Another officer must do this."))
    if Member.objects.exclude(pk=member.pk).filter(email__iexact=member.email).exclude(
        status__in=[Member.Status.LEFT, Member.Status.DECLINED]
    ).exists():  # fmt: skip
        raise NotPossible(_("Another member or applicant has her e-mail address now. Let her change it first."))
    PastMembership.objects.create(member=member, joined_on=member.joined_on, left_on=member.left_on)
    member.status = Member.Status.ACTIVE
    member.joined_on, member.left_on, member.asked_back_on = on, None, None
    member.admitted_by_id = by
    member.save()
    rooms.on_admitted(member_id=member.pk, number=member.number, currency=member.currency, on=on)
    letters.send(
        key=f"admitted/{member.number}/{on}", to=member.email, template="emails/admitted", context={"member": member},
        language=member.language,
    )  # fmt: skip
    trail.record(by=by, did="CAME_BACK", subject=member.number)
    return member


@transaction.atomic(durable=True)
def decline(*, member_id: int, reason: str, by: int, on: dt.date) -> Member:
    """Decline an application, with a reason the person is told. Again is harmless.

    :raises NotAnApplicant: if she was admitted
    """
    member = Member.objects.select_for_update().get(pk=member_id)
    if member.status == Member.Status.DECLINED:
        return member
    back = member.asked_back_on
    if member.status != Member.Status.APPLICANT and back is None:
        raise NotAnApplicant(_("This application was decided before."))
    member.status = Member.Status.DECLINED if back is None else Member.Status.LEFT
    member.asked_back_on = None
    member.decline_reason = reason
    member.save(update_fields=["status", "asked_back_on", "decline_reason"])
    letters.send(
        key=f"declined/{member.number}/{back}" if back else f"declined/{member.number}", to=member.email,
        template="emails/declined", context={"member": member}, language=member.language,
    )  # fmt: skip
    trail.record(by=by, did="DECLINED", subject=member.number)
    return member


@transaction.atomic(durable=True)
def suspend(*, member_id: int, by: int) -> Member:
    """Suspend a member: she keeps what is hers and cannot start anything new. Again is harmless.

    :raises NotPossible: if she is not a member, or is the officer herself
    """
    return _turn(member_id, Member.Status.ACTIVE, Member.Status.SUSPENDED, "SUSPENDED", by)


@transaction.atomic(durable=True)
def resume(*, member_id: int, by: int) -> Member:
    """End a suspension. Again is harmless.

    :raises NotPossible: if she is not a member, or is the officer herself
    """
    return _turn(member_id, Member.Status.SUSPENDED, Member.Status.ACTIVE, "RESUMED", by)


def _turn(member_id: int, before: str, after: str, did: str, by: int) -> Member:
    member = Member.objects.select_for_update().get(pk=member_id)
    if member.user_id == by:
        raise NotPossible(_("Another officer must do this."))
    if member.status == after:
        return member
    if member.status != before:
        raise NotPossible(_("She is %(state)s.") % {"state": member.get_status_display().lower()})
    member.status = after
    member.save(update_fields=["status"])
    trail.record(by=by, did=did, subject=member.number)
    return member


@transaction.atomic(durable=True)
def leave(*, member_id: int, by: int, on: dt.date) -> Member:
    """Leave the cooperative. She can still sign in for her statements and her data. Again is harmless.

    Her officer's roles end with it.

    :raises StillOpen: if dues, credit or a claim must be settled first
    :raises NotPossible: if she never was a member, or nobody would be left to administer
    """
    member = Member.objects.select_for_update().get(pk=member_id)
    if member.status == Member.Status.LEFT:
        return member
    if member.status not in (Member.Status.ACTIVE, Member.Status.SUSPENDED):
        raise NotPossible(_("Only members can leave."))
    facts = [fact for fact in rooms.facts_before_leaving(member_id=member_id, on=on) if fact.blocking]
    if facts:
        raise StillOpen(facts)
    if member.user_id is not None:
        try:
            roles.end_all(user_id=member.user_id, by=by, on=on)
        except roles.LastAdministrator as refused:
            raise NotPossible(str(refused)) from refused
    member.status = Member.Status.LEFT
    member.left_on = on
    member.save(update_fields=["status", "left_on"])
    trail.record(by=by, did="LEFT", subject=member.number)
    return member


@transaction.atomic(durable=True)
def change_profile(*, member_id: int, said: Mapping[str, str], by: int) -> Member:
    """Change a member's name, trade, address and language; which fields changed is remembered, not what they were."""
    member = Member.objects.select_for_update().get(pk=member_id)
    changed = [name for name, value in said.items() if getattr(member, name) != value]
    for name in changed:
        setattr(member, name, said[name])
    if changed:
        member.save(update_fields=changed)
        if "language" in changed and member.user_id:
            User.objects.filter(pk=member.user_id).update(language=said["language"])
        trail.record(by=by, did="PROFILE_CHANGED", subject=member.number, detail={"fields": ",".join(changed)})
    return member

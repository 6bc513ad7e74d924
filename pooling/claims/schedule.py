"""Claims that go on: each month set aside when it is over, a pause where the certificate runs out, a phased return.

What a month is worth is what the rules grant for all days up to its end, less what was set aside before: so months sum
to what the whole is worth, to the cent.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from mutual import formats, repeats
from mutual.mail import letters
from mutual.money import Money, from_minor, minor
from mutual.periods import month
from mutual.trail import trail
from pooling.claims import desk_rules, entitlements, instalments, separation
from pooling.claims.models import Certificate, Claim, Instalment


class ScheduleRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class NotGoingOn(ScheduleRefused):
    """The claim is not one that is paid month by month, or it is over."""


class LeavesAGap(ScheduleRefused):
    """The certificate neither follows on the last one nor falls into the time certified."""


class MayNotAccept(ScheduleRefused):
    """Another officer decides."""


class AlreadyDecided(ScheduleRefused):
    """The certificate was accepted or declined."""


class FundShort(ScheduleRefused):
    """The fund guarantees its benefits and holds less than a month's; ``over_by`` is what is missing."""

    def __init__(self, sentence: str, over_by: Money) -> None:
        self.over_by = over_by
        super().__init__(sentence)


@transaction.atomic(durable=True)
def hand_in(
    *, claim_id: int, from_on: dt.date, until_on: dt.date, incapacity: int, form_key: str, by: int, on: dt.date
) -> Certificate:
    """Hand in a further certificate for one's own claim. The same form sent twice is one.

    :param incapacity: in percent; less than before is a phased return
    :raises NotGoingOn: if the claim is not paid month by month
    :raises LeavesAGap: if days between it and what is certified are missing
    """
    known = repeats.made_before(
        Certificate.objects.all(), form_key=form_key, claim_id=claim_id, from_on=from_on, until_on=until_on,
        incapacity=incapacity,
    )  # fmt: skip
    if known is not None:
        return known
    claim = _lock(claim_id)
    assert claim.member.user_id == by, "Only the claimant hands in certificates."
    if claim.status not in Claim.GOING_ON:
        raise NotGoingOn(_("This claim is not one that goes on."))
    if not claim.first_day <= from_on <= claim.last_day + dt.timedelta(1):
        raise LeavesAGap(
            _("It is certified up to %(day)s: the next certificate begins on the day after, or before.")
            % {"day": formats.day(claim.last_day)}
        )
    made = Certificate.objects.create(
        claim=claim, from_on=from_on, until_on=until_on, incapacity=incapacity, form_key=form_key, handed_in_on=on
    )
    trail.record(by=None, did="CERTIFICATE_HANDED_IN", subject=claim.number, detail={"by": "claimant"})
    return made


@transaction.atomic(durable=True)
def accept(*, certificate_id: int, by: int, on: dt.date) -> Claim:
    """Accept a certificate: the claim goes on up to its last day. Where the claim then comes to more than one officer
    may approve, the first acceptance waits for a second officer's. Again is harmless.

    :raises AlreadyDecided: if it was declined
    :raises NotGoingOn: if the claim is over
    :raises MayNotAccept: if it is one's own, the officer is close to the claimant, or was the first to accept it
    """
    certificate, claim = _for_officer(certificate_id, by, on)
    if certificate.accepted_on is not None:
        return claim
    if certificate.declined_on is not None:
        raise AlreadyDecided(_("It was declined already."))
    if claim.status not in Claim.GOING_ON:
        raise NotGoingOn(_("This claim is over."))
    if certificate.first_by_id == by:
        raise MayNotAccept(_("You accepted it first: another officer confirms."))
    before = claim.last_day
    claim.last_day = max(before, certificate.until_on)
    if certificate.first_by_id is None and _needs_two(claim, on):
        certificate.first_by_id = by
        certificate.save(update_fields=["first_by"])
        trail.record(by=by, did="CERTIFICATE_ACCEPTED_FIRST", subject=claim.number,
                     detail={"until": certificate.until_on.isoformat()})  # fmt: skip
        claim.last_day = before
        return claim
    certificate.accepted_by_id, certificate.accepted_on = by, on
    certificate.save(update_fields=["accepted_by", "accepted_on"])
    claim.status = Claim.Status.RUNNING
    claim.save(update_fields=["last_day", "status"])
    trail.record(by=by, did="CERTIFICATE_ACCEPTED", subject=claim.number,
                 detail={"until": certificate.until_on.isoformat(), "percent": certificate.incapacity})  # fmt: skip
    _tell(claim, "claim_goes_on", f"certificate/{certificate.pk}")
    return claim


@transaction.atomic(durable=True)
def decline(*, certificate_id: int, by: int, on: dt.date) -> Claim:
    """Decline a certificate that cannot be read or does not fit; the member is asked for another. Again is harmless.

    :raises AlreadyDecided: if it was accepted
    :raises MayNotAccept: if it is one's own, or the officer is close to the claimant
    """
    certificate, claim = _for_officer(certificate_id, by, on)
    if certificate.declined_on is not None:
        return claim
    if certificate.accepted_on is not None:
        raise AlreadyDecided(_("It was accepted already."))
    certificate.declined_on = on
    certificate.save(update_fields=["declined_on"])
    trail.record(by=by, did="CERTIFICATE_DECLINED", subject=claim.number)
    _tell(claim, "claim_certificate_declined", f"declined/{certificate.pk}")
    return claim


@transaction.atomic(durable=True)
def finish(*, claim_id: int, last_day: dt.date, by: int, on: dt.date) -> Claim:
    """Say that one is well again: the claim ends with this day. What was set aside for later days stays with the fund.

    :param by: the claimant, or an officer who may decide
    :raises NotGoingOn: if the claim is not one that goes on
    :raises LeavesAGap: if the day is not among those certified and not yet set aside
    """
    claim = _lock(claim_id)
    if claim.member.user_id != by:
        _may(claim, by, on)
    if claim.status not in Claim.GOING_ON:
        raise NotGoingOn(_("This claim is not one that goes on."))
    paid = claim.instalments.exclude(state=Instalment.State.RELEASED).order_by("-last_day").first()
    least = paid.last_day if paid is not None else claim.first_day
    if not least <= last_day <= claim.last_day:
        raise LeavesAGap(
            _("Choose a day from %(least)s to %(last)s.")
            % {"least": formats.day(least), "last": formats.day(claim.last_day)}
        )
    claim.last_day, claim.ongoing = last_day, False
    claim.save(update_fields=["last_day", "ongoing"])
    trail.record(by=None if claim.member.user_id == by else by, did="CLAIM_ENDED", subject=claim.number,
                 detail={"last_day": last_day.isoformat()})  # fmt: skip
    _set_aside(claim, on=on)
    return claim


def going_on() -> list[int]:
    """The claims that go on, by id."""
    return list(Claim.objects.filter(status__in=Claim.GOING_ON).order_by("id").values_list("pk", flat=True))


@transaction.atomic(durable=True)
def advance(*, claim_id: int, on: dt.date) -> int:
    """Set aside the months of a claim that are over, remind, pause or close it; returns how many months. Run every day;
    again is harmless.

    :raises FundShort: if a fund that guarantees its benefits is short
    """
    claim = _lock(claim_id)
    if claim.status not in Claim.GOING_ON:
        return 0
    return _set_aside(claim, on=on)


def start(claim: Claim, *, by: int, on: dt.date) -> None:
    """Begin to pay an approved claim under rules; in the approving transaction. Its certificates count from now on.

    :raises FundShort: if a fund that guarantees its benefits is short
    """
    claim.certificates.filter(accepted_on=None, declined_on=None).update(accepted_by=by, accepted_on=on)
    claim.status = Claim.Status.RUNNING
    _set_aside(claim, on=on)


def _set_aside(claim: Claim, *, on: dt.date) -> int:
    found = entitlements.of(claim, without=True)
    assert found is not None, "Only claims under rules go on."
    before: dict[dt.date, int] = {}
    for one in claim.instalments.exclude(state=Instalment.State.RELEASED):
        first = one.first_day.replace(day=1)
        before[first] = before.get(first, 0) + one.amount_due
    count = 0
    for first, worth in sorted(found.months().items()):
        period = month(first)
        last = min(period.last_day, claim.last_day)
        due = worth - before.get(first, 0)
        if due <= 0 or last >= on:
            continue
        days = sum(line.days for line in found.lines if line.start.replace(day=1) == first)
        try:
            instalments.set_aside(
                claim, amount=from_minor(due, found.currency), first_day=max(first, claim.first_day), last_day=last,
                days=days or None, by=None, on=on,
            )  # fmt: skip
        except instalments.FundShort as short:
            raise FundShort(str(short), short.over_by) from short
        count += 1
    claim.ruled = entitlements.written(found, claim.member.language)
    if found.last_day is not None and found.last_day <= claim.last_day:
        claim.ongoing = False  # nothing more can be paid under the rules, whatever is certified
    total = sum(claim.instalments.exclude(state=Instalment.State.RELEASED).values_list("amount_due", flat=True))
    _settle(claim, from_minor(total, found.currency), on=on)
    return count


def _settle(claim: Claim, total: Money, *, on: dt.date) -> None:
    """Keep the sums, and go on, pause or close."""
    if minor(total):
        claim.amount_approved = total
        claim.amount_claimed = max(claim.amount_claimed, total)
    if claim.last_day < on:
        if not claim.ongoing:
            claim.status = Claim.Status.APPROVED
        elif claim.status == Claim.Status.RUNNING:
            claim.status = Claim.Status.PAUSED
            trail.record(by=None, did="CLAIM_PAUSED", subject=claim.number)
            _tell(claim, "claim_paused", f"paused/{claim.last_day}")
    elif claim.ongoing and (claim.last_day - on).days <= desk_rules.on(on).remind_days:
        _tell(claim, "claim_certificate_ends", f"ends/{claim.last_day}")
    claim.save()
    instalments.close_if_paid(claim)


def _needs_two(claim: Claim, on: dt.date) -> bool:
    """Whether the claim, up to its last day and with every certificate handed in, comes to more than one approves."""
    found = entitlements.of(claim)
    return found is None or desk_rules.needs_two(from_minor(found.amount, found.currency), on)


def _for_officer(certificate_id: int, by: int, on: dt.date) -> tuple[Certificate, Claim]:
    claim = _lock(Certificate.objects.values_list("claim_id", flat=True).get(pk=certificate_id))
    _may(claim, by, on)
    return Certificate.objects.select_for_update().get(pk=certificate_id), claim


def _may(claim: Claim, by: int, on: dt.date) -> None:
    try:
        separation.may_decide(claim=claim, by=by, on=on)
    except separation.SeparationRefused as refused:
        raise MayNotAccept(str(refused)) from refused


def _lock(claim_id: int) -> Claim:
    return (
        Claim.objects.select_for_update(of=("self",))
        .select_related("member", "fund__account__currency")
        .get(pk=claim_id)
    )


def _tell(claim: Claim, event: str, key: str) -> None:
    letters.send(
        key=f"claim/{claim.number}/{key}", to=claim.member.email, template=f"emails/{event}",
        context={"claim": claim, "member": claim.member}, language=claim.member.language,
        reader=claim.member.user_id,
    )  # fmt: skip

"""Begin an appeal, hand it in, let the jury answer; the majority decides."""

from __future__ import annotations

import datetime as dt
import secrets
from collections import Counter
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from members.governance import figures
from members.models import Member, RoleGrant
from members.numbers import next_number
from mutual import formats, rooms
from mutual.access import Role
from mutual.mail import letters
from mutual.trail import trail
from mutual.vault import vault
from pooling.claims import desk_rules, reopening, separation
from pooling.claims.appeals import draw
from pooling.claims.appeals.models import Appeal, Juror
from pooling.claims.models import Claim

WORDS = "appeal"
"""Where in the claim's vault lie the words for the jurors."""


class AppealRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class NothingToAppeal(AppealRefused):
    """The claim was neither refused nor granted for less than was claimed."""


class TooLate(AppealRefused):
    """The time to appeal is over."""


class TooFewMembers(AppealRefused):
    """There are fewer members who could sit than a jury has."""


class SaysWhoSheIs(AppealRefused):
    """The words for the jurors name the claimant."""


class AlreadyFiled(AppealRefused):
    """The appeal was handed in, or is over."""


class NotAJuror(AppealRefused):
    """The member does not sit on this jury, or no longer."""


class AlreadyAnswered(AppealRefused):
    """The juror has answered otherwise, or the appeal is decided."""


@dataclass(frozen=True)
class Verified:
    """A draw repeated from its inputs: whether the commitment and the seats are as they must be."""

    number: str
    seed: str
    commitment_holds: bool
    seats_hold: bool
    order: tuple[str, ...]


def until(claim: Claim) -> dt.date | None:
    """The last day a decision can be appealed, where there is something to appeal."""
    if claim.decided_on is None or not _appealable(claim):
        return None
    return claim.decided_on + dt.timedelta(days=desk_rules.on(claim.decided_on).appeal_days)


def _appealable(claim: Claim) -> bool:
    if claim.status == Claim.Status.REFUSED:
        return True
    decided = claim.status in (Claim.Status.APPROVED, Claim.Status.PAID)
    return decided and claim.amount_approved is not None and claim.amount_approved < claim.amount_claimed


@transaction.atomic(durable=True)
def begin(*, claim_id: int, by: int, on: dt.date) -> Appeal:
    """Begin an appeal: who can be drawn is fixed, and the cooperative commits itself to its secret number. Again is
    harmless.

    :raises NothingToAppeal: if nothing was refused
    :raises TooLate: if the time to appeal is over
    :raises TooFewMembers: if fewer could sit than a jury has
    """
    claim = Claim.objects.select_for_update(of=("self",)).select_related("member", "fund").get(pk=claim_id)
    assert claim.member.user_id == by, "Only the claimant appeals."
    known = Appeal.objects.filter(claim=claim).first()
    if known is not None:
        return known
    last = until(claim)
    if last is None:
        raise NothingToAppeal(_("There is nothing to appeal: the claim was not refused or cut."))
    if on > last:
        raise TooLate(_("The decision could be appealed until %(day)s.") % {"day": formats.day(last)})
    pool = eligible(claim, on=on)
    if len(pool) < seats(on):
        raise TooFewMembers(_("There are too few members who could sit. Write to the office: other officers decide."))
    number, nonce = next_number("A"), secrets.token_hex(32)
    appeal = Appeal.objects.create(
        number=number, claim=claim, opened_on=on, pool=pool, nonce=nonce,
        commitment=draw.commitment(number=number, nonce=nonce, pool=pool),
    )  # fmt: skip
    # Published before the claimant says anything: the log is never changed.
    trail.record(by=None, did="JURY_COMMITTED", subject=number, detail={"commitment": appeal.commitment})
    return appeal


def seats(opened_on: dt.date) -> int:
    """How many sit on the jury of an appeal that was begun on a day."""
    return figures.value("appeals.jurors", opened_on)


def eligible(claim: Claim, *, on: dt.date) -> list[str]:
    """The numbers of those who can sit: active members who are not close to the claimant and decide no claims."""
    close = separation.close_to(claim.member_id, on=on) | {claim.member_id}
    officers = RoleGrant.objects.filter(role=Role.CLAIMS_OFFICER, ended_on=None).values("user_id")
    deciders = [claim.proposed_by_id, claim.decided_by_id]
    found = Member.objects.filter(status=Member.Status.ACTIVE, user__isnull=False, user__is_active=True)
    found = found.exclude(pk__in=close).exclude(user__in=officers).exclude(user__in=[pk for pk in deciders if pk])
    return sorted(found.values_list("number", flat=True))


@transaction.atomic(durable=True)
def file(*, appeal_id: int, grounds: str, words: str, share: str, by: int, on: dt.date) -> Appeal:
    """Hand an appeal in: the claimant's words complete the seed, and the jury is drawn. Again is harmless.

    :param words: what the jurors read, beside the banded facts; sealed
    :param share: any words of hers, which become part of the seed
    :raises TooLate: if the time to appeal is over
    :raises AlreadyFiled: if it was handed in with other words
    :raises SaysWhoSheIs: if the words hold her name, number or address
    """
    appeal = _lock(appeal_id)
    claim = appeal.claim
    assert claim.member.user_id == by, "Only the claimant appeals."
    if appeal.state == Appeal.State.SITTING and (appeal.grounds, appeal.share) == (grounds, share):
        return appeal
    if appeal.state != Appeal.State.OPENED:
        raise AlreadyFiled(_("This appeal was handed in already."))
    last = until(claim)
    if last is None or on > last:
        raise TooLate(_("The time to appeal is over."))
    if _names(claim.member, words):
        raise SaysWhoSheIs(_("The jurors must not know who you are: leave out your name, number and addresses."))
    if words:
        vault.open_vault(claim.vault, on=on)
        vault.seal(subject=claim.vault, place=WORDS, content=words.encode())
    appeal.state, appeal.grounds, appeal.share, appeal.filed_on = Appeal.State.SITTING, grounds, share, on
    appeal.save()
    trail.record(by=None, did="APPEAL_FILED", subject=appeal.number,
                 detail={"claim": claim.number, "seed": _seed(appeal), "grounds": grounds})  # fmt: skip
    _fill_seats(appeal, on=on)
    return appeal


def _names(member: Member, words: str) -> bool:
    said = words.casefold()
    parts = [part for part in member.name.casefold().split() if len(part) > 2]
    secrets_ = [*parts, member.number.casefold(), member.email.casefold(), member.street.casefold()]
    return any(part and part in said for part in secrets_)


def _seed(appeal: Appeal) -> str:
    return draw.seed(number=appeal.number, nonce=appeal.nonce, share=appeal.share)


def _fill_seats(appeal: Appeal, *, on: dt.date) -> None:
    """Seat the next of the draw until the jury is whole, or nobody is left."""
    sitting = appeal.jurors.filter(replaced_on=None).count()
    seated = set(appeal.jurors.values_list("member__number", flat=True))
    last = max(appeal.jurors.values_list("place", flat=True), default=-1)
    # Whoever came close to the claimant, left, or decides claims since the draw is passed over.
    still = set(eligible(appeal.claim, on=on)) & set(appeal.pool)
    present = {member.number: member for member in Member.objects.filter(number__in=still)}
    days, size = desk_rules.on(on).answer_days, seats(appeal.opened_on)
    for place, number in enumerate(draw.order(seed=_seed(appeal), pool=appeal.pool)):
        if sitting == size:
            return
        if place <= last or number in seated or number not in present:
            continue
        juror = Juror.objects.create(
            appeal=appeal, member=present[number], place=place, asked_on=on,
            answer_until=on + dt.timedelta(days=days),
        )  # fmt: skip
        sitting += 1
        _write(juror.member, "juror_called", f"appeal/{appeal.number}/called/{place}", juror=juror, appeal=appeal)


@transaction.atomic(durable=True)
def answer(*, appeal_id: int, vote: str, by: int, on: dt.date) -> Appeal:
    """Answer as a juror; a majority of the same kind decides. Again the same is harmless.

    :raises NotAJuror: if this person does not sit, was replaced, or answers after her day
    :raises AlreadyAnswered: if she answered otherwise, or it is decided
    """
    appeal = _lock(appeal_id)
    juror = appeal.jurors.select_for_update(of=("self",)).filter(member__user_id=by, replaced_on=None).first()
    if juror is None:
        raise NotAJuror(_("You do not sit on this jury, or your time to answer is over."))
    if juror.vote == vote:
        return appeal
    if juror.over(on):
        raise NotAJuror(_("Your time to answer is over; the next member of the draw takes your place."))
    if juror.vote or appeal.state != Appeal.State.SITTING:
        raise AlreadyAnswered(_("You have answered already, or the appeal is decided."))
    juror.vote, juror.answered_on = vote, on
    juror.save(update_fields=["vote", "answered_on"])
    # Who sat is known; who said what is between the jurors.
    trail.record(by=by, did="JUROR_ANSWERED", subject=appeal.number)
    _count(appeal, on=on)
    return appeal


def _count(appeal: Appeal, *, on: dt.date) -> None:
    """Decide where a majority has answered alike, or all have: a tie is the claimant's."""
    votes = Counter(appeal.jurors.exclude(vote="").values_list("vote", flat=True))
    open_seats = appeal.jurors.filter(vote="", replaced_on=None).count()
    grant, uphold = votes[Juror.Vote.GRANT], votes[Juror.Vote.UPHOLD]
    seats = grant + uphold + open_seats
    if grant * 2 > seats or (not open_seats and grant and grant >= uphold):
        _decide(appeal, Appeal.State.GRANTED, on)
    elif uphold * 2 > seats:
        _decide(appeal, Appeal.State.DISMISSED, on)


def _decide(appeal: Appeal, state: Appeal.State, on: dt.date) -> None:
    appeal.state, appeal.decided_on = state, on
    appeal.save(update_fields=["state", "decided_on"])
    trail.record(by=None, did=f"APPEAL_{state}", subject=appeal.number, detail={"claim": appeal.claim.number})
    if state == Appeal.State.GRANTED:
        reopening.grant(appeal.claim, appeal=appeal.number, on=on)
    answered = list(appeal.jurors.select_related("member").exclude(vote="").order_by("place"))
    minutes = desk_rules.on(on).juror_minutes
    if minutes:
        rooms.thank_in_hours(
            member_ids=[juror.member_id for juror in answered], minutes=minutes, key=f"appeal/{appeal.number}", on=on
        )
    member = appeal.claim.member
    _write(member, "appeal_decided", f"appeal/{appeal.number}/decided", appeal=appeal, claim=appeal.claim)
    for juror in answered:
        _write(juror.member, "juror_thanked", f"appeal/{appeal.number}/thanked/{juror.place}", appeal=appeal,
               minutes=minutes)  # fmt: skip


@transaction.atomic(durable=True)
def replace_silent(*, appeal_id: int, on: dt.date) -> int:
    """Replace jurors who have not answered in time by the next of the draw; returns how many. Again is harmless."""
    appeal = _lock(appeal_id)
    if appeal.state != Appeal.State.SITTING:
        return 0
    silent = appeal.jurors.filter(vote="", replaced_on=None, answer_until__lt=on)
    count = silent.update(replaced_on=on)
    if count:
        trail.record(by=None, did="JURORS_REPLACED", subject=appeal.number, detail={"count": count})
        _fill_seats(appeal, on=on)
        _count(appeal, on=on)
    return count


@transaction.atomic(durable=True)
def withdraw(*, appeal_id: int, by: int) -> Appeal:
    """Take one's own appeal back before it is decided. Again is harmless.

    :raises AlreadyFiled: if it is decided
    """
    appeal = _lock(appeal_id)
    assert appeal.claim.member.user_id == by, "Only the claimant withdraws her appeal."
    if appeal.state == Appeal.State.WITHDRAWN:
        return appeal
    if appeal.state not in (Appeal.State.OPENED, Appeal.State.SITTING):
        raise AlreadyFiled(_("This appeal is decided."))
    appeal.state = Appeal.State.WITHDRAWN
    appeal.save(update_fields=["state"])
    trail.record(by=None, did="APPEAL_WITHDRAWN", subject=appeal.number, detail={"by": "claimant"})
    return appeal


def overdue(on: dt.date) -> list[int]:
    """Appeals in which a juror has not answered in time."""
    return list(
        Appeal.objects.filter(
            state=Appeal.State.SITTING, jurors__vote="", jurors__replaced_on=None, jurors__answer_until__lt=on
        )
        .distinct()
        .order_by("id")
        .values_list("pk", flat=True)
    )


def verify(number: str) -> Verified:
    """Repeat a draw from its inputs.

    :raises Appeal.DoesNotExist: if there is no such appeal, or it was not handed in
    """
    appeal = Appeal.objects.exclude(share="").get(number=number)
    order = draw.order(seed=_seed(appeal), pool=appeal.pool)
    seats = list(appeal.jurors.order_by("place").values_list("place", "member__number"))
    published = trail.is_recorded(did="JURY_COMMITTED", subject=number, detail={"commitment": appeal.commitment})
    made = draw.commitment(number=number, nonce=appeal.nonce, pool=appeal.pool)
    return Verified(
        number, _seed(appeal), published and made == appeal.commitment,
        all(order[place] == member for place, member in seats), tuple(order),
    )  # fmt: skip


def _lock(appeal_id: int) -> Appeal:
    return (
        Appeal.objects.select_for_update(of=("self",)).select_related("claim__member", "claim__fund").get(pk=appeal_id)
    )


def _write(member: Member, template: str, key: str, **context: object) -> None:
    letters.send(
        key=key, to=member.email, template=f"emails/{template}", context={**context, "member": member},
        language=member.language, reader=member.user_id,
    )  # fmt: skip

"""Claims: submitted, withdrawn, refused with a reason, approved by two officers. Pay runs pay them."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from members.models import Member
from members.numbers import next_number
from mutual import formats, repeats
from mutual.mail import letters
from mutual.money import Money, minor
from mutual.trail import trail
from pooling import setting_aside
from pooling.claims import instalments
from pooling.claims.models import Claim
from pooling.models import Fund


class ClaimRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class NotAMember(ClaimRefused):
    """Only active members claim."""


class OutsideMembership(ClaimRefused):
    """The days lie before joining or in the future."""


class WrongCurrency(ClaimRefused):
    """The fund is kept in another currency."""


class AlreadyDecided(ClaimRefused):
    """The claim is not in a state in which this can be done."""


class MoreThanClaimed(ClaimRefused):
    """Nobody approves more than was claimed."""


class OwnClaim(ClaimRefused):
    """Nobody decides her own claim (F14)."""


class SameOfficer(ClaimRefused):
    """The second approval is another officer's."""


class FundExhausted(ClaimRefused):
    """A guaranteed fund holds less than the amount above its floor; ``over_by`` says by how much."""

    def __init__(self, sentence: str, over_by: Money) -> None:
        self.over_by = over_by
        super().__init__(sentence)


@transaction.atomic(durable=True)
def submit(
    *,
    member_id: int,
    fund_id: int,
    occasion: str,
    first_day: dt.date,
    last_day: dt.date,
    amount: Money,
    form_key: str,
    by: int,
    on: dt.date,
) -> Claim:
    """Ask a fund for a benefit. The same form sent twice is one claim.

    :raises NotAMember: if she is not an active member
    :raises OutsideMembership: if a day lies before she joined, or has not come yet
    :raises WrongCurrency: if the fund is kept in another currency
    """
    known = repeats.made_before(
        Claim.objects.all(), form_key=form_key, member_id=member_id, fund_id=fund_id, occasion=occasion,
        first_day=first_day, last_day=last_day, amount_claimed=amount,
    )  # fmt: skip
    if known is not None:
        return known
    member = Member.objects.get(pk=member_id)
    if member.status != Member.Status.ACTIVE:
        raise NotAMember(_("Only active members can claim."))
    assert member.joined_on is not None
    if first_day < member.joined_on or last_day > on:
        raise OutsideMembership(_("Claim for days from your joining up to today."))
    fund = Fund.objects.get(pk=fund_id, closed_on=None)
    if not fund.currency == str(amount.currency) == member.currency:
        raise WrongCurrency(_("This fund is kept in %(currency)s.") % {"currency": fund.currency})
    claim = Claim.objects.create(
        number=next_number("C"), form_key=form_key, member=member, claimant_id=member.user_id, fund=fund,
        occasion=occasion, first_day=first_day, last_day=last_day, amount_claimed=amount, submitted_on=on,
    )  # fmt: skip
    trail.record(by=by, did="CLAIM_SUBMITTED", subject=claim.number)
    return claim


@transaction.atomic(durable=True)
def withdraw(*, claim_id: int, by: int, on: dt.date) -> Claim:
    """Take one's own claim back, also when money is set aside: it returns to the fund. Again is harmless.

    :raises AlreadyDecided: if it was refused or paid
    """
    claim = _lock(claim_id)
    if claim.status == Claim.Status.WITHDRAWN:
        return claim
    if claim.status not in Claim.OPEN:
        raise _decided(claim)
    if claim.status == Claim.Status.APPROVED:
        instalments.release(claim, by=by, on=on)
    claim.status = Claim.Status.WITHDRAWN
    claim.save(update_fields=["status"])
    trail.record(by=by, did="CLAIM_WITHDRAWN", subject=claim.number)
    return claim


@transaction.atomic(durable=True)
def refuse(*, claim_id: int, reason: str, by: int, on: dt.date) -> Claim:
    """Refuse a claim, with a reason the member reads. Again is harmless.

    :raises AlreadyDecided: if it is approved, paid or withdrawn
    :raises OwnClaim: if it is the officer's own
    """
    claim = _lock(claim_id)
    _not_own(claim, by)
    if claim.status == Claim.Status.REFUSED:
        return claim
    if claim.status not in (Claim.Status.SUBMITTED, Claim.Status.PROPOSED):
        raise _decided(claim)
    claim.status = Claim.Status.REFUSED
    claim.reason = reason
    claim.decided_by_id = by
    claim.decided_on = on
    claim.amount_approved = None
    claim.save()
    trail.record(by=by, did="CLAIM_REFUSED", subject=claim.number, detail={"reason": reason})
    _tell(claim, "refused")
    return claim


@transaction.atomic(durable=True)
def propose(*, claim_id: int, amount: Money, by: int, on: dt.date) -> Claim:
    """Approve a claim as the first officer, wholly or in part; a second one must confirm the same amount.

    :raises AlreadyDecided: if it is no longer submitted
    :raises MoreThanClaimed: if the amount is above what was claimed
    :raises OwnClaim: if it is the officer's own
    """
    claim = _lock(claim_id)
    _not_own(claim, by)
    if claim.status == Claim.Status.PROPOSED and claim.proposed_by_id == by and claim.amount_approved == amount:
        return claim
    if claim.status != Claim.Status.SUBMITTED:
        raise _decided(claim)
    if amount > claim.amount_claimed or amount.amount <= 0:
        claimed = formats.money(claim.amount_claimed)
        raise MoreThanClaimed(_("Only %(claimed)s was claimed.") % {"claimed": claimed})
    claim.status = Claim.Status.PROPOSED
    claim.amount_approved = amount
    claim.proposed_by_id = by
    claim.proposed_on = on
    claim.save()
    trail.record(by=by, did="CLAIM_PROPOSED", subject=claim.number, detail={"minor": minor(amount)})
    return claim


@transaction.atomic(durable=True)
def approve(*, claim_id: int, by: int, on: dt.date) -> Claim:
    """Approve a claim as the second officer: money is set aside now, not when it is paid, so that two approvals can
    never promise the same. A fund that guarantees its benefits sets aside the whole; any other what it has (F11).
    Again is harmless.

    :raises AlreadyDecided: if no first officer has approved it, or it is decided
    :raises SameOfficer: if the first officer tries
    :raises OwnClaim: if it is the officer's own
    :raises FundExhausted: if the fund guarantees its benefits and holds less above its floor
    """
    claim = _lock(claim_id)
    _not_own(claim, by)
    if claim.status == Claim.Status.APPROVED and claim.decided_by_id == by:
        return claim
    if claim.status != Claim.Status.PROPOSED:
        raise _decided(claim)
    if claim.proposed_by_id == by:
        raise SameOfficer(_("Another officer must confirm what you approved."))
    assert claim.amount_approved is not None
    try:
        instalments.set_aside(
            claim, amount=claim.amount_approved, first_day=claim.first_day, last_day=claim.last_day,
            days=None, by=by, on=on,
        )  # fmt: skip
    except instalments.FundShort as error:
        raise FundExhausted(str(error), error.over_by) from error
    claim.status = Claim.Status.APPROVED
    claim.decided_by_id = by
    claim.decided_on = on
    claim.save()
    trail.record(by=by, did="CLAIM_APPROVED", subject=claim.number)
    _tell(claim, "approved")
    return claim


@transaction.atomic(durable=True)
def send_back(*, claim_id: int, by: int) -> Claim:
    """Undo the first officer's approval, as the second or the first: the claim waits again. Again is harmless.

    :raises AlreadyDecided: if it is decided
    """
    claim = _lock(claim_id)
    _not_own(claim, by)
    if claim.status == Claim.Status.SUBMITTED:
        return claim
    if claim.status != Claim.Status.PROPOSED:
        raise _decided(claim)
    claim.status = Claim.Status.SUBMITTED
    claim.amount_approved = None
    claim.proposed_by = None
    claim.proposed_on = None
    claim.save()
    trail.record(by=by, did="CLAIM_SENT_BACK", subject=claim.number)
    return claim


def room_in(fund: Fund) -> Money:
    """What the fund holds above its floor, beside what is set aside."""
    return setting_aside.room(fund)


def _lock(claim_id: int) -> Claim:
    return (
        Claim.objects.select_for_update(of=("self",))
        .select_related("member", "fund__account__currency")
        .get(pk=claim_id)
    )


def _not_own(claim: Claim, by: int) -> None:
    if claim.member.user_id == by:
        raise OwnClaim(_("Other officers decide about your own claim."))


def _decided(claim: Claim) -> AlreadyDecided:
    return AlreadyDecided(
        _("%(claim)s is in the state “%(state)s”; that cannot be done now.")
        % {"claim": claim.number, "state": claim.get_status_display()}
    )


def _tell(claim: Claim, event: str) -> None:
    letters.send(
        key=f"claim/{claim.number}/{event}/{claim.decided_on}",
        to=claim.member.email,
        template=f"emails/claim_{event}",
        context={"claim": claim, "member": claim.member},
        language=claim.member.language,
        reader=claim.member.user_id,
    )

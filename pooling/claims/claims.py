"""Claims: submitted, withdrawn, refused with a reason, approved by two officers. Pay runs pay them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from members.governance import figures
from members.models import Member
from members.numbers import next_number
from mutual import formats, repeats
from mutual.jobs import queue
from mutual.mail import letters
from mutual.money import Money
from mutual.trail import trail
from mutual.uploads import Accepted
from mutual.vault import vault
from pooling import setting_aside
from pooling.benefits.engine import Entitlement
from pooling.benefits.facts import NOTHING, ComesIn
from pooling.claims import desk_rules, entitlements, evidence, instalments, schedule, separation
from pooling.claims.models import Certificate, Claim
from pooling.models import Fund

LEAST_WORDS = 20
"""The shortest reason for deciding otherwise than the rules."""


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


class TooClose(ClaimRefused):
    """The officer and the claimant share a circle, a client or a trade (F14)."""


class JuryGranted(ClaimRefused):
    """A jury granted the claim: it cannot be refused again."""


class RulesPayNothing(ClaimRefused):
    """The fund's rules pay nothing; who wants officers to look at it all the same says how much she asks for."""


class MustFollowRules(ClaimRefused):
    """The fund's promise leaves officers no choice but its rules."""


class SaysNotWhy(ClaimRefused):
    """Who decides otherwise than the rules says why, in words the member reads."""


class TooManyFiles(ClaimRefused):
    """A claim holds only so much."""


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
    amount: Money | None,
    form_key: str,
    by: int,
    on: dt.date,
    words: str = "",
    incapacity: int = 100,
    ongoing: bool = False,
    evidence_kind: str = "",
    files: Sequence[Accepted] = (),
    comes_in: ComesIn = NOTHING,
    count: int = 1,
) -> Claim:
    """Ask a fund for a benefit. The same form sent twice is one claim.

    :param amount: how much; where the fund has rules, they say it, and it counts only where they pay nothing
    :param incapacity: in percent, as certified
    :param ongoing: whether it goes on after the last day, which may then be one to come: as far as is certified
    :param words: what happened, in her own words: they go into the vault and nowhere else
    :param comes_in: what still comes in; only what the fund's rules go by is kept
    :param count: how many children a birth is for; it counts only where the fund's rules pay for each
    :param files: what supports it, of one kind (:class:`Evidence.Kind`); into the vault as well

    :raises NotAMember: if she is not an active member
    :raises OutsideMembership: if a day lies before she joined, or has not come yet
    :raises WrongCurrency: if the fund is kept in another currency
    :raises TooManyFiles: if there is more than a claim may hold
    :raises RulesPayNothing: if they pay nothing, and no amount is given
    """
    asked = entitlements.asked(member_id=member_id, fund_id=fund_id, occasion=occasion, on=first_day)
    comes_in = ComesIn(**{name: getattr(comes_in, name) for name in asked.comes_in})
    count = count if asked.children else 1
    said = {} if amount is None else {"amount_claimed": amount}
    known = repeats.made_before(
        Claim.objects.all(), form_key=form_key, member_id=member_id, fund_id=fund_id, occasion=occasion,
        first_day=first_day, count=count, **vars(comes_in), **said,
    )  # fmt: skip
    if known is not None:
        return known
    member = Member.objects.get(pk=member_id)
    if member.status != Member.Status.ACTIVE:
        raise NotAMember(_("Only active members can claim."))
    assert member.joined_on is not None
    ahead = figures.value("claims.ahead_days", on)
    if first_day < member.joined_on or first_day > on or last_day > on + dt.timedelta(days=ahead if ongoing else 0):
        raise OutsideMembership(_("Claim for days from your joining up to today."))
    fund = Fund.objects.get(pk=fund_id, closed_on=None)
    found = entitlements.preview(
        member_id=member_id, fund_id=fund_id, occasion=occasion, first_day=first_day, last_day=last_day,
        incapacity=incapacity, reported_on=on, comes_in=comes_in, count=count,
    )  # fmt: skip
    if found is not None and found.amount:
        amount = entitlements.amount(found)
    if amount is None:
        raise RulesPayNothing(_("The fund's rules pay nothing here. Say how much you ask for, if officers shall look."))
    if not fund.currency == str(amount.currency) == member.currency:
        raise WrongCurrency(_("This fund is kept in %(currency)s.") % {"currency": fund.currency})
    claim = Claim.objects.create(
        number=next_number("C"), form_key=form_key, member=member, claimant_id=member.user_id, fund=fund,
        occasion=occasion, first_day=first_day, last_day=last_day, amount_claimed=amount, submitted_on=on,
        ongoing=ongoing and found is not None, count=count, **vars(comes_in),
    )  # fmt: skip
    if found is not None:
        Certificate.objects.create(
            claim=claim, from_on=first_day, until_on=last_day, incapacity=incapacity, form_key=f"{form_key}/1"[-64:],
            handed_in_on=on,
        )  # fmt: skip
    evidence.seal_body(claim, words=words, on=on)
    try:
        evidence.seal_files(claim, kind=evidence_kind, files=files, on=on)
    except evidence.TooMuch as refused:
        raise TooManyFiles(str(refused)) from refused
    _note(claim, "CLAIM_SUBMITTED", by)
    _tell(claim, "submitted")
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
    _note(claim, "CLAIM_WITHDRAWN", by)
    return claim


@transaction.atomic(durable=True)
def refuse(*, claim_id: int, reason: str, by: int, on: dt.date, deviation: str = "") -> Claim:
    """Refuse a claim, with a reason the member reads. Again is harmless.

    Where the fund has rules, they must refuse it too, unless evidence is missing or the claim is unclear.

    :raises MustFollowRules: if the rules grant it, and the fund's promise leaves no choice
    :raises SaysNotWhy: if the rules grant it, and the reason is missing

    :raises AlreadyDecided: if it is approved, paid or withdrawn
    :raises OwnClaim: if it is the officer's own
    :raises TooClose: if the officer is close to the claimant
    :raises JuryGranted: if a jury granted it
    """
    claim = _lock(claim_id)
    _may_decide(claim, by, on)
    if claim.status == Claim.Status.REFUSED:
        return claim
    if claim.jury_granted:
        raise JuryGranted(_("A jury of members granted this claim: settle the amount."))
    if claim.status not in (Claim.Status.SUBMITTED, Claim.Status.PROPOSED):
        raise _decided(claim)
    found = _ruled(claim)
    if found is not None and found.amount and reason not in (Claim.Reason.UNCLEAR, Claim.Reason.EVIDENCE):
        claim.deviates = True
        _deviate(claim, entitlements.amount(found), deviation, on)
    claim.status = Claim.Status.REFUSED
    claim.reason = reason
    claim.decided_by_id = by
    claim.decided_on = on
    claim.amount_approved = None
    claim.decisions += 1
    claim.save()
    trail.record(by=by, did="CLAIM_REFUSED", subject=claim.number, detail={"reason": reason})
    _print(claim)
    _tell(claim, "refused")
    return claim


@transaction.atomic(durable=True)
def propose(*, claim_id: int, amount: Money, by: int, on: dt.date, deviation: str = "") -> Claim:
    """Approve a claim as the first officer, wholly or in part. Above the threshold of the desk's rules a second one
    must confirm the same amount; up to it, this is the decision.

    :param deviation: why it is another amount than the fund's rules say; sealed, and read by the member
    :raises MustFollowRules: if the amount is not what the rules say, and the fund's promise leaves no choice
    :raises SaysNotWhy: if it is not what the rules say, and the reason is missing
    :raises AlreadyDecided: if it is no longer submitted
    :raises MoreThanClaimed: if the amount is above what was claimed
    :raises OwnClaim: if it is the officer's own
    :raises TooClose: if the officer is close to the claimant
    :raises FundExhausted: as for :func:`approve`, where no second officer is needed
    """
    claim = _lock(claim_id)
    _may_decide(claim, by, on)
    decided = (Claim.Status.PROPOSED, Claim.Status.APPROVED)
    if claim.status in decided and claim.proposed_by_id == by and claim.amount_approved == amount:
        return claim
    if claim.status != Claim.Status.SUBMITTED:
        raise _decided(claim)
    found = _ruled(claim)
    if found is not None:
        claim.amount_claimed = max(claim.amount_claimed, entitlements.amount(found))
        claim.deviates = amount != entitlements.amount(found)
        if claim.deviates:
            _deviate(claim, entitlements.amount(found), deviation, on)
    if amount > claim.amount_claimed or amount.amount <= 0:
        claimed = formats.money(claim.amount_claimed)
        raise MoreThanClaimed(_("Only %(claimed)s was claimed.") % {"claimed": claimed})
    claim.status = Claim.Status.PROPOSED
    claim.amount_approved = amount
    claim.proposed_by_id = by
    claim.proposed_on = on
    claim.needs_two = desk_rules.needs_two(amount, on)
    claim.save()
    trail.record(by=by, did="CLAIM_PROPOSED", subject=claim.number, detail=trail.amount(amount))
    if not claim.needs_two:
        _approve(claim, by=by, on=on)
    return claim


@transaction.atomic(durable=True)
def approve(*, claim_id: int, by: int, on: dt.date) -> Claim:
    """Approve a claim as the second officer: money is set aside now, not when it is paid, so that two approvals can
    never promise the same. A fund that guarantees its benefits sets aside the whole; any other what it has (F11).
    Again is harmless.

    :raises AlreadyDecided: if no first officer has approved it, or it is decided
    :raises SameOfficer: if the first officer tries
    :raises OwnClaim: if it is the officer's own
    :raises TooClose: if the officer is close to the claimant
    :raises FundExhausted: if the fund guarantees its benefits and holds less above its floor
    """
    claim = _lock(claim_id)
    _may_decide(claim, by, on)
    if claim.status == Claim.Status.APPROVED and claim.decided_by_id == by:
        return claim
    if claim.status != Claim.Status.PROPOSED:
        raise _decided(claim)
    if claim.proposed_by_id == by:
        raise SameOfficer(_("Another officer must confirm what you approved."))
    _approve(claim, by=by, on=on)
    return claim


def _ruled(claim: Claim) -> Entitlement | None:
    """What the fund's rules say now, kept with the claim; None where it has none."""
    found = entitlements.of(claim)
    claim.ruled = None if found is None else entitlements.written(found, claim.member.language)
    return found


def _deviate(claim: Claim, ruled: Money, why: str, on: dt.date) -> None:
    """Let officers decide otherwise than the rules, where the promise allows it, and seal why."""
    free = claim.fund.promise in (Fund.Promise.DISCRETIONARY, Fund.Promise.GIFT)
    if not (free or claim.jury_granted):
        raise MustFollowRules(
            _("The fund's rules say %(amount)s, and its promise leaves no choice.") % {"amount": formats.money(ruled)}
        )
    if len(why.strip()) < LEAST_WORDS:
        raise SaysNotWhy(_("Say why you decide otherwise than the rules, in a sentence that the member reads."))
    vault.open_vault(claim.vault, on=on)
    number = sum(place.startswith(evidence.DEVIATION) for place in vault.places(claim.vault)) + 1
    vault.seal(subject=claim.vault, place=f"{evidence.DEVIATION}/{number}", content=why.strip().encode())


def _approve(claim: Claim, *, by: int, on: dt.date) -> None:
    assert claim.amount_approved is not None
    claim.decided_by_id = by
    claim.decided_on = on
    claim.decisions += 1
    _print(claim)
    if claim.ruled is not None and claim.ruled["monthly"] and not claim.deviates:
        try:
            schedule.start(claim, by=by, on=on)
        except schedule.FundShort as error:
            raise FundExhausted(str(error), error.over_by) from error
        trail.record(by=by, did="CLAIM_APPROVED", subject=claim.number, detail={"alone": not claim.needs_two})
        _tell(claim, "approved")
        return
    try:
        instalments.set_aside(
            claim, amount=claim.amount_approved, first_day=claim.first_day, last_day=claim.last_day,
            days=None, by=by, on=on,
        )  # fmt: skip
    except instalments.FundShort as error:
        raise FundExhausted(str(error), error.over_by) from error
    claim.status = Claim.Status.APPROVED
    claim.save()
    trail.record(by=by, did="CLAIM_APPROVED", subject=claim.number, detail={"alone": not claim.needs_two})
    _tell(claim, "approved")


def _print(claim: Claim) -> None:
    queue.after_commit("pooling.claims.papers.print_decision", claim_id=claim.pk, number=claim.decisions)


@transaction.atomic(durable=True)
def send_back(*, claim_id: int, by: int, on: dt.date) -> Claim:
    """Undo the first officer's approval, as the second or the first: the claim waits again. Again is harmless.

    :raises AlreadyDecided: if it is decided
    :raises OwnClaim: if it is the officer's own
    :raises TooClose: if the officer is close to the claimant
    """
    claim = _lock(claim_id)
    _may_decide(claim, by, on)
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


@transaction.atomic(durable=True)
def note_attempt(*, claim_id: int, answer: str, by: int) -> None:
    """Remember that somebody tried to decide who may not (R-F6)."""
    number = Claim.objects.values_list("number", flat=True).get(pk=claim_id)
    trail.record(by=by, did="CLAIM_DECISION_BARRED", subject=number, detail={"answer": answer[:20]})


def _note(claim: Claim, did: str, by: int) -> None:
    """Write down what a claim's owner did: without her, for the log is read by people who need not know who is ill."""
    own = claim.member.user_id == by
    trail.record(by=None if own else by, did=did, subject=claim.number, detail={"by": "claimant"} if own else {})


def _may_decide(claim: Claim, by: int, on: dt.date) -> None:
    try:
        separation.may_decide(claim=claim, by=by, on=on)
    except separation.OwnClaim as refused:
        raise OwnClaim(str(refused)) from refused
    except separation.TooClose as refused:
        raise TooClose(str(refused)) from refused


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

"""Income bands: each member says which band is hers; a few, drawn by lot, show it to a reviewer (B3).

Kept are the band and the day it expires, never an income. Who is asked follows from a published seed: anybody who has
the list of numbers can draw again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from members.governance import figures
from members.models import Member
from mutual.mail import letters
from mutual.periods import add_months
from mutual.trail import trail
from pooling import placing
from pooling.easing.models import Check, Draw
from pooling.models import DuesPlan, PlanMember, PlanVersion, Rate


class BandRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class NoBands(BandRefused):
    """The member's plan has no bands."""


class BeingAsked(BandRefused):
    """She was drawn and has not shown her band yet."""


class NobodyToAsk(BandRefused):
    """Nobody on the plan has said a band."""


class NotHers(BandRefused):
    """Nobody reviews herself."""


def of_member(member_id: int, on: dt.date) -> tuple[PlanMember, list[Rate]] | None:
    """The newest stay of a member on a plan with bands, and the bands; None where her plan has none."""
    stay = PlanMember.objects.select_related("plan").filter(member_id=member_id, until=None).first()
    if stay is None or stay.plan.basis != DuesPlan.Basis.BAND:
        return None
    version = PlanVersion.objects.filter(plan=stay.plan, valid_from__lte=on).order_by("-valid_from").first()
    return stay, list(version.rates.order_by("place")) if version is not None else []


@transaction.atomic(durable=True)
def declare(*, member_id: int, place: int, by: int, on: dt.date) -> PlanMember:
    """A member says which band is hers, from the next period on for a year. Again is harmless.

    :raises NoBands: if her plan has none, or not this one
    :raises BeingAsked: if she was drawn and has not shown her band yet
    """
    placing.lock_member(member_id)
    found = of_member(member_id, on)
    if found is None or place not in {rate.place for rate in found[1]}:
        raise NoBands(_("Your plan has no such band."))
    if Check.objects.filter(member_id=member_id, state=Check.State.ASKED).exists():
        raise BeingAsked(_("You were drawn to show your band; answer that first."))
    before = found[0].pk, found[0].place, found[0].place_until
    stay = _from_next_period(found[0], place, on)
    if before != (stay.pk, stay.place, stay.place_until):
        trail.record(by=by, did="BAND_DECLARED", subject=stay.member.number)
    return stay


def _from_next_period(stay: PlanMember, place: int | None, on: dt.date) -> PlanMember:
    start = stay.plan.period_of(on).end
    until = None if place is None else add_months(start, figures.value("dues.band_months", on))
    if stay.since >= start:
        stay.place, stay.place_until = place, until
        stay.save(update_fields=["place", "place_until"])
        return stay
    stay.until = start
    stay.save(update_fields=["until"])
    return PlanMember.objects.create(
        member_id=stay.member_id, plan_id=stay.plan_id, since=start, place=place, place_until=until
    )


def lot(numbers: Sequence[str], *, seed: str, percent: int) -> list[str]:
    """Whom a seed draws: sorted by SHA-256 of ``seed/number``, the first so many in a hundred, rounded up."""
    count = -(-len(numbers) * percent // 100)
    return sorted(numbers, key=lambda number: hashlib.sha256(f"{seed}/{number}".encode()).hexdigest())[:count]


@transaction.atomic(durable=True)
def draw(*, plan_id: int, seed: str, by: int, on: dt.date) -> Draw:
    """Draw who shows her band to a reviewer, as many of a hundred as officers decided, and write to them.

    The same seed again is the same draw.

    :raises NobodyToAsk: if nobody on the plan has said a band
    """
    plan = DuesPlan.objects.select_for_update().get(pk=plan_id)
    known = Draw.objects.filter(plan=plan, seed=seed).first()
    if known is not None:
        return known
    stays = PlanMember.objects.select_related("member").filter(
        plan=plan, until=None, place__isnull=False, member__status=Member.Status.ACTIVE
    )
    people = {stay.member.number: stay for stay in stays}
    numbers = sorted(people)
    if not numbers:
        raise NobodyToAsk(_("Nobody on this plan has said a band."))
    percent = figures.value("dues.band_proofs", on)
    made = Draw.objects.create(
        plan=plan, seed=seed, percent=percent, drawn_on=on, drawn_by=by, people=len(numbers),
        list_digest=hashlib.sha256("\n".join(numbers).encode()).hexdigest(),
    )  # fmt: skip
    for number in lot(numbers, seed=seed, percent=percent):
        stay = people[number]
        assert stay.place is not None
        check = Check.objects.create(draw=made, member=stay.member, place=stay.place, code=secrets.token_hex(4).upper())
        letters.send(
            key=f"band/{made.pk}/{number}/asked", to=stay.member.email, template="emails/band_asked",
            context={"member": stay.member, "check": check, "draw": made}, language=stay.member.language,
            reader=stay.member.user_id,
        )  # fmt: skip
    trail.record(by=by, did="BANDS_DRAWN", subject=f"plan-{plan.slug}", detail={"people": len(numbers)})
    return made


@transaction.atomic(durable=True)
def answer(*, code: str, confirmed: bool, by: int, on: dt.date) -> Check:
    """The reviewer has seen the proof and says whether the band is right; nothing of the proof is kept.

    Where it is not, the standard rate holds from the next period. The same answer again is harmless.

    :raises NotHers: if the reviewer was drawn herself
    :raises BandRefused: if it was answered otherwise before
    """
    check = Check.objects.select_for_update(of=("self",)).select_related("member", "draw").get(code=code)
    state = Check.State.CONFIRMED if confirmed else Check.State.NOT_CONFIRMED
    if check.member.user_id == by:
        raise NotHers(_("Another reviewer must look at your own band."))
    if check.state != Check.State.ASKED:
        if check.state == state:
            return check
        raise BandRefused(_("This was answered before."))
    check.state, check.answered_by_id, check.answered_on = state, by, on
    check.save(update_fields=["state", "answered_by", "answered_on"])
    stay = PlanMember.objects.select_related("plan").filter(
        member_id=check.member_id, plan_id=check.draw.plan_id, until=None
    )
    held = stay.first()
    if not confirmed and held is not None:
        _from_next_period(held, None, on)
    trail.record(by=by, did=f"BAND_{state}", subject=check.code)
    return check

"""Who may decide a claim (F14): not the claimant, not her circle, not those she traded with of late."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.utils.translation import gettext as _

from members.governance import figures
from members.models import Member
from mutual import rooms
from mutual.periods import add_months
from pooling.claims.models import Claim

LEAST = 5
"""Fewer people than this would be recognised by what one shares with them."""


class SeparationRefused(Exception):
    """Somebody else decides; the message says why, in a sentence that says nothing about the claimant."""


class OwnClaim(SeparationRefused):
    """Nobody decides her own claim."""


class TooClose(SeparationRefused):
    """The officer belongs to the claimant's circle, or traded with her within the time that officers decided."""


def may_decide(*, claim: Claim, by: int, on: dt.date) -> None:
    """Pass where this person may decide, open or re-read the claim.

    :raises OwnClaim: if it is her own
    :raises TooClose: if she is too close to the claimant
    """
    if claim.member.user_id == by:
        raise OwnClaim(_("Other officers decide about your own claim."))
    if by in claim.decided_before:
        raise TooClose(_("You decided this claim before its appeal: another officer decides now."))
    officer = Member.objects.filter(user_id=by).values_list("pk", flat=True).first()
    if officer is not None and officer in close_to(claim.member_id, on=on):
        raise TooClose(_too_close())


def close_to(member_id: int, *, on: dt.date) -> set[int]:
    """The ids of members who neither decide about this one nor sit on her jury."""
    since = add_months(on, -figures.value("claims.apart_months", on))
    return {relation.member_id for relation in rooms.relations(member_id=member_id, since=since)}


def obstacles(claims: Iterable[Claim], *, by: int, on: dt.date) -> dict[int, str]:
    """Why this officer may not decide claims, by their ids, before she tries; those she may decide are left out.

    What she shares with the claimant is named where it is shared with five at least: a desk of claims and "your only
    partner in trade" together would say who is ill.
    """
    officer = Member.objects.filter(user_id=by).values_list("pk", flat=True).first()
    kinds: dict[int, str] = {}
    if officer is not None:
        since = add_months(on, -figures.value("claims.apart_months", on))
        for relation in rooms.relations(member_id=officer, since=since):
            kinds.setdefault(relation.member_id, relation.kind)
    found = {}
    for claim in claims:
        if claim.member_id == officer:
            found[claim.pk] = _("Your own claim: other officers decide.")
        elif by in claim.decided_before:
            found[claim.pk] = _("You decided it before its appeal.")
        elif kind := kinds.get(claim.member_id):
            many = sum(other == kind for other in kinds.values()) >= LEAST
            found[claim.pk] = _shared(kind) if many else _too_close()
        elif claim.status == Claim.Status.PROPOSED and claim.proposed_by_id == by:
            found[claim.pk] = _("You approved it first: another officer confirms.")
    return found


def _too_close() -> str:
    return _("You and the claimant share a circle, a client or a trade: another officer decides.")


def _shared(kind: str) -> str:
    return {
        "circle": _("The claimant is of your circle: another officer decides."),
        "trade": _("You traded with the claimant of late: another officer decides."),
        "client": _("You and the claimant work for the same client: another officer decides."),
    }[kind]

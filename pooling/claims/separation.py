"""Who may decide a claim (F14): not the claimant, not her circle, not those she traded with of late."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from members.models import Member
from mutual import rooms
from mutual.periods import add_months
from pooling.claims.models import Claim

MONTHS = 24
"""How long a trade is remembered."""


class SeparationRefused(Exception):
    """Somebody else decides; the message says why, in a sentence that says nothing about the claimant."""


class OwnClaim(SeparationRefused):
    """Nobody decides her own claim."""


class TooClose(SeparationRefused):
    """The officer belongs to the claimant's circle, or traded with her in the last 24 months."""


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
        raise TooClose(_("You and the claimant share a circle, a client or a trade: another officer decides."))


def close_to(member_id: int, *, on: dt.date) -> set[int]:
    """The ids of members who neither decide about this one nor sit on her jury."""
    since = add_months(on, -MONTHS)
    return {relation.member_id for relation in rooms.relations(member_id=member_id, since=since)}

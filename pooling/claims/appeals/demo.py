"""How appeals live the demonstration: a claim refused last month, and members drawn by lot who are about to answer."""

from __future__ import annotations

import datetime as dt

from mutual import rooms
from mutual.periods import Period, add_months, month
from pooling.claims import claims
from pooling.claims.appeals import appeals
from pooling.claims.appeals.models import Appeal, Juror
from pooling.claims.models import Claim
from pooling.models import Fund

_KEY = "demo-appealed"


def live(story: rooms.Story, period: Period) -> None:
    """Refuse one claim in the month before the last; let its claimant appeal in the last."""
    if month(period.start) == month(add_months(story.today, -1)):
        _refuse(story, period)
    elif month(period.start) == month(story.today):
        _appeal(story, period)


def _refuse(story: rooms.Story, period: Period) -> None:
    actor = next(iter(story.present(period.start - dt.timedelta(days=200))[24:]), None)
    if actor is None or actor.member_id is None:
        return  # a cooperative too young for it
    claim = claims.submit(
        member_id=actor.member_id, fund_id=Fund.objects.get(slug="sickness").pk, occasion="ILLNESS",
        first_day=period.start + dt.timedelta(days=5), last_day=period.start + dt.timedelta(days=18), amount=None,
        form_key=_KEY, by=actor.user_id, on=period.start + dt.timedelta(days=20),
        words="Influenza, then two weeks in bed. The certificate follows.",
    )  # fmt: skip
    claims.refuse(
        claim_id=claim.pk, reason=Claim.Reason.EVIDENCE, by=story.claims_officers[1].user_id, on=period.last_day
    )


def _appeal(story: rooms.Story, period: Period) -> None:
    claim = Claim.objects.filter(form_key=_KEY).select_related("member").first()
    if claim is None or claim.member.user_id is None:
        return
    by, on = claim.member.user_id, max(period.start, period.last_day - dt.timedelta(days=3))
    appeal = appeals.begin(claim_id=claim.pk, by=by, on=on)
    appeals.file(
        appeal_id=appeal.pk, grounds=Appeal.Grounds.EVIDENCE, share="snow in October", by=by, on=on,
        words="The certificate was in the letter of the twentieth; I have the receipt of the post office.",
    )  # fmt: skip
    for juror, vote in zip(appeal.jurors.order_by("place"), (Juror.Vote.GRANT, Juror.Vote.UPHOLD), strict=False):
        user = juror.member.user_id
        assert user is not None
        appeals.answer(appeal_id=appeal.pk, vote=vote, by=user, on=period.last_day)

"""What a juror sees of a claim: bands, rules and reasons; nothing that says who it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from mutual import formats
from mutual.periods import quarter
from pooling.claims import bands
from pooling.claims.appeals import appeals, draw
from pooling.claims.appeals.models import Appeal, Juror
from pooling.claims.models import Evidence


@dataclass(frozen=True)
class Banded:
    """A claim in bands."""

    fund: str
    promise: str
    occasion: str
    when: str
    how_long: str
    claimed: str
    granted: str
    reason: str
    grounds: str
    evidence: tuple[str, ...]


def banded(appeal: Appeal) -> Banded:
    """The facts of an appeal as its jurors see them."""
    claim = appeal.claim
    days = (claim.last_day - claim.first_day).days + 1
    kinds = sorted({Evidence.Kind(kind).label for kind in claim.evidence.values_list("kind", flat=True)}, key=str)
    return Banded(
        fund=claim.fund.name,
        promise=claim.fund.promise_sentence,
        occasion=claim.get_occasion_display(),
        when=formats.period(quarter(claim.first_day)),
        how_long=bands.of_days(days),
        claimed=bands.of_amount(claim.amount_claimed),
        granted=bands.of_amount(claim.amount_approved) if claim.amount_approved is not None else _("nothing"),
        reason=claim.get_reason_display() if claim.reason else _("Less was granted than claimed."),
        grounds=appeal.get_grounds_display(),
        evidence=tuple(map(str, kinds)),
    )


def for_claimant(appeal: Appeal) -> dict[str, Any]:
    """What the claimant sees: how the draw went, who has answered (not what, and not who)."""
    seats = list(appeal.jurors.filter(replaced_on=None))
    filed = appeal.state != Appeal.State.OPENED and bool(appeal.share)
    return {
        "appeal": appeal,
        "claim": appeal.claim,
        "last": appeals.until(appeal.claim),
        "facts": banded(appeal),
        "filed": filed,
        "seed": draw.seed(number=appeal.number, nonce=appeal.nonce, share=appeal.share) if filed else "",
        "pool": len(appeal.pool),
        "seats": len(seats),
        "answered": sum(bool(juror.vote) for juror in seats),
    }


def sat(member_id: int) -> list[Juror]:
    """Where a member sits or sat, newest first."""
    return list(Juror.objects.select_related("appeal").filter(member_id=member_id).order_by("-id")[:50])

"""What a jury's word does to a claim: it goes back to the desk, to other officers, who may not refuse it again."""

from __future__ import annotations

import datetime as dt

from members.numbers import next_number
from mutual.trail import trail
from mutual.vault import vault
from pooling.claims.models import Claim


def grant(claim: Claim, *, appeal: str, on: dt.date) -> Claim:
    """Take a claim up again that a jury granted; in the deciding transaction. What was refused goes back to the desk;
    what was cut becomes a claim of its own for the rest. The officers who decided do not decide again."""
    before = [pk for pk in (claim.proposed_by_id, claim.decided_by_id) if pk is not None]
    if claim.status == Claim.Status.REFUSED:
        claim.status, claim.reason, claim.amount_approved = Claim.Status.SUBMITTED, "", None
        claim.proposed_by = claim.proposed_on = claim.decided_by = claim.decided_on = None
        claim.jury_granted, claim.decided_before = True, before
        claim.save()
        return claim
    assert claim.amount_approved is not None
    rest = Claim.objects.create(
        number=next_number("C"), form_key=f"appeal-{appeal}", member=claim.member, claimant_id=claim.claimant_id,
        fund=claim.fund, occasion=claim.occasion, first_day=claim.first_day, last_day=claim.last_day,
        amount_claimed=claim.amount_claimed - claim.amount_approved, submitted_on=on, follows=claim,
        jury_granted=True, decided_before=before, other_cover=claim.other_cover,
        continuing_income=claim.continuing_income, state_benefit=claim.state_benefit, cost=claim.cost,
        count=claim.count,
    )  # fmt: skip
    vault.open_vault(rest.vault, on=on)
    trail.record(by=None, did="CLAIM_SUBMITTED", subject=rest.number, detail={"by": "jury", "appeal": appeal})
    return rest

"""Paid claims read again for quality (C7): drawn from a seed after the month is over, read by another officer.

The seed is the chained hash of the cooperative's book for the last sealed day of the month (``mutual.ledger.seals``):
it was not known while claims were decided, and anybody can look it up and repeat the draw.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext as _

from mutual.ledger import chart, seals
from mutual.periods import Period
from mutual.trail import trail
from pooling.claims import desk_rules, separation
from pooling.claims.models import Claim, Sample


class SamplingRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class MayNotRead(SamplingRefused):
    """Who decided a claim, or is close to the claimant, does not read it again."""


class AlreadyRead(SamplingRefused):
    """Somebody read it again already."""


def choose(*, seed: str, numbers: Collection[str], percent: int) -> list[str]:
    """So many percent of the claims, rounded up, by the lots that the seed gives them (pure)."""
    count = -(-len(numbers) * percent // 100)
    return sorted(numbers, key=lambda number: (hashlib.sha256(f"{seed}|{number}".encode()).hexdigest(), number))[:count]


@transaction.atomic(durable=True)
def draw(*, period: Period, on: dt.date) -> int:
    """Draw from the claims paid in a month that is over; returns how many are to be read. Again is harmless."""
    assert period.end <= on, "A month is drawn from when it is over."
    seed = seals.chain_at(chart.COOP, before=period.end)
    if seed is None or Sample.objects.filter(period=period.label).exists():
        return 0
    numbers = list(
        Claim.objects.filter(status=Claim.Status.PAID, paid_on__gte=period.start, paid_on__lt=period.end)
        .exclude(sample__isnull=False)
        .values_list("number", flat=True)
    )
    chosen = choose(seed=seed, numbers=numbers, percent=desk_rules.on(period.last_day).sample_percent)
    ids = dict(Claim.objects.filter(number__in=chosen).values_list("number", "pk"))
    Sample.objects.bulk_create(
        Sample(claim_id=ids[number], period=period.label, seed=seed, drawn_on=on) for number in chosen
    )
    if numbers:
        trail.record(by=None, did="CLAIMS_SAMPLED", subject=period.label,
                     detail={"seed": seed, "of": len(numbers), "drawn": len(chosen)})  # fmt: skip
    return len(chosen)


@transaction.atomic(durable=True)
def record(*, sample_id: int, verdict: str, by: int, on: dt.date) -> Sample:
    """Say what reading a claim again showed, as an officer who did not decide it. Again the same is harmless.

    :raises MayNotRead: if the officer decided it, or is close to the claimant
    :raises AlreadyRead: if it was read by somebody else, or with another result
    """
    sample = Sample.objects.select_for_update(of=("self",)).select_related("claim__member").get(pk=sample_id)
    claim = sample.claim
    if by in (claim.proposed_by_id, claim.decided_by_id):
        raise MayNotRead(_("You decided this claim: another officer reads it again."))
    try:
        separation.may_decide(claim=claim, by=by, on=on)
    except separation.SeparationRefused as refused:
        raise MayNotRead(str(refused)) from refused
    if sample.verdict:
        if (sample.verdict, sample.read_by_id) == (verdict, by):
            return sample
        raise AlreadyRead(_("This claim was read again already."))
    sample.verdict, sample.read_by_id, sample.read_on = verdict, by, on
    sample.save()
    trail.record(by=by, did="CLAIM_READ_AGAIN", subject=claim.number, detail={"verdict": verdict})
    return sample

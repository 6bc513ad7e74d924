"""How long a claim's papers can be read: settled when the claim is over, open again when it is taken up again."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models.functions import Coalesce, Greatest

from mutual.periods import add_months
from mutual.vault import vault
from pooling.claims import desk_rules
from pooling.claims.models import Claim

OVER = (Claim.Status.PAID, Claim.Status.REFUSED, Claim.Status.WITHDRAWN)
_CHUNK = 500


@transaction.atomic(durable=True)
def settle(*, on: dt.date) -> int:
    """Settle for every claim that is over the day its papers become unreadable; returns how many were settled or
    unsettled. Run every day; again is harmless."""
    keep = desk_rules.on(on).keep_months
    count = 0
    for number, last in _ended(vault.unsettled("claim/")):
        vault.destroy_after(f"claim/{number}", on=add_months(last, keep))
        count += 1
    ended = {number for number, _last in _ended(vault.settled("claim/"))}
    for subject in vault.settled("claim/"):
        if subject.removeprefix("claim/") not in ended:
            vault.destroy_after(subject, on=None)
            count += 1
    return count


def _ended(subjects: list[str]) -> list[tuple[str, dt.date]]:
    numbers = [subject.removeprefix("claim/") for subject in subjects]
    found: list[tuple[str, dt.date]] = []
    for start in range(0, len(numbers), _CHUNK):
        last = Greatest(Coalesce("decided_on", "submitted_on"), Coalesce("paid_on", "submitted_on"))
        rows = Claim.objects.filter(number__in=numbers[start : start + _CHUNK], status__in=OVER).annotate(last=last)
        found.extend(rows.values_list("number", "last"))
    return found

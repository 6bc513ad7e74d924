"""What the benefit rules must know of earlier claims: when somebody was away, and what was granted for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from mutual.money import allocate_minor, minor
from mutual.periods import Period
from pooling.benefits.engine import Line, Phase
from pooling.benefits.facts import Absence
from pooling.claims.models import Claim


def absences(
    *, fund_id: int, member_ids: Sequence[int] | None = None, since: dt.date | None = None,
    until: dt.date | None = None, refused: bool = False,
) -> Iterator[Absence]:  # fmt: skip
    """Claims on a fund that were approved; see :func:`pooling.benefits.facts.absences`."""
    states = [*Claim.GOING_ON, Claim.Status.APPROVED, Claim.Status.PAID]
    found = Claim.objects.filter(fund_id=fund_id, status__in=[*states, Claim.Status.REFUSED] if refused else states)
    if member_ids is not None:
        found = found.filter(member__in=member_ids)
    if since is not None:
        found = found.filter(first_day__gte=since)
    if until is not None:
        found = found.filter(first_day__lt=until)
    for claim in found.order_by("first_day", "id").prefetch_related("certificates"):
        end = claim.last_day + dt.timedelta(1)
        yield Absence(
            member_id=claim.member_id, cause=claim.occasion, occurred_on=claim.first_day, began_on=claim.first_day,
            ended_on=end, number=claim.number, count=claim.count, rule=claim.ruled["rule"] if claim.ruled else "",
            reported_on=claim.submitted_on, lines=_lines(claim, end), phases=_phases(claim),
            other_cover=claim.other_cover, continuing_income=claim.continuing_income,
            state_benefit=claim.state_benefit, cost=claim.cost, refused=claim.status == Claim.Status.REFUSED,
        )  # fmt: skip


def phases(found: Sequence[tuple[dt.date, int]]) -> tuple[Phase, ...]:
    """The newest word for each day; nothing where she was wholly incapacitated throughout."""
    latest = dict(found)
    if set(latest.values()) <= {100}:
        return ()
    return tuple(Phase(day, latest[day]) for day in sorted(latest))


def _phases(claim: Claim) -> tuple[Phase, ...]:
    """How far she was unable to work, from when on: as the certificates that were accepted say."""
    said = [(one.from_on, one.incapacity) for one in claim.certificates.all() if one.accepted_on is not None]
    return phases(said)


def _lines(claim: Claim, end: dt.date) -> tuple[Line, ...]:
    """What was granted: as the rules reckoned it, else what was approved, by months in proportion to their days."""
    if claim.amount_approved is None:
        return ()
    if claim.ruled is not None and not claim.deviates:
        return tuple(
            Line(dt.date.fromisoformat(start), dt.date.fromisoformat(stop), days, amount)
            for start, stop, days, amount in claim.ruled["lines"]
        )
    months = [
        (max(month.start, claim.first_day), min(month.end, end)) for month in Period(claim.first_day, end).months()
    ]
    days = [(stop - start).days for start, stop in months]
    amounts = allocate_minor(minor(claim.amount_approved), days)
    return tuple(
        Line(start, stop, count, amount) for (start, stop), count, amount in zip(months, days, amounts, strict=True)
    )

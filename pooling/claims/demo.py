"""How claims live the demonstration; how long somebody is ill is drawn from real spells (tests/data)."""

from __future__ import annotations

import csv
import datetime as dt

from django.conf import settings

from mutual import rooms
from mutual.money import Money
from mutual.periods import Period, add_months, month
from pooling.claims import claims, entitlements, schedule
from pooling.claims.models import Claim
from pooling.models import Fund

_KEY = "demo-goes-on"


def _spells() -> list[tuple[int, int]]:
    """(month of the year, days of benefit) of the spells that lasted between four days and ten weeks."""
    path = settings.BASE_DIR / "tests" / "data" / "sickness-spells" / "durations.csv"
    with path.open(encoding="ascii") as file:
        rows = [(int(row["month"]), int(row["days_of_benefit"])) for row in csv.DictReader(file)]
    return [(when, days) for when, days in rows if 4 <= days <= 70]


def live(story: rooms.Story, period: Period) -> None:
    """Some fall ill, one has a child or loses a client; officers decide. Pay runs follow."""
    if period.start < dt.date(story.first_day.year, story.first_day.month, 1) + dt.timedelta(days=60):
        return
    dice = story.dice("claims", period.start)
    first, second = (actor.user_id for actor in story.claims_officers[:2])
    present = story.present(period.start - dt.timedelta(days=45))
    spells = [days for when, days in _spells() if when == period.start.month] or [10]
    current = month(period.start) == month(story.today)
    for n in range(dice.choice((1, 1, 2))):
        actor = dice.choice(present)
        assert actor.member_id is not None
        kind, slug, days = ("ILLNESS", "sickness", dice.choice(spells))
        if n == 1:
            kind, slug, days = dice.choice((("CHILD", "parents", 30), ("LOST_CLIENT", "hardship", 14)))
        fund = Fund.objects.select_related("account__currency").get(slug=slug)
        last = min(period.start + dt.timedelta(days=dice.randrange(3, 20)), period.last_day)
        claimed = Money(min(days * 24, 900), story.currency)
        claim = claims.submit(
            member_id=actor.member_id, fund_id=fund.pk, occasion=kind,
            first_day=max(last - dt.timedelta(days=days), actor.joined_on or last), last_day=last, amount=claimed,
            form_key=f"demo-{period.start:%Y-%m}-{n}", by=actor.user_id, on=last,
            words="I could not work on these days.",
        )  # fmt: skip
        if current and n == 0:
            continue
        decide(claim, first=first, second=None if current else second, on=period.last_day)

    _goes_on(story, period)


def _goes_on(story: rooms.Story, period: Period) -> None:
    """One falls ill for longer, two months ago: paid month by month, with a certificate for each."""
    first, second = (actor.user_id for actor in story.claims_officers[:2])
    start = add_months(story.today.replace(day=1), -2)
    actor = next(iter(story.present(start - dt.timedelta(days=200))[21:]), None)
    if actor is None or actor.member_id is None:
        return  # a cooperative too young for it
    if period.start == start:
        claim = claims.submit(
            member_id=actor.member_id, fund_id=Fund.objects.get(slug="sickness").pk, occasion="ILLNESS",
            first_day=start + dt.timedelta(days=7), last_day=period.last_day, amount=None, ongoing=True,
            form_key=_KEY, by=actor.user_id, on=start + dt.timedelta(days=12),
            words="A broken wrist: I cannot draw or type until it has healed.",
        )  # fmt: skip
        decide(claim, first=first, second=second, on=period.last_day)
    elif period.start > start:
        one = Claim.objects.filter(form_key=_KEY, status__in=Claim.GOING_ON).first()
        if one is None:
            return
        certificate = schedule.hand_in(
            claim_id=one.pk, from_on=period.start, until_on=month(period.start).last_day, incapacity=100,
            form_key=f"{_KEY}-{period.start:%Y-%m}", by=actor.user_id, on=period.start,
        )  # fmt: skip
        for officer in (first, second):
            if officer is not None:
                schedule.accept(certificate_id=certificate.pk, by=officer, on=period.start)
        schedule.advance(claim_id=one.pk, on=period.last_day)


def decide(claim: Claim, *, first: int, second: int | None, on: dt.date, amount: Money | None = None) -> None:
    """Decide as the rules say, or on another amount with a reason; where a fund has no rules, as claimed."""
    found = entitlements.of(claim)
    ruled = claim.amount_claimed if found is None else entitlements.amount(found)
    if not ruled.amount:
        claims.refuse(claim_id=claim.pk, reason=Claim.Reason.WAITING, by=first, on=on)
        return
    proposed = claims.propose(
        claim_id=claim.pk, amount=amount or ruled, by=first, on=on,
        deviation="Several lost the same client at once; the officers gave each what she asked for." if amount else "",
    )  # fmt: skip
    if proposed.status == Claim.Status.PROPOSED and second is not None:
        claims.approve(claim_id=claim.pk, by=second, on=on)

"""The figures of a fund (F12): pure, from its facts. Nothing is said about fewer than five people (promise 5)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from mutual.periods import add_months
from pooling.solvency.assumptions import Assumptions
from pooling.solvency.facts import ClaimFact, FundFacts

FEWEST = 5
"""A figure about fewer people is not shown, nor one from which theirs could be worked out."""
PROMPT_DAYS = (7, 30, 90)
LARGEST = 10
_HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True)
class Figures:
    """The state of a fund; None is a figure that is not shown, for it would be about too few people.

    :ivar cover_months: (held − floor) / benefits of an average month (F12); ``cover_estimated`` where the month is an
        expected one, for too few people claimed
    :ivar claims_ratio: what claims that began within a year cost, over the dues of that year
    :ivar prompt: the shares of claims decided within 7, 30 and 90 days
    :ivar refusal_ratio: refused over decided
    :ivar largest_share: the ten largest exposures over all
    :ivar solvency: assets over approved, reserved, not reported and twelve months to come (F12)
    :ivar provisions: approved and not paid, reserved for what goes on, and not reported; minor units
    """

    cover_months: Decimal | None
    cover_estimated: bool
    claims_ratio: Decimal | None
    prompt: tuple[Decimal | None, ...]
    refusal_ratio: Decimal | None
    largest_share: Decimal | None
    solvency: Decimal | None
    ibnr: int
    open_claims: int | None
    open_reserve: int | None
    reserve_per_claim: int | None
    provisions: int
    expected_month: int
    """What an average month of the next twelve will cost, in minor units."""


def of(facts: FundFacts, assumed: Assumptions, *, next_year: int) -> Figures:
    """The figures of a fund; ``next_year`` is what its simulation expects the next twelve months to cost."""
    since = add_months(facts.on, -12)
    decided = [one for one in facts.claims if one.decided_on is not None and since < one.decided_on <= facts.on]
    approved = [one for one in decided if not one.refused]
    expected_month = next_year // 12
    shown = _people(approved) >= FEWEST
    average = sum(one.amount for one in approved) // 12 if shown else expected_month
    waiting = sum(one.amount for one in facts.claims if one.decided_on is None)
    # Claims not decided are already reported: what was asked for, in full.
    provisions = facts.owed + waiting + assumed.open_reserve + assumed.ibnr
    open_shown = assumed.open_people == 0 or assumed.open_people >= FEWEST
    return Figures(
        cover_months=ratio(facts.held - facts.floor, average),
        cover_estimated=not shown,
        claims_ratio=_claims_ratio(facts, assumed, since),
        prompt=prompt(facts, since),
        refusal_ratio=_refusals(decided),
        largest_share=_largest(facts, since),
        solvency=ratio(facts.held + facts.set_aside, provisions + next_year),
        ibnr=assumed.ibnr,
        open_claims=assumed.open_spells if open_shown else None,
        open_reserve=assumed.open_reserve if open_shown else None,
        reserve_per_claim=assumed.open_reserve // assumed.open_spells if assumed.open_spells and open_shown else None,
        provisions=provisions,
        expected_month=expected_month,
    )


def ratio(part: int, whole: int) -> Decimal | None:
    """One amount over another, to the hundredth; none over nothing."""
    if whole <= 0:
        return None
    return (Decimal(part) / whole).quantize(_HUNDREDTH, rounding=ROUND_HALF_UP)


def _people(claims: Iterable[ClaimFact]) -> int:
    return len({one.member for one in claims})


def share(part: Sequence[ClaimFact], whole: Sequence[ClaimFact]) -> Decimal | None:
    """A share of claims, unless it, or what is left of the whole, is about somebody but fewer than five people."""
    inside = {id(one) for one in part}
    rest = [one for one in whole if id(one) not in inside]
    if not whole or any(0 < _people(group) < FEWEST for group in (part, rest, whole)):
        return None
    return ratio(len(part), len(whole))


def prompt(facts: FundFacts, since: dt.date) -> tuple[Decimal | None, ...]:
    """The shares decided within 7, 30 and 90 days, of the claims that came within the year.

    Claims still open count as not decided in time once the days are over; younger ones are left out. A share is shown
    only if what lies between it and the share shown before it is not about too few people either.
    """
    last = PROMPT_DAYS[-1]
    due = [
        one
        for one in facts.claims
        if one.reported_on > since and (one.decided_on is not None or (facts.on - one.reported_on).days > last)
    ]
    found: list[Decimal | None] = []
    shown: set[int] = set()
    for days in PROMPT_DAYS:
        in_time = [one for one in due if one.decided_on is not None and (one.decided_on - one.reported_on).days <= days]
        between = [one for one in in_time if id(one) not in shown]
        said = None if 0 < _people(between) < FEWEST else share(in_time, due)
        if said is not None:
            shown = {id(one) for one in in_time}
        found.append(said)
    return tuple(found)


def _refusals(decided: Sequence[ClaimFact]) -> Decimal | None:
    return share([one for one in decided if one.refused], decided)


def _claims_ratio(facts: FundFacts, assumed: Assumptions, since: dt.date) -> Decimal | None:
    begun = [one for one in facts.claims if one.first_day > since and not one.refused]
    if _people(begun) < FEWEST:
        return None
    incurred = sum(one.amount for one in begun) + assumed.open_reserve + assumed.ibnr
    return ratio(incurred, facts.earned)


def _largest(facts: FundFacts, since: dt.date) -> Decimal | None:
    """The ten members who cost most in a year over all; both the ten and the others must be enough people."""
    sums: dict[int, int] = {}
    for one in facts.claims:
        if not one.refused and one.decided_on is not None and one.decided_on > since:
            sums[one.member] = sums.get(one.member, 0) + one.amount
    if len(sums) < LARGEST + FEWEST:
        return None
    return ratio(sum(sorted(sums.values(), reverse=True)[:LARGEST]), sum(sums.values()))

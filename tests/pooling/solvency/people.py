"""Facts of a fund made by hand, for tests that need no database."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from pooling.benefits.engine import Version
from pooling.benefits.terms import Terms
from pooling.solvency.facts import ClaimFact, FundFacts

ON = dt.date(2026, 11, 10)


def claim(
    member=1, *, began=90, days=20, reported=None, decided=5, refused=False, amount=40_000, illness=True, cause=""
):
    """A claim that began so many days ago; reported when it ended, decided so many days later."""
    first = ON - dt.timedelta(days=began)
    last = first + dt.timedelta(days=days - 1)
    reported_on = min(last, ON) if reported is None else ON - dt.timedelta(days=reported)
    decided_on = None if decided is None else reported_on + dt.timedelta(days=decided)
    return ClaimFact(member, illness, first, last, reported_on, decided_on, refused, amount, cause=cause)


def fund(claims=(), **more):
    """A fund of 200 members that holds 20,000.00, with these claims."""
    one = FundFacts(
        fund_id=1, slug="sickness", name="Sickness", promise="VARYING", currency="EUR", on=ON,
        history_from=dt.date(2024, 11, 10), held=2_000_000, set_aside=0, owed=0, floor=100_000, members=200,
        joined_lately=(), joined=12, left=6, exposure_days=200 * 730, ages=(), dues=2000, earned=4_800_000,
        charges=2000, settled=4_000_000, lost=80_000, claims=tuple(claims),
    )  # fmt: skip
    return replace(one, **more)


def ruled(since="2020-01-01", *, levels=(), number=1, **more):
    """Rules of 20.00 for every day of an illness."""
    benefit = {
        "rule": "sick-pay", "title": "Sick pay", "causes": ["ILLNESS"],
        "pays": {"by": "FLAT", "per": "DAY", "amount": 2000},
    }  # fmt: skip
    terms = Terms.from_json({"currency": "EUR", "benefits": [benefit | more], "levels": list(levels)})
    return Version(number, dt.date.fromisoformat(since), terms)

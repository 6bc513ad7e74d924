"""Rules, facts and histories drawn by Hypothesis, for the laws of the engine."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from hypothesis import strategies as st

from pooling.benefits.engine import Facts, Phase, Version
from pooling.benefits.terms import Benefit, By, Clock, Level, Partial, Pays, Per, Rung, Span, Terms, Within

CAUSES = ("ILLNESS", "ACCIDENT", "BIRTH", "DEATH")
CENTS = st.one_of(st.integers(1, 300), st.integers(1, 500_000))
PERCENT = st.one_of(st.integers(1, 100).map(Decimal), st.integers(1, 1_000_000).map(lambda n: Decimal(n) / 10_000))
SPANS = st.one_of(st.integers(1, 36).map(lambda n: Span(months=n)), st.integers(1, 800).map(lambda n: Span(days=n)))
DAYS = st.dates(dt.date(2015, 1, 1), dt.date(2030, 12, 31))


@st.composite
def pays(draw):
    by = draw(st.sampled_from(By))
    if by == By.FLAT:
        return Pays(by, draw(st.sampled_from(Per)), amount=draw(CENTS))
    if by == By.EARNINGS:
        return Pays(by, Per.MONTH, percent=draw(PERCENT), ceiling=draw(st.none() | CENTS))
    if by == By.COST:
        return Pays(by, Per.ONCE, percent=draw(PERCENT), ceiling=draw(st.none() | CENTS))
    return Pays(by, Per.MONTH)


@st.composite
def rungs(draw):
    start, found = dt.date(2000, 1, 1), []
    for span in draw(st.lists(SPANS, max_size=3)):
        if not found or span.after(start) > found[-1].after.after(start):
            found.append(Rung(span, draw(PERCENT)))
    return tuple(found)


@st.composite
def benefits(draw, rule, causes, rate=None):
    rate = rate or draw(pays())
    more = {
        "waiting_months": draw(st.integers(0, 12)),
        "ceiling_claim": draw(st.none() | CENTS),
        "ceiling_year": draw(st.none() | CENTS),
        "ceiling_member": draw(st.none() | CENTS),
        "frequency": draw(st.none() | st.builds(Within, st.integers(1, 3), st.integers(1, 24))),
        "report_within": draw(st.none() | st.integers(0, 400)),
    }
    if draw(st.booleans()):
        more["age_from"], more["age_until"] = draw(st.integers(0, 40)), draw(st.integers(41, 90))
    if rate.by == By.FLAT:
        more["units_most"] = draw(st.integers(1, 4))
    if rate.per == Per.MONTH:
        more["earnings_cap"] = draw(st.none() | PERCENT)
    if rate.per == Per.ONCE:
        more["pay_within"] = draw(st.none() | st.integers(1, 30))
    else:
        own_risk = draw(st.just(Span()) | st.integers(1, 90).map(lambda n: Span(days=n)) | st.just(Span(months=1)))
        least = draw(st.integers(1, 100))
        more |= {
            "own_risk": own_risk,
            "paid_from_start": draw(st.none() | st.integers(1, 120)) if own_risk else None,
            "weekdays": tuple(sorted(draw(st.sets(st.integers(1, 7), min_size=1)))),
            "clock": draw(st.sampled_from(Clock)),
            "duration": draw(st.none() | SPANS),
            "within": draw(st.none() | st.builds(Within, st.integers(1, 200), st.integers(1, 36))),
            "steps": draw(rungs()),
            "recurrence_months": draw(st.integers(0, 12)),
            "partial": Partial(least, draw(st.integers(least, 100))),
        }
    return Benefit(rule=rule, title=rule.title(), causes=causes, pays=rate, **more)


@st.composite
def all_terms(draw):
    found = [
        draw(benefits(rule, causes))
        for rule, causes in (("sick-pay", ("ILLNESS", "ACCIDENT")), ("birth", ("BIRTH",)), ("death", ("DEATH",)))
    ][: draw(st.integers(1, 3))]
    levels = ()
    if any(benefit.pays.by == By.LEVEL for benefit in found):
        levels = tuple(Level(str(n), draw(CENTS)) for n in range(1, draw(st.integers(2, 4))))
    return Terms(draw(st.sampled_from(["EUR", "JPY", "TND"])), tuple(found), levels)


@st.composite
def schemes(draw):
    """One to three versions of a fund's rules."""
    days = sorted(draw(st.sets(DAYS, min_size=1, max_size=3)))
    return tuple(Version(n + 1, day, draw(all_terms()), f"D-{n:04}") for n, day in enumerate(days))


@st.composite
def phases(draw, began, longest):
    days = sorted(draw(st.sets(st.integers(0, longest), max_size=3)))
    return tuple(Phase(began + dt.timedelta(day), draw(st.integers(0, 100))) for day in days)


@st.composite
def facts(draw, longest=900):
    """Facts that can be true, of one claim without a history."""
    occurred = draw(DAYS)
    began = occurred + dt.timedelta(draw(st.integers(0, 40)))
    joined = occurred - dt.timedelta(draw(st.integers(-30, 1500)))
    return Facts(
        member="M-000001", joined_on=joined, cause=draw(st.sampled_from(CAUSES)), occurred_on=occurred, began_on=began,
        ended_on=began + dt.timedelta(draw(st.integers(0, longest))), level=draw(st.sampled_from(["", "1", "2", "9"])),
        units=draw(st.integers(1, 6)), count=draw(st.integers(1, 3)),
        earnings=draw(st.none() | st.integers(0, 900_000)), other_cover=draw(st.just(0) | st.integers(0, 100_000)),
        continuing_income=draw(st.just(0) | st.integers(0, 100_000)),
        state_benefit=draw(st.just(0) | st.integers(0, 100_000)),
        cost=draw(st.none() | st.integers(0, 900_000)),
        born_on=draw(st.none() | st.dates(dt.date(1930, 1, 1), dt.date(2000, 1, 1))),
        left_on=draw(st.none() | st.integers(1, 2000).map(lambda n: joined + dt.timedelta(n))),
        reported_on=draw(st.none() | st.integers(0, 500).map(lambda n: occurred + dt.timedelta(n))),
        phases=draw(st.just(()) | phases(began, longest)),
    )  # fmt: skip


@st.composite
def histories(draw, most=4):
    """Several claims of one member, in the order in which they occurred."""
    one = draw(facts(longest=300))
    found = [one]
    for _n in range(draw(st.integers(0, most - 1))):
        other = draw(facts(longest=300))
        gap = dt.timedelta(draw(st.integers(0, 400)))
        occurred = found[-1].occurred_on + gap
        began = occurred + (other.began_on - other.occurred_on)
        moved = dt.timedelta(0) if not other.phases else began - other.phases[0].from_on
        found.append(Facts(
            member=one.member, joined_on=one.joined_on, cause=draw(st.sampled_from([one.cause, other.cause])),
            occurred_on=occurred, began_on=began, ended_on=began + (other.ended_on - other.began_on), level=one.level,
            units=one.units, count=other.count, earnings=one.earnings, born_on=one.born_on, left_on=one.left_on,
            phases=tuple(Phase(phase.from_on + moved, phase.incapacity) for phase in other.phases),
        ))  # fmt: skip
    return found

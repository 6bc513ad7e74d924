"""Whatever happened in a period, its charges sum to the exact day-wise total, and their shares to each charge (B2)."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mutual.money import allocate_minor
from mutual.periods import Period, parse
from pooling import terms
from pooling.terms import Relieved, Stay, Version

AUGUST = parse("2026-08")
FIRST = dt.date(2026, 1, 1)


def version(id=1, *, plan=1, since=FIRST, amount=4500, by_day=True, **more):
    return Version(id, plan, since, amount, by_day, **more)


STANDARD = version()


def assess(*stays, joined_on=FIRST, left_on=None, versions=(STANDARD,), period=AUGUST, **more):
    return terms.assess(
        period=period, belongs=[(joined_on, left_on)], stays=stays or (Stay(1, FIRST, None),), versions=versions,
        **more,
    )  # fmt: skip


def said(lines):
    return [(line.days, line.rate, line.amount) for line in lines]


class TestAssess:
    def test_charges_a_whole_period_whole(self):
        assert said(assess()) == [(31, 4500, 4500)]

    def test_charges_a_joiner_and_a_leaver_by_day(self):
        assert said(assess(joined_on=dt.date(2026, 8, 4))) == [(28, 4500, 4065)]
        assert said(assess(left_on=dt.date(2026, 8, 28))) == [(28, 4500, 4065)]
        assert assess(joined_on=dt.date(2026, 9, 1)) == ()
        assert assess(left_on=dt.date(2026, 7, 31)) == ()

    def test_charges_only_the_days_of_each_membership(self):
        back = [(FIRST, dt.date(2026, 8, 5)), (dt.date(2026, 8, 25), None)]
        lines = terms.assess(period=AUGUST, belongs=back, stays=[Stay(1, FIRST, None)], versions=[STANDARD])
        assert said(lines) == [(5, 4500, 726), (7, 4500, 1016)]

    def test_charges_a_change_of_level_to_the_cent(self):
        levels = version(rates=((1, 3375), (2, 11_250)))
        day = dt.date(2026, 8, 11)
        lines = assess(Stay(1, FIRST, day, 1), Stay(1, day, None, 2), versions=[levels])
        assert said(lines) == [(10, 3375, 1089), (21, 11_250, 7621)]
        assert sum(line.amount for line in lines) == 8710  # 8709.68 to the cent

    def test_charges_a_new_version_from_its_day(self):
        lines = assess(versions=[version(), version(2, since=dt.date(2026, 8, 16), amount=5000)])
        assert [(line.version_id, *said([line])[0]) for line in lines] == [(1, 15, 4500, 2177), (2, 16, 5000, 2581)]

    def test_takes_the_first_days_terms_for_all_where_parts_are_not_charged(self):
        whole = version(by_day=False)
        assert assess(joined_on=dt.date(2026, 8, 4), versions=[whole]) == ()
        assert said(assess(left_on=dt.date(2026, 8, 4), versions=[whole])) == [(31, 4500, 4500)]
        later = version(2, since=dt.date(2026, 8, 16), amount=5000, by_day=False)
        assert said(assess(versions=[whole, later])) == [(31, 4500, 4500)]

    def test_gives_up_what_a_waiver_covers(self):
        waiver = Relieved(dt.date(2026, 8, 11), dt.date(2026, 9, 11), 50, "W-000001")
        lines = assess(relieved=[waiver])
        assert [(line.days, line.percent, line.amount) for line in lines] == [(10, 0, 1452), (21, 50, 1524)]
        full = Relieved(FIRST, dt.date(2027, 1, 1), 100)
        assert said(assess(relieved=[full])) == [(31, 4500, 0)]

    def test_lets_a_band_expire_into_the_standard_rate(self):
        bands = version(rates=((1, 1000),))
        lines = assess(Stay(1, FIRST, None, 1, dt.date(2026, 8, 11)), versions=[bands])
        assert [(line.days, line.rate) for line in lines] == [(10, 1000), (21, 4500)]

    @pytest.mark.parametrize(
        ("figure", "owed"),
        [(100_000, 2_000), (100_025, 2_001), (100_024, 2_000), (1, 500), (None, 500), (10**9, 9_000)],
    )
    def test_takes_a_percentage_within_its_bounds(self, figure, owed):
        percent = version(permyriad=200, least=500, amount=9_000)
        assert [line.amount for line in assess(versions=[percent], figure=figure)] == [owed]

    def test_explains_each_line(self):
        (line,) = assess(joined_on=dt.date(2026, 8, 4))
        assert line.as_data() == {"from": "2026-08-04", "days": 28, "of": 31, "rate": 4500, "is": 4065}


days = st.dates(dt.date(2026, 7, 20), dt.date(2026, 9, 10))


BELONGS = [(FIRST, None)]


@st.composite
def belongings(draw):
    """Joined, perhaps left, perhaps joined again."""
    edges = sorted(draw(st.lists(days, min_size=1, max_size=4, unique=True)))
    edges = [*edges, None] if len(edges) % 2 else edges
    return list(zip(edges[::2], edges[1::2], strict=True))


@st.composite
def histories(draw):
    """Any stays, versions and waivers around August."""
    cuts = sorted(draw(st.lists(days, max_size=4, unique=True)))
    edges = [dt.date(2026, 1, 1), *cuts, None]
    stays = []
    for since, until in pairwise(edges):
        if draw(st.integers(0, 4)):
            plan, place = draw(st.integers(1, 2)), draw(st.sampled_from([None, 1, 2, 9]))
            stays.append(Stay(plan, since, until, place, draw(st.none() | days)))
    versions, number = [], 0
    for plan in (1, 2):
        for since in {FIRST, *draw(st.lists(days, max_size=2))}:
            number += 1
            rates = tuple((place, draw(st.integers(1, 30_000))) for place in (1, 2))
            versions.append(version(number, plan=plan, since=since, amount=draw(st.integers(1, 30_000)), rates=rates))
    start = draw(days)
    waivers = [Relieved(start, start + dt.timedelta(days=draw(st.integers(1, 40))), draw(st.integers(1, 100)))]
    return {
        "stays": stays, "versions": versions, "relieved": waivers if draw(st.booleans()) else [],
        "belongs": draw(st.sampled_from([BELONGS]) | belongings()),
    }  # fmt: skip


def by_the_day(history, period):
    """The same by another way: each day on its own, as an exact fraction."""
    whole = Fraction(0)
    for n in range(period.days):
        day = period.start + dt.timedelta(days=n)
        if not any(joined <= day and (left is None or day <= left) for joined, left in history["belongs"]):
            continue
        for stay in history["stays"]:
            if stay.since <= day and (stay.until is None or day < stay.until):
                held = [v for v in history["versions"] if v.plan_id == stay.plan_id and v.valid_from <= day]
                now = max(held, key=lambda v: v.valid_from)
                place = stay.place if stay.place_until is None or day < stay.place_until else None
                rate = dict(now.rates).get(place, now.standard)
                given_up = sum(w.percent for w in history["relieved"] if w.since <= day < w.until)
                whole += Fraction(rate * (100 - given_up), 100 * period.days)
    return whole


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(history=histories(), weights=st.lists(st.integers(1, 50), min_size=1, max_size=5))
def test_any_history_sums_to_the_exact_days(history, weights):
    lines = terms.assess(period=AUGUST, **history)
    exact = by_the_day(history, AUGUST)
    total = sum(line.amount for line in lines)
    assert total == int(exact + Fraction(1, 2))
    assert sum(line.days for line in lines) <= AUGUST.days
    assert all(line.amount >= 0 for line in lines)
    for line in lines:
        own = Fraction(line.rate * line.days * (100 - line.percent), 100 * line.of)
        assert abs(line.amount - own) < Fraction(3, 2)
        assert sum(allocate_minor(line.amount, weights)) == line.amount


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(history=histories())
def test_lines_follow_one_another_and_never_overlap(history):
    lines = terms.assess(period=AUGUST, **history)
    ends = [line.start + dt.timedelta(days=line.days) for line in lines]
    assert all(end <= line.start for end, line in zip(ends, lines[1:], strict=False))
    assert all(Period(AUGUST.start, AUGUST.end).contains(line.start) for line in lines)

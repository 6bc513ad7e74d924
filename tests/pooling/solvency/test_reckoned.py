"""What the solvency figures must be, reckoned by hand: ages, claims that are not reported, the law's thresholds."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from pooling.solvency import assumptions, outlooks, reports, tables
from tests.pooling.solvency.people import ON, claim, fund, ruled


def no_history(**more):
    """A fund that has the assumed incidence: 0.10 claims a member and year."""
    return fund(exposure_days=0, **more)


class TestAges:
    """The shipped bands fall ill 0.70, 0.85, 1.00, 1.25 and 1.50 times as often, from 18, 30, 40, 50 and 60 on."""

    def test_weigh_on_how_often_each_falls_ill_and_on_nothing_else(self):
        """A quarter at 25, three quarters at 55: on average 0.25 · 0.70 + 0.75 · 1.25 = 1.1125 times as often."""
        cells = assumptions.of(no_history(ages=((25, 50), (55, 150)))).setup.cells
        assert [cell.share for cell in cells] == pytest.approx([0.25, 0, 0, 0.75, 0])
        assert cells[0].rate == pytest.approx(0.10 * 0.70 / 1.1125)
        assert cells[3].rate == pytest.approx(0.10 * 1.25 / 1.1125)
        assert sum(cell.share * cell.rate for cell in cells) == pytest.approx(0.10)

    def test_are_assumed_for_those_who_did_not_say(self):
        """A hundred of two hundred are 25; the others are spread as assumed: 4, 24, 28, 32 and 12 in a hundred."""
        cells = assumptions.of(no_history(ages=((25, 100),))).setup.cells
        assert [cell.share for cell in cells] == pytest.approx([0.52, 0.12, 0.14, 0.16, 0.06])

    def test_belong_to_the_band_they_have_reached(self):
        for age, place in ((16, 0), (29, 0), (30, 1), (39, 1), (40, 2), (49, 2), (50, 3), (59, 3), (60, 4), (80, 4)):
            cells = assumptions.of(no_history(ages=((age, 200),))).setup.cells
            assert cells[place].share == pytest.approx(1), age

    def test_give_each_band_the_durations_of_its_age(self):
        made = assumptions.of(no_history(ages=((25, 50), (55, 150)), versions=(ruled(duration={"days": 365}),)))
        days = [tables.expected_days(tables.bcac(age), after=0, until=365) for age in (24, 55)]
        many = [0.25 * 0.70, 0.75 * 1.25]
        assert made.mean_days == pytest.approx(sum(m * d for m, d in zip(many, days, strict=True)) / sum(many))


class TestNotReported:
    """IBNR: of the claims of each of the last twelve months, in its middle, those that have not come in yet."""

    MIDDLES = [365.25 / 24 + n * 365.25 / 12 for n in range(12)]
    EXPECTED = sum(math.exp(-day / 30) for day in MIDDLES)
    """Months of claims, where they come in after 30 days on average, exponentially: 0.9446."""

    def test_are_as_many_as_the_assumed_delay_says_where_there_is_no_history(self):
        made = assumptions.of(no_history())
        assert pytest.approx(0.9446, abs=0.0001) == self.EXPECTED
        assert made.unreported == pytest.approx(0.10 * 200 / 12 * self.EXPECTED)
        assert made.ibnr == round(made.unreported * made.mean_cost) > 0

    def test_follow_the_fund_s_own_delay_as_far_as_it_is_known(self):
        """Twenty claims, all reported after 45 days, weigh half: of the newest month none, of the others all."""
        made = assumptions.of(fund([claim(n, began=400, days=10, reported=355) for n in range(20)]))
        missing = 0.5 * 1 + 0.5 * self.EXPECTED
        years = 200 * 730 / 365.25 * (1 - missing / 12)
        incidence = (20 + 0.10 * 40) / (years + 40)
        assert made.incidence == pytest.approx(incidence)
        assert made.unreported == pytest.approx(incidence * 200 / 12 * missing)
        assert made.ibnr == round(made.unreported * made.mean_cost)

    def test_are_owed_before_anything_else_and_said_on_the_page(self):
        facts = no_history(owed=1_000)
        made, ibnr = outlooks.make(facts, seed=1, runs=50, stressed=False), assumptions.of(facts).ibnr
        assert assumptions.of(facts).setup.due_already == 1_000 + ibnr
        assert made.figures.ibnr == ibnr
        tiles = {tile.label: tile.text for tile in reports.fund(made).tiles}
        assert tiles["Happened, not reported"] == f"€{ibnr / 100:,.2f}"
        assert tiles["Provisions"] == f"€{(1_000 + ibnr) / 100:,.2f}"


def sized(premium, provisions, *, ceiling=None, currency="EUR"):
    """A fund's outlook that is so large, in whole units."""
    made = outlooks.make(fund(), seed=1, runs=50, stressed=False)
    return replace(
        made, currency=currency, premium=premium * 100,
        figures=replace(made.figures, provisions=provisions * 100),
        assumed=replace(made.assumed, ceiling=None if ceiling is None else ceiling * 100),
    )  # fmt: skip


class TestThresholds:
    """F15: 5.4 and 26.6 million in the Union, 2.2 and 10.7 million and 14,000 a person in the Netherlands."""

    def lines(self, *found):
        now, coming = reports.thresholds(found, ON)
        return [
            {(one.place, one.limit.amount): (one.reached.amount, one.percent) for one in those}
            for those in (now, coming)
        ]  # fmt: skip

    def test_are_reached_by_all_funds_together(self):
        now, coming = self.lines(sized(1_620_000, 8_000_000, ceiling=7_000), sized(1_080_000, 5_300_000, ceiling=3_500))
        assert now == {
            ("European Union", 5_400_000): (2_700_000, 50), ("European Union", 26_600_000): (13_300_000, 50),
            ("Netherlands", 2_200_000): (2_700_000, 122), ("Netherlands", 10_700_000): (13_300_000, 124),
            ("Netherlands", 14_000): (7_000, 50),
        }  # fmt: skip
        assert coming == {
            ("European Union", 15_000_000): (2_700_000, 18), ("European Union", 50_000_000): (13_300_000, 26),
        }  # fmt: skip

    def test_are_not_reached_a_cent_before(self):
        now, _coming = self.lines(replace(sized(0, 0, ceiling=1), premium=539_999_999))
        assert now["European Union", 5_400_000][1] == 99

    def test_count_no_other_currency(self):
        now, _coming = self.lines(sized(54_000, 0, ceiling=1), sized(10**9, 10**9, ceiling=10**6, currency="USD"))
        assert now["European Union", 5_400_000] == (54_000, 1)
        assert now["Netherlands", 14_000] == (1, 0)

    def test_take_the_longest_illness_where_no_ceiling_is_said(self):
        one = sized(0, 0)
        one = replace(one, assumed=replace(one.assumed, mean_cost=60_000, mean_days=20, longest_days=360))
        assert self.lines(one)[0]["Netherlands", 14_000] == (600 / 20 * 360, 77)


class TestDanger:
    def test_counts_by_month_how_many_of_a_hundred_futures_have_run_short(self):
        made = outlooks.make(fund(), seed=1, runs=50, stressed=False)
        drawn = reports.danger_chart(replace(made, runs=400, out=tuple(6 * n for n in range(24))))
        assert [row[0] for row in drawn.rows[:2]] == ["Dec 2026", "Jan 2027"]
        assert [row[1] for row in drawn.rows[:5]] == ["0", "1.5", "3", "4.5", "6"]
        assert drawn.rows[-1][1] == "34.5"


class TestOpenClaims:
    """What an illness that goes on will still cost."""

    def test_is_reckoned_while_the_rules_have_paid_nothing_yet(self):
        """Sixty days of own risk, ten days ill: her own claim says nothing of what the rules will pay."""
        rules = (ruled(own_risk={"days": 60}),)
        asked_much, asked_little = (
            assumptions.of(fund([claim(1, began=9, days=10, amount=amount)], versions=rules)) for amount in (50_000, 1)
        )
        assert asked_much.open_people == asked_little.open_people == 1
        assert asked_much.open_reserve == pytest.approx(asked_little.open_reserve, rel=0.05)
        assert asked_little.open_reserve > 0

    def test_goes_by_the_rules_of_the_day_it_began(self):
        """Half a year at most holds for illnesses that begin from the next month on; this one began before."""
        old, new = ruled(), ruled("2026-12-01", number=2, duration={"days": 180})
        open_one = claim(1, began=199, days=200, amount=400_000)
        before = assumptions.of(fund([open_one], versions=(old,))).open_reserve
        assert before > 0
        assert assumptions.of(fund([open_one], versions=(old, new))).open_reserve == pytest.approx(before, rel=0.05)
        assert assumptions.of(fund([open_one], versions=(replace(new, valid_from=old.valid_from),))).open_reserve == 0


class TestLumpSums:
    def test_are_what_a_fund_pays_whose_rules_say_so_before_anybody_has_claimed(self):
        once = ruled(causes=["BIRTH"], pays={"by": "FLAT", "per": "ONCE", "amount": 35_000})
        made = assumptions.of(fund(versions=(once,)))
        assert (made.sickness, made.longest_days, made.mean_cost) == (False, 1, 35_000)


class TestRetention:
    def test_is_taken_off_each_cover_before_they_are_put_together(self):
        """Covers of 50 and 100 a day, 2,000 carried: of thirty days the fund pays nothing, and 1,000."""
        days = np.arange(tables.DAYS + 1.0)
        found = [(share, (0, 24), amount * days) for share, amount in ((0.1, 50), (0.2, 100), (0.7, 100))]
        grouped = assumptions._grouped(found, 2_000)
        costs, rests = (sum(one[0] * one[place][30] for one in grouped) for place in (2, 3))
        assert costs == pytest.approx(0.1 * 1_500 + 0.9 * 3_000)
        assert rests == pytest.approx(0.9 * 1_000)

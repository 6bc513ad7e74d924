"""The tables: the BCAC survivors say what their own continuation probabilities say; inverses give the law back."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pooling.solvency import tables

DATA = Path(__file__).resolve().parents[2] / "data" / "bcac-tables"
MONTH = tables.DAYS / tables.MONTHS
AGES = st.integers(15, 80)


class TestBcac:
    def test_goes_on_from_month_to_month_as_the_published_probabilities_say(self):
        with (DATA / "freT2Tdisprob13.csv").open() as file:
            rows = list(csv.DictReader(file))
        for place, row in enumerate(rows):
            age = 21 + place
            ends = [10_000 * tables.bcac(age)[round(n * MONTH)] for n in range(30)]
            for n in range(29):
                assert ends[n + 1] / ends[n] == pytest.approx(float(row[f"NbMthSpent{n}"]), rel=0.03)

    def test_is_the_table_we_ship(self):
        shipped = tables.HERE / "bcac" / "survivors.csv"
        assert shipped.read_bytes() == (DATA / "freT2Tdis13.csv").read_bytes()

    @settings(deadline=None)
    @given(AGES)
    def test_begins_with_everybody_never_rises_and_ends_with_nobody(self, age):
        survival = tables.bcac(age)
        assert survival[0] == 1
        assert survival[-1] == 0
        assert (np.diff(survival) <= 0).all()

    def test_takes_the_nearest_age_beyond_the_table(self):
        assert (tables.bcac(17) == tables.bcac(21)).all()
        assert (tables.bcac(90) == tables.bcac(65)).all()


class TestOwn:
    def test_is_the_share_still_ill_where_all_spells_are_over(self):
        survival = tables.own([(10, True), (20, True), (20, True), (40, True)])
        assert [survival[day] for day in (9, 10, 19, 20, 39, 40)] == pytest.approx([1, 0.75, 0.75, 0.25, 0.25, 0])

    def test_lets_a_spell_that_goes_on_count_as_lasting_at_least_so_long(self):
        # Of two at risk after day 15, one recovers on day 20: half, not a third.
        survival = tables.own([(10, True), (15, False), (20, True), (30, True)])
        assert survival[20] == pytest.approx(0.75 / 2)


class TestPaidDays:
    @settings(deadline=None)
    @given(AGES, st.integers(0, 60), st.integers(1, 730))
    def test_are_expected_as_the_survival_says(self, age, waiting, longest):
        survival = tables.bcac(age)
        chances = tables.paid_days(survival, waiting=waiting, longest=longest)
        assert chances.sum() == pytest.approx(1)
        expected = float(chances @ np.arange(len(chances)))
        assert expected == pytest.approx(tables.expected_days(survival, after=waiting, until=waiting + longest))

    def test_of_a_certain_length_are_certain(self):
        survival = np.where(np.arange(tables.DAYS + 1) < 20, 1.0, 0.0)
        assert tables.paid_days(survival, waiting=5, longest=100)[15] == 1
        assert tables.paid_days(survival, waiting=5, longest=10)[10] == 1


class TestInverse:
    @settings(deadline=None)
    @given(AGES, st.integers(0, 30))
    def test_gives_the_distribution_back(self, age, waiting):
        chances = tables.paid_days(tables.bcac(age), waiting=waiting, longest=365)
        drawn = np.bincount(tables.inverse(chances), minlength=len(chances)) / tables.POINTS
        assert np.abs(drawn.cumsum() - chances.cumsum()).max() <= 1 / tables.POINTS

    def test_pays_nobody_for_no_day_at_all(self):
        chances = tables.paid_days(tables.bcac(40), waiting=3, longest=365)
        assert tables.inverse(chances).min() == 1


class TestSeasons:
    def test_are_even_on_average(self):
        assert tables.seasons([0] * 12, weight=500).mean() == pytest.approx(1)

    def test_come_from_the_real_spells_of_the_demonstration_s_sample(self):
        counts = [0] * 12
        with (DATA.parent / "sickness-spells" / "durations.csv").open() as file:
            for row in csv.DictReader(file):
                counts[int(row["month"]) - 1] += 1
        assert tables.seasons([0] * 12, weight=500) == pytest.approx([12 * n / sum(counts) for n in counts])

    def test_follow_a_long_history(self):
        assert tables.seasons([1_000_000] * 12, weight=500) == pytest.approx([1] * 12, abs=0.01)


class TestDatedFigures:
    def test_are_those_of_the_day(self):
        def premium(day):
            return {t.code: t.amount for t in tables.thresholds(day)}["EU_PREMIUM"]

        assert premium(dt.date(2022, 10, 18)) == 5_000_000
        assert premium(dt.date(2022, 10, 19)) == 5_400_000
        assert premium(dt.date(2027, 1, 29)) == 5_400_000
        assert premium(dt.date(2027, 1, 30)) == 15_000_000

    def test_name_what_comes(self):
        assert {t.code for t in tables.coming_thresholds(dt.date(2026, 11, 1))} == {"EU_PREMIUM", "EU_PROVISIONS"}
        assert all(t.source for t in tables.thresholds(dt.date(2026, 11, 1)))

    def test_hold_before_the_first_day_as_on_it(self):
        assert tables.assumed(dt.date(2001, 1, 1)) == tables.assumed(dt.date(2026, 1, 1))

    def test_mix_the_ages_of_everybody(self):
        assert sum(band.share for band in tables.age_bands()) == pytest.approx(1)

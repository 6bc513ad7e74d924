"""The simulation against what can be known without it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pooling.solvency import simulation, tables
from pooling.solvency.simulation import Cell, OpenClaims, Piece, Setup

DAYS = (30, 31) * 12


def certain(days):
    """Everybody is paid for so many days."""
    chances = np.zeros(days + 1)
    chances[days] = 1
    return chances


def flat(daily, start=0, end=1096):
    """Each day from one to another costs the same."""
    return (Piece(start, end, daily),)


def setup(members=1000, rate=0.6, daily=5000, days=1, **more):
    said = {
        "month_days": DAYS, "seasons": (1.0,) * 24, "members": members,
        "cells": (Cell(1.0, rate, certain(days), flat(daily)),),
    }  # fmt: skip
    return Setup(**{**said, **more})


def within_sampling_error(values, mean, variance):
    """Five standard errors: a right simulation fails once in two million."""
    n = len(values)
    assert abs(values.mean() - mean) < 5 * math.sqrt(variance / n)
    kurtosis_allowance = 8 * variance * math.sqrt(2 / n)
    assert abs(values.var() - variance) < kurtosis_allowance


class TestClosedForms:
    def test_benefits_of_one_day_are_a_poisson_number_times_the_benefit(self):
        """Constant incidence and duration: mean λb, variance λb²."""
        paths = simulation.run(setup(), seed=1)
        expected = 1000 * 0.6 / 12
        for month in (0, 7, 23):
            within_sampling_error(paths.claims[:, month], expected, expected)
            within_sampling_error(paths.benefits[:, month] / 5000, expected, expected)

    @pytest.mark.parametrize("many", [200, 200_000])
    def test_benefits_of_twenty_days_follow_the_overlap_of_month_and_illness(self, many):
        """A month pays for illness days that fall into it; with a claim begun on day s, min(end, s + 20) − max(…)."""
        paths = simulation.run(setup(members=many, days=20), seed=2, runs=2000 if many > 1000 else 10_000)
        rate = many * 0.6 / 12
        starts, ends = np.cumsum([0, *DAYS[:-1]]), np.cumsum(DAYS)
        for month in (0, 1, 23):
            mean = variance = 0.0
            for origin in range(month + 1):
                for day in range(DAYS[origin]):
                    first = starts[origin] + day
                    overlap = max(0, min(ends[month], first + 20) - max(starts[month], first))
                    mean += rate / DAYS[origin] * overlap
                    variance += rate / DAYS[origin] * overlap**2
            within_sampling_error(paths.benefits[:, month] / 5000, mean, variance)

    def test_durations_from_the_tables_have_their_mean_and_variance(self):
        """Compound Poisson: mean λE[X], variance λE[X²]. Short enough that all is paid inside the 24 months."""
        chances = tables.paid_days(tables.bcac(45), waiting=10, longest=60)
        only_first = (1.0, *(0.0,) * 23)
        one = setup(cells=(Cell(1.0, 0.6, chances, flat(100)),), seasons=only_first)
        totals = simulation.run(one, seed=3).benefits.sum(axis=1) / 100
        days = np.arange(len(chances))
        rate = 1000 * 0.6 / 12
        within_sampling_error(totals, rate * (chances @ days), rate * (chances @ days**2))

    def test_a_rate_that_is_not_known_spreads_as_a_gamma_distribution_does(self):
        """Negative binomial: variance m + m²/shape."""
        counts = simulation.run(setup(certainty=25.0), seed=4).claims.sum(axis=1)
        mean = 1000 * 0.6 * 2
        within_sampling_error(counts, mean, mean + mean**2 / 25)

    def test_cells_add_up(self):
        """Cells of one benefit, drawn together, and of two benefits, drawn apart, have the same law."""
        half = [Cell(0.5, 0.4, certain(5), flat(100)), Cell(0.5, 0.8, certain(9), flat(100))]
        apart = [half[0], replace(half[1], pays=flat(101))]
        rates = [1000 * 0.5 * 0.4 / 12, 1000 * 0.5 * 0.8 / 12]
        mean = rates[0] * 5 + rates[1] * 9
        variance = rates[0] * 25 + rates[1] * 81
        first_only = (1.0, *(0.0,) * 23)
        together = simulation.run(setup(cells=tuple(half), seasons=first_only), seed=5).benefits.sum(axis=1) / 100
        within_sampling_error(together, mean, variance)
        separate = simulation.run(setup(cells=tuple(apart), seasons=first_only), seed=6).benefits.sum(axis=1) / 100
        assert separate.mean() == pytest.approx(together.mean(), rel=0.02)

    def test_members_leave_and_join_as_expected(self):
        paths = simulation.run(setup(members=500, rate=0, leaving=0.02, joiners=4.0), seed=7)
        expected = 500.0
        for month in range(24):
            assert paths.paying[:, month].mean() == pytest.approx(expected, rel=0.005)
            expected = expected * 0.98 + 4

    def test_dues_in_arrears_do_not_come_in(self):
        paths = simulation.run(setup(rate=0, arrears=0.1), seed=8)
        within_sampling_error(paths.paying[:, 3], 900, 1000 * 0.1 * 0.9)

    def test_who_joins_is_covered_after_the_waiting_months(self):
        """F1."""
        one = setup(members=0, joiners=100.0, waiting_months=3, rate=1.2)
        begun = simulation.run(one, seed=9).claims.mean(axis=0)
        assert (begun[:4] == 0).all()
        # Those who joined in the first month are covered three months after the month that follows it.
        assert begun[4:8] == pytest.approx([10, 20, 30, 40], rel=0.03)

    @pytest.mark.parametrize("many", [3, 300])
    def test_open_claims_are_paid_to_their_end(self, many):
        one = setup(members=0, open_claims=(OpenClaims(many, certain(40), flat(1000)),))
        benefits = simulation.run(one, seed=10, runs=50).benefits
        assert (benefits[:, 0] == many * 30 * 1000).all()
        assert (benefits[:, 1] == many * 10 * 1000).all()
        assert not benefits[:, 2:].any()

    def test_seasons_move_claims_into_their_months(self):
        begun = simulation.run(setup(seasons=(2.0, 0.0) * 12), seed=11, runs=2000).claims.mean(axis=0)
        assert begun[0] == pytest.approx(100, rel=0.02)
        assert begun[1] == 0

    def test_days_that_cost_nothing_move_the_payment(self):
        early = simulation.run(setup(days=10), seed=12, runs=2000).benefits
        one = setup(cells=(Cell(1.0, 0.6, certain(40), flat(5000, start=30)),))
        late = simulation.run(one, seed=12, runs=2000).benefits
        assert (late[:, 0] == 0).all()
        assert (late[:, 1:3].sum(axis=1) >= early[:, :2].sum(axis=1) * 0.5).all()

    STEPS = (Piece(7, 90, 2000), Piece(90, 180, 1000))
    """A week of own risk, 20.00 a day up to the 90th day, half of it up to the 180th, then nothing."""

    @pytest.mark.parametrize(
        ("days", "cost"), [(7, 0), (8, 2000), (90, 166_000), (91, 167_000), (180, 256_000), (400, 256_000)]
    )
    def test_an_illness_costs_what_its_pieces_sum_to_by_hand(self, days, cost):
        """83 days at 20.00 are 1,660.00; 90 more at 10.00 are 900.00; no day after the 180th costs anything."""
        first_only = (1.0, *(0.0,) * 23)
        one = setup(members=100, cells=(Cell(1.0, 1.2, certain(days), self.STEPS),), seasons=first_only)
        paths = simulation.run(one, seed=1, runs=40)
        assert (paths.benefits.sum(axis=1) == paths.claims[:, 0] * cost).all()
        assert paths.claims[:, 0].min() > 0

    def test_a_step_down_and_a_maximum_have_their_mean_and_variance_in_every_month(self):
        """Illnesses of 200 days from the first day of the first month on: a month pays for the days that fall into it,
        by hand from the day on which each begins. Poisson, so that mean and variance are λ E[X] and λ E[X²]."""
        first_only = (1.0, *(0.0,) * 23)
        one = setup(cells=(Cell(1.0, 0.6, certain(200), self.STEPS),), seasons=first_only)
        paths = simulation.run(one, seed=2)
        rate = 1000 * 0.6 / 12
        starts, ends = np.cumsum([0, *DAYS[:-1]]), np.cumsum(DAYS)
        for month in range(7):
            costs = []
            for day in range(DAYS[0]):
                inside = [n for n in range(200) if starts[month] <= day + n < ends[month]]
                costs.append(sum(2 if 7 <= n < 90 else 1 if 90 <= n < 180 else 0 for n in inside))
            mean, square = sum(costs) / DAYS[0], sum(cost**2 for cost in costs) / DAYS[0]
            within_sampling_error(paths.benefits[:, month] / 1000, rate * mean, rate * square)

    @pytest.mark.parametrize("many", [3, 300])
    def test_open_claims_step_down_too(self, many):
        """60 days are left, 20 of them at 10.00, then 5.00: a month of 30 pays 20 and 10, the next the other 30."""
        pays = (Piece(0, 20, 1000), Piece(20, 90, 500))
        one = setup(members=0, open_claims=(OpenClaims(many, certain(60), pays),))
        benefits = simulation.run(one, seed=10, runs=20).benefits
        assert (benefits[:, 0] == many * (20 * 1000 + 10 * 500)).all()
        assert (benefits[:, 1] == many * 30 * 500).all()
        assert not benefits[:, 2:].any()

    def test_rules_that_begin_later_pay_for_what_begins_later(self):
        """Rates are drawn for each month: one rule for the first twelve, dearer by half for the others."""
        cells = (
            Cell(1.0, 0.6, certain(1), flat(1000), (0, 12)), Cell(1.0, 0.6, certain(1), flat(1500), (12, 24)),
        )  # fmt: skip
        paths = simulation.run(setup(cells=cells), seed=13, runs=2000)
        assert (paths.benefits[:, :12] == paths.claims[:, :12] * 1000).all()
        assert (paths.benefits[:, 12:] == paths.claims[:, 12:] * 1500).all()
        assert setup(cells=cells).claims_a_run == setup().claims_a_run


class TestRun:
    def test_gives_the_same_bytes_for_the_same_seed(self):
        one = setup(members=5000, joiners=10.0, leaving=0.01, arrears=0.05, certainty=30.0)
        first, again = (simulation.run(one, seed=42, runs=1200) for _ in range(2))
        assert first.benefits.tobytes() == again.benefits.tobytes()
        assert first.paying.tobytes() == again.paying.tobytes()
        other = simulation.run(one, seed=43, runs=1200)
        assert other.benefits.tobytes() != first.benefits.tobytes()

    def test_keeps_money_whole(self):
        paths = simulation.run(setup(daily=3333), seed=1, runs=100)
        assert paths.benefits.dtype == paths.paying.dtype == np.int64
        assert not (paths.benefits % 3333).any()

    def test_says_how_far_it_is(self):
        told = []
        simulation.run(setup(), seed=1, runs=1200, on_progress=told.append)
        assert sum(told) == 1200
        assert len(told) > 1

    @pytest.mark.parametrize(
        "one", [setup(members=0), setup(rate=0), setup(cells=())], ids=["nobody", "nobody ill", "nothing promised"]
    )
    def test_pays_nothing_where_nothing_can_happen(self, one):
        assert not simulation.run(one, seed=1, runs=20).benefits.any()

    def test_makes_no_run_where_none_is_wanted(self):
        assert simulation.run(setup(), seed=1, runs=0).benefits.shape == (0, 24)

    @settings(max_examples=25, deadline=None)
    @given(
        st.integers(0, 400), st.floats(0, 3), st.integers(1, 90), st.integers(0, 12), st.floats(0, 0.2),
        st.integers(0, 60),
    )  # fmt: skip
    def test_never_pays_more_days_than_the_illnesses_last(self, members, rate, days, wait, leaving, own_risk):
        one = setup(
            members=members, waiting_months=wait, leaving=leaving, joiners=1.5,
            cells=(Cell(1.0, rate, certain(own_risk + days), flat(7, start=own_risk)),),
        )  # fmt: skip
        paths = simulation.run(one, seed=1, runs=30)
        assert (paths.benefits >= 0).all()
        assert (paths.benefits.sum(axis=1) <= paths.claims.sum(axis=1) * days * 7).all()
        assert (paths.paying >= 0).all()


class TestWhatRunsSay:
    def test_balances_add_dues_and_take_benefits(self):
        paths = simulation.Paths(np.array([[2, 3]]), np.array([[500, 100]]), np.array([[1, 1]]))
        assert simulation.balances(paths, opening=1000, dues=100).tolist() == [[700, 900]]

    def test_a_fund_below_its_floor_once_has_run_out_for_good(self):
        held = np.array([[5, -1, 5], [5, 5, 5], [-1, 5, 5]])
        assert simulation.ran_out(held, floor=0).tolist() == [1, 2, 2]
        assert simulation.ran_out(held, floor=6).tolist() == [3, 3, 3]

    def test_the_fan_holds_its_lines_in_order(self):
        held = simulation.balances(simulation.run(setup(), seed=1), opening=10_000_000, dues=100)
        lines = np.array(simulation.fan(held))
        assert lines.shape == (5, 24)
        assert (np.diff(lines, axis=0) >= 0).all()
        assert (held[:, -1] <= lines[0, -1]).mean() == pytest.approx(0.05, abs=0.002)

    def test_a_fund_without_a_cent_and_without_claims_never_runs_out(self):
        held = simulation.balances(simulation.run(setup(rate=0), seed=1, runs=10), opening=0, dues=0)
        assert not simulation.ran_out(held, floor=0).any()

    def test_the_dues_needed_are_enough_and_a_cent_less_is_not(self):
        paths = simulation.run(setup(days=12, certainty=20.0), seed=3)
        needed = simulation.dues_needed(paths, opening=500_000, floor=100_000)

        def out(dues):
            held = simulation.balances(paths, opening=500_000, dues=dues)
            return int(simulation.ran_out(held, floor=100_000)[-1])

        assert out(needed) < 100 <= out(needed - 1)

    def test_no_dues_are_needed_where_nobody_falls_ill(self):
        assert simulation.dues_needed(simulation.run(setup(rate=0), seed=1, runs=50), opening=0, floor=0) == 0

    def test_no_dues_help_a_fund_below_its_floor_that_nobody_pays_into(self):
        assert simulation.dues_needed(simulation.run(setup(members=0), seed=1, runs=50), opening=0, floor=1) is None

    def test_more_illness_needs_more_dues(self):
        calm, hard = (
            simulation.dues_needed(simulation.run(one, seed=5, runs=2000), opening=0, floor=0)
            for one in (setup(days=12), simulation.with_rate(setup(days=12), 1.5))
        )
        assert hard > calm > 0

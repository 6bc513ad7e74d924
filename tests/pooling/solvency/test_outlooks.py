"""From facts to figures and sentences; nothing is said about fewer than five people."""

from __future__ import annotations

import datetime as dt
import json
import random
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pooling.solvency import assumptions, costs, figures, outlooks, sentences, simulation, tables
from pooling.solvency.costs import Covered
from pooling.solvency.facts import Circled
from pooling.solvency.simulation import Piece
from tests.pooling.solvency.people import ON, claim, fund, ruled

RUNS = 600


def outlook(facts, **more):
    return outlooks.make(facts, **{"seed": 7, "runs": RUNS, "stressed": False, **more})


def ill(people=12, **more):
    """One claim of each of so many members."""
    return [claim(n, began=40 + 25 * n, **more) for n in range(people)]


class TestSpells:
    def test_joins_claims_that_follow_one_another(self):
        first, second = claim(1, began=60, days=30), claim(1, began=30, days=10)
        found = assumptions.spells([second, first], ON)
        assert [(one.days, one.amount) for one in found] == [(40, 80_000)]

    def test_keeps_apart_what_is_more_than_a_week_apart(self):
        assert len(assumptions.spells([claim(1, began=80, days=20), claim(1, began=50, days=20)], ON)) == 2
        assert len(assumptions.spells([claim(1, began=40), claim(2, began=40)], ON)) == 2

    def test_leaves_refused_claims_out(self):
        assert not assumptions.spells([claim(1, refused=True)], ON)

    def test_lets_an_illness_go_on_that_was_reported_on_its_last_day_lately(self):
        assert [one.over for one in assumptions.spells([claim(1, began=20, days=20)], ON)] == [False]
        assert [one.over for one in assumptions.spells([claim(1, began=90, days=20)], ON)] == [True]
        assert [one.over for one in assumptions.spells([claim(1, began=20, days=20, illness=False)], ON)] == [True]

    def test_follows_the_schedule_of_a_claim_paid_month_by_month(self):
        """Not how lately it ended: one goes on in its pause, one that ended yesterday is over."""
        paused = replace(claim(1, began=120, days=20), going_on=True)
        ended = replace(claim(2, began=20, days=20), going_on=False)
        assert [one.over for one in assumptions.spells([paused, ended], ON)] == [False, True]


class TestCircles:
    """The first part of a claim is the circle's: the fund's simulation knows only what is above it."""

    EVERYBODY = {"seated": 200, "room": 10**12}

    def test_change_nothing_where_nobody_sits_in_one(self):
        with_rules = {"versions": (ruled(),)}
        alone, beside = fund(ill(), **with_rules), fund(ill(), circled=Circled(room=10**12), **with_rules)
        pays = [cell.pays for cell in assumptions.of(alone).setup.cells]
        assert pays == [cell.pays for cell in assumptions.of(beside).setup.cells]

    def test_leave_nothing_to_the_fund_where_they_carry_everything(self):
        facts = fund(ill(), circled=Circled(retention=None, **self.EVERYBODY))
        paths = simulation.run(replace(assumptions.of(facts).setup, due_already=0, open_claims=()), seed=1, runs=200)
        assert int(paths.benefits.sum()) == 0
        assert int(paths.claims.sum()) > 0

    def test_cost_the_fund_what_is_expected_above_the_retention(self):
        """Against the closed form: a day's benefit times the mean of the days beyond, of every illness that begins."""
        with_rules = {"versions": (ruled(),)}
        before = assumptions.of(fund(ill(), **with_rules)).setup.cells
        circled = Circled(retention=10 * 2000, **self.EVERYBODY)
        after = assumptions.of(fund(ill(), circled=circled, **with_rules)).setup.cells
        rate = sum(cell.share * cell.rate for cell in before)
        assert sum(cell.share * cell.rate for cell in after) == pytest.approx(rate)
        beyond = np.maximum(np.arange(tables.DAYS + 1) - 10, 0) * 2000
        expected = sum(cell.share * cell.rate * float(cell.lasts @ beyond) for cell in before)
        found = sum(cell.share * cell.rate * costs.mean_cost(cell.lasts, cell.pays) for cell in after)
        assert found == pytest.approx(expected)
        assert all(cell.lasts.sum() == pytest.approx(1) for cell in after)

    @pytest.mark.parametrize("retention", [0, 10_000, 50_000, 10**9])
    def test_never_cost_the_fund_more_the_more_they_carry(self, retention):
        less = assumptions.of(fund(ill(), circled=Circled(retention=retention, **self.EVERYBODY)))
        more = assumptions.of(fund(ill(), circled=Circled(retention=retention + 30_000, **self.EVERYBODY)))
        assert more.mean_cost <= less.mean_cost
        if retention == 0:
            assert less.mean_cost == assumptions.of(fund(ill())).mean_cost

    def test_carry_no_more_than_they_have_room_for(self):
        everything = assumptions.of(fund(ill(), circled=Circled(seated=200, room=10**12)))
        nothing = assumptions.of(fund(ill(), circled=Circled(seated=200, room=0)))
        assert everything.mean_cost == 0
        assert nothing.mean_cost == assumptions.of(fund(ill())).mean_cost
        half = assumptions.of(fund(ill(), circled=Circled(seated=100, room=10**12)))
        assert half.mean_cost == pytest.approx(nothing.mean_cost / 2, rel=0.01)


class TestAssumptions:
    def test_without_history_are_the_tables_and_the_assumed_rate(self):
        none = assumptions.of(fund(exposure_days=0, charges=0, settled=0, lost=0))
        said = tables.assumed(ON)
        assert none.incidence == pytest.approx(said["incidence"])
        assert none.durations_trust == none.incidence_trust == 0
        assert none.arrears == pytest.approx(said["arrears"])
        band, cell = tables.age_bands()[1], none.setup.cells[1]
        expected = tables.paid_days(tables.bcac(band.representative), waiting=0, longest=tables.DAYS)
        assert cell.lasts == pytest.approx(expected)
        assert cell.pays == (Piece(0, 365, round(said["daily"]) * 100),)

    def test_with_much_history_follow_it(self):
        dice = random.Random(1)
        claims = [claim(n, began=dice.randrange(100, 700), days=10) for n in range(3000)]
        much = assumptions.of(fund(claims, members=10_000, exposure_days=10_000 * 730))
        assert much.own_incidence == pytest.approx(3000 / (20_000 * 0.9993), rel=0.08)
        assert much.incidence == pytest.approx(much.own_incidence, rel=0.01)
        assert much.durations_trust > 0.97
        assert much.mean_days == pytest.approx(10, rel=0.25)

    def test_the_rate_is_one_on_average_over_the_ages(self):
        made = assumptions.of(fund())
        assert sum(cell.share * cell.rate for cell in made.setup.cells) == pytest.approx(made.incidence)
        assert sum(cell.share for cell in made.setup.cells) == pytest.approx(1)

    def test_take_known_ages_for_what_they_are(self):
        young = assumptions.of(fund(ages=((25, 200),)))
        old = assumptions.of(fund(ages=((63, 200),)))
        assert young.setup.cells[0].share == pytest.approx(1)
        assert old.mean_days > young.mean_days
        assert old.ages_known == 200

    def test_follow_the_rules_of_the_fund(self):
        rules = ruled(own_risk={"days": 30}, duration={"days": 90}, ceiling_claim=100_000)
        for cell in assumptions.of(fund(versions=(rules,))).setup.cells:
            assert cell.pays == (Piece(30, 80, 2000),)
            assert not cell.lasts[:31].any()

    def test_pay_one_sum_where_claims_are_not_about_illness(self):
        births = assumptions.of(fund([claim(n, began=30 * n, illness=False, amount=75_000) for n in range(1, 9)]))
        assert not births.sickness
        assert births.mean_cost == 75_000
        assert births.setup.seasons == (1.0,) * 24

    def test_reserve_what_goes_on_by_the_continuation_tables(self):
        """Reserve per open claim: Σ l(x, t + k) / l(x, t) over the days to come, times a day's benefit."""
        facts = fund(
            [claim(n, began=20, days=20, amount=40_000) for n in range(6)], versions=(ruled(duration={"days": 90}),)
        )
        made = assumptions.of(facts)
        survival = np.zeros(tables.DAYS + 1)
        own = tables.own([(20, False)] * 6)
        weights = [band.share * band.relative for band in tables.age_bands()]
        trust = 6 / (6 + tables.assumed(ON)["durations_weight"])
        for band, weight in zip(tables.age_bands(), weights, strict=True):
            mixed = trust * own + (1 - trust) * tables.bcac(band.representative)
            survival += mixed * weight / sum(weights)
        expected = sum(survival[20 + k] / survival[20] for k in range(70)) * 2000
        assert made.open_reserve == pytest.approx(6 * expected, rel=1e-4)
        assert made.open_spells == 6

    def test_reserve_by_what_the_claim_came_to_and_not_wildly_on_its_first_days(self):
        """Own risk is over for one day, which the rules reckon at 20.00: 400.00 are no sign of twenty times as much."""
        rules = (ruled(own_risk={"days": 19}),)

        def reserve(amount):
            return assumptions.of(fund([claim(1, began=20, days=20, amount=amount)], versions=rules)).open_reserve

        assert reserve(2_000) < reserve(40_000) < 2 * reserve(2_000)

    def test_expect_claims_that_are_not_reported_yet(self):
        slow = assumptions.of(fund([claim(n, began=400, days=10, reported=200) for n in range(40)]))
        quick = assumptions.of(fund([claim(n, began=400, days=10) for n in range(40)]))
        assert slow.ibnr > quick.ibnr > 0

    def test_do_not_break_on_a_fund_without_members(self):
        none = fund(
            members=0, joined=0, left=0, exposure_days=0, dues=0, earned=0, charges=0, settled=0, lost=0, held=0
        )
        made = outlook(replace(none, floor=0))
        assert set(made.out) == {0}
        assert made.fan[0][-1] == made.fan[-1][-1] == -0


class TestFigures:
    def test_cover_is_what_is_above_the_floor_over_a_month_of_benefits(self):
        """F12."""
        made = outlook(fund(ill(12, amount=60_000))).figures
        assert made.cover_months == (Decimal(2_000_000 - 100_000) / 60_000).quantize(Decimal("0.01"))
        assert not made.cover_estimated

    def test_cover_is_of_an_expected_month_where_few_claimed(self):
        made = outlook(fund(ill(4))).figures
        assert made.cover_estimated
        assert made.cover_months == figures.ratio(1_900_000, made.expected_month)

    def test_the_refusal_ratio_needs_five_people_on_both_sides(self):
        refused = [claim(100 + n, began=60, refused=True) for n in range(5)]
        assert outlook(fund(ill(10) + refused)).figures.refusal_ratio == Decimal("0.33")
        assert outlook(fund(ill(10) + refused[:4])).figures.refusal_ratio is None
        assert outlook(fund(ill(10))).figures.refusal_ratio == 0

    def test_promptness_counts_claims_decided_in_seven_thirty_and_ninety_days(self):
        claims = [
            claim(n, began=200, days=10, decided=days)
            for n, days in enumerate([3] * 10 + [20] * 5 + [60] * 5)
        ]  # fmt: skip
        assert outlook(fund(claims)).figures.prompt == (Decimal("0.50"), Decimal("0.75"), Decimal("1.00"))

    def test_promptness_hides_a_step_of_fewer_than_five_people(self):
        claims = [claim(n, began=200, days=10, decided=d) for n, d in enumerate([3] * 10 + [20] * 2 + [60] * 8)]
        assert outlook(fund(claims)).figures.prompt == (Decimal("0.50"), None, Decimal("1.00"))

    def test_a_claim_that_waits_too_long_is_not_in_time(self):
        claims = [claim(n, began=250, days=10, decided=None if n < 5 else 3) for n in range(10)]
        assert outlook(fund(claims)).figures.prompt == (Decimal("0.50"),) * 3

    def test_the_largest_ten_are_shown_with_five_others_at_least(self):
        assert outlook(fund(ill(14, amount=10_000))).figures.largest_share is None
        claims = [claim(n, began=100, amount=20_000 if n < 10 else 10_000) for n in range(20)]
        assert outlook(fund(claims)).figures.largest_share == Decimal("0.67")

    def test_provisions_hold_what_is_owed_waits_goes_on_and_is_not_reported(self):
        claims = [*ill(8), *(claim(50 + n, began=50, decided=None, amount=1000) for n in range(5))]
        facts = fund(claims, owed=12_345)
        made = outlook(facts).figures
        assert made.provisions == 12_345 + 5000 + assumptions.of(facts).open_reserve + made.ibnr

    def test_solvency_is_assets_over_provisions_and_a_year(self):
        """F12."""
        made = outlook(fund(ill(12), set_aside=50_000, owed=50_000))
        expected = Decimal(2_050_000) / (made.figures.provisions + made.figures.expected_month * 12)
        assert float(made.figures.solvency) == pytest.approx(float(expected), abs=0.01)

    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.tuples(st.integers(1, 8), st.booleans(), st.integers(1, 120)), max_size=40))
    def test_never_tell_about_fewer_than_five_people(self, said):
        """Whatever the claims: a shown share is about nobody, or five people or more, and so is what is left."""
        claims = [claim(m, began=200, days=10, decided=days, refused=no) for m, no, days in said]
        facts = fund(claims)
        since = dt.date(2025, 11, 10)
        decided = [one for one in claims if one.decided_on is not None and one.decided_on <= ON]
        made = figures.share([one for one in decided if one.refused], decided)
        if made is not None:
            for group in ([o for o in decided if o.refused], [o for o in decided if not o.refused]):
                assert len({one.member for one in group}) not in range(1, 5)
        before = set()
        for days, shown in zip(figures.PROMPT_DAYS, figures.prompt(facts, since), strict=True):
            if shown is None:
                continue
            within = {id(o) for o in claims if o.decided_on and (o.decided_on - o.reported_on).days <= days}
            step = {one.member for one in claims if id(one) in within - before}
            assert len(step) not in range(1, 5)
            before = within


class TestOutlook:
    def test_is_the_same_for_the_same_facts_and_seed(self):
        facts = fund(ill())
        first, again = (json.dumps(outlooks.to_json(outlook(facts)), sort_keys=True) for _ in range(2))
        assert first == again
        assert json.dumps(outlooks.to_json(outlook(facts, seed=8)), sort_keys=True) != first

    def test_comes_back_from_json_as_it_went(self):
        for claims in ([], ill()):
            made = outlook(fund(claims), stressed=True)
            assert outlooks.from_json(json.loads(json.dumps(outlooks.to_json(made)))) == made

    def test_begins_with_the_month_after(self):
        assert outlook(fund()).months[0] == dt.date(2026, 12, 1)
        assert outlook(fund()).months[-1] == dt.date(2028, 11, 1)

    def test_runs_out_on_a_day_where_dues_are_too_low(self):
        poor = outlook(fund(ill(15), dues=0))
        assert poor.run_out_on is not None
        assert poor.dues_needed > 0
        rich = outlook(fund(ill(15), dues=poor.dues_needed))
        assert rich.out[-1] * 100 < rich.runs
        assert rich.run_out_on is None

    def test_gets_worse_under_stress(self):
        facts = fund(ill(15))
        tight = outlook(replace(facts, dues=outlook(facts).dues_needed), stressed=True)
        by_name = {one.name: one.out for one in tight.stresses}
        assert by_name["ILLNESS"] > tight.out[-1] * 2000 // RUNS


def tried(facts, **change):
    made, base = outlook(facts), outlooks.base_of(facts)
    wish = replace(outlooks.present(made), **change)
    paths = outlooks.try_paths(made, base, waiting_days=wish.waiting_days, ceiling=wish.ceiling)
    return outlooks.try_out(made, paths, wish)


class TestTryOut:
    def test_more_dues_and_more_waiting_and_a_lower_ceiling_help(self):
        facts = fund(ill(15), dues=300, held=200_000)
        as_it_is = tried(facts).out[-1]
        assert as_it_is > 0
        assert tried(facts, dues=600).out[-1] < as_it_is
        assert tried(facts, waiting_days=14).out[-1] < as_it_is
        assert tried(facts, ceiling=20_000).out[-1] < as_it_is

    def test_as_it_is_agrees_with_the_outlook_within_sampling_error(self):
        facts = fund(ill(15), dues=300, held=200_000)
        whole, part = outlook(facts, runs=4000), tried(facts)
        share, again = whole.out[-1] / whole.runs, part.out[-1] / part.runs
        assert abs(share - again) < 5 * (share * (1 - share) * (1 / 2000 + 1 / 4000)) ** 0.5 + 0.001

    def test_draws_fewer_runs_for_a_large_fund(self):
        assert tried(fund(ill())).runs == 2000
        assert tried(fund(ill(), members=300_000)).runs < 2000

    def test_stands_on_a_base_that_comes_back_from_json_as_it_went(self):
        facts = fund([*ill(), *(claim(50 + n, began=20, days=20) for n in range(5))], joined_lately=(1, 2),
                     versions=(ruled(own_risk={"days": 5}), ruled("2027-06-01", number=2)))  # fmt: skip
        base = outlooks.base_of(facts)
        again = outlooks.base_from_json(json.loads(json.dumps(outlooks.base_to_json(base))))
        first, second = (simulation.run(one.setup, seed=1, runs=50).benefits for one in (base, again))
        assert (first == second).all()
        tried = [assumptions.cells(one.recipe, waiting_days=9, ceiling=(50_000,)) for one in (base, again)]
        assert [cell.pays for cell in tried[0]] == [cell.pays for cell in tried[1]]


class TestRules:
    """What an illness costs is what the engine reckons under the rules that will be in force."""

    BANDS = tables.age_bands()
    STEPS = {
        "own_risk": {"days": 7}, "duration": {"days": 180}, "steps": [{"after": {"days": 90}, "percent": "50"}],
        "pays": {"by": "LEVEL", "per": "MONTH"}, "weekdays": [1, 2, 3, 4, 5],
    }  # fmt: skip
    LEVELS = ({"name": "1", "amount": 60_000}, {"name": "2", "amount": 120_000})

    def mean_cost(self, versions, **more):
        return assumptions.of(fund(versions=versions, exposure_days=0, **more)).mean_cost

    def test_a_step_down_and_a_maximum_cost_what_they_sum_to_by_hand(self):
        """20.00 a day from the 8th to the 90th day, half of it to the 180th, weighted by who is still ill then."""
        steps = [{"after": {"days": 90}, "percent": "50"}]
        rules = ruled(own_risk={"days": 7}, duration={"days": 180}, steps=steps)
        made = assumptions.of(fund(versions=(rules,), exposure_days=0))
        assert {cell.pays for cell in made.setup.cells} == {(Piece(7, 90, 2000), Piece(90, 180, 1000))}
        weights = [band.share * band.relative for band in self.BANDS]
        expected = 0.0
        for band, weight in zip(self.BANDS, weights, strict=True):
            still = tables.bcac(band.representative)[7:180] / tables.bcac(band.representative)[7]
            expected += weight / sum(weights) * (2000 * still[:83].sum() + 1000 * still[83:].sum())
        assert made.mean_cost == pytest.approx(expected, abs=1)

    def test_covers_weigh_by_how_many_hold_them_and_none_counts_for_nothing(self):
        rules = ruled(levels=self.LEVELS, **self.STEPS)
        low, high, none = Covered("1"), Covered("2"), Covered("")
        cost = {one: self.mean_cost((rules,), covers=((one, 200),)) for one in (low, high)}
        assert cost[high] == pytest.approx(2 * cost[low], rel=0.001)
        mixed = self.mean_cost((rules,), covers=((low, 30), (high, 60), (none, 110)))
        assert mixed == pytest.approx((cost[low] + 2 * cost[high]) / 3, rel=0.001)

    def test_by_the_month_on_weekdays_cost_a_month_for_a_month(self):
        """A level of 600.00 a month is 7,200.00 a year, whatever months and weekdays it begins on."""
        rules = ruled(levels=self.LEVELS[:1], pays={"by": "LEVEL", "per": "MONTH"}, weekdays=[1, 3, 5])
        curve = costs.curve(rules, rules.terms.benefits[0], Covered("1"), since=ON)
        assert curve[365] == pytest.approx(720_000, rel=0.005)
        (piece,) = costs.pieces(curve)
        assert piece.daily == pytest.approx(720_000 / 365.25, rel=0.005)

    def test_a_long_absence_is_paid_from_its_first_day(self):
        rules = ruled(own_risk={"days": 14}, paid_from_start=42)
        curve = costs.curve(rules, rules.terms.benefits[0], Covered(), since=ON)
        assert [round(curve[n]) for n in (14, 15, 41, 42, 43)] == [0, 2000, 54_000, 84_000, 86_000]
        assert costs.pieces(curve)[1] == Piece(41, 42, 30_000)

    def test_a_month_of_own_risk_is_not_paid_whatever_the_month(self):
        """Months have 28 to 31 days, six of them 181 to 184: on no day before or after is anything paid."""
        rules = ruled(own_risk={"months": 1}, duration={"months": 6})
        found = costs.pieces(costs.curve(rules, rules.terms.benefits[0], Covered(), since=ON))
        assert 28 <= found[0].start <= 31
        assert 181 <= found[-1].end <= 184

    def test_a_lump_sum_costs_the_same_however_long(self):
        rules = ruled(pays={"by": "FLAT", "per": "ONCE", "amount": 50_000})
        assert costs.pieces(costs.curve(rules, rules.terms.benefits[0], Covered(), since=ON)) == (Piece(0, 1, 50_000),)

    def test_of_lump_sums_weigh_by_how_often_they_were_claimed(self):
        """500.00 for a birth, claimed 7 times, and 200.00 for a death, claimed once: each once more, 8 and 2 of 10."""
        lump = {"causes": ["BIRTH"], "pays": {"by": "FLAT", "per": "ONCE", "amount": 50_000}}
        rules = ruled(**lump)
        death = ruled(rule="death", causes=["DEATH"], pays={**lump["pays"], "amount": 20_000}).terms.benefits
        rules = replace(rules, terms=replace(rules.terms, benefits=(*rules.terms.benefits, *death)))
        claims = [claim(n, began=30 * n, illness=False, amount=50_000, cause="BIRTH") for n in range(1, 8)]
        claims.append(claim(9, began=300, illness=False, amount=20_000, cause="DEATH"))
        made = assumptions.of(fund(claims, versions=(rules,)))
        assert not made.sickness
        shares = {round(made.recipe.factor * amount): 0.0 for amount in (50_000, 20_000)}
        for cell in made.setup.cells:
            shares[cell.pays[0].daily] += cell.share
        assert list(shares.values()) == pytest.approx([0.8, 0.2])
        # What was paid, 3,700.00, against eight times the mean of 440.00 by the rules, with 60 more at one.
        assert made.recipe.factor == pytest.approx((370_000 + 60 * 44_000) / (8 * 44_000 + 60 * 44_000))
        assert made.mean_cost == pytest.approx(made.recipe.factor * 44_000, abs=1)

    def test_rules_of_a_later_day_hold_from_the_month_after_it(self):
        later = ruled("2027-03-15", number=2, pays={"by": "FLAT", "per": "DAY", "amount": 3000})
        made = assumptions.of(fund(versions=(ruled(), later))).setup.cells
        assert {(cell.months, cell.pays[0].daily) for cell in made} == {((0, 4), 2000), ((4, 24), 3000)}

    def test_a_history_that_came_to_less_than_the_rules_corrects_them(self):
        """60 claims of 20 days at half of 20.00 weigh as much as the 60 that are assumed to come to all of it."""
        half = [claim(n, began=40 + 5 * n, days=20, amount=20_000) for n in range(60)]
        made = assumptions.of(fund(half, versions=(ruled(),)))
        assert made.recipe.factor == pytest.approx(0.75)
        assert {cell.pays[0].daily for cell in made.setup.cells} == {1500}
        assert assumptions.of(fund(ill(), versions=(ruled(),))).recipe.factor == pytest.approx(1)

    @pytest.mark.parametrize(
        ("waiting_days", "ceiling", "change"),
        [(30, None, {"own_risk": {"days": 30}}), (3, None, {"own_risk": {"days": 3}}),
         (14, 40_000, {"ceiling_claim": 40_000}), (0, 90_000, {"own_risk": {}, "ceiling_claim": 90_000})],
    )  # fmt: skip
    def test_that_are_tried_are_reckoned_as_if_they_were_adopted(self, waiting_days, ceiling, change):
        """The slider changes the rules that the engine runs: what it shows is what those rules would show."""
        steps = [{"after": {"days": 60}, "percent": "70"}]
        now = {"own_risk": {"days": 14}, "duration": {"months": 6}, "steps": steps}
        facts = fund(versions=(ruled(**now),))
        base = outlooks.base_of(facts)
        tried = assumptions.cells(
            base.recipe, waiting_days=None if waiting_days == 14 else waiting_days, ceiling=(ceiling,)
        )
        adopted = assumptions.of(replace(facts, versions=(ruled(**{**now, **change}),))).setup.cells
        assert [one.pays for one in tried] == [one.pays for one in adopted]
        for one, other, band in zip(tried, adopted, base.recipe.bands, strict=True):
            assert one.lasts.sum() == pytest.approx(1)
            # The rules now say what is claimed for; tried are rates of the same illnesses, longer than these.
            unpaid = min(waiting_days, 14)
            assert one.rate == pytest.approx(other.rate * band.survival[unpaid] / band.survival[14])


class TestSentence:
    def test_says_that_a_safe_fund_is_safe(self):
        rich = outlook(fund(ill(), held=10**9))
        assert sentences.of_fund(rich) == (
            "The Sickness fund can pay its benefits in full until Nov 2028 in more than 99 of 100 simulated futures."
        )

    def test_says_how_likely_and_what_would_help(self):
        poor = outlook(fund(ill(15), dues=0, held=200_000))
        said = sentences.of_fund(poor)
        assert said.startswith("In ")
        assert "would have to reduce its benefits" in said
        assert "more a month from each member it would be fewer than 1." in said

    @pytest.mark.parametrize(
        ("promise", "never"),
        [
            ("GIFT", ["benefit", "promised", "entitled", "pay"]),
            ("DISCRETIONARY", ["benefit", "promised", "entitled", "pay"]),
            ("VARYING", ["promised", "guarantee"]),
        ],
    )
    def test_uses_only_words_that_the_promise_allows(self, promise, never):
        """F15."""
        for facts in (fund(ill(), held=10**9), fund(ill(15), dues=0, held=200_000)):
            said = sentences.of_fund(outlook(replace(facts, promise=promise))).lower()
            assert not [word for word in never if word in said]

    def test_never_says_that_a_danger_is_none(self):
        assert sentences.in_a_hundred(1, 10_000) == 1
        assert sentences.in_a_hundred(101, 10_000) == 2
        assert sentences.in_a_hundred(10_000, 10_000) == 100

    def test_says_that_a_fund_is_below_its_floor(self):
        assert "less than its floor" in sentences.of_fund(outlook(fund(held=50_000)))

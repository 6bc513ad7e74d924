"""The engine: each rule by an example, and the laws that hold for any facts."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from mutual.periods import add_months
from pooling.benefits import sentences
from pooling.benefits.engine import Code, Earlier, Facts, Line, Phase, Version, assess
from pooling.benefits.terms import Terms
from tests.pooling.benefits import fold
from tests.pooling.benefits.drawing import facts as drawn_facts
from tests.pooling.benefits.drawing import histories, schemes

FLAT = {"by": "FLAT", "per": "DAY", "amount": 5000}
MONTHLY = {"by": "FLAT", "per": "MONTH", "amount": 150_000}
ONCE = {"by": "FLAT", "per": "ONCE", "amount": 50_000}


def day(text):
    return dt.date.fromisoformat(text)


def version(number=1, since="2020-01-01", *, levels=(), **more):
    benefit = {"rule": "sick-pay", "title": "Sick pay", "causes": ["ILLNESS"], "pays": FLAT} | more
    terms = {"currency": "EUR", "benefits": [benefit], "levels": list(levels)}
    return Version(number, day(since), Terms.from_json(terms), f"D-{number:04}")


def ill(since="2026-03-02", until="2026-03-12", **more):
    """Facts of an illness from one day up to another; a member since 2021."""
    return Facts(**{
        "member": "M-000001", "joined_on": day("2021-01-01"), "cause": "ILLNESS", "occurred_on": day(since),
        "began_on": day(since), "ended_on": day(until), **more,
    })  # fmt: skip


def paid(found):
    return found.amount, found.days


def why(found):
    """The code of a refusal and its sentence."""
    assert found.refusal is not None
    assert (found.amount, found.days, found.lines) == (0, 0, ())
    return found.code, sentences.of(found.refusal)


class TestRates:
    def test_pay_by_the_day(self):
        assert paid(assess(ill(), [version()])) == (50_000, 10)

    def test_pay_by_the_week_for_the_days_that_count(self):
        rules = version(pays={"by": "FLAT", "per": "WEEK", "amount": 35_000}, weekdays=[1, 2, 3, 4, 5])
        # Monday to Wednesday of the week after: eight working days of five a week.
        assert paid(assess(ill("2026-03-02", "2026-03-12"), [rules])) == (56_000, 8)

    def test_pay_by_the_month_in_proportion_to_its_days(self):
        found = assess(ill("2026-01-15", "2026-03-01"), [version(pays=MONTHLY)])
        assert found.months() == {day("2026-01-01"): 82_258, day("2026-02-01"): 150_000}

    def test_pay_by_level(self):
        levels = [{"name": "1", "amount": 75_000}, {"name": "8", "amount": 250_000}]
        rules = version(pays={"by": "LEVEL", "per": "MONTH"}, levels=levels)
        assert assess(ill("2026-02-01", "2026-03-01", level="8"), [rules]).amount == 250_000
        assert why(assess(ill(level="3"), [rules])) == (
            Code.INVALID_CLAIM, "There is no level “3” in the rules.",
        )  # fmt: skip
        assert why(assess(ill(), [rules]))[0] == Code.NO_COVER

    def test_pay_a_part_of_earnings_less_what_still_comes_in_up_to_a_ceiling(self):
        """F9."""
        pays = {"by": "EARNINGS", "per": "MONTH", "percent": "65", "ceiling": 200_000}
        rules = version(pays=pays)
        month = {"since": "2026-02-01", "until": "2026-03-01"}
        assert assess(ill(**month, earnings=300_000), [rules]).amount == 195_000
        assert assess(ill(**month, earnings=300_000, other_cover=20_000, continuing_income=10_000,
                          state_benefit=5_000), [rules]).amount == 160_000  # fmt: skip
        assert assess(ill(**month, earnings=900_000), [rules]).amount == 200_000
        assert why(assess(ill(**month), [rules]))[0] == Code.INVALID_CLAIM
        assert why(assess(ill(**month, earnings=100_000, other_cover=65_000), [rules]))[0] == Code.CEILING_REACHED

    def test_are_capped_by_earnings(self):
        rules = version(pays=MONTHLY, earnings_cap="65")
        month = {"since": "2026-02-01", "until": "2026-03-01"}
        assert assess(ill(**month, earnings=100_000), [rules]).amount == 65_000
        assert assess(ill(**month, earnings=900_000), [rules]).amount == 150_000

    def test_count_units_up_to_the_most(self):
        rules = version(units_most=3)
        assert assess(ill(units=2), [rules]).amount == 100_000
        assert assess(ill(units=9), [rules]).amount == 150_000

    def test_pay_a_lump_sum_for_each_child(self):
        rules = version(causes=["BIRTH"], pays=ONCE)
        found = assess(ill(cause="BIRTH", count=2), [rules])
        assert paid(found) == (100_000, 0)
        assert found.lines == (Line(day("2026-03-02"), day("2026-03-03"), 0, 100_000),)

    def test_pay_a_part_of_what_it_cost_less_what_others_pay_up_to_a_ceiling(self):
        pays = {"by": "COST", "per": "ONCE", "percent": "80", "ceiling": 120_000}
        rules = version(causes=["BROKEN_TOOL"], pays=pays)
        broken = {"cause": "BROKEN_TOOL"}
        assert paid(assess(ill(**broken, cost=99_999), [rules])) == (79_999, 0)
        assert assess(ill(**broken, cost=99_999, other_cover=20_000), [rules]).amount == 59_999
        assert assess(ill(**broken, cost=900_000), [rules]).amount == 120_000
        assert why(assess(ill(**broken), [rules])) == (
            Code.INVALID_CLAIM, "The rules go by what it cost, and that is not known.",
        )  # fmt: skip
        assert why(assess(ill(**broken, cost=10_000, other_cover=8_000), [rules]))[0] == Code.CEILING_REACHED
        assert why(assess(ill(**broken, cost=-1), [rules]))[0] == Code.INVALID_CLAIM

    @pytest.mark.parametrize(("on", "by"), [
        ("2026-03-02", "2026-03-11"), ("2026-03-04", "2026-03-13"), ("2026-03-05", "2026-03-16"),
        ("2026-03-06", "2026-03-17"), ("2026-03-07", "2026-03-17"), ("2026-03-08", "2026-03-17"),
    ])  # fmt: skip
    def test_say_by_which_working_day_they_are_paid(self, on, by):
        """G1: Monday to Friday, counted from the day after."""
        rules = version(causes=["UNPAID"], pays={"by": "COST", "per": "ONCE", "percent": "100"}, pay_within=7)
        found = assess(ill(on, "2026-04-01", cause="UNPAID", cost=1), [rules])
        assert [step.figure for step in found.steps if step.code == "pay-within"] == [day(by)]


class TestDays:
    def test_of_own_risk_are_not_paid(self):
        assert paid(assess(ill(), [version(own_risk={"days": 7})])) == (15_000, 3)
        assert why(assess(ill(), [version(own_risk={"days": 10})]))[0] == Code.OWN_RISK

    def test_of_own_risk_run_from_the_first_day_of_absence_not_from_the_first_claimed(self):
        late = ill(began_on=day("2026-03-08"))
        assert paid(assess(late, [version(own_risk={"days": 7})])) == (15_000, 3)

    def test_are_all_paid_where_the_absence_is_long_enough(self):
        rules = version(own_risk={"days": 7}, paid_from_start=10)
        assert paid(assess(ill(), [rules])) == (50_000, 10)
        assert paid(assess(ill(until="2026-03-11"), [rules])) == (10_000, 2)

    def test_end_with_the_longest_duration_from_the_first_day(self):
        rules = version(own_risk={"months": 1}, duration={"months": 24})
        found = assess(ill("2024-01-10", "2027-01-01"), [rules])
        assert (found.first_day, found.last_day) == (day("2024-02-10"), day("2026-01-09"))
        assert found.lines[0].start == day("2024-02-10")
        assert found.lines[-1].end == day("2026-01-10")
        assert why(assess(ill("2024-01-10", "2027-01-01", began_on=day("2026-02-01")), [rules]))[0] == (
            Code.CEILING_REACHED
        )

    def test_end_with_the_longest_duration_from_the_end_of_the_own_risk(self):
        rules = version(own_risk={"months": 1}, duration={"months": 24}, clock="AFTER_OWN_RISK")
        assert assess(ill("2024-01-10", "2027-01-01"), [rules]).last_day == day("2026-02-09")

    def test_step_down(self):
        rules = version(steps=[{"after": {"days": 4}, "percent": "50"}])
        assert paid(assess(ill(), [rules])) == (35_000, 10)

    def test_of_partial_incapacity_are_paid_in_part(self):
        rules = version(partial={"least": 25, "full": 80})
        back = ill(phases=(Phase(day("2026-03-04"), 50), Phase(day("2026-03-06"), 80), Phase(day("2026-03-08"), 20)))
        # Two days whole, two at half, two at 80 % which count whole, four below the least.
        assert paid(assess(back, [rules])) == (2 * 5000 + 2 * 2500 + 2 * 5000, 6)
        assert why(assess(ill(phases=(Phase(day("2026-03-02"), 20),)), [rules]))[0] == Code.OWN_RISK

    def test_end_with_the_membership_and_at_the_age(self):
        assert assess(ill(left_on=day("2026-03-05")), [version()]).days == 3
        old = ill(born_on=day("1959-03-06"))
        assert assess(old, [version(age_until=67)]).days == 4

    def test_are_never_more_than_the_most_within_any_months(self):
        rules = version(within={"most": 12, "months": 2})
        before = earlier("C-1", "2026-02-01", "2026-02-09")
        found = assess(ill(earlier=(before,)), [rules])
        assert found.days == 4
        assert why(assess(ill(until="2026-03-03", earlier=(
            before, earlier("C-2", "2026-02-10", "2026-02-15")
        )), [rules]))[0] == Code.CEILING_REACHED  # fmt: skip
        # Two months later all of them are free again.
        assert assess(ill("2026-04-11", "2026-04-20", earlier=(before,)), [rules]).days == 9

    def test_are_not_paid_twice(self):
        before = earlier("C-1", "2026-03-04", "2026-03-08")
        assert assess(ill(earlier=(before,)), [version()]).days == 6
        assert why(assess(ill("2026-03-05", "2026-03-07", earlier=(before,)), [version()]))[0] == Code.FREQUENCY


def earlier(number, since, until, *, amount=None, cause="ILLNESS"):
    """An earlier claim paid at 50.00 a day from its first day."""
    start, end = day(since), day(until)
    lines = []
    while start < end:
        stop = min(end, add_months(start.replace(day=1), 1))
        days = (stop - start).days
        lines.append(Line(start, stop, days, 5000 * days if amount is None else amount))
        start = stop
    return Earlier(number, "sick-pay", cause, day(since), end, tuple(lines))


class TestRecurrence:
    rules = version(own_risk={"days": 7}, recurrence_months=3, duration={"days": 30})

    def test_continues_the_old_claim_within_the_months(self):
        """F2: own risk is not borne twice, and the days already away count."""
        before = earlier("C-1", "2026-01-01", "2026-01-21")
        found = assess(ill("2026-02-10", "2026-03-10", earlier=(before,)), [self.rules])
        assert found.continues == "C-1"
        # Twenty of thirty days had passed.
        assert paid(found) == (50_000, 10)

    def test_is_a_new_claim_afterwards(self):
        before = earlier("C-1", "2026-01-01", "2026-01-21")
        found = assess(ill("2026-04-22", "2026-05-10", earlier=(before,)), [self.rules])
        assert (found.continues, found.days) == ("", 11)

    def test_goes_on_with_the_own_risk_that_was_not_over(self):
        short = Earlier("C-1", "sick-pay", "ILLNESS", day("2026-02-01"), day("2026-02-05"))
        assert assess(ill(earlier=(short,)), [self.rules]).days == 7

    def test_needs_the_same_cause(self):
        rules = version(own_risk={"days": 7}, recurrence_months=3, causes=["ILLNESS", "ACCIDENT"])
        before = earlier("C-1", "2026-02-01", "2026-02-21", cause="ACCIDENT")
        assert assess(ill(earlier=(before,)), [rules]).continues == ""

    def test_keeps_the_version_of_the_old_claim(self):
        newer = version(2, "2026-02-01", pays={"by": "FLAT", "per": "DAY", "amount": 1000})
        before = earlier("C-1", "2026-01-01", "2026-01-21")
        found = assess(ill("2026-02-10", "2026-02-12", earlier=(before,)), [self.rules, newer])
        assert (found.version, found.amount) == (1, 10_000)


class TestCeilings:
    def test_of_a_claim(self):
        assert paid(assess(ill(), [version(ceiling_claim=32_000)])) == (32_000, 10)

    def test_of_a_year_count_what_was_paid_in_it(self):
        before = earlier("C-1", "2026-01-01", "2026-01-05")
        assert assess(ill(earlier=(before,)), [version(ceiling_year=30_000)]).amount == 10_000
        across = ill("2025-12-22", "2026-01-11")
        assert assess(across, [version(ceiling_year=30_000)]).amount == 60_000

    def test_of_a_member_count_all_years(self):
        before = earlier("C-1", "2022-01-01", "2022-01-05")
        assert assess(ill(earlier=(before,)), [version(ceiling_member=30_000)]).amount == 10_000
        used = earlier("C-1", "2022-01-01", "2022-01-07")
        assert why(assess(ill(earlier=(used,)), [version(ceiling_member=30_000)]))[0] == Code.CEILING_REACHED

    def test_of_a_claim_hold_for_what_continues_it(self):
        rules = version(ceiling_claim=60_000, recurrence_months=3)
        before = earlier("C-1", "2026-02-01", "2026-02-11")
        assert assess(ill(earlier=(before,)), [rules]).amount == 10_000


class TestRefusals:
    def test_no_cover(self):
        assert why(assess(ill(cause="DEATH"), [version()])) == (
            Code.NO_COVER, "The fund's rules do not cover Death.",
        )  # fmt: skip
        assert why(assess(ill(), [version(since="2026-03-03")]))[0] == Code.NO_COVER

    def test_waiting_period_of_the_version_at_joining(self):
        """F1."""
        before = version(waiting_months=3)
        after = version(2, "2025-12-01", waiting_months=12)
        joined = {"joined_on": day("2025-11-20")}
        assert assess(ill(**joined), [before, after]).amount == 50_000
        code, sentence = why(assess(ill(joined_on=day("2025-12-10")), [before, after]))
        assert code == Code.WAITING_PERIOD
        assert sentence == (
            "It began on 2 March 2026. Cover begins 12 months after joining on 10 December 2025: on 10 December 2026 "
            "(version 2 of the rules)."
        )

    def test_frequency(self):
        rules = version(frequency={"most": 1, "months": 6})
        assert why(assess(ill(earlier=(earlier("C-1", "2026-01-01", "2026-01-05"),)), [rules]))[0] == Code.FREQUENCY
        assert assess(ill(earlier=(earlier("C-1", "2025-01-01", "2025-01-05"),)), [rules]).amount

    def test_target_date(self):
        for facts in (
            ill(joined_on=day("2026-03-03")),
            ill(left_on=day("2026-03-02")),
            ill(reported_on=day("2026-04-02")),
        ):
            assert why(assess(facts, [version(report_within=30)]))[0] == Code.TARGET_DATE
        assert assess(ill(reported_on=day("2026-04-01")), [version(report_within=30)]).amount

    def test_age(self):
        rules = version(age_from=18, age_until=67)
        assert why(assess(ill(born_on=day("2010-01-01")), [rules]))[0] == Code.NO_COVER
        assert why(assess(ill(born_on=day("1950-01-01")), [rules]))[0] == Code.NO_COVER
        assert why(assess(ill(), [rules]))[0] == Code.INVALID_CLAIM
        assert assess(ill(born_on=day("1959-03-03")), [rules]).days == 1

    @pytest.mark.parametrize("facts", [
        ill("2026-03-12", "2026-03-02"), ill(began_on=day("2026-03-01")), ill(born_on=day("2026-03-03")),
        ill(born_on=day("1654-03-03")), ill(earnings=-1), ill(other_cover=10**13), ill(units=0), ill(count=0),
        ill(phases=(Phase(day("2026-03-03"), 101),)),
        ill(phases=(Phase(day("2026-03-04"), 10), Phase(day("2026-03-03"), 20))),
        ill(reported_on=day("2026-03-01")),
    ])  # fmt: skip
    def test_invalid_claim(self, facts):
        code, sentence = why(assess(facts, [version()]))
        assert code == Code.INVALID_CLAIM
        assert sentence.startswith("This cannot be:")


class TestVersions:
    def test_are_those_in_force_on_the_day_it_occurred(self):
        two = [version(), version(2, "2026-03-03", pays={"by": "FLAT", "per": "DAY", "amount": 1})]
        assert [assess(ill(since), two).version for since in ("2026-03-02", "2026-03-03")] == [1, 2]

    def test_are_named_by_every_step(self):
        found = assess(ill(), [version(), version(2, "2026-03-01", own_risk={"days": 2})])
        assert {step.version for step in found.steps} == {2}
        assert [step.rule for step in found.steps] == [
            "version", "sick-pay/causes", "sick-pay/rate", "sick-pay/own-risk", "sick-pay/pay", "sick-pay/total",
        ]  # fmt: skip
        assert [sentences.of(step) for step in found.steps] == [
            "Version 2 of the rules is in force since 1 March 2026, by decision D-0002.",
            "Illness belongs to “Sick pay”.",
            "The rate is €50.00 a day.",
            "Own risk is 2 days from 2 March 2026: days count from 4 March 2026.",
            "4 Mar 2026 – 11 Mar 2026: 8 days at €50.00 = €400.00.",
            "Together: €400.00.",
        ]


def benefit_of(found, rules):
    version = next(one for one in rules if one.number == found.version)
    return version.terms, next(one for one in version.terms.benefits if one.rule == found.rule)


class TestLaws:
    @settings(deadline=None, max_examples=80)
    @given(drawn_facts(), schemes())
    def test_the_same_comes_out_day_by_day(self, facts, rules):
        """An independent reckoning with fractions agrees to the cent, and on the days."""
        found = assess(facts, rules)
        event(f"{found.code}")
        if found.code is None:
            terms, benefit = benefit_of(found, rules)
            assert found.amount == fold.amount(terms, benefit, facts)
            if not benefit.once and not any(step.rule.split("/")[-1].startswith("ceiling") for step in found.steps):
                whole = {one for one, _weight in fold.days_paid(benefit, facts)}
                lines = {
                    one for line in found.lines for n in range((line.end - line.start).days)
                    if (one := line.start + dt.timedelta(n)).isoweekday() in benefit.weekdays
                }  # fmt: skip
                # A line whose share of the month rounds to nothing is left out.
                assert lines <= whole
                assert found.days == len(lines)
        elif found.code in (Code.OWN_RISK, Code.CEILING_REACHED) and found.rule and found.rate:
            terms, benefit = benefit_of(found, rules)
            assert fold.amount(terms, benefit, facts) == 0

    @settings(deadline=None, max_examples=60)
    @given(drawn_facts(), schemes())
    def test_lines_sum_to_months_and_months_to_the_amount(self, facts, rules):
        found = assess(facts, rules)
        assert sum(found.months().values()) == sum(line.amount for line in found.lines) == found.amount
        assert sum(line.days for line in found.lines) == found.days
        assert all(line.amount > 0 and line.start < line.end for line in found.lines)
        assert all(one.end <= two.start for one, two in zip(found.lines, found.lines[1:], strict=False))
        assert all(line.start.replace(day=1) == (line.end - dt.timedelta(1)).replace(day=1) for line in found.lines)
        assert (found.code is None) == bool(found.amount) == (found.refusal is None)

    @settings(deadline=None, max_examples=60)
    @given(drawn_facts(), schemes(), st.integers(1, 200))
    def test_a_longer_absence_never_comes_to_less(self, facts, rules, more):
        longer = assess(replace(facts, ended_on=facts.ended_on + dt.timedelta(more)), rules)
        found = assess(facts, rules)
        if found.code is None:
            _terms, benefit = benefit_of(found, rules)
            # Paid from its start, an absence can use up its days in other months than before.
            assume(benefit.paid_from_start is None or benefit.within is None)
        assert longer.amount >= found.amount

    @settings(deadline=None, max_examples=40)
    @given(drawn_facts(), schemes(), st.integers(1, 100_000))
    def test_who_earned_more_never_gets_less(self, facts, rules, more):
        assume(facts.earnings is not None)
        assert assess(replace(facts, earnings=facts.earnings + more), rules).amount >= assess(facts, rules).amount

    @settings(deadline=None, max_examples=60)
    @given(histories(), schemes())
    def test_no_day_is_paid_twice_and_no_ceiling_passed_over_many_claims(self, claims, rules):
        before = []
        granted = []
        for n, one in enumerate(claims):
            found = assess(replace(one, earlier=tuple(before)), rules)
            if (told := found.as_earlier(one, f"C-{n}")) is not None:
                before.append(told)
            if found.code is None:
                granted.append((one, found))
        event(f"{len(granted)} granted")
        for rule in {found.rule for _facts, found in granted}:
            self._hold(rule, [(one, found) for one, found in granted if found.rule == rule], rules)

    def _hold(self, rule, granted, rules):
        lines = [line for _one, found in granted for line in found.lines]
        days = [line.start + dt.timedelta(n) for line in lines for n in range((line.end - line.start).days)]
        benefits = [benefit_of(found, rules)[1] for _one, found in granted]
        if not benefits[0].once and not any(benefit.once for benefit in benefits):
            assert len(days) == len(set(days))
        for n, ((_one, found), benefit) in enumerate(zip(granted, benefits, strict=True)):
            so_far = [line for _before, earlier in granted[: n + 1] for line in earlier.lines]
            if benefit.ceiling_claim is not None:
                assert found.amount <= benefit.ceiling_claim
            if benefit.ceiling_member is not None:
                assert sum(line.amount for line in so_far) <= benefit.ceiling_member
            for year in {line.start.year for line in found.lines}:
                if benefit.ceiling_year is not None:
                    assert sum(line.amount for line in so_far if line.start.year == year) <= benefit.ceiling_year
            if benefit.within is not None:
                self._within(benefit, so_far, found)

    def _within(self, benefit, so_far, found):
        days = sorted(
            one for line in so_far for n in range((line.end - line.start).days)
            if (one := line.start + dt.timedelta(n)).isoweekday() in benefit.weekdays
        )  # fmt: skip
        for line in found.lines:
            last = line.end - dt.timedelta(1)
            inside = [one for one in days if add_months(last, -benefit.within.months) < one <= last]
            assert len(inside) <= benefit.within.most

    @settings(deadline=None, max_examples=40)
    @given(drawn_facts(), schemes())
    def test_every_step_has_its_sentence_on_a_page_and_in_a_terminal(self, facts, rules):
        found = assess(facts, rules)
        plain = sentences.Plain()
        for step in found.steps:
            assert sentences.of(step)
            assert "%(" not in plain.sentence(step)
        assert found.steps[-1] is found.refusal or found.refusal is None

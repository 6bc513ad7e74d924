"""Terms are valid or refused with a place and a sentence, and are the same in JSON and back."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooling.benefits import texts
from pooling.benefits.terms import Terms, TermsRefused
from tests.pooling.benefits.drawing import all_terms

FLAT = {"by": "FLAT", "per": "DAY", "amount": 5000}


def terms(**more):
    """Rules of one benefit of EUR 50.00 a day, changed as said."""
    benefit = {"rule": "sick-pay", "title": "Sick pay", "causes": ["ILLNESS"], "pays": FLAT} | more
    return {"currency": "EUR", "benefits": [benefit]}


class TestJson:
    @given(all_terms())
    def test_comes_back_the_same(self, found):
        written = json.loads(json.dumps(found.to_json()))
        assert Terms.from_json(written) == found
        assert Terms.from_json(written).to_json() == written

    def test_leaves_defaults_out(self):
        said = terms(waiting_months=0, own_risk={"months": 0, "days": 0}, weekdays=[1, 2, 3, 4, 5, 6, 7])
        assert Terms.from_json(said).to_json() == terms()

    def test_writes_a_percentage_in_one_way(self):
        pays = {"by": "EARNINGS", "per": "MONTH", "percent": "65.00"}
        assert Terms.from_json(terms(pays=pays)).to_json()["benefits"][0]["pays"]["percent"] == "65"


REFUSED = [
    ({"waiting_month": 1}, "benefits.1.waiting_month"),
    ({"waiting_months": "3"}, "benefits.1.waiting_months"),
    ({"waiting_months": True}, "benefits.1.waiting_months"),
    ({"waiting_months": -1}, "benefits.1.waiting_months"),
    ({"own_risk": {"days": 3, "months": 1}}, "benefits.1.own_risk"),
    ({"own_risk": {"weeks": 3}}, "benefits.1.own_risk.weeks"),
    ({"weekdays": []}, "benefits.1.weekdays"),
    ({"weekdays": [2, 1]}, "benefits.1.weekdays"),
    ({"weekdays": [0, 1]}, "benefits.1.weekdays"),
    ({"pays": {"by": "FLAT", "per": "DAY"}}, "benefits.1.pays.amount"),
    ({"pays": {"by": "FLAT", "per": "DAY", "amount": 0}}, "benefits.1.pays.amount"),
    ({"pays": {"by": "FLAT", "per": "FORTNIGHT", "amount": 1}}, "benefits.1.pays.per"),
    ({"pays": {"by": "LEVEL", "per": "DAY"}}, "benefits.1.pays.per"),
    ({"pays": {"by": "LEVEL", "per": "MONTH"}}, "levels"),
    ({"pays": {"by": "EARNINGS", "per": "MONTH"}}, "benefits.1.pays.percent"),
    ({"pays": {"by": "EARNINGS", "per": "MONTH", "percent": "65.12345"}}, "benefits.1.pays.percent"),
    ({"pays": {"by": "EARNINGS", "per": "MONTH", "percent": "NaN"}}, "benefits.1.pays.percent"),
    ({"pays": {"by": "EARNINGS", "per": "MONTH", "percent": 0.65}}, "benefits.1.pays.percent"),
    ({"steps": [{"after": {"months": 2}, "percent": "50"}, {"after": {"months": 1}, "percent": "25"}]},
     "benefits.1.steps"),
    ({"steps": [{"after": {}, "percent": "50"}]}, "benefits.1.steps.1.after"),
    ({"partial": {"least": 80, "full": 50}}, "benefits.1.partial.least"),
    ({"paid_from_start": 5}, "benefits.1.paid_from_start"),
    ({"earnings_cap": "65"}, "benefits.1.earnings_cap"),
    ({"age_from": 60, "age_until": 60}, "benefits.1.age_until"),
    ({"causes": ["illness"]}, "benefits.1.causes"),
    ({"rule": "Sick pay"}, "benefits.1.rule"),
    ({"pays": {"by": "FLAT", "per": "ONCE", "amount": 1}, "own_risk": {"days": 1}}, "benefits.1.own_risk"),
]  # fmt: skip


class TestRefusals:
    @pytest.mark.parametrize(("more", "place"), REFUSED)
    def test_name_the_place(self, more, place):
        with pytest.raises(TermsRefused) as refused:
            Terms.from_json(terms(**more))
        assert refused.value.place == place
        assert refused.value.sentence

    def test_name_what_is_missing(self):
        with pytest.raises(TermsRefused, match="causes: is missing"):
            Terms.from_json({"currency": "EUR", "benefits": [{"rule": "x", "title": "X", "pays": FLAT}]})

    @pytest.mark.parametrize("said", [None, [], "x", {"currency": "XYZ", "benefits": []}, {"currency": "EUR"}])
    def test_hold_for_anything_else(self, said):
        with pytest.raises(TermsRefused):
            Terms.from_json(said)

    def test_let_no_cause_belong_to_two_benefits(self):
        two = terms()
        two["benefits"].append(two["benefits"][0] | {"rule": "other"})
        with pytest.raises(TermsRefused, match="a cause belongs to one benefit"):
            Terms.from_json(two)

    @given(st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inside: st.lists(inside, max_size=3) | st.dictionaries(
            st.sampled_from(["currency", "benefits", "levels", "rule", "pays", "by", "per", "causes", "x"]), inside,
            max_size=4,
        ), max_leaves=12,
    ))  # fmt: skip
    def test_are_all_that_happens_to_nonsense(self, said):
        with contextlib.suppress(TermsRefused):
            assert Terms.from_json(said).benefits


class TestPlainWords:
    @given(all_terms())
    def test_can_be_made_of_any_terms(self, found):
        assert len(texts.describe(found)) == len(found.benefits) + bool(found.levels)

    def test_say_what_the_terms_say(self):
        found = Terms.from_json(terms(
            waiting_months=3, own_risk={"days": 14}, paid_from_start=21, weekdays=[1, 2, 3, 4, 5],
            duration={"months": 24}, steps=[{"after": {"months": 12}, "percent": "50"}], recurrence_months=6,
            ceiling_year=1_000_000,
        ))  # fmt: skip
        (said,) = texts.describe(found)
        assert said == (
            "Sick pay. It covers: Illness. The rate is €50.00 a day. A new member is covered 3 months after joining. "
            "Own risk: the first 14 days of an absence. An absence of 21 days or more counts from its first day. Days "
            "that count: Monday, Tuesday, Wednesday, Thursday, Friday. It lasts at most 2 years from the first day of "
            "the absence. After 12 months it is 50 % of the rate. The same cause within 6 months continues the earlier "
            "claim. At most €10,000.00 in a calendar year."
        )

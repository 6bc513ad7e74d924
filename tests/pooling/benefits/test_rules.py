"""Rules are proposed by one officer, adopted by another, and never changed; facts come whole from the database."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from members.governance import decisions
from members.governance.models import Decision
from members.models import Member
from mutual.ledger import audit
from mutual.trail.models import Deed
from pooling.benefits import covers, facts, rules
from pooling.benefits.engine import Earlier, Facts, assess
from pooling.benefits.models import Cover, RuleVersion
from pooling.benefits.terms import Terms
from pooling.models import Fund
from tests.conftest import make_member, theo
from tests.pooling.benefits.drawing import facts as drawn_facts
from tests.pooling.benefits.drawing import histories, schemes
from tests.pooling.benefits.test_engine import day, earlier, ill
from tests.pooling.benefits.test_terms import terms
from tests.pooling.test_dues import ON, coop

__all__ = ["coop"]
pytestmark = pytest.mark.django_db


def propose(coop, *, on=ON, valid_from="2026-01-01", text="", why="So voted.", **more):
    return rules.propose(
        fund_id=coop.sick.pk, terms=terms(**more), text=text, why=why, valid_from=day(valid_from), by=coop.by, on=on
    )


def adopt(proposal, by=None, on=ON):
    return rules.adopt(decision_id=proposal.pk, by=by or theo().pk, on=on)


class TestPropose:
    def test_changes_nothing_by_itself(self, coop):
        propose(coop)
        assert rules.versions(coop.sick.pk) == ()

    def test_refuses_what_cannot_be(self, coop):
        with pytest.raises(rules.TermsNotPossible, match="weekdays"):
            propose(coop, weekdays=[9])
        with pytest.raises(rules.WrongCurrency):
            rules.propose(fund_id=coop.sick.pk, terms=terms() | {"currency": "USD"}, text="", why="x",
                          valid_from=ON, by=coop.by, on=ON)  # fmt: skip
        assert not Decision.objects.exists()

    @pytest.mark.parametrize(("promise", "text"), [
        ("VARYING", "Everybody is entitled to sick pay."), ("GIFT", "An insured gift."),
        ("GUARANTEED", "This is insurance."), ("DISCRETIONARY", "Payment is guaranteed."),
    ])  # fmt: skip
    def test_refuses_words_the_promise_does_not_allow(self, coop, promise, text):
        Fund.objects.filter(pk=coop.sick.pk).update(promise=promise)
        with pytest.raises(rules.SaidTooMuch):
            propose(coop, text=text)
        with pytest.raises(rules.SaidTooMuch):
            propose(coop, why=text)
        assert not Decision.objects.exists()

    def test_is_one_proposal_when_pressed_twice(self, coop):
        assert propose(coop) == propose(coop)


class TestAdopt:
    def test_makes_the_version_that_was_proposed(self, coop):
        proposal = propose(coop, waiting_months=3)
        version = adopt(proposal)
        assert (version.number, version.valid_from, version.decision) == (1, day("2026-01-01"), proposal)
        assert version.text.startswith("Sick pay. It covers: Illness.")
        (found,) = rules.versions(coop.sick.pk)
        assert found.terms == Terms.from_json(terms(waiting_months=3))
        assert found.decision == proposal.number
        assert not list(audit.findings())

    def test_takes_another_officer(self, coop):
        proposal = propose(coop)
        with pytest.raises(decisions.SamePerson):
            adopt(proposal, by=coop.by)
        assert not RuleVersion.objects.exists()

    def test_happens_once(self, coop):
        proposal, by = propose(coop), theo().pk
        adopt(proposal, by)
        with pytest.raises(decisions.AlreadyDecided):
            adopt(proposal, by)
        assert RuleVersion.objects.count() == 1

    def test_leaves_what_has_been_as_it_was(self, coop):
        by = theo().pk
        adopt(propose(coop), by)
        with pytest.raises(rules.TooEarly):
            propose(coop, valid_from="2026-01-01", waiting_months=1)
        with pytest.raises(rules.TooEarly):
            propose(coop, valid_from="2026-11-09", waiting_months=1)
        late = propose(coop, valid_from="2026-11-12", waiting_months=1)
        with pytest.raises(rules.TooEarly):
            adopt(late, by, on=day("2026-11-13"))
        assert Decision.objects.get(pk=late.pk).state == "PROPOSED"
        assert adopt(late, by).number == 2

    def test_refuses_what_is_so_already(self, coop):
        adopt(propose(coop))
        with pytest.raises(rules.NothingChanges):
            propose(coop, valid_from="2026-12-01")

    def test_is_for_ever(self, coop):
        adopt(propose(coop))
        for change in (
            lambda: RuleVersion.objects.update(valid_from=ON),
            lambda: RuleVersion.objects.all().delete(),
        ):
            with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
                change()

    def test_can_be_declined_instead(self, coop):
        proposal, by = propose(coop), theo().pk
        decisions.decline(decision_id=proposal.pk, kind=rules.KIND, by=by, on=ON)
        with pytest.raises(decisions.AlreadyDecided):
            adopt(proposal, by)
        assert not RuleVersion.objects.exists()


@pytest.fixture
def ruled(coop):
    """A fund by level, by earnings and by age, from 2020 on."""
    adopt(rules.propose(
        fund_id=coop.sick.pk, why="So voted.", text="", valid_from=day("2020-01-01"), by=coop.by, on=ON,
        terms=terms(pays={"by": "LEVEL", "per": "MONTH"}, earnings_cap="65", age_until=67) | {
            "levels": [{"name": "1", "amount": 75_000}, {"name": "2", "amount": 100_000}]
        },
    ))  # fmt: skip
    return coop


def choose(coop, member, since="2026-01-01", **more):
    return covers.choose(fund_id=coop.sick.pk, member_id=member.pk, since=day(since), by=coop.by, **more)


class TestCovers:
    def test_hold_from_their_day_on(self, ruled):
        ada = make_member("Ada Byron")
        choose(ruled, ada, level="1")
        choose(ruled, ada, "2026-06-01", level="2")
        levels = [
            facts.load(facts.Absence(ada.pk, "ILLNESS", *(day(since),) * 3), fund_id=ruled.sick.pk).level
            for since in ("2025-12-31", "2026-05-31", "2026-06-01")
        ]
        assert levels == ["", "1", "2"]

    def test_refuse_what_the_rules_do_not_know(self, coop, ruled):
        ada = make_member("Ada Byron")
        with pytest.raises(covers.NoSuchLevel):
            choose(ruled, ada, level="9")
        with pytest.raises(covers.TooManyUnits):
            choose(ruled, ada, units=2)
        choose(ruled, ada, "2026-03-01", level="1")
        with pytest.raises(covers.LaterChosen):
            choose(ruled, ada, "2026-02-01", level="1")
        other = type("Coop", (), {"by": coop.by, "sick": coop.birth})
        with pytest.raises(covers.NotAsked):
            choose(other, ada, earnings=1)
        with pytest.raises(covers.NotAsked):
            choose(other, ada, born_on=day("1990-01-01"))
        assert Cover.objects.count() == 1

    def test_keep_earnings_and_birth_out_of_the_trail(self, ruled):
        ada = make_member("Ada Byron")
        choose(ruled, ada, level="1", earnings=345_678, born_on=day("1981-02-03"))
        (deed,) = Deed.objects.filter(did="COVER_CHOSEN")
        assert "345678" not in str(deed.detail)
        assert "1981" not in str(deed.detail)


def told_as(one, member_id, number=""):
    """A drawn claim as the room that keeps claims would tell it."""
    return facts.Absence(
        member_id, one.cause, one.occurred_on, one.began_on, one.ended_on, number=number, count=one.count,
        phases=one.phases, reported_on=one.reported_on, other_cover=one.other_cover,
        continuing_income=one.continuing_income, state_benefit=one.state_benefit, cost=one.cost,
    )  # fmt: skip


class TestLoad:
    @settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(drawn_facts(), schemes(), st.booleans())
    def test_gives_the_engine_the_same_facts(self, coop, one, scheme, told):
        """Preview is decision: whatever is known, both load the same facts and call the same function."""
        with transaction.atomic():
            ada = make_member("Ada Byron", joined_on=one.joined_on)
            Member.objects.filter(pk=ada.pk).update(left_on=None)
            if one.left_on and one.left_on >= one.joined_on:
                Member.objects.filter(pk=ada.pk).update(left_on=one.left_on)
            Cover.objects.create(
                fund=coop.sick, member=ada, since=one.occurred_on, level=one.level, units=one.units,
                earnings=one.earnings, born_on=one.born_on,
            )  # fmt: skip
            absence = told_as(one, ada.pk, "C-9" if told else "")
            loaded = facts.load(absence, fund_id=coop.sick.pk, versions=scheme)
            left_on = Member.objects.get(pk=ada.pk).left_on
            expected = Facts(**{
                name: getattr(one, name) for name in Facts.__slots__ if name not in ("member", "left_on", "earlier")
            }, member=ada.number, left_on=left_on)  # fmt: skip
            assert loaded == expected
            assert assess(loaded, scheme) == assess(expected, scheme)
            transaction.set_rollback(True)

    @settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(histories(), schemes())
    def test_tells_the_claims_before_but_not_the_claim_itself(self, coop, claims, scheme):
        with transaction.atomic():
            ada = make_member("Ada Byron", joined_on=claims[0].joined_on)
            found = [told_as(one, ada.pk, f"C-{n}") for n, one in enumerate(claims)]
            loaded = facts.load_many(found[-1:], fund_id=coop.sick.pk, versions=scheme, history=found)[0]
            assert "C-" + str(len(claims) - 1) not in {one.number for one in loaded.earlier}
            assert len(loaded.earlier) <= len(claims) - 1
            transaction.set_rollback(True)

    def test_counts_approved_claims_as_earlier_ones(self, coop):
        from tests.pooling.claims.test_claims import approved, filled

        filled.__wrapped__(coop)
        ada = make_member("Ada Byron")
        claim = approved(coop, ada, 400)
        adopt(propose(coop), by=_other())
        absence = facts.Absence(ada.pk, "ILLNESS", day("2026-11-05"), day("2026-11-05"), day("2026-11-12"))
        loaded = facts.load(absence, fund_id=coop.sick.pk)
        (before,) = loaded.earlier
        assert before == Earlier(
            claim.number, "sick-pay", "ILLNESS", day("2026-11-01"), day("2026-11-10"), before.lines
        )
        assert [(line.days, line.amount) for line in before.lines] == [(9, 40_000)]
        # Five of the seven days are part of that claim.
        assert assess(loaded, rules.versions(coop.sick.pk)).days == 2

    def test_takes_the_same_queries_for_any_number(self, coop, django_assert_num_queries):
        adopt(propose(coop))
        people = [make_member(f"Member{n} X") for n in range(4)]
        found = [facts.Absence(one.pk, "ILLNESS", ON, ON, ON + dt.timedelta(9)) for one in people]
        for some in (found[:1], found):
            with django_assert_num_queries(3):
                facts.load_many(some, fund_id=coop.sick.pk, versions=())


def _other():
    from tests.pooling.test_treasury import theo_again

    return theo_again()


class TestCoverIndex:
    def test_is_all_of_it_where_nobody_says_otherwise(self, coop, settings):
        settings.COVER_INDEX = ""
        assert facts.cover_index(coop.sick) == 1

    def test_is_what_the_room_says_that_knows(self, coop, settings):
        settings.COVER_INDEX = f"{__name__}.half"
        assert str(facts.cover_index(coop.sick)) == "0.5"


def half(fund):
    return Decimal("0.5")


def test_ill_and_earlier_agree():
    """The fixtures of the engine's tests are true in themselves."""
    assert ill().ended_on > ill().began_on
    assert sum(line.days for line in earlier("C-1", "2026-01-01", "2026-02-10").lines) == 40

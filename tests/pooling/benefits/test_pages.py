"""Pages about rules: what a member would get, what the rules are, how they change, and what a change would do."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from members.governance.models import Decision
from mutual import formats, rooms
from mutual.money import Money, from_minor
from mutual.periods import add_months
from pooling import words
from pooling.benefits import facts, reports, rules, schemes
from pooling.benefits.engine import assess
from pooling.benefits.forms import BenefitForm, first
from pooling.benefits.models import RuleVersion
from pooling.benefits.terms import Terms
from pooling.claims import claims
from pooling.models import Fund
from tests.conftest import clara, make_member
from tests.pooling.benefits.test_rules import adopt, propose
from tests.pooling.benefits.test_terms import terms
from tests.pooling.test_dues import ON, coop
from tests.trust.test_routes import person

__all__ = ["coop"]
pytestmark = pytest.mark.django_db
MONTHLY = {"by": "FLAT", "per": "MONTH", "amount": 90_000}
TODAY = "mutual.clock.today"


@pytest.fixture(autouse=True)
def today(monkeypatch):
    monkeypatch.setattr(TODAY, lambda: ON)


@pytest.fixture
def ada():
    return make_member("Ada Byron")


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


class TestIfIFellIll:
    def test_leaves_out_a_fund_in_another_currency_for_a_claim_on_it_is_refused(self, coop):
        adopt(propose(coop, pays=MONTHLY))
        assert reports.if_ill(make_member("Una Swiss", currency="CHF"), ON) == []

    def test_says_what_a_claim_would_be_decided_to(self, coop, ada, client):
        """Promise 2: preview and decision are one function of the same facts."""
        adopt(propose(coop, pays=MONTHLY, own_risk={"days": 14}, duration={"months": 6}))
        (shown,) = reports.if_ill(ada, ON)
        for row, end in zip(shown.lasting, (ON + dt.timedelta(14), ON + dt.timedelta(42)), strict=False):
            claim = facts.load(facts.Absence(ada.pk, "ILLNESS", ON, ON, end, number="C-7"), fund_id=coop.sick.pk)
            decided = assess(claim, rules.versions(coop.sick.pk))
            assert (row.days, row.amount) == (decided.days, from_minor(decided.amount, "EUR"))
        assert shown.first_day == ON + dt.timedelta(14)
        assert shown.last_day == add_months(ON, 6) - dt.timedelta(1)
        client.force_login(ada.user)
        said = text_of(client.get("/if-i-fell-ill/"))
        for piece in ("You would receive", "900.00 a month", formats.day(shown.first_day), "6 months", "100.00%",
                      "sick-pay/own-risk", "version 1"):  # fmt: skip
            assert piece in said

    def test_says_why_nothing_would_come(self, coop, ada, client):
        adopt(propose(coop, pays=MONTHLY, waiting_months=36))
        client.force_login(ada.user)
        said = text_of(client.get("/if-i-fell-ill/"))
        assert "You would receive nothing." in said
        assert "Waiting period" in said
        assert "Cover begins 3 years after joining" in said

    def test_reckons_with_the_cover_index(self, coop, ada, client, settings):
        settings.COVER_INDEX = "tests.pooling.benefits.test_rules.half"
        adopt(propose(coop, pays=MONTHLY))
        (shown,) = reports.if_ill(ada, ON)
        assert (shown.rate, shown.whole, shown.index_words) == (
            from_minor(45_000, "EUR"), from_minor(90_000, "EUR"), "50.00%",
        )  # fmt: skip
        assert "At the present cover index of 50.00%" in shown.steps[-1].sentence
        client.force_login(ada.user)
        assert "the fund is short at present" in text_of(client.get("/if-i-fell-ill/"))

    def test_stands_on_the_home_page_too(self, coop, ada):
        adopt(propose(coop, pays=MONTHLY))
        (card,) = [card for card in rooms.home(member_id=ada.pk, on=ON).cards if "fell ill" in card.title]
        assert card.text == "Sickness: You would receive €900.00 a month from 10 November 2026."
        assert card.url == "/if-i-fell-ill/"

    def test_is_not_there_without_rules(self, coop, ada, client):
        client.force_login(ada.user)
        assert "No fund covers illness by rules yet" in text_of(client.get("/if-i-fell-ill/"))
        assert not [card for card in rooms.home(member_id=ada.pk, on=ON).cards if "fell ill" in card.title]


class TestWords:
    @pytest.mark.parametrize("promise", words.WORDS)
    def test_say_themselves_no_more_than_they_allow(self, promise):
        found = words.of(promise)
        said = " ".join(str(getattr(found, name)) for name in found.__slots__ if name != "unsaid") if hasattr(
            found, "__slots__"
        ) else " ".join(str(value) for name, value in vars(found).items() if name != "unsaid")  # fmt: skip
        assert not words.said_too_much(promise, said)

    def test_cover_every_promise_a_fund_can_make(self):
        assert set(words.WORDS) == set(Fund.Promise.values)

    def test_are_found_in_any_case_and_form(self):
        assert words.said_too_much("GIFT", "An Entitlement, insured; Versicherung") == [
            "Entitlement", "insured", "Versicherung",
        ]  # fmt: skip
        assert words.said_too_much("GUARANTEED", "You are entitled to it.") == []


def filled(benefit, scheme, **more):
    """A form as the page shows it, sent back unchanged."""
    form = BenefitForm(currency=scheme.currency, initial=first(benefit, scheme, ON))
    data = {}
    for field in form:
        value = field.value()
        if value is not None:
            data[field.name] = field.field.prepare_value(value) if hasattr(field.field, "prepare_value") else value
    return data | {"why": "So voted.", "valid_from": ON.isoformat(), "text": ""} | more


class TestForm:
    @pytest.mark.parametrize("name", schemes.names(with_rules=True))
    def test_gives_the_terms_back_as_they_were(self, name):
        scheme = schemes.scheme(name).terms
        for benefit in scheme.benefits:
            form = BenefitForm(filled(benefit, scheme), currency="EUR")
            assert form.is_valid(), form.errors
            assert Terms.from_json(form.terms(scheme, benefit.rule)) == scheme

    def test_sets_every_rule_there_is(self):
        scheme = Terms.from_json(terms(
            pays={"by": "FLAT", "per": "MONTH", "amount": 5000}, waiting_months=3, own_risk={"days": 14},
            paid_from_start=21, weekdays=[1, 2, 3], clock="AFTER_OWN_RISK", duration={"days": 300},
            within={"most": 200, "months": 24}, steps=[{"after": {"days": 100}, "percent": "62.5"}],
            recurrence_months=6, partial={"least": 25, "full": 80}, ceiling_claim=1, ceiling_year=2, ceiling_member=3,
            earnings_cap="65", units_most=4, frequency={"most": 2, "months": 12}, age_from=18, age_until=67,
            report_within=30,
        ))  # fmt: skip
        form = BenefitForm(filled(scheme.benefits[0], scheme), currency="EUR")
        assert form.is_valid(), form.errors
        assert Terms.from_json(form.terms(scheme, "sick-pay")) == scheme

    def test_sets_a_benefit_by_cost(self):
        scheme = Terms.from_json(terms(
            pays={"by": "COST", "per": "ONCE", "percent": "80", "ceiling": 5000}, pay_within=7
        ))  # fmt: skip
        form = BenefitForm(filled(scheme.benefits[0], scheme), currency="EUR")
        assert form.is_valid(), form.errors
        assert Terms.from_json(form.terms(scheme, "sick-pay")) == scheme


@pytest.fixture
def treasurer():
    return person("treasurer")


class TestChanging:
    def send(self, client, coop, answer, *, benefit="sick-pay", **more):
        scheme = rules.read(RuleVersion.objects.order_by("-number")[0].terms)
        data = filled(scheme.benefit_for("ILLNESS"), scheme, answer=answer, **more)
        return client.post(f"/funds/sickness/rules/propose/?benefit={benefit}", data)

    def test_shows_first_and_proposes_then(self, coop, client, treasurer):
        adopt(propose(coop))
        client.force_login(treasurer)
        answer = self.send(client, coop, "show", waiting_months=6)
        assert answer.status_code == 200
        assert "A new member is covered 6 months after joining." in text_of(answer)
        assert "Fewer than five people had a claim" in text_of(answer)
        assert Decision.objects.filter(kind="RULES", state="PROPOSED").count() == 0
        answer = self.send(client, coop, "propose", waiting_months=6)
        decision = Decision.objects.get(kind="RULES", state="PROPOSED")
        assert answer["Location"] == f"/rules/{decision.number}/"
        # The proposer cannot adopt it; the other treasurer can.
        client.post(f"/rules/{decision.number}/", {"answer": "confirm"})
        assert RuleVersion.objects.count() == 1
        other = person("administrator")
        client.force_login(other)
        assert "Adopt it" in text_of(client.get(f"/rules/{decision.number}/"))
        client.post(f"/rules/{decision.number}/", {"answer": "confirm"})
        version = RuleVersion.objects.get(number=2)
        assert (version.decision, version.terms["benefits"][0]["waiting_months"]) == (decision, 6)

    def test_changes_several_benefits_in_one_proposal(self, coop, client, treasurer):
        """What was changed first is kept, and both are proposed together; a draft that is none is no page."""
        adopt(propose(coop))
        client.force_login(treasurer)
        path = "/funds/sickness/rules/propose/?benefit=sick-pay"
        scheme = rules.read(RuleVersion.objects.get().terms)
        data = filled(scheme.benefits[0], scheme, waiting_months=6)
        kept = client.post(path, data | {"next": ""})
        assert "A new member is covered 6 months after joining." in text_of(kept)
        assert kept.context["form"].initial["why"] == "So voted."
        birth = data | {
            "title": "Birth of a child", "causes": ["BIRTH"], "by": "FLAT", "per": "ONCE", "amount": "300",
            "waiting_months": "9", "draft": kept.context["draft"], "benefit": "", "answer": "propose",
        }  # fmt: skip
        assert client.post(path, birth).status_code == 302
        said = rules.read(Decision.objects.get(kind="RULES", state="PROPOSED").terms["terms"])
        assert [(one.rule, one.waiting_months) for one in said.benefits] == [("sick-pay", 6), ("birth-of-a-child", 9)]
        again = client.post(path, birth | {"next": "sick-pay"})
        assert again.context["form"].initial["waiting_months"] == 6
        for wrong in ({"draft": "{"}, {"draft": "[]"}, {"draft": "{}"}, {"next": "nowhere"}, {"benefit": "nowhere"}):
            assert client.post(path, birth | wrong).status_code == 404

    def test_says_at_the_field_what_cannot_be(self, coop, client, treasurer):
        adopt(propose(coop))
        client.force_login(treasurer)
        answer = self.send(client, coop, "propose", age_from=60, age_until=50)
        assert answer.status_code == 422
        assert "the last age comes after the first" in text_of(answer)
        answer = self.send(client, coop, "propose", valid_from="2026-01-01", waiting_months=1)
        assert "choose a later day" in text_of(answer)
        assert Decision.objects.filter(state="PROPOSED").count() == 0

    def test_can_start_from_a_ready_made_scheme(self, coop, client, treasurer):
        client.force_login(treasurer)
        assert "Broodfonds" in text_of(client.get("/funds/sickness/rules/"))
        scheme = schemes.scheme("broodfonds").terms
        data = filled(scheme.benefits[0], scheme, answer="propose")
        client.post("/funds/sickness/rules/propose/?scheme=broodfonds", data)
        assert rules.read(Decision.objects.get().terms["terms"]) == scheme
        assert client.get("/funds/sickness/rules/propose/?scheme=nowhere").status_code == 404
        assert client.get("/funds/sickness/rules/propose/?benefit=nowhere").status_code == 404

    def test_is_for_officers_and_deciding_for_two_of_them(self, coop, client, ada):
        decision = propose(coop)
        client.force_login(ada.user)
        assert client.get(f"/rules/{decision.number}/").status_code == 404
        assert client.get("/funds/sickness/rules/propose/").status_code == 404
        client.force_login(person("claims_officer"))
        assert client.get(f"/rules/{decision.number}/").status_code == 200
        assert client.post(f"/rules/{decision.number}/", {"answer": "confirm"}).status_code == 404
        assert not RuleVersion.objects.exists()

    def test_leaves_a_history_everybody_reads(self, coop, client, ada):
        by = person("treasurer").pk
        adopt(propose(coop), by)
        adopt(
            propose(coop, valid_from="2026-11-10", waiting_months=2, text="In our own words.", why="Voted in May."), by
        )
        client.force_login(ada.user)
        said = text_of(client.get("/funds/sickness/rules/"))
        for piece in ("Version 2, since 10 November 2026", "In our own words.", "Version 1", "Voted in May.", "D-000"):
            assert piece in said


class TestEffect:
    def claims(self, days, cause="ILLNESS"):
        """So many people, each with a claim of so many days."""
        start = dt.date(2026, 3, 2)
        return [
            facts.Absence(make_member(f"Member{n} X").pk, cause, start, start, start + dt.timedelta(count), f"C-{n}")
            for n, count in enumerate(days)
        ]

    def effect(self, monkeypatch, coop, days, **more):
        found = self.claims(days)
        monkeypatch.setattr(facts, "absences", lambda **_about: found)
        return reports.effect_of(coop.sick, Terms.from_json(terms(**more)), ON)

    def test_adds_up_both_sides_and_counts_people(self, coop, monkeypatch):
        adopt(propose(coop))
        found = self.effect(monkeypatch, coop, [10] * 5 + [20] * 6, own_risk={"days": 10}, paid_from_start=15)
        assert (found.before.amount, found.after.amount) == (5 * 500 + 6 * 1000, 6 * 1000)
        assert (found.shown, found.more, found.less, found.same) == (True, 0, 5, 6)

    def test_counts_who_was_refused_by_the_rules_and_would_not_be_any_more(self, coop, monkeypatch):
        """Ten days fall into the own risk; who was refused although the rules would pay stays refused."""
        adopt(propose(coop, own_risk={"days": 10}))
        found = self.claims([10] * 5 + [20] * 5 + [20])
        refused = [replace(one, refused=True) for one in (*found[:5], found[-1])]
        monkeypatch.setattr(facts, "absences", lambda **_about: [*refused[:5], *found[5:10], refused[5]])
        seen = reports.effect_of(coop.sick, Terms.from_json(terms()), ON)
        assert (seen.more, seen.less, seen.same) == (10, 0, 0)
        assert (seen.before.amount, seen.after.amount) == (5 * 500, 5 * 500 + 5 * 1000)

    def test_asks_for_refused_claims_too(self, coop, ada):
        one = claims.submit(
            member_id=ada.pk, fund_id=coop.sick.pk, occasion="ILLNESS", first_day=ON, last_day=ON,
            amount=Money(7, "EUR"), form_key="r", by=ada.user_id, on=ON,
        )  # fmt: skip
        claims.refuse(claim_id=one.pk, reason="CEILING", by=clara().pk, on=ON)
        assert facts.absences(fund_id=coop.sick.pk) == []
        assert [told.refused for told in facts.absences(fund_id=coop.sick.pk, refused=True)] == [True]

    def test_shows_no_group_where_one_is_of_fewer_than_five(self, coop, monkeypatch, client):
        adopt(propose(coop))
        found = self.effect(monkeypatch, coop, [10] * 4 + [20] * 6, own_risk={"days": 10}, paid_from_start=15)
        assert (found.enough, found.shown, found.less) == (True, False, 4)
        assert (found.before.amount, found.after.amount) == (0, 0)
        decision = propose(coop, valid_from="2026-11-20", own_risk={"days": 10}, paid_from_start=15)
        client.force_login(person("treasurer"))
        said = text_of(client.get(reverse("benefits:proposal", args=[decision.number])))
        assert "fewer than five people" in said
        assert "People with less" not in said

    def test_shows_nothing_about_fewer_than_five_people(self, coop, monkeypatch):
        adopt(propose(coop))
        found = self.effect(monkeypatch, coop, [10] * 4)
        assert (found.enough, found.shown, found.before.amount, found.after.amount) == (False, False, 0, 0)


class TestCovers:
    def test_are_chosen_for_a_member_by_an_officer(self, coop, client, ada, treasurer):
        scheme = schemes.scheme("broodfonds").terms
        adopt(rules.propose(
            fund_id=coop.sick.pk, terms=scheme.to_json(), text="", why="So voted.", valid_from=ON, by=coop.by, on=ON
        ))  # fmt: skip
        client.force_login(ada.user)
        assert client.get("/funds/sickness/covers/").status_code == 404
        assert "No level was chosen for that day." in text_of(client.get("/if-i-fell-ill/"))
        client.force_login(treasurer)
        wrong = {"number": "M-999999", "since": "2026-11-01", "level": "750"}
        assert client.post("/funds/sickness/covers/", wrong).status_code == 422
        answer = client.post("/funds/sickness/covers/", wrong | {"number": ada.number})
        assert answer.status_code == 302
        assert ada.number in text_of(client.get("/funds/sickness/covers/"))
        client.force_login(ada.user)
        assert "€ 750.00 a month" in text_of(client.get("/if-i-fell-ill/"))

    def test_ask_only_for_what_the_rules_go_by(self, coop, client, ada, treasurer):
        scheme = schemes.scheme("earnings").terms
        client.force_login(treasurer)
        assert client.get("/funds/sickness/covers/").status_code == 404
        adopt(rules.propose(
            fund_id=coop.sick.pk, terms=scheme.to_json(), text="", why="So voted.", valid_from=ON, by=coop.by, on=ON
        ))  # fmt: skip
        page = client.get("/funds/sickness/covers/").content.decode()
        assert "Earned a month before" in page
        assert "Born on" in page
        assert 'name="level"' not in page
        said = {"number": ada.number, "since": "2026-11-01", "earnings": "2,400.00", "born_on": "1985-05-05"}
        assert client.post("/funds/sickness/covers/", said).status_code == 302
        client.force_login(ada.user)
        assert "€ 1,560.00 a month" in text_of(client.get("/if-i-fell-ill/"))


class TestQueries:
    def test_are_as_many_for_many_versions(self, coop, ada):
        by = person("treasurer").pk
        counts = []
        for n in range(3):
            adopt(propose(coop, pays=MONTHLY, waiting_months=n, valid_from=f"2026-11-{10 + n}"), by)
            reports.if_ill(ada, ON)  # what is remembered for good is remembered now
            with CaptureQueriesContext(connection) as asked:
                assert len(reports.if_ill(ada, ON)) == 1
            counts.append(len(asked))
        assert counts == counts[:1] * 3

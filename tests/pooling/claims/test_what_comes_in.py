"""What still comes in is asked where the fund's rules go by it, and only there; preview and decision use it (F9)."""

from __future__ import annotations

import pytest
from django.urls import reverse

from mutual.ledger import audit
from mutual.money import Money
from pooling.benefits import covers, facts, reports
from pooling.benefits.facts import ComesIn
from pooling.claims import claims, entitlements
from pooling.claims.models import Claim
from tests.pooling.claims.test_claims import ada, coop, filled
from tests.pooling.claims.test_schedule import D, adopt, approve, submit
from tests.pooling.test_dues import ON

__all__ = ["ada", "coop", "filled"]
pytestmark = pytest.mark.django_db

TERMS = {
    "currency": "EUR",
    "benefits": [
        {"rule": "sick-pay", "title": "Sick pay", "causes": ["ILLNESS", "WORK_ACCIDENT"],
         "pays": {"by": "EARNINGS", "per": "MONTH", "percent": "65", "ceiling": 20_000}},
        {"rule": "unpaid", "title": "An invoice not paid", "causes": ["UNPAID"],
         "pays": {"by": "COST", "per": "ONCE", "percent": "80", "ceiling": 9_000}},
        {"rule": "birth", "title": "Birth", "causes": ["BIRTH"],
         "pays": {"by": "FLAT", "per": "ONCE", "amount": 5_000}},
    ],
}  # fmt: skip
STILL = ComesIn(other_cover=2_000, continuing_income=1_000, state_benefit=500)


@pytest.fixture
def ruled(filled, ada):
    adopt(filled.sick, TERMS, filled.by)
    covers.choose(fund_id=filled.sick.pk, member_id=ada.pk, since=D("2026-01-01"), by=filled.by, earnings=30_000)
    return filled


class TestAsked:
    def test_is_what_the_rules_go_by_and_nothing_else(self, ruled, coop, ada):
        def asked(fund, occasion):
            return entitlements.asked(member_id=ada.pk, fund_id=fund.pk, occasion=occasion, on=ON).comes_in

        assert asked(coop.sick, "ILLNESS") == ("other_cover", "continuing_income", "state_benefit")
        assert asked(coop.sick, "UNPAID") == ("cost", "other_cover")
        assert asked(coop.sick, "BIRTH") == asked(coop.sick, "CHILD") == asked(coop.birth, "ILLNESS") == ()

    def test_occasions_are_those_that_rules_cover_beside_the_usual(self, ruled):
        found = [word for word, _label in entitlements.occasions("EUR", ON)]
        assert set(found) == {*Claim.ALWAYS, "WORK_ACCIDENT", "UNPAID", "BIRTH"}


class TestSubmit:
    def test_takes_off_what_still_comes_in_before_and_after(self, ruled, ada):
        """65 % of 300.00 is 195.00; 35.00 still come in: 160.00 for October."""
        about = {"member_id": ada.pk, "fund_id": ruled.sick.pk, "occasion": "ILLNESS", "first_day": D("2026-10-01"),
                 "last_day": D("2026-10-31"), "incapacity": 100, "reported_on": ON}  # fmt: skip
        before = entitlements.preview(**about, comes_in=STILL)
        assert before.amount == 16_000
        assert entitlements.preview(**about).amount == 19_500
        one = submit(ruled, ada, comes_in=STILL)
        assert entitlements.of(one) == before
        approve(one)
        one.refresh_from_db()
        assert one.amount_approved == Money("160.00", "EUR")
        (told,) = facts.absences(fund_id=ruled.sick.pk)
        assert (told.other_cover, told.continuing_income, told.state_benefit) == (2_000, 1_000, 500)
        assert not list(audit.findings())

    def test_goes_by_the_cost_and_what_others_pay_of_it(self, ruled, ada):
        one = submit(ruled, ada, last="2026-10-01", occasion="UNPAID", comes_in=ComesIn(cost=10_001, other_cover=1_000))
        assert (one.cost, one.other_cover, one.amount_claimed) == (10_001, 1_000, Money("70.01", "EUR"))

    def test_keeps_only_what_is_asked(self, ruled, ada):
        one = submit(ruled, ada, last="2026-10-01", occasion="BIRTH", comes_in=ComesIn(1, 2, 3, 4))
        assert entitlements.comes_in(one) == facts.NOTHING

    def test_is_refused_where_a_cost_is_not_said(self, ruled, ada):
        with pytest.raises(claims.RulesPayNothing):
            submit(ruled, ada, last="2026-10-01", occasion="UNPAID")
        assert not Claim.objects.exists()


class TestForm:
    def said(self, coop, **more):
        return {
            "fund": coop.sick.pk, "occasion": "ILLNESS", "first_day": "2026-10-01", "last_day": "2026-10-31",
            "form_key": "a" * 32, "incapacity": "100",
        } | more  # fmt: skip

    def test_asks_for_it_once_the_fund_is_chosen(self, ruled, ada, client):
        client.force_login(ada.user)
        page = reverse("claims:new")
        assert 'name="other_cover"' not in client.get(page).content.decode()
        assert 'name="other_cover"' in client.get(page + "?fund=sickness").content.decode()
        answer = client.post(page, self.said(ruled))
        assert answer.status_code == 422
        said = answer.content.decode()
        assert "go by what still comes in" in said
        assert 'name="state_benefit"' in said
        assert not Claim.objects.exists()
        still = {"other_cover": "20.00", "continuing_income": "10", "state_benefit": "5"}
        shown = client.post(page, self.said(ruled, look="1", **still)).content.decode()
        assert "160.00" in shown
        assert client.post(page, self.said(ruled, **still)).status_code == 302
        assert Claim.objects.get().amount_claimed == Money("160.00", "EUR")

    def test_asks_for_a_cost_where_the_rules_go_by_that(self, ruled, ada, client):
        client.force_login(ada.user)
        said = self.said(ruled, occasion="UNPAID", last_day="2026-10-01")
        asked = client.post(reverse("claims:new"), said).content.decode()
        assert "What others pay of it" in asked
        assert 'name="continuing_income"' not in asked
        assert client.post(reverse("claims:new"), said | {"cost": "0", "other_cover": "0"}).status_code == 422
        assert client.post(reverse("claims:new"), said | {"cost": "100", "other_cover": "0"}).status_code == 302

    def test_does_not_ask_where_the_rules_do_not_go_by_it(self, ruled, ada, client):
        client.force_login(ada.user)
        said = self.said(ruled, occasion="BIRTH", last_day="2026-10-01", children="1")
        assert client.post(reverse("claims:new"), said).status_code == 302


class TestIfIll:
    def test_takes_off_what_would_still_come_in(self, ruled, ada, client):
        shown, *_others = reports.if_ill(ada, ON, comes_in=STILL)
        assert str(shown.rate.amount) == "160.00"
        client.force_login(ada.user)
        page = reverse("benefits:if_ill")
        assert "195.00" in client.get(page).content.decode()
        said = client.get(page + "?other_cover=20&continuing_income=10&state_benefit=5").content.decode()
        assert "160.00" in said
        wrong = client.get(page + "?other_cover=much")
        assert wrong.status_code == 200
        assert "195.00" in wrong.content.decode()

    def test_shows_an_example_of_a_cost_or_the_one_that_is_said(self, ruled, ada):
        def unpaid(**more):
            return next(one for one in reports.if_ill(ada, ON, **more) if one.title == "An invoice not paid")

        one = unpaid()
        assert (str(one.for_example.amount), str(one.rate.amount)) == ("1000.00", "90.00")
        one = unpaid(comes_in=ComesIn(cost=5_000, other_cover=1_000))
        assert (one.for_example, str(one.rate.amount)) == (None, "30.00")

    def test_asks_nothing_where_no_rules_go_by_it(self, filled, ada, client):
        client.force_login(ada.user)
        assert 'name="other_cover"' not in client.get(reverse("benefits:if_ill")).content.decode()

"""Claims: two officers decide, the fund's floor holds, each is paid once."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from members.models import Member
from mutual.ledger import audit
from mutual.mail.models import Letter
from mutual.money import Money
from pooling import accounts, funds, setting_aside
from pooling.claims import claims
from pooling.claims.models import Claim
from pooling.models import Fund
from tests.conftest import cem, clara, make_member
from tests.pooling.test_dues import ON, coop, held
from tests.pooling.test_treasury import start

__all__ = ["coop"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def filled(coop):
    """A bank with 1,000 and a sickness fund of 600, floor 100."""
    start(coop)
    from pooling.treasury import corrections
    from tests.pooling.test_treasury import theo_again

    proposal = corrections.propose_opening(
        bank_id=None, fund_id=coop.sick.pk, amount=Money(600, "EUR"), day=dt.date(2026, 1, 1), text="From before",
        by=coop.by, on=ON,
    )  # fmt: skip
    corrections.confirm(decision_id=proposal.pk, kind=corrections.OPENING, by=theo_again(), on=ON)
    funds.change(
        fund_id=coop.sick.pk, name="Sickness", description="", promise="VARYING", target=None,
        floor=Money(100, "EUR"), by=coop.by,
    )  # fmt: skip
    return coop


@pytest.fixture
def ada():
    return make_member("Ada Byron")


def claim(coop, member, amount=400, *, key="k1"):
    return claims.submit(
        member_id=member.pk, fund_id=coop.sick.pk, occasion="ILLNESS", first_day=dt.date(2026, 11, 1),
        last_day=dt.date(2026, 11, 9), amount=Money(amount, "EUR"), form_key=key, by=member.user_id, on=ON,
    )  # fmt: skip


def officers():
    return clara().pk, cem().pk


def approved(coop, member, amount=400, *, by=None, key="k1"):
    first, second = by or officers()
    one = claim(coop, member, amount, key=key)
    claims.propose(claim_id=one.pk, amount=Money(amount, "EUR"), by=first, on=ON)
    return claims.approve(claim_id=one.pk, by=second, on=ON)


def guarantee(fund):
    Fund.objects.filter(pk=fund.pk).update(promise="GUARANTEED")


def pay(coop, key="p" * 32):
    """Pay everything the sickness fund has approved."""
    from pooling.payouts import paying

    run = paying.start(fund_id=coop.sick.pk, bank_id=coop.bank.pk, seen=None, form_key=key, by=coop.by, on=ON)
    paying.pay(number=run.number, by=coop.by)


def payable(member):
    return held(accounts.of_member("claims_payable", member.number, "EUR"))


class TestSubmit:
    def test_is_one_claim_however_often_the_form_is_sent(self, filled, ada):
        assert claim(filled, ada) == claim(filled, ada)

    def test_refuses_days_before_joining_and_to_come(self, filled, ada):
        Member.objects.filter(pk=ada.pk).update(joined_on=dt.date(2026, 11, 2))
        with pytest.raises(claims.OutsideMembership):
            claim(filled, ada)

    def test_refuses_who_is_not_active(self, filled, ada):
        Member.objects.filter(pk=ada.pk).update(status="SUSPENDED")
        with pytest.raises(claims.NotAMember):
            claim(filled, ada)


class TestApprove:
    def test_sets_the_money_aside_at_the_second_approval(self, filled, ada):
        approved(filled, ada)
        assert held(filled.sick.account) == Money(200, "EUR")
        assert setting_aside.held(filled.sick) == Money(400, "EUR")
        assert Letter.objects.filter(to=ada.email, subject__contains="approved").count() == 1
        assert not list(audit.findings())

    def test_takes_two_officers(self, filled, ada):
        first, second = officers()
        one = claim(filled, ada)
        with pytest.raises(claims.AlreadyDecided):
            claims.approve(claim_id=one.pk, by=second, on=ON)
        claims.propose(claim_id=one.pk, amount=Money(400, "EUR"), by=first, on=ON)
        with pytest.raises(claims.SameOfficer):
            claims.approve(claim_id=one.pk, by=first, on=ON)
        with pytest.raises(IntegrityError), transaction.atomic():
            Claim.objects.filter(pk=one.pk).update(status="APPROVED", decided_by_id=first)
        assert payable(ada) == Money(0, "EUR")
        assert not list(audit.findings())

    def test_refuses_ones_own(self, filled):
        clara_member = make_member("Clara Own", email="own@example.org")
        one = claim(filled, clara_member)
        for act in (
            lambda: claims.propose(claim_id=one.pk, amount=Money(1, "EUR"), by=clara_member.user_id, on=ON),
            lambda: claims.refuse(claim_id=one.pk, reason="CEILING", by=clara_member.user_id, on=ON),
        ):
            with pytest.raises(claims.OwnClaim):
                act()
        for column in ("proposed_by_id", "decided_by_id"):
            with pytest.raises(IntegrityError, match="claimant"), transaction.atomic():
                Claim.objects.filter(pk=one.pk).update(**{column: clara_member.user_id})

    def test_refuses_more_than_was_claimed(self, filled, ada):
        one = claim(filled, ada)
        with pytest.raises(claims.MoreThanClaimed):
            claims.propose(claim_id=one.pk, amount=Money("400.01", "EUR"), by=officers()[0], on=ON)

    def test_refuses_more_than_a_guaranteed_fund_holds_above_its_floor(self, filled, ada):
        guarantee(filled.sick)
        with pytest.raises(claims.FundExhausted) as refused:
            approved(filled, ada, 501)
        assert refused.value.over_by == Money(1, "EUR")
        assert Claim.objects.get().status == Claim.Status.PROPOSED
        assert held(filled.sick.account) == Money(600, "EUR")
        assert not list(audit.findings())

    def test_sets_aside_what_a_varying_fund_has_and_never_goes_below_its_floor(self, filled, ada):
        approved(filled, ada, 501)
        assert held(filled.sick.account) == Money(100, "EUR")
        assert setting_aside.held(filled.sick) == Money(500, "EUR")
        assert not list(audit.findings())

    def test_never_promises_the_same_money_twice(self, filled, ada):
        guarantee(filled.sick)
        by = officers()
        approved(filled, ada, 300, by=by)
        with pytest.raises(claims.FundExhausted):
            approved(filled, make_member("Bo Ek"), 300, by=by, key="k2")
        assert not list(audit.findings())


class TestWithdraw:
    def test_returns_what_was_set_aside(self, filled, ada):
        one = approved(filled, ada)
        for _ in range(2):
            claims.withdraw(claim_id=one.pk, by=ada.user_id, on=ON)
        assert held(filled.sick.account) == Money(600, "EUR")
        assert not list(audit.findings())

    def test_returns_only_what_the_others_do_not_need(self, filled, ada):
        by = officers()
        one = approved(filled, ada, 400, by=by)
        approved(filled, make_member("Bo Ek"), 300, by=by, key="k2")
        claims.withdraw(claim_id=one.pk, by=ada.user_id, on=ON)
        assert setting_aside.held(filled.sick) == Money(300, "EUR")
        assert held(filled.sick.account) == Money(300, "EUR")
        assert not list(audit.findings())

    def test_refuses_when_paid(self, filled, ada):
        one = approved(filled, ada)
        pay(filled)
        with pytest.raises(claims.AlreadyDecided):
            claims.withdraw(claim_id=one.pk, by=ada.user_id, on=ON)


class TestPages:
    def test_show_nothing_of_others(self, filled, ada, client):
        one = claim(filled, ada)
        client.force_login(make_member("Bo Ek").user)
        assert client.get(reverse("claims:mine", args=[one.number])).status_code == 404
        assert client.post(reverse("claims:withdraw", args=[one.number])).status_code == 404
        assert client.get(reverse("claims:decide", args=[one.number])).status_code == 404

    def test_let_a_member_claim_and_withdraw(self, filled, ada, client):
        client.force_login(ada.user)
        said = {
            "fund": filled.sick.pk, "occasion": "ILLNESS", "first_day": "2026-11-01", "last_day": "2026-11-09",
            "amount": "120.00", "form_key": "d" * 32,
        }  # fmt: skip
        for _ in range(2):
            page = client.post(reverse("claims:new"), said, follow=True)
        assert "Claims officers decide" in page.content.decode()
        one = Claim.objects.get()
        client.post(reverse("claims:withdraw", args=[one.number]))
        assert Claim.objects.get().status == Claim.Status.WITHDRAWN

"""What takes two officers: shortfalls, loans, grants, money back, the hard floor; sick pay comes first."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from members.governance import decisions
from members.governance.models import Decision
from mutual.access import Role
from mutual.ledger import audit, balances
from mutual.money import Money
from mutual.periods import add_months
from pooling import funds, setting_aside
from pooling.claims.models import Instalment
from pooling.payouts import loans, proposals, reports, tasks
from pooling.payouts.models import Loan, PayRun
from pooling.treasury import corrections
from tests.conftest import make_member
from tests.pooling.claims.test_claims import approved, filled
from tests.pooling.payouts.test_paying import pay, short, start
from tests.pooling.test_dues import ON, coop, held
from tests.pooling.test_treasury import theo_again
from tests.trust.test_routes import person

__all__ = ["coop", "filled", "short"]
pytestmark = pytest.mark.django_db
FIRST = dt.date(2026, 12, 1)


def eur(amount):
    return Money(amount, "EUR")


def confirm(decision, on=ON):
    return proposals.confirm(decision_id=decision.pk, kind=decision.kind, by=theo_again(), on=on)


def lend(coop, amount=300, months=3):
    return proposals.propose_loan(
        lender_id=coop.sick.pk, borrower_id=coop.birth.pk, amount=eur(amount), months=months, first_on=FIRST, text="x",
        by=coop.by, on=ON,
    )  # fmt: skip


def repaid(loan):
    """What has come back by now, in cents: what somebody sees who opens the page now."""
    return Loan.objects.get(pk=loan.pk).repaid


def grant(coop, amount):
    return proposals.propose_grant(
        fund_id=coop.sick.pk, bank_id=coop.bank.pk, amount=eur(amount), text="x", by=coop.by, on=ON
    )


def hard(coop, amount):
    return confirm(proposals.propose_hard_floor(fund_id=coop.sick.pk, amount=eur(amount), text="x", by=coop.by, on=ON))


class TestHardFloor:
    def test_stops_what_is_voluntary_before_it_stops_sick_pay(self, filled):
        hard(filled, 400)
        for refused in (lambda: grant(filled, "200.01"), lambda: lend(filled, "200.01")):
            with pytest.raises(proposals.BelowHardFloor):
                refused()
        confirm(grant(filled, 200))
        assert held(filled.sick.account) == eur(400)
        approved(filled, make_member("Ada X"), 300)
        pay(start(filled))
        assert held(filled.sick.account) == eur(100)
        assert not list(audit.findings())

    def test_is_checked_again_when_it_is_confirmed(self, filled):
        first, second = grant(filled, 300), grant(filled, "250")
        hard(filled, 200)
        confirm(first)
        with pytest.raises(proposals.BelowHardFloor):
            confirm(second)
        assert held(filled.sick.account) == eur(300)
        assert Decision.objects.get(pk=second.pk).state == "PROPOSED"

    def test_lets_nothing_go_while_approved_benefits_are_not_covered(self, short):
        with pytest.raises(proposals.SickPayFirst):
            grant(short, 1)

    def test_lets_money_go_back_to_the_surplus(self, filled):
        back = proposals.propose_giving_back(fund_id=filled.sick.pk, amount=eur(50), text="x", by=filled.by, on=ON)
        with pytest.raises(decisions.SamePerson):
            proposals.confirm(decision_id=back.pk, kind=back.kind, by=filled.by, on=ON)
        confirm(back)
        assert held(filled.sick.account) == eur(550)
        assert held(setting_aside.accounts.surplus("EUR")) == eur(50)
        assert not list(audit.findings())


class TestTopUp:
    def fill(self, coop, amount):
        more = corrections.propose_opening(
            bank_id=None, fund_id=coop.sick.pk, amount=eur(amount), day=ON, text="More", by=coop.by, on=ON
        )
        corrections.confirm(decision_id=more.pk, kind=corrections.OPENING, by=theo_again(), on=ON)

    def propose(self, coop, amount):
        return proposals.propose_top_up(
            run_id=PayRun.objects.get().pk, amount=eur(amount), text="Voted", by=coop.by, on=ON
        )

    def test_makes_up_for_all_in_the_same_proportion_until_nothing_is_left(self, short):
        pay(start(short))
        self.fill(short, 1000)
        before = list(Instalment.objects.order_by("id").values_list("amount_due", "amount_paid"))
        confirm(self.propose(short, 100))
        after = list(Instalment.objects.order_by("id").values_list("amount_paid", flat=True))
        for (due, paid), now in zip(before, after, strict=True):
            assert abs((now - paid) * 20006 - (due - paid) * 10000) < 20006
        assert sum(after) == 49994 + 10000
        assert not list(audit.findings())
        confirm(self.propose(short, "100.06"))
        assert all(one.amount_paid == one.amount_due for one in Instalment.objects.all())
        assert proposals.shortfall(PayRun.objects.get()) == eur(0)
        with pytest.raises(proposals.NothingShort):
            self.propose(short, 1)
        assert not list(audit.findings())

    def test_never_takes_what_newer_claims_need(self, short):
        pay(start(short))
        self.fill(short, 100)
        proposal = self.propose(short, 100)
        approved(short, make_member("Dora X"), 150, by=_two(), key="d")
        with pytest.raises(proposals.SickPayFirst):
            confirm(proposal)
        assert not list(audit.findings())


def _two():
    from members.models import User

    return tuple(User.objects.get(email=f"{name}@example.org").pk for name in ("clara", "cem"))


class TestLoan:
    def test_repays_itself_by_its_plan(self, filled):
        confirm(lend(filled, "100.01"))
        assert (held(filled.sick.account), held(filled.birth.account)) == (eur("499.99"), eur("100.01"))
        assert [part for _day, part in Loan.objects.get().plan] == [3334, 3334, 3333]
        assert loans.repay_due(on=ON) == 0
        for n in range(3):
            for _ in range(2):
                loans.repay_due(on=add_months(FIRST, n))
        assert Loan.objects.get().repaid == 10001
        assert (held(filled.sick.account), held(filled.birth.account)) == (eur(600), eur(0))
        assert not list(audit.findings())

    def test_pays_what_it_can_and_shows_what_is_late(self, filled):
        confirm(lend(filled, 300))
        # The borrower spends most of it.
        spent = proposals.propose_grant(
            fund_id=filled.birth.pk, bank_id=filled.bank.pk, amount=eur(250), text="x", by=filled.by, on=ON
        )
        confirm(spent)
        loans.repay_due(on=FIRST)
        loans.repay_due(on=FIRST)
        loan = Loan.objects.get()
        assert loan.repaid == 5000
        assert loan.late_on(FIRST) == 5000
        assert reports.late_loans(FIRST) == [loan]
        assert [view.late for view in reports.loans(FIRST)] == [eur(50)]
        assert not list(audit.findings())

    def test_is_repaid_sooner_if_wanted(self, filled):
        confirm(lend(filled, 300))
        loan = Loan.objects.get()
        loans.repay_early(loan_id=loan.pk, seen=repaid(loan), amount=eur(150), by=filled.by, on=ON)
        loans.repay_due(on=FIRST)
        loan.refresh_from_db()
        assert loan.repaid == 15000
        with pytest.raises(loans.MoreThanOpen):
            loans.repay_early(loan_id=loan.pk, seen=repaid(loan), amount=eur("150.01"), by=filled.by, on=ON)
        assert not list(audit.findings())

    def test_is_repaid_sooner_once_however_often_it_is_pressed(self, filled, client):
        confirm(lend(filled, 300))
        loan = Loan.objects.get()
        client.force_login(person("treasurer"))
        page, said = reverse("payouts:repay", args=[loan.number]), {"amount": "150", "seen": "0"}
        assert b'name="seen" value="0"' in client.get(page).content
        for _again in range(2):
            assert client.post(page, said)["Location"] == reverse("payouts:loans")
        assert repaid(loan) == 15000
        other = client.post(page, said | {"amount": "20"}, follow=True)
        assert b"has come back since you looked" in other.content
        assert b'name="seen" value="15000"' in other.content
        assert repaid(loan) == 15000
        assert not list(audit.findings())

    def test_is_not_repaid_sooner_below_the_borrowers_hard_floor(self, filled):
        confirm(lend(filled, 300))
        loan = Loan.objects.select_related("borrower__account__currency").get()
        keeps = balances.of(loan.borrower.account) - eur(100)
        confirm(proposals.propose_hard_floor(fund_id=loan.borrower_id, amount=keeps, text="x", by=filled.by, on=ON))
        with pytest.raises(loans.SickPayFirst, match=r"100\.00"):
            loans.repay_early(loan_id=loan.pk, seen=repaid(loan), amount=eur("100.01"), by=filled.by, on=ON)
        loans.repay_early(loan_id=loan.pk, seen=repaid(loan), amount=eur(100), by=filled.by, on=ON)
        assert balances.of(loan.borrower.account) == keeps

    def test_is_repaid_by_the_clock_whatever_was_repaid_sooner_and_never_twice(self, filled, time_machine):
        """33.34, 33.34, 33.33; half of it sooner: the second part is there already, the last is what is left."""
        confirm(lend(filled, "100.01"))
        loan = Loan.objects.get()

        def repaid_by_the_clock_on(day):
            time_machine.move_to(f"{day} 06:00+00:00")
            found = [tasks.repay_loans() for _again in range(3)]
            loan.refresh_from_db()
            return found, loan.repaid

        assert repaid_by_the_clock_on("2026-11-30") == ([0, 0, 0], 0)
        assert repaid_by_the_clock_on("2026-12-01") == ([1, 0, 0], 3334)
        loans.repay_early(loan_id=loan.pk, seen=repaid(loan), amount=eur(50), by=filled.by, on=dt.date(2026, 12, 2))
        assert repaid_by_the_clock_on("2027-01-01") == ([0, 0, 0], 8334)
        assert repaid_by_the_clock_on("2027-02-01") == ([1, 0, 0], 10001)
        assert repaid_by_the_clock_on("2027-03-01") == ([0, 0, 0], 10001)
        assert loan.open == eur(0)
        assert (held(filled.sick.account), held(filled.birth.account)) == (eur(600), eur(0))
        assert not list(audit.findings())

    def test_is_repaid_by_the_clock_past_the_borrower_s_hard_floor_down_to_its_floor(self, filled, time_machine):
        """What is due is no gift: only what is sooner than due stops at the hard floor."""
        confirm(lend(filled, "100.01"))
        loan, birth = Loan.objects.get(), filled.birth
        confirm(proposals.propose_hard_floor(fund_id=birth.pk, amount=eur(90), text="x", by=filled.by, on=ON))
        funds.change(
            fund_id=birth.pk, name=birth.name, description="", promise="VARYING", target=None, floor=eur(20),
            by=filled.by,
        )  # fmt: skip
        with pytest.raises(loans.SickPayFirst, match=r"10\.01"):
            loans.repay_early(loan_id=loan.pk, seen=repaid(loan), amount=eur("10.02"), by=filled.by, on=ON)
        for day, left in (("2026-12-01", "66.67"), ("2027-01-01", "33.33"), ("2027-02-01", "20.00")):
            time_machine.move_to(f"{day} 06:00+00:00")
            tasks.repay_loans()
            assert held(birth.account) == eur(left)
        assert Loan.objects.get().late_on(dt.date(2027, 2, 1)) == 2000
        more = corrections.propose_opening(
            bank_id=None, fund_id=birth.pk, amount=eur(50), day=ON, text="More", by=filled.by, on=ON
        )
        corrections.confirm(decision_id=more.pk, kind=corrections.OPENING, by=theo_again(), on=ON)
        assert [tasks.repay_loans() for _again in range(2)] == [1, 0]
        assert (held(birth.account), Loan.objects.get().open) == (eur(50), eur(0))
        assert not list(audit.findings())

    def test_refuses_one_fund_twice_and_no_plan(self, filled):
        with pytest.raises(proposals.BadTerms):
            lend(filled, months=0)
        with pytest.raises(proposals.BadTerms):
            proposals.propose_loan(
                lender_id=filled.sick.pk, borrower_id=filled.sick.pk, amount=eur(1), months=1, first_on=FIRST,
                text="x", by=filled.by, on=ON,
            )  # fmt: skip


class TestPages:
    def test_let_two_officers_lend(self, filled, client):
        tilda = person(Role.TREASURER)
        client.force_login(tilda)
        said = {
            "lender": filled.sick.pk, "borrower": filled.birth.pk, "amount": "120", "months": "4",
            "first_on": "2099-01-01", "text": "For a time",
        }  # fmt: skip
        answer = client.post(reverse("payouts:propose", args=["loan"]), said, follow=True)
        assert "For a time" in answer.content.decode()
        decision = Decision.objects.get(kind=proposals.LOAN)
        client.post(reverse("payouts:decision", args=[decision.number]), {"answer": "confirm"})
        assert not Loan.objects.exists()
        confirm(decision)
        client.force_login(make_member("Dora X").user)
        page = client.get(reverse("payouts:loans")).content.decode()
        assert "Sickness to Parents" in page
        assert client.get(reverse("payouts:repay", args=["L-0001"])).status_code == 404

    @pytest.mark.parametrize("kind", ["shortfall", "loan", "grant", "give-back", "floor"])
    def test_offer_every_proposal(self, filled, client, kind):
        client.force_login(person(Role.TREASURER))
        assert client.get(reverse("payouts:propose", args=[kind])).status_code == 200
        assert client.post(reverse("payouts:propose", args=[kind]), {"text": ""}).status_code == 422

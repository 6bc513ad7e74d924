"""The cooperative's own money, and what only two officers can do."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from members.governance import decisions
from members.governance.models import Decision
from mutual.ledger import audit, balances, chart, journal
from mutual.ledger.kinds import Kind
from mutual.money import Money
from mutual.periods import parse
from pooling import accounts
from pooling.models import Charge
from pooling.treasury import banks, corrections, items, months
from pooling.treasury.models import Item
from tests.conftest import theo
from tests.pooling.test_dues import ON, ada, charge, coop, held, owes, pay
from tests.trust.test_routes import person

__all__ = ["ada", "coop"]
pytestmark = pytest.mark.django_db


def start(coop, amount=1000, *, confirm=True):
    proposal = corrections.propose_opening(
        bank_id=coop.bank.pk, fund_id=None, amount=Money(amount, "EUR"), day=dt.date(2026, 1, 1), text="From the bank",
        by=coop.by, on=ON,
    )  # fmt: skip
    if confirm:
        corrections.confirm(decision_id=proposal.pk, kind=corrections.OPENING, by=theo().pk, on=ON)
    return proposal


def cost(coop, amount=100, *, key="c1", kind="COST"):
    category = items.Category.objects.filter(kind=kind).first() or items.open_category(
        kind=kind, name="Hosting", by=coop.by
    )
    return items.record(
        category_id=category.pk, bank_id=coop.bank.pk, amount=Money(amount, "EUR"), booked_on=ON, text="Server",
        voucher="V-1", form_key=key, by=coop.by,
    )  # fmt: skip


class TestTwoOfficers:
    def test_book_nothing_before_the_second_confirms(self, coop):
        start(coop, confirm=False)
        assert held(coop.bank.account) == Money(0, "EUR")

    def test_cannot_be_one_person(self, coop):
        proposal = start(coop, confirm=False)
        with pytest.raises(decisions.SamePerson):
            corrections.confirm(decision_id=proposal.pk, kind=corrections.OPENING, by=coop.by, on=ON)
        assert held(coop.bank.account) == Money(0, "EUR")
        assert Decision.objects.get().state == "PROPOSED"

    def test_confirm_once(self, coop):
        proposal = start(coop)
        with pytest.raises(decisions.AlreadyDecided):
            corrections.confirm(decision_id=proposal.pk, kind=corrections.OPENING, by=coop.by, on=ON)
        assert held(coop.bank.account) == Money(1000, "EUR")
        assert not list(audit.findings())

    def test_confirm_once_what_was_proposed_twice(self, coop):
        """The button pressed twice: there is one proposal, so the bank does not start with twice the amount."""
        said = {
            "bank_id": coop.bank.pk, "fund_id": None, "amount": Money(70, "EUR"), "day": dt.date(2026, 1, 1),
            "text": "From before", "on": ON,
        }  # fmt: skip
        first = corrections.propose_opening(**said, by=coop.by)
        assert corrections.propose_opening(**said, by=coop.by) == first
        assert corrections.propose_opening(**said, by=theo_again()) != first
        corrections.confirm(decision_id=first.pk, kind=corrections.OPENING, by=theo_again(), on=ON)
        assert corrections.propose_opening(**said, by=coop.by) != first

    def test_can_decline(self, coop):
        proposal = start(coop, confirm=False)
        decisions.decline(decision_id=proposal.pk, kind=corrections.OPENING, by=theo().pk, on=ON)
        assert held(coop.bank.account) == Money(0, "EUR")


class TestItems:
    def test_take_costs_from_the_bank_once(self, coop):
        start(coop)
        assert cost(coop) == cost(coop)
        assert held(coop.bank.account) == Money(900, "EUR")
        income = balances.income(chart.coop_book(), parse("2026-11"))
        assert income.result == {"EUR": Money(-100, "EUR")}

    def test_answer_409_when_the_form_comes_again_with_other_content(self, coop, client):
        start(coop)
        client.force_login(person("treasurer"))
        category = items.open_category(kind="COST", name="Hosting", by=coop.by)
        sent = {
            "category": category.pk, "bank": coop.bank.pk, "amount": "10", "booked_on": ON.isoformat(),
            "text": "Server", "voucher": "", "form_key": "a" * 32,
        }  # fmt: skip
        url = reverse("treasury:item_new")
        assert client.post(url, sent).status_code == client.post(url, sent).status_code == 302
        answer = client.post(url, sent | {"amount": "11"})
        assert answer.status_code == 409
        assert "sent before" in answer.content.decode()
        assert held(coop.bank.account) == Money(990, "EUR")

    def test_refuse_what_the_bank_does_not_hold(self, coop):
        start(coop, 99)
        with pytest.raises(items.NotEnough):
            cost(coop)
        assert not Item.objects.exists()
        assert not list(audit.findings())

    def test_bring_other_income(self, coop):
        cost(coop, kind="INCOME")
        assert held(coop.bank.account) == Money(100, "EUR")


class TestReversal:
    def test_undoes_a_cost_by_two_officers(self, coop):
        start(coop)
        item = cost(coop)
        entry = journal.entry_id_of(f"item/{item.number}/recorded")
        proposal = corrections.propose_reversal(entry_id=entry, text="Booked twice", by=coop.by, on=ON)
        other = theo_again()
        corrections.confirm(decision_id=proposal.pk, kind=corrections.REVERSAL, by=other, on=ON)
        assert held(coop.bank.account) == Money(1000, "EUR")
        assert Item.objects.get().status == "REVERSED"
        with pytest.raises(corrections.NotPossibleNow):
            corrections.propose_reversal(entry_id=entry, text="Again", by=coop.by, on=ON)
        assert not list(audit.findings())

    def test_refuses_what_has_a_way_of_its_own(self, coop, ada):
        charge()
        payment = pay(coop, ada, 45)
        entry = journal.entry_id_of(f"payment/{payment.number}/recorded")
        with pytest.raises(corrections.NotThisWay):
            corrections.propose_reversal(entry_id=entry, text="x", by=coop.by, on=ON)


class TestWriteOff:
    def test_closes_what_is_open_and_no_fund_gets_it(self, coop, ada):
        charge()
        pay(coop, ada, 15)
        one = Charge.objects.get()
        proposal = corrections.propose_write_off(charge_id=one.pk, text="Hardship", by=coop.by, on=ON)
        corrections.confirm(decision_id=proposal.pk, kind=corrections.WRITE_OFF, by=theo().pk, on=ON)
        assert owes(ada) == Money(0, "EUR")
        assert held(coop.sick.account) == Money("7.50", "EUR")
        assert not list(audit.findings())

    def test_refuses_when_it_was_paid_meanwhile(self, coop, ada):
        charge()
        proposal = corrections.propose_write_off(charge_id=Charge.objects.get().pk, text="x", by=coop.by, on=ON)
        pay(coop, ada, 45)
        with pytest.raises(corrections.NothingOpen):
            corrections.confirm(decision_id=proposal.pk, kind=corrections.WRITE_OFF, by=theo().pk, on=ON)
        assert Decision.objects.get().state == "PROPOSED"
        assert not list(audit.findings())


class TestRefund:
    def test_pays_back_what_was_paid_ahead(self, coop, ada):
        pay(coop, ada, 50)
        proposal = corrections.propose_refund(
            member_id=ada.pk, bank_id=coop.bank.pk, amount=Money(50, "EUR"), text="Asked for it", by=coop.by, on=ON
        )
        corrections.confirm(decision_id=proposal.pk, kind=corrections.REFUND, by=theo().pk, on=ON)
        assert held(coop.bank.account) == Money(0, "EUR")
        assert held(accounts.of_member("prepayments", ada.number, "EUR")) == Money(0, "EUR")
        assert not list(audit.findings())

    def test_refuses_more_than_was_paid_ahead(self, coop, ada):
        pay(coop, ada, 50)
        with pytest.raises(corrections.NothingOpen):
            corrections.propose_refund(
                member_id=ada.pk, bank_id=coop.bank.pk, amount=Money("50.01", "EUR"), text="x", by=coop.by, on=ON
            )


class TestBanks:
    def test_move_money_once_and_never_more_than_there_is(self, coop):
        start(coop)
        second = banks.open_account(name="Savings", iban="", bic="", currency="EUR", by=coop.by, on=ON)
        for _ in range(2):
            banks.move(
                source_id=coop.bank.pk, target_id=second.pk, amount=Money(400, "EUR"), on=ON, form_key="m1", by=coop.by
            )
        assert held(second.account) == Money(400, "EUR")
        with pytest.raises(banks.NotEnough):
            banks.move(
                source_id=coop.bank.pk, target_id=second.pk, amount=Money(601, "EUR"), on=ON, form_key="m2", by=coop.by
            )
        assert not list(audit.findings())


class TestMonths:
    def test_close_and_open_again_by_two(self, coop):
        start(coop)
        months.close(month=parse("2026-10"), by=coop.by, on=ON)
        months.close(month=parse("2026-10"), by=coop.by, on=ON)
        with pytest.raises(months.NotOver):
            months.close(month=parse("2026-11"), by=coop.by, on=ON)
        with pytest.raises(months.ClosedAlready):
            months.close(month=parse("2026-09"), by=coop.by, on=ON)
        proposal = corrections.propose_reopening(until=dt.date(2026, 10, 1), text="A late bill", by=coop.by, on=ON)
        corrections.confirm(decision_id=proposal.pk, kind=corrections.REOPENING, by=theo_again(), on=ON)
        assert chart.coop_book().closed_until == dt.date(2026, 10, 1)
        assert not list(audit.findings())


def theo_again():
    from members.models import User

    return (User.objects.filter(email="theo@example.org").first() or theo()).pk


class TestKinds:
    def test_that_are_undone_elsewhere_are_known(self):
        assert {Kind.COST_PAID, Kind.INCOME_RECEIVED, Kind.BANK_TRANSFERRED}.isdisjoint(corrections.OWN_WAY)

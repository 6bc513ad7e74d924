"""A year is closed once, its surplus goes to purposes and never to people."""

from __future__ import annotations

import datetime as dt

import pytest

from members.governance import decisions
from mutual.ledger import audit, balances, chart
from mutual.ledger.kinds import AccountType
from mutual.money import Money
from mutual.periods import parse
from pooling import accounts
from pooling.surplus import relief, years
from pooling.surplus.models import Allocation, Year
from pooling.treasury import corrections, months
from tests.conftest import make_member
from tests.pooling.test_dues import ada, charge, coop, held, on_plan, owes, pay
from tests.pooling.test_treasury import cost, start, theo_again

__all__ = ["ada", "coop"]
pytestmark = pytest.mark.django_db
NEXT = dt.date(2027, 1, 20)


@pytest.fixture
def earned(coop):
    """A year with 300 earned and 100 spent."""
    start(coop)
    cost(coop, 100)
    cost(coop, 300, key="c2", kind="INCOME")
    from pooling.treasury import items
    from tests.pooling.test_dues import ON

    category = items.open_category(kind="INCOME", name="Courses", by=coop.by)
    items.record(
        category_id=category.pk, bank_id=coop.bank.pk, amount=Money(300, "EUR"), booked_on=ON, text="Course",
        voucher="", form_key="c3", by=coop.by,
    )  # fmt: skip
    return coop


def close(coop, label="2026", on=NEXT):
    proposal = years.propose_closing(label=label, text="As the books say", by=coop.by, on=on)
    return years.confirm_closing(decision_id=proposal.pk, by=theo_again(), on=on)


def allocate(coop, *parts):
    proposal = years.propose_allocation(parts=parts, text="Voted", ballot="Assembly", by=coop.by, on=NEXT)
    return years.confirm_allocation(decision_id=proposal.pk, by=theo_again(), on=NEXT)


def part(purpose, amount, fund=None):
    return years.Part(purpose, fund and fund.pk, Money(amount, "EUR"))


class TestClose:
    def test_brings_income_and_expense_to_zero_and_closes_the_book(self, earned):
        result = balances.income(chart.coop_book(), parse("2026")).result["EUR"]
        year = close(earned)
        assert year.surplus == result == years.unallocated("EUR")
        ends = balances.held_on(chart.coop_book(), dt.date(2026, 12, 31), (AccountType.INCOME, AccountType.EXPENSE))
        assert all(amount == 0 for _account, amount in ends)
        assert chart.coop_book().closed_until == dt.date(2027, 1, 1)
        assert balances.income(chart.coop_book(), parse("2026")).result["EUR"] == result
        assert not list(audit.findings())

    def test_is_done_once_and_by_two(self, earned):
        proposal = years.propose_closing(label="2026", text="x", by=earned.by, on=NEXT)
        with pytest.raises(years.AlreadyClosed):
            years.propose_closing(label="2026", text="again", by=earned.by, on=NEXT)
        with pytest.raises(decisions.SamePerson):
            years.confirm_closing(decision_id=proposal.pk, by=earned.by, on=NEXT)
        assert not Year.objects.exists()
        years.confirm_closing(decision_id=proposal.pk, by=theo_again(), on=NEXT)
        with pytest.raises(years.AlreadyClosed):
            years.propose_closing(label="2026", text="again", by=earned.by, on=NEXT)

    def test_refuses_a_year_that_runs_or_has_an_open_one_before_it(self, earned):
        with pytest.raises(years.NotOver):
            years.propose_closing(label="2026", text="x", by=earned.by, on=dt.date(2026, 12, 31))
        with pytest.raises(years.EarlierOpen):
            years.propose_closing(label="2027", text="x", by=earned.by, on=dt.date(2028, 1, 5))

    def test_is_not_undone_by_reopening_its_months(self, earned):
        close(earned)

        def propose(until):
            return corrections.propose_reopening(until=until, text="One more bill", by=earned.by, on=NEXT)

        with pytest.raises(corrections.NotPossibleNow, match="2026"):
            propose(dt.date(2026, 12, 1))
        months.close(month=parse("2027-01"), by=earned.by, on=dt.date(2027, 2, 1))
        assert propose(dt.date(2027, 1, 1)).state == "PROPOSED"

    def test_refuses_a_reopening_that_was_proposed_before(self, earned):
        months.close(month=parse("2026-12"), by=earned.by, on=NEXT)
        reopening = corrections.propose_reopening(
            until=dt.date(2026, 12, 1), text="One more bill", by=earned.by, on=NEXT
        )
        close(earned)
        with pytest.raises(corrections.NotPossibleNow, match="2026"):
            corrections.confirm(decision_id=reopening.pk, kind=corrections.REOPENING, by=theo_again(), on=NEXT)
        assert chart.coop_book().closed_until == dt.date(2027, 1, 1)

    @pytest.mark.parametrize("locked", ["2026-11", "2026-12", "2027-01"])
    def test_needs_no_reopening_of_months_closed_before(self, earned, locked):
        after = dt.date(2027, 2, 3)
        months.close(month=parse(locked), by=earned.by, on=after)
        proposal = years.propose_closing(label="2026", text="As the books say", by=earned.by, on=after)
        years.confirm_closing(decision_id=proposal.pk, by=theo_again(), on=after)
        assert chart.coop_book().closed_until == max(parse(locked).end, dt.date(2027, 1, 1))
        assert not list(audit.findings())

    def test_keeps_a_loss_and_allocates_nothing(self, coop):
        start(coop)
        cost(coop, 100)
        assert close(coop).surplus == Money(-100, "EUR")
        with pytest.raises(years.NothingToAllocate):
            years.propose_allocation(parts=[part("RESERVE", 1)], text="x", ballot="x", by=coop.by, on=NEXT)
        assert not list(audit.findings())


class TestAllocate:
    def test_moves_the_surplus_to_its_purposes(self, earned):
        close(earned)
        there = years.unallocated("EUR")
        half = there / 2
        allocate(earned, part("FUND", half.amount, earned.sick), part("RESERVE", half.amount))
        assert held(earned.sick.account) == half
        assert years.unallocated("EUR") == Money(0, "EUR")
        assert not list(audit.findings())

    def test_refuses_more_than_there_is_even_when_it_was_enough_at_the_proposal(self, earned):
        close(earned)
        there = years.unallocated("EUR").amount
        first = years.propose_allocation(parts=[part("RESERVE", there)], text="a", ballot="x", by=earned.by, on=NEXT)
        second = years.propose_allocation(parts=[part("RELIEF", 1)], text="b", ballot="x", by=earned.by, on=NEXT)
        years.confirm_allocation(decision_id=first.pk, by=theo_again(), on=NEXT)
        with pytest.raises(years.NothingToAllocate):
            years.confirm_allocation(decision_id=second.pk, by=theo_again(), on=NEXT)
        assert not list(audit.findings())

    def test_knows_no_purpose_that_is_a_person(self):
        assert set(Allocation.Purpose.values) == {"FUND", "RESERVE", "RELIEF"}


class TestRelief:
    def test_pays_everybodys_open_charge_by_the_same_part(self, earned, ada):
        bo = on_plan(make_member("Bo Ek"), earned)
        close(earned)
        allocate(earned, part("RELIEF", 45))
        charge(parse("2027-01"), on=NEXT)
        pay(earned, bo, 15, on=NEXT)
        paid, count = relief.apply(period=parse("2027-01"), currency="EUR", by=earned.by, on=NEXT)
        assert (paid, count) == (Money(45, "EUR"), 2)
        assert (owes(ada), owes(bo)) == (Money(18, "EUR"), Money(12, "EUR"))
        assert held(accounts.dues_relief("EUR")) == Money(0, "EUR")
        with pytest.raises(relief.NothingToGive):
            relief.apply(period=parse("2027-01"), currency="EUR", by=earned.by, on=NEXT)
        assert not list(audit.findings())

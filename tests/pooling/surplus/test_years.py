"""A year is closed once, its surplus goes to purposes and never to people."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members.governance import decisions
from members.governance.models import Decision
from mutual.jobs.models import Run
from mutual.ledger import audit, balances, chart, journal
from mutual.ledger.kinds import AccountType
from mutual.money import Money, allocate_minor, minor
from mutual.periods import parse
from pooling import accounts, placing
from pooling.surplus import relief, reports, years
from pooling.surplus.models import Allocation, Relief, ReliefPart, Year
from pooling.treasury import corrections, months
from tests.conftest import make_member
from tests.pooling.test_dues import ada, charge, coop, held, on_plan, owes, pay
from tests.pooling.test_treasury import cost, start, theo_again
from tests.trust.test_routes import person

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


class TestYear:
    def test_draws_its_months_also_when_it_is_closed(self, earned):
        before = reports.with_chart(reports.year("2026", NEXT), NEXT)
        close(earned)
        after = reports.with_chart(reports.year("2026", NEXT), NEXT)
        assert before.chart is not None
        assert before.chart == after.chart
        assert after.earned - after.spent == after.result == Money(500, "EUR")
        assert ("Courses", Money(300, "EUR")) in after.earnings


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

    def test_is_shown_before_exactly_as_it_will_be(self, earned):
        close(earned)
        there = years.unallocated("EUR")
        parts = [part("FUND", "33.33", earned.sick), part("RESERVE", 20)]
        seen = reports.preview(parts)
        allocate(earned, *parts)
        assert [one.after for one in seen.parts] == [held(earned.sick.account), Money(20, "EUR")]
        assert seen.left == years.unallocated("EUR") == there - Money("53.33", "EUR")

    def test_shows_on_the_page_what_it_would_do_and_books_nothing(self, earned, client):
        close(earned)
        client.force_login(person("treasurer"))
        said = {"ballot": "Assembly", "text": "Voted", f"fund_{earned.sick.pk}": "33.33", "look": "1"}
        page = client.post("/surplus/allocate/", said).content.decode()
        assert "What it would do" in page
        assert "€33.33" in page
        assert not Decision.objects.filter(kind=years.ALLOCATION).exists()
        assert client.post("/surplus/allocate/", {**said, f"fund_{earned.sick.pk}": "9999"}).status_code == 200

    def test_knows_no_purpose_that_is_a_person(self, earned):
        """Members' own parts come by hours worked and the rules of the year, never by what officers allocate."""
        assert set(Allocation.Purpose.values) == {"FUND", "RESERVE", "RELIEF", "MEMBERS"}
        close(earned)
        with pytest.raises(years.BadAllocation, match="by hours worked"):
            years.propose_allocation(parts=[part("MEMBERS", 1)], text="x", ballot="y", by=earned.by, on=NEXT)
        assert not Decision.objects.filter(kind=years.ALLOCATION).exists()
        assert not list(audit.findings())


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

    def test_pays_in_chunks_what_was_fixed_at_once_to_the_cent(self, earned, ada):
        people = [ada, *(on_plan(make_member(f"{name} Ek"), earned) for name in ("Bo", "Cy", "Di", "Ed"))]
        close(earned)
        allocate(earned, part("RELIEF", "100.03"))
        charge(parse("2027-01"), on=NEXT)
        pay(earned, people[1], "30.01", on=NEXT)
        before = {one.pk: owes(one) for one in people}
        paid, count = relief.apply(period=parse("2027-01"), currency="EUR", by=earned.by, on=NEXT, chunk=2)
        assert (paid, count) == (Money("100.03", "EUR"), 5)
        wanted = allocate_minor(10003, [minor(before[one.pk]) for one in people])
        assert [minor(before[one.pk] - owes(one)) for one in people] == wanted
        assert [one.paid for one in ReliefPart.objects.order_by("charge__member_id")] == wanted
        assert held(accounts.dues_relief("EUR")) == Money(0, "EUR")
        assert not list(audit.findings())

    def test_goes_on_with_the_same_shares_where_a_crash_left_it(self, earned, ada):
        bo, cy = on_plan(make_member("Bo Ek"), earned), on_plan(make_member("Cy Ek"), earned)
        close(earned)
        allocate(earned, part("RELIEF", 60))
        charge(parse("2027-01"), on=NEXT)
        begun = relief._plan(parse("2027-01"), "EUR", earned.by, NEXT)
        relief._pay_chunk(relief_id=begun.pk, on=NEXT, chunk=1)
        assert relief.left("EUR") == Money(0, "EUR")
        pay(earned, bo, 40, on=NEXT)
        paid, count = relief.apply(period=parse("2027-01"), currency="EUR", by=earned.by, on=NEXT)
        assert (paid, count) == (Money(45, "EUR"), 3)
        assert [owes(one) for one in (ada, bo, cy)] == [Money(25, "EUR"), Money(0, "EUR"), Money(25, "EUR")]
        assert held(accounts.dues_relief("EUR")) == relief.left("EUR") == Money(15, "EUR")
        assert Relief.objects.get().finished_on == NEXT
        assert Run.objects.get(kind="relief").done == 3
        assert not list(audit.findings())

    def test_makes_the_entry_each_would_have_had_alone(self, earned, ada):
        close(earned)
        allocate(earned, part("RELIEF", 10))
        charge(parse("2027-01"), on=NEXT)
        relief.apply(period=parse("2027-01"), currency="EUR", by=earned.by, on=NEXT)
        one = ReliefPart.objects.get()
        entry = balances.entry(chart.COOP, journal.entry_id_of(f"relief/{one.relief.number}/{ada.number}"))
        own = placing.lock_member(ada.pk)
        moves = placing.transfers(
            [placing.Placed(one.charge, 1000, tuple(one.charge.placements.get().parts))], own,
            accounts.dues_relief("EUR"),
        )  # fmt: skip
        assert [(line.debit_id, line.credit_id, minor(line.amount)) for line in entry.lines] == [
            (move.debit.pk, move.credit.pk, move.amount) for move in moves
        ]

    def test_needs_as_many_queries_for_many_as_for_few(self, earned, django_assert_num_queries):
        for n in range(8):
            on_plan(make_member(f"Member{n} Ek"), earned)
        close(earned)
        allocate(earned, part("RELIEF", 60))
        charge(parse("2027-01"), on=NEXT)
        begun = relief._plan(parse("2027-01"), "EUR", earned.by, NEXT)
        relief._pay_chunk(relief_id=begun.pk, on=NEXT, chunk=1)  # what is asked once is known now
        with CaptureQueriesContext(connection) as few:
            relief._pay_chunk(relief_id=begun.pk, on=NEXT, chunk=2)
        with django_assert_num_queries(len(few)):
            relief._pay_chunk(relief_id=begun.pk, on=NEXT, chunk=5)
        assert not list(audit.findings())

    def test_refuses_a_closed_month_and_leaves_nothing_begun(self, earned, ada):
        close(earned)
        allocate(earned, part("RELIEF", 45))
        charge(parse("2027-01"), on=NEXT)
        journal.close_book(book=chart.coop_book(), until=dt.date(2027, 6, 1), recorded_by=None)
        with pytest.raises(relief.BooksClosed):
            relief.apply(period=parse("2027-01"), currency="EUR", by=earned.by, on=NEXT)
        assert not Relief.objects.exists()
        assert not list(audit.findings())

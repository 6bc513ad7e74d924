"""A buffer fills from the dues, holds at most its cap on the day it is measured, and the excess goes back once (F5)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from members.governance import decisions
from members.models import User
from mutual import rooms
from mutual.jobs.models import Run
from mutual.ledger import audit, balances, chart, journal
from mutual.money import Money
from mutual.periods import parse
from pooling import accounts, dues
from pooling.buffers import returns, rules, tasks
from pooling.buffers.models import Returned, Rule
from pooling.models import Charge
from pooling.treasury import corrections
from tests.conftest import make_member, theo
from tests.pooling.test_dues import charge, coop, held, on_plan, owes, pay
from tests.trust.test_routes import person

__all__ = ["coop"]
pytestmark = pytest.mark.django_db
NEW_YEAR = dt.date(2026, 12, 31)
APRIL = dt.date(2027, 4, 1)


def eur(amount):
    return Money(amount, "EUR")


@pytest.fixture
def saving(coop):
    """From January on, 20 of 45 go to the member's own buffer in the sickness fund."""
    dues.change_plan(
        plan_id=coop.plan.pk, amount=eur(45), valid_from=dt.date(2026, 1, 2), days_to_pay=14, by=coop.by,
        shares=[(coop.sick.pk, 15), dues.ShareOf(coop.sick.pk, 20, buffer=True), (None, 10)],
    )  # fmt: skip
    return coop


def set_rule(coop, deposits=3, valid_from=dt.date(2026, 1, 1), **more):
    said = {"month": 12, "day": 31, "return_after": 90} | more
    proposal = rules.propose(
        fund_id=coop.sick.pk, deposits=deposits, valid_from=valid_from, text="As voted", by=coop.by, on=valid_from,
        **said,
    )  # fmt: skip
    second = User.objects.filter(email="theo@example.org").first() or theo()
    corrections.confirm(decision_id=proposal.pk, kind=rules.BUFFER_RULE, by=second.pk, on=valid_from)
    return Rule.objects.latest("pk")


def save(coop, member, months, key="save"):
    """Charge months of 2026 and pay them on the last day of the year."""
    for number in months:
        charge(parse(f"2026-{number:02}"), on=NEW_YEAR)
    pay(coop, member, 45 * len(months), key=key, on=NEW_YEAR)


def buffer(member):
    return held(chart.find(book=chart.coop_book(), code=f"liabilities:buffer:sickness:{member.number}", currency="EUR"))


def ahead(member):
    return held(accounts.of_member("prepayments", member.number, "EUR"))


class TestFilling:
    def test_puts_its_part_of_each_payment_into_the_members_own_buffer(self, saving):
        ada, bo = on_plan(make_member("Ada Byron"), saving), on_plan(make_member("Bo Ek"), saving)
        charge()
        pay(saving, ada, 45)
        pay(saving, bo, 9, key="k2")
        assert (buffer(ada), buffer(bo)) == (eur(20), eur(4))
        assert held(saving.sick.account) == eur(18)
        assert not list(audit.findings())

    def test_takes_it_back_with_a_withdrawn_payment(self, saving):
        from pooling import payments

        ada = on_plan(make_member("Ada Byron"), saving)
        charge()
        payment = pay(saving, ada, 45)
        payments.withdraw(payment_id=payment.pk, by=saving.by, on=NEW_YEAR)
        assert buffer(ada) == eur(0)
        assert not list(audit.findings())

    def test_shows_on_the_home_page_the_statement_and_the_members_page(self, saving, client):
        ada = on_plan(make_member("Ada Byron"), saving)
        set_rule(saving)
        save(saving, ada, [10, 11])
        assert any(
            one.amount == eur(40) for one in rooms.home(member_id=ada.pk, on=NEW_YEAR).owed if one.direction == "hold"
        )
        sections = {
            one.code: one for one in rooms.statement_sections(member_id=ada.pk, period=parse("2026"), language="en")
        }
        assert sections["buffer-sickness"].closing == eur(40)
        figures = {figure.label: figure.value for figure in sections["fund-shares"].figures}
        assert figures == {"Own buffer, Sickness": eur(40), "Running costs": eur(20), "Sickness": eur(30)}
        client.force_login(ada.user)
        page = client.get(reverse("buffers:mine")).content.decode()
        assert "€40.00" in page
        assert "€60.00: 3 deposits of €20.00" in page


class TestRule:
    def test_takes_two_officers_and_begins_after_the_one_before(self, saving):
        rule = set_rule(saving, valid_from=dt.date(2026, 2, 1))
        assert (rule.deposits, rule.decision.state) == (3, "CONFIRMED")
        with pytest.raises(rules.RuleRefused):
            set_rule(saving, valid_from=dt.date(2026, 2, 1))
        alone = rules.propose(
            fund_id=saving.sick.pk, deposits=9, month=12, day=31, return_after=0, valid_from=NEW_YEAR, text="x",
            by=saving.by, on=NEW_YEAR,
        )  # fmt: skip
        with pytest.raises(decisions.SamePerson):
            corrections.confirm(decision_id=alone.pk, kind=rules.BUFFER_RULE, by=saving.by, on=NEW_YEAR)
        assert Rule.objects.count() == 1

    @pytest.mark.parametrize(
        ("month", "day", "year", "measured"),
        [(12, 31, 2026, "2026-12-31"), (2, 29, 2027, "2027-02-28"), (2, 29, 2028, "2028-02-29")],
    )
    def test_measures_on_the_last_day_of_a_shorter_month(self, month, day, year, measured):
        assert Rule(month=month, day=day).measured(year).isoformat() == measured


class TestReturn:
    def test_returns_what_was_above_the_cap_once(self, saving):
        ada, bo = on_plan(make_member("Ada Byron"), saving), on_plan(make_member("Bo Ek"), saving)
        set_rule(saving)
        save(saving, ada, [7, 8, 9, 10, 11])
        pay(saving, bo, 135, key="bo", on=NEW_YEAR)
        run = returns.run(fund_id=saving.sick.pk, on=APRIL, by=None)
        assert (run.done, run.known, run.state) == (1, 0, Run.State.FINISHED)
        assert (buffer(ada), ahead(ada)) == (eur(60), eur(40))
        assert (buffer(bo), ahead(bo)) == (eur(60), eur(0))
        gone = Returned.objects.get()
        assert (gone.held, gone.deposit, gone.cap, gone.amount) == (10_000, 2_000, 6_000, 4_000)
        again = returns.run(fund_id=saving.sick.pk, on=APRIL, by=None)
        assert (again.done, again.known) == (1, 1)
        assert buffer(ada) == eur(60)
        assert not list(audit.findings())

    def test_measures_on_the_day_and_not_on_the_day_it_returns(self, saving):
        ada = on_plan(make_member("Ada Byron"), saving)
        set_rule(saving)
        save(saving, ada, [9, 10, 11])
        for label in ("2027-01", "2027-02"):
            charge(parse(label), on=APRIL)
        pay(saving, ada, 90, key="later", on=dt.date(2027, 2, 3))
        assert buffer(ada) == eur(100)
        assert returns.run(fund_id=saving.sick.pk, on=APRIL, by=None).done == 0
        assert buffer(ada) == eur(100)

    def test_pays_open_dues_with_what_went_back(self, saving):
        ada = on_plan(make_member("Ada Byron"), saving)
        set_rule(saving)
        save(saving, ada, [7, 8, 9, 10, 11])
        charge(parse("2027-03"), on=APRIL)
        returns.run(fund_id=saving.sick.pk, on=APRIL, by=None)
        assert (ahead(ada), owes(ada)) == (eur(0), eur(5))
        assert not list(audit.findings())

    def test_counts_a_deposit_of_a_whole_period_where_some_days_were_charged(self, saving):
        """The newest charge is for 16 of 31 days: three deposits are still three whole ones."""
        dues.change_plan(
            plan_id=saving.plan.pk, amount=eur(45), valid_from=dt.date(2026, 1, 3), days_to_pay=14, by=saving.by,
            shares=[(saving.sick.pk, 15), dues.ShareOf(saving.sick.pk, 20, buffer=True), (None, 10)],
            more=dues.More(by_day=True),
        )  # fmt: skip
        ada = on_plan(make_member("Ada Byron", joined_on=dt.date(2026, 12, 16)), saving)
        set_rule(saving)
        charge(parse("2026-12"), on=NEW_YEAR)
        last = Charge.objects.get(member=ada)
        assert (last.amount, last.whole) == (2323, 4500)
        pay(saving, ada, "23.23", on=NEW_YEAR)
        (measured,) = returns.measure(Rule.objects.get(), NEW_YEAR)
        assert (measured.deposit, measured.cap) == (2_000, 6_000)

    def test_returns_no_more_than_the_buffer_still_holds(self, saving):
        ada = on_plan(make_member("Ada Byron"), saving)
        set_rule(saving)
        save(saving, ada, [7, 8, 9, 10, 11])
        own = chart.find(book=chart.coop_book(), code=f"liabilities:buffer:sickness:{ada.number}", currency="EUR")
        journal.post(
            kind=journal.Kind.OPENING_BALANCE, key="given/away", date=dt.date(2027, 2, 1), recorded_by=None,
            transfers=[journal.move(eur(75), debit=own, credit=saving.sick.account)],
        )  # fmt: skip
        returns.run(fund_id=saving.sick.pk, on=APRIL, by=None)
        assert (buffer(ada), ahead(ada)) == (eur(0), eur(25))
        assert not list(audit.findings())

    def test_goes_on_where_a_crash_left_it(self, saving):
        people = [on_plan(make_member(f"Member{n} X"), saving) for n in range(3)]
        rule = set_rule(saving)
        for number in (8, 9, 10, 11):
            charge(parse(f"2026-{number:02}"), on=NEW_YEAR)
        for n, member in enumerate(people):
            pay(saving, member, 180, key=f"p{n}", on=NEW_YEAR)
        returns._return(rule=rule, measured_on=NEW_YEAR, after=0, upto=people[0].pk, by=None, on=APRIL)
        run = returns.run(fund_id=saving.sick.pk, on=APRIL, by=None, chunk=1)
        assert (run.done, run.known) == (3, 1)
        assert [ahead(member) for member in people] == [eur(20)] * 3
        assert not list(audit.findings())

    @pytest.mark.parametrize(("on", "refusal"), [(dt.date(2027, 3, 30), returns.TooEarly), (NEW_YEAR, returns.NoRule)])
    def test_refuses_before_its_day(self, saving, on, refusal):
        ada = on_plan(make_member("Ada Byron"), saving)
        set_rule(saving)
        save(saving, ada, [7, 8, 9, 10, 11])
        with pytest.raises(refusal):
            returns.run(fund_id=saving.sick.pk, on=on, by=None)
        assert buffer(ada) == eur(100)
        assert not list(audit.findings())

    def test_comes_by_the_clock_once_a_year(self, saving, time_machine):
        ada = on_plan(make_member("Ada Byron"), saving)
        set_rule(saving)
        save(saving, ada, [7, 8, 9, 10, 11])
        time_machine.move_to(dt.datetime(2027, 3, 30, 9, tzinfo=dt.UTC))
        assert tasks.return_what_is_due() == 0
        time_machine.move_to(dt.datetime(2027, 3, 31, 9, tzinfo=dt.UTC))
        assert tasks.return_what_is_due() == 1
        assert tasks.return_what_is_due() == 0
        assert balances.of(accounts.of_member("prepayments", ada.number, "EUR")) == eur(40)


class TestPages:
    def test_show_the_office_what_is_too_much_and_take_a_rule_by_two(self, saving, client, time_machine):
        time_machine.move_to(dt.datetime(2027, 1, 5, 9, tzinfo=dt.UTC))
        ada = on_plan(make_member("Ada Byron"), saving)
        set_rule(saving)
        save(saving, ada, [8, 9, 10, 11])
        client.force_login(person("treasurer"))
        page = client.get(reverse("buffers:buffers")).content.decode()
        assert "1 member, €20.00" in page
        said = {
            "deposits": 36, "month": 12, "day": 31, "return_after": 90, "valid_from": "2027-01-01", "text": "Voted",
        }  # fmt: skip
        answer = client.post(reverse("buffers:rule", args=["sickness"]), said, follow=True)
        assert "36 deposits" in answer.content.decode()
        wrong = client.post(reverse("buffers:rule", args=["sickness"]), said | {"month": 2})
        assert wrong.status_code == 422

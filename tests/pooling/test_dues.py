"""Dues are charged once, paid oldest first, divided to the cent, and taken back whole."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from members.models import Member
from mutual.jobs.models import Run
from mutual.ledger import audit, balances, chart, journal
from mutual.money import Money
from mutual.periods import parse
from pooling import accounts, dues, funds, payments, placing, reports
from pooling.models import Charge, DuesAccounts, Payment
from pooling.treasury import banks
from tests.conftest import make_member, tessa
from tests.trust.test_routes import person

pytestmark = pytest.mark.django_db
ON = dt.date(2026, 11, 10)
NOVEMBER, DECEMBER, OCTOBER = parse("2026-11"), parse("2026-12"), parse("2026-10")


@pytest.fixture
def coop():
    """Two funds, a bank, a plan of 45.00 shared 3 : 2 : 1 with running costs."""
    by = tessa().pk
    first = dt.date(2026, 1, 1)
    open_fund = lambda name: funds.open_fund(  # noqa: E731
        name=name, description="", promise="VARYING", currency="EUR", target=None, by=by, on=first
    )
    sick, birth = open_fund("Sickness"), open_fund("Parents")
    bank = banks.open_account(name="Main", iban="", bic="", currency="EUR", by=by, on=first)
    plan = dues.open_plan(
        name="Standard", every="MONTH", amount=Money(45, "EUR"), valid_from=first, days_to_pay=14, by=by,
        shares=[(sick.pk, 3), (birth.pk, 2), (None, 1)],
    )  # fmt: skip
    return type("Coop", (), {"by": by, "sick": sick, "birth": birth, "bank": bank, "plan": plan})


@pytest.fixture
def ada(coop):
    return on_plan(make_member("Ada Byron"), coop)


def on_plan(member, coop):
    dues.put_on_plan(member_id=member.pk, plan_id=coop.plan.pk, since=dt.date(2026, 1, 1), by=coop.by)
    return member


def charge(period=NOVEMBER, on=ON, **more):
    return dues.charge_period(period=period, on=on, by=None, **more)


def pay(coop, member, amount, *, key="k1", on=ON):
    return payments.record(
        member_id=member.pk if member else None, bank_id=coop.bank.pk, amount=Money(amount, "EUR"), received_on=on,
        reference="", form_key=key, by=coop.by,
    )  # fmt: skip


def eur(amount):
    return Money(amount, "EUR")


def held(account):
    return balances.of(account)


def owes(member):
    return held(accounts.of_member("receivable", member.number, "EUR"))


def ahead(member):
    return held(accounts.of_member("prepayments", member.number, "EUR"))


class TestChargePeriod:
    def test_charges_every_active_member_once(self, coop, ada):
        bo = on_plan(make_member("Bo Ek"), coop)
        assert (charge().done, charge().known) == (2, 2)
        assert [owes(member) for member in (ada, bo)] == [Money(45, "EUR")] * 2
        assert held(coop.sick.account) == Money(0, "EUR")
        assert not list(audit.findings())

    def test_leaves_out_who_joined_later_or_left_before(self, coop, ada):
        late = on_plan(make_member("Late Comer", joined_on=dt.date(2026, 11, 2)), coop)
        gone = on_plan(make_member("Gone Girl"), coop)
        Member.objects.filter(pk=gone.pk).update(status="LEFT", left_on=dt.date(2026, 10, 31))
        assert charge().done == 1
        assert owes(late) == owes(gone) == Money(0, "EUR")

    def test_goes_on_where_a_crash_left_it(self, coop, ada):
        bo = on_plan(make_member("Bo Ek"), coop)
        dues._charge_chunk(period=NOVEMBER, after=0, upto=ada.pk, by=None)
        run = charge(chunk=1)
        assert (run.done, run.known, run.refused) == (2, 1, 0)
        assert owes(bo) == Money(45, "EUR")
        assert not list(audit.findings())

    def test_finds_the_one_member_it_cannot_charge_and_charges_the_others(self, coop, ada):
        others = [on_plan(make_member(f"Member{n} X"), coop) for n in range(5)]
        full = accounts.of_member("receivable", others[2].number, "EUR")
        chart.set_limits(full, amount_min=0, amount_max=1000)
        run = charge()
        assert (run.done, run.refused, run.state) == (5, 1, Run.State.PARTIAL)
        assert run.reasons[0][0] == others[2].number
        assert owes(others[2]) == Money(0, "EUR")
        assert not list(audit.findings())

    def test_says_whose_accounts_are_missing(self, coop, ada):
        DuesAccounts.objects.filter(pk=ada.pk).delete()
        assert charge().reasons[0][0] == ada.number

    @pytest.mark.parametrize(
        ("period", "refusal"), [("2026-12", dues.TooEarly), ("2026-W46", dues.NoPlan), ("2026-Q4", dues.NoPlan)]
    )
    def test_refuses(self, coop, ada, period, refusal):
        with pytest.raises(refusal):
            charge(parse(period))
        assert not Charge.objects.exists()

    def test_refuses_a_closed_month(self, coop, ada):
        journal.close_book(book=chart.coop_book(), until=dt.date(2026, 12, 1), recorded_by=None)
        with pytest.raises(dues.MonthClosed):
            charge()
        assert not Charge.objects.exists()

    def test_takes_each_version_from_its_day(self, coop, ada):
        dues.change_plan(
            plan_id=coop.plan.pk, amount=Money(50, "EUR"), shares=[(coop.sick.pk, 1)], days_to_pay=14, by=coop.by,
            valid_from=dt.date(2026, 11, 1),
        )  # fmt: skip
        charge(OCTOBER)
        charge(NOVEMBER)
        assert owes(ada) == Money(95, "EUR")
        charge(OCTOBER)
        assert owes(ada) == Money(95, "EUR")
        assert not list(audit.findings())

    def test_uses_what_was_paid_ahead(self, coop, ada):
        charge()
        pay(coop, ada, 100)
        assert ahead(ada) == Money(55, "EUR")
        charge(DECEMBER, on=dt.date(2026, 12, 1))
        assert (owes(ada), ahead(ada)) == (Money(0, "EUR"), Money(10, "EUR"))
        assert held(coop.sick.account) == Money(45, "EUR")
        assert not list(audit.findings())


class TestCommand:
    def test_reports_and_ends_with_what_happened(self, coop, ada, capsys):
        call_command("charge_dues", "--period", "2026-10")
        assert "1 charged, 0 had been, 0 refused." in capsys.readouterr().out
        for wrong, code in (("nonsense", 2), ("2099-01", 1)):
            with pytest.raises(SystemExit) as ended:
                call_command("charge_dues", "--period", wrong)
            assert ended.value.code == code


class TestRecord:
    def test_pays_the_oldest_charge_first_and_divides_by_shares(self, coop, ada):
        charge(OCTOBER)
        charge(NOVEMBER)
        pay(coop, ada, 60)
        first, second = Charge.objects.order_by("charged_on")
        assert (first.paid, second.paid) == (4500, 1500)
        assert held(coop.sick.account) == Money(30, "EUR")
        assert held(coop.birth.account) == Money(20, "EUR")
        assert owes(ada) == Money(30, "EUR")
        assert not list(audit.findings())

    def test_is_one_payment_however_often_the_form_is_sent(self, coop, ada):
        charge()
        assert pay(coop, ada, 45) == pay(coop, ada, 45)
        assert held(coop.bank.account) == Money(45, "EUR")

    def test_reaches_the_shares_of_the_whole_through_parts(self, coop, ada):
        charge()
        for n, part in enumerate(("0.01", "14.99", "10.33", "0.02", "19.65")):
            pay(coop, ada, part, key=f"k{n}")
        assert held(coop.sick.account) == Money("22.50", "EUR")
        assert held(coop.birth.account) == Money(15, "EUR")
        assert not list(audit.findings())

    def test_waits_in_suspense_until_it_is_placed(self, coop, ada):
        charge()
        unknown = pay(coop, None, 45)
        assert held(accounts.suspense("EUR")) == Money(45, "EUR")
        for _ in range(2):
            payments.place(payment_id=unknown.pk, member_id=ada.pk, by=coop.by, on=ON)
        assert (owes(ada), held(accounts.suspense("EUR"))) == (Money(0, "EUR"), Money(0, "EUR"))
        assert not list(audit.findings())
        payments.withdraw(payment_id=unknown.pk, by=coop.by, on=ON)
        assert owes(ada) == Money(45, "EUR")
        assert held(coop.bank.account) == Money(0, "EUR")
        assert not list(audit.findings())

    def test_refuses_a_closed_day(self, coop, ada):
        charge()
        journal.close_book(book=chart.coop_book(), until=dt.date(2026, 12, 1), recorded_by=None)
        with pytest.raises(payments.NotPossibleNow):
            pay(coop, ada, 45)
        assert not Payment.objects.exists()


class TestWithdraw:
    def test_opens_the_charges_again_and_empties_the_funds(self, coop, ada):
        charge()
        payment = pay(coop, ada, 30)
        for _ in range(2):
            payments.withdraw(payment_id=payment.pk, by=coop.by, on=ON)
        assert owes(ada) == Money(45, "EUR")
        assert held(coop.sick.account) == Money(0, "EUR")
        pay(coop, ada, 45, key="again")
        assert held(coop.sick.account) == Money("22.50", "EUR")
        assert not list(audit.findings())

    def test_refuses_when_what_was_paid_ahead_is_used(self, coop, ada):
        payment = pay(coop, ada, 45)
        charge()
        with pytest.raises(payments.NotPossibleNow):
            payments.withdraw(payment_id=payment.pk, by=coop.by, on=ON)
        assert Payment.objects.get().status == Payment.Status.RECORDED
        assert not list(audit.findings())


class TestCorrect:
    def test_records_it_anew_in_one_step(self, coop, ada):
        bo = on_plan(make_member("Bo Ek"), coop)
        charge()
        wrong = pay(coop, ada, 45)
        right = payments.correct(
            payment_id=wrong.pk, member_id=bo.pk, bank_id=coop.bank.pk, amount=Money(40, "EUR"), received_on=ON,
            reference="", form_key="k2", by=coop.by, on=ON,
        )  # fmt: skip
        assert right.replaces == wrong
        assert (owes(ada), owes(bo)) == (Money(45, "EUR"), Money(5, "EUR"))
        assert not list(audit.findings())


class TestDivide:
    @given(
        weights=st.lists(st.integers(1, 50), min_size=1, max_size=6),
        total=st.integers(1, 100_000),
        cuts=st.lists(st.integers(1, 100_000), max_size=6),
    )
    def test_sums_to_the_shares_of_the_whole_however_it_is_paid(self, weights, total, cuts):
        already = [0] * len(weights)
        for cut in [*cuts, total]:
            now = min(cut, total - sum(already))
            if now:
                parts = placing.divide(weights, total, already, now)
                assert min(parts) >= 0
                assert sum(parts) == now
                already = [had + part for had, part in zip(already, parts, strict=True)]
        assert already == placing.allocate_minor(total, weights)


class TestChargeOnce:
    """An entry fee: due once, whatever happens to the plan she is on."""

    @pytest.fixture
    def entry(self, coop):
        return dues.open_plan(
            name="Entry", every="ONCE", amount=Money("225.00", "EUR"), shares=[(None, 1)],
            valid_from=dt.date(2026, 1, 1), days_to_pay=30, by=coop.by,
        )  # fmt: skip

    def test_is_charged_once_and_paid_from_what_was_paid_ahead(self, coop, ada, entry):
        pay(coop, ada, "100.00")
        for _again in range(2):
            made = dues.charge_once(member_id=ada.pk, plan_id=entry.pk, by=coop.by, on=ON)
        assert Charge.objects.filter(member=ada).get() == made
        assert str(owes(ada).amount) == "125.00"
        assert reports.explain(made)[0] == "€225.00, once"
        assert made.due_on == ON + dt.timedelta(30)
        assert not list(audit.findings())

    def test_stays_where_she_moves_to_another_plan(self, coop, ada, entry):
        charge()
        dues.charge_once(member_id=ada.pk, plan_id=entry.pk, by=coop.by, on=ON)
        other = dues.open_plan(
            name="Other", every="MONTH", amount=Money("60.00", "EUR"), shares=[(None, 1)],
            valid_from=dt.date(2026, 1, 1), days_to_pay=14, by=coop.by, more=dues.More(by_day=True),
        )  # fmt: skip
        dues.put_on_plan(member_id=ada.pk, plan_id=other.pk, since=ON, by=coop.by, on=ON)
        assert sum(one.open_minor for one in Charge.objects.filter(member=ada, version__plan=entry)) == 22_500
        assert not list(audit.findings())

    def test_is_no_plan_anybody_is_on_and_no_period_is_charged_by_it(self, coop, ada, entry):
        with pytest.raises(dues.ChargedOnce):
            dues.put_on_plan(member_id=ada.pk, plan_id=entry.pk, since=ON, by=coop.by)
        with pytest.raises(dues.ChargedOnce):
            dues.charge_once(member_id=ada.pk, plan_id=coop.plan.pk, by=coop.by, on=ON)
        with pytest.raises(dues.NoPlan):
            dues.charge_once(member_id=ada.pk, plan_id=entry.pk, by=coop.by, on=dt.date(2025, 12, 31))
        assert dues.waiting(ON) == [NOVEMBER]
        with pytest.raises(dues.NoPlan):
            dues.scope_of(entry.period_of(ON))
        assert not Charge.objects.exists()
        assert not list(audit.findings())

    def test_is_asked_for_by_an_officer_on_the_plans_page(self, coop, ada, entry, client):
        client.force_login(person("administrator"))
        assert "/dues/plans/entry/once/" in client.get("/dues/").content.decode()
        answer = client.post("/dues/plans/entry/once/", {"number": ada.number})
        assert answer["Location"] == f"/dues/members/{ada.number}/"
        assert "225.00" in client.get(answer["Location"]).content.decode()
        assert client.get("/dues/plans/standard/once/").status_code == 404


class TestArrears:
    def test_are_told_by_how_long_they_are_due(self, coop, ada):
        """July is due on the fifteenth of July, and so on: each class holds the charges of its days and no other."""
        bea = on_plan(make_member("Bea Potter"), coop)
        for label in ("2026-07", "2026-08", "2026-09", "2026-10", "2026-11"):
            charge(parse(label))
        due = {one.period: one.due_on for one in Charge.objects.filter(member=ada)}
        assert str(due["2026-11"]) == "2026-11-15"
        pay(coop, bea, 200)
        found = {one.number: one for one in reports.arrears(dt.date(2026, 11, 14))}
        whole, part = found[ada.number], found[bea.number]
        assert (whole.not_yet, whole.month, whole.two, whole.three, whole.older, whole.total) == (
            eur(45), eur(45), eur(45), eur(0), eur(90), eur(225),
        )  # fmt: skip
        assert (part.not_yet, part.month, part.total) == (eur(25), eur(0), eur(25))
        later = reports.arrears(dt.date(2026, 12, 15))
        assert [(one.month, one.two, one.three, one.older) for one in later if one.number == ada.number] == [
            (eur(45), eur(0), eur(45), eur(135))
        ]
        (total,) = reports.arrears_totals(later)
        assert total.total == eur(250)


class TestHowToPay:
    @pytest.fixture
    def told(self, coop):
        """The bank account's IBAN, told by the treasurer."""
        coop.bank.iban, coop.bank.bic = "DE89370400440532013000", "COBADEFFXXX"
        coop.bank.save()

    def page(self, client, member):
        client.force_login(member.user)
        return client.get("/me/dues/").content.decode()

    def test_names_the_account_the_number_and_what_is_open(self, client, ada, told):
        charge()
        shown = self.page(client, ada)
        assert "DE89\N{NO-BREAK SPACE}3704\N{NO-BREAK SPACE}0044" in shown
        assert "COBADEFFXXX" in shown
        assert "<svg" in shown.partition('class="pay-code"')[2]

    def test_draws_no_code_where_nothing_is_open(self, client, coop, ada, told):
        assert reports.how_to_pay(ada, Money(0, "EUR")).code is None
        assert 'class="pay-code"' not in self.page(client, ada)

    def test_is_left_out_where_no_iban_was_told_or_its_account_is_closed(self, client, coop, ada, told):
        coop.bank.closed_on = ON
        coop.bank.save()
        assert reports.how_to_pay(ada, Money(45, "EUR")) is None
        assert f"write {ada.number} into it" in self.page(client, ada)

    def test_says_what_was_paid_ahead(self, client, coop, ada, told):
        pay(coop, ada, 60)
        assert "€60.00 paid ahead" in self.page(client, ada)

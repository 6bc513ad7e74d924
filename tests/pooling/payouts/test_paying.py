"""Pay runs: one index for all (F11), paid once, to the cent, and never below the floor."""

from __future__ import annotations

import pytest
from django.db import connection
from django.urls import reverse

from mutual.access import Role
from mutual.jobs import queue
from mutual.ledger import audit, balances
from mutual.mail.models import Letter
from mutual.money import Money, minor
from pooling import setting_aside
from pooling.claims import claims
from pooling.claims.models import Claim, Instalment
from pooling.payouts import index, paying, proposals, reports
from pooling.payouts.cover import shares
from pooling.payouts.models import Payout, PayRun
from tests.conftest import make_member
from tests.pooling.claims.test_claims import approved, filled, officers
from tests.pooling.test_dues import ON, coop, held
from tests.trust.test_routes import person

__all__ = ["coop", "filled"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def short(filled):
    """A fund with 500 above its floor of 100, and 301.01 + 250.00 + 148.99 approved: 700."""
    filled.sick.refresh_from_db()
    by = officers()
    filled.claims = [
        approved(filled, make_member(f"{name} X"), amount, by=by, key=name)
        for name, amount in (("Ada", "301.01"), ("Bea", "250.00"), ("Cleo", "148.99"))
    ]
    return filled


def start(coop, key="a" * 32, seen=None):
    return paying.start(fund_id=coop.sick.pk, bank_id=coop.bank.pk, seen=seen, form_key=key, by=coop.by, on=ON)


def pay(run, **more):
    return paying.pay(number=run.number, by=None, **more)


def paid():
    return list(Instalment.objects.order_by("id").values_list("amount_paid", flat=True))


class TestPreview:
    def test_says_the_index_and_what_each_would_get(self, short):
        view = paying.preview(short.sick)
        assert (str(view.index), view.count, view.members) == ("0.7142", 3, 3)
        assert (view.payable, view.short) == (Money("499.94", "EUR"), Money("200.06", "EUR"))
        assert [minor(line.share) for line in view.lines] == shares([30101, 25000, 14899], 7142)
        assert index.current_index(short.sick) == view.index

    def test_is_one_where_there_is_enough(self, filled):
        assert index.current_index(filled.sick) == 1


class TestStart:
    def test_publishes_the_index_and_moves_exactly_what_will_be_paid(self, short):
        run = start(short)
        assert (run.parts, run.payable, run.approved, run.cash, run.floor) == (7142, 49994, 70000, 60000, 10000)
        assert (run.count, run.people) == (3, 3)
        assert setting_aside.held(short.sick) == Money("499.94", "EUR")
        assert held(short.sick.account) == Money("100.06", "EUR")
        assert index.last_published(short.sick) == run
        assert not list(audit.findings())

    def test_publishes_its_sums_from_five_people_on(self, filled):
        by = officers()
        for n in range(4):
            approved(filled, make_member(f"M{n} X"), 10, by=by, key=f"k{n}")
        pay(start(filled))
        (small,) = reports.published(reports.newest_first())
        assert (small.index, small.approved, small.payable) == (1, None, None)
        for n in range(5):
            approved(filled, make_member(f"N{n} X"), 10, by=by, key=f"n{n}")
        start(filled, key="b" * 32)
        large, small = reports.published(reports.newest_first())
        assert (large.approved, large.payable) == (Money(50, "EUR"), Money(50, "EUR"))
        assert small.approved is None

    def test_is_one_run_however_often_the_form_is_sent(self, short):
        assert start(short) == start(short)
        assert PayRun.objects.count() == 1

    def test_shares_as_the_arithmetic_does_for_any_amounts(self, filled):
        by = officers()
        amounts = [1, 2, 3, 33, 99, 10001, 20002, 30003, 77, 12345]
        for n, amount in enumerate(amounts):
            approved(filled, make_member(f"M{n} X"), f"{amount // 100}.{amount % 100:02}", by=by, key=f"k{n}")
        run = start(filled)
        assert list(Payout.objects.order_by("id").values_list("share", flat=True)) == shares(amounts, run.parts)

    def test_refuses_a_second_run_while_one_is_under_way(self, short):
        start(short)
        with pytest.raises(paying.StillRunning):
            start(short, key="b" * 32)

    def test_refuses_what_was_not_shown(self, short):
        with pytest.raises(paying.FiguresChanged):
            start(short, seen=(7142, 49993))
        assert not PayRun.objects.exists()
        assert not Payout.objects.exists()
        start(short, seen=(7142, 49994))

    def test_refuses_when_nothing_is_approved_or_the_fund_is_at_its_floor(self, filled):
        with pytest.raises(paying.NothingToPay):
            start(filled)
        by = officers()
        approved(filled, make_member("Ada X"), 500, by=by, key="k")
        pay(start(filled))
        approved(filled, make_member("Bea X"), 500, by=by, key="l")
        with pytest.raises(paying.NothingToPay):
            start(filled, key="b" * 32)
        assert not list(audit.findings())

    def test_refuses_more_than_the_bank_holds(self, short):
        from pooling.treasury import items

        category = items.open_category(kind="COST", name="Rent", by=short.by)
        items.record(
            category_id=category.pk, bank_id=short.bank.pk, amount=Money(600, "EUR"), booked_on=ON, text="Rent",
            voucher="", form_key="r", by=short.by,
        )  # fmt: skip
        with pytest.raises(paying.BankExhausted):
            start(short)
        assert setting_aside.held(short.sick) == Money(500, "EUR")
        assert not list(audit.findings())


class TestPay:
    def test_pays_the_same_part_of_each_to_the_cent_and_once(self, short):
        run = start(short)
        for _ in range(2):
            pay(run, chunk=2)
        assert paid() == shares([30101, 25000, 14899], 7142)
        assert sum(paid()) == 49994
        assert held(short.bank.account) == Money("500.06", "EUR")
        assert held(short.sick.account) == Money("100.06", "EUR")
        assert setting_aside.held(short.sick) == Money(0, "EUR")
        assert set(Claim.objects.values_list("status", flat=True)) == {"PAID"}
        run.refresh_from_db()
        assert (run.state, run.paid) == ("PAID", 49994)
        assert not list(audit.findings())

    def test_pays_in_full_where_there_is_enough(self, filled):
        approved(filled, make_member("Ada X"), 400)
        pay(start(filled))
        assert paid() == [40000]
        assert not list(audit.findings())

    def test_pays_what_waited_when_the_job_comes(self, short):
        run = start(short)
        queue.work_all()
        run.refresh_from_db()
        assert run.state == "PAID"
        assert Letter.objects.filter(key__startswith=f"payrun/{run.number}/").count() == 3
        letter = Letter.objects.get(key__startswith=f"payrun/{run.number}/{short.claims[0].number}")
        assert "€214.98" in letter.text
        assert "71.42%" in letter.text
        queue.work_all()
        assert Letter.objects.filter(key__startswith="payrun/").count() == 3

    def test_leaves_out_who_withdrew_meanwhile_and_gives_the_share_back(self, short):
        run = start(short)
        claims.withdraw(claim_id=short.claims[1].pk, by=short.claims[1].member.user_id, on=ON)
        pay(run)
        run.refresh_from_db()
        assert paid() == [shares([30101, 25000, 14899], 7142)[0], 0, shares([30101, 25000, 14899], 7142)[2]]
        assert run.paid == sum(paid())
        assert setting_aside.held(short.sick) == Money(0, "EUR")
        assert minor(held(short.sick.account)) == 60000 - run.paid
        assert not list(audit.findings())

    def test_stops_where_the_bank_is_emptied_and_goes_on_later(self, short):
        run = start(short)
        from pooling.treasury import banks, items

        category = items.open_category(kind="COST", name="Rent", by=short.by)
        items.record(
            category_id=category.pk, bank_id=short.bank.pk, amount=Money(700, "EUR"), booked_on=ON, text="Rent",
            voucher="", form_key="r", by=short.by,
        )  # fmt: skip
        assert pay(run, chunk=1).state == "STOPPED"
        assert not list(audit.findings())
        second = banks.open_account(name="Second", iban="", bic="", currency="EUR", by=short.by, on=ON)
        from pooling.treasury import corrections
        from tests.pooling.test_treasury import theo_again

        more = corrections.propose_opening(
            bank_id=second.pk, fund_id=None, amount=Money(700, "EUR"), day=ON, text="x", by=short.by, on=ON
        )
        corrections.confirm(decision_id=more.pk, kind=corrections.OPENING, by=theo_again(), on=ON)
        banks.move(
            source_id=second.pk, target_id=short.bank.pk, amount=Money(700, "EUR"), on=ON, form_key="m", by=short.by
        )
        assert pay(run, chunk=1).state == "FINISHED"
        assert sum(paid()) == 49994
        assert not list(audit.findings())

    def test_takes_the_same_few_statements_for_any_number(self, filled, django_assert_max_num_queries):
        by = officers()
        for n in range(12):
            approved(filled, make_member(f"M{n} X"), 10, by=by, key=f"k{n}")
        run = start(filled)
        with django_assert_max_num_queries(45):
            pay(run)


class TestMemorandum:
    def test_of_what_is_unpaid_stands_in_no_book(self, short, django_assert_num_queries):
        pay(start(short))
        run = PayRun.objects.get()
        assert proposals.shortfall(run) == Money("200.06", "EUR")
        assert [view.short for view in reports.short_runs()] == [Money("200.06", "EUR")]
        PayRun.objects.bulk_create(
            PayRun(**{
                field.attname: getattr(run, field.attname)
                for field in PayRun._meta.concrete_fields if field.name not in ("id", "number", "form_key")
            } | {"number": f"PR-9{n:05}", "form_key": f"copy-{n}"})
            for n in range(9)
        )  # fmt: skip
        with django_assert_num_queries(2):  # however many ran short
            assert len(reports.short_runs()) == 1
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM ledger_account WHERE code LIKE '%short%'")
            assert cursor.fetchone() == (0,)
        assert balances.of(setting_aside.accounts.benefits("sickness", "EUR")) == Money(0, "EUR")


class TestPages:
    def test_show_members_the_index_and_no_sum_of_few(self, short, client):
        pay(start(short))
        client.force_login(make_member("Dora X").user)
        page = client.get(reverse("payouts:overview")).content.decode()
        assert "71.42%" in page
        assert "fewer than five people" in page
        assert "499.94" not in page
        assert "200.06" not in page
        for name, args in (("preview", ["sickness"]), ("run", ["PR-0001"]), ("decisions", []), ("propose", ["loan"])):
            assert client.get(reverse(f"payouts:{name}", args=args)).status_code == 404

    def test_list_every_run_a_page_at_a_time(self, filled, client, monkeypatch):
        by = officers()
        for key in "ab":
            approved(filled, make_member(f"{key.upper()} X"), 10, by=by, key=key)
            pay(start(filled, key=key * 32))
        monkeypatch.setattr("pooling.payouts.views.RUNS_A_PAGE", 1)
        client.force_login(person(Role.TREASURER))
        first, second = (client.get(reverse("payouts:overview"), {"page": n}).content.decode() for n in (1, 2))
        assert ("PR-0002" in first, "PR-0001" in first) == (True, False)
        assert ("PR-0002" in second, "PR-0001" in second) == (False, True)

    def test_pay_what_was_shown(self, short, client):
        client.force_login(person(Role.TREASURER))
        page = client.get(reverse("payouts:preview", args=["sickness"])).content.decode()
        assert "71.42%" in page
        said = {"bank": short.bank.pk, "parts": 7142, "payable": 49994, "form_key": "c" * 32}
        wrong = client.post(reverse("payouts:preview", args=["sickness"]), said | {"payable": 5})
        assert wrong.status_code == 422
        for _ in range(2):
            answer = client.post(reverse("payouts:preview", args=["sickness"]), said)
            assert answer.status_code == 302
        assert PayRun.objects.count() == 1
        queue.work_all()
        run = client.get(reverse("payouts:run", args=["PR-0001"])).content.decode()
        assert "€499.94" in run
        assert "€200.06" in run

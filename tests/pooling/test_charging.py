"""Dues by the day, by level, band and percentage; corrected by a charge or a credit, never by changing one (B1–B4)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invoicing.models import Issuer
from members.models import Member
from mutual import periods
from mutual.ledger import audit
from mutual.money import Money
from mutual.periods import Period, parse
from pooling import dues, funds, payments, reports
from pooling.dues import More, RateOf
from pooling.models import Charge, Credit, PlanMember
from tests.conftest import make_member
from tests.invoicing.test_invoices import client_of, draft, issue
from tests.pooling.test_dues import ON, ahead, charge, coop, held, on_plan, owes, pay
from tests.trust.test_routes import person

__all__ = ["coop"]
pytestmark = pytest.mark.django_db
AUGUST = parse("2026-08")
FIRST = dt.date(2026, 1, 1)


def eur(amount):
    return Money(amount, "EUR")


def open_plan(coop, name="Levels", *, every="MONTH", amount=45, basis="FLAT", **more):
    anchored_on = more.pop("anchored_on", None)
    return dues.open_plan(
        name=name, every=every, amount=eur(amount), shares=[(coop.sick.pk, 3), (None, 1)], valid_from=FIRST,
        days_to_pay=14, by=coop.by, basis=basis, anchored_on=anchored_on, more=More(**({"by_day": True} | more)),
    )  # fmt: skip


LEVELS = (RateOf("750 a month", eur("33.75")), RateOf("2,500 a month", eur("112.50")))


@pytest.fixture
def levels(coop):
    return open_plan(coop, basis="LEVEL", amount="112.50", rates=LEVELS, decided="Assembly of 1 January 2026")


def put(coop, member, plan, since=FIRST, place=None, on=None):
    return dues.put_on_plan(member_id=member.pk, plan_id=plan.pk, since=since, place=place, by=coop.by, on=on)


def amounts(member):
    return list(Charge.objects.filter(member=member).order_by("period", "part").values_list("amount", flat=True))


def left(member, day):
    Member.objects.filter(pk=member.pk).update(status="LEFT", left_on=day)


class TestByTheDay:
    def test_charges_a_joiner_by_the_day_and_says_why(self, coop):
        ada = make_member("Ada Byron", joined_on=dt.date(2026, 8, 4))
        put(coop, ada, open_plan(coop, decided="Assembly of 1 May 2026"), since=dt.date(2026, 8, 4))
        assert charge(AUGUST).done == 1
        one = Charge.objects.get()
        assert (one.amount, one.charged_on, one.due_on) == (4065, dt.date(2026, 8, 4), dt.date(2026, 8, 18))
        with translation.override("en"):
            first, rule = reports.explain(one)
        assert first == "28 of 31 days at €45.00 = €40.65"
        assert rule == "By rule “Levels”, in force since 1 January 2026, decided: Assembly of 1 May 2026."
        with translation.override("de"):
            assert "40,65" in reports.explain(one)[0]
        assert not list(audit.findings())

    def test_charges_who_joined_after_the_run_when_it_is_run_again(self, coop):
        plan = open_plan(coop)
        put(coop, make_member("Ada Byron"), plan)
        assert charge(AUGUST).done == 1
        bo = make_member("Bo Ek", joined_on=dt.date(2026, 8, 31))
        put(coop, bo, plan, since=dt.date(2026, 8, 31))
        assert (charge(AUGUST).done, amounts(bo)) == (2, [145])
        assert (charge(AUGUST).known, Charge.objects.count()) == (2, 2)
        assert not list(audit.findings())

    def test_credits_who_left_and_gives_back_what_was_paid(self, coop):
        ada = make_member("Ada Byron")
        put(coop, ada, open_plan(coop))
        charge(AUGUST)
        pay(coop, ada, 45)
        assert held(coop.sick.account) == eur("33.75")
        left(ada, dt.date(2026, 8, 10))
        assert charge(AUGUST).done == 1
        assert (owes(ada), ahead(ada)) == (eur(0), eur("30.48"))
        assert held(coop.sick.account) == eur("33.75") - eur("22.86")
        assert charge(AUGUST).known == 1
        assert Credit.objects.count() == 1
        assert not list(audit.findings())

    def test_credits_what_is_still_open_without_money(self, coop):
        ada = make_member("Ada Byron")
        put(coop, ada, open_plan(coop))
        charge(AUGUST)
        pay(coop, ada, 20)
        left(ada, dt.date(2026, 7, 31))
        charge(AUGUST)
        one = Credit.objects.get()
        assert (one.amount, one.open_part, one.paid_part) == (4500, 2500, 2000)
        assert (owes(ada), ahead(ada), held(coop.sick.account)) == (eur(0), eur(20), eur(0))
        assert not list(audit.findings())

    def test_gives_back_a_withdrawn_payment_whole_and_the_credit_again(self, coop):
        ada = make_member("Ada Byron")
        put(coop, ada, open_plan(coop))
        charge(AUGUST)
        payment = pay(coop, ada, 45)
        left(ada, dt.date(2026, 8, 10))
        charge(AUGUST)
        payments.withdraw(payment_id=payment.pk, by=coop.by, on=ON)
        assert (owes(ada), ahead(ada), held(coop.sick.account)) == (eur(45), eur(0), eur(0))
        assert not list(audit.findings())
        charge(AUGUST)
        assert (owes(ada), ahead(ada)) == (eur("14.52"), eur(0))
        assert not list(audit.findings())

    def test_charges_anew_who_is_on_another_plan_from_the_first_day_of_a_charged_period(self, coop):
        """Nothing of it is by the day: both plans are simply whole."""
        ada, more = make_member("Ada Byron"), open_plan(coop, "More", amount=60)
        put(coop, ada, coop.plan)
        charge(AUGUST)
        put(coop, ada, more, since=AUGUST.start, on=ON)
        for _again in range(2):
            assert owes(ada) == eur(60)
            charge(AUGUST)
        put(coop, ada, coop.plan, since=AUGUST.start, on=ON)
        assert owes(ada) == eur(45)
        assert not list(audit.findings())

    def test_leaves_out_parts_where_the_plan_says_so(self, coop):
        late = on_plan(make_member("Late Comer", joined_on=dt.date(2026, 8, 4)), coop)
        gone = on_plan(make_member("Gone Girl"), coop)
        left(gone, dt.date(2026, 8, 4))
        assert charge(AUGUST).done == 1
        assert (amounts(late), amounts(gone)) == ([], [4500])

    def test_names_whom_a_fund_cannot_give_back_to_and_goes_on(self, coop):
        plan = open_plan(coop)
        ada, bo = make_member("Ada Byron"), make_member("Bo Ek")
        put(coop, ada, plan)
        charge(AUGUST)
        pay(coop, ada, 45)
        funds.change(
            fund_id=coop.sick.pk, name="Sickness", description="", promise="VARYING", target=None, floor=eur(30),
            by=coop.by,
        )  # fmt: skip
        left(ada, dt.date(2026, 8, 10))
        put(coop, bo, plan)
        run = charge(AUGUST)
        assert [number for number, _reason in run.reasons] == [ada.number]
        assert (amounts(bo), ahead(ada)) == ([4500], eur(0))
        assert not list(audit.findings())

    def test_settles_by_the_clock_what_changed(self, coop):
        ada = make_member("Ada Byron")
        put(coop, ada, open_plan(coop))
        charge(AUGUST)
        assert dues.settle_changes(on=dt.date(2026, 9, 5)) == 0
        left(ada, dt.date(2026, 8, 10))
        assert dues.settle_changes(on=dt.date(2026, 12, 5)) == 0
        assert dues.settle_changes(on=dt.date(2026, 9, 5)) == 1
        assert dues.settle_changes(on=dt.date(2026, 9, 6)) == 0
        assert owes(ada) == eur("14.52")


class TestLevels:
    def test_charges_each_level_its_amount(self, coop, levels):
        ada, bo = make_member("Ada Byron"), make_member("Bo Ek")
        put(coop, ada, levels, place=1)
        put(coop, bo, levels, place=2)
        charge(AUGUST)
        assert (amounts(ada), amounts(bo)) == ([3375], [11250])
        with translation.override("en"):
            assert reports.explain(Charge.objects.get(member=ada))[0] == (
                "31 of 31 days at €33.75 (750 a month) = €33.75"
            )

    def test_charges_a_higher_level_in_mid_period_at_once_and_credits_a_lower(self, coop, levels):
        ada = make_member("Ada Byron")
        put(coop, ada, levels, place=1)
        charge(AUGUST)
        day = dt.date(2026, 8, 11)
        put(coop, ada, levels, since=day, place=2, on=day)
        assert amounts(ada) == [3375, 8710 - 3375]
        assert (owes(ada), Charge.objects.get(part=1).charged_on) == (eur("87.10"), day)
        put(coop, ada, levels, since=dt.date(2026, 8, 21), place=1, on=dt.date(2026, 8, 21))
        assert owes(ada) == eur("59.15")  # (21 × 33.75 + 10 × 112.50) ÷ 31 = 59.153
        assert charge(AUGUST).known == 1
        assert not list(audit.findings())

    def test_refuses_a_level_that_is_not_there(self, coop, levels):
        with pytest.raises(dues.DuesRefused):
            put(coop, make_member("Ada Byron"), levels, place=9)
        with pytest.raises(dues.DuesRefused):
            open_plan(coop, name="Empty", basis="LEVEL")
        assert not PlanMember.objects.exists()

    def test_charges_a_new_version_from_its_day_with_its_own_shares(self, coop):
        plan = open_plan(coop)
        ada = make_member("Ada Byron")
        put(coop, ada, plan)
        dues.change_plan(
            plan_id=plan.pk, amount=eur(50), shares=[(coop.birth.pk, 1)], valid_from=dt.date(2026, 8, 16),
            days_to_pay=14, by=coop.by, more=More(by_day=True),
        )  # fmt: skip
        charge(AUGUST)
        assert amounts(ada) == [2177, 2581]
        pay(coop, ada, "47.58")
        assert held(coop.birth.account) == eur("25.81")
        assert not list(audit.findings())


class TestPercent:
    def test_takes_a_part_of_what_was_invoiced_the_period_before_and_keeps_the_figure(self, coop):
        plan = open_plan(coop, basis="PERCENT", amount=500, permyriad=650, least=eur(5))
        ada, bo = make_member("Ada Byron"), make_member("Bo Ek")
        put(coop, ada, plan)
        put(coop, bo, plan)
        invoice = draft(ada, client=client_of(ada))
        Issuer.objects.filter(member=ada).update(tax_number="1")
        issue(invoice)
        invoice.refresh_from_db()
        following = periods.month(invoice.issued_on).next()
        charge(following, on=following.start)
        assert amounts(ada) == [(invoice.net * 650 + 5000) // 10_000]
        assert amounts(bo) == [500]
        assert Charge.objects.get(member=ada).explanation["lines"][0]["figure"] == invoice.net
        issue(draft(ada, key="later", client=invoice.client))
        charge(following, on=following.start)
        assert len(amounts(ada)) == 1
        with translation.override("en"):
            assert "that you invoiced the period before" in reports.explain(Charge.objects.get(member=ada))[0]
        assert not list(audit.findings())


class TestPeriods:
    @pytest.mark.parametrize(
        ("every", "anchor", "day", "period"),
        [
            ("MONTH", "2026-01-31", "2026-04-05", "2026-03-31/2026-04-30"),
            ("MONTH", "2026-01-31", "2026-04-30", "2026-04-30/2026-05-31"),
            ("MONTH", "2026-01-31", "2026-02-27", "2026-01-31/2026-02-28"),
            ("QUARTER", "2026-02-15", "2026-09-01", "2026-08-15/2026-11-15"),
            ("YEAR", "2024-02-29", "2026-03-01", "2026-02-28/2027-02-28"),
            ("WEEK", "2026-01-01", "2026-01-14", "2026-01-08/2026-01-15"),
            ("MONTH", "2026-03-15", "2026-02-20", "2026-02-15/2026-03-15"),
        ],
    )
    def test_are_counted_from_the_original_day(self, every, anchor, day, period):
        start, end = period.split("/")
        found = periods.anchored(dt.date.fromisoformat(anchor), every, dt.date.fromisoformat(day))
        assert found == Period(dt.date.fromisoformat(start), dt.date.fromisoformat(end))
        assert parse(found.key) == found

    def test_charge_weeks_and_anchored_months(self, coop):
        weekly = open_plan(coop, "Weekly", every="WEEK", amount=10)
        anchored = open_plan(coop, "Anchored", anchored_on=dt.date(2026, 1, 31))
        ada, bo = make_member("Ada Byron"), make_member("Bo Ek")
        put(coop, ada, weekly)
        put(coop, bo, anchored)
        charge(parse("2026-W33"))
        march = parse("2026-03-31.30")
        charge(march)
        assert [(one.period, one.amount) for one in Charge.objects.order_by("id")] == [
            ("2026-W33", 1000), ("2026-03-31.30", 4500),
        ]  # fmt: skip
        with pytest.raises(dues.NoPlan):
            charge(parse("2026-03-31.31"))
        assert {period.key for period in dues.waiting(dt.date(2026, 8, 12))} == {"2026-07-31.31", "2026-08"}
        assert not list(audit.findings())


class TestHistory:
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps=st.lists(st.tuples(st.sampled_from(["level", "leave", "pay"]), st.integers(1, 30)), max_size=6))
    def test_whatever_happened_charges_less_credits_are_what_is_owed_by_the_day(self, coop, levels, steps):
        story = transaction.atomic()
        story._from_testcase = True
        with story:
            ada = make_member("Ada Byron")
            put(coop, ada, levels, place=1)
            charge(AUGUST)
            since, place = FIRST, 1
            for n, (what, day) in enumerate(steps):
                on = dt.date(2026, 8, day)
                if what == "level" and on > since:
                    since, place = on, 3 - place
                    put(coop, ada, levels, since=since, place=place, on=on)
                elif what == "leave":
                    left(ada, on)
                elif what == "pay":
                    pay(coop, ada, day, key=f"s{n}", on=ON)
            charge(AUGUST)
            charged = sum(one.amount for one in Charge.objects.all())
            credited = sum(one.amount for one in Credit.objects.filter(undone_on=None))
            ada.refresh_from_db()
            exact = sum(
                (11250 if stay.place == 2 else 3375)
                for stay in PlanMember.objects.all()
                for n in range(31)
                if stay.since <= (now := dt.date(2026, 8, 1 + n)) and (stay.until is None or now < stay.until)
                and (ada.left_on is None or now <= ada.left_on)
            )  # fmt: skip
            assert charged - credited == (2 * exact + 31) // 62
            assert not list(audit.findings(with_seals=False))
            transaction.set_rollback(True)


class TestPages:
    def test_put_a_member_on_a_level_by_its_name(self, coop, levels, client):
        ada = make_member("Ada Byron")
        client.force_login(person("treasurer"))
        page = client.get(reverse("pooling:put_on_plan")).content.decode()
        assert f'<option value="{levels.pk}-2">2,500 a month: €112.50</option>' in page
        assert f'<option value="{coop.plan.pk}">' in page
        said = {"number": ada.number, "plan": f"{levels.pk}-2", "since": "2026-08-01"}
        assert client.post(reverse("pooling:put_on_plan"), said).status_code == 302
        assert PlanMember.objects.filter(member=ada).values_list("plan", "place").get() == (levels.pk, 2)
        assert client.post(reverse("pooling:put_on_plan"), said | {"plan": f"{levels.pk}-9"}).status_code == 422

    def test_explain_each_charge_to_the_member_and_take_a_plan_with_levels(self, coop, client):
        ada = make_member("Ada Byron", joined_on=dt.date(2026, 8, 4))
        put(coop, ada, open_plan(coop), since=dt.date(2026, 8, 4))
        charge(AUGUST)
        client.force_login(ada.user)
        page = client.get(reverse("pooling:my_dues")).content.decode()
        assert "28 of 31 days at €45.00 = €40.65" in page
        assert "August 2026" in page
        client.force_login(person("treasurer"))
        said = {
            "name": "Circle", "every": "MONTH", "basis": "LEVEL", "amount": "112.50", "valid_from": "2026-01-01",
            "days_to_pay": 14, "rates": "750 a month: 33.75\n2,500 a month: 112.50", "by_day": "on",
            f"share_{coop.sick.pk}": 1, "decided": "Assembly",
        }  # fmt: skip
        answer = client.post(reverse("pooling:plan_new"), said, follow=True)
        assert "1. 750 a month" in answer.content.decode()
        wrong = client.post(reverse("pooling:plan_new"), said | {"name": "X", "rates": "no amount"})
        assert wrong.status_code == 422

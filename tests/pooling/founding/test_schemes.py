"""Every scheme of section 8 of the rules is set up by the page or the command, and pays and charges as its source says.

Figures are those of the sources, worked out by hand here.
"""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.core.management import call_command

from members.governance.models import Decision
from members.models import User
from mutual.ledger import audit, balances
from mutual.money import Money
from mutual.periods import month
from pooling import accounts, dues, payments, reports
from pooling.benefits import covers, facts, rules, schemes
from pooling.benefits.engine import assess
from pooling.circles.gifts import Donor, spread
from pooling.circles.models import Circle, Terms
from pooling.easing import work
from pooling.founding import opening, questions, ready
from pooling.founding.offers import FoundingRefused
from pooling.models import Charge, DuesPlan, Fund
from pooling.surplus import rules as surplus_rules
from pooling.surplus import sharing
from pooling.treasury import banks, corrections
from tests.conftest import aisha as new_aisha
from tests.conftest import make_member
from tests.conftest import tessa as new_tessa
from tests.trust.test_routes import person

ON = dt.date(2026, 3, 1)
SECTION_8 = ("broodfonds", "colab", "consulting", "fic", "smart")


def tessa():
    """The treasurer, who is one person however often she is asked for."""
    return User.objects.filter(email="tessa@example.org").first() or new_tessa()


def aisha():
    """The administrator, likewise."""
    return User.objects.filter(email="aisha@example.org").first() or new_aisha()


@pytest.fixture
def coop():
    """A bank account, and the treasurer."""
    by = tessa().pk
    bank = banks.open_account(name="Main", iban="", bic="", currency="EUR", by=by, on=dt.date(2026, 1, 1))
    return type("Coop", (), {"by": by, "bank": bank})


def founded(name, *, on=ON):
    """The scheme, founded by two officers at one table."""
    plan = ready.plan(schemes.scheme(name), "EUR")
    return opening.found(plan, by=tessa().pk, second=aisha().pk, on=on)


def absence(member, cause, first, last, **more):
    end = last + dt.timedelta(1)
    return facts.Absence(member.pk, cause, first, first, end, reported_on=first, **more)


def decided(fund, one):
    versions = rules.versions(fund.pk)
    return assess(facts.load(one, fund_id=fund.pk, versions=versions), versions)


def charged(member, period):
    return [str(one.total.amount) for one in Charge.objects.filter(member=member, period=period).order_by("part")]


class TestReady:
    @pytest.mark.parametrize("name", SECTION_8)
    def test_names_its_source_and_what_it_leaves_open(self, name):
        found = schemes.scheme(name)
        assert len(found.source) > 20
        assert found.ours
        plan = ready.plan(found, "EUR", name="Ours", members=7)
        assert (plan.name, plan.members, plan.funds[0].name) == ("Ours", 7, "Ours")
        assert all(one.name.startswith("Ours") for one in plan.plans)

    def test_is_refused_in_a_currency_with_other_decimals(self):
        with pytest.raises(FoundingRefused, match="written in EUR"):
            ready.plan(schemes.scheme("broodfonds"), "JPY")


@pytest.mark.django_db
class TestBroodfonds:
    def test_opens_the_circle_with_its_levels_and_dues(self, coop):
        """4.5 % of eight levels from 750 to 2,500; 12.50 a month on top; 225 once; circles of 20 to 50."""
        made = founded("broodfonds")
        terms = Terms.objects.get(fund=made.fund)
        assert (terms.smallest, terms.largest) == (20, 50)
        levels = [(level.deposit, level.benefit) for level in terms.levels.all()]
        assert (len(levels), levels[0], levels[-1]) == (8, (3_375, 75_000), (11_250, 250_000))
        assert made.circle == Circle.objects.get()
        assert made.circle.state == "FORMING"
        assert len(made.plans) == 9
        assert made.adopted

    def test_charges_deposit_membership_and_entry_to_the_cent(self, coop):
        made = founded("broodfonds")
        ada = make_member("Ada Broodfonds", joined_on=ON)
        plan = DuesPlan.objects.get(name="Broodfonds, 2500")
        dues.put_on_plan(member_id=ada.pk, plan_id=plan.pk, since=ON, by=coop.by)
        entry = DuesPlan.objects.get(every="ONCE")
        dues.charge_once(member_id=ada.pk, plan_id=entry.pk, by=coop.by, on=ON)
        dues.charge_period(period=month(ON), on=ON, by=coop.by)
        assert charged(ada, "2026-03") == ["125.00"]
        payments.record(
            member_id=ada.pk, bank_id=coop.bank.pk, amount=Money("350.00", "EUR"), received_on=ON, reference="",
            form_key="p-1", by=coop.by,
        )  # fmt: skip
        held = balances.of(accounts.buffer(made.fund.slug, ada.number, "EUR", ada.pk))
        assert (str(held.amount), str(balances.of(accounts.running_costs("EUR")).amount)) == ("112.50", "237.50")
        assert not list(audit.findings())

    def test_pays_from_a_month_on_at_most_24_months_as_gifts_that_sum_to_the_cent(self, coop):
        made = founded("broodfonds")
        ada = make_member("Ada Broodfonds", joined_on=ON)
        covers.choose(fund_id=made.fund.pk, member_id=ada.pk, since=ON, by=coop.by, level="1000")
        found = decided(made.fund, absence(ada, "ILLNESS", dt.date(2026, 4, 10), dt.date(2026, 6, 30)))
        # From 10 May: 22 of 31 days, then June whole.
        assert (found.first_day, found.months()) == (
            dt.date(2026, 5, 10), {dt.date(2026, 5, 1): 70_968, dt.date(2026, 6, 1): 100_000},
        )  # fmt: skip
        long = decided(made.fund, absence(ada, "ILLNESS", dt.date(2026, 4, 10), dt.date(2029, 1, 1)))
        assert long.last_day == dt.date(2028, 4, 9)
        donors = [Donor(n, level, 100_000) for n, level in enumerate([3_375] * 10 + [11_250] * 9)]
        gifts = spread(found.months()[dt.date(2026, 5, 1)], donors, limit=217_300)
        assert (gifts.carried, gifts.rest) == (70_968, 0)
        # 70,968 × 33.75 / 1,350.00 is 1,774.2, and 112.50 of it is 5,914.0 exactly.
        assert sorted({gift.amount for gift in gifts.gifts}) == [1_774, 1_775, 5_914]


@pytest.mark.django_db
class TestSmart:
    def test_charges_a_percentage_of_what_was_invoiced(self, coop, monkeypatch):
        founded("smart")
        ada = make_member("Ada Smart", joined_on=ON)
        plan = DuesPlan.objects.get(basis="PERCENT")
        dues.put_on_plan(member_id=ada.pk, plan_id=plan.pk, since=ON, by=coop.by)
        monkeypatch.setattr("pooling.charging.rooms.invoiced", lambda **_about: {ada.pk: 123_457})
        dues.charge_period(period=month(ON), on=ON, by=coop.by)
        assert charged(ada, "2026-03") == ["80.25"]  # 6.5 % of 1,234.57 is 80.247
        payments.record(
            member_id=ada.pk, bank_id=coop.bank.pk, amount=Money("80.25", "EUR"), received_on=ON, reference="",
            form_key="p-1", by=coop.by,
        )  # fmt: skip
        assert str(balances.of(Fund.objects.get(slug="guarantee").account).amount) == "6.17"  # a thirteenth

    def test_pays_an_unpaid_invoice_by_the_seventh_working_day(self, coop):
        made = founded("smart")
        ada = make_member("Ada Smart", joined_on=ON)
        friday = dt.date(2026, 3, 6)
        found = decided(made.fund, absence(ada, "UNPAID", friday, friday, cost=123_457))
        assert found.amount == 123_457
        assert [step.figure for step in found.steps if step.code == "pay-within"] == [dt.date(2026, 3, 17)]

    def test_keeps_one_share_of_fifty_for_each_member(self, coop):
        founded("smart")
        ada = make_member("Ada Smart", joined_on=ON)
        plan = DuesPlan.objects.get(every="ONCE")
        for _again in range(2):
            charge = dues.charge_once(member_id=ada.pk, plan_id=plan.pk, by=coop.by, on=ON)
        assert (str(charge.total.amount), Charge.objects.filter(member=ada).count()) == ("50.00", 1)
        payments.record(
            member_id=ada.pk, bank_id=coop.bank.pk, amount=Money("50.00", "EUR"), received_on=ON, reference="",
            form_key="p-1", by=coop.by,
        )  # fmt: skip
        assert str(balances.of(accounts.buffer("members-shares", ada.number, "EUR", ada.pk)).amount) == "50.00"
        assert not list(audit.findings())


@pytest.mark.django_db
class TestConsulting:
    def test_charges_fifteen_then_thirty_seven_fifty_from_the_middle_of_the_year(self, coop):
        founded("consulting")
        ada = make_member("Ada Consults", joined_on=ON)
        plan = DuesPlan.objects.get()
        dues.put_on_plan(member_id=ada.pk, plan_id=plan.pk, since=ON, by=coop.by)
        for label in (dt.date(2026, 6, 1), dt.date(2026, 7, 1)):
            dues.charge_period(period=month(label), on=label, by=coop.by)
        assert (charged(ada, "2026-06"), charged(ada, "2026-07")) == (["15.00"], ["37.50"])

    def test_takes_a_task_in_place_of_a_months_dues(self, coop):
        founded("consulting")
        ada = make_member("Ada Consults", joined_on=ON)
        dues.put_on_plan(member_id=ada.pk, plan_id=DuesPlan.objects.get().pk, since=ON, by=coop.by)
        dues.charge_period(period=month(ON), on=ON, by=coop.by)
        proposal = work.propose(
            member_id=ada.pk, period=month(ON), task="Kept the minutes.", done_on=ON, by=tessa().pk, on=ON
        )
        corrections.confirm(decision_id=proposal.pk, kind=work.WORK, by=aisha().pk, on=ON)
        assert Charge.objects.get(member=ada).open_minor == 0
        assert not list(audit.findings())

    def test_keeps_what_members_agree_on(self, coop):
        founded("consulting")
        charter = Decision.objects.get(kind="CHARTER")
        assert charter.state == "CONFIRMED"
        assert "three quarters" in charter.text


@pytest.mark.django_db
class TestFreelancersInsuranceCompany:
    def test_gives_the_surplus_to_lower_dues_reserve_and_services(self, coop):
        made = founded("fic")
        found, decision = surplus_rules.in_force(ON)
        assert decision.state == "CONFIRMED"
        # 10,000.01: half, three tenths, a fifth; the odd cent to the largest remainder.
        assert sharing.divide(found, own_work=0, other=1_000_001) == {
            ("RELIEF", None): 500_001, ("RESERVE", None): 300_000, ("FUND", made.fund.pk): 200_000,
        }  # fmt: skip
        assert not found.to_members

    def test_says_for_how_many_years_dues_have_not_risen(self, coop):
        founded("fic")
        plan = DuesPlan.objects.get()

        def years(on):
            (view,) = reports.plans(on)
            return view.years, [note for note in view.notes if "Not raised" in note]

        def change(amount, since):
            dues.change_plan(plan_id=plan.pk, amount=Money(amount, "EUR"), shares=[(None, 1)], valid_from=since,
                             days_to_pay=14, by=coop.by)  # fmt: skip

        assert years(dt.date(2027, 2, 28)) == (0, [])
        assert years(dt.date(2027, 3, 1)) == (1, ["Not raised for 1 year."])
        change("45.00", dt.date(2028, 1, 1))
        assert years(dt.date(2029, 3, 1)) == (3, ["Not raised for 3 years."])
        change("45.01", dt.date(2029, 6, 1))
        assert years(dt.date(2030, 5, 31)) == (0, [])

    def test_charges_its_dues(self, coop):
        founded("fic")
        ada = make_member("Ada Insured", joined_on=ON)
        dues.put_on_plan(member_id=ada.pk, plan_id=DuesPlan.objects.get().pk, since=ON, by=coop.by)
        dues.charge_period(period=month(ON), on=ON, by=coop.by)
        assert charged(ada, "2026-03") == ["50.00"]


@pytest.mark.django_db
class TestCoLab:
    def test_divides_the_surplus_as_its_bylaws_say(self, coop):
        founded("colab")
        found, _decision = surplus_rules.in_force(ON)
        # 30,000.01 of members' own work and 5,000.00 of others'; half of the first to members.
        parts = sharing.divide(found, own_work=3_000_001, other=500_000)
        assert parts == {("MEMBERS", None): 1_500_001, ("RESERVE", None): 2_000_000}
        shares = sharing.by_hours(1_500_001, {1: 60 * 1_000, 2: 60 * 500, 3: 0})
        assert shares == {1: 1_000_001, 2: 500_000}
        assert sharing.first_payment(found, 1_000_001) == 200_001  # at least 20 %
        # Eight and a half months, and three years, after the last day of the year.
        assert sharing.payment_days(found, dt.date(2026, 12, 31)) == (dt.date(2027, 9, 15), dt.date(2029, 12, 31))

    def test_lets_the_collective_account_bear_a_loss(self, coop):
        founded("colab")
        found, _decision = surplus_rules.in_force(ON)
        assert sharing.divide(found, own_work=100_000, other=-30_000) == {
            ("MEMBERS", None): 50_000, ("RESERVE", None): 20_000,
        }  # fmt: skip
        assert sharing.divide(found, own_work=100_000, other=-80_000) == {("MEMBERS", None): 20_000}
        with pytest.raises(sharing.RulesRefused, match="A loss is not divided"):
            sharing.divide(found, own_work=-1, other=0)

    def test_sets_off_debts_of_whoever_leaves_and_pays_interest(self, coop):
        founded("colab")
        found, _decision = surplus_rules.in_force(ON)
        # 1,000.00 less 200.00, with 1 % for 730 days.
        assert sharing.on_leaving(found, held=100_000, owed=20_000, days=730) == 81_600
        assert sharing.on_leaving(found, held=100, owed=200, days=730) == 0


@pytest.mark.django_db
class TestCommand:
    @pytest.mark.parametrize("name", SECTION_8)
    def test_founds_every_scheme(self, coop, capsys, name):
        call_command("found", "--scheme", name, "--by", tessa().email, "--second", aisha().email, "--json")
        said = json.loads(capsys.readouterr().out)
        assert said["in_force"]
        assert Fund.objects.get(slug=said["fund"])
        assert said["plans"] == list(
            DuesPlan.objects.filter(slug__in=said["plans"]).order_by("id").values_list("slug", flat=True)
        )
        assert (said["circle"] is not None) == (name == "broodfonds")
        with pytest.raises(SystemExit):
            call_command("found", "--scheme", name, "--by", tessa().email, "--second", aisha().email)
        assert "already" in capsys.readouterr().err

    def test_refuses_what_is_no_scheme(self, capsys):
        for wrong in (["--scheme", "nowhere"], ["--scheme", "smart", "--members", "0"]):
            with pytest.raises(SystemExit) as left:
                call_command("found", *wrong)
            assert left.value.code == 2


@pytest.mark.django_db
class TestPage:
    @pytest.mark.parametrize("name", schemes.names())
    def test_shows_a_scheme_and_founds_it(self, coop, client, name):
        client.force_login(person("treasurer"))
        path = f"/funds/found/{name}/"
        said = client.get(path).content.decode()
        assert schemes.scheme(name).source.split(",")[0] in said
        assert "Before it begins" in said
        answer = client.post(path, {"name": "Ours", "members": 30, "answer": "found"})
        assert answer.status_code == 302
        assert client.get(answer["Location"]).status_code == 200
        assert Fund.objects.filter(slug="ours").exists()
        assert client.post(path, {"name": "", "members": 0, "answer": "found"}).status_code == 422
        assert client.get("/funds/found/nowhere/").status_code == 404

    def test_says_once_with_how_many_members_a_circle_opens(self, coop, client):
        """F4: 20 may be a circle, but at these deposits it takes 23 to carry one full benefit."""
        client.force_login(person("treasurer"))
        said = client.get("/funds/found/broodfonds/").content.decode()
        assert "It has 20 to 50 members. At these dues it opens with 23" in said
        assert "Open the circle once 23 people have joined" in said

    def test_lets_a_second_officer_adopt_charter_and_surplus_rules(self, coop, client):
        client.force_login(person("treasurer"))
        client.post("/funds/found/colab/", {"name": "Ours", "members": 30, "answer": "found"})
        waiting = Decision.objects.filter(state="PROPOSED").order_by("id")
        assert [one.kind for one in waiting] == ["CHARTER", "SURPLUS_RULES"]
        for one in waiting:
            own = client.post(f"/founding/{one.number}/", {"answer": "confirm"}, follow=True).content.decode()
            assert "Another officer must decide" in own
        client.force_login(person("administrator"))
        numbers = [one.number for one in waiting]
        assert "50 % for the members" in client.get(f"/founding/{numbers[1]}/").content.decode()
        client.post(f"/founding/{numbers[0]}/", {"answer": "decline"})
        client.post(f"/founding/{numbers[1]}/", {"answer": "confirm"})
        assert [Decision.objects.get(number=one).state for one in numbers] == ["DECLINED", "CONFIRMED"]


@pytest.mark.django_db
class TestQuestions:
    """The twenty questions open plans by level, by band and by percentage, and the circle."""

    def opened(self, **answers):
        plan = questions.plan(answers, "EUR")
        return opening.found(plan, by=tessa().pk, second=aisha().pk, on=ON)

    def test_open_the_circle_and_a_plan_by_level(self, coop):
        made = self.opened(kind="circle", promise="gift", name="Kring", rate="750, 2500", members="25")
        plan = DuesPlan.objects.get(name="Kring")
        version = plan.versions.get()
        assert (plan.basis, [rate.amount for rate in version.rates.all()]) == ("LEVEL", [3_375, 11_250])
        assert version.shares.get().buffer
        assert [(one.deposit, one.benefit) for one in Terms.objects.get(fund=made.fund).levels.all()] == [
            (3_375, 75_000), (11_250, 250_000),
        ]  # fmt: skip
        assert made.circle.state == "FORMING"
        ada = make_member("Ada Kring", joined_on=ON)
        dues.put_on_plan(member_id=ada.pk, plan_id=plan.pk, since=ON, by=coop.by, place=2)
        dues.charge_period(period=month(ON), on=ON, by=coop.by)
        assert charged(ada, "2026-03") == ["112.50"]

    def test_open_a_plan_by_income_band_where_the_rate_comes_from_earnings(self, coop):
        self.opened(by="earnings", rate="65", dues="2.5", name="Loss of earnings")
        plan = DuesPlan.objects.get(name="Loss of earnings")
        assert (plan.basis, [rate.amount for rate in plan.versions.get().rates.all()]) == (
            "BAND",
            [3_750, 6_250, 8_750],
        )

    def test_open_a_plan_by_percentage_of_what_is_invoiced(self, coop):
        self.opened(by="flat", rate="1000", dues="1.25 invoiced", name="A share of work")
        plan = DuesPlan.objects.get(name="A share of work")
        assert (plan.basis, plan.versions.get().permyriad) == ("PERCENT", 125)

    @pytest.mark.parametrize("answers", [
        {"kind": "circle", "by": "earnings", "rate": "65"}, {"kind": "circle", "dues": "2 invoiced"},
        {"dues": "0 invoiced"}, {"dues": "1.255 invoiced"}, {"dues": "101 invoiced"},
    ])  # fmt: skip
    def test_refuse_what_does_not_go_together(self, answers):
        with pytest.raises(FoundingRefused):
            questions.plan(answers, "EUR")

    def test_go_on_where_they_were_cut_short(self, coop, monkeypatch):
        plan = questions.plan({"kind": "circle", "promise": "gift", "name": "Kring"}, "EUR")
        arguments = {"by": tessa().pk, "second": aisha().pk, "on": ON}
        with monkeypatch.context() as cut:
            cut.setattr(opening._Opening, "decide", lambda _self: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                opening.found(plan, **arguments)
        made = opening.found(plan, **arguments)
        assert made.adopted
        assert made.circle is not None
        assert Fund.objects.filter(name="Kring").count() == DuesPlan.objects.filter(name="Kring").count() == 1
        assert Decision.objects.filter(state="PROPOSED").count() == 0
        with pytest.raises(FoundingRefused, match="already"):
            opening.found(plan, **arguments)

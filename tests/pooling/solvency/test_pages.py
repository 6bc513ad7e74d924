"""The pages: a sentence for everybody, figures for officers, a slider that also works as a form."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.urls import reverse

from mutual import clock
from mutual.jobs.models import Run
from pooling.models import Fund
from pooling.solvency import facts, forecasts, reports
from tests.conftest import aisha, make_member, tessa
from tests.pooling.claims.test_claims import filled
from tests.pooling.test_dues import charge, coop, on_plan

__all__ = ["coop", "filled"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_the_day():
    with time_machine.travel(dt.datetime(2026, 11, 10, 12, tzinfo=dt.UTC), tick=False):
        yield


@pytest.fixture
def simulated(filled):
    on_plan(make_member("Ada Byron"), filled)
    charge()
    forecasts.simulate(fund_slug="", seed=1, on=clock.today(), number=300, kept=True)
    return filled


def sign_in(client, user):
    if not user.member_or_none:
        Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(user)
    return client


@pytest.fixture
def member(client, simulated):
    return sign_in(client, make_member("Bea Roth").user)


@pytest.fixture
def officer(client, simulated):
    return sign_in(client, aisha())


def page(client, name, *arguments, status=200, **asked):
    answer = client.get(reverse(f"solvency:{name}", args=arguments), asked)
    assert answer.status_code == status
    return answer.content.decode()


class TestEverybody:
    def test_shows_the_sentence_and_the_drawing_of_each_fund(self, member):
        shown = page(member, "everybody")
        for one in forecasts.newest().values():
            assert reports.fund(one).sentence.replace("'", "&#x27;") in shown
        assert shown.count('<figure class="chart-figure"') == 2

    def test_says_so_before_anything_was_simulated(self, client, filled):
        assert "Not simulated yet" in page(sign_in(client, make_member("Bea Roth").user), "everybody")
        assert "Not simulated yet" in page(client, "fund", "sickness")

    def test_leaves_closed_funds_out(self, member):
        Fund.objects.filter(slug="parents").update(closed_on=clock.today())
        assert "Parents" not in page(member, "everybody")
        page(member, "fund", "parents", status=404)


class TestFund:
    def test_shows_the_figures_with_the_table_of_the_drawing(self, member):
        shown = page(member, "fund", "sickness")
        for words in ("Months of cover", "Solvency", "Run-out date", "If things go worse", "The middle future"):
            assert words in shown

    def test_shows_how_many_futures_have_run_short_by_each_month(self, member, simulated):
        row = simulated.sick.forecasts.get()
        row.outlook["out"] = [3 * n for n in range(24)]
        row.save()
        assert row.runs == 300
        shown = page(member, "fund", "sickness")
        drawn = shown.partition("<figcaption>Sickness: futures of 100 in which it has run short</figcaption>")[2]
        cells = re.findall(
            r'<th scope="row">(\w+ \d+)</th><td class="num">([\d.]+)</td>', drawn.partition("</figure>")[0]
        )
        assert cells[:3] == [("Dec 2026", "0"), ("Jan 2027", "1"), ("Feb 2027", "2")]
        assert (len(cells), cells[-1]) == (24, ("Nov 2028", "23"))

    def test_tries_other_terms_without_a_script(self, member):
        shown = page(member, "fund", "sickness", dues="50", waiting="7", ceiling="1000")
        assert "simulated futures, to answer at once" in shown

    def test_answers_the_slider_with_the_part_alone(self, member):
        part = page(member, "answer", "sickness", dues="50", waiting="7", ceiling="")
        assert "<html" not in part
        assert "simulated futures, to answer at once" in part

    @pytest.mark.parametrize(
        "asked",
        [{"dues": "-1"}, {"dues": "NaN"}, {"dues": "5", "waiting": "91"}, {"dues": "9" * 30}, {"dues": ""}],
    )
    def test_refuses_what_cannot_be_tried(self, member, asked):
        page(member, "fund", "sickness", status=422, **{"waiting": "0", "ceiling": "", **asked})
        page(member, "answer", "sickness", status=422, **{"waiting": "0", "ceiling": "", **asked})

    def test_makes_no_new_runs_while_only_dues_move(self, member, monkeypatch):
        page(member, "answer", "sickness", dues="50", waiting="7", ceiling="")

        def never(*args, **more):
            raise AssertionError("Runs were made again.")

        monkeypatch.setattr("pooling.solvency.simulation.run", never)
        page(member, "answer", "sickness", dues="60", waiting="7", ceiling="")

    def test_asks_the_database_the_same_few_things_however_much_there_is(self, member, django_assert_max_num_queries):
        page(member, "fund", "sickness")
        with django_assert_max_num_queries(16):
            page(member, "fund", "sickness")


class TestCockpit:
    def test_shows_every_fund_the_law_and_the_core(self, officer):
        shown = page(officer, "cockpit")
        for words in ("Sickness", "Parents", "Where the law begins", "2021/C 423/12", "2025/2", "Own reserves"):
            assert words in shown

    def test_says_how_near_the_law_s_thresholds_are_and_warns(self, officer, simulated):
        """F15: 2.7 million of dues in both funds are half of what the Union allows, more than the Netherlands do."""
        for row in simulated.sick.forecasts.model.objects.all():
            row.outlook["premium"] = 135_000_000
            row.save()
        shown = " ".join(page(officer, "cockpit").split())
        assert "€2,700,000.00 of €5,400,000.00, 50 %" in shown
        assert "€2,700,000.00 of €2,200,000.00, 122 %" in shown
        assert "€2,700,000.00 of €15,000,000.00, 18 %" in shown
        assert re.search(r'bar-bad" max="100" value="100" aria-label="Netherlands: Dues', shown)
        assert not re.search(r'bar-(bad|warn)" max="100" value="\d+" aria-label="European Union: Dues', shown)

    def test_names_a_fund_that_is_not_simulated(self, officer, simulated):
        simulated.sick.forecasts.all().delete()
        assert "Sickness is not simulated yet" in page(officer, "cockpit")

    def test_is_not_there_for_members(self, member):
        page(member, "cockpit", status=404)

    def test_has_the_funds_simulated_when_asked(self, officer):
        answer = officer.post(reverse("solvency:simulate"))
        run = Run.objects.get(kind="solvency")
        assert answer["Location"] == reverse("run", args=[run.pk])

    def test_warns_the_office_of_a_fund_that_may_run_short(self, simulated, client):
        row = simulated.sick.forecasts.get()
        row.outlook["out"][-1] = row.runs // 2
        row.save()
        shown = sign_in(client, tessa_again()).get("/").content.decode()
        assert "Funds that may run short: Sickness" in shown


def tessa_again():
    from members.models import User

    return User.objects.filter(email=tessa.__name__ + "@example.org").first() or tessa()


class TestThresholds:
    def test_measure_dues_provisions_and_the_longest_illness(self, simulated):
        found = list(forecasts.newest().values())
        now, later = reports.thresholds(found, clock.today())
        by_code = {(one.place, one.name): one for one in now}
        assert len(by_code) == 5
        premium = by_code["European Union", "Dues for the funds in a year"]
        assert premium.reached.amount == sum(one.premium for one in found) / 100
        assert premium.limit.amount == 5_400_000
        assert [one.limit.amount for one in later] == [15_000_000, 50_000_000]

    def test_tell_the_core_s_months_of_running_costs(self, simulated):
        assert reports.core_tile(clock.today()).text == reports.NOT_SHOWN
        assert facts.core("EUR", clock.today()).costs == 0

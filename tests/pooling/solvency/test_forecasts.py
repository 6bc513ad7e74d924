"""Facts from real rows, forecasts kept once a day, and the command."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest
from django.core.management import call_command

from mutual.jobs.models import Run
from mutual.ledger import audit
from mutual.periods import parse
from pooling.benefits import covers, rules
from pooling.claims import claims
from pooling.solvency import facts, forecasts, outlooks, tasks
from pooling.solvency.costs import Covered
from pooling.solvency.models import Forecast
from tests.conftest import make_member
from tests.pooling.claims.test_claims import ada, approved, claim, filled, officers
from tests.pooling.claims.test_schedule import adopt
from tests.pooling.test_dues import ON, charge, coop, on_plan, pay
from tests.pooling.test_treasury import cost

__all__ = ["ada", "coop", "filled"]
pytestmark = pytest.mark.django_db


class TestFacts:
    def test_are_what_the_books_say(self, filled, ada):
        bea = make_member("Bea Roth", joined_on=dt.date(2026, 7, 1))
        for member in (ada, bea):
            on_plan(member, filled)
        for month in ("2026-08", "2026-09", "2026-10", "2026-11"):
            charge(parse(month))
        pay(filled, ada, 90)
        approved(filled, ada, 150)
        filled.sick.refresh_from_db()
        found = facts.of(filled.sick, ON)
        # Half of each 45.00 goes to the sickness fund; two charges of ada's, one of them for the fund, are paid.
        assert found.dues == 2250
        assert found.earned == 8 * 2250
        assert (found.held, found.set_aside, found.owed) == (60_000 + 4500 - 15_000, 15_000, 15_000)
        assert (found.members, found.joined, found.left) == (2, 2, 0)
        # Charges of August are due long ago: ada's is paid, bea's is not.
        assert (found.charges, found.settled, found.lost) == (2, 4500, 2250)
        assert found.exposure_days == (ON - dt.date(2026, 1, 1)).days + (ON - dt.date(2026, 7, 1)).days
        assert found.floor == 10_000
        assert [(one.amount, one.days, one.refused) for one in found.claims] == [(15_000, 9, False)]
        assert not list(audit.findings())

    def test_take_the_plan_where_nothing_was_charged(self, coop):
        on_plan(make_member("Ada Byron"), coop)
        assert facts.of(coop.birth, ON).dues == 1500

    def test_leave_withdrawn_claims_out_and_keep_refused_ones_apart(self, filled, ada):
        first, _second = officers()
        one, other = claim(filled, ada), claim(filled, ada, key="k2")
        claims.withdraw(claim_id=one.pk, by=ada.user_id, on=ON)
        claims.refuse(claim_id=other.pk, reason="NO_COVER", by=first, on=ON)
        assert [(one.refused, one.decided_on) for one in facts.of(filled.sick, ON).claims] == [(True, ON)]

    def test_ask_the_database_as_often_for_many_members_as_for_few(self, filled, ada, django_assert_max_num_queries):
        on_plan(ada, filled)
        charge()
        with django_assert_max_num_queries(16):
            facts.of(filled.sick, ON)
        for n in range(12):
            on_plan(make_member(f"Member{n} Test"), filled)
        charge(parse("2026-10"))
        with django_assert_max_num_queries(16):
            facts.of(filled.sick, ON)

    def test_are_reckoned_by_the_rules_and_the_covers_of_the_members(self, filled, ada):
        """Levels of 600.00 and 1,200.00 a month after a week: twice as many days waited cost less."""
        terms = {
            "currency": "EUR", "levels": [{"name": "1", "amount": 60_000}, {"name": "2", "amount": 120_000}],
            "benefits": [{"rule": "sick-pay", "title": "Sick pay", "causes": ["ILLNESS"], "own_risk": {"days": 7},
                          "pays": {"by": "LEVEL", "per": "MONTH"}, "duration": {"months": 12}}],
        }  # fmt: skip
        adopt(filled.sick, terms, filled.by)
        for member, level in ((ada, "1"), (make_member("Bea Roth"), "2"), (make_member("Cleo Lind"), "2")):
            covers.choose(fund_id=filled.sick.pk, member_id=member.pk, since=ON, by=filled.by, level=level)
        found = facts.of(filled.sick, ON)
        assert found.covers == ((Covered("1"), 1), (Covered("2"), 2))
        assert (found.terms.waiting_days, found.versions) == (7, rules.versions(filled.sick.pk))
        (made,) = forecasts.simulate(fund_slug="sickness", seed=1, on=ON, number=200, kept=True)
        kept = Forecast.objects.get()
        now = outlooks.present(made)
        tried = [
            forecasts.try_out(forecast_id=kept.pk, wish=replace(now, waiting_days=days)).dues_needed for days in (7, 30)
        ]
        assert tried[0] > tried[1] > 0

    def test_of_the_core_are_what_is_kept_beside_the_funds(self, filled):
        found = facts.core("EUR", ON)
        assert found.costs == 0
        assert found.reserves != 0

    def test_of_the_core_are_what_running_it_costs(self, filled):
        cost(filled, 80)
        assert facts.core("EUR", ON).costs == 8_000


class TestForecasts:
    def test_are_kept_once_a_day_whoever_asks_however_often(self, filled):
        run = forecasts.order(by=filled.by, on=ON)
        assert forecasts.order(by=filled.by, on=ON) == run
        forecasts.work(run=run, on=ON)
        forecasts.work(run=run, on=ON)
        assert Forecast.objects.count() == 2
        run.refresh_from_db()
        assert (run.state, run.done, run.total) == (Run.State.FINISHED, 20_000, 20_000)
        assert forecasts.order(by=None, on=ON).over

    def test_are_made_again_when_asked(self, filled):
        forecasts.work(run=forecasts.order(by=None, on=ON), on=ON)
        again = forecasts.order(by=filled.by, on=ON, again=True)
        assert not Run.objects.get(pk=again.pk).over

    def test_are_read_as_they_were_found(self, filled):
        forecasts.work(run=forecasts.order(by=None, on=ON), on=ON)
        filled.sick.refresh_from_db()
        read = forecasts.of_fund(filled.sick, ON)
        assert read == outlooks.make(facts.of(filled.sick, ON), seed=forecasts.seed_of(ON))
        assert forecasts.newest()[filled.sick.pk] == read
        assert forecasts.of_fund(filled.sick, ON - dt.timedelta(days=1)) is None

    def test_are_made_by_the_job_that_the_night_orders(self, filled):
        run = Run.objects.get(pk=tasks.simulate_at_night())
        tasks.simulate(str(run.pk))
        assert Forecast.objects.count() == 2
        made = Forecast.objects.values_list("pk", "outlook")
        tasks.simulate(str(run.pk))
        assert list(Forecast.objects.values_list("pk", "outlook")) == list(made)


class TestCommand:
    def said(self, capsys, *arguments):
        call_command("simulate_funds", *arguments)
        return capsys.readouterr().out

    def test_says_a_sentence_for_each_fund(self, filled, capsys):
        lines = self.said(capsys, "--runs", "200").splitlines()
        assert [line.partition(":")[0] for line in lines] == ["Parents", "Sickness"]

    def test_gives_the_same_bytes_for_the_same_seed(self, filled, capsys):
        arguments = ("--fund", "sickness", "--seed", "5", "--runs", "300", "--json")
        first, again = self.said(capsys, *arguments), self.said(capsys, *arguments)
        assert first == again
        assert json.loads(first)["seed"] == 5
        assert self.said(capsys, "--fund", "sickness", "--seed", "6", "--runs", "300", "--json") != first

    def test_keeps_nothing_unless_asked(self, filled, capsys):
        self.said(capsys, "--runs", "50")
        assert not Forecast.objects.exists()
        self.said(capsys, "--runs", "50", "--keep")
        assert Forecast.objects.count() == 2

    def test_refuses_a_fund_that_is_not_there(self, filled, capsys):
        with pytest.raises(SystemExit):
            call_command("simulate_funds", "--fund", "nowhere")
        assert "nowhere" in capsys.readouterr().err

    def test_holds_whole_cents_only(self, filled, capsys):
        found = json.loads(self.said(capsys, "--fund", "sickness", "--seed", "5", "--runs", "50", "--json"))
        assert all(isinstance(amount, int) for line in found["fan"] for amount in line)

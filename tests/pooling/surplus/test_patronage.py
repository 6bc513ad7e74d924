"""A year shared by hours worked, as CoLab's bylaws say: to the cent, told in writing, paid in time, set off."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members.governance import decisions
from members.models import Member
from mutual.jobs import queue
from mutual.jobs.models import Run
from mutual.ledger import audit, balances
from mutual.mail.models import Letter
from mutual.money import Money
from pooling import accounts
from pooling.benefits import schemes
from pooling.surplus import patronage, years
from pooling.surplus import rules as surplus_rules
from pooling.surplus.models import Allocation, Patronage
from tests.conftest import make_member, make_members
from tests.pooling.surplus.test_years import NEXT, close, earned
from tests.pooling.test_dues import coop, held, owes
from tests.pooling.test_treasury import theo_again
from tests.trust.test_routes import person

__all__ = ["coop", "earned"]
pytestmark = pytest.mark.django_db


def adopt(coop, said):
    decision = surplus_rules.propose(
        said=said, why="As voted", valid_from=dt.date(2026, 1, 1), by=coop.by, on=dt.date(2026, 11, 10)
    )
    return surplus_rules.adopt(decision_id=decision.pk, by=theo_again(), on=dt.date(2026, 11, 10))


@pytest.fixture
def colab(earned):
    """A closed year that left 200.00 or more, CoLab's rules, and three members."""
    adopt(earned, schemes.scheme("colab").surplus)
    earned.people = [make_member(f"{name} Worker") for name in ("Ada", "Bea", "Cleo")]
    earned.year = close(earned)
    return earned


def hours(coop, *minutes):
    return {one.pk: count for one, count in zip(coop.people, minutes, strict=True)}


def propose(coop, own_work="150.01", minutes=(6_000, 3_000, 0)):
    return patronage.propose(
        label="2026", own_work=Money(own_work, "EUR"), minutes=hours(coop, *minutes), ballot="Assembly",
        text="As voted", by=coop.by, on=NEXT,
    )  # fmt: skip


def decide(coop, **more):
    return patronage.confirm(decision_id=propose(coop, **more).pk, by=theo_again(), on=NEXT)


def share(coop, **more):
    decision = decide(coop, **more)
    share_out(decision)
    patronage.tell(label="2026", after=0, upto=10**9)
    return decision


def share_out(decision, **more):
    return patronage.share_out(decision_id=decision.pk, by=None, on=NEXT, **more)


def own(member):
    return held(accounts.patronage(member.number, "EUR", member.pk))


class TestShare:
    def test_gives_half_of_own_work_by_hours_and_the_rest_to_the_collective(self, colab):
        whole = years.unallocated("EUR")
        share(colab)
        # Half of 150.01 is 75.01 and 75.00; 100 to 50 hours of 75.01 are 50.01 and 25.00.
        assert [str(own(one).amount) for one in colab.people] == ["50.01", "25.00", "0.00"]
        assert held(accounts.reserve("EUR")) == whole - Money("75.01", "EUR")
        assert years.unallocated("EUR").amount == 0
        assert {one.purpose: str(one.amount.amount) for one in Allocation.objects.all()}["MEMBERS"] == "75.010"
        assert not list(audit.findings())

    def test_gives_written_notice_of_the_whole_and_until_when_it_is_paid(self, colab):
        share(colab)
        first = Patronage.objects.get(member=colab.people[0])
        assert (first.first, first.first_by, first.rest_by) == (1_001, dt.date(2027, 9, 15), dt.date(2029, 12, 31))
        letters = Letter.objects.filter(key__startswith="patronage/")
        assert letters.count() == 2
        assert "50.01" in letters.get(to=colab.people[0].email).text

    def test_is_done_once_and_by_two(self, colab, time_machine):
        time_machine.move_to(dt.datetime.combine(NEXT, dt.time(9), dt.UTC))
        proposal = propose(colab)
        with pytest.raises(patronage.AlreadyShared):
            propose(colab, own_work="10.00")
        with pytest.raises(decisions.SamePerson):
            patronage.confirm(decision_id=proposal.pk, by=colab.by, on=NEXT)
        patronage.confirm(decision_id=proposal.pk, by=theo_again(), on=NEXT)
        with pytest.raises(decisions.AlreadyDecided):
            patronage.confirm(decision_id=proposal.pk, by=theo_again(), on=NEXT)
        with pytest.raises(patronage.AlreadyShared):
            propose(colab)
        assert queue.work_all() >= 1
        assert Patronage.objects.count() == Letter.objects.filter(key__startswith="patronage/").count() == 2

    def test_credits_members_in_chunks_and_goes_on_where_it_was_killed(self, colab, monkeypatch):
        """The whole waits in one account; what was credited is known; nobody is paid before everybody is credited."""
        decision = decide(colab)
        waits = accounts.patronage_shared("EUR")
        assert held(waits) == Money("75.01", "EUR")

        def die(run):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            share_out(decision, chunk=1, on_progress=die)
        assert held(waits) == Money("25.00", "EUR")
        assert [str(own(one).amount) for one in colab.people] == ["50.01", "0.00", "0.00"]
        assert not list(audit.findings())
        with pytest.raises(patronage.NotCredited):
            patronage.pay(label="2026", bank_id=colab.bank.pk, rest=False, by=colab.by, on=NEXT)
        # Rules that are adopted for that year meanwhile change nothing.
        monkeypatch.setattr(surplus_rules, "in_force", lambda day: None)
        run = share_out(decision, chunk=1)
        assert (run.done, run.known, run.state) == (2, 1, Run.State.FINISHED)
        assert share_out(decision).known == 2
        assert [str(own(one).amount) for one in colab.people] == ["50.01", "25.00", "0.00"]
        assert held(waits) == Money("0.00", "EUR")
        assert not list(audit.findings())

    def test_asks_as_often_for_many_as_for_few(self, colab, django_assert_num_queries):
        colab.people = make_members(*(f"Worker{n} X" for n in range(20)))
        decision = decide(colab, minutes=(60,) * 20)
        found = patronage.of(decision)
        part = sorted(found.members.items())
        said = {"decision_id": decision.pk, "found": found, "by": None, "on": NEXT}
        patronage._credit(part=part[:1], **said)  # what is asked once is known now
        with CaptureQueriesContext(connection) as few:
            assert patronage._credit(part=part[1:4], **said) == 3
        with django_assert_num_queries(len(few)):
            assert patronage._credit(part=part[4:], **said) == 16
        assert not list(audit.findings())

    def test_is_refused_without_rules_hours_or_a_closed_year(self, colab):
        with pytest.raises(patronage.NoRules, match="Nobody's hours"):
            propose(colab, minutes=(0, 0, 0))
        with pytest.raises(patronage.NotClosed):
            patronage.shared(label="2025", own_work=Money(1, "EUR"), minutes={})
        assert not Patronage.objects.exists()
        assert not list(audit.findings())

    def test_is_refused_where_the_rules_give_members_nothing(self, earned):
        adopt(
            earned, {"own_work": [{"to": "RESERVE", "percent": "100"}], "other": [{"to": "RELIEF", "percent": "100"}]}
        )
        close(earned)
        earned.people = [make_member("Ada Worker")]
        with pytest.raises(patronage.NoRules, match="no part"):
            propose(earned, minutes=(60,))

    def test_is_refused_where_the_surplus_went_elsewhere(self, colab):
        taken = years.propose_allocation(
            parts=[years.Part("RESERVE", None, Money("1.00", "EUR"))], text="x", ballot="y", by=colab.by, on=NEXT
        )
        proposal = propose(colab)
        years.confirm_allocation(decision_id=taken.pk, by=theo_again(), on=NEXT)
        with pytest.raises(patronage.NotThere):
            patronage.confirm(decision_id=proposal.pk, by=theo_again(), on=NEXT)
        assert not Patronage.objects.exists()
        assert not list(audit.findings())


class TestPay:
    def test_pays_the_first_part_and_then_the_rest_once(self, colab):
        share(colab)
        before = held(colab.bank.account)

        def pay(*, rest):
            return str(patronage.pay(label="2026", bank_id=colab.bank.pk, rest=rest, by=colab.by, on=NEXT).amount)

        # At least a fifth of each: 10.002 and 5.00, rounded up.
        assert [pay(rest=False), pay(rest=False)] == ["15.01", "0.00"]
        assert [pay(rest=True), pay(rest=True)] == ["60.00", "0.00"]
        assert before - held(colab.bank.account) == Money("75.01", "EUR")
        assert [own(one).amount for one in colab.people] == [0, 0, 0]
        assert not list(audit.findings())

    def test_is_refused_where_the_bank_holds_less(self, colab):
        share(colab)
        from pooling.treasury import banks

        empty = banks.open_account(name="Empty", iban="", bic="", currency="EUR", by=colab.by, on=NEXT)
        with pytest.raises(patronage.NotThere):
            patronage.pay(label="2026", bank_id=empty.pk, rest=True, by=colab.by, on=NEXT)
        assert str(own(colab.people[0]).amount) == "50.01"
        assert not list(audit.findings())


class TestRedeem:
    def redeem(self, coop, member, on):
        return str(patronage.redeem(member_id=member.pk, bank_id=coop.bank.pk, by=coop.by, on=on).amount)

    def test_sets_off_dues_and_pays_the_rest_with_interest(self, colab):
        from pooling import dues

        share(colab)
        ada = colab.people[0]
        entry = dues.open_plan(
            name="Entry", every="ONCE", amount=Money("10.01", "EUR"), shares=[(None, 1)],
            valid_from=dt.date(2026, 1, 1), days_to_pay=30, by=colab.by,
        )  # fmt: skip
        dues.charge_once(member_id=ada.pk, plan_id=entry.pk, by=colab.by, on=NEXT)
        with pytest.raises(patronage.PatronageRefused, match="still a member"):
            self.redeem(colab, ada, NEXT)
        Member.objects.filter(pk=ada.pk).update(status="LEFT", left_on=NEXT)
        # 50.01 less 10.01 is 40.00, and 1 % for 365 days is 0.40.
        after = NEXT + dt.timedelta(365)
        before = held(colab.bank.account)
        assert [self.redeem(colab, ada, after), self.redeem(colab, ada, after)] == ["40.40", "0.00"]
        assert before - held(colab.bank.account) == Money("40.40", "EUR")
        assert (owes(ada).amount, own(ada).amount) == (0, 0)
        assert str(balances.of(accounts.patronage_interest("EUR")).amount) == "0.40"
        assert not list(audit.findings())


class TestAudit:
    def test_names_a_part_that_the_journal_does_not_know(self, colab):
        share(colab)
        Patronage.objects.filter(member=colab.people[0]).update(paid=1)
        (found,) = [one for one in audit.findings() if one.rule == "members' parts are in the journal"]
        assert colab.people[0].number in str(found)


class TestPages:
    def test_propose_confirm_pay_and_show_ones_own(self, colab, client, monkeypatch):
        monkeypatch.setattr("mutual.clock.today", lambda: NEXT)
        treasurer = person("treasurer")
        client.force_login(treasurer)
        assert "/surplus/2026/share/" in client.get("/surplus/2026/").content.decode()
        ada, bea, _cleo = colab.people
        said = {"own_work": "150.01", "hours": f"{ada.number} 100\n{bea.number} 50", "ballot": "Assembly", "text": "x"}
        seen = client.post("/surplus/2026/share/", said | {"look": "1"}).content.decode()
        assert "50.01" in seen
        for wrong in ("M-999999 1", f"{ada.number} x", f"{ada.number}", f"{ada.number} 1\n{ada.number} 2"):
            assert client.post("/surplus/2026/share/", said | {"hours": wrong}).status_code == 422
        assert client.post("/surplus/2026/share/", said).status_code == 302
        client.force_login(person("administrator"))
        page = client.get("/surplus/").content.decode()
        assert "Sharing of a year" in page
        number = decisions.Decision.objects.get(kind="SHARING").number
        client.post(f"/surplus/decisions/{number}/", {"answer": "confirm"})
        queue.work_all()
        assert Patronage.objects.count() == 2
        client.force_login(treasurer)
        assert client.post("/surplus/2026/pay/", {"bank": colab.bank.pk}).status_code == 302
        assert client.post("/surplus/redeem/", {"bank": colab.bank.pk, "number": ada.number}).status_code == 422
        client.force_login(ada.user)
        mine = client.get("/surplus/mine/").content.decode()
        assert "50.01" in mine
        assert "40.00" in mine

    def test_the_allocation_begins_with_what_the_rules_say(self, earned, client):
        fund = earned.sick.pk
        adopt(earned, {
            "own_work": [{"to": "RESERVE", "percent": "100"}],
            "other": [{"to": "RELIEF", "percent": "50"}, {"to": "RESERVE", "percent": "30"},
                      {"to": "FUND", "fund": fund, "percent": "20"}],
        })  # fmt: skip
        close(earned)
        client.force_login(person("treasurer"))
        form = client.get("/surplus/allocate/").context["form"]
        left = years.unallocated("EUR").amount
        assert form.initial["relief"].amount == left / 2
        assert sum(amount.amount for amount in form.initial.values()) == left
        assert f"fund_{fund}" in form.initial

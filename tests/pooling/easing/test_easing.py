"""Waivers by two officers with a sealed reason, work in place of dues without money, bands shown by lot (B3, B7)."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.urls import reverse

from members.governance import decisions, figures
from members.governance.models import Decision
from members.models import User
from mutual import rooms
from mutual.access import Role
from mutual.ledger import audit
from mutual.mail.models import Letter
from mutual.vault import vault
from pooling import dues
from pooling.dues import RateOf
from pooling.easing import bands, waivers, work
from pooling.easing.models import Waiver, WorkCredit
from pooling.models import Charge, PlanMember
from pooling.treasury import corrections
from tests.conftest import clara, make_member, theo
from tests.pooling.test_charging import AUGUST, eur, open_plan, put
from tests.pooling.test_dues import DECEMBER, NOVEMBER, ON, ahead, charge, coop, held, owes, pay
from tests.trust.test_routes import person

__all__ = ["coop"]
pytestmark = pytest.mark.django_db
CANARY = "burnout Zq9canary"


@pytest.fixture
def ada(coop):
    member = make_member("Ada Byron")
    put(coop, member, open_plan(coop, in_work=True))
    return member


def second():
    return (User.objects.filter(email="theo@example.org").first() or theo()).pk


def propose(coop, member, since="2026-08-11", until="2026-12-01", percent=100):
    return waivers.propose(
        member_id=member.pk, kind="HARDSHIP", since=dt.date.fromisoformat(since), until=dt.date.fromisoformat(until),
        percent=percent, reason=CANARY, by=coop.by, on=ON,
    )  # fmt: skip


def grant(coop, member, **more):
    decision = propose(coop, member, **more)
    corrections.confirm(decision_id=decision.pk, kind=waivers.WAIVER, by=second(), on=ON)
    return Waiver.objects.get(decision=decision)


def shorten(coop, one, until):
    decision = waivers.propose_end(
        waiver_id=one.pk, until=dt.date.fromisoformat(until), text="She works again", by=coop.by, on=ON
    )
    return lambda: corrections.confirm(decision_id=decision.pk, kind=waivers.END, by=second(), on=ON)


def task(coop, member, period=NOVEMBER, text="Minutes of the assembly"):
    return work.propose(member_id=member.pk, period=period, task=text, done_on=ON, by=coop.by, on=ON)


def take(coop, member, **more):
    decision = task(coop, member, **more)
    corrections.confirm(decision_id=decision.pk, kind=work.WORK, by=second(), on=ON)
    return WorkCredit.objects.get(decision=decision)


class TestWaiver:
    def test_credits_days_already_charged_and_is_not_asked_later(self, coop, ada):
        charge(AUGUST)
        grant(coop, ada)
        assert owes(ada) == eur("14.52")
        charge()
        assert owes(ada) == eur("14.52")
        charge(DECEMBER, on=dt.date(2026, 12, 1))
        assert owes(ada) == eur("59.52")
        assert Letter.objects.filter(key__startswith="waiver/").count() == 1
        assert not list(audit.findings())

    def test_gives_up_a_part(self, coop, ada):
        grant(coop, ada, since="2026-11-01", percent=40)
        charge()
        assert owes(ada) == eur(27)
        assert not list(audit.findings())

    def test_takes_two_officers_and_is_one_however_often_it_is_pressed(self, coop, ada):
        decision = propose(coop, ada)
        assert propose(coop, ada) == decision
        with pytest.raises(decisions.SamePerson):
            corrections.confirm(decision_id=decision.pk, kind=waivers.WAIVER, by=coop.by, on=ON)
        assert not Waiver.objects.exists()

    def test_refuses_two_for_the_same_days(self, coop, ada):
        grant(coop, ada)
        with pytest.raises(waivers.Overlaps):
            propose(coop, ada, since="2026-11-30", until="2026-12-31")
        propose(coop, ada, since="2026-12-01", until="2026-12-31")

    def test_ends_earlier_and_charges_the_days_after_it(self, coop, ada):
        charge(AUGUST)
        one = grant(coop, ada)
        late = shorten(coop, one, "2026-09-01")
        early = shorten(coop, one, "2026-08-21")
        before = owes(ada)
        with pytest.raises(decisions.SamePerson):
            corrections.confirm(
                decision_id=Decision.objects.filter(kind=waivers.END).latest("pk").pk, kind=waivers.END, by=coop.by,
                on=ON,
            )  # fmt: skip
        assert owes(ada) == before
        early()
        assert owes(ada) == eur("30.48")
        with pytest.raises(corrections.NotPossibleNow):
            late()
        with pytest.raises(waivers.WaiverRefused):
            shorten(coop, one, "2026-09-01")
        assert not list(audit.findings())

    def test_is_ended_earlier_on_its_page_and_the_member_is_told(self, coop, ada, client, time_machine):
        time_machine.move_to(dt.datetime(2026, 11, 10, 9, tzinfo=dt.UTC))
        one = grant(coop, ada, since="2026-11-01")
        client.force_login(person("treasurer"))
        page = reverse("easing:waiver_end", args=[one.number])
        assert page in client.get(reverse("easing:waiver", args=[one.number])).content.decode()
        refused = client.post(page, {"until": "2026-11-01", "text": "She works again"})
        assert refused.status_code == 422
        assert "must keep a day" in refused.content.decode()
        proposed = client.post(page, {"until": "2026-11-16", "text": "She works again"})
        one.refresh_from_db()
        assert one.until == dt.date(2026, 12, 1)
        client.force_login(person("administrator"))
        assert one.number in client.get(proposed.url).content.decode()
        client.post(proposed.url, {"answer": "confirm"})
        one.refresh_from_db()
        assert one.until == dt.date(2026, 11, 16)
        letter = Letter.objects.get(key__startswith=f"waiver/{one.number}/ended/")
        assert "16 November 2026" in letter.text
        assert CANARY not in letter.text
        assert not list(audit.findings())

    def test_keeps_its_reason_sealed_and_notes_who_opens_it(self, coop, ada, client):
        one = grant(coop, ada)
        for table in connection.introspection.table_names():
            with connection.cursor() as cursor:
                cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', ["%Zq9canary%"])
                assert cursor.fetchone()[0] == 0, table
        client.force_login(person("treasurer"))
        page = reverse("easing:waiver", args=[one.number])
        assert CANARY not in client.get(page).content.decode()
        assert not vault.openings(one.subject)
        opened = client.post(page)
        assert CANARY in opened.content.decode()
        assert len(vault.openings(one.subject)) == 1

    def test_keeps_its_reason_a_year_after_it_ended_or_was_not_granted_and_no_longer(
        self, coop, ada, client, time_machine
    ):
        one = grant(coop, ada)
        refused = propose(coop, ada, since="2026-12-01", until="2027-02-01")
        decisions.decline(decision_id=refused.pk, kind=waivers.WAIVER, by=second(), on=ON)
        waiting = propose(coop, ada, since="2026-12-01", until="2027-03-01")
        assert waivers.settle_reasons(on=ON) == 1  # the one that was not granted; the other two are not over
        assert vault.due(dt.date(2027, 11, 10)) == [f"waiver/{refused.terms['waiver']}"]
        assert waivers.settle_reasons(on=dt.date(2026, 12, 1)) == 1
        assert waivers.settle_reasons(on=dt.date(2026, 12, 1)) == 0
        assert one.subject not in vault.due(dt.date(2027, 11, 30))
        assert one.subject in vault.due(dt.date(2027, 12, 1))
        assert f"waiver/{waiting.terms['waiver']}" not in vault.due(dt.date(2099, 1, 1))
        vault.destroy_in_time(one.subject, on=dt.date(2027, 12, 1))
        client.force_login(person("treasurer"))
        answer = client.post(reverse("easing:waiver", args=[one.number])).content.decode()
        assert "no longer kept" in answer
        assert CANARY not in answer


class TestWork:
    def test_takes_the_place_of_the_dues_without_money(self, coop, ada):
        charge()
        credit = take(coop, ada)
        assert (credit.state, owes(ada), ahead(ada)) == ("USED", eur(0), eur(0))
        assert held(coop.sick.account) == eur(0)
        assert not list(audit.findings())

    def test_is_in_the_members_own_data(self, coop, ada):
        charge()
        take(coop, ada)
        grant(coop, ada, since="2026-12-01", until="2026-12-31")
        said = rooms.personal_data(member_id=ada.pk)
        assert said["pooling.easing"]["work"][0]["task"] == "Minutes of the assembly"
        assert said["pooling.easing"]["waivers"][0]["number"] == "W-000001"
        assert said["pooling"]["credits"][0]["source"] == "WORK"

    def test_waits_for_a_period_that_is_not_charged_yet_and_spares_what_was_paid_ahead(self, coop, ada):
        pay(coop, ada, 45)
        assert take(coop, ada, period=DECEMBER).state == "WAITING"
        charge(DECEMBER, on=dt.date(2026, 12, 1))
        assert (owes(ada), ahead(ada)) == (eur(0), eur(45))
        assert WorkCredit.objects.get().state == "USED"
        charge(DECEMBER, on=dt.date(2026, 12, 1))
        assert not list(audit.findings())

    def test_refuses_what_is_paid_a_second_task_and_a_plan_that_takes_none(self, coop, ada):
        charge()
        pay(coop, ada, 45)
        with pytest.raises(work.AlreadyUsed):
            task(coop, ada)
        bo = make_member("Bo Ek")
        put(coop, bo, open_plan(coop, "Money only"))
        with pytest.raises(work.NotPayableInWork):
            task(coop, bo)
        take(coop, ada, period=DECEMBER)
        with pytest.raises(work.AlreadyUsed):
            task(coop, ada, period=DECEMBER)
        assert not list(audit.findings())


def proofs(coop, percent):
    """Two officers decide how many of a hundred show their band, from tomorrow on."""
    decision = figures.propose(
        name="dues.band_proofs", value=percent, valid_from=ON + dt.timedelta(1), text="x", by=coop.by, on=ON
    )
    figures.confirm(decision_id=decision.pk, by=second(), on=ON)


@pytest.fixture
def banded(coop):
    return open_plan(
        coop, "By income", basis="BAND", amount=60,
        rates=(RateOf("Up to 1,500", eur(20)), RateOf("Up to 3,000", eur(40))),
    )  # fmt: skip


class TestBands:
    def test_hold_from_the_next_period_for_a_year(self, coop, banded):
        ada = make_member("Ada Byron")
        put(coop, ada, banded)
        bands.declare(member_id=ada.pk, place=1, by=ada.user_id, on=dt.date(2026, 8, 20))
        assert bands.declare(member_id=ada.pk, place=2, by=ada.user_id, on=dt.date(2026, 8, 21)).place == 2
        charge(AUGUST)
        charge(NOVEMBER)
        assert list(Charge.objects.order_by("period").values_list("amount", flat=True)) == [6000, 4000]
        charge(dues.parse("2027-09"), on=dt.date(2027, 9, 1))
        assert Charge.objects.get(period="2027-09").amount == 6000
        assert PlanMember.objects.count() == 2
        with pytest.raises(bands.NoBands):
            bands.declare(member_id=ada.pk, place=7, by=ada.user_id, on=ON)

    def test_are_shown_by_lot_that_anybody_can_draw_again(self, coop, banded):
        people = [make_member(f"Member{n} X") for n in range(40)]
        for member in people:
            put(coop, member, banded, place=1)
        made = bands.draw(plan_id=banded.pk, seed="Lotto 14.11.: 3 9 17", by=coop.by, on=ON)
        assert bands.draw(plan_id=banded.pk, seed="Lotto 14.11.: 3 9 17", by=coop.by, on=ON) == made
        numbers = sorted(member.number for member in people)
        order = sorted(numbers, key=lambda n: hashlib.sha256(f"Lotto 14.11.: 3 9 17/{n}".encode()).hexdigest())
        assert {check.member.number for check in made.checks.all()} == set(order[:2])
        assert made.list_digest == hashlib.sha256("\n".join(numbers).encode()).hexdigest()
        assert Letter.objects.filter(key__startswith="band/").count() == 2
        with pytest.raises(figures.OutOfRange):
            proofs(coop, 21)
        proofs(coop, 10)
        later = bands.draw(plan_id=banded.pk, seed="Lotto 21.11.: 4 8", by=coop.by, on=ON + dt.timedelta(1))
        assert (made.percent, later.percent) == (3, 10)
        assert {check.member.number for check in later.checks.all()} == set(
            bands.lot(numbers, seed="Lotto 21.11.: 4 8", percent=10)
        )
        assert later.checks.count() == 4

    def test_are_looked_at_by_code_and_fall_to_the_standard_when_not_right(self, coop, banded, client):
        ada = make_member("Ada Byron")
        put(coop, ada, banded, place=1)
        made = bands.draw(plan_id=banded.pk, seed="s", by=coop.by, on=ON)
        check = made.checks.get()
        with pytest.raises(bands.BeingAsked):
            bands.declare(member_id=ada.pk, place=2, by=ada.user_id, on=ON)
        reviewer = person("claims_officer")
        client.force_login(reviewer)
        page = client.get(reverse("easing:reviews")).content.decode()
        assert check.code in page
        assert "Ada" not in page
        assert ada.number not in page
        client.post(reverse("easing:review", args=[check.code]), {"answer": "no"})
        check.refresh_from_db()
        assert (check.state, check.answered_by_id) == ("NOT_CONFIRMED", reviewer.pk)
        with pytest.raises(bands.BandRefused):
            bands.answer(code=check.code, confirmed=True, by=clara().pk, on=ON)
        assert PlanMember.objects.get(until=None).place is None

    def test_are_not_looked_at_by_whoever_was_drawn_herself(self, coop, banded, client):
        reviewer, other = make_member("Rosa Roth", roles=[Role.CLAIMS_OFFICER]), clara()
        put(coop, reviewer, banded, place=1)
        check = bands.draw(plan_id=banded.pk, seed="s", by=coop.by, on=ON).checks.get()
        for confirmed in (True, False):
            with pytest.raises(bands.NotHers):
                bands.answer(code=check.code, confirmed=confirmed, by=reviewer.user_id, on=ON)
        Authenticator.objects.create(user=reviewer.user, type=Authenticator.Type.TOTP, data={"secret": "x"})
        client.force_login(reviewer.user)
        said = client.post(reverse("easing:review", args=[check.code]), {"answer": "yes"}, follow=True)
        assert "Another reviewer must look at your own band." in said.content.decode()
        check.refresh_from_db()
        assert (check.state, check.answered_by) == ("ASKED", None)
        assert PlanMember.objects.get(until=None).place == 1
        assert bands.answer(code=check.code, confirmed=True, by=other.pk, on=ON).state == "CONFIRMED"

    def test_are_said_on_the_members_own_page(self, coop, banded, client):
        ada = make_member("Ada Byron")
        put(coop, ada, banded)
        client.force_login(ada.user)
        assert "Up to 1,500" in client.get(reverse("easing:my_band")).content.decode()
        client.post(reverse("easing:my_band"), {"place": 2})
        assert PlanMember.objects.get(until=None).place == 2


class TestPages:
    def test_take_a_waiver_and_a_task_to_two_officers(self, coop, ada, client):
        client.force_login(person("treasurer"))
        said = {
            "number": ada.number, "kind": "HOLIDAY", "since": "2026-12-01", "until": "2027-01-01", "percent": 100,
            "reason": CANARY,
        }  # fmt: skip
        answer = client.post(reverse("easing:waiver_new"), said, follow=True).content.decode()
        assert "sealed under W-000001" in answer
        assert CANARY not in answer
        task = {"number": ada.number, "period": "2026-11", "task": "Minutes", "done_on": "2026-11-02"}
        assert "Minutes" in client.post(reverse("easing:work_new"), task, follow=True).content.decode()
        assert Decision.objects.count() == 2
        grant(coop, ada, since="2026-02-01", until="2026-03-01")
        assert "W-000002" in client.get(reverse("easing:easing")).content.decode()

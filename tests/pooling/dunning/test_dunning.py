"""Letters come one step at a time, each once; agreements keep the peace; a debt's time runs out by law (B8, B9)."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.urls import reverse

from members.governance.models import Decision
from members.models import Member
from mutual import rooms
from mutual.jobs.models import Run
from mutual.ledger import audit
from mutual.mail.models import Letter
from mutual.money import Money
from mutual.periods import parse
from pooling.claims import claims
from pooling.dunning import agreements, ladder, limitation
from pooling.dunning.models import Agreement, Limitation, Part, Reminder, Step
from pooling.models import Charge
from pooling.treasury import corrections
from tests.conftest import make_member
from tests.pooling.test_dues import charge, coop, on_plan, owes, pay
from tests.trust.test_routes import person

__all__ = ["coop"]
pytestmark = pytest.mark.django_db
NOVEMBER_15 = dt.date(2026, 11, 15)
"""The day November's dues are due."""


def after(days):
    return NOVEMBER_15 + dt.timedelta(days=days)


def write(days, **more):
    """Write the letters of so many days after November's dues were due; returns how many."""
    return ladder.run(on=after(days), by=None, **more).done


def agree(coop, member, parts=3, key="a", on=None):
    return agreements.make(
        member_id=member.pk, parts=parts, first_on=dt.date(2027, 1, 31), form_key=key, by=coop.by, on=on or after(30)
    )


@pytest.fixture
def ada(coop):
    member = on_plan(make_member("Ada Byron"), coop)
    charge(on=NOVEMBER_15)
    return member


class TestLadder:
    def test_leaves_grace_then_climbs_one_step_at_a_time(self, ada):
        assert [write(days) for days in (1, 9, 10, 11, 23, 24, 44, 45, 400)] == [0, 0, 1, 0, 0, 1, 0, 1, 0]
        assert list(Reminder.objects.order_by("place").values_list("tone", flat=True)) == ["FRIENDLY", "PLAIN", "FIRM"]
        letters = Letter.objects.filter(key__startswith="reminder/").order_by("pk")
        assert [letter.to for letter in letters] == [ada.email] * 3
        assert "€45.00" in letters[0].subject
        assert "2026-11" in letters[0].text

    def test_begins_friendly_even_when_found_late(self, ada):
        assert [write(days) for days in (100, 101, 113, 114)] == [1, 0, 0, 1]
        assert Reminder.objects.order_by("place").first().tone == "FRIENDLY"

    def test_writes_each_letter_once_however_often_it_is_run(self, coop, ada):
        for n in range(3):
            on_plan(make_member(f"Member{n} X"), coop)
        charge(on=NOVEMBER_15)
        due = ladder.standing(after(10)).due
        ladder._write(due[:2], after(10))
        assert write(10, chunk=1) == 2
        assert write(10) == 0
        assert (Reminder.objects.count(), Letter.objects.count()) == (4, 4)

    def test_leaves_out_what_was_paid_since(self, coop, ada):
        due = ladder.standing(after(10)).due
        pay(coop, ada, 45)
        assert ladder._write(due, after(10)) == 0
        assert not Letter.objects.exists()

    def test_leaves_whoever_has_an_open_claim_in_peace(self, coop, ada):
        claims.submit(
            member_id=ada.pk, fund_id=coop.sick.pk, occasion="ILLNESS", first_day=dt.date(2026, 11, 1),
            last_day=dt.date(2026, 11, 9), amount=Money(50, "EUR"), form_key="c", by=ada.user_id, on=NOVEMBER_15,
        )  # fmt: skip
        standing = ladder.standing(after(10))
        assert (standing.due, standing.claiming) == ((), 1)
        assert write(10) == 0

    @pytest.mark.parametrize("days", [10, 45, 60])
    def test_keeps_its_steps_in_order(self, coop, days):
        with pytest.raises(ladder.LadderRefused):
            ladder.change_step(place=2, days=days, tone="PLAIN", by=coop.by)
        assert Step.objects.get(place=2).days == 24
        ladder.change_step(place=2, days=30, tone="FIRM", by=coop.by)
        assert Step.objects.get(place=2).tone == "FIRM"


class TestAgreement:
    def test_divides_what_is_overdue_on_the_same_day_of_each_month(self, coop, ada):
        made = agree(coop, ada, parts=7)
        parts = list(Part.objects.filter(agreement=made))
        assert sum(part.amount for part in parts) == made.total == 4500
        assert [str(part.due_on) for part in parts[:3]] == ["2027-01-31", "2027-02-28", "2027-03-31"]
        assert agree(coop, ada, parts=7) == made
        assert Letter.objects.filter(key=f"agreement/{made.number}/made").count() == 1
        assert not list(audit.findings())

    def test_keeps_the_peace_until_it_is_broken(self, coop, ada):
        made = agree(coop, ada)
        assert ladder.standing(after(60)).agreed == 1
        assert agreements.review(on=dt.date(2027, 2, 7)) == 0
        pay(coop, ada, 15, on=dt.date(2027, 2, 7))
        assert agreements.review(on=dt.date(2027, 2, 8)) == 0
        assert agreements.review(on=dt.date(2027, 3, 8)) == 1
        made.refresh_from_db()
        assert (made.state, made.ended_on) == (Agreement.State.BROKEN, dt.date(2027, 3, 8))
        assert agreements.review(on=dt.date(2027, 3, 8)) == 0
        assert ladder.run(on=dt.date(2027, 3, 8), by=None).done == 1

    def test_is_in_the_members_own_data_with_her_letters(self, coop, ada):
        write(10)
        made = agree(coop, ada)
        said = rooms.personal_data(member_id=ada.pk)["pooling.dunning"]
        assert [one["number"] for one in said["agreements"]] == [made.number]
        assert [one["tone"] for one in said["reminders"]] == ["FRIENDLY"]

    def test_ends_kept_when_all_is_paid(self, coop, ada):
        made = agree(coop, ada)
        pay(coop, ada, 45, on=dt.date(2027, 1, 2))
        progress = agreements.progress(made)
        assert (progress.paid, progress.left, progress.next_part) == (Money(45, "EUR"), Money(0, "EUR"), None)
        assert agreements.review(on=dt.date(2027, 1, 3)) == 1
        made.refresh_from_db()
        assert made.state == Agreement.State.KEPT

    def test_refuses_a_second_and_one_about_nothing(self, coop, ada):
        bo = make_member("Bo Ek")
        with pytest.raises(agreements.NothingOverdue):
            agree(coop, bo, key="b")
        made = agree(coop, ada)
        with pytest.raises(agreements.HasOne):
            agree(coop, ada, key="c")
        agreements.end(agreement_id=made.pk, by=coop.by, on=after(31))
        assert agree(coop, ada, key="d").number != made.number
        assert not list(audit.findings())


class TestLimitation:
    @pytest.mark.parametrize(
        ("country", "begins", "last"),
        [("DE", "2026-11-15", "2029-12-31"), ("FR", "2026-11-15", "2031-11-15"), ("GB", "2024-02-29", "2030-02-28")],
    )
    def test_counts_by_country(self, db, country, begins, last):
        rule = limitation.rule_for(Limitation.objects.all(), country, dt.date(2026, 11, 15))
        assert limitation.last_day(rule, dt.date.fromisoformat(begins)).isoformat() == last

    def test_offers_a_debt_only_when_its_time_has_run_out(self, ada):
        assert limitation.barred(dt.date(2029, 12, 31)) == []
        (found,) = limitation.barred(dt.date(2030, 1, 1))
        assert (found.number, found.open, found.rule.country) == (ada.number, Money(45, "EUR"), "DE")
        assert found.rule.checked_on is None

    def test_begins_anew_with_a_part_payment(self, coop, ada):
        pay(coop, ada, 5, on=dt.date(2027, 3, 1))
        assert limitation.barred(dt.date(2030, 1, 1)) == []
        assert limitation.barred(dt.date(2031, 1, 1))[0].open == Money(40, "EUR")

    def test_begins_anew_with_an_agreement(self, coop, ada):
        agree(coop, ada, on=dt.date(2028, 1, 5))
        assert limitation.barred(dt.date(2031, 12, 31)) == []
        assert limitation.barred(dt.date(2032, 1, 1))

    def test_never_runs_out_where_no_rule_is_known(self, ada):
        Member.objects.filter(pk=ada.pk).update(country="US")
        assert limitation.barred(dt.date(2100, 1, 1)) == []

    def test_takes_new_law_for_what_falls_due_under_it(self, coop, ada):
        said = {"country": "DE", "valid_from": dt.date(2027, 1, 1), "years": 2, "begins": "DUE", "source": "x"}
        rule = limitation.add(by=coop.by, **said)
        with pytest.raises(limitation.LimitationRefused):
            limitation.add(by=coop.by, **said)
        charge(parse("2027-01"), on=dt.date(2027, 1, 1))
        assert [one.period for one in limitation.barred(dt.date(2029, 2, 1))] == ["2027-01"]
        limitation.check(limitation_id=rule.pk, by=coop.by, on=NOVEMBER_15)
        assert limitation.barred(dt.date(2029, 2, 1))[0].rule.checked_on == NOVEMBER_15


class TestPages:
    def test_lead_the_office_from_arrears_to_an_agreement(self, coop, ada, client, time_machine):
        time_machine.move_to(dt.datetime(2026, 12, 20, 9, tzinfo=dt.UTC))
        client.force_login(person("treasurer"))
        page = client.get(reverse("dunning:ladder")).content.decode()
        assert "Letters due" in page
        client.post(reverse("dunning:run"))
        assert Run.objects.get(kind="reminders").key == "2026-12-20"
        said = {"number": ada.number, "parts": 2, "first_on": "2027-01-15", "form_key": "f" * 32}
        answer = client.post(reverse("dunning:agreement_new"), said, follow=True)
        assert "€22.50" in answer.content.decode()
        number = Agreement.objects.get().number
        assert number in client.get(reverse("dunning:agreements")).content.decode()
        client.post(reverse("dunning:agreement_end", args=[number]))
        assert Agreement.objects.get().state == "ENDED"

    def test_tell_the_member_where_she_stands(self, coop, ada, client, time_machine):
        write(10)
        agree(coop, ada)
        time_machine.move_to(dt.datetime(2026, 12, 20, 9, tzinfo=dt.UTC))
        client.force_login(ada.user)
        page = client.get(reverse("pooling:my_dues")).content.decode()
        assert "Your agreement" in page
        assert "€45.00 were overdue." in page
        assert "Your agreement: €15.00 by 31 January 2027" in client.get("/").content.decode()

    def test_offer_old_debts_to_two_officers_several_at_once(self, coop, ada, client, time_machine):
        bo = make_member("Bo Ek")
        on_plan(bo, coop)
        charge()
        time_machine.move_to(dt.datetime(2030, 1, 2, 9, tzinfo=dt.UTC))
        first, second = person("treasurer"), person("administrator")
        client.force_login(first)
        charges = list(Charge.objects.order_by("pk").values_list("pk", flat=True))
        page = client.get(reverse("dunning:limitation")).content.decode()
        assert all(f'value="{pk}"' in page for pk in charges)
        offer = reverse("treasury:propose_barred")
        asked = client.get(offer, {"charge": charges}).content.decode()
        assert ada.number in asked
        assert bo.number in asked
        answer = client.post(offer, {"charge": charges, "text": "Their time has run out"})
        assert answer.status_code == 302, answer.content.decode()[-3000:]
        decision = Decision.objects.get(kind=corrections.BARRED)
        where = reverse("treasury:correction", args=[decision.number])
        client.post(where, {"answer": "confirm"})
        assert owes(ada) == owes(bo) == Money(45, "EUR")
        client.force_login(second)
        assert bo.number in client.get(where).content.decode()
        client.post(where, {"answer": "confirm"})
        assert owes(ada) == owes(bo) == Money(0, "EUR")
        assert limitation.barred(dt.date(2030, 1, 2)) == []
        assert not list(audit.findings())

    def test_write_off_nothing_that_can_still_be_claimed_or_was_paid_since(self, coop, ada, time_machine):
        one = Charge.objects.get()
        with pytest.raises(corrections.NothingOpen):
            corrections.propose_barred(charge_ids=[one.pk], text="x", by=coop.by, on=dt.date(2029, 12, 31))
        on = dt.date(2030, 1, 2)
        made = corrections.propose_barred(charge_ids=[one.pk], text="x", by=coop.by, on=on)
        pay(coop, ada, 5, on=on)
        with pytest.raises(corrections.NothingOpen):
            corrections.confirm(decision_id=made.pk, kind=corrections.BARRED, by=person("treasurer").pk, on=on)
        assert owes(ada) == Money(40, "EUR")
        assert not list(audit.findings())


def test_every_rule_to_begin_with_cites_its_article_and_none_pretends_to_be_checked(db):
    found = list(Limitation.objects.all())
    assert len(found) >= 13
    for rule in found:
        assert re.search(r"§|[Aa]rt\.|\bs\. ", rule.source), rule.country
        assert rule.checked_on is None, rule.country
        assert rule.checked_by is None, rule.country

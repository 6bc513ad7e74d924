"""Claims under rules: shown before as decided after, month by month, paused without a certificate, phased back."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from mutual.ledger import audit
from mutual.mail.models import Letter
from mutual.money import Money
from mutual.vault import vault
from pooling import funds
from pooling.benefits import rules
from pooling.claims import claims, entitlements, history, schedule, tasks
from pooling.claims.models import Certificate, Claim, DeskRules
from tests.conftest import cem, clara, make_member
from tests.mutual.test_uploads import photo
from tests.pooling.claims.test_claims import ada, coop, filled, pay
from tests.pooling.claims.test_evidence import officer
from tests.pooling.test_dues import ON
from tests.pooling.test_treasury import theo_again

__all__ = ["ada", "coop", "filled"]
pytestmark = pytest.mark.django_db
D = dt.date.fromisoformat

TERMS = {
    "currency": "EUR",
    "benefits": [
        {"rule": "sick-pay", "title": "Sick pay", "causes": ["ILLNESS"], "own_risk": {"days": 7},
         "pays": {"by": "FLAT", "per": "DAY", "amount": 300}, "ceiling_claim": 20_000},
        {"rule": "birth", "title": "Birth", "causes": ["CHILD"],
         "pays": {"by": "FLAT", "per": "ONCE", "amount": 5_000}},
    ],
}  # fmt: skip
"""3.00 a day after a week of own risk, 200.00 for a claim at most; 50.00 once for a child."""


def adopt(fund, terms, by, valid_from="2026-01-01"):
    proposal = rules.propose(
        fund_id=fund.pk, terms=terms, text="", why="So voted.", valid_from=D(valid_from), by=by, on=ON
    )
    return rules.adopt(decision_id=proposal.pk, by=theo_again(), on=ON)


@pytest.fixture
def ruled(filled):
    adopt(filled.sick, TERMS, filled.by)
    return filled


def submit(coop, member, first="2026-10-01", last="2026-10-31", *, on=ON, key="k1", occasion="ILLNESS", **more):
    return claims.submit(
        member_id=member.pk, fund_id=coop.sick.pk, occasion=occasion, first_day=D(first), last_day=D(last),
        amount=more.pop("amount", None), form_key=key, by=member.user_id, on=on, **more,
    )  # fmt: skip


def approve(one, amount=None, on=ON, **more):
    first, second = (officer.pk for officer in (clara(), cem()))
    claims.propose(claim_id=one.pk, amount=amount or one.amount_claimed, by=first, on=on, **more)
    return claims.approve(claim_id=one.pk, by=second, on=on)


def months(one):
    return [(str(row.first_day), str(row.last_day), row.days, row.amount_due) for row in one.instalments.order_by("id")]


def going(coop, member):
    """A claim that goes on: ill from 1 September, certified to 30 November."""
    return approve(submit(coop, member, "2026-09-01", "2026-11-30", ongoing=True))


class TestPreview:
    def test_is_what_is_decided(self, ruled, ada):
        found = entitlements.preview(
            member_id=ada.pk, fund_id=ruled.sick.pk, occasion="ILLNESS", first_day=D("2026-10-01"),
            last_day=D("2026-10-31"), incapacity=100, reported_on=ON,
        )  # fmt: skip
        one = approve(submit(ruled, ada))
        assert found.amount == 24 * 300
        assert one.amount_approved == entitlements.amount(found)
        assert one.ruled == entitlements.written(found, "en")
        assert not list(audit.findings())

    def test_is_on_the_page_before_submitting(self, ruled, ada, client, time_machine):
        time_machine.move_to("2026-11-10 12:00+00:00")
        client.force_login(ada.user)
        form = {
            "fund": ruled.sick.pk, "occasion": "ILLNESS", "first_day": "2026-10-01", "last_day": "2026-10-31",
            "form_key": "d" * 32, "incapacity": "100",
        }  # fmt: skip
        page = client.post(reverse("claims:new"), {**form, "look": "1"}).content.decode()
        assert "72.00" in page
        assert "Own risk is" in page
        assert not Claim.objects.exists()
        page = client.post(reverse("claims:new"), {**form, "last_day": "2026-10-05", "look": "1"}).content.decode()
        assert "OWN_RISK" in page
        assert client.post(reverse("claims:new"), form).status_code == 302
        one = Claim.objects.get()
        assert one.amount_claimed == Money(72, "EUR")
        client.force_login(officer())
        page = client.get(reverse("claims:decide", args=[one.number])).content.decode()
        assert "What the rules say" in page
        assert "72.00" in page

    def test_needs_an_amount_where_the_rules_pay_nothing(self, ruled, ada):
        with pytest.raises(claims.RulesPayNothing):
            submit(ruled, ada, last="2026-10-05")
        one = submit(ruled, ada, last="2026-10-05", amount=Money(10, "EUR"))
        assert one.amount_claimed == Money(10, "EUR")

    def test_leaves_funds_without_rules_as_they_were(self, filled, ada):
        one = approve(submit(filled, ada, amount=Money(40, "EUR")))
        assert (one.status, one.ruled, one.instalments.count()) == (Claim.Status.APPROVED, None, 1)


class TestRules:
    def test_bind_the_officers_of_a_fund_that_varies(self, ruled, ada):
        one, by = submit(ruled, ada), clara().pk
        with pytest.raises(claims.MustFollowRules):
            claims.propose(claim_id=one.pk, amount=Money(10, "EUR"), by=by, on=ON, deviation="Because I feel like it.")
        with pytest.raises(claims.MustFollowRules):
            claims.refuse(claim_id=one.pk, reason="CEILING", by=by, on=ON, deviation="Because I feel like it.")
        assert claims.refuse(claim_id=one.pk, reason="EVIDENCE", by=by, on=ON).status == Claim.Status.REFUSED

    def test_leave_a_discretionary_fund_a_choice_with_a_reason(self, ruled, ada, client):
        funds.change(
            fund_id=ruled.sick.pk, name="Sickness", description="", promise="DISCRETIONARY", target=None,
            floor=Money(100, "EUR"), by=ruled.by,
        )  # fmt: skip
        one, by = submit(ruled, ada), clara().pk
        with pytest.raises(claims.SaysNotWhy):
            claims.propose(claim_id=one.pk, amount=Money(60, "EUR"), by=by, on=ON, deviation="No.")
        assert Claim.objects.get().status == Claim.Status.SUBMITTED
        why = "She was paid for a week by an insurer."
        one = claims.propose(claim_id=one.pk, amount=Money(60, "EUR"), by=by, on=ON, deviation=why)
        one = claims.approve(claim_id=one.pk, by=cem().pk, on=ON)
        assert (one.deviates, one.status, months(one)[0][3]) == (True, Claim.Status.APPROVED, 6000)
        client.force_login(ada.user)
        page = client.post(reverse("claims:open_own", args=[one.number]), {"place": "deviation/1"})
        assert why in page.content.decode()
        assert not list(audit.findings())

    def test_refuse_with_their_own_code(self, ruled, ada, client):
        one = submit(ruled, ada, last="2026-10-05", amount=Money(10, "EUR"))
        client.force_login(officer(name="Carlo"))
        page = client.get(reverse("claims:decide", args=[one.number])).content.decode()
        assert '<option value="OWN_RISK" selected>' in page
        one = claims.refuse(claim_id=one.pk, reason="OWN_RISK", by=clara().pk, on=ON)
        assert one.ruled["code"] == "OWN_RISK"
        assert not one.deviates

    def test_pay_a_lump_sum_at_once(self, ruled, ada):
        one = approve(submit(ruled, ada, "2026-11-10", "2026-11-10", occasion="CHILD"))
        assert (one.status, months(one)) == (Claim.Status.APPROVED, [("2026-11-10", "2026-11-10", None, 5000)])


class TestMonths:
    def test_are_set_aside_when_they_are_over(self, ruled, ada):
        one = going(ruled, ada)
        assert one.status == Claim.Status.RUNNING
        assert months(one) == [("2026-09-01", "2026-09-30", 23, 6900), ("2026-10-01", "2026-10-31", 31, 9300)]
        for _ in range(2):
            schedule.advance(claim_id=one.pk, on=D("2026-12-01"))
        one.refresh_from_db()
        assert months(one)[2] == ("2026-11-01", "2026-11-30", 30, 3800)
        assert one.amount_approved == Money(200, "EUR")
        assert not list(audit.findings())

    def test_stop_where_the_ceiling_is_reached(self, ruled, ada):
        one = going(ruled, ada)
        schedule.advance(claim_id=one.pk, on=D("2026-12-01"))
        with pytest.raises(schedule.LeavesAGap):
            schedule.hand_in(claim_id=one.pk, from_on=D("2027-02-01"), until_on=D("2027-02-28"), incapacity=100,
                             form_key="x", by=ada.user_id, on=ON)  # fmt: skip
        made = schedule.hand_in(claim_id=one.pk, from_on=D("2026-12-01"), until_on=D("2026-12-31"), incapacity=100,
                                form_key="x", by=ada.user_id, on=D("2026-12-01"))  # fmt: skip
        accept_by_two(made, on=D("2026-12-02"))
        schedule.advance(claim_id=one.pk, on=D("2027-01-01"))
        assert sum(row[3] for row in months(one)) == 20_000

    def test_pause_until_a_new_certificate_is_accepted(self, ruled, ada, time_machine):
        time_machine.move_to("2026-10-06 12:00+00:00")
        on = D("2026-10-06")
        one = approve(submit(ruled, ada, "2026-09-20", "2026-10-10", ongoing=True, on=on), on=on)
        tasks.every_day()
        assert Letter.objects.filter(subject__contains="ends soon").count() == 1
        for day in ("2026-10-11", "2026-10-12"):
            time_machine.move_to(f"{day} 12:00+00:00")
            tasks.every_day()
        one.refresh_from_db()
        assert one.status == Claim.Status.PAUSED
        assert Letter.objects.filter(subject__contains="pauses").count() == 1
        assert sum(row[3] for row in months(one)) == 14 * 300
        made = schedule.hand_in(claim_id=one.pk, from_on=D("2026-10-11"), until_on=D("2026-10-31"), incapacity=100,
                                form_key="x", by=ada.user_id, on=D("2026-10-12"))  # fmt: skip
        assert entitlements.of(one, without=True).amount == 14 * 300
        one = accept_by_two(made, on=D("2026-10-12"))
        assert (one.status, str(one.last_day)) == (Claim.Status.RUNNING, "2026-10-31")
        schedule.advance(claim_id=one.pk, on=D("2026-11-01"))
        assert sum(row[3] for row in months(one)) == 35 * 300
        assert not list(audit.findings())

    def test_follow_a_return_step_by_step(self, ruled, ada):
        terms = {**TERMS, "benefits": [{**TERMS["benefits"][0], "partial": {"least": 20}, "ceiling_claim": None}]}
        adopt(ruled.sick, terms, ruled.by, "2026-11-10")
        on = D("2026-11-20")
        one = approve(submit(ruled, ada, "2026-11-10", "2026-11-30", ongoing=True, on=on), on=on)
        half = schedule.hand_in(claim_id=one.pk, from_on=D("2026-12-01"), until_on=D("2026-12-31"), incapacity=50,
                                form_key="x", by=ada.user_id, on=on)  # fmt: skip
        accept_by_two(half, on=on)
        schedule.advance(claim_id=one.pk, on=D("2027-01-01"))
        assert months(one) == [("2026-11-10", "2026-11-30", 14, 4200), ("2026-12-01", "2026-12-31", 31, 4650)]
        (then,) = history.absences(fund_id=ruled.sick.pk)  # what a change of rules is shown to change
        assert [(str(one.from_on), one.incapacity) for one in then.phases] == [("2026-11-10", 100), ("2026-12-01", 50)]

    def test_end_when_she_is_well_again(self, ruled, ada):
        one = going(ruled, ada)
        with pytest.raises(schedule.LeavesAGap):
            schedule.finish(claim_id=one.pk, last_day=D("2026-10-30"), by=ada.user_id, on=D("2026-11-16"))
        one = schedule.finish(claim_id=one.pk, last_day=D("2026-11-05"), by=ada.user_id, on=D("2026-11-16"))
        assert one.status == Claim.Status.APPROVED
        assert months(one)[2] == ("2026-11-01", "2026-11-05", 5, 1500)
        pay(ruled)
        one.refresh_from_db()
        assert one.status == Claim.Status.PAID
        with pytest.raises(schedule.NotGoingOn):
            schedule.finish(claim_id=one.pk, last_day=D("2026-11-05"), by=ada.user_id, on=ON)
        assert not list(audit.findings())

    def test_are_accepted_by_somebody_else(self, ruled, ada):
        one = going(ruled, ada)
        made = schedule.hand_in(claim_id=one.pk, from_on=D("2026-12-01"), until_on=D("2026-12-31"), incapacity=100,
                                form_key="x", by=ada.user_id, on=ON)  # fmt: skip
        with pytest.raises(schedule.MayNotAccept):
            schedule.accept(certificate_id=made.pk, by=ada.user_id, on=ON)
        schedule.decline(certificate_id=made.pk, by=clara_again(), on=ON)
        with pytest.raises(schedule.AlreadyDecided):
            schedule.accept(certificate_id=made.pk, by=clara_again(), on=ON)
        assert Letter.objects.filter(subject__contains="needed again").count() == 1

    def test_are_accepted_by_two_where_two_approve_so_much(self, ruled, ada):
        one = going(ruled, ada)
        made = schedule.hand_in(claim_id=one.pk, from_on=D("2026-12-01"), until_on=D("2026-12-31"), incapacity=100,
                                form_key="x", by=ada.user_id, on=ON)  # fmt: skip
        waits = schedule.accept(certificate_id=made.pk, by=clara_again(), on=ON)
        assert waits.last_day == D("2026-11-30")
        with pytest.raises(schedule.MayNotAccept, match="another officer confirms"):
            schedule.accept(certificate_id=made.pk, by=clara_again(), on=ON)
        made.refresh_from_db()
        assert made.accepted_on is None
        assert Claim.objects.get().last_day == D("2026-11-30")
        schedule.accept(certificate_id=made.pk, by=officer(name="Carlo").pk, on=ON)
        assert Claim.objects.get().last_day == D("2026-12-31")

    def test_are_accepted_by_one_where_one_approves_so_much(self, ruled, ada):
        one = going(ruled, ada)
        DeskRules.objects.update(four_eyes_above=Money(10_000, "EUR"))
        made = schedule.hand_in(claim_id=one.pk, from_on=D("2026-12-01"), until_on=D("2026-12-31"), incapacity=100,
                                form_key="x", by=ada.user_id, on=ON)  # fmt: skip
        assert schedule.accept(certificate_id=made.pk, by=clara_again(), on=ON).last_day == D("2026-12-31")

    def test_are_not_shown_apart_where_they_only_came_with_the_claim(self, ruled, ada, client):
        one = submit(ruled, ada)
        page = reverse("claims:decide", args=[one.number])

        def answered(user, **said):
            client.force_login(user)
            return client.post(page, said, follow=True).content.decode()

        first, second = officer(name="Carlo"), officer(name="Cora")
        waits = answered(first, answer="propose", amount=str(one.amount_claimed.amount))
        assert "before a second officer confirms it" in waits
        assert Certificate.objects.filter(claim=one).exists()
        assert "Certificates" not in waits
        assert "Sent back" in answered(second, answer="back")
        answered(first, answer="propose", amount=str(one.amount_claimed.amount))
        assert "The money is set aside" in answered(second, answer="confirm")

    def test_have_pages(self, ruled, ada, client, time_machine):
        time_machine.move_to("2026-11-10 12:00+00:00")
        one = going(ruled, ada)
        client.force_login(ada.user)
        assert "Month by month" in client.get(reverse("claims:mine", args=[one.number])).content.decode()
        form = {"from_on": "2026-12-01", "until_on": "2026-12-31", "incapacity": "50", "form_key": "e" * 32}
        for _ in range(2):
            client.post(
                reverse("claims:certificate_new", args=[one.number]),
                {**form, "attached": SimpleUploadedFile("x.jpg", photo())},
            )
        made = Certificate.objects.get(incapacity=50)
        assert vault.places(one.vault) == ["evidence/1"]
        client.force_login(officer(name="Carlo"))
        assert "Approved, paid month by month" in client.get(reverse("claims:desk")).content.decode()
        accept = reverse("claims:certificate_step", args=[made.pk, "accept"])
        assert "A second officer confirms it" in client.post(accept, follow=True).content.decode()
        assert "another officer confirms" in client.get(reverse("claims:desk")).content.decode()
        client.post(accept)
        assert Claim.objects.get().last_day == D("2026-11-30")
        client.force_login(officer(name="Cora"))
        page = client.get(reverse("claims:decide", args=[one.number])).content.decode()
        assert "Carlo accepted it first; you would be the second officer." in page
        assert ">Confirm</button>" in page
        client.post(accept)
        assert Claim.objects.get().last_day == D("2026-12-31")
        client.force_login(make_member("Bo Ek").user)
        assert client.get(reverse("claims:certificate_new", args=[one.number])).status_code == 404
        assert client.get(reverse("claims:finish", args=[one.number])).status_code == 404


def accept_by_two(made, *, on):
    schedule.accept(certificate_id=made.pk, by=clara_again(), on=on)
    return schedule.accept(certificate_id=made.pk, by=officer(name="Carlo").pk, on=on)


def clara_again():
    from members.models import User

    return User.objects.get(email="clara@example.org").pk

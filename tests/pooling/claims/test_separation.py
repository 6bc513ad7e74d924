"""F14, R-F6: nobody decides for herself or for those close to her; two officers above a threshold."""

from __future__ import annotations

import datetime as dt

import pytest
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.urls import reverse

from members.governance import figures
from members.models import RoleGrant
from mutual import rooms
from mutual.access import Role
from mutual.ledger import audit
from mutual.money import Money
from mutual.trail.models import Deed
from pooling.claims import claims, desk_rules, evidence, separation
from pooling.claims.models import Claim, DeskRules
from tests.conftest import cem, clara, make_member, make_officer
from tests.invoicing.barter.test_trades import agreed, settle
from tests.invoicing.test_invoices import client_of, draft, issue
from tests.pooling.claims.test_claims import ada, claim, coop, filled, payable
from tests.pooling.test_dues import ON

__all__ = ["ada", "coop", "filled"]
pytestmark = pytest.mark.django_db
AT = dt.datetime(2026, 11, 10, 9, tzinfo=dt.UTC)


def officer_member(name="Olga Officer"):
    member = make_member(name)
    RoleGrant.objects.create(user=member.user, role=Role.CLAIMS_OFFICER, granted_on=dt.date(2025, 1, 1))
    Authenticator.objects.create(user=member.user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return member


def rule(above, valid_from=dt.date(2026, 1, 1)):
    return DeskRules.objects.create(valid_from=valid_from, four_eyes_above=Money(above, "EUR"))


class TestMayDecide:
    def test_lets_a_stranger(self, filled, ada):
        olga = officer_member()
        claims.propose(claim_id=claim(filled, ada).pk, amount=Money(1, "EUR"), by=olga.user_id, on=ON)

    def test_refuses_a_partner_in_trade(self, filled, ada):
        olga, one = officer_member(), claim(filled, ada)
        settle(agreed(olga, ada))
        for act in (
            lambda: claims.propose(claim_id=one.pk, amount=Money(1, "EUR"), by=olga.user_id, on=ON),
            lambda: claims.refuse(claim_id=one.pk, reason="CEILING", by=olga.user_id, on=ON),
        ):
            with pytest.raises(claims.TooClose):
                act()
        claims.propose(claim_id=one.pk, amount=Money(1, "EUR"), by=clara().pk, on=ON)
        with pytest.raises(claims.TooClose):
            claims.approve(claim_id=one.pk, by=olga.user_id, on=ON)
        with pytest.raises(claims.TooClose):
            claims.send_back(claim_id=one.pk, by=olga.user_id, on=ON)
        assert payable(ada) == Money(0, "EUR")
        assert not list(audit.findings())

    def test_forgets_a_trade_after_two_years(self, filled, ada):
        olga = officer_member()
        settle(agreed(olga, ada))
        later = dt.date(2028, 12, 1)
        assert rooms.relations(member_id=ada.pk, since=ON)
        claims.propose(claim_id=claim(filled, ada).pk, amount=Money(1, "EUR"), by=olga.user_id, on=later)

    def test_refuses_who_works_for_the_same_client(self, filled, ada):
        from invoicing.models import Issuer

        olga = officer_member()
        for member, key in ((ada, "a"), (olga, "o")):
            invoice = draft(member, client=client_of(member, email="Boss@Example.org"), key=key)
            Issuer.objects.filter(member=member).update(tax_number="1", city="X")
            issue(invoice)
        kinds = {relation.kind for relation in rooms.relations(member_id=ada.pk, since=dt.date(2020, 1, 1))}
        assert kinds == {"client"}
        with pytest.raises(claims.TooClose):
            claims.refuse(claim_id=claim(filled, ada).pk, reason="CEILING", by=olga.user_id, on=ON)

    def test_refuses_who_invoiced_the_claimant(self, filled, ada):
        from invoicing.models import Issuer

        olga = officer_member()
        invoice = draft(olga, client=client_of(olga, email=ada.email.upper()), key="o")
        Issuer.objects.filter(member=olga).update(tax_number="1", city="X")
        issue(invoice)
        for one, other in ((ada, olga), (olga, ada)):
            found = rooms.relations(member_id=one.pk, since=dt.date(2020, 1, 1))
            assert [(relation.member_id, relation.kind) for relation in found] == [(other.pk, "trade")]

    def test_refuses_a_circle_that_a_room_names(self, filled, ada, monkeypatch):
        olga = officer_member()
        monkeypatch.setattr(rooms, "relations", lambda **_about: [rooms.Relation(olga.pk, "circle")])
        with pytest.raises(claims.TooClose):
            claims.refuse(claim_id=claim(filled, ada).pk, reason="CEILING", by=olga.user_id, on=ON)

    def test_keeps_the_papers_and_the_name_from_who_is_too_close(self, filled, ada, client):
        olga, one = officer_member(), claim(filled, ada)
        settle(agreed(olga, ada))
        client.force_login(olga.user)
        page = client.get(reverse("claims:decide", args=[one.number])).content.decode()
        assert "Another officer decides this claim" in page
        assert ada.name not in page
        with pytest.raises(evidence.separation.TooClose):
            evidence.open_place(claim=one, place="body", why=evidence.Why.DECIDE, by=olga.user_id, at=AT)
        client.post(reverse("claims:decide", args=[one.number]), {"answer": "propose", "amount": "1.00"})
        assert Claim.objects.get().status == Claim.Status.SUBMITTED
        assert Deed.objects.get(did="CLAIM_DECISION_BARRED").by == olga.user_id

    def test_lets_nobody_confirm_in_a_second_window(self, filled, ada, client):
        """R-F6: two sessions of the same person are one person."""
        olga, one = officer_member(), claim(filled, ada)
        for answer in ({"answer": "propose", "amount": "10.00"}, {"answer": "confirm"}):
            client.logout()
            client.force_login(olga.user)
            client.post(reverse("claims:decide", args=[one.number]), answer)
        assert Claim.objects.get().status == Claim.Status.PROPOSED
        assert Deed.objects.filter(did="CLAIM_DECISION_BARRED", by=olga.user_id).count() == 1


class TestObstacles:
    """The desk says before an officer tries what she may not decide."""

    def test_name_a_circle_only_where_five_sit_in_it(self, filled, ada, monkeypatch):
        olga, one = officer_member(), claim(filled, ada)
        kin = [rooms.Relation(ada.pk, "circle")]
        monkeypatch.setattr(rooms, "relations", lambda **_about: kin)
        said = separation.obstacles([one], by=olga.user_id, on=ON)[one.pk]
        assert "circle, a client or a trade" in said
        kin += [rooms.Relation(10**6 + n, "circle") for n in range(4)]
        assert "of your circle" in separation.obstacles([one], by=olga.user_id, on=ON)[one.pk]

    def test_agree_with_what_is_refused(self, filled, ada):
        """Whom the desk bars the use case bars, and nobody else."""
        trader, stranger, first = officer_member(), officer_member("Otto Officer"), clara()
        settle(agreed(trader, ada))
        one = claim(filled, ada)
        for by in (trader.user_id, stranger.user_id, first.pk, ada.user_id):
            barred = False
            try:
                separation.may_decide(claim=one, by=by, on=ON)
            except separation.SeparationRefused:
                barred = True
            assert barred == bool(separation.obstacles([one], by=by, on=ON)), by
        claims.propose(claim_id=one.pk, amount=Money(1, "EUR"), by=first.pk, on=ON)
        one.refresh_from_db()
        assert "another officer confirms" in separation.obstacles([one], by=first.pk, on=ON)[one.pk]
        assert not separation.obstacles([one], by=stranger.user_id, on=ON)

    def test_follow_the_figure_of_the_house(self, filled, ada):
        """A trade of 2026 is remembered in 2029 once officers have decided on four years."""
        olga, one = officer_member(), claim(filled, ada)
        settle(agreed(olga, ada))
        later = dt.date(2029, 12, 1)
        assert not separation.obstacles([one], by=olga.user_id, on=later)
        made = figures.propose(
            name="claims.apart_months",
            value=48,
            valid_from=ON,
            text="Longer",
            by=make_officer(Role.TREASURER, "Tilda").pk,
            on=ON,
        )
        figures.confirm(decision_id=made.pk, by=make_officer(Role.TREASURER, "Tom").pk, on=ON)
        assert separation.obstacles([one], by=olga.user_id, on=later)
        with pytest.raises(separation.TooClose):
            separation.may_decide(claim=one, by=olga.user_id, on=later)

    def test_stand_on_the_desk_without_a_name(self, filled, ada, client, django_assert_max_num_queries):
        olga, one = officer_member(), claim(filled, ada)
        settle(agreed(olga, ada))
        client.force_login(olga.user)
        with django_assert_max_num_queries(40):
            page = client.get(reverse("claims:desk")).content.decode()
        assert "another officer decides" in page
        assert ada.name not in page
        assert one.number in page


class TestThreshold:
    def test_lets_one_officer_decide_up_to_it(self, filled, ada):
        rule(200)
        one = claims.propose(claim_id=claim(filled, ada).pk, amount=Money(200, "EUR"), by=clara().pk, on=ON)
        assert one.status == Claim.Status.APPROVED
        assert (one.needs_two, one.decided_by_id) == (False, one.proposed_by_id)
        again = claims.propose(claim_id=one.pk, amount=Money(200, "EUR"), by=one.proposed_by_id, on=ON)
        assert again.instalments.count() == 1
        assert not list(audit.findings())

    def test_takes_two_above_it(self, filled, ada):
        rule(200)
        first, second = clara().pk, cem().pk
        one = claims.propose(claim_id=claim(filled, ada).pk, amount=Money("200.01", "EUR"), by=first, on=ON)
        assert one.status == Claim.Status.PROPOSED
        with pytest.raises(claims.SameOfficer):
            claims.approve(claim_id=one.pk, by=first, on=ON)
        with pytest.raises(IntegrityError, match="two_people"), transaction.atomic():
            Claim.objects.filter(pk=one.pk).update(status="APPROVED", decided_by_id=first)
        claims.approve(claim_id=one.pk, by=second, on=ON)

    def test_is_that_of_the_day(self, filled, ada):
        rule(200, dt.date(2026, 11, 11))
        one = claims.propose(claim_id=claim(filled, ada).pk, amount=Money(1, "EUR"), by=clara().pk, on=ON)
        assert one.status == Claim.Status.PROPOSED

    def test_says_nothing_about_another_currency(self, filled, ada):
        DeskRules.objects.create(valid_from=dt.date(2026, 1, 1), four_eyes_above=Money(1000, "CHF"))
        one = claims.propose(claim_id=claim(filled, ada).pk, amount=Money(1, "EUR"), by=clara().pk, on=ON)
        assert one.status == Claim.Status.PROPOSED


class TestDeskRules:
    FIGURES = {
        "appeal_days": 45, "answer_days": 5, "juror_minutes": 90, "keep_months": 24, "sample_percent": 10,
        "remind_days": 10,
    }  # fmt: skip

    def propose(self, by, valid_from=ON):
        return desk_rules.propose(
            figures=self.FIGURES, four_eyes_above=Money(50, "EUR"), valid_from=valid_from, text="Voted", by=by, on=ON
        )

    def test_are_set_by_two(self, db):
        first, second = clara().pk, cem().pk
        decision = self.propose(first)
        with pytest.raises(desk_rules.decisions.SamePerson):
            desk_rules.confirm(decision_id=decision.pk, by=first, on=ON)
        desk_rules.confirm(decision_id=decision.pk, by=second, on=ON)
        assert desk_rules.on(ON).appeal_days == 45
        assert desk_rules.on(ON).decision == decision
        assert desk_rules.on(dt.date(2026, 11, 9)).appeal_days == 30

    def test_never_change_what_has_been(self, db):
        with pytest.raises(desk_rules.TooEarly):
            self.propose(clara().pk, dt.date(2026, 11, 9))

    def test_have_a_page(self, db, client):
        first, second = officer_member("First X"), officer_member("Second X")
        client.force_login(first.user)
        form = {**self.FIGURES, "four_eyes_above": "50.00", "valid_from": "2099-01-01", "text": "Voted"}
        assert client.post(reverse("claims:rules_change"), form).status_code == 302
        assert "Another officer confirms" in client.get(reverse("claims:rules")).content.decode()
        client.force_login(second.user)
        number = desk_rules.Decision.objects.get().number
        client.post(reverse("claims:rules"), {"number": number, "answer": "confirm"})
        assert DeskRules.objects.latest("valid_from").keep_months == 24

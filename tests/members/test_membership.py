"""Joining, leaving, coming back, being kept out."""

from __future__ import annotations

import datetime as dt

import pytest

from members import importing, membership, roles, users
from members.models import ApplicationTally, Member, PastMembership, RoleGrant
from members.statements import batch, statements
from mutual.access import Role
from mutual.ledger import audit
from mutual.ledger.models import Account
from mutual.mail.models import Letter
from mutual.periods import parse
from mutual.trail.models import Deed
from pooling import dues
from tests.conftest import TODAY, aisha, anders, make_member, make_officer, make_user
from tests.pooling.test_dues import coop, on_plan
from tests.trust.test_routes import person

__all__ = ["coop"]
pytestmark = pytest.mark.django_db

SAID = {
    "name": "Cleo Roe", "email": "Cleo@example.org", "trade": "", "street": "", "postcode": "", "city": "",
    "country": "DE", "language": "en", "motivation": "",
}  # fmt: skip
LEFT, BACK = dt.date(2026, 3, 31), dt.date(2026, 9, 1)


def apply(said=None, *, came_from="192.0.2.1", on=TODAY):
    return membership.apply(said=SAID | (said or {}), came_from=came_from, on=on)


def left(name="Ada Byron", **more):
    """A member who has left."""
    member = make_member(name, **more)
    membership.leave(member_id=member.pk, by=member.user_id, on=LEFT)
    member.refresh_from_db()
    return member


def returned(name="Ada Byron", *, by):
    """A member who left and came back."""
    member = left(name)
    membership.ask_back(member_id=member.pk, motivation="I miss you", by=member.user_id, on=BACK)
    return membership.admit(member_id=member.pk, by=by, on=BACK)


class TestLeave:
    def test_ends_the_roles_of_an_officer(self):
        ada = make_member("Ada Byron", roles=[Role.TREASURER])
        RoleGrant.objects.create(user=ada.user, role=Role.AUDITOR, proposed_by=aisha())
        membership.leave(member_id=ada.pk, by=ada.user_id, on=TODAY)
        assert not RoleGrant.objects.filter(user=ada.user, ended_on=None).exists()
        assert Deed.objects.filter(did="ROLE_ENDED", subject=f"user-{ada.user_id}").count() == 2

    def test_closes_the_office_at_the_next_request(self, client):
        """R-F5."""
        ada = make_member("Ada Byron", roles=[Role.AUDITOR])
        client.force_login(ada.user)
        person(Role.ADMINISTRATOR)
        assert client.get("/members/").status_code == 302  # her second factor is missing
        assert client.get("/invoices/").status_code == 200
        membership.leave(member_id=ada.pk, by=ada.user_id, on=TODAY)
        assert client.get("/members/").status_code == 404
        assert client.get("/invoices/").status_code == 404
        assert client.get("/").status_code == 200

    def test_is_not_for_the_only_administrator(self):
        ada = make_member("Ada Byron", roles=[Role.ADMINISTRATOR])
        with pytest.raises(membership.StillOpen, match="only administrator"):
            membership.leave(member_id=ada.pk, by=ada.user_id, on=TODAY)
        ada.refresh_from_db()
        assert ada.status == Member.Status.ACTIVE
        assert ada.user.roles == {Role.MEMBER, Role.ADMINISTRATOR}
        aisha()
        membership.leave(member_id=ada.pk, by=ada.user_id, on=TODAY)
        assert not list(audit.findings())


class TestComeBack:
    def test_keeps_the_number_the_accounts_and_the_time_before(self, books_hold):
        by = aisha()
        before = left()
        accounts = set(Account.objects.filter(owner_id=before.pk).values_list("pk", flat=True))
        membership.ask_back(member_id=before.pk, motivation="I miss you", by=before.user_id, on=BACK)
        again = membership.admit(member_id=before.pk, by=by.pk, on=BACK)
        assert (again.number, again.status, again.joined_on, again.left_on) == (before.number, "ACTIVE", BACK, None)
        assert again.asked_back_on is None
        assert set(Account.objects.filter(owner_id=before.pk).values_list("pk", flat=True)) == accounts
        past = PastMembership.objects.get(member=again)
        assert (past.joined_on, past.left_on) == (before.joined_on, LEFT)
        assert Letter.objects.filter(key=f"admitted/{again.number}/{BACK}").count() == 1
        assert membership.admit(member_id=before.pk, by=by.pk, on=BACK).joined_on == BACK
        assert PastMembership.objects.count() == 1

    def test_gives_statements_of_both_times_and_none_of_the_time_between(self):
        ada = returned(by=aisha().pk)
        belonged = {
            label: statements.belongs(ada, parse(label)) for label in ("2025-12", "2026-03", "2026-05", "2026-09")
        }
        assert belonged == {"2025-12": False, "2026-03": True, "2026-05": False, "2026-09": True}
        assert {label: batch.members_of(parse(label)).count() == 1 for label in belonged} == belonged

    def test_owes_dues_of_both_times_and_none_of_the_time_between(self, coop):
        ada = on_plan(returned(by=coop.by), coop)
        charged = {
            label: dues.charge_period(period=parse(label), on=TODAY, by=coop.by).done
            for label in ("2026-02", "2026-05", "2026-10")
        }
        assert charged == {"2026-02": 1, "2026-05": 0, "2026-10": 1}
        assert not list(audit.findings())
        assert ada.status == Member.Status.ACTIVE

    def test_can_be_declined_and_asked_for_again(self):
        by, ada = aisha(), left()
        membership.ask_back(member_id=ada.pk, motivation="", by=ada.user_id, on=BACK)
        again = membership.decline(member_id=ada.pk, reason="Not now", by=by.pk, on=BACK)
        assert (again.status, again.asked_back_on, again.left_on) == ("LEFT", None, LEFT)
        with pytest.raises(membership.NotAnApplicant):
            membership.admit(member_id=ada.pk, by=by.pk, on=BACK)
        membership.ask_back(member_id=ada.pk, motivation="", by=ada.user_id, on=BACK)
        assert membership.admit(member_id=ada.pk, by=by.pk, on=BACK).status == "ACTIVE"

    def test_does_not_bring_roles_back(self):
        by = aisha()
        ada = left(roles=[Role.TREASURER])
        membership.ask_back(member_id=ada.pk, motivation="", by=ada.user_id, on=BACK)
        assert membership.admit(member_id=ada.pk, by=by.pk, on=BACK).user.roles == {Role.MEMBER}

    def test_is_only_for_who_has_left(self):
        ada = make_member("Ada Byron")
        with pytest.raises(membership.NotPossible):
            membership.ask_back(member_id=ada.pk, motivation="", by=ada.user_id, on=BACK)

    def test_waits_while_somebody_else_has_the_address(self):
        by, ada = aisha(), left()
        membership.ask_back(member_id=ada.pk, motivation="", by=ada.user_id, on=BACK)
        Member.objects.create(number="M-9", name="X", email=ada.email, applied_on=BACK)
        with pytest.raises(membership.NotPossible, match="e-mail"):
            membership.admit(member_id=ada.pk, by=by.pk, on=BACK)
        assert not PastMembership.objects.exists()

    def test_is_what_an_application_from_a_former_member_leads_to(self):
        ada = left()
        assert apply({"email": ada.email.upper()}) is None
        assert Member.objects.count() == 1
        letter = Letter.objects.get(key__endswith="/left")
        assert letter.to == ada.email
        assert ada.number in letter.text

    def test_goes_by_the_pages(self, client):
        ada = left()
        client.force_login(ada.user)
        assert "/me/come-back/" in client.get("/").content.decode()
        assert client.post("/me/come-back/", {"motivation": "Hello again"})["Location"] == "/"
        assert "/me/come-back/" not in client.get("/").content.decode()
        client.force_login(person(Role.ADMINISTRATOR))
        assert "Wants to come back" in client.get("/members/?status=APPLICANT").content.decode()
        page = client.get(f"/members/{ada.number}/").content.decode()
        assert "Hello again" in page
        assert "/admit/" in page
        client.post(f"/members/{ada.number}/admit/")
        assert "Belonged before" in client.get(f"/members/{ada.number}/").content.decode()
        ada.refresh_from_db()
        assert ada.status == "ACTIVE"


class TestApply:
    def test_takes_ten_an_hour_from_one_network(self):
        for n in range(membership.SIGN_UPS_AN_HOUR):
            assert apply({"email": f"a{n}@example.org"}) is not None
        with pytest.raises(membership.TooManyApplications):
            apply({"email": "late@example.org"})
        assert not Member.objects.filter(email="late@example.org").exists()
        assert apply({"email": "late@example.org"}, came_from="192.0.2.2") is not None

    def test_forgets_after_an_hour(self):
        apply()
        long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=61)
        tallies = ApplicationTally.objects.exclude(came_from="everywhere")
        tallies.update(times=[long_ago] * membership.SIGN_UPS_AN_HOUR)
        assert apply({"email": "later@example.org"}) is not None
        assert len(tallies.get().times) == 1
        assert membership.forget_tallies() == 0
        ApplicationTally.objects.update(times=[long_ago])
        assert membership.forget_tallies() == 2

    def test_keeps_no_address_of_the_network(self):
        apply(came_from="192.0.2.77")
        assert not ApplicationTally.objects.filter(came_from__contains="192").exists()

    def test_takes_a_hundred_an_hour_from_everywhere(self):
        ApplicationTally.objects.create(came_from="everywhere", times=[dt.datetime.now(dt.UTC)] * 100)
        with pytest.raises(membership.TooManyApplications):
            apply()
        assert not Member.objects.exists()

    def test_tells_a_stranger_nothing_about_who_belongs(self):
        ada = make_member("Ada Byron")
        assert apply({"email": ada.email}) is None
        assert Letter.objects.get(key__endswith="/known").to == ada.email


class TestAdmit:
    def test_refuses_an_address_that_signs_in_somebody_else(self):
        by = aisha()
        ada = left()
        Member.objects.filter(pk=ada.pk).update(email="old@example.org")
        other = apply({"email": ada.user.email})
        with pytest.raises(membership.NotPossible):
            membership.admit(member_id=other.pk, by=by.pk, on=TODAY)
        other.refresh_from_db()
        assert other.status == "APPLICANT"


class TestImport:
    def test_leaves_out_a_former_member(self):
        ada = left()
        rows = importing.read(f"name,email,joined_on\nAda,{ada.email},2026-01-01\n".encode(), on=TODAY)
        assert "former member" in rows[0].errors[0]


class TestBlock:
    def test_ends_sessions_and_roles_at_the_next_request(self, client):
        """R-F5."""
        by, tessa = aisha(), person(Role.TREASURER)
        client.force_login(tessa)
        assert client.get("/dues/").status_code == 200
        users.block(user_id=tessa.pk, by=by.pk, on=TODAY)
        answer = client.get("/dues/")
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")
        assert not RoleGrant.objects.filter(user=tessa, ended_on=None).exists()
        users.unblock(user_id=tessa.pk, by=by.pk)
        assert client.get("/").status_code == 302, "The session from before is over."

    def test_lets_nobody_sign_in_by_password(self, client):
        ada = make_member("Ada Byron")
        users.block(user_id=ada.user_id, by=aisha().pk, on=TODAY)
        client.post("/accounts/login/", {"login": ada.email, "password": "open sesame now"})
        assert client.get("/").status_code == 302
        users.unblock(user_id=ada.user_id, by=1)
        client.post("/accounts/login/", {"login": ada.email, "password": "open sesame now"})
        assert client.get("/").status_code == 200

    def test_is_done_by_another_and_leaves_an_administrator(self):
        by = aisha()
        with pytest.raises(users.NotOneself):
            users.block(user_id=by.pk, by=by.pk, on=TODAY)
        with pytest.raises(users.NobodyLeft):
            users.block(user_id=by.pk, by=anders().pk, on=TODAY)
        by.refresh_from_db()
        assert by.is_active

    def test_goes_by_the_pages(self, client):
        tessa = make_officer(Role.TREASURER, "Tessa")
        client.force_login(person(Role.ADMINISTRATOR))
        assert f"/members/users/{tessa.pk}/block/" in client.get("/members/roles/").content.decode()
        client.post(f"/members/users/{tessa.pk}/block/")
        assert f"/members/users/{tessa.pk}/unblock/" in client.get("/members/roles/").content.decode()
        client.post(f"/members/users/{tessa.pk}/unblock/")
        tessa.refresh_from_db()
        assert (tessa.is_active, tessa.blocked_on) == (True, None)
        assert client.post(f"/members/users/{tessa.pk}/dance/").status_code == 404


class TestEnd:
    def test_leaves_somebody_to_administer(self):
        by = aisha()
        with pytest.raises(roles.LastAdministrator):
            roles.end(grant_id=by.grants.get().pk, by=by.pk, on=TODAY)
        make_user("second@example.org", Role.ADMINISTRATOR)
        assert roles.end(grant_id=by.grants.get().pk, by=by.pk, on=TODAY).ended_on == TODAY

"""Changing one's address: confirmed at the new one, told to the old one, and every letter follows."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress

from members import membership
from members.models import Member
from mutual.mail.models import Letter
from mutual.trail.models import Deed
from tests.conftest import TODAY, aisha, make_member
from tests.members.test_membership import SAID

pytestmark = pytest.mark.django_db

OLD, NEW = "ada@example.org", "ada@new.example"


@pytest.fixture(autouse=True)
def letters_by_the_library(settings):
    """Django's own tests would keep the library's mails to themselves."""
    settings.EMAIL_BACKEND = "mutual.mail.backend.LetterBackend"


@pytest.fixture
def ada(client):
    """Ada, who signed in with her password a moment ago."""
    member = make_member("Ada Byron")
    client.post("/accounts/login/", {"login": OLD, "password": "open sesame now"})
    client.post("/accounts/reauthenticate/", {"password": "open sesame now"})
    return member


def ask(client, address=NEW):
    return client.post("/accounts/email/", {"email": address, "action_add": ""})


def confirm(client):
    link = re.search(r"https?://[^/]+(/accounts/confirm-email/\S+)", Letter.objects.filter(to=NEW).latest("pk").text)
    return client.post(link.group(1))


def addresses(member):
    member.refresh_from_db()
    member.user.refresh_from_db()
    return member.email, member.user.email


class TestChange:
    def test_waits_for_the_new_address_to_be_confirmed(self, ada, client):
        assert ask(client).status_code == 302
        assert addresses(ada) == (OLD, OLD)
        assert Letter.objects.filter(to=NEW).count() == 1

    def test_takes_the_member_and_her_letters_along(self, ada, client):
        ask(client)
        confirm(client)
        assert addresses(ada) == (NEW, NEW)
        assert [one.email for one in EmailAddress.objects.filter(user=ada.user)] == [NEW]
        membership.leave(member_id=ada.pk, by=ada.user_id, on=TODAY)
        membership.ask_back(member_id=ada.pk, motivation="", by=ada.user_id, on=TODAY)
        membership.admit(member_id=ada.pk, by=aisha().pk, on=TODAY)
        assert Letter.objects.latest("pk").to == NEW

    def test_tells_the_old_address(self, ada, client):
        ask(client)
        confirm(client)
        notice = Letter.objects.filter(to=OLD).latest("pk")
        assert NEW in notice.text
        assert "127.0.0.1" in notice.text

    def test_leaves_a_trace_without_any_address(self, ada, client):
        ask(client)
        confirm(client)
        deed = Deed.objects.get(did="EMAIL_CHANGED")
        assert (deed.subject, deed.by, deed.detail) == (ada.number, ada.user_id, {})

    def test_ends_the_old_address_for_signing_in(self, ada, client):
        ask(client)
        confirm(client)
        client.logout()
        client.post("/accounts/login/", {"login": OLD, "password": "open sesame now"})
        assert client.get("/").status_code == 302
        client.post("/accounts/login/", {"login": NEW, "password": "open sesame now"})
        assert client.get("/").status_code == 200

    def test_asks_who_has_been_signed_in_for_long_to_prove_it(self, client):
        member = make_member("Ada Byron")
        client.force_login(member.user)
        assert "/reauthenticate/" in ask(client)["Location"]
        assert not EmailAddress.objects.filter(email=NEW).exists()

    def test_also_follows_a_code_sent_to_the_new_address(self, ada, client):
        ask(client)
        client.logout()
        client.post("/accounts/login/code/", {"email": NEW})
        code = re.search(r"\n([A-Z0-9-]{6,9})\n", Letter.objects.filter(to=NEW).latest("pk").text).group(1)
        client.post("/accounts/login/code/confirm/", {"code": code})
        assert client.get("/").status_code == 200
        assert addresses(ada) == (NEW, NEW)
        assert NEW in Letter.objects.filter(to=OLD).latest("pk").text

    def test_can_be_given_up_and_asked_for_again(self, ada, client):
        ask(client, "typo@new.example")
        client.post("/accounts/email/", {"email": "typo@new.example", "action_remove": ""})
        assert addresses(ada) == (OLD, OLD)
        ask(client)
        confirm(client)
        assert addresses(ada) == (NEW, NEW)

    def test_cannot_be_had_without_the_letter(self, ada, client):
        ask(client)
        client.post("/accounts/email/", {"email": NEW, "action_primary": ""})
        client.post("/accounts/email/", {"email": OLD, "action_remove": ""})
        assert addresses(ada) == (OLD, OLD)


class TestTakenAddress:
    @pytest.fixture(params=["member", "applicant", "applicant who comes in between"])
    def taken(self, request, ada, client):
        """Somebody else has the address; the page does not say so, for that would tell who belongs."""
        if request.param == "member":
            make_member("Bo Ek", email=NEW)
        elif request.param == "applicant":
            membership.apply(said=SAID | {"email": NEW}, came_from="x", on=TODAY)
        assert ask(client).status_code == 302
        if request.param.endswith("between"):
            membership.apply(said=SAID | {"email": NEW}, came_from="x", on=TODAY)
        return ada

    def test_gives_no_code_to_sign_in_with(self, taken, client):
        client.logout()
        before = Letter.objects.filter(to=NEW).latest("pk").pk
        assert client.post("/accounts/login/code/", {"email": NEW}).status_code == 302
        said = Letter.objects.filter(to=NEW, pk__gt=before).get().text
        if not Member.objects.filter(email=NEW, user__isnull=False).exists():  # the other member gets hers
            assert not re.search(r"\n([A-Z0-9-]{6,9})\n", said)
        assert client.get("/").status_code == 302
        assert addresses(taken) == (OLD, OLD)

    def test_is_not_confirmed(self, taken, client):
        link = Letter.objects.filter(to=NEW, text__contains="confirm-email").latest("pk").text
        client.post(re.search(r"(/accounts/confirm-email/\S+)", link).group(1))
        assert addresses(taken) == (OLD, OLD)
        assert Member.objects.filter(email=NEW).count() == 1

    def test_is_not_taken_over_by_a_code_sent_before(self, ada, client):
        ask(client)
        client.logout()
        client.post("/accounts/login/code/", {"email": NEW})
        code = re.search(r"\n([A-Z0-9-]{6,9})\n", Letter.objects.filter(to=NEW).latest("pk").text).group(1)
        assert membership.apply(said=SAID | {"email": NEW}, came_from="x", on=TODAY) is not None
        assert client.post("/accounts/login/code/confirm/", {"code": code}).status_code == 302
        assert client.get("/").status_code == 200
        assert addresses(ada) == (OLD, OLD)
        assert Member.objects.filter(email=NEW).count() == 1

"""The language one chooses is kept with the person, not with the browser."""

from __future__ import annotations

import pytest
from django.test import Client

from members.models import Member, User
from tests.conftest import make_member, make_user

pytestmark = pytest.mark.django_db


def choose(client, language):
    return client.post("/language/setlang/", {"language": language, "next": "/me/"})


class TestSetLanguage:
    def test_keeps_it_with_the_member_and_her_user(self, client):
        ada = make_member("Ada Byron")
        client.force_login(ada.user)
        assert choose(client, "de")["Location"] == "/me/"
        assert Member.objects.get(pk=ada.pk).language == "de"
        assert User.objects.get(pk=ada.user_id).language == "de"

    def test_follows_her_to_another_browser(self, client):
        ada = make_member("Ada Byron")
        client.force_login(ada.user)
        choose(client, "fr")
        elsewhere = Client()
        elsewhere.force_login(ada.user)
        assert '<html lang="fr"' in elsewhere.get("/", headers={"accept-language": "ja"}).content.decode()

    def test_keeps_it_with_an_officer_who_is_no_member(self, client):
        user = make_user("tessa@example.org")
        client.force_login(user)
        choose(client, "ja")
        assert User.objects.get(pk=user.pk).language == "ja"

    def test_keeps_a_visitors_in_the_browser(self, client):
        choose(client, "de")
        assert '<html lang="de"' in client.get("/accounts/login/").content.decode()

    @pytest.mark.parametrize("language", ["xx", "", "en\x00", "<script>"])
    def test_takes_nothing_but_a_language_of_ours(self, client, language):
        ada = make_member("Ada Byron")
        client.force_login(ada.user)
        choose(client, language)
        assert User.objects.get(pk=ada.user_id).language == "en"

    def test_never_goes_to_another_host(self, client):
        answer = client.post("/language/setlang/", {"language": "de", "next": "https://evil.example/"})
        assert answer["Location"] == "/"

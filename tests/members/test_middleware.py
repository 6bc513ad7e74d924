"""The list of sessions says where somebody is signed in, without a row being written at every request."""

import pytest
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from members import middleware
from tests.conftest import make_member

pytestmark = pytest.mark.django_db


def written(client, **place):
    with CaptureQueriesContext(connection) as asked:
        client.get("/profile/", **place)
    return sum("usersessions" in one["sql"] for one in asked.captured_queries)


def test_is_written_down_once_a_minute_and_at_once_from_another_place(client, monkeypatch):
    ada = make_member("Ada Byron").user
    client.force_login(ada)
    assert written(client)
    assert not written(client)
    assert written(client, HTTP_USER_AGENT="Another")
    assert UserSession.objects.get(user=ada).user_agent == "Another"
    monkeypatch.setattr(middleware, "EVERY", 0)
    assert written(client)


def test_each_session_has_its_own_row(client):
    ada = make_member("Ada Byron").user
    other = Client()
    for one in (client, other):
        one.force_login(ada)
        assert written(one)
    assert UserSession.objects.filter(user=ada).count() == 2

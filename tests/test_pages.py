"""Every page that takes no argument answers each role without failing, and shows a heading."""

from __future__ import annotations

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from mutual.access import Role, policy_of
from tests.conftest import make_member, make_officer

pytestmark = pytest.mark.django_db


def plain_routes(resolver=None, before=""):
    """Routes without arguments whose views are ours, with their views."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from plain_routes(entry, route)
        elif isinstance(entry, URLPattern) and "<" not in route and policy_of(entry.callback) is not None:
            yield "/" + route, entry.callback


ROUTES = sorted({route for route, _view in plain_routes()})


def officer(role):
    from allauth.mfa.models import Authenticator

    user = make_officer(role, role.value.title().replace("_", ""))
    Authenticator.objects.create(user=user, type=Authenticator.Type.RECOVERY_CODES, data={})
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return user


@pytest.mark.parametrize("who", ["visitor", "member", *[role.value for role in Role if role != Role.MEMBER]])
def test_every_plain_page_answers(client, who):
    if who == "member":
        client.force_login(make_member("Ada Byron").user)
    elif who != "visitor":
        client.force_login(officer(Role(who)))
    seen = {}
    for route in ROUTES:
        answer = client.get(route)
        seen[route] = answer.status_code
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            assert "<h1" in answer.content.decode(), route
    assert set(seen.values()) <= {200, 302, 404, 405}, {r: s for r, s in seen.items() if s not in {200, 302, 404, 405}}
    assert seen["/"] == (302 if who == "visitor" else 200)


def test_a_visitor_sees_the_way_in_instead_of_an_empty_menu(client):
    page = client.get("/outbox/").content.decode()
    assert '<header class="side">' not in page
    assert 'href="/accounts/login/">Sign in</a>' in page
    client.force_login(make_member("Ada Byron").user)
    assert '<header class="side">' in client.get("/outbox/").content.decode()


def test_a_changed_password_is_said_in_the_title_and_leads_to_signing_in(client):
    page = client.get("/accounts/password/reset/key/done/").content.decode()
    assert "<title>Your password is changed" in page
    assert 'href="/accounts/login/">Sign in</a>' in page

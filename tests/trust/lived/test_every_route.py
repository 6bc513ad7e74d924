"""R-F1: every route, asked by everybody with every method about something that is there, answers as its row says."""

from __future__ import annotations

import itertools
import logging

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404
from django.test import RequestFactory
from django.urls import resolve

from invoicing.models import Invoice
from mutual.access import Role
from mutual.documents.documents import Printed
from tests.browser import pages
from tests.trust.lived.conftest import undone
from tests.trust.test_routes import LETTERS, ROWS, Row

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("lived")]

OFFICERS = {"tessa": "T", "clara": "C", "anders": "A", "aisha": "X"}
PEOPLE = ("", "greta", "member", "other", *OFFICERS)
"""A visitor; somebody who left, and so has no role; the member it is about; another member; an officer of each kind."""

NEVER = ("put", "patch", "delete", "head", "options")
"""Methods that no route takes."""

SENT = {
    "claims/mine/<str:number>/open/": {"place": "'body'"},
    "claims/rules/": {"number": "decisions.DESK_RULES", "answer": "'confirm'"},
    "decisions/figures/": {"number": "decisions.FIGURE", "answer": "'confirm'"},
    "easing/reviews/<str:code>/": {"answer": "'yes'"},
}
"""What is sent, in words of the world; elsewhere an answer, which no form is content with."""

OTHERWISE = {
    # What a claim and a waiver have sealed is shown at once.
    ("claims/mine/<str:number>/open/", "member", "post"): 200,
    ("easing/waivers/<str:number>/", "tessa", "post"): 200,
    ("easing/waivers/<str:number>/", "aisha", "post"): 200,
    # What waits for a second officer is theirs alone; members read what was decided.
    ("decisions/<str:number>/", "member", "get"): 404,
    ("decisions/<str:number>/", "other", "get"): 404,
    # A run is for whoever started it, and for officers.
    ("runs/<uuid:run_id>/", "greta", "get"): 404,
    ("runs/<uuid:run_id>/", "member", "get"): 404,
    ("runs/<uuid:run_id>/", "other", "get"): 404,
    # The file itself.
    ("payouts/files/<str:number>/", "tessa", "post"): 200,
    # She sits in no circle, bills nobody, has no statement for that month.
    ("circles/mine/", "other", "get"): 302,
    ("invoices/new/", "other", "get"): 302,
    ("invoices/new/", "other", "post"): 302,
    ("statements/<str:label>/", "greta", "get"): 302,
    ("statements/<str:label>/", "other", "get"): 302,
    # Only who left comes back.
    ("me/come-back/", "member", "get"): 302,
    ("me/come-back/", "other", "get"): 302,
    # First she sets up a second factor.
    ("me/payout-account/", "greta", "get"): 302,
    ("me/payout-account/", "greta", "post"): 302,
    ("me/payout-account/", "other", "get"): 302,
    ("me/payout-account/", "other", "post"): 302,
    # The page again, and on it why not.
    ("me/leave/", "member", "post"): 200,
    ("barter/give/", "member", "post"): 200,
    ("barter/give/", "other", "post"): 200,
}
"""Answers that the row does not tell, with the reason."""


def examples():
    """One example of each of our routes, and its row."""
    found = {}
    for example in (*(one for some in pages.ABOUT.values() for one in some), *pages.openings()):
        if example.route in ROWS:
            found.setdefault(example.route, example)
    return [(example, Row.read(ROWS[route])) for route, example in found.items()]


def named(who, example):
    """Whom of the cast a word of PEOPLE means here."""
    members = ("ada", "bea", "eva", "ines", "juror")
    member = example.who if example.who in members else "ada"
    if who == "member":
        return member
    if who == "other":
        return "eva" if member in ("ada", "bea") else "ada"
    return who


def said(row, who, method):
    """The answer that a row promises."""
    letter = OFFICERS.get(who, "M" if who in ("member", "other") else "")
    if row.policy != "anyone" and not who:
        return 302  # to sign in
    if set(row.policy) <= set(LETTERS) and letter not in set(row.policy):
        return 404
    if method in NEVER or (method == "get" and row.takes == "step") or (method == "post" and not row.takes):
        return 405
    if (row.own and who == "other") or (row.member and who in OFFICERS):
        return 404
    if method == "get":
        return 200
    if row.senders and letter not in set(row.senders):
        return 404
    return 422 if row.takes == "form" else 302


def wrong(lived, pairs):
    """Where the answer is another one than the row's."""
    found = []
    for example, row in pairs:
        path = example.path(lived.where)
        sent = SENT.get(example.route, {"answer": "'confirm'"})
        body = {name: pages.meant(lived.where, value) for name, value in sent.items()}
        for who, method in itertools.product(PEOPLE, ("get", "post")):
            promised = OTHERWISE.get((example.route, who, method)) or said(row, who, method)
            with undone():
                answer = lived.ask(named(who, example), method, path, body if method == "post" else None)
            shut_out = answer.status_code == 302 and answer["Location"].startswith(("/accounts/login/", "/second-"))
            if answer.status_code != promised or shut_out != (not who and row.policy != "anyone"):
                found.append((example.route, who, method, answer.status_code, promised))
    return found


def taken(lived, example, row):
    """Where a method that no route takes is answered otherwise than by refusing it; asked of the view itself."""
    path, found = example.path(lived.where), []
    view = resolve(path.partition("?")[0])
    for who, method in itertools.product(PEOPLE, NEVER):
        request = getattr(RequestFactory(), method)(path)
        request.user = lived.users[named(who, example)]
        try:
            status = view.func(request, *view.args, **view.kwargs).status_code
        except Http404:
            status = 404
        probe = (example.route, method) == ("health/", "head")  # what watches the house asks no more than that
        if status != (200 if probe else said(row, who, method)):
            found.append((example.route, who, method, status))
    return found


@pytest.fixture(autouse=True)
def quick(lived, monkeypatch):
    """What is no part of the answer is left out: who a session is (asked thousands of times), pages, paper, the log."""
    known = {lived.cookies[who]: user for who, user in lived.users.items() if who}
    monkeypatch.setattr(
        "django.contrib.auth.middleware.get_user",
        lambda request: known.get(request.session.session_key) or AnonymousUser(),
    )
    monkeypatch.setattr("django.template.backends.django.Template.render", lambda self, *about: "")
    monkeypatch.setattr("mutual.documents.documents.print_markup", lambda *about, **more: Printed(b"%PDF-", 1, 0.0, 0))
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


class TestEveryRoute:
    def test_answers_everybody_as_its_row_says(self, lived):
        pairs = examples()
        assert {example.route for example, _row in pairs} == set(ROWS)
        assert not wrong(lived, pairs)
        told = {(example.route, who, method) for example, _row in pairs for who in PEOPLE for method in ("get", "post")}
        assert set(OTHERWISE) <= told

    def test_takes_no_other_method(self, lived):
        assert not [fault for example, row in examples() for fault in taken(lived, example, row)]

    def test_would_be_found_out_if_it_forgot_whose_a_thing_is(self, lived, monkeypatch):
        """A negative control; that of a role that is forgotten stands beside the table."""
        pairs = [(example, row) for example, row in examples() if example.route == "invoices/<int:invoice_id>/"]
        assert not wrong(lived, pairs)
        monkeypatch.setattr("invoicing.views._invoice", lambda request, invoice_id: Invoice.objects.get(pk=invoice_id))
        assert wrong(lived, pairs) == [("invoices/<int:invoice_id>/", "other", "get", 200, 404)]
        monkeypatch.setattr(lived.users["tessa"], "roles", frozenset(Role))
        assert ("invoices/<int:invoice_id>/", "tessa", "post", 405, 404) in wrong(lived, pairs)

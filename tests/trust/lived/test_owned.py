"""R-F2: what is one member's own does not exist for another one, by any address, on any page, in any file.

The kinds of things come from the tables: one that belongs to somebody has a row in ``OWNED`` or a reason in
``NO_ADDRESS``. That nothing of them stands on pages that everybody has, marks in their columns of words show.
"""

from __future__ import annotations

import itertools

import pytest
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.db import models

from invoicing.barter.models import Trade
from members import payout
from mutual.access import policy_of
from mutual.mail.models import Letter
from tests.browser import pages
from tests.trust.lived.conftest import undone
from tests.trust.test_export import MARKED, ON, WAYS, overwrite
from tests.trust.test_routes import ROWS, TABLE, Row, routes

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("lived")]

OWNERS = {"owner", "owner_id", "reader", "made_by", "started_by"}
"""Columns that know an owner by a plain number."""

OWNED = {
    "appeals.Appeal": ("appeals/<str:number>/", "appeals/<str:number>/withdraw/"),
    "appeals.Juror": ("appeals/juries/<str:number>/",),
    "barter.Listing": ("barter/listings/<int:listing_id>/close/", "barter/listings/<int:listing_id>/renew/"),
    "barter.Trade": ("barter/trades/<str:number>/", "barter/trades/<str:number>/<slug:step>/"),
    "circles.Seat": ("circles/mine/level/",),
    "claims.Certificate": ("claims/mine/<str:number>/certificate/",),
    "claims.Claim": (
        "claims/mine/<str:number>/", "claims/mine/<str:number>/finish/", "claims/mine/<str:number>/withdraw/",
        "appeals/begin/<str:number>/",
    ),
    "claims.Evidence": ("claims/mine/<str:number>/files/", "claims/mine/<str:number>/open/"),
    "invoicing.Client": ("clients/<int:client_id>/",),
    "invoicing.Invoice": (
        "invoices/<int:invoice_id>/", "invoices/<int:invoice_id>/edit/", "invoices/<int:invoice_id>/pdf/",
        "invoices/<int:invoice_id>/<slug:step>/",
    ),
    "invoicing.Receipt": ("invoices/receipts/<int:receipt_id>/undo/",),
    "members.ImportDraft": ("members/import/<uuid:draft_id>/",),
    "mfa.Authenticator": (
        "accounts/2fa/webauthn/keys/<int:pk>/edit/", "accounts/2fa/webauthn/keys/<int:pk>/remove/",
    ),
    "pooling.Payment": ("me/dues/receipts/<str:number>/",),
    "pooling.PlanMember": ("me/band/",),
}  # fmt: skip
"""Where its owner reads, changes or removes a thing."""

OWN_PAGE = "its owner's own pages show it, which take no argument"
WITH_IT = "read and changed with the thing it is a part of"
OFFICE = "only officers have an address of it, which the table of routes keeps for them"
NO_ADDRESS = {
    "account.EmailAddress": OWN_PAGE,
    "account.EmailConfirmation": "opened by the key in a letter only",
    "barter.LimitChange": OFFICE,
    "benefits.Cover": OFFICE,
    "buffers.Returned": OWN_PAGE,
    "circles.Carried": OWN_PAGE,
    "circles.Gift": OWN_PAGE,
    "claims.Instalment": WITH_IT,
    "claims.Sample": OFFICE,
    "documents.Document": "its owner opens it by what it is about: the month, the invoice, the payment",
    "dunning.Agreement": OFFICE,
    "dunning.Covered": WITH_IT,
    "dunning.Part": WITH_IT,
    "dunning.Reminder": OWN_PAGE,
    "easing.Check": "a claims officer opens it by its code; it is the answer to nobody's name",
    "easing.Waiver": OFFICE,
    "easing.WorkCredit": OFFICE,
    "governance.Decision": "everybody's own: open to all once it is decided",
    "invoicing.Issuer": OWN_PAGE,
    "invoicing.Line": WITH_IT,
    "invoicing.Series": OWN_PAGE,
    "jobs.Run": "for whoever started it and for officers: the table of routes says so",
    "ledger.Account": OFFICE,
    "ledger.Book": "a member's book leaves as a file of her own, by an address without a number",
    "mail.Letter": "leaves by mail; the page exists only where there is no mail server",
    "mail.Muted": OWN_PAGE,
    "members.Member": OFFICE,
    "members.PastMembership": OFFICE,
    "members.PayoutAccount": OWN_PAGE,
    "members.RoleGrant": OFFICE,
    "members.User": OFFICE,
    "payouts.BankFile": OFFICE,
    "payouts.MadeUp": OFFICE,
    "payouts.PayRun": OFFICE,
    "payouts.Payout": OFFICE,
    "pooling.Charge": OWN_PAGE,
    "pooling.Credit": WITH_IT,
    "pooling.DuesAccounts": "links only",
    "pooling.Placement": WITH_IT,
    "surplus.Patronage": OWN_PAGE,
    "surplus.ReliefPart": WITH_IT,
    "trail.Deed": OFFICE,
    "usersessions.UserSession": OWN_PAGE,
}
"""What belongs to somebody and cannot be named in an address by a member, and why."""

SAID_TO_ALL = {"barter.Listing.text", "barter.Listing.title", "members.Member.name"}
"""Columns that the market shows to every member."""

UNMARKED = {
    label for label, (_model, field) in MARKED.items()
    if isinstance(field, models.JSONField) or field.name in ("currency", "period")
}  # fmt: skip
"""Columns that the pages read as something else than words."""


def owned():
    """Every kind of thing that belongs to somebody, near or far."""
    by_number = {
        model
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.name in OWNERS and isinstance(field, models.IntegerField)
    }
    return {model._meta.label for model in {*WAYS, *by_number}}


def own_routes():
    """The routes that are about one person's thing."""
    return {route for route, text in ROWS.items() if Row.read(text).own}


def example(route):
    """Whose thing an address is about."""
    return pages.ABOUT[route][0]


def strangers(route, owner):
    """Who may open the like, but not this one: one who has nothing, and one who has the like herself."""
    if TABLE.get(route) == "X":
        return ["alois"]
    here = {"barter/trades": ["eva"], "appeals/juries": ["ada"], "accounts/2fa": ["ada", "eva"]}
    for beginning, people in here.items():
        if route.startswith(beginning):
            return people
    return [who for who in ("eva", "bea") if who != owner] if "<" in route else ["greta"]


def leaks(lived):
    """Where a stranger is answered otherwise than that there is no such thing."""
    found = []
    for route in itertools.chain.from_iterable(OWNED.values()):
        about = example(route)
        path = about.path(lived.where)
        row = Row.read(ROWS[route]) if route in ROWS else Row("signed in", False, True, "form", "")
        methods = [method for method, there in (("get", row.takes != "step"), ("post", row.takes)) if there]
        for who, method in itertools.product(strangers(route, about.who), methods):
            with undone():
                status = lived.ask(who, method, path, {"answer": "confirm"} if method == "post" else None).status_code
            if status != 404:
                found.append((route, who, method, status))
    return found


def mark(label, model, field, member):
    """Write a mark of its own into a column of words of her newest row, behind every guard; what it is."""
    said = f"Zq{list(MARKED).index(label)}q"
    value = f"{said.lower()}@example.org" if isinstance(field, models.EmailField) else said
    hers = {Letter: {"to": member.email}, Trade: {"provider": member}}.get(model) or {WAYS[model]: member.pk}
    overwrite(field, model.objects.filter(**hers).latest("pk"), value)
    return value


def shown(lived, who, marks):
    """The labels of the marks that stand on the pages, and in the lists to take away, that every member can open."""
    found = set()
    for route, view in routes():
        if policy_of(view) is None or "<" in route or not ({"M", "signed in"} & {TABLE[route], *TABLE[route]}):
            continue
        text = said(lived, who, f"/{route}?format=csv")  # a page without a list is not changed by the question
        if "<html" not in text:
            text += said(lived, who, f"/{route}")
        found |= {label for label, value in marks.items() if value in text}
    return found


def said(lived, who, path):
    """All that is answered."""
    with undone():
        answer = lived.ask(who, "get", path)
        return (b"".join(answer) if answer.streaming else answer.content).decode()


class TestOwned:
    def test_has_a_row_or_a_reason_for_every_table_with_an_owner(self):
        assert OWNED.keys() | NO_ADDRESS.keys() == owned()
        assert not OWNED.keys() & NO_ADDRESS.keys()

    def test_has_a_kind_of_thing_for_every_route_about_one(self):
        listed = set(itertools.chain.from_iterable(OWNED.values()))
        assert own_routes() == listed & ROWS.keys()
        assert listed <= dict(routes()).keys()

    def test_does_not_exist_for_another_member(self, lived):
        assert leaks(lived) == []

    def test_would_be_found_out_if_it_did(self, lived, monkeypatch):
        """A negative control: a client is looked up without asking whose she is."""
        from invoicing import views
        from invoicing.models import Client

        really = views.get_object_or_404
        monkeypatch.setattr(
            views, "get_object_or_404",
            lambda kind, **by: really(kind, pk=by["pk"]) if kind is Client else really(kind, **by),
        )  # fmt: skip
        assert {route for route, *_ in leaks(lived)} == {"clients/<int:client_id>/"}


class TestWorlds:
    def test_never_meet(self, lived):
        """Every column of words of Ada's rows is marked; Eva finds none of it, and Ada most of it."""
        ada = lived.users["ada"].member_or_none
        with undone():
            payout.name_account(
                member_id=ada.pk, iban="DE89370400440532013000", holder="Ada", second_factor=True, by=ada.user_id, on=ON
            )
            UserSession.objects.create(user=ada.user, ip="192.0.2.9", session_key="hidden", user_agent="Browser")
            marks = {
                label: mark(label, model, field, ada)
                for label, (model, field) in MARKED.items() if label not in UNMARKED
            }  # fmt: skip
            assert shown(lived, "eva", marks) == SAID_TO_ALL
            hers = shown(lived, "ada", marks)
        assert hers >= SAID_TO_ALL
        assert len(hers) > 20

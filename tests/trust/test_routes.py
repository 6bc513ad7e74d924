"""R-F1: the table of who may open what. A route without a row fails, and so does a row without a route.

M member, T treasurer, C claims officer, A auditor, X administrator. Objects of other people are 404 beyond that: each
room's own tests say so. Library routes (signing in) bring their own checks and are listed by their beginnings.
"""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.urls import URLPattern, URLResolver, get_resolver

from mutual.access import LIBRARY_VIEWS, PolicyMiddleware, Role, policy_of
from tests.conftest import make_member, make_officer

pytestmark = pytest.mark.django_db

LETTERS = {"M": Role.MEMBER, "T": Role.TREASURER, "C": Role.CLAIMS_OFFICER, "A": Role.AUDITOR, "X": Role.ADMINISTRATOR}

TABLE = {
    "": "signed in",
    "appeals/<str:number>/": "M",
    "appeals/<str:number>/withdraw/": "M",
    "appeals/begin/<str:number>/": "M",
    "appeals/juries/": "M",
    "appeals/juries/<str:number>/": "M",
    "apply/": "anyone",
    "apply/sent/": "anyone",
    "arrears/": "TAX",
    "barter/": "M",
    "barter/give/": "M",
    "barter/limits/<str:number>/<slug:unit>/": "TX",
    "barter/listings/<int:listing_id>/": "M",
    "barter/listings/<int:listing_id>/close/": "M",
    "barter/listings/<int:listing_id>/renew/": "M",
    "barter/listings/new/": "M",
    "barter/open-book/": "MTAX",
    "barter/trades/": "M",
    "barter/trades/<str:number>/": "M",
    "barter/trades/<str:number>/<slug:step>/": "M",
    "barter/trades/new/": "M",
    "books/": "TAX",
    "books/accounts/": "TAX",
    "books/accounts/<account:account_id>/": "TAX",
    "books/checks/": "TAX",
    "books/entries/<book:book>/<uuid:entry_id>/": "TAX",
    "books/sheets/": "TAX",
    "books/trial-balance/": "TAX",
    "buffers/": "TAX",
    "buffers/<slug:slug>/return/": "TX",
    "buffers/<slug:slug>/rule/": "TX",
    "circles/": "MTCAX",
    "circles/<slug:slug>/": "MTCAX",
    "circles/<slug:slug>/close/": "TX",
    "circles/<slug:slug>/join/": "M",
    "circles/<slug:slug>/open/": "X",
    "circles/decisions/<str:number>/": "TX",
    "circles/give/": "TX",
    "circles/mine/": "M",
    "circles/mine/leave/": "M",
    "circles/mine/level/": "M",
    "circles/new/": "X",
    "circles/terms/new/": "TX",
    "claims/": "TC",
    "claims/<str:number>/": "C",
    "claims/<str:number>/open/": "C",
    "claims/certificates/<int:certificate_id>/<slug:step>/": "C",
    "claims/mine/": "M",
    "claims/mine/<str:number>/": "M",
    "claims/mine/<str:number>/certificate/": "M",
    "claims/mine/<str:number>/files/": "M",
    "claims/mine/<str:number>/finish/": "M",
    "claims/mine/<str:number>/open/": "M",
    "claims/mine/<str:number>/withdraw/": "M",
    "claims/new/": "M",
    "claims/open/": "MTCAX",
    "claims/rules/": "TCAX",
    "claims/rules/change/": "CX",
    "claims/samples/<int:sample_id>/": "C",
    "clients/": "M",
    "clients/<int:client_id>/": "M",
    "clients/new/": "M",
    "decisions/": "MTCAX",
    "decisions/<str:number>/": "MTCAX",
    "decisions/figures/": "MTCAX",
    "decisions/figures/<str:name>/": "TCX",
    "dues/": "TAX",
    "dues/members/": "TX",
    "dues/members/<str:number>/": "TAX",
    "dues/plans/<slug:slug>/": "TX",
    "dues/plans/<slug:slug>/once/": "TX",
    "dues/plans/new/": "TX",
    "dunning/": "TAX",
    "dunning/agreements/": "TAX",
    "dunning/agreements/<str:number>/": "TAX",
    "dunning/agreements/<str:number>/end/": "TX",
    "dunning/agreements/new/": "TX",
    "dunning/limitation/": "TAX",
    "dunning/limitation/<int:pk>/checked/": "TX",
    "dunning/limitation/new/": "TX",
    "dunning/run/": "TX",
    "dunning/steps/<int:place>/": "TX",
    "easing/": "TAX",
    "easing/draws/new/": "TX",
    "easing/reviews/": "C",
    "easing/reviews/<str:code>/": "C",
    "easing/waivers/<str:number>/": "TX",
    "easing/waivers/<str:number>/end/": "TX",
    "easing/waivers/new/": "TX",
    "easing/work/new/": "TX",
    "funds/": "MTCAX",
    "funds/<slug:slug>/": "MTCAX",
    "funds/<slug:slug>/change/": "TX",
    "funds/<slug:slug>/covers/": "TX",
    "funds/<slug:slug>/rules/": "MTCAX",
    "funds/<slug:slug>/rules/propose/": "TX",
    "funds/found/": "TX",
    "funds/found/<slug:scheme>/": "TX",
    "founding/<str:number>/": "TX",
    "funds/new/": "TX",
    "health/": "anyone",
    "invoices/": "M",
    "invoices/<int:invoice_id>/": "M",
    "invoices/<int:invoice_id>/<slug:step>/": "M",
    "invoices/<int:invoice_id>/edit/": "M",
    "invoices/<int:invoice_id>/pdf/": "M",
    "invoices/book/<slug:kind>/": "M",
    "invoices/new/": "M",
    "invoices/receipts/<int:receipt_id>/undo/": "M",
    "invoices/settings/": "M",
    "language/setlang/": "anyone",
    "log/": "TAX",
    "me/": "signed in",
    "me/band/": "M",
    "me/buffers/": "M",
    "me/come-back/": "signed in",
    "me/data/": "signed in",
    "me/dues/": "M",
    "me/dues/receipts/<str:number>/": "M",
    "me/leave/": "signed in",
    "me/letters/": "signed in",
    "me/payout-account/": "signed in",
    "members/": "TAX",
    "members/<str:number>/": "TAX",
    "members/<str:number>/<slug:step>/": "X",
    "members/<str:number>/edit/": "X",
    "members/import/": "X",
    "members/import/<uuid:draft_id>/": "X",
    "members/roles/": "X",
    "members/users/<int:user_id>/<slug:step>/": "X",
    "members/roles/<int:grant_id>/<slug:step>/": "X",
    "outbox/": "anyone",
    "outbox/<int:letter_id>/": "anyone",
    "outbox/files/<int:attachment_id>/": "anyone",
    "payouts/": "MTCAX",
    "payouts/decisions/": "TAX",
    "payouts/decisions/<str:number>/": "TAX",
    "payouts/decisions/new/<slug:kind>/": "TX",
    "payouts/files/<str:number>/": "T",
    "payouts/loans/": "MTCAX",
    "payouts/loans/<str:number>/repay/": "T",
    "payouts/preview/<slug:slug>/": "T",
    "payouts/runs/<str:number>/file/": "TAX",
    "payouts/runs/<str:number>/": "TAX",
    "outlook/": "MTCAX",
    "outlook/<str:label>/": "MTCAX",
    "payments/": "TAX",
    "payments/<str:number>/": "TAX",
    "payments/<str:number>/correct/": "TX",
    "payments/<str:number>/place/": "TX",
    "payments/<str:number>/receipt/": "TAX",
    "payments/<str:number>/withdraw/": "TX",
    "payments/new/": "TX",
    "if-i-fell-ill/": "M",
    "rules/<str:number>/": "TCAX",
    "runs/": "TAX",
    "runs/jobs/again/": "TX",
    "runs/jobs/<int:job_id>/again/": "TX",
    "runs/<uuid:run_id>/": "signed in",
    "second-factor/": "signed in",
    "solvency/": "TCAX",
    "solvency/<slug:slug>/": "MTCAX",
    "solvency/<slug:slug>/answer/": "MTCAX",
    "solvency/simulate/": "TX",
    "statements/": "signed in",
    "statements/<str:label>/": "signed in",
    "statements/<str:number>/<str:label>/": "TAX",
    "statements/everybody/": "TX",
    "surplus/": "MTCAX",
    "surplus/<str:label>/pay/": "T",
    "surplus/<str:label>/share/": "TX",
    "surplus/mine/": "M",
    "surplus/redeem/": "T",
    "surplus/<str:label>/": "MTCAX",
    "surplus/<str:label>/close/": "TX",
    "surplus/allocate/": "TX",
    "surplus/decisions/<str:number>/": "TX",
    "surplus/relieve/": "TX",
    "theme/": "anyone",
    "treasury/banks/": "TAX",
    "treasury/banks/<slug:slug>/": "TAX",
    "treasury/banks/move/": "TX",
    "treasury/banks/new/": "TX",
    "treasury/banks/says/": "TX",
    "treasury/corrections/": "TAX",
    "treasury/corrections/<str:number>/": "TAX",
    "treasury/corrections/barred/": "TX",
    "treasury/corrections/opening/": "TX",
    "treasury/corrections/refund/": "TX",
    "treasury/corrections/reopening/": "TX",
    "treasury/corrections/reversal/": "TX",
    "treasury/corrections/write-off/": "TX",
    "treasury/items/": "TAX",
    "treasury/items/<str:number>/": "TAX",
    "treasury/items/categories/new/": "TX",
    "treasury/items/new/": "TX",
    "treasury/months/": "TAX",
    "vat/": "M",
}


def routes(resolver=None, before=""):
    for entry in (resolver or get_resolver()).url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, route)
        elif isinstance(entry, URLPattern):
            yield route, entry.callback


def said(view):
    allowed, signed_in = policy_of(view)
    letters = "".join(letter for letter, role in LETTERS.items() if role in allowed)
    return letters or ("signed in" if signed_in else "anyone")


def person(who):
    """Somebody with a role; officers with their second factor."""
    who = Role(who)
    if who == Role.MEMBER:
        return make_member("Ada Byron").user
    user = make_officer(who, who.value.title().replace("_", ""))
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return user


class TestTable:
    def test_has_a_row_for_every_route_and_a_route_for_every_row(self):
        ours = {route: said(view) for route, view in routes() if policy_of(view) is not None}
        assert ours == TABLE

    def test_leaves_out_only_library_views(self):
        for route, view in routes():
            if policy_of(view) is None:
                assert view.__module__.startswith(LIBRARY_VIEWS), route

    def test_would_notice_a_policy_that_changed_and_a_view_without_one(self, monkeypatch, rf):
        """Both negative controls of R-F1: nothing passes that does not say whom it is for."""
        view = next(view for route, view in routes() if route == "dues/")
        monkeypatch.setattr(view, "policy", (frozenset(Role), True))
        with pytest.raises(AssertionError):
            self.test_has_a_row_for_every_route_and_a_route_for_every_row()
        monkeypatch.delattr(view, "policy")
        with pytest.raises(AssertionError):
            self.test_leaves_out_only_library_views()
        with pytest.raises(PermissionDenied):
            PolicyMiddleware(lambda request: None).process_view(rf.get("/dues/"), view, (), {})

    @pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
    @pytest.mark.parametrize("who", [None, *Role])
    def test_holds_for_every_plain_route(self, client, who, method):
        if who is not None:
            client.force_login(person(who))
        for route, allowed in TABLE.items():
            if "<" in route or allowed == "anyone":
                continue
            answer = getattr(client, method)("/" + route)
            if who is None:
                assert answer.status_code == 302, route
                assert answer["Location"].startswith("/accounts/login/"), route
            elif allowed != "signed in" and who not in {LETTERS[letter] for letter in allowed}:
                assert answer.status_code == 404, (route, answer.status_code)
            else:
                assert answer.status_code < 500, (route, answer.status_code)

    def test_sends_officers_without_a_second_factor_to_set_one_up(self, client):
        client.force_login(make_officer(Role.TREASURER, "Tessa"))
        assert client.get("/dues/")["Location"] == "/second-factor/"


class TestRights:
    def test_are_gone_at_the_next_request_when_a_role_ends(self, client):
        """R-F5."""
        user = person(Role.TREASURER)
        client.force_login(user)
        assert client.get("/dues/").status_code == 200
        user.grants.update(ended_on="2026-11-01")
        assert client.get("/dues/").status_code == 404

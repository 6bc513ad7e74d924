"""R-F1: the table of who may open what, and send what. A route without a row fails, and so does a row without a route.

M member, T treasurer, C claims officer, A auditor, X administrator. Library routes (signing in) bring their own checks
and are listed by their beginnings. ``lived/test_every_route.py`` asks every route for what its row says.
"""

from __future__ import annotations

import dataclasses

import pytest
from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.urls import URLPattern, URLResolver, get_resolver

from mutual.access import LIBRARY_VIEWS, PolicyMiddleware, Role, policy_of
from tests.conftest import make_member, make_officer

pytestmark = pytest.mark.django_db

LETTERS = {"M": Role.MEMBER, "T": Role.TREASURER, "C": Role.CLAIMS_OFFICER, "A": Role.AUDITOR, "X": Role.ADMINISTRATOR}

ROWS = {
    "": "signed in",
    "appeals/<str:number>/": "M own form",
    "appeals/<str:number>/withdraw/": "M own step",
    "appeals/begin/<str:number>/": "M own step",
    "appeals/juries/": "M",
    "appeals/juries/<str:number>/": "M own form",
    "apply/": "anyone form",
    "apply/sent/": "anyone",
    "arrears/": "TAX",
    "barter/": "M",
    "barter/give/": "M answered",
    "barter/limits/<str:number>/<slug:unit>/": "TX form",
    "barter/listings/<int:listing_id>/": "M",
    "barter/listings/<int:listing_id>/close/": "M own step",
    "barter/listings/<int:listing_id>/renew/": "M own step",
    "barter/listings/new/": "M form",
    "barter/open-book/": "MTAX",
    "barter/trades/": "M",
    "barter/trades/<str:number>/": "M own",
    "barter/trades/<str:number>/<slug:step>/": "M own step",
    "barter/trades/new/": "M form",
    "books/": "TAX",
    "books/accounts/": "TAX",
    "books/accounts/<account:account_id>/": "TAX",
    "books/checks/": "TAX",
    "books/entries/<book:book>/<uuid:entry_id>/": "TAX",
    "books/sheets/": "TAX",
    "books/trial-balance/": "TAX",
    "buffers/": "TAX",
    "buffers/<slug:slug>/return/": "TX step",
    "buffers/<slug:slug>/rule/": "TX form",
    "circles/": "MTCAX",
    "circles/<slug:slug>/": "MTCAX",
    "circles/<slug:slug>/close/": "TX form",
    "circles/<slug:slug>/join/": "M form",
    "circles/<slug:slug>/open/": "X step",
    "circles/decisions/<str:number>/": "TX step",
    "circles/give/": "TX step",
    "circles/mine/": "M answered",
    "circles/mine/leave/": "M step",
    "circles/mine/level/": "M own form",
    "circles/new/": "X form",
    "circles/terms/new/": "TX form",
    "claims/": "TC",
    "claims/<str:number>/": "C answered",
    "claims/<str:number>/open/": "C step",
    "claims/certificates/<int:certificate_id>/<slug:step>/": "C step",
    "claims/mine/": "M",
    "claims/mine/<str:number>/": "M own",
    "claims/mine/<str:number>/certificate/": "M own form",
    "claims/mine/<str:number>/files/": "M own form",
    "claims/mine/<str:number>/finish/": "M own form",
    "claims/mine/<str:number>/open/": "M own step",
    "claims/mine/<str:number>/withdraw/": "M own step",
    "claims/new/": "M form",
    "claims/open/": "MTCAX",
    "claims/rules/": "TCAX answered CX",
    "claims/rules/change/": "CX form",
    "claims/samples/<int:sample_id>/": "C form",
    "clients/": "M",
    "clients/<int:client_id>/": "M own form",
    "clients/new/": "M form",
    "decisions/": "MTCAX",
    "decisions/<str:number>/": "MTCAX",
    "decisions/figures/": "MTCAX answered TCX",
    "decisions/figures/<str:name>/": "TCX form",
    "dues/": "TAX form TX",
    "dues/members/": "TX form",
    "dues/members/<str:number>/": "TAX",
    "dues/plans/<slug:slug>/": "TX form",
    "dues/plans/<slug:slug>/once/": "TX form",
    "dues/plans/new/": "TX form",
    "dunning/": "TAX",
    "dunning/agreements/": "TAX",
    "dunning/agreements/<str:number>/": "TAX",
    "dunning/agreements/<str:number>/end/": "TX step",
    "dunning/agreements/new/": "TX form",
    "dunning/limitation/": "TAX",
    "dunning/limitation/<int:pk>/checked/": "TX step",
    "dunning/limitation/new/": "TX form",
    "dunning/run/": "TX step",
    "dunning/steps/<int:place>/": "TX form",
    "easing/": "TAX",
    "easing/draws/new/": "TX form",
    "easing/reviews/": "C",
    "easing/reviews/<str:code>/": "C step",
    "easing/waivers/<str:number>/": "TX answered",
    "easing/waivers/<str:number>/end/": "TX form",
    "easing/waivers/new/": "TX form",
    "easing/work/new/": "TX form",
    "funds/": "MTCAX",
    "funds/<slug:slug>/": "MTCAX",
    "funds/<slug:slug>/change/": "TX form",
    "funds/<slug:slug>/covers/": "TX form",
    "funds/<slug:slug>/rules/": "MTCAX",
    "funds/<slug:slug>/rules/propose/": "TX form",
    "funds/found/": "TX form",
    "funds/found/<slug:scheme>/": "TX form",
    "founding/<str:number>/": "TX answered",
    "funds/new/": "TX form",
    "health/": "anyone",
    "invoices/": "M",
    "invoices/<int:invoice_id>/": "M own",
    "invoices/<int:invoice_id>/<slug:step>/": "M own step",
    "invoices/<int:invoice_id>/edit/": "M own form",
    "invoices/<int:invoice_id>/pdf/": "M own",
    "invoices/book/<slug:kind>/": "M",
    "invoices/new/": "M form",
    "invoices/receipts/<int:receipt_id>/undo/": "M own step",
    "invoices/settings/": "M form",
    "language/setlang/": "anyone step",
    "log/": "TAX",
    "me/": "signed in member form",
    "me/band/": "M own form",
    "me/buffers/": "M",
    "me/come-back/": "signed in member answered",
    "me/data/": "signed in member",
    "me/dues/": "M",
    "me/dues/receipts/<str:number>/": "M own",
    "me/leave/": "signed in member answered",
    "me/letters/": "signed in answered",
    "me/payout-account/": "signed in member form",
    "members/": "TAX",
    "members/<str:number>/": "TAX",
    "members/<str:number>/<slug:step>/": "X step",
    "members/<str:number>/edit/": "X form",
    "members/import/": "X form",
    "members/import/<uuid:draft_id>/": "X own answered",
    "members/roles/": "X form",
    "members/users/<int:user_id>/<slug:step>/": "X step",
    "members/roles/<int:grant_id>/<slug:step>/": "X step",
    "outbox/": "anyone",
    "outbox/<int:letter_id>/": "anyone",
    "outbox/files/<int:attachment_id>/": "anyone",
    "payouts/": "MTCAX",
    "payouts/decisions/": "TAX",
    "payouts/decisions/<str:number>/": "TAX answered TX",
    "payouts/decisions/new/<slug:kind>/": "TX form",
    "payouts/files/<str:number>/": "T step",
    "payouts/loans/": "MTCAX",
    "payouts/loans/<str:number>/repay/": "T form",
    "payouts/preview/<slug:slug>/": "T form",
    "payouts/runs/<str:number>/file/": "TAX answered T",
    "payouts/runs/<str:number>/": "TAX answered T",
    "outlook/": "MTCAX",
    "outlook/<str:label>/": "MTCAX",
    "payments/": "TAX",
    "payments/<str:number>/": "TAX",
    "payments/<str:number>/correct/": "TX form",
    "payments/<str:number>/place/": "TX step",
    "payments/<str:number>/receipt/": "TAX",
    "payments/<str:number>/withdraw/": "TX step",
    "payments/new/": "TX form",
    "if-i-fell-ill/": "M",
    "rules/<str:number>/": "TCAX answered TX",
    "runs/": "TAX",
    "runs/jobs/again/": "TX step",
    "runs/jobs/<int:job_id>/again/": "TX step",
    "runs/<uuid:run_id>/": "signed in",
    "second-factor/": "signed in",
    "solvency/": "TCAX",
    "solvency/<slug:slug>/": "MTCAX",
    "solvency/<slug:slug>/answer/": "MTCAX",
    "solvency/simulate/": "TX step",
    "statements/": "signed in member",
    "statements/<str:label>/": "signed in member",
    "statements/<str:number>/<str:label>/": "TAX",
    "statements/everybody/": "TX form",
    "surplus/": "MTCAX",
    "surplus/<str:label>/pay/": "T form",
    "surplus/<str:label>/share/": "TX form",
    "surplus/mine/": "M",
    "surplus/redeem/": "T form",
    "surplus/<str:label>/": "MTCAX",
    "surplus/<str:label>/close/": "TX form",
    "surplus/allocate/": "TX form",
    "surplus/decisions/<str:number>/": "TX step",
    "surplus/relieve/": "TX form",
    "theme/": "anyone step",
    "treasury/banks/": "TAX",
    "treasury/banks/<slug:slug>/": "TAX",
    "treasury/banks/move/": "TX form",
    "treasury/banks/new/": "TX form",
    "treasury/banks/says/": "TX form",
    "treasury/corrections/": "TAX",
    "treasury/corrections/<str:number>/": "TAX answered TX",
    "treasury/corrections/barred/": "TX form",
    "treasury/corrections/opening/": "TX form",
    "treasury/corrections/refund/": "TX form",
    "treasury/corrections/reopening/": "TX form",
    "treasury/corrections/reversal/": "TX form",
    "treasury/corrections/write-off/": "TX form",
    "treasury/items/": "TAX",
    "treasury/items/<str:number>/": "TAX",
    "treasury/items/categories/new/": "TX form",
    "treasury/items/new/": "TX form",
    "treasury/months/": "TAX form TX",
    "vat/": "M",
}
"""By route: who may open it; then, where it holds,

- ``member``: there is such a page for whoever is or was a member only;
- ``own``: it is about one person's thing, and to every other one who may open the like there is no such thing;
- ``form``: it also takes what the page asks for, and shows the page again where something is missing;
- ``answered``: it also takes an answer to what the page shows, and leads back to it;
- ``step``: it takes an answer and cannot be opened;

and who may send something, where not everybody may who may open it.
"""


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the table, taken apart."""

    policy: str
    member: bool
    own: bool
    takes: str
    senders: str

    @classmethod
    def read(cls, text: str) -> Row:
        """What a row says."""
        policy, *rest = text.replace("signed in", "signed-in").split()
        takes, senders, *none = [word for word in rest if word not in ("member", "own")] + ["", ""]
        assert takes in ("", "form", "answered", "step"), text
        assert not any(none), text
        return cls(policy.replace("-", " "), "member" in rest, "own" in rest, takes, senders)


TABLE = {route: Row.read(text).policy for route, text in ROWS.items()}
"""Who may open what, or send where nothing is opened."""


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

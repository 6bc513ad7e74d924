"""Every address that can be opened, and by whom: derived from the URLconf, so that a new route cannot be forgotten."""

from __future__ import annotations

import dataclasses
from typing import Any

from mutual.access import policy_of
from tests.trust.test_routes import TABLE, routes

SENT = "only sent"
"""Instead of a visit: the route takes forms and refuses to be opened."""

_FIRST = {"M": "ada", "T": "tessa", "C": "clara", "A": "anders", "X": "aisha"}


@dataclasses.dataclass(frozen=True)
class Opening:
    """One address opened by one person (nobody signed in where there is no name)."""

    who: str
    route: str
    values: tuple[str, ...] = ()
    query: str = ""

    def path(self, where: dict[str, Any]) -> str:
        """The address in this world; values are names in ``where``, or dotted ones, or in quotes as they are."""
        pieces, route = list(self.values), "/" + self.route
        while "<" in route:
            before, _mark, rest = route.partition("<")
            route = before + _value(where, pieces.pop(0)) + rest.partition(">")[2]
        name, _equal, value = self.query.partition("=")
        return route + (f"?{name}={_value(where, value)}" if name else "")


def _value(where: dict[str, Any], name: str) -> str:
    if name.startswith("'"):
        return name.strip("'")
    found: Any = where
    for piece in name.split("."):
        found = found[piece]
    return str(found)


ABOUT: dict[str, str | list[Opening]] = {
    route: [Opening(who, route, tuple(values)) for who, *values in openings] if isinstance(openings, list) else openings
    for route, openings in {
        "barter/limits/<str:number>/<slug:unit>/": [("tessa", "number", "'credit'"), ("aisha", "number", "'hour'")],
        "barter/listings/<int:listing_id>/": [("ada", "listings.Proofreading"), ("ada", "listings.A shelf")],
        "barter/listings/<int:listing_id>/close/": SENT,
        "barter/listings/<int:listing_id>/renew/": SENT,
        "barter/trades/<str:number>/": [
            ("ada", "trades.asked"), ("bea", "trades.asked"), ("ada", "trades.agreed"), ("bea", "trades.done"),
            ("ada", "trades.settled"), ("bea", "trades.undone"),
        ],
        "barter/trades/<str:number>/<slug:step>/": SENT,
        "books/accounts/<account:account_id>/": [("anders", "account_id")],
        "books/entries/<book:book>/<uuid:entry_id>/": [("anders", "'coop'", "entry_id")],
        "buffers/<slug:slug>/return/": SENT,
        "buffers/<slug:slug>/rule/": [("tessa", "fund")],
        "claims/<str:number>/": [
            ("clara", "claims.submitted"), ("clara", "claims.proposed"), ("cem", "claims.proposed"),
            ("clara", "claims.approved"), ("clara", "claims.paid"), ("clara", "claims.refused"),
        ],
        "claims/mine/<str:number>/": [
            ("ada", "claims.submitted"), ("ada", "claims.approved"), ("ada", "claims.paid"), ("ada", "claims.refused"),
            ("ada", "claims.withdrawn"), ("bea", "claims.proposed"),
        ],
        "claims/mine/<str:number>/withdraw/": SENT,
        "clients/<int:client_id>/": [("ada", "client_id")],
        "dues/members/<str:number>/": [("tessa", "bea"), ("anders", "number")],
        "dues/plans/<slug:slug>/": [("tessa", "plan")],
        "funds/<slug:slug>/": [("ada", "fund"), ("tessa", "fund"), ("ada", "'parents'")],
        "funds/<slug:slug>/change/": [("tessa", "fund")],
        "funds/found/<slug:scheme>/": [("tessa", "'broodfonds'"), ("tessa", "'colab'")],
        "invoices/<int:invoice_id>/": [
            ("ada", "invoices.draft"), ("ada", "invoices.issued"), ("ada", "invoices.part"), ("ada", "invoices.paid"),
            ("ada", "invoices.note"), ("ada", "invoices.late"),
        ],
        "invoices/<int:invoice_id>/<slug:step>/": SENT,
        "invoices/<int:invoice_id>/edit/": [("ada", "invoices.draft")],
        "invoices/<int:invoice_id>/pdf/": [("ada", "invoices.issued"), ("ada", "invoices.draft")],
        "invoices/book/<slug:kind>/": [("ada", "'csv'")],
        "invoices/receipts/<int:receipt_id>/undo/": SENT,
        "me/dues/receipts/<str:number>/": [("ada", "payments.ahead")],
        "members/<str:number>/": [("aisha", "number"), ("aisha", "applicant"), ("tessa", "number"), ("anders", "bea")],
        "members/<str:number>/<slug:step>/": SENT,
        "members/<str:number>/edit/": [("aisha", "number")],
        "members/import/<uuid:draft_id>/": [("aisha", "draft_id")],
        "members/roles/<int:grant_id>/<slug:step>/": SENT,
        "members/users/<int:user_id>/<slug:step>/": SENT,
        "outbox/<int:letter_id>/": [("", "letter_id")],
        "outbox/files/<int:attachment_id>/": [("", "attachment_id")],
        "payouts/decisions/<str:number>/": [("theo", "decisions.HARD_FLOOR"), ("anders", "decisions.FUND_LOAN")],
        "payouts/decisions/new/<slug:kind>/": [("tessa", "'loan'")],
        "payouts/loans/<str:number>/repay/": [("tessa", "loan")],
        "payouts/preview/<slug:slug>/": [("tessa", "fund")],
        "payouts/runs/<str:number>/": [("tessa", "pay_run")],
        "payouts/runs/<str:number>/file/": [("tessa", "pay_run")],
        "payouts/runs/<str:number>/file/pain001/": SENT,
        "solvency/<slug:slug>/": [("ada", "fund"), ("tessa", "fund")],
        "payments/<str:number>/": [
            ("tessa", "payments.ahead"), ("tessa", "payments.unplaced"), ("tessa", "payments.placed"),
            ("anders", "payments.corrected"), ("tessa", "payments.withdrawn"),
        ],
        "payments/<str:number>/correct/": [("tessa", "payments.ahead")],
        "payments/<str:number>/place/": SENT,
        "payments/<str:number>/receipt/": [("tessa", "payments.ahead")],
        "payments/<str:number>/withdraw/": SENT,
        "runs/jobs/<int:job_id>/again/": SENT,
        "runs/<uuid:run_id>/": [("tessa", "runs.dues"), ("tessa", "runs.statements"), ("tessa", "runs.payrun")],
        "statements/<str:label>/": [("ada", "'2026-10'")],
        "statements/<str:number>/<str:label>/": [("tessa", "number", "'2026-10'")],
        "surplus/<str:label>/": [("ada", "'2025'"), ("ada", "'2026'"), ("tessa", "'2026'")],
        "surplus/<str:label>/close/": [("tessa", "'2026'")],
        "surplus/decisions/<str:number>/": SENT,
        "treasury/banks/<slug:slug>/": [("tessa", "bank")],
        "treasury/corrections/<str:number>/": [
            ("tessa", "decisions.WRITE_OFF"), ("theo", "decisions.WRITE_OFF"), ("anders", "decisions.REVERSAL"),
            ("theo", "decisions.OPENING_BALANCE"),
        ],
        "treasury/items/<str:number>/": [("tessa", "item"), ("anders", "item")],
        # Signing in and its keys (allauth).
        "accounts/login/": [("",)],
        "accounts/logout/": [("ada",)],
        "accounts/inactive/": [("",)],
        "accounts/signup/": [("",)],
        "accounts/reauthenticate/": [("ada",)],
        "accounts/email/": [("ada",)],
        "accounts/confirm-email/": [("",)],
        "accounts/password/change/": [("ada",)],
        "accounts/password/reset/": [("",)],
        "accounts/password/reset/done/": [("",)],
        "accounts/password/reset/key/done/": [("",)],
        "accounts/login/code/": [("",)],
        "accounts/2fa/": [("ada",), ("eva",), ("tessa",)],
        "accounts/2fa/reauthenticate/": [("tessa",)],
        "accounts/2fa/totp/activate/": [("eva",)],
        "accounts/2fa/totp/deactivate/": [("ada",)],
        "accounts/2fa/recovery-codes/": [("tessa",)],
        "accounts/2fa/recovery-codes/generate/": [("tessa",)],
        "accounts/2fa/recovery-codes/download/": [("tessa",)],
        "accounts/2fa/webauthn/": [("ada",)],
        "accounts/2fa/webauthn/add/": [("ada",)],
        "accounts/2fa/webauthn/keys/<int:pk>/edit/": [("ada", "key_id")],
        "accounts/2fa/webauthn/keys/<int:pk>/remove/": [("ada", "key_id")],
        "accounts/sessions/": [("ada",)],
    }.items()
}  # fmt: skip
"""Routes that take an argument, or that a library brings: who opens which example of them."""

ASKED = {
    "treasury/corrections/write-off/": "charge=charge",
    "barter/trades/new/": "listing=listings.A portrait",
    "invoices/": "state='overdue'",
    "claims/mine/": "page='1'",
}
"""Plain routes that are opened with a question; the second of these in addition to the plain one."""

ALSO = {"": "tessa", "second-factor/": "tessa", "me/leave/": "eva", "runs/": "aisha", "surplus/": "theo"}
"""Plain routes that show somebody else another page."""

ELSEWHERE = {
    "accounts/password/set/",
    "accounts/2fa/authenticate/", "accounts/login/code/confirm/", "accounts/2fa/webauthn/login/",
    "accounts/2fa/webauthn/reauthenticate/", "accounts/^confirm-email/(?P<key>[-:\\w]+)/$",
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
}  # fmt: skip
"""Stations on the way of signing in, which only the one on her way can open."""


UNSEEN = {
    "circles/<slug:slug>/", "circles/<slug:slug>/join/", "circles/<slug:slug>/open/", "circles/terms/<str:number>/",
    "circles/mine/", "circles/mine/level/", "funds/<slug:slug>/rules/", "funds/<slug:slug>/rules/propose/",
    "dues/plans/<slug:slug>/once/", "founding/<str:number>/", "me/payout-account/",
    "me/come-back/", "outlook/<str:label>/", "rules/<str:number>/", "solvency/<slug:slug>/answer/",
}  # fmt: skip
"""Pages about things and people that this world does not hold: nobody looks at them here."""


def openings() -> list[Opening]:
    """Every visit that the URLconf asks for."""
    found: list[Opening] = []
    for route, view in routes():
        if route in ELSEWHERE | UNSEEN:
            continue
        if policy_of(view) is None or "<" in route:
            examples = ABOUT.get(route, [])  # the first test tells of those without one
            found += [Opening("ada", route)] if examples == SENT and "<" not in route else []
            found += examples if isinstance(examples, list) else []
            continue
        allowed = TABLE[route]
        people = {"anyone": [""], "signed in": ["ada"]}.get(allowed) or [_FIRST[allowed[0]]]
        if route.startswith(("books/", "log/")):
            people = ["anders"]
        if route in ALSO:
            people.append(ALSO[route])
        if "M" in allowed:
            people += ["eva"] if route != "invoices/new/" else []  # she is asked for a client first
            people += ["tessa"] if "T" in allowed else []
        if allowed == "TC":
            people.append("clara")
        if "write-off" not in route:
            found += [Opening(who, route) for who in people]
        if route in ASKED:
            found.append(Opening(people[0], route, query=ASKED[route]))
    return found

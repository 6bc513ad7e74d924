"""Every address that can be opened, and by whom: derived from the URLconf, so that a new route cannot be forgotten."""

from __future__ import annotations

import dataclasses
from typing import Any

from mutual.access import policy_of
from tests.trust.test_routes import TABLE, routes

FILES = {
    "accounts/2fa/recovery-codes/download/", "health/", "invoices/<int:invoice_id>/pdf/",
    "invoices/book/<slug:kind>/", "me/data/", "me/dues/receipts/<str:number>/", "outbox/files/<int:attachment_id>/",
    "outlook/<str:label>/", "payments/<str:number>/receipt/", "solvency/<slug:slug>/answer/",
    "statements/<str:label>/", "statements/<str:number>/<str:label>/",
}  # fmt: skip
"""What answers with a file, or with a part of a page: it is asked for and not looked at."""

_FIRST = {"M": "ada", "T": "tessa", "C": "clara", "A": "anders", "X": "aisha"}


@dataclasses.dataclass(frozen=True)
class Opening:
    """One address opened by one person (nobody signed in where there is no name).

    A route that takes forms and refuses to be opened is only ``sent`` to.
    """

    who: str
    route: str
    values: tuple[str, ...] = ()
    query: str = ""
    sent: bool = False

    def path(self, where: dict[str, Any]) -> str:
        """The address in this world; values are names in ``where``, or dotted ones, or in quotes as they are."""
        pieces, route = list(self.values), "/" + self.route
        while "<" in route:
            before, _mark, rest = route.partition("<")
            route = before + meant(where, pieces.pop(0)) + rest.partition(">")[2]
        pairs = [pair.partition("=") for pair in self.query.split("&") if pair]
        return route + ("?" if pairs else "") + "&".join(f"{name}={meant(where, value)}" for name, _is, value in pairs)


def meant(where: dict[str, Any], name: str) -> str:
    """What a name means in this world; dotted ones go into it, and in quotes stands what is meant as it is."""
    if name.startswith("'"):
        return name.strip("'")
    found: Any = where
    for piece in name.split("."):
        found = found[piece]
    return str(found)


def _example(route: str, who: str, *values: str, sent: bool = False) -> Opening:
    query = "".join(value[1:] for value in values if value.startswith("?"))
    return Opening(who, route, tuple(value for value in values if not value.startswith("?")), query, sent)


ABOUT: dict[str, list[Opening]] = {
    route: [_example(route, *one) for one in examples]
    if isinstance(examples, list)
    else [_example(route, *examples, sent=True)]
    for route, examples in {
        "appeals/<str:number>/": [("ada", "appeals.begun"), ("ada", "appeals.before the jury")],
        "appeals/<str:number>/withdraw/": ("ada", "appeals.begun"),
        "appeals/begin/<str:number>/": ("ada", "claims.refused"),
        "appeals/juries/<str:number>/": [("juror", "appeals.before the jury")],
        "barter/limits/<str:number>/<slug:unit>/": [("tessa", "number", "'credit'"), ("aisha", "number", "'hour'")],
        "barter/listings/<int:listing_id>/": [("ada", "listings.Proofreading"), ("ada", "listings.A shelf")],
        "barter/listings/<int:listing_id>/close/": ("ada", "listings.Proofreading"),
        "barter/listings/<int:listing_id>/renew/": ("ada", "listings.Proofreading"),
        "barter/trades/<str:number>/": [
            ("ada", "trades.asked"), ("bea", "trades.asked"), ("ada", "trades.agreed"), ("bea", "trades.done"),
            ("ada", "trades.settled"), ("bea", "trades.undone"),
        ],
        "barter/trades/<str:number>/<slug:step>/": ("ada", "trades.asked", "'accept'"),
        "decisions/<str:number>/": [("anders", "decisions.HARD_FLOOR"), ("ada", "decided.OPENING_BALANCE")],
        "decisions/figures/<str:name>/": [("tessa", "'appeals.jurors'")],
        "books/accounts/<account:account_id>/": [("anders", "account_id")],
        "books/entries/<book:book>/<uuid:entry_id>/": [("anders", "'coop'", "entry_id")],
        "buffers/<slug:slug>/return/": ("tessa", "fund"),
        "buffers/<slug:slug>/rule/": [("tessa", "fund")],
        "circles/<slug:slug>/": [
            ("ada", "'linden'"), ("eva", "'ahorn'"), ("ines", "'ahorn'"), ("aisha", "'ahorn'"), ("tessa", "'linden'"),
        ],
        "circles/<slug:slug>/close/": [("tessa", "'linden'")],
        "circles/<slug:slug>/join/": [("eva", "'ahorn'")],
        "circles/<slug:slug>/open/": ("aisha", "'ahorn'"),
        "circles/decisions/<str:number>/": ("theo", "decisions.CIRCLE_TERMS"),
        "circles/give/": ("tessa",),
        "circles/mine/": [("ada",), ("ines",)],
        "circles/mine/leave/": ("ada",),
        "circles/mine/level/": [("ada",)],
        "claims/<str:number>/open/": ("clara", "claims.submitted"),
        "claims/certificates/<int:certificate_id>/<slug:step>/": ("clara", "certificate", "'accept'"),
        "claims/mine/<str:number>/certificate/": [("ada", "claims.g")],
        "claims/mine/<str:number>/files/": [("ada", "claims.g")],
        "claims/mine/<str:number>/finish/": [("ada", "claims.g")],
        "claims/mine/<str:number>/open/": ("ada", "claims.g"),
        "claims/samples/<int:sample_id>/": [("clara", "sample")],
        "dunning/agreements/<str:number>/": [("tessa", "agreement"), ("anders", "agreement")],
        "dunning/agreements/<str:number>/end/": ("tessa", "agreement"),
        "dunning/limitation/<int:pk>/checked/": ("tessa", "limitation"),
        "dunning/run/": ("tessa",),
        "dunning/steps/<int:place>/": [("tessa", "'1'")],
        "dues/plans/<slug:slug>/once/": [("tessa", "'entry-fee'")],
        "easing/reviews/<str:code>/": ("clara", "check"),
        "founding/<str:number>/": [("tessa", "charter"), ("theo", "charter")],
        "surplus/<str:label>/pay/": [("tessa", "'2025'")],
        "surplus/<str:label>/share/": [("tessa", "'2025'")],
        "easing/waivers/<str:number>/": [("tessa", "waiver")],
        "easing/waivers/<str:number>/end/": [("tessa", "waiver")],
        "funds/<slug:slug>/covers/": [("tessa", "'parents'")],
        "funds/<slug:slug>/rules/": [
            ("ada", "'parents'"), ("tessa", "'parents'"), ("tessa", "fund"), ("eva", "fund"),
        ],
        "funds/<slug:slug>/rules/propose/": [
            ("tessa", "fund"), ("tessa", "'parents'", "?benefit='sick-pay'"), ("tessa", "fund", "?scheme='broodfonds'"),
        ],
        "language/setlang/": ("",),
        "me/band/": [("ines",)],
        "me/come-back/": [("greta",)],
        "outlook/<str:label>/": [("ada", "'2026-Q4'")],
        "rules/<str:number>/": [
            ("tessa", "rules.PROPOSED"), ("theo", "rules.PROPOSED"), ("anders", "rules.CONFIRMED"),
        ],
        "runs/jobs/again/": ("tessa",),
        "solvency/<slug:slug>/answer/": [("ada", "fund", "?dues='50'&waiting='3'")],
        "solvency/simulate/": ("tessa",),
        "theme/": ("",),
        "claims/<str:number>/": [
            ("clara", "claims.g"), ("cem", "claims.before the jury"),
            ("clara", "claims.submitted"), ("clara", "claims.proposed"), ("cem", "claims.proposed"),
            ("clara", "claims.approved"), ("clara", "claims.paid"), ("clara", "claims.refused"),
        ],
        "claims/mine/<str:number>/": [
            ("ada", "claims.submitted"), ("ada", "claims.approved"), ("ada", "claims.paid"), ("ada", "claims.refused"),
            ("ada", "claims.withdrawn"), ("bea", "claims.proposed"), ("ada", "claims.g"),
            ("ada", "claims.before the jury"),
        ],
        "claims/mine/<str:number>/withdraw/": ("ada", "claims.submitted"),
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
        "invoices/<int:invoice_id>/<slug:step>/": ("ada", "invoices.draft", "'issue'"),
        "invoices/<int:invoice_id>/edit/": [("ada", "invoices.draft")],
        "invoices/<int:invoice_id>/pdf/": [("ada", "invoices.issued"), ("ada", "invoices.draft")],
        "invoices/book/<slug:kind>/": [("ada", "'csv'")],
        "invoices/receipts/<int:receipt_id>/undo/": ("ada", "receipt_id"),
        "me/dues/receipts/<str:number>/": [("ada", "payments.ahead")],
        "members/<str:number>/": [("aisha", "number"), ("aisha", "applicant"), ("tessa", "number"), ("anders", "bea")],
        "members/<str:number>/<slug:step>/": ("aisha", "bea", "'suspend'"),
        "members/<str:number>/edit/": [("aisha", "number")],
        "members/import/<uuid:draft_id>/": [("aisha", "draft_id")],
        "members/roles/<int:grant_id>/<slug:step>/": ("aisha", "grant", "'end'"),
        "members/users/<int:user_id>/<slug:step>/": ("aisha", "user_id", "'block'"),
        "outbox/<int:letter_id>/": [("", "letter_id")],
        "outbox/files/<int:attachment_id>/": [("", "attachment_id")],
        "payouts/decisions/<str:number>/": [("theo", "decisions.HARD_FLOOR"), ("anders", "decisions.FUND_LOAN")],
        "payouts/decisions/new/<slug:kind>/": [("tessa", "'loan'")],
        "payouts/loans/<str:number>/repay/": [("tessa", "loan")],
        "payouts/preview/<slug:slug>/": [("tessa", "fund")],
        "payouts/runs/<str:number>/": [("tessa", "pay_run")],
        "payouts/files/<str:number>/": ("tessa", "bank_file"),
        "payouts/runs/<str:number>/file/": [("tessa", "pay_run"), ("anders", "pay_run")],
        "solvency/<slug:slug>/": [("ada", "fund"), ("tessa", "fund")],
        "payments/<str:number>/": [
            ("tessa", "payments.ahead"), ("tessa", "payments.unplaced"), ("tessa", "payments.placed"),
            ("anders", "payments.corrected"), ("tessa", "payments.withdrawn"),
        ],
        "payments/<str:number>/correct/": [("tessa", "payments.ahead")],
        "payments/<str:number>/place/": ("tessa", "payments.unplaced"),
        "payments/<str:number>/receipt/": [("tessa", "payments.ahead")],
        "payments/<str:number>/withdraw/": ("tessa", "payments.ahead"),
        "runs/jobs/<int:job_id>/again/": ("tessa", "job_id"),
        "runs/<uuid:run_id>/": [("tessa", "runs.dues"), ("tessa", "runs.statements"), ("tessa", "runs.payrun")],
        "statements/<str:label>/": [("ada", "'2026-10'")],
        "statements/<str:number>/<str:label>/": [("tessa", "number", "'2026-10'")],
        "surplus/<str:label>/": [("ada", "'2025'"), ("ada", "'2026'"), ("tessa", "'2026'")],
        "surplus/<str:label>/close/": [("tessa", "'2026'")],
        "surplus/decisions/<str:number>/": ("theo", "decisions.ALLOCATION"),
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
        "accounts/2fa/": [("ada",), ("bea",), ("eva",), ("tessa",)],
        "accounts/2fa/reauthenticate/": [("tessa",)],
        "accounts/2fa/totp/activate/": [("eva",)],
        "accounts/2fa/totp/deactivate/": [("ada",)],
        "accounts/2fa/recovery-codes/": [("tessa",)],
        "accounts/2fa/recovery-codes/generate/": [("tessa",)],
        "accounts/2fa/recovery-codes/download/": [("tessa",)],
        "accounts/2fa/webauthn/": [("bea",)],
        "accounts/2fa/webauthn/add/": [("eva",)],
        "accounts/2fa/webauthn/keys/<int:pk>/edit/": [("bea", "key_id")],
        "accounts/2fa/webauthn/keys/<int:pk>/remove/": [("bea", "key_id")],
        "accounts/sessions/": [("ada",)],
    }.items()
}  # fmt: skip
"""Routes that take an argument, that a library brings, or that not everybody who may can open: who opens what there.
Without brackets stands who may send what is only sent."""

ASKED = {
    "treasury/corrections/barred/": "charge=charge",
    "treasury/corrections/write-off/": "charge=charge",
    "barter/trades/new/": "listing=listings.A portrait",
    "invoices/": "state='overdue'",
    "claims/mine/": "page='1'",
}
"""Plain routes that are opened with a question; the second of these in addition to the plain one."""

ALSO = {
    "": "tessa",
    "me/dues/": "bea",
    "second-factor/": "tessa",
    "me/leave/": "eva",
    "runs/": "aisha",
    "surplus/": "theo",
}
"""Plain routes that show somebody else another page."""

ELSEWHERE = {
    "accounts/password/set/",
    "accounts/2fa/authenticate/", "accounts/login/code/confirm/", "accounts/2fa/webauthn/login/",
    "accounts/2fa/webauthn/reauthenticate/", "accounts/^confirm-email/(?P<key>[-:\\w]+)/$",
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
}  # fmt: skip
"""Stations on the way of signing in, which only the one on her way can open."""


def openings() -> list[Opening]:
    """Every visit that the URLconf asks for."""
    found: list[Opening] = []
    for route, view in routes():
        if route in ELSEWHERE:
            continue
        if policy_of(view) is None or "<" in route or route in ABOUT:
            # The first test tells of those without an example.
            found += [example for example in ABOUT.get(route, []) if not example.sent]
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
        if "write-off" not in route and "barred" not in route:
            found += [Opening(who, route) for who in people]
        if route in ASKED:
            found.append(Opening(people[0], route, query=ASKED[route]))
    return found

"""R-G9: markup that is typed into any field of words stands on pages, in letters and on paper as the text it is.

The fields are those of the forms on the pages. One that takes words keeps the markup here, or is named in ``LEFT`` with
the reason; then everybody looks at everything.
"""

from __future__ import annotations

import io
import logging
import re
import secrets

import pypdf
import pytest
from django.db import connection

from mutual.mail.models import Letter
from mutual.vault import vault
from tests.browser import pages
from tests.trust.lived import forms
from tests.trust.lived.conftest import undone
from tests.trust.lived.test_every_route import OFFICERS, examples

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("lived")]

MARK = "Xq7"
EVIL = f"<script>alert('{MARK}')</script>\"'><img src=x onerror=alert(1)>"
SHORT = f"<i>\"'&{MARK}"
"""Where fewer characters are taken."""

AS_TEXT = ("&#x27;", "&amp;", "\\u0027", "\\u0026", "%27", "%26")
"""What the character before the mark becomes in a page, in data for a script, in an address."""

WITH = {
    "appeals/<str:number>/": {"share": "seven", "words": "Words", "grounds": "RULE"},
    "barter/limits/<str:number>/<slug:unit>/": {"credit_limit": "310"},
    "circles/terms/new/": {"levels": "33.75 750", "valid_from": "2027-06-01"},
    "claims/new/": {"look": None, "amount": "20", "incapacity": "100"},
    "claims/rules/change/": {"valid_from": "2027-06-01"},
    "dues/plans/new/": {"amount": "10", "share_costs": "1"},
    "dunning/limitation/new/": {"years": "3"},
    "easing/waivers/new/": {"number": "number"},
    "funds/<slug:slug>/change/": {"description": "Words"},
    "funds/<slug:slug>/rules/propose/": {"why": "Words"},
    "funds/new/": {"description": "Words"},
    "invoices/<int:invoice_id>/edit/": {"more": None},
    "invoices/new/": {
        "more": None, "line0-text": "Words", "line0-price": "5", "line1-text": "Words", "line1-price": "5",
    },
    "me/payout-account/": {"iban": "DE89370400440532013000"},
    "surplus/allocate/": {"ballot": "Words"},
    "treasury/corrections/refund/": {"number": "number"},
    "treasury/corrections/reversal/": {"entry": "entry_id"},
}  # fmt: skip
"""What else a form needs so that it is taken, None for what must not be sent; some are names of the world."""

LEFT = {
    ("easing/work/new/", "task"): "no plan of this world takes work; its room shows one that does",
    ("me/", "postcode"): "the office's page has just kept the same there",
    ("payments/<str:number>/correct/", "reference"): "this payment was used; a new one keeps the same words",
    ("payments/<str:number>/place/", "number"): "the number of a member, which a sentence above the page refuses",
    ("payouts/decisions/new/<slug:kind>/", "text"): "a loan needs more than this; other decisions keep the same words",
    (
        "surplus/<str:label>/share/",
        "ballot",
    ): "no part of this year is to be shared; other decisions keep the same words",
    ("surplus/<str:label>/share/", "text"): "a sharing needs more than this; other decisions keep the same words",
    ("surplus/<str:label>/close/", "text"): "the year is not over; other decisions keep the same words",
    ("treasury/corrections/barred/", "text"): "no debt of this world is barred; other decisions keep the same words",
    ("treasury/corrections/reopening/", "text"): "the books are open; other decisions keep the same words",
}
"""Fields that neither keep, nor show at once, nor refuse markup here; and why."""


def raw(text):
    """Where in a page the markup stands as what it was typed as."""
    found = [hit.start() for hit in re.finditer(MARK, text)]
    return [text[max(at - 60, 0) : at + 20] for at in found if not text[max(at - 6, 0) : at].endswith(AS_TEXT)]


def page_of(answer):
    """The page that was answered, where it is one."""
    return answer.content.decode() if answer.get("Content-Type", "").startswith("text/html") else ""


def refuses(answer, name):
    """Whether the answer says beside the field that it takes no such words."""
    shown = [one for part in answer.context or () for one in (part.get("form"), *(part.get("lines") or ())) if one]
    return any({name, name.rpartition("-")[2]} & set(getattr(one, "errors", ())) for one in shown)


class Writer:
    """Somebody who types markup into every field of words, and notes what becomes of it."""

    def __init__(self, lived, monkeypatch):
        self.lived = lived
        self.written = False
        self.kept, self.lost, self.raw, self.led_to = set(), set(), [], set()
        really = vault.seal

        def seal(*, content, **about):
            self.written |= MARK.encode() in content
            return really(content=content, **about)

        monkeypatch.setattr(vault, "seal", seal)

    def watch(self, execute, sql, params, many, context):
        """Notice when the markup is written into a table."""
        self.written |= sql.startswith(("INSERT", "UPDATE")) and MARK in repr(params)
        return execute(sql, params, many, context)

    def fills(self, form):
        """Type it into one field after the other, to see which takes it; then send it in all of these."""
        takes = {}
        for name in form.texts:
            with undone():
                text = self.tries(form, name)
            takes.update({name: text} if text else {})
        answer = self.sends(form, takes) if takes else None
        if answer is not None and answer.status_code == 302:
            self.led_to.add((form.who, answer["Location"]))

    def tries(self, form, name):
        """The markup that the field keeps, the shorter one where the longer one is too long; else nothing."""
        for text in (EVIL, SHORT):
            answer = self.sends(form, {name: text})
            refused = refuses(answer, name)
            if self.written or (answer.status_code == 200 and MARK in page_of(answer) and not refused):
                self.kept.add((form.route, name))
                return text
        self.lost.update(set() if refused else {(form.route, name)})
        return None

    def sends(self, form, said):
        """What answers; whatever stands on it as it was typed is noted."""
        more = {key: self.lived.where.get(value, value) for key, value in WITH.get(form.route, {}).items()}
        if "form_key" in dict(form.fields):
            more["form_key"] = secrets.token_hex(16)
        self.written = False
        answer = forms.send(self.lived, form, {**more, **said})
        self.raw += [(form.route, list(said), one) for one in raw(page_of(answer))]
        return answer


@pytest.fixture(scope="module")
def written(lived, found, django_db_blocker):
    """The cooperative with markup in all its words."""
    logging.disable(logging.CRITICAL)
    with django_db_blocker.unblock(), undone(), pytest.MonkeyPatch.context() as patch:
        writer = Writer(lived, patch)
        with connection.execute_wrapper(writer.watch):
            for form in found:
                if form.method == "post":
                    writer.fills(form)
        yield writer
    logging.disable(logging.NOTSET)


def visits(written):
    """Who opens what: every page as those it is for, and what they were led to."""
    led_to = {(who, path.partition("#")[0]) for who, path in written.led_to if path.startswith("/")}
    shown = {(one.who, one.path(written.lived.where)) for one in pages.openings() if one.route not in pages.FILES}
    return led_to | shown


def visits_by_officers(written):
    """Every page as each officer who may see it."""
    return {
        (who, example.path(written.lived.where))
        for example, row in examples() if row.takes != "step" and example.route not in pages.FILES
        for who, letter in OFFICERS.items() if letter in row.policy and row.policy != "anyone"
    }  # fmt: skip


def looks(written, visits):
    """Where on these pages markup stands as it was typed, and how many show it at all."""
    found, seen = [], 0
    for who, path in sorted(visits):
        with undone():
            page = page_of(written.lived.ask(who, "get", path))
        found += [(who, path, one) for one in raw(page)]
        seen += MARK in page
    return found, seen


def printed(lived, opening):
    """The words on a paper, as they are read, or nothing where it is none; breaks of lines come where they come."""
    answer = lived.ask(opening.who, "get", opening.path(lived.where))
    if answer.get("Content-Type") != "application/pdf" or opening.route.startswith("outbox/"):
        return ""
    reader = pypdf.PdfReader(io.BytesIO(answer.content))
    return "".join("".join(page.extract_text() for page in reader.pages).split())


class TestHostileText:
    def test_is_kept_or_refused_by_every_field_of_words(self, written):
        assert sorted(written.lost ^ LEFT.keys()) == []
        assert len(written.kept) > 60

    def test_stands_on_every_page_as_text(self, written):
        assert not written.raw
        found, seen = looks(written, visits(written))
        assert not found
        assert seen > 80

    @pytest.mark.soak
    def test_stands_on_every_page_of_every_officer_as_text(self, written):
        found, seen = looks(written, visits_by_officers(written))
        assert not found
        assert seen > 80

    def test_stands_in_letters_as_text(self, written):
        letters = Letter.objects.filter(text__contains=MARK)
        assert letters
        for letter in Letter.objects.all():
            assert not raw(letter.html)
            assert len(letter.subject.splitlines()) == 1
            page = page_of(written.lived.ask("", "get", f"/outbox/{letter.pk}/")) if letter in letters else ""
            assert not raw(page)

    def test_stands_on_paper_as_text(self, written):
        with undone():
            papers = [printed(written.lived, one) for one in pages.openings() if one.route in pages.FILES]
        evil, short = ("".join(text.split()) for text in (EVIL, SHORT))
        assert sum(evil in paper for paper in papers) >= 3
        for paper in papers:
            assert paper.count(MARK) == paper.count(evil) + paper.count(short)

    def test_would_be_found_where_it_is_not_escaped(self, written, monkeypatch):
        """A negative control, on a page and on paper."""
        monkeypatch.setattr("django.template.base.conditional_escape", str)
        with undone():
            assert raw(page_of(written.lived.ask("ada", "get", "/me/")))
            draft = next(one for one in pages.openings() if one.values == ("invoices.draft",) and "pdf" in one.route)
            assert MARK not in printed(written.lived, draft)

"""R-G10: whatever is typed into any field of any form, the answer is a page, never a fault.

The forms are read from the pages themselves, and the pages from the URLconf: a new form is typed into without anybody
thinking of it.
"""

from __future__ import annotations

import dataclasses
import itertools
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import resolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.browser import pages

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("every-form")]

NASTY = (
    "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\u202eevil", "\u2066\u2069", "\x1b[31m", "\ufffe\uffff", "🏴‍☠️" * 40,
    "e\u0301" * 200, "９９９", "٣٫٥", "1e999999", "NaN", "-Infinity", "-0", "0x10", "1_000", "99999999999999999999999",
    "9" * 5000, "9999-12-31", "0001-01-01", "2026-02-30", "2026-W99", "0000", "'; --", "%s %(x)s {0} {{ 1 }}", "../..",
    "<script>", "\r\n\r\n", " ", "", "true", "[]", "M-000001", "a" * 20_000,
)  # fmt: skip
TEXT = st.one_of(
    st.text(alphabet=st.characters(), max_size=30),  # surrogates too
    st.text(alphabet=st.characters(categories=["Cc", "Cf", "Cs", "Co", "Zl", "Zp"]), max_size=10),
    st.text(alphabet="0123456789.,-+eE:W ", max_size=30),
    st.sampled_from(NASTY),
)
PLAUSIBLE = {
    "number": "M-000002", "other": "M-000002", "email": "somebody@example.org", "login": "ada@example.org",
    "amount": "1", "credit": "1", "period": "2026-09", "month": "2026-09", "name": "Words", "text": "Words",
    "title": "Words", "reason": "Words", "city": "Town", "entry": "00000000-0000-0000-0000-000000000000",
}  # fmt: skip
"""What stands in the fields that nothing is typed into, where the page offers nothing; a day elsewhere."""


@dataclasses.dataclass(frozen=True)
class Form:
    """A form as a page shows it: who is sent where, and what stands in it."""

    who: str
    method: str
    action: str
    fields: tuple[tuple[str, str], ...]
    files: tuple[str, ...]

    @property
    def route(self) -> str:
        """The route it is sent to."""
        return resolve(urlsplit(self.action).path).route

    @property
    def kind(self) -> tuple[object, ...]:
        """Two forms of one kind differ only in what they are about."""
        told = tuple((name, value if name in ("answer", "theme") else "") for name, value in self.fields)
        step = urlsplit(self.action).path.strip("/").rpartition("/")[2] if "step" in self.route else ""
        return self.method, self.route, step, told, self.files


class _Reader(HTMLParser):
    def __init__(self, who: str, path: str) -> None:
        super().__init__()
        self.who, self.path = who, path
        self.found: list[Form] = []
        self.form: dict[str, str] | None = None
        self.fields: list[tuple[str, str]] = []
        self.files: list[str] = []
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.form, self.fields, self.files = said, [], []
        if self.form is None:
            return
        name, value = said.get("name", ""), said.get("value", "")
        if tag == "select":
            self.select = name
            self.fields.append((name, ""))
        elif tag == "option" and self.select and ("selected" in said or not dict(self.fields)[self.select]):
            self.fields = [(one, value if one == self.select else before) for one, before in self.fields]
        elif not name or name == "csrfmiddlewaretoken":
            return
        elif said.get("type") == "file":
            self.files.append(name)
        elif said.get("type") == "radio" and name in dict(self.fields):
            return
        elif tag in ("input", "textarea", "button"):
            self.fields.append((name, value or self._plausible(name, said.get("type", ""))))

    @staticmethod
    def _plausible(name: str, kind: str) -> str:
        return "2026-11-10" if kind == "date" else PLAUSIBLE.get(name, "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = ""
        if tag == "form" and self.form is not None:
            # Of several buttons one is pressed: each is a form of its own.
            action, method = urljoin(self.path, self.form.get("action", "")), self.form.get("method", "get").lower()
            buttons = [pair for pair in self.fields if pair[0] in ("answer", "theme", "more") and pair[1]]
            rest = [pair for pair in self.fields if pair not in buttons]
            for pressed in buttons or [None]:
                fields = tuple(dict([*rest, *([pressed] if pressed else [])]).items())
                self.found.append(Form(self.who, method, action, fields, tuple(self.files)))
            self.form = None


@pytest.fixture(scope="module")
def forms(world):
    """One form of each kind on the pages of the world."""
    return _found(world)


def _found(made):
    clients, found = {"": Client(raise_request_exception=False)}, {}
    for who, session in made["cookies"].items():
        clients[who] = Client(raise_request_exception=False)
        clients[who].cookies["sessionid"] = session
    for opening in pages.openings():
        if opening.route in pages.FILES:
            continue
        path = opening.path(made["where"])
        answer = clients[opening.who].get(path)
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            reader = _Reader(opening.who, path)
            reader.feed(answer.content.decode())
            for form in reader.found:
                found.setdefault(form.kind, form)
    return clients, list(found.values())


def answer_to(client: Client, form: Form, name: str, text: str) -> int:
    """What answers when this is typed into that field; what it did is undone."""
    said = {**dict(form.fields), name: text}
    body = urlencode({key: value.encode("utf-8", "surrogatepass") for key, value in said.items()})
    attempt = transaction.atomic()
    attempt._from_testcase = True
    with attempt:
        if name in form.files:
            file = SimpleUploadedFile("a.csv", text.encode("utf-8", "surrogatepass"))
            status = client.post(form.action, {**dict(form.fields), name: file}).status_code
        elif form.method == "get":
            status = client.get(f"{urlsplit(form.action).path}?{body}").status_code
        else:
            status = client.post(form.action, body, content_type="application/x-www-form-urlencoded").status_code
        transaction.set_rollback(True)
    return status


class Typist:
    """Somebody who types into the boxes of every form, and notes what answers with a fault."""

    def __init__(self, forms):
        self.clients, found = forms
        self.boxes = [(form, name) for form in found for name in (*dict(form.fields), *form.files)]
        self.faults = []

    def types(self, place, text):
        form, name = self.boxes[place]
        status = answer_to(self.clients[form.who], form, name, text)
        if status >= 500:
            self.faults.append((form.route, name, text[:60], status))


class TestEveryForm:
    def test_answers_whatever_is_typed(self, forms):
        """Each box is given one of the worst, in turn, so that all of them meet every kind of box."""
        typist = Typist(forms)
        for place, text in zip(range(len(typist.boxes)), itertools.cycle(NASTY), strict=False):
            typist.types(place, text)
        assert not typist.faults, typist.faults
        assert len(typist.boxes) > 300

    @pytest.mark.soak
    def test_answers_whatever_is_typed_for_long(self, forms):
        typist = Typist(forms)

        @settings(max_examples=600, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(st.sampled_from(range(len(typist.boxes))), TEXT)
        def typed(place, text):
            typist.types(place, text)

        typed()
        assert not typist.faults, typist.faults

    def test_would_notice_a_fault(self, forms, monkeypatch):
        from mutual.inputs import LineField

        def forgets(self, value):
            raise RuntimeError("as if a check were forgotten")

        clients, found = forms
        form = next(form for form in found if form.route == "payments/new/")
        monkeypatch.setattr(LineField, "clean", forgets)
        assert answer_to(clients[form.who], form, "reference", "x") == 500

"""R-G10: whatever is typed into any form, the answer is a page with a sentence, never a crash."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from django.core.validators import ProhibitNullCharactersValidator

from mutual.access import Role
from mutual.inputs import LineField
from tests.conftest import make_member
from tests.pooling.test_dues import coop, on_plan
from tests.trust.test_routes import TABLE, person

__all__ = ["coop"]
pytestmark = pytest.mark.django_db

HOSTILE = (
    "a\x00b", "\u202eevil", "\u200d", "\ue000", "ﷺ" * 300, "1e999", "NaN", "-Infinity", "9" * 40, "%s%n", "2026-02-30",
    "99999-01-01", "🧾" * 50, "\r\nBcc: x@example.org", "M-000001", "²",
)  # fmt: skip


class Forms(HTMLParser):
    """The forms of a page that are sent by POST, with what is in them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, tuple[str, str]]]] = []
        self._open = False
        self._select = ""

    def handle_starttag(self, tag, attrs):
        said = dict(attrs)
        if tag == "form":
            self._open = said.get("method", "").lower() == "post"
            if self._open:
                self.found.append((said.get("action", ""), {}))
        elif self._open and tag in {"input", "textarea"} and said.get("name"):
            kind = said.get("type", "text") if tag == "input" else "text"
            self.found[-1][1][said["name"]] = (kind, said.get("value") or "")
        elif self._open and tag == "select" and said.get("name"):
            self._select = said["name"]
            self.found[-1][1][self._select] = ("select", "")
        elif self._open and tag == "option" and self._select and not self.found[-1][1][self._select][1]:
            self.found[-1][1][self._select] = ("select", said.get("value") or "")

    def handle_endtag(self, tag):
        if tag == "form":
            self._open = False
        elif tag == "select":
            self._select = ""


def forms_of(client):
    """Every form on every page without arguments that these eyes can open."""
    for route, allowed in TABLE.items():
        if "<" in route or allowed == "anyone" or route.startswith("runs/"):
            continue
        answer = client.get("/" + route)
        if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
            continue
        parser = Forms()
        parser.feed(answer.content.decode())
        for action, fields in parser.found:
            if not action.startswith(("/accounts/", "/language/", "/theme/")):
                yield action or "/" + route, fields


def crashes(client, texts):
    """Each form sent with every fourth text in all its fields, in turn; returns what answered with 500."""
    client.raise_request_exception = False
    found, sent = [], 0
    for number, (url, fields) in enumerate(list(forms_of(client))):
        free = [name for name, (kind, _value) in fields.items() if kind not in {"hidden", "submit", "checkbox", "file"}]
        for text in (texts[number % 4 :: 4] or texts) if free else ():
            said = {name: value for name, (kind, value) in fields.items() if kind != "file"}
            said |= dict.fromkeys((name for name in free if fields[name][0] not in {"select", "radio"}), text)
            sent += 1
            if client.post(url, said).status_code >= 500:
                found.append((url, text))
        if free and client.post(url, dict.fromkeys(fields, texts[0])).status_code >= 500:
            found.append((url, "everywhere"))
        # And in one field at a time, the others as the page filled them in: so that nothing else refuses it first.
        for name in free:
            said = {other: value for other, (kind, value) in fields.items() if kind != "file"} | {name: texts[0]}
            if client.post(url, said).status_code >= 500:
                found.append((url, name))
    return found, sent


class TestForms:
    @pytest.mark.parametrize("who", list(Role))
    def test_answer_any_text_with_a_page(self, who, coop, client):
        if who == Role.MEMBER:
            client.force_login(on_plan(make_member("Ada Byron"), coop).user)
        else:
            client.force_login(person(who))
        found, sent = crashes(client, HOSTILE)
        assert found == []
        assert sent or who in {Role.AUDITOR, Role.CLAIMS_OFFICER}

    def test_crash_where_a_field_lets_everything_through(self, coop, client, monkeypatch):
        """The negative control."""
        monkeypatch.setattr(LineField, "to_python", lambda field, value: str(value))
        monkeypatch.setattr(ProhibitNullCharactersValidator, "__call__", lambda validator, value: None)
        client.force_login(on_plan(make_member("Ada Byron"), coop).user)
        found, _sent = crashes(client, ("a\x00b",))
        assert found

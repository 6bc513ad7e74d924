"""The forms of the site, read from its pages, and the pages from the URLconf: a new form is found without anybody
thinking of it."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import resolve

from tests.browser import pages

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
    texts: tuple[str, ...]
    """The fields that take words."""
    amounts: tuple[str, ...]
    """The fields that take an amount or a number."""

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
        self.texts: list[str] = []
        self.amounts: list[str] = []
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.form, self.fields, self.files, self.texts, self.amounts = said, [], [], [], []
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
            if tag == "textarea" or (tag == "input" and said.get("type", "text") in ("text", "search")):
                (self.amounts if "inputmode" in said else self.texts).append(name)
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
                self.found.append(
                    Form(
                        self.who, method, action, fields, tuple(self.files), tuple(self.texts), tuple(self.amounts),
                    )
                )  # fmt: skip
            self.form = None


def on_pages(lived: Any) -> list[Form]:
    """One form of each kind on the pages of this cooperative."""
    found: dict[tuple[object, ...], Form] = {}
    for opening in pages.openings():
        if opening.route in pages.FILES:
            continue
        path = opening.path(lived.where)
        answer = lived.ask(opening.who, "get", path)
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            reader = _Reader(opening.who, path)
            reader.feed(answer.content.decode())
            for form in reader.found:
                found.setdefault(form.kind, form)
    return list(found.values())


def send(lived: Any, form: Form, said: dict[str, str | None], file: tuple[str, bytes] | None = None) -> Any:
    """What answers when the form is sent with this (nothing for None) instead of what stands in it, lone surrogates
    and all."""
    said = {key: value for key, value in {**dict(form.fields), **said}.items() if value is not None}
    if file is not None:
        name, content = file
        return lived.ask(form.who, "post", form.action, {**said, name: SimpleUploadedFile("a.csv", content)})
    body = urlencode({key: value.encode("utf-8", "surrogatepass") for key, value in said.items()})
    if form.method == "get":
        return lived.ask(form.who, "get", f"{urlsplit(form.action).path}?{body}")
    return lived.ask(form.who, "post", form.action, body, content_type="application/x-www-form-urlencoded")

"""Every component, rendered on one page, looked at by axe in a real browser at both widths and in both themes."""

from __future__ import annotations

import datetime as dt
import mimetypes
import os
import re
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace as Thing

import pytest
from axe_playwright_python.sync_playwright import Axe
from django import forms
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template, engines
from django.test import RequestFactory
from django.urls import get_resolver
from playwright.sync_api import sync_playwright

from mutual import bootstrap, charts, formats, inputs
from mutual.access import Role
from mutual.money import Money
from mutual.pages import navigation
from mutual.rooms import Card, Happening, NavItem

ROOT = Path(settings.BASE_DIR)
GALLERY = ROOT / "tests/mutual/gallery.html"
DAY = dt.date(2026, 11, 5)
CHROMIUM = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def euro(amount):
    return Money(Decimal(amount), "EUR")


class Payment(forms.Form):
    payer = inputs.LineField(label="Paid by", help_text="The member’s number or name.")
    amount = inputs.AmountField(label="Amount", help_text="What arrived at the bank.")
    hours = inputs.HoursField(label="Hours", required=False)
    on = inputs.DayField(label="Day")
    period = inputs.PeriodField(label="Period", required=False)
    account = forms.ChoiceField(label="Bank account", choices=[("a", "Main account"), ("b", "Savings")])
    how = forms.ChoiceField(label="How", choices=[("a", "By transfer"), ("b", "In cash")], widget=forms.RadioSelect)
    funds = forms.MultipleChoiceField(
        label="Funds", choices=[("s", "Sickness"), ("t", "Tools")], widget=forms.CheckboxSelectMultiple
    )
    file = forms.FileField(label="Bank file", required=False)
    note = inputs.TextField(label="Note", required=False)
    sure = forms.BooleanField(label="I have checked the bank statement")


class Word(forms.Form):
    word = inputs.LineField(label="Type “close 2026”")


class Notice(str):
    __slots__ = ()
    level_tag = "success"


def parameters():
    def words(value):
        return formats.money(euro(value))

    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"]
    return {
        "menu": navigation.groups(
            [
                NavItem("Home", "account_login", "home", "mine"),
                NavItem("Journal", "account_email", "notebook", "books", frozenset({Role.AUDITOR})),
            ],
            roles=frozenset({Role.AUDITOR}),
            path="/accounts/login/",
        ),
        "books_wrong": True,
        "messages": [Notice("The payment of €48.00 from M-000012 is recorded.")],
        "tiles": [
            Thing(label="Fund balance", value=euro(41260), hint="€2,160.00 more", icon="pig-money", tone="good"),
            Thing(label="Months of cover", text="9.2", hint="The floor is 6", icon="umbrella"),
            Thing(label="Arrears", value=euro("1240.5"), hint="7 members", url="#a", icon="clock", tone="warn"),
            Thing(label="Your credits", value=Money("-12.5", "CREDIT"), hint="Limit 250", icon="coin"),
            Thing(label="Your hours", value=Money(90, "HOUR"), icon="hourglass"),
        ],
        "cards": [
            Card("Invoice 2026-0012 is late", "Your client is 12 days over.", "#i", "Write to her", "warn"),
            Card("All is well", "Nothing waits for you.", tone="good"),
        ],
        "line": charts.line(
            title="The fund over the half-year",
            labels=months,
            series=[
                charts.Series("Balance", (18200, 21400, 23900, 22100, 26400, 29800)),
                charts.Series("Floor", (15000,) * 6),
            ],
            words=words,
            of="Month",
            target=32000,
            target_words="Target " + words(32000),
        ),
        "bars": charts.bars(
            title="Paid in and paid out",
            labels=months,
            series=[
                charts.Series("In", (4200, 4100, 4400, 4300, 4500, 4100)),
                charts.Series("Out", (2100, 6000, 0, 8, 0, 1)),
            ],
            words=words,
            of="Month",
        ),
        "happenings": [
            Happening(DAY, "Dues for November charged", euro(-48), "#1", "coins"),
            Happening(DAY, "You translated for Piotr Nowak", Money(90, "HOUR")),
        ],
        "rows": [
            Thing(on=DAY, text="M-000012", amount=euro("1200.5"), state="PAID"),
            Thing(on=DAY, text="M-000104", amount=euro(-48), state="OVERDUE"),
        ],
        "total": euro("12346831.40"),
        "facts": [("Fund", "Sickness fund"), ("Document", "C-000123")],
        "today": DAY,
        "files": [("CSV", "?format=csv"), ("Excel", "?format=xlsx")],
        "states": ["ACTIVE", "SUBMITTED", "OVERDUE", "REFUSED", "DRAFT", "HOLIDAY"],
        "consequences": ["Nothing earlier than 1 January 2027 can be recorded any more."],
        "form": Payment({"amount": "1.2.3", "payer": "Zoë", "on": "2026-02-31"}),
        "confirm_form": Word(),
        "filter_form": Word(prefix="filter"),
    }


def rendered(theme="auto", user=None):
    request = RequestFactory().get("/")
    request.user = user or AnonymousUser()
    request.COOKIES["theme"] = theme
    return engines["django"].from_string(GALLERY.read_text()).render(parameters(), request)


@pytest.fixture(scope="module")
def browser():
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright keeps an event loop in this thread
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=bootstrap.chromium(), args=CHROMIUM)
        yield chromium
        chromium.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def show(browser, html, *, width, colours, javascript=True):
    """A page that is answered from this checkout; a request to any other host is a failure."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=colours, java_script_enabled=javascript
    )
    page = context.new_page()
    strangers = []

    def answer(route):
        path = route.request.url.removeprefix("http://mutual.test")
        if path == "/":
            return route.fulfill(body=html, content_type="text/html; charset=utf-8")
        file = ROOT / "static" / path.removeprefix("/static/").split("#")[0]
        if not route.request.url.startswith("http://mutual.test/static/") or not file.is_file():
            strangers.append(route.request.url)
            return route.abort()
        kind = mimetypes.guess_type(file.name)[0] or "font/woff2"
        return route.fulfill(body=file.read_bytes(), content_type=kind)

    page.route("**/*", answer)
    page.goto("http://mutual.test/")
    page.wait_for_load_state("networkidle")
    return page, strangers


class TestEveryComponent:
    @pytest.mark.parametrize("width", [390, 1440])
    @pytest.mark.parametrize(
        ("theme", "colours"), [("auto", "light"), ("auto", "dark"), ("light", "dark"), ("dark", "light")]
    )
    def test_is_accessible_and_asks_no_other_host(self, browser, width, theme, colours):
        page, strangers = show(browser, rendered(theme), width=width, colours=colours)
        found = Axe().run(page).response["violations"]
        told = [(one["id"], node["html"][:200], node["failureSummary"]) for one in found for node in one["nodes"]]
        assert told == []
        assert strangers == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        dark = theme == "dark" or (theme == "auto" and colours == "dark")
        assert ground == ("rgb(21, 26, 23)" if dark else "rgb(247, 242, 232)")
        page.context.close()

    def test_is_shown_on_the_page_that_is_looked_at(self):
        tags = {"chart", "status", "callout", "progress", "take_away"}
        seen, waiting = set(), [GALLERY]
        while waiting:
            text = waiting.pop().read_text()
            names = set(re.findall(r'{% (?:include|extends) "([^"]+)"', text))
            names |= {f"components/{tag}.html" for tag in tags if f"{{% {tag} " in text}
            for name in names - seen:
                seen.add(name)
                waiting.append(ROOT / "templates" / name)
        missing = {f"components/{file.name}" for file in (ROOT / "templates/components").glob("*.html")} - seen
        # Shown to whoever is signed in; the pages themselves are walked through by the browser journeys.
        assert missing == set()

    def test_works_the_menu_and_the_figures_without_javascript(self, browser):
        page, _ = show(browser, rendered(), width=390, colours="light", javascript=False)
        assert not page.get_by_role("link", name="Journal").first.is_visible()
        page.get_by_text("Menu", exact=True).click()
        page.locator(".top-panel").get_by_role("link", name="Journal").wait_for()
        page.get_by_text("Menu", exact=True).click()
        page.locator("details.figures summary").first.click()
        page.get_by_role("cell", name="€29,800.00").wait_for()
        page.context.close()

    def test_can_be_reached_by_keyboard_with_a_visible_ring(self, browser):
        page, _ = show(browser, rendered(), width=1440, colours="light")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        for _step in range(25):
            page.keyboard.press("Tab")
            ring = page.evaluate(
                "(() => { const s = getComputedStyle(document.activeElement);"
                " return [s.outlineStyle, parseFloat(s.outlineWidth)] })()"
            )
            assert ring[0] == "solid", page.evaluate("document.activeElement.outerHTML")
            assert ring[1] >= 2
        page.context.close()

    def test_gives_fingers_enough_to_hit(self, browser):
        page, _ = show(browser, rendered(), width=390, colours="light")
        small = page.evaluate(
            "[...document.querySelectorAll('button, .btn, summary, select, input:not([type=hidden]), .menu a')]"
            ".filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 24).map(e => e.outerHTML)"
        )
        assert small == []
        page.context.close()

    def test_holds_no_inline_style_or_script(self):
        html = rendered()
        assert not re.search(r"<[^>]+\sstyle=", html)
        assert not re.search(r"<[^>]+\son[a-z]+=", html)
        assert "<script" not in html


class TestEveryTemplate:
    def test_loads(self):
        for file in (ROOT / "templates").rglob("*.html"):
            Template(file.read_text())

    def test_holds_no_inline_style_or_script(self):
        for file in (ROOT / "templates").rglob("*.html"):
            if "documents" in file.parts or "emails" in file.parts:
                continue
            text = file.read_text()
            assert not re.search(r"<[^>]*\sstyle=", text), file
            assert not re.search(r"<[^>]*\son(click|load|change|submit|input)=", text), file
            scripts = re.findall(r"<script[^>]*>", text)
            assert all("src=" in one or "application/json" in one for one in scripts), file

    def test_draws_only_icons_that_are_there(self):
        there = set(re.findall(r'symbol id="([^"]+)"', (ROOT / "static/icons/sprite.svg").read_text()))
        wanted = {}
        for file in (ROOT / "templates").rglob("*.html"):
            for name in re.findall(r'{% icon "([^"]+)"', file.read_text()):
                wanted[name] = file
        for package in ("mutual", "members", "pooling", "invoicing"):
            for file in (ROOT / package).rglob("*.py"):
                for name in re.findall(r'icon="([a-z0-9-]+)"', file.read_text()):
                    wanted[name] = file
        assert {name: file for name, file in wanted.items() if name not in there} == {}


def stacked(*columns, rows):
    head = "".join(f'<th class="num">{column}</th>' for column in columns)
    return Template(
        f'{{% load mutual %}}{{% table "T" "table-stack" %}}<thead><tr><th>What</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody>{{% endtable %}}"
    ).render(Context())


class TestTable:
    def test_names_its_figures_for_the_phone(self):
        rows = '<tr><th>a</th><td class="num">1</td><td class="num">2</td></tr><tr><td colspan="3">b</td></tr>'
        table = stacked('In &amp; "out"', "Sum", rows=rows)
        assert '<td class="num" data-label="In &amp; &quot;out&quot;">1</td><td class="num" data-label="Sum">2' in table
        assert '<td colspan="3">b' in table

    def test_leaves_a_single_figure_without_a_name(self):
        assert "data-label" not in stacked("Sum", rows='<tr><th>a</th><td class="num">1</td></tr>')


class TestFields:
    def test_tie_help_and_error_to_their_box(self):
        form = Payment({"amount": "x"})
        html = str(form["amount"])
        assert 'aria-describedby="id_amount_helptext id_amount_error"' in html
        assert 'aria-invalid="true"' in html
        assert 'id="id_amount_error"' in str(form)

    def test_escape_what_was_typed(self):
        form = Payment({"payer": "<script>alert(1)</script>", "note": "</textarea><script>"})
        assert "<script" not in str(form)

    def test_say_at_the_top_what_is_wrong_with_a_link_to_each_box(self):
        html = Template('{% include "components/form.html" with submit="Save" %}').render(
            Context({"form": Payment({})})
        )
        assert '<a href="#id_amount">Amount</a>' in html
        assert "Nothing was saved yet" in html


class TestSetTheme:
    @pytest.mark.django_db
    def test_keeps_the_choice_and_goes_back_where_it_stood(self, client):
        answer = client.post("/theme/", {"theme": "dark", "next": "/accounts/login/?a=b"})
        assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?a=b")
        assert 'data-bs-theme="dark"' in client.get("/accounts/login/").content.decode()

    @pytest.mark.django_db
    @pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
    def test_never_goes_to_another_host(self, client, elsewhere):
        assert client.post("/theme/", {"theme": "dark", "next": elsewhere})["Location"] == "/"

    @pytest.mark.django_db
    def test_takes_nothing_but_a_theme(self, client):
        answer = client.post("/theme/", {"theme": '"><script>'})
        assert answer.cookies["theme"].value == "auto"
        assert client.get("/theme/").status_code == 405


class TestErrorPages:
    @pytest.mark.django_db
    def test_say_what_happened_and_what_to_do(self, client):
        html = client.get("/nothing-here/").content.decode()
        assert "We did not find this page" in html
        assert "Nothing was changed" in html

    def test_refuse_a_form_without_its_token_kindly(self, db):
        from django.test import Client

        answer = Client(enforce_csrf_checks=True).post("/theme/", {"theme": "dark"})
        assert answer.status_code == 403
        assert "nothing was saved" in answer.content.decode()

    def test_exist_for_a_crash_without_any_context(self):
        assert "Something went wrong" in Template((ROOT / "templates/500.html").read_text()).render(Context())


class TestNavigation:
    def test_shows_each_line_to_its_roles_only(self):
        items = [NavItem("Journal", "account_email", "notebook", "books", frozenset({Role.AUDITOR}))]
        assert navigation.groups(items, roles=frozenset({Role.MEMBER}), path="/") == ()
        assert navigation.groups(items, roles=frozenset({Role.AUDITOR}), path="/")

    def test_marks_the_nearest_page_above_as_current(self):
        items = [
            NavItem("Email", "account_email", "mail", "mine"),
            NavItem("Factor", "mfa_index", "key", "mine"),
        ]
        (group,) = navigation.groups(items, roles=frozenset(), path="/accounts/2fa/totp/activate/")
        assert [link.current for link in group.links] == ["", "true"]

    def test_marks_what_a_page_that_lies_elsewhere_belongs_to(self):
        items = [
            NavItem("Sign-in", "account_email", "mail", "mine", also=("/rules/",)),
            NavItem("Rule 1", "mfa_index", "key", "mine", also=("/rules/1/",)),
        ]
        for path, current in (("/rules/2/", ["true", ""]), ("/rules/1/", ["", "true"]), ("/rule/", ["", ""])):
            (group,) = navigation.groups(items, roles=frozenset(), path=path)
            assert [link.current for link in group.links] == current

    def test_leaves_out_a_page_that_is_not_there(self):
        assert get_resolver().url_patterns
        assert navigation.groups([NavItem("x", "no-such", "x", "mine")], roles=frozenset(), path="/") == ()

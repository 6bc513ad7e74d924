"""What people do with it, from the first page to the last: by keyboard alone, and without JavaScript."""

from __future__ import annotations

import re

import pytest

from tests.browser.stage import visit

pytestmark = [pytest.mark.soak, pytest.mark.xdist_group("browser-2")]


class Keyboard:
    """Somebody who has no pointer: everything is reached by Tab and done by keys."""

    def __init__(self, window):
        self.window, self.page = window, window.page

    def to(self, name):
        """Press Tab until the thing with this name has the focus, and see that the focus is visible."""
        for _step in range(120):
            self.page.keyboard.press("Tab")
            found = self.page.evaluate(
                "(() => { const e = document.activeElement; const s = getComputedStyle(e);"
                " return [(e.labels?.[0]?.innerText || e.innerText || '').trim(), parseFloat(s.outlineWidth)] })()"
            )
            if found[0].startswith(name):
                assert found[1] >= 2, f"no ring around {name}"
                return
        raise AssertionError(f"{name} cannot be reached on {self.page.url}")

    def open(self, name):
        """Follow a link, or press a button."""
        self.to(name)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def type(self, name, text):
        """Type into a box."""
        self.to(name)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)


class Plain:
    """Somebody whose browser runs no JavaScript, with a pointer."""

    def __init__(self, window):
        self.window, self.page = window, window.page

    def open(self, name):
        """Click a link or a button of the page."""
        page = self.page
        found = page.get_by_role("link", name=re.compile(f"^{name}")).or_(
            page.get_by_role("button", name=re.compile(f"^{name}"))
        )
        with page.expect_navigation():
            found.locator("visible=true").first.click()

    def type(self, name, text):
        """Fill a box of the page."""
        box = self.page.get_by_label(re.compile(f"^{name}")).first
        if box.get_attribute("type") == "date":
            day, month, year = text[:2], text[2:4], text[4:]
            box.fill(f"{year}-{month}-{day}")
        elif box.evaluate("e => e.tagName") == "SELECT":
            box.select_option(label=text)
        else:
            box.fill(text)


def person(hands, stage, browser, who, **more):
    """A window in the hands of somebody who is signed in, at the home page."""
    window = visit(stage, browser, who, javascript=hands is not Plain, **more)
    window.go("/")
    return hands(window)


def end(*people):
    """Nothing went wrong on the way."""
    for one in people:
        assert one.window.wrong == []
        one.window.context.close()


@pytest.mark.parametrize("hands", [Keyboard, Plain])
class TestMoney:
    def test_a_payment_is_recorded(self, stage, browser, hands):
        tessa = person(hands, stage, browser, "tessa")
        tessa.open("Payments")
        tessa.open("Record a payment")
        tessa.type("Member number", stage.where["bea"])
        tessa.type("Amount", "41.07")
        tessa.type("Bank account", "Main")
        tessa.type("Day at the bank", "10112026")
        tessa.type("What the bank says", f"Thanks {hands.__name__}")
        tessa.open("Record it")
        text = tessa.page.get_by_role("main").inner_text()
        assert "is recorded" in text
        assert "€41.07" in text
        end(tessa)


class TestLongRun:
    def test_is_followed_by_a_plain_link(self, stage, browser):
        tessa = person(Plain, stage, browser, "tessa")
        tessa.open("Dues")
        tessa.type("Period", "2026-11")
        tessa.open("Charge everybody")
        assert "Waiting to start" in tessa.page.get_by_role("main").inner_text()
        stage.arena.answer("from mutual.jobs import queue; print(queue.work_all())")
        tessa.open("Look again")
        assert "Finished" in tessa.page.get_by_role("main").inner_text()
        end(tessa)

"""What people do with it, from the first page to the last: quickly, by keyboard alone, and without JavaScript."""

from __future__ import annotations

import re
import time

import pytest

from tests.browser.stage import PHONE, visit
from tests.browser.test_every_page import faults

pytestmark = pytest.mark.xdist_group("browser-2")

MOST_ACTS = 15
"""Clicks and filled boxes that a practised person does in well under a minute."""


class Keyboard:
    """Somebody who has no pointer: everything is reached by Tab and done by keys."""

    def __init__(self, window):
        self.window, self.page = window, window.page

    def to(self, name, *tags):
        """Press Tab until the thing with this name has the focus, and see that the focus is visible."""
        for _step in range(120):
            self.page.keyboard.press("Tab")
            words, ring, tag = self.page.evaluate(
                "(() => { const e = document.activeElement; const s = getComputedStyle(e);"
                " const words = (e.labels?.[0]?.innerText || e.innerText || '').trim();"
                " return [words, parseFloat(s.outlineWidth), e.tagName] })()"
            )
            if tag in tags and words.startswith(name):
                assert ring >= 2, f"no ring around {name}"
                return
        raise AssertionError(f"{name} cannot be reached on {self.page.url}")

    def open(self, name):
        """Follow a link, or press a button."""
        self.to(name, "A", "BUTTON")
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def type(self, name, text):
        """Type into a box."""
        self.to(name, "INPUT", "SELECT", "TEXTAREA")
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

    def test_a_claim_is_submitted_and_decided_by_two_officers(self, stage, browser, hands):
        eva = person(hands, stage, browser, "eva")
        eva.open("My claims")
        eva.open("Claim a benefit")
        eva.type("Fund", "Sickness")
        eva.type("First day", "11112026")
        eva.type("Last day", "11112026")
        eva.type("Amount", "12.34")
        eva.type("What happened", "I fell from the ladder.")
        eva.open("Submit")
        number = eva.window.path().rstrip("/").rpartition("/")[2]
        said = eva.page.get_by_role("main").inner_text()
        assert "Submitted" in said, said

        clara = person(hands, stage, browser, "clara")
        clara.open("Claims desk")
        clara.open(number)
        clara.open("Approve")
        cem = person(hands, stage, browser, "cem")
        cem.open("Claims desk")
        cem.open(number)
        cem.open("Confirm")

        eva.page.reload()
        assert "Approved" in eva.page.get_by_role("main").inner_text()
        eva.open("The words sent with it")
        assert "I fell from the ladder." in eva.page.get_by_role("main").inner_text()
        if hands is Keyboard:
            assert faults(eva.window, "what is sealed") == []
        end(eva, clara, cem)


class TestInvoice:
    def test_is_sent_in_under_a_minute_from_a_cold_start(self, stage, browser):
        window = visit(stage, browser, size=PHONE)
        page, acts, began = window.page, 0, time.monotonic()
        window.go("/")

        def fill(box, text):
            nonlocal acts
            acts += 1
            box.fill(text)

        def click(thing):
            nonlocal acts
            acts += 1
            with page.expect_navigation():
                thing.click()

        fill(page.locator("main [name=login], main [name=email]"), "ada@example.org")
        fill(page.get_by_label("Password"), "open sesame now")
        click(page.get_by_role("button", name="Sign in", exact=True))
        fill(page.locator("[name=code]"), stage.code("ada"))
        click(page.get_by_role("main").get_by_role("button").first)
        page.get_by_text("Menu", exact=True).locator("visible=true").click()
        acts += 1
        click(page.get_by_role("link", name="Invoices").locator("visible=true").first)
        click(page.get_by_role("main").get_by_role("link", name="New invoice"))
        fill(page.get_by_label("What", exact=False).first, "Proofreading, 40 pages")
        fill(page.get_by_label("Price of one").first, "180")
        click(page.get_by_role("button", name="Save the draft"))
        click(page.get_by_role("button", name="Issue it"))
        click(page.get_by_role("button", name="Send it by mail"))
        assert "Sent" in page.get_by_role("main").inner_text()
        assert time.monotonic() - began < 60
        assert acts <= MOST_ACTS
        assert window.wrong == []
        window.context.close()


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

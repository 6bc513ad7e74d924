"""The way back in: by a new password, with a link from the outbox page."""

from __future__ import annotations

import re

import pytest

from tests.browser.stage import visit
from tests.browser.test_every_page import faults

pytestmark = [pytest.mark.soak, pytest.mark.xdist_group("browser-1")]


def newest_letter(window, to):
    """The text of the newest letter to somebody, read on the outbox page in a window of its own."""
    page = window.context.new_page()
    page.goto("/outbox/")
    page.get_by_role("row", name=re.compile(re.escape(to))).first.get_by_role("link").first.click()
    text = page.get_by_role("main").inner_text()
    page.close()
    return text


class TestSigningIn:
    def test_with_a_new_password_when_the_old_one_is_forgotten(self, stage, browser):
        window = visit(stage, browser)
        page = window.page
        window.go("/accounts/password/reset/")
        page.get_by_label("Email").fill("dora@example.org")
        page.get_by_role("main").get_by_role("button").first.click()
        page.wait_for_url("**/password/reset/done/")
        link = re.search(r"http://\S+/password/reset/key/\S+", newest_letter(window, "dora@example.org"))
        assert link, "no link in the letter"
        page.goto(link[0])
        found = faults(window, "password/reset/key")
        for box in page.get_by_role("main").locator("input[type=password]").all():
            box.fill("rain on a tin roof")
        page.get_by_role("main").get_by_role("button").first.click()
        page.wait_for_url("**/password/reset/key/done/")
        window.go("/accounts/login/")
        page.get_by_label("Email").fill("dora@example.org")
        page.get_by_label("Password").fill("rain on a tin roof")
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(stage.address + "/")
        assert found + window.wrong == []
        window.context.close()

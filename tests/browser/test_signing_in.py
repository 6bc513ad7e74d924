"""Every way in: by a code from the outbox page, by passkey, by password and authenticator app, by a new password."""

from __future__ import annotations

import re

import pytest

from tests.browser.stage import visit
from tests.browser.test_every_page import faults

pytestmark = pytest.mark.xdist_group("browser-1")

PHONE_KEY = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


def newest_letter(window, to):
    """The text of the newest letter to somebody, read on the outbox page in a window of its own."""
    page = window.context.new_page()
    page.goto("/outbox/")
    page.get_by_role("row", name=re.compile(re.escape(to))).first.get_by_role("link").first.click()
    text = page.get_by_role("main").inner_text()
    page.close()
    return text


def greeted(window, name):
    """Whether the home page says hello to somebody."""
    window.page.wait_for_url(window.stage.address + "/")
    return window.page.get_by_role("heading", name=f"Hello, {name}").is_visible()


class TestSigningIn:
    def test_by_a_code_and_from_then_on_by_passkey(self, stage, browser):
        window = visit(stage, browser)
        page = window.page
        window.go("/accounts/login/")
        page.get_by_role("link", name="Send me a code by e-mail").click()
        page.locator("main [name=login], main [name=email]").fill("cleo@example.org")
        page.keyboard.press("Enter")
        page.wait_for_url("**/login/code/confirm/")
        found = faults(window, window.path())
        code = re.search(
            r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$", newest_letter(window, "cleo@example.org"), re.MULTILINE
        )
        assert code, "no code in the letter"
        page.locator("[name=code]").fill(code[1])
        page.keyboard.press("Enter")
        assert greeted(window, "Cleo Merode")

        device = window.context.new_cdp_session(page)
        device.send("WebAuthn.enable")
        device.send("WebAuthn.addVirtualAuthenticator", {"options": PHONE_KEY})
        window.go("/accounts/2fa/webauthn/add/")
        if "/reauthenticate/" in page.url:  # a key is added by whoever has just said who she is
            page.locator("[name=password]").fill("open sesame now")
            page.keyboard.press("Enter")
            page.wait_for_url("**/webauthn/add/")
        page.get_by_label("Name").fill("My phone")
        page.locator("[name=passwordless]").check()
        page.get_by_role("main").get_by_role("button", name="Add").click()
        page.wait_for_url(re.compile(r"/2fa/(?!webauthn/add)"))
        page.get_by_role("button", name="Sign out").first.click()
        page.wait_for_url("**/accounts/login/**")

        page.get_by_role("button", name="Use a passkey").click()
        assert greeted(window, "Cleo Merode")
        window.go("/accounts/2fa/webauthn/reauthenticate/")
        found += faults(window, window.path())
        assert found + window.wrong == []
        window.context.close()

    def test_by_password_and_authenticator_app(self, stage, browser):
        window = visit(stage, browser)
        page = window.page
        window.go("/accounts/login/")
        page.locator("main [name=login], main [name=email]").fill("theo@example.org")
        page.get_by_label("Password").fill("open sesame now")
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url("**/2fa/authenticate/**")
        found = faults(window, window.path())
        page.locator("[name=code]").fill("000000")
        page.keyboard.press("Enter")
        page.get_by_text("This code is not right").wait_for()
        page.locator("[name=code]").fill(stage.code("theo"))
        page.keyboard.press("Enter")
        page.wait_for_url(stage.address + "/")
        page.get_by_role("link", name=re.compile("^Payments")).locator("visible=true").first.wait_for()
        assert found + window.wrong == []
        window.context.close()

    def test_with_a_new_password_when_the_old_one_is_forgotten(self, stage, browser):
        window = visit(stage, browser)
        page = window.page
        window.go("/accounts/password/reset/")
        page.locator("main [name=login], main [name=email]").fill("dora@example.org")
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
        page.locator("main [name=login], main [name=email]").fill("dora@example.org")
        page.get_by_label("Password").fill("rain on a tin roof")
        page.get_by_role("button", name="Sign in", exact=True).click()
        assert greeted(window, "Dora Maar")
        assert found + window.wrong == []
        window.context.close()

"""The slider in a real browser: it asks the server while it moves, stays on the page, and a form does the same."""

from __future__ import annotations

import time_machine
from django.urls import reverse

from mutual import clock
from pooling.solvency import forecasts
from tests.conftest import make_member
from tests.mutual.test_components import ROOT, browser
from tests.pooling.claims.test_claims import filled
from tests.pooling.solvency.test_pages import pytestmark
from tests.pooling.test_dues import ON, charge, coop, on_plan

__all__ = ["browser", "coop", "filled", "pytestmark"]


class TestSlider:
    def test_puts_the_answer_in_place_while_it_moves(self, browser, client, filled):
        with time_machine.travel(ON, tick=False):
            on_plan(make_member("Ada Byron"), filled)
            charge()
            forecasts.simulate(fund_slug="sickness", seed=1, on=clock.today(), number=200, kept=True)
            client.force_login(make_member("Bea Roth").user)
            html = client.get(reverse("solvency:fund", args=["sickness"])).content
        page, asked = browser.new_page(), []

        def answer(route):
            path = route.request.url.removeprefix("http://mutual.test")
            if path.startswith("/static/"):
                file = ROOT / path.removeprefix("/").split("#")[0]
                kinds = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
                return route.fulfill(body=file.read_bytes(), content_type=kinds.get(file.suffix, "font/woff2"))
            if "/answer/" in path:
                asked.append(path)
                return route.fulfill(body="<p>Fewer than one.</p>", content_type="text/html")
            return route.fulfill(body=html, content_type="text/html; charset=utf-8")

        page.route("**/*", answer)
        page.goto("http://mutual.test/solvency/sickness/")
        sliders = page.get_by_role("slider")
        assert sliders.count() == 3
        page.get_by_role("slider", name="Dues for this fund, a member and month").fill("3000")
        page.get_by_text("Fewer than one.").wait_for()
        assert page.input_value("#id_dues") == "30.00"
        assert asked == ["/solvency/sickness/answer/?dues=30.00&waiting=0&ceiling="]
        assert page.url == "http://mutual.test/solvency/sickness/"
        page.get_by_label("Waiting days of each illness").first.fill("10")
        page.wait_for_timeout(600)
        assert asked[-1] == "/solvency/sickness/answer/?dues=30.00&waiting=10&ceiling="
        page.close()

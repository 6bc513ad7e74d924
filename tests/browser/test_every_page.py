"""Every page, as each of the people it is for: at phone and desktop width, light and dark, seen by axe and by a ruler.

The list comes from the URLconf (``pages.py``): a route without an example of it fails the first test.
"""

from __future__ import annotations

from collections import defaultdict

import pytest
from axe_playwright_python.sync_playwright import Axe

from mutual.access import policy_of
from tests.browser import pages
from tests.browser.stage import PHONE, WIDE, Visit, visit
from tests.trust.test_routes import routes

pytestmark = pytest.mark.soak
AXE = Axe().axe_script
COLOURS = "runOnly: ['color-contrast', 'link-in-text-block'], "
LOOKS = ((WIDE, "light", ""), (WIDE, "dark", COLOURS), (PHONE, "dark", ""), (PHONE, "light", COLOURS))
"""Every look, and what axe is asked there: a theme changes colours only, so each width is asked everything once."""

_OF = defaultdict(list)
for _opening in pages.openings():
    _OF[_opening.who].append(_opening)

SHARES = [
    pytest.param(("ada",), marks=pytest.mark.xdist_group("browser-1")),
    pytest.param(("tessa", "aisha", "theo"), marks=pytest.mark.xdist_group("browser-2")),
    pytest.param(("", "eva", "bea"), marks=pytest.mark.xdist_group("browser-1")),
    pytest.param(("anders", "clara", "cem"), marks=pytest.mark.xdist_group("browser-2")),
]
"""Who looks with whom: two shares for each of two processors."""


def faults(window: Visit, where: str) -> list[str]:
    """What axe and the ruler find on the page that stands in the window, in every look."""
    page, found = window.page, []
    page.evaluate(AXE)
    for size, colours, rules in LOOKS:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=colours)
        look = f"{where} ({size['width']}, {colours})"
        asked = f"axe.run({{{rules}resultTypes: ['violations'], preload: false}})"
        violations = page.evaluate(f"{asked}.then(said => said.violations)")
        found += [
            f"{look}: {one['id']} {node['html'][:160]} {node['failureSummary']}"
            for one in violations
            for node in one["nodes"]
        ]
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > size["width"]:
            found.append(f"{look}: scrolls to {width}")
    return found


def opened(window: Visit, path: str) -> list[str] | None:
    """Open a page; None where it stands in the window, else what is wrong: nothing with files and what is only sent."""
    answer = window.context.request.get(path, max_redirects=0)
    kind = answer.headers.get("content-type", "")
    if answer.status == 405 or (answer.status == 200 and not kind.startswith("text/html")):
        return []
    if answer.status != 200:
        return [f"{path}: {answer.status} {answer.headers.get('location', '')}"]
    window.page.goto(path)
    return None


class TestTheList:
    def test_has_an_example_of_every_route_and_a_route_for_every_example(self):
        asking = {route for route, view in routes() if "<" in route or policy_of(view) is None}
        assert asking | pages.UNSEEN == set(pages.ABOUT) | pages.ELSEWHERE | pages.UNSEEN

    def test_leaves_nobody_out(self):
        assert {who for share in SHARES for who in share.values[0]} == set(_OF)


@pytest.mark.parametrize("people", SHARES)
class TestEveryPage:
    def test_is_accessible_at_both_widths_in_both_colours_and_asks_nobody_else(self, stage, browser, people):
        found, seen = [], set()
        for who in people:
            window = visit(stage, browser, who)
            for opening in _OF[who]:
                path = opening.path(stage.where)
                if (told := opened(window, path)) is not None:
                    found += told
                    continue
                seen.add(opening.route)
                found += faults(window, f"{who or 'visitor'} {path}")
            found += window.wrong
            window.context.close()
        assert not found, "\n".join(found)
        assert len(seen) >= 10

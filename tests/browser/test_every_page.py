"""Every page, as each of the people it is for: at phone and desktop width, light and dark, seen by axe and by a ruler.

The list comes from the URLconf (``pages.py``): a route without an example of it fails the first test.
"""

from __future__ import annotations

from collections import defaultdict

import pytest
from playwright.sync_api import Error

from mutual.access import policy_of
from tests.browser import pages
from tests.browser.stage import PHONE, WIDE, Visit, visit
from tests.trust.test_routes import routes

_OF = defaultdict(list)
for _opening in pages.openings():
    _OF[_opening.who].append(_opening)

SHARES = [
    pytest.param(("ada", "eva", "bea", "greta", "juror"), marks=pytest.mark.xdist_group("browser-1")),
    pytest.param(
        ("", "tessa", "theo", "anders", "aisha", "clara", "cem", "ines"), marks=pytest.mark.xdist_group("browser-2")
    ),
]
"""Who looks with whom: one share for each of two processors."""

FAULTY = """
  document.querySelector("main").innerHTML = "<h1>Faults</h1><input><p>faint</p><div>wide</div>";
  Object.assign(document.querySelector("main p").style, { color: "#777", background: "#888" });
  document.querySelector("main div").style.width = "2000px";
  console.error("here is a word");
  fetch("http://localhost:9/").catch(() => 0);
"""

_COLOURS: dict[int, set[int]] = defaultdict(set)
"""The kinds of things whose colours were looked at, by width."""

_SHAPES: set[tuple[str, int, frozenset[int]]] = set()
"""What pages were made of where axe was asked everything: the route, the width, the kinds of things on it."""


def faults(window: Visit, where: str, route: str = "") -> list[str]:
    """What axe and the ruler find on the page that stands in the window, in every look.

    A theme changes nothing but colours, so the other rules are asked once at each width, and not again where somebody
    else was shown the same things on the same page. Colours are what takes long: each kind of thing, with all it
    stands in (``look.js``), is looked at once at each width, in both themes.
    """
    page, found = window.page, []
    standing = page.viewport_size
    for size in sorted((WIDE, PHONE), key=lambda size: size != standing):  # one change of width for a page
        width = size["width"]
        if page.viewport_size["width"] != width:
            page.set_viewport_size(size)
        seen = page.evaluate("look.round()")
        if seen["width"] > width:
            found.append(f"{where} ({width}): scrolls to {seen['width']}")
        new = [kind for kind in seen["kinds"] if kind not in _COLOURS[width]]
        _COLOURS[width].update(new)
        shape = (route, width, frozenset(seen["kinds"]))
        if new or shape not in _SHAPES:
            found += [f"{where} ({width}, light): {one}" for one in page.evaluate("kinds => look.over(kinds)", new)]
            _SHAPES.update({shape} if route else ())
        if new:
            page.emulate_media(color_scheme="dark")
            found += [f"{where} ({width}, dark): {one}" for one in page.evaluate("look.again()")]
            page.emulate_media(color_scheme="light")
    if not route:  # somebody is on her way here
        page.set_viewport_size(standing)
    return found


def opened(window: Visit, opening: pages.Opening, path: str) -> list[str] | None:
    """Open a page; None where it stands in the window, else what is wrong: nothing with files."""
    if opening.route in pages.FILES:
        status = window.context.request.get(path, max_redirects=0).status
        return [] if status == 200 else [f"{path}: {status}"]
    try:
        answer = window.page.goto(path)
    except Error as refused:
        return [f"{path}: {refused}"]
    stands = window.path()
    if answer.status != 200 or stands != path:
        window.wrong.clear()  # Chromium mentions the status too
        return [f"{path}: {answer.status} at {stands}"]
    return None


class TestTheList:
    def test_has_an_example_of_every_route_and_a_route_for_every_example(self):
        present = dict(routes())
        asking = {route for route, view in present.items() if "<" in route or policy_of(view) is None}
        listed = set(pages.ABOUT) | pages.ELSEWHERE
        assert asking <= listed, asking - listed
        assert listed | pages.FILES <= set(present), (listed | pages.FILES) - set(present)

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
                told = opened(window, opening, path)
                if told is None:
                    seen.add(opening.route)
                    told = faults(window, f"{who or 'visitor'} {path}", opening.route)
                found += told + window.wrong
                window.wrong.clear()
            window.context.close()
        assert not found, "\n".join(found)
        assert len(seen) >= 50


@pytest.mark.xdist_group("browser-1")
class TestFaults:
    def test_of_each_kind_are_found_on_a_page_that_has_them(self, stage, browser):
        window = visit(stage, browser)
        window.go("/accounts/login/")
        window.page.evaluate(FAULTY)
        found = "\n".join(faults(window, "here") + window.wrong)
        for fault in (
            "label <input>",
            "color-contrast <p",
            "(390): scrolls to",
            "here is a word",
            "Content Security Policy",
        ):
            assert fault in found
        for look in ("(1440, light): color", "(1440, dark): color", "(390, light): color", "(390, dark): color"):
            assert look in found
        window.context.close()

"""One server for everything in this folder, one browser for each module."""

from __future__ import annotations

import pytest
from playwright.sync_api import sync_playwright

from mutual import bootstrap
from tests.browser.stage import CHROMIUM, Stage


@pytest.fixture(scope="session")
def stage():
    """The cooperative behind its web server."""
    made = Stage()
    yield made
    made.close()


@pytest.fixture(scope="module")
def browser():
    """Chromium; while it runs, Playwright keeps an event loop in this thread, which Django must not mind."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as play:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        chromium = play.chromium.launch(executable_path=bootstrap.chromium(), args=CHROMIUM)
        yield chromium
        chromium.close()

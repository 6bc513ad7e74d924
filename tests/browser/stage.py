"""A real server over a small cooperative of its own, and Chromium in front of it."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests import arena

CHROMIUM = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
_SECONDS_TO_ANSWER = 60
LOOK = f"{Axe().axe_script}\n{Path(__file__).with_name('look.js').read_text()}"
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


class Stage:
    """The world of ``tests/browser/world.py`` behind the web server that an installation runs."""

    def __init__(self) -> None:
        self.arena, world = arena.world()
        try:
            self.cookies: dict[str, str] = world["cookies"]
            self.secrets: dict[str, str] = world["secrets"]
            self.where: dict[str, Any] = world["where"]
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", 0))
                port = listener.getsockname()[1]
            self.address = f"http://localhost:{port}"
            self._log = tempfile.TemporaryFile()  # noqa: SIM115  it lives as long as the server
            self._server = subprocess.Popen(
                [
                    sys.executable, "-m", "gunicorn", "mutual.wsgi", f"--bind=127.0.0.1:{port}",
                    "--worker-class=gthread", "--workers=1", "--threads=4", "--no-control-socket",
                ],
                cwd=arena.CHECKOUT, env=self.arena.env | {"PORT": str(port)}, stdout=self._log, stderr=self._log,
            )  # fmt: skip
            self._wait()
        except BaseException:
            self.close()
            raise

    def _wait(self) -> None:
        deadline = time.monotonic() + _SECONDS_TO_ANSWER
        while time.monotonic() < deadline:
            assert self._server.poll() is None, self.log()
            try:
                with urllib.request.urlopen(f"{self.address}/health/", timeout=10):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise AssertionError(f"The server does not answer.\n{self.log()}")

    def log(self) -> str:
        """What the server said last."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")[-3000:]

    def close(self) -> None:
        """Stop the server and drop the database."""
        if (server := getattr(self, "_server", None)) is not None:
            server.terminate()
            server.wait(20)
            self._log.close()
        self.arena.drop()

    def code(self, name: str, *, at: float | None = None) -> str:
        """What this person's authenticator app shows now (RFC 6238)."""
        key = base64.b32decode(self.secrets[name])
        digest = hmac.digest(key, struct.pack(">Q", int(time.time() if at is None else at) // 30), hashlib.sha1)
        start = digest[-1] & 15
        return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


@dataclasses.dataclass
class Visit:
    """A browser window of one person, and everything in it that should not have happened."""

    stage: Stage
    context: BrowserContext
    page: Page
    wrong: list[str]

    def go(self, path: str) -> None:
        """Open a page of the cooperative."""
        self.page.goto(self.stage.address + path)

    def path(self) -> str:
        """Where the window stands."""
        return self.page.url.removeprefix(self.stage.address)


def visit(
    stage: Stage, browser: Browser, who: str = "", *, javascript: bool = True, size: Any = None, **more: Any
) -> Visit:
    """A window, signed in as somebody; whatever the console says or another host is asked is written down."""
    context = browser.new_context(
        viewport=size or WIDE,
        java_script_enabled=javascript,
        base_url=stage.address,
        locale="en-GB",
        reduced_motion="reduce",
        **more,
    )
    if who:
        context.add_cookies([{"name": "sessionid", "value": stage.cookies[who], "url": stage.address}])
    if javascript:
        context.add_init_script(LOOK)
    page = context.new_page()
    window = Visit(stage, context, page, [])
    page.on("console", lambda said: _note(window, said.type, said.text))
    page.on("pageerror", lambda error: window.wrong.append(f"{page.url}: {error}"))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((stage.address + "/", "data:"))
            else window.wrong.append(f"{page.url}: asked {request.url}")
        ),
    )
    return window


def _note(window: Visit, kind: str, text: str) -> None:
    # A refused form is an answer of 422, which Chromium mentions; everything else it says is a fault.
    if kind in ("error", "warning") and "422" not in text:
        window.wrong.append(f"{window.page.url}: {text}")

"""Markup in, tagged PDF/A-3a out. Loaded by the press, in its own process; with `shortcuts` the only import of
WeasyPrint."""

from __future__ import annotations

import logging
import resource
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import cssselect2
import pydyf
import weasyprint
import weasyprint.draw
from weasyprint.text.ffi import harfbuzz, pango
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

logging.getLogger("weasyprint").setLevel(logging.CRITICAL)


class Outside(FatalURLFetchingError):  # type: ignore[misc]
    """The markup asks for something that was not handed over. Ends the document: WeasyPrint catches nothing of it."""


class OnlyOurs(URLFetcher):  # type: ignore[misc]
    """Gives the pictures that came with the document, by exact name; anything else ends the document."""

    def __init__(self, pictures: dict[str, bytes]) -> None:
        self.pictures = pictures
        self.handlers: list[object] = []  # none of those that could open an address or a file
        self._fail_on_errors = True

    def fetch(self, url: str, headers: object = None) -> Any:
        """The picture of that name. :raises Outside: if there is none"""
        if url not in self.pictures:
            raise Outside(url[:200])
        return URLFetcherResponse(url, self.pictures[url], {"Content-Type": "image/svg+xml"})

    def open(self, url: Any, data: object = None, timeout: object = None) -> Any:
        """Nothing is ever opened. :raises Outside:"""
        raise Outside(str(url)[:200])


class Paper(weasyprint.HTML):  # type: ignore[misc]
    """Markup read by the C parser: our templates are well-formed, so no repairing parser is needed."""

    def __init__(self, markup: bytes, pictures: dict[str, bytes], browser: weasyprint.CSS) -> None:
        if b"<!" in markup or b"<?" in markup:
            raise Outside("a declaration in the markup")
        self.browser = browser
        self.base_url = None
        self.media_type = "print"
        self.url_fetcher = OnlyOurs(pictures)
        self.etree_element = ET.fromstring(markup)  # noqa: S314  # no declarations, so no entities
        self.wrapper_element = cssselect2.ElementWrapper.from_html_root(self.etree_element, content_language=None)

    def _ua_stylesheets(self, forms: bool = False) -> list[Any]:
        return [self.browser]


class Typesetter:
    """The two stylesheets and the fonts, loaded once."""

    def __init__(self, *, browser: str, paper: str) -> None:
        self.fonts = FontConfiguration()
        self.browser, self.paper = self._stylesheet(browser), self._stylesheet(paper)

    def _stylesheet(self, path: str) -> Any:
        text = Path(path).read_text(encoding="utf-8")
        return weasyprint.CSS(string=text, font_config=self.fonts, url_fetcher=OnlyOurs({}))

    def print(self, job: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """One document: what became of it, and its bytes. `body` is the markup, the pictures, the attachments.

        :raises Outside: if the markup asks for anything else
        """
        markup, rest = _cut(body, job["sizes"])
        pictures = {f"picture:{name}": rest.pop(0) for name in job["pictures"]}
        document = Paper(markup, pictures, self.browser).render(
            font_config=self.fonts, stylesheets=[self.paper], pdf_variant=job["variant"], cache={}
        )
        moment = datetime.fromisoformat(job["created"])
        metadata = document.metadata
        metadata.title, metadata.lang = job["title"], job["language"]
        metadata.created = metadata.modified = job["created"]
        metadata.authors, metadata.generator = [job["author"]], "Mutual"
        metadata.attachments = [
            weasyprint.Attachment(
                string=rest.pop(0),
                name=one["name"],
                description=one["description"],
                relationship=one["relationship"],
                created=moment,
                modified=moment,
                url_fetcher=OnlyOurs({}),
            )
            for one in job["attachments"]
        ]
        pdf = document.write_pdf(pdf_variant=job["variant"], finisher=_name_once, uncompressed_pdf=job["uncompressed"])
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "pages": len(document.pages),
            "missing": sorted({code for font in document.fonts.values() for code in font.missing}),
            "seconds": used.ru_utime + used.ru_stime,
            "memory": used.ru_maxrss * 1024,
        }, pdf


def _cut(body: bytes, sizes: list[int]) -> tuple[bytes, list[bytes]]:
    parts, at = [], 0
    for size in sizes:
        parts.append(body[at : at + size])
        at += size
    return parts[0], parts[1:]


def _name_once(document: Any, pdf: Any) -> None:
    """WeasyPrint names each attached file twice in /AF."""
    if "AF" in pdf.catalog:
        pdf.catalog["AF"][:] = list(dict.fromkeys(pdf.catalog["AF"]))


_plain_table = weasyprint.draw.draw_table


def _ruled_table(stream: Any, table: Any) -> None:
    """Draw a table; under each row of one that asks (`table.ruled`) a hairline, all as one path.

    The line above a closing row is heavier, as is the one under the header.
    """
    _plain_table(stream, table)
    element = table.element
    if element is None or "ruled" not in (element.get("class") or ""):
        return
    spacing = table.style["border_spacing"][0]
    left, width = table.content_box_x() + spacing, table.width - 2 * spacing
    with stream.artifact(), stream.stacked():
        stream.set_color(table.style["border_top_color"])
        for group in table.children:
            for row in group.children:
                closing = row.element is not None and (row.element.get("class") or "").startswith("close")
                thick = 0.8 if closing or group.is_header else 0.4
                y = row.position_y + (0 if closing else row.height)
                stream.rectangle(left, y - thick / 2, width, thick)
        stream.fill()


weasyprint.draw.draw_table = _ruled_table


def versions() -> dict[str, str]:
    """The libraries that shape a page."""
    version = pango.pango_version()
    return {
        "weasyprint": weasyprint.__version__,
        "pydyf": pydyf.__version__,
        "pango": f"{version // 10000}.{version // 100 % 100}.{version % 100}",
        "harfbuzz": _harfbuzz_version(),
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
    }


def _harfbuzz_version() -> str:
    """The shaper's version, by asking "at least?" until it says no: WeasyPrint declares no other question."""
    parts: list[int] = []
    for _ in range(3):
        part = 0
        while harfbuzz.hb_version_atleast(*[*parts, part + 1, 0, 0][:3]):
            part += 1
        parts.append(part)
    return ".".join(map(str, parts))

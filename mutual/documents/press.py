"""The printing press: a child process that turns finished markup into PDF, and nothing else.

The only import of WeasyPrint. `mutual.documents.documents` starts this file by its path, without
the project, its settings or its secrets, and speaks to it over a pipe: each message is a four-byte
length, a JSON head, a zero byte, and bytes. The child may not open a connection (its fetcher has no
handlers, and where the system allows it has no network at all), may use a limited amount of memory
in its life and of processor time for each document, and is thrown away when it breaks either.

Why it is quick: one process for many documents, stylesheets parsed once, a browser stylesheet of
thirty lines in place of WeasyPrint's two hundred and fifty, markup read by the C parser of the
standard library, compression at level 5 (pydyf asks for 9), cyclic garbage collected between
documents and never inside one, and rule lines painted as one path for each table instead of four
borders for each cell.
"""

import ctypes
import gc
import json
import logging
import os
import resource
import select
import struct
import sys
import traceback
import zlib
from datetime import datetime
from typing import Any, BinaryIO, NoReturn
from xml.etree import ElementTree

_LENGTH = struct.Struct(">I")
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000


def leave_the_network() -> bool:
    """Move into a network namespace without any interface; False where the system does not allow it."""
    if not sys.platform.startswith("linux"):
        return False
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    return any(unshare(flags) == 0 for flags in (_NEW_NETWORK, _NEW_NETWORK | _NEW_USER))


def limit_memory(limit: int) -> None:
    """Allow `limit` bytes of address space in all, no core file, and files of at most 64 MiB."""
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 26, 1 << 26))


def allow_seconds(seconds: int) -> None:
    """Allow this many further seconds of processor time: the limit counts from the process's birth."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def read(pipe: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """One message from the pipe; None when the other side has closed it."""
    length = pipe.read(_LENGTH.size)
    if len(length) < _LENGTH.size:
        return None
    message = pipe.read(_LENGTH.unpack(length)[0])
    head, _, body = message.partition(b"\0")
    return json.loads(head), body


def write(pipe: BinaryIO, head: dict[str, Any], body: bytes = b"") -> None:
    """One message into the pipe."""
    message = json.dumps(head).encode() + b"\0" + body
    pipe.write(_LENGTH.pack(len(message)) + message)
    pipe.flush()


def main(settings: dict[str, Any]) -> NoReturn:
    """Serve documents until the pipe closes, the worker has been idle too long, or has done its share.

    `settings`: ``memory`` (bytes), ``seconds`` (per document), ``idle`` (seconds), ``documents``
    (how many before a fresh process is due: the libraries below leak about 0.1 MB with each),
    ``browser`` and ``paper`` (the two stylesheets), ``shortcuts`` (off only to prove that they change nothing).
    """
    network = not leave_the_network()
    inlet, outlet = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # nothing but messages may reach the pipe
    limit_memory(settings["memory"])
    allow_seconds(settings["seconds"])
    press = _load(settings)
    write(outlet, {"ready": True, "network": network, "versions": press.versions})
    gc.collect()
    gc.freeze()
    gc.disable()
    for count in range(1, settings["documents"] + 1):
        if not select.select([inlet], [], [], settings["idle"])[0]:
            break
        message = read(inlet)
        if message is None:
            break
        allow_seconds(settings["seconds"])
        job, markup = message
        last = count == settings["documents"]
        try:
            head, pdf = press.print(job, markup)
        except (MemoryError, RecursionError):
            write(outlet, {"refused": "too complex", "last": True})
            break
        except press.outside as error:
            head, pdf = {"refused": "outside", "what": str(error)}, b""
        except Exception:  # noqa: BLE001  # every fault of the libraries becomes one answer, raised again in the parent
            head, pdf = {"broke": traceback.format_exc(limit=-6)}, b""
        write(outlet, {**head, "last": last}, pdf)
        if count % 10 == 0:
            gc.collect()
    outlet.close()
    os._exit(0)


def _load(settings: dict[str, Any]) -> Any:
    """Import WeasyPrint and parse the stylesheets; the price of a cold start, paid once."""
    import cssselect2  # noqa: PLC0415
    import pydyf  # noqa: PLC0415
    import weasyprint  # noqa: PLC0415
    import weasyprint.draw  # noqa: PLC0415
    import weasyprint.stacking  # noqa: PLC0415
    from weasyprint.text.ffi import ffi, harfbuzz, pango  # noqa: PLC0415
    from weasyprint.text.fonts import FontConfiguration  # noqa: PLC0415
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse  # noqa: PLC0415

    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)

    class OnlyOurs(URLFetcher):  # type: ignore[misc]
        """Gives the pictures that came with the document, by exact name; anything else ends the document."""

        def __init__(self, pictures: dict[str, bytes]) -> None:
            self.pictures = pictures
            self.handlers: list[object] = []
            self._fail_on_errors = True

        def fetch(self, url: str, headers: object = None) -> Any:
            if url not in self.pictures:
                raise FatalURLFetchingError(url[:200])
            return URLFetcherResponse(url, self.pictures[url], {"Content-Type": "image/svg+xml"})

        def open(self, url: Any, data: object = None, timeout: object = None) -> Any:
            raise FatalURLFetchingError(str(url)[:200])

    refuse_all = OnlyOurs({})
    fonts = FontConfiguration()

    def stylesheet(path: str) -> Any:
        with open(path, encoding="utf-8") as file:
            return weasyprint.CSS(string=file.read(), font_config=fonts, url_fetcher=refuse_all)

    browser, paper = stylesheet(settings["browser"]), stylesheet(settings["paper"])

    class Paper(weasyprint.HTML):  # type: ignore[misc]
        """Markup read by the C parser: our templates are well-formed, so no repairing parser is needed."""

        def __init__(self, markup: bytes, pictures: dict[str, bytes]) -> None:
            if b"<!" in markup or b"<?" in markup:
                raise FatalURLFetchingError("a declaration in the markup")
            self.base_url = None
            self.media_type = "print"
            self.url_fetcher = OnlyOurs(pictures)
            self.etree_element = ElementTree.fromstring(markup)  # noqa: S314  # no declarations: no entities
            self.wrapper_element = cssselect2.ElementWrapper.from_html_root(
                self.etree_element, content_language=None
            )

        def _ua_stylesheets(self, forms: bool = False) -> list[Any]:
            return [browser]

    if settings["shortcuts"]:
        _take_shortcuts()
    plain_table = weasyprint.draw.draw_table

    def ruled_table(stream: Any, table: Any) -> None:
        """Draw a table; under each row of one that asks (`table.ruled`) a hairline, all as one path."""
        plain_table(stream, table)
        element = table.element
        if element is None or "ruled" not in (element.get("class") or ""):
            return
        spacing = table.style["border_spacing"][0]
        left, width = table.content_box_x() + spacing, table.width - 2 * spacing
        with stream.artifact(), stream.stacked():
            stream.set_color(table.style["border_top_color"])
            for group in table.children:
                for row in group.children:
                    heavy = group.is_header or (row.element is not None and row.element.get("class") == "close")
                    y = row.position_y + (0 if heavy and not group.is_header else row.height)
                    stream.rectangle(left, y - (0.4 if heavy else 0.2), width, 0.8 if heavy else 0.4)
            stream.fill()

    weasyprint.draw.draw_table = ruled_table

    def number(version: int) -> str:
        return f"{version // 10000}.{version // 100 % 100}.{version % 100}"

    class Loaded:
        versions = {
            "weasyprint": weasyprint.__version__,
            "pydyf": pydyf.__version__,
            "pango": number(pango.pango_version()),
            "harfbuzz": _harfbuzz_version(ffi, harfbuzz),
            "zlib": zlib.ZLIB_RUNTIME_VERSION,
        }
        outside = FatalURLFetchingError

        @staticmethod
        def print(job: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
            """One document. The body is the markup, then the pictures, then the attachments."""
            parts, at = [], 0
            for size in job["sizes"]:
                parts.append(body[at : at + size])
                at += size
            markup, rest = parts[0], parts[1:]
            pictures = {f"picture:{name}": rest.pop(0) for name in job["pictures"]}
            document = Paper(markup, pictures).render(
                font_config=fonts, stylesheets=[paper], pdf_variant=job["variant"], cache={}
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
                    url_fetcher=refuse_all,
                )
                for one in job["attachments"]
            ]
            pdf = document.write_pdf(
                pdf_variant=job["variant"],
                finisher=_finish,
                uncompressed_pdf=job["uncompressed"],
            )
            missing = sorted({code for font in document.fonts.values() for code in font.missing})
            used = resource.getrusage(resource.RUSAGE_SELF)
            return {
                "pages": len(document.pages),
                "missing": missing,
                "seconds": used.ru_utime + used.ru_stime,
                "memory": used.ru_maxrss * 1024,
            }, pdf

    return Loaded


def _take_shortcuts() -> None:
    """Save a quarter of the time of a page of small cells, without changing a byte of what is drawn.

    These reach into WeasyPrint 70 and pydyf 0.13. `tests/mutual/documents/test_press.py` prints the
    same sheet with and without them and compares.
    """
    import pydyf  # noqa: PLC0415
    import weasyprint.document  # noqa: PLC0415
    from weasyprint.layout import percent  # noqa: PLC0415
    from weasyprint.text import line_break  # noqa: PLC0415

    # 1. A level for zlib, which pydyf has no setting for.
    class Level5:
        @staticmethod
        def compressobj(level: int) -> Any:
            return zlib.compressobj(level=min(level, 5))

        compress = staticmethod(lambda data: zlib.compress(data, 5))
        decompress = staticmethod(zlib.decompress)

    pydyf.zlib = Level5

    # 2. Fewer questions asked of each item written: a tagged page has thousands.
    careful = pydyf._to_bytes

    def to_bytes(item: Any) -> bytes:
        kind = type(item)
        if kind is bytes:
            return item  # type: ignore[no-any-return]
        if kind is str:
            return item.encode("ascii")  # type: ignore[no-any-return]
        if kind is int:
            return b"%d" % item
        return careful(item)  # type: ignore[no-any-return]

    def dictionary(self: Any) -> bytes:
        return b"<<" + b"".join([b"/" + to_bytes(key) + b" " + to_bytes(self[key]) for key in self]) + b">>"

    def array(self: Any) -> bytes:
        return b"[" + b" ".join([to_bytes(item) for item in self]) + b"]"

    pydyf._to_bytes = to_bytes
    pydyf.Dictionary.data, pydyf.Array.data = property(dictionary), property(array)

    # 3. No search for titles and links to attach: they come with the job, and nothing else is attached.
    weasyprint.document.get_html_metadata = lambda html: {}

    # 4. A text laid out for measuring is kept for drawing instead of being laid out a second time.
    lay_out, take_text = line_break.Layout.reactivate, line_break.Layout.set_text
    one_paragraph = line_break.pango.pango_layout_set_single_paragraph_mode

    def set_text(self: Any, text: str, justify: bool = False) -> None:
        one_paragraph(self.layout, "\n" not in text)  # what drawing asks for, and would start over for
        take_text(self, text, justify)

    def reactivate(self: Any, style: Any) -> None:
        if self.justification_spacing or not hasattr(self, "layout"):
            lay_out(self, style)

    line_break.Layout.set_text = set_text
    line_break.Layout.reactivate = reactivate
    line_break.Layout.deactivate = lambda self: None

    # 5. A length in pixels, which nearly all are by then, is taken as it is.
    resolve = percent.resolve_one_percentage

    def resolve_one_percentage(box: Any, name: str, refer_to: Any) -> None:
        value = box.style[name]
        if value == "auto" or getattr(value, "unit", None) != "px":
            resolve(box, name, refer_to)
        else:
            setattr(box, name, value.value)

    percent.resolve_one_percentage = resolve_one_percentage


def _harfbuzz_version(ffi: Any, harfbuzz: Any) -> str:
    """The version of the shaper, asked through its own "at least": WeasyPrint declares no other way."""
    parts: list[int] = []
    for _ in range(3):
        part = 0
        while harfbuzz.hb_version_atleast(*([*parts, part + 1, 0, 0][:3])):
            part += 1
        parts.append(part)
    return ".".join(map(str, parts))


def _finish(document: Any, pdf: Any) -> None:
    """What WeasyPrint leaves to be said for PDF/A with attachments: each file once in /AF."""
    if "AF" in pdf.catalog:
        once = list(dict.fromkeys(pdf.catalog["AF"]))
        pdf.catalog["AF"][:] = once


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))

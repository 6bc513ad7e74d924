"""A template and a value in, the bytes of a PDF out.

`render` fills one of our auto-escaped templates and has it printed by a warm child process
(`press.py`; only there is WeasyPrint loaded) as tagged PDF/A-3a. The same input
gives the same bytes, on every machine with the same versions of the libraries named by `versions`.
"""

from __future__ import annotations

import atexit
import contextlib
import datetime as dt
import json
import os
import selectors
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from mutual.documents import lettering

HERE = Path(__file__).resolve().parent
_LENGTH = struct.Struct(">I")

#: The longest markup taken, in characters: about 5,000 lines of a statement.
MARKUP_LIMIT = 4_000_000
#: The most bytes of pictures and attachments together.
ENCLOSURE_LIMIT = 16_000_000


class DocumentRefused(Exception):
    """A document that cannot be printed; the sentence says why. Nothing was kept."""


class TooComplex(DocumentRefused):
    """Printing needed more time or memory than one document may have."""


class TooLong(DocumentRefused):
    """There is more text than one document may hold."""


class OutsideReference(DocumentRefused):
    """The markup asks for a file or an address; a document holds only what was handed over."""


class Unprintable(DocumentRefused):
    """A character reached the paper that no packaged font draws."""


class PressBroke(RuntimeError):
    """A fault in a template or in the printing library: a bug, not a refusal."""


@dataclass(frozen=True)
class Attachment:
    """A file to embed. `relationship` is PDF's AFRelationship: Alternative, Data, Source, Supplement."""

    name: str
    content: bytes
    description: str = ""
    relationship: str = "Unspecified"


@dataclass(frozen=True)
class Printed:
    """What the press gives back: the file, how many pages, and the processor seconds it took."""

    pdf: bytes
    pages: int
    seconds: float
    memory: int


@dataclass
class Press:
    """One warm child process and the rules it works under. Safe for threads: one document at a time.

    `seconds` of processor time for a document, `patience` seconds on the clock, `memory` bytes of
    address space, `documents` before the process is replaced, `idle` seconds before it leaves;
    without `shortcuts` it works the long way round.
    """

    seconds: int = 30
    patience: float = 120.0
    memory: int = 1 << 30
    documents: int = 500
    idle: int = 600
    shortcuts: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict, init=False)
    network: bool | None = field(default=None, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)
    _owner: int = field(default=0, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def print(self, head: Mapping[str, Any], body: bytes) -> Printed:
        """Print one document.

        :raises TooComplex: when it takes more time or memory than allowed, or kills the process
        :raises OutsideReference: when the markup asks for anything that was not handed over
        :raises Unprintable: when a character has no glyph
        :raises PressBroke: on a fault in template or library
        """
        with self._lock:
            answer = self._ask(head, body)
            if answer is None:  # the process had left, being idle: that is no fault of the document
                answer = self._ask(head, body)
            if answer is None:
                raise TooComplex(_("This document is too complex to print."))
        reply, pdf = answer
        match reply.get("refused"):
            case "too complex":
                raise TooComplex(_("This document is too complex to print."))
            case "outside":
                raise OutsideReference(
                    _("This document asks for something outside itself: %(what)s.") % {"what": reply["what"]}
                )
        if "broke" in reply:
            raise PressBroke(reply["broke"])
        if reply["missing"]:
            letters = ", ".join(f"U+{code:04X}" for code in reply["missing"])
            raise Unprintable(_("No font has these characters: %(letters)s.") % {"letters": letters})
        return Printed(pdf=pdf, pages=reply["pages"], seconds=reply["seconds"], memory=reply["memory"])

    def start(self) -> None:
        """Start the process now rather than with the first document."""
        with self._lock:
            self._ready()

    def close(self) -> None:
        """End the process. The next document starts a new one."""
        with self._lock:
            self._end()

    @property
    def pid(self) -> int | None:
        """The process id of the child, or None when there is none."""
        return self._process.pid if self._process is not None else None

    def _ask(self, head: Mapping[str, Any], body: bytes) -> tuple[dict[str, Any], bytes] | None:
        """Send one job; None when the process had ended cleanly before it took the job.

        :raises TooComplex: when the process died or fell silent over it
        """
        process = self._ready()
        answer = None
        try:
            _write(process.stdin, head, body)
            answer = _read(process.stdout, time.monotonic() + self.patience)
        except (BrokenPipeError, EOFError, TimeoutError) as error:
            code = self._end()
            if code == 0 and not isinstance(error, TimeoutError):
                return None
            if code == 1:
                raise PressBroke("the press ended with an error; see its log") from error
            raise TooComplex(_("This document is too complex to print.")) from error
        finally:
            if answer is None or answer[0].get("last"):
                self._end()  # also when interrupted in the middle: the pipe then holds half a message
        return answer

    def _ready(self) -> subprocess.Popen[bytes]:
        """The running child of this very process, started if need be."""
        if self._owner != os.getpid():  # after a fork the child belongs to the parent: leave it alone
            self._process, self._owner = None, os.getpid()
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            self._start()
        assert self._process is not None
        return self._process

    def _start(self) -> None:
        settings = {
            "memory": self.memory,
            "seconds": self.seconds,
            "documents": self.documents,
            "idle": self.idle,
            "browser": str(HERE / "browser.css"),
            "paper": str(HERE / "paper.css"),
            "shortcuts": self.shortcuts,
        }
        passed = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
        cache = Path(tempfile.gettempdir())
        self._process = subprocess.Popen(  # our own file, by our own interpreter
            [sys.executable, "-P", "-s", str(HERE / "press.py"), json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd="/",
            close_fds=True,
            env={
                **passed,
                "LANG": "C.UTF-8",
                "LC_ALL": "C.UTF-8",
                "HOME": str(cache),
                "FONTCONFIG_FILE": str(HERE / "fonts" / "fonts.conf"),
                "XDG_CACHE_HOME": str(cache),
                **self.environment,
            },
        )
        try:
            hello, _rest = _read(self._process.stdout, time.monotonic() + self.patience)
        except (EOFError, TimeoutError) as error:
            code = self._end()
            raise PressBroke(f"the press did not start (exit code {code})") from error
        self.versions, self.network = hello["versions"], hello["network"]

    def _end(self) -> int | None:
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return None
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        try:
            return process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


def _write(pipe: IO[bytes] | None, head: Mapping[str, Any], body: bytes) -> None:
    assert pipe is not None
    message = json.dumps(head).encode() + b"\0" + body
    pipe.write(_LENGTH.pack(len(message)) + message)
    pipe.flush()


def _read(pipe: IO[bytes] | None, deadline: float) -> tuple[dict[str, Any], bytes]:
    """One message. :raises EOFError: the child is gone  :raises TimeoutError: it is silent"""
    assert pipe is not None
    descriptor = pipe.fileno()
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)

        def exactly(size: int) -> bytes:
            parts, missing = [], size
            while missing:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                part = os.read(descriptor, min(missing, 1 << 20))
                if not part:
                    raise EOFError
                parts.append(part)
                missing -= len(part)
            return b"".join(parts)

        message = exactly(_LENGTH.unpack(exactly(_LENGTH.size))[0])
    head, _zero, body = message.partition(b"\0")
    return json.loads(head), body


_press = Press()
atexit.register(_press.close)


def render(
    template: str,
    context: Mapping[str, Any],
    *,
    title: str,
    language: str,
    created: dt.datetime,
    attachments: Sequence[Attachment] = (),
    pictures: Mapping[str, str] | None = None,
) -> bytes:
    """Print `template` filled with `context` as tagged PDF/A-3a; the same input gives the same bytes.

    `created` is aware and goes into the file: pass when the document was made, not when it is
    printed again. `pictures` are SVG texts by name, shown by ``<img src="picture:NAME" alt="…">``.
    Templates are well-formed XML (every tag closed) and hold no address of anything.

    :raises DocumentRefused: with a sentence, when it cannot be printed (too long, too complex)
    :raises PressBroke: on a fault in template or library
    """
    return print_out(
        template,
        context,
        title=title,
        language=language,
        created=created,
        attachments=attachments,
        pictures=pictures,
    ).pdf


def print_out(
    template: str,
    context: Mapping[str, Any],
    *,
    title: str,
    language: str,
    created: dt.datetime,
    attachments: Sequence[Attachment] = (),
    pictures: Mapping[str, str] | None = None,
    press: Press | None = None,
) -> Printed:
    """`render`, with the number of pages and the time it took; `press` for one's own limits."""
    with translation.override(language):
        markup = render_to_string(template, {**context, "language": language, "title": title})
    return print_markup(
        markup,
        title=title,
        language=language,
        created=created,
        attachments=attachments,
        pictures=pictures,
        press=press,
    )


def print_markup(
    markup: str,
    *,
    title: str,
    language: str,
    created: dt.datetime,
    attachments: Sequence[Attachment] = (),
    pictures: Mapping[str, str] | None = None,
    press: Press | None = None,
    variant: str | None = "pdf/a-3a",
    uncompressed: bool = False,
) -> Printed:
    """Print finished markup. Everything else goes through `render`.

    :raises TooLong: if markup, pictures or attachments are above the limits
    """
    assert created.tzinfo is not None, "a document's moment needs its time zone"
    if len(markup) > MARKUP_LIMIT:
        raise TooLong(_("This document is too long to print in one piece. Choose a shorter period."))
    pictures = pictures or {}
    parts = [
        lettering.printable(markup).encode(),
        *(lettering.printable(picture).encode() for picture in pictures.values()),
        *(attachment.content for attachment in attachments),
    ]
    if sum(map(len, parts[1:])) > ENCLOSURE_LIMIT:
        raise TooLong(_("The files enclosed in this document are too large."))
    head = {
        "sizes": [len(part) for part in parts],
        "pictures": list(pictures),
        "attachments": [
            {"name": one.name, "description": one.description, "relationship": one.relationship} for one in attachments
        ],
        "title": lettering.printable(title),
        "author": "Mutual",
        "language": language,
        "created": created.astimezone(dt.UTC).isoformat(timespec="seconds"),
        "variant": variant,
        "uncompressed": uncompressed,
    }
    return (press or _press).print(head, b"".join(parts))


def versions() -> dict[str, str]:
    """The libraries that shape a page and their versions: what reproducing a document depends on."""
    _press.start()
    return dict(_press.versions)

"""What may come in from outside: pictures that are drawn anew, and PDFs that only show pages (R-G6).

A file is what its first bytes say it is, whatever its name or its sender calls it. Names are not kept: they talk.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

LARGEST = 10 * 1024 * 1024
"""Bytes of one file."""
MOST = 6
"""Files of one form."""
_PATIENCE = 60

ACCEPT = "image/jpeg,image/png,application/pdf"
"""For the browser: with it a telephone offers its camera, and turns its own picture format into one of these."""

_KINDS = (
    (b"\xff\xd8\xff", "JPEG", "image/jpeg", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "PNG", "image/png", "png"),
    (b"%PDF-", "PDF", "application/pdf", "pdf"),
)


class UploadRefused(Exception):
    """The file is not taken; the message is a sentence for the person."""


class TooLarge(UploadRefused):
    """It is larger than a file may be, or there are too many."""


class NotTaken(UploadRefused):
    """It is neither JPEG, PNG nor PDF."""


class Damaged(UploadRefused):
    """It says it is one, and is not."""


class TooComplex(UploadRefused):
    """It has more pixels, pages or parts than are looked at."""


class Active(UploadRefused):
    """It would do something when opened: a script, a program, an attachment, a password."""


@dataclass(frozen=True)
class Accepted:
    """A file that may be kept: what it is, its clean bytes, and how many pages it shows."""

    mime: str
    suffix: str
    content: bytes
    pages: int


def accept(content: bytes) -> Accepted:
    """Look at a file and clean it.

    :raises UploadRefused: with a sentence, if it may not come in
    """
    if len(content) > LARGEST:
        raise TooLarge(_("This file is larger than %(size)s MB.") % {"size": LARGEST >> 20})
    for start, kind, mime, suffix in _KINDS:
        if content.startswith(start):
            pages, clean = _scan(content, kind)
            return Accepted(mime, suffix, clean, pages)
    raise NotTaken(_("Send a photo (JPEG or PNG) or a PDF."))


def _scan(content: bytes, kind: str) -> tuple[int, bytes]:
    program = Path(__file__).with_name("scanner.py")
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(program), kind],
            input=content, capture_output=True, timeout=_PATIENCE, env={}, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise _refusal("complex") from error
    if done.returncode:  # killed by its limits, or by what the file did to a parser
        raise _refusal("complex")
    head, _zero, clean = done.stdout.partition(b"\0")
    said = json.loads(head)
    if "refused" in said:
        raise _refusal(said["refused"])
    return int(said["pages"]), clean


def _refusal(code: str) -> UploadRefused:
    if code == "active":
        return Active(_("This PDF holds scripts or attachments. Print it to a new PDF, or take a photo of it."))
    if code == "locked":
        return Active(_("This PDF is locked with a password. Print it to a new PDF, or take a photo of it."))
    if code == "more":
        return Damaged(_("This PDF goes on after its end. Print it to a new PDF, or take a photo of it."))
    if code == "damaged":
        return Damaged(_("This file cannot be read. Take a photo, or make it again."))
    return TooComplex(_("This file is too large inside. Take a photo of the page that matters."))

"""The scanner: a child process that looks at one file somebody uploaded, and nothing else.

`mutual.uploads` starts this file by its path, without the project, its settings or its secrets, under limits of memory
and time; the file comes in on stdin, and a JSON head, a zero byte and the clean bytes go out. Parsing what strangers
send is what it is for: whatever a file does to a parser, it does it here.
"""

from __future__ import annotations

import io
import json
import re
import resource
import sys
import warnings
from typing import Any

PIXELS = 60_000_000
"""A telephone's picture has 50 million at most."""
SIDE = 3500
"""The longest side kept: small print stays legible."""
PAGES = 200
OBJECTS = 200_000
MEMORY, SECONDS = 1536 << 20, 30

DOES_SOMETHING = frozenset({
    "/JS", "/JavaScript", "/Launch", "/EmbeddedFile", "/EmbeddedFiles", "/EF", "/AF", "/AA", "/XFA", "/RichMedia",
    "/RichMediaContent", "/Movie", "/Sound", "/Rendition", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/3D",
    "/Screen", "/FileAttachment", "/Collection",
})  # fmt: skip
"""Names by which a PDF does more than show pages: scripts, programs, attachments, forms that send, films."""

_LONG = re.compile(
    rb"/(JavaScript|Launch|EmbeddedFiles?|RichMedia|SubmitForm|ImportData|FileAttachment)(?![A-Za-z0-9])"
)
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_BLANK = b"\0\t\n\f\r "


class Refused(Exception):
    """The file is not taken; the message is a code that the parent turns into a sentence."""


FAULTS = (
    ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, SyntaxError, TypeError,
    ValueError,
)  # fmt: skip
"""What the parsers raise at files that are not what they say."""


def picture(content: bytes, kind: str) -> bytes:
    """The picture drawn anew: its pixels, upright, and nothing else that was in the file."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        image = Image.open(io.BytesIO(content), formats=[kind])
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise Refused("pixels") from error
    if image.width * image.height > PIXELS:
        raise Refused("pixels")
    image.load()
    turned = ImageOps.exif_transpose(image)
    turned.thumbnail((SIDE, SIDE))
    mode = "L" if turned.mode in ("1", "L") else "RGBA" if kind == "PNG" and "A" in turned.getbands() else "RGB"
    clean = Image.new(mode, turned.size)
    clean.paste(turned.convert(mode))
    out = io.BytesIO()
    clean.save(out, kind, **({"quality": 88} if kind == "JPEG" else {"optimize": False}))
    return out.getvalue()


def pages(content: bytes) -> int:
    """How many pages a PDF has, once every object in it was looked at."""
    if not re.match(rb"%PDF-[12]\.\d", content):
        raise Refused("damaged")
    if not content.rstrip(_BLANK).endswith(b"%%EOF"):
        raise Refused("more")
    if _LONG.search(_ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), content)):
        raise Refused("active")
    import pypdf
    from pypdf.errors import PyPdfError

    try:
        return _count(pypdf.PdfReader(io.BytesIO(content), strict=False))
    except PyPdfError as error:
        raise Refused("damaged") from error


def _count(reader: Any) -> int:
    from pypdf.generic import IndirectObject

    if reader.is_encrypted:
        raise Refused("locked")
    count = len(reader.pages)
    if not 1 <= count <= PAGES:
        raise Refused("pages")
    _look(reader.trailer)
    numbers = [(number, generation) for generation, known in reader.xref.items() for number in known]
    numbers += [(number, 0) for number in reader.xref_objStm]
    if len(numbers) > OBJECTS:
        raise Refused("complex")
    for number, generation in numbers:
        if number:
            _look(reader.get_object(IndirectObject(number, generation, reader)))
    return count


def _look(thing: Any) -> None:
    """Refuse what does something; what is referred to is looked at in its own turn."""
    from pypdf.generic import ArrayObject, DictionaryObject, NameObject

    waiting, seen = [thing], 0
    while waiting:
        one = waiting.pop()
        seen += 1
        if seen > OBJECTS:
            raise Refused("complex")
        if isinstance(one, DictionaryObject):
            if one.keys() & DOES_SOMETHING:
                raise Refused("active")
            waiting.extend(dict.values(one))
        elif isinstance(one, ArrayObject):
            waiting.extend(list.__iter__(one))
        elif isinstance(one, NameObject) and str(one) in DOES_SOMETHING:
            raise Refused("active")


def scan(content: bytes, kind: str) -> tuple[dict[str, Any], bytes]:
    """What the parent is told, and the bytes to keep."""
    try:
        if kind == "PDF":
            return {"pages": pages(content)}, content
        return {"pages": 1}, picture(content, kind)
    except Refused as refused:
        return {"refused": str(refused)}, b""
    except (MemoryError, RecursionError):
        return {"refused": "complex"}, b""
    except FAULTS:
        return {"refused": "damaged"}, b""


def main() -> None:
    """One file, then the end."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    head, clean = scan(sys.stdin.buffer.read(), sys.argv[1])
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\0" + clean)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()

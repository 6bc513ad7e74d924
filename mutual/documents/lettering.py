"""Which characters paper can carry: what our fonts draw, and what stands in for the rest.

Pure functions. A document never fails because of a name: a character without a glyph is printed as
a visible empty box, so that a reader sees that something stood there, and the same text gives the
same bytes on every machine.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from pathlib import Path

#: Printed for a character that no packaged font draws.
REPLACEMENT = "\N{WHITE SQUARE}"

_COVERAGE = Path(__file__).resolve().parent / "fonts" / "coverage.txt"

# Variation selectors, skin tones, tags and joiners that follow a sign nobody can draw belong to it.
_TAIL = r"[\ufe00-\ufe0f\U000e0000-\U000e01ef\U0001f3fb-\U0001f3ff]"
_UNSEEN = re.compile(
    "["
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # controls
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # signs that turn the direction of what follows
    "\u2028\u2029\ufff9-\ufffb"
    "\ufe00-\ufe0f\U000e0000-\U000e01ef"  # variation selectors and tags
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"  # halves and non-characters
    "\ue000-\uf8ff\U000f0000-\U0010ffff"  # private use
    "\U0001fffe\U0001ffff\U0002fffe\U0002ffff]"
)

#: No ink of their own, and none needed: fonts need not draw them.
_INKLESS = frozenset("\t\n\r\xad\u200b\u200c\u200d\u2060\ufeff")


@functools.cache
def drawn() -> frozenset[str]:
    """Every character that one of the packaged fonts draws, and the few that need no ink."""
    letters: set[str] = set(_INKLESS)
    for line in _COVERAGE.read_text(encoding="ascii").split():
        first, _, last = line.partition("-")
        letters.update(map(chr, range(int(first, 16), int(last or first, 16) + 1)))
    return frozenset(letters)


def printable(text: str) -> str:
    """`text` as it can be printed: composed (NFC), without unseen signs, boxes for unknown ones.

    Control characters, private-use characters, non-characters and direction overrides vanish. An
    emoji, with all that is joined to it, becomes one box; a letter of a script without a font
    becomes one box each.
    """
    if text.isascii():
        return _UNSEEN.sub("", text)
    text = unicodedata.normalize("NFC", text)
    unknown = set(text) - drawn()
    unknown = {letter for letter in unknown if not _UNSEEN.match(letter)}
    if unknown:
        sign = "[" + "".join(map(re.escape, sorted(unknown))) + "]"
        text = re.sub(f"{sign}{_TAIL}*(?:\u200d{sign}{_TAIL}*)*", REPLACEMENT, text)
    return _UNSEEN.sub("", text)

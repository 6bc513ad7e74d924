"""Cut the packaged fonts down to what documents print: run by hand when a font is renewed.

    python mutual/documents/fonts/subset.py SOURCES

``SOURCES`` holds the unpacked npm packages and the Debian font named in ``NOTICE``. Writes the
fonts and ``coverage.txt`` (the characters they draw, as ranges) beside this file. The same sources
and the same fontTools give the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import Glyph

HERE = Path(__file__).resolve().parent

#: Every letter of Latin, Greek and Cyrillic, with the signs text is written with.
EUROPEAN = (
    range(0x20, 0x7F), range(0xA0, 0x530), range(0x1C80, 0x1C90), range(0x1D00, 0x2000),
    range(0x2000, 0x2070), range(0x2070, 0x20D0), range(0x20D0, 0x20F1), range(0x2100, 0x2190),
    range(0x2190, 0x21FF), range(0x2200, 0x22FF), range(0x25A0, 0x2600), range(0x2713, 0x2719),
    range(0x2C60, 0x2C80), range(0x2DE0, 0x2E60), range(0xA640, 0xA6A0), range(0xA720, 0xA800),
    range(0xAB30, 0xAB70), range(0xFB00, 0xFB07), range(0xFFFD, 0xFFFE),
)  # fmt: skip
ARABIC = (range(0x600, 0x780), range(0x8A0, 0x900), range(0xFB50, 0xFE00), range(0xFE70, 0xFF00))
HEBREW = (range(0x590, 0x600), range(0xFB1D, 0xFB50))
ARMENIAN = (range(0x530, 0x590), range(0xFB13, 0xFB18))
GEORGIAN = (range(0x10A0, 0x1100), range(0x1C90, 0x1CC0), range(0x2D00, 0x2D30))
DEVANAGARI = (range(0x900, 0x980), range(0xA8E0, 0xA900), range(0x1CD0, 0x1D00))
THAI = (range(0xE00, 0xE80),)
HAN = (
    range(0x2E80, 0x3000), range(0x3000, 0x3130), range(0x3190, 0x3200), range(0x3220, 0x3260),
    range(0x3280, 0x3400), range(0x3400, 0x4DC0), range(0x4E00, 0xA000), range(0xF900, 0xFB00),
    range(0xFE30, 0xFE50), range(0xFF00, 0xFFF0), range(0x20000, 0x30000),
)  # fmt: skip


def _from_codec(codec: str, leads: Iterable[int]) -> set[int]:
    """The characters of a two-byte national character set."""
    found: set[int] = set()
    for lead in leads:
        for trail in range(0x40, 0x100):
            try:
                letters = bytes((lead, trail)).decode(codec)
            except UnicodeDecodeError:
                continue
            found.update(ord(letter) for letter in letters)
    return found


def japanese() -> set[int]:
    """JIS X 0208 with the NEC and IBM kanji found in names (髙, 﨑), kana, and 𠮷 and its like."""
    letters = _from_codec("cp932", [*range(0x81, 0xA0), *range(0xE0, 0xFD)])
    letters |= set(range(0x3000, 0x3100)) | set(range(0xFF00, 0xFFF0)) | {0x20BB7, 0x20B9F}
    return {letter for letter in letters if letter >= 0x2E80 and not 0xE000 <= letter < 0xF900}


def korean() -> set[int]:
    """The 2,350 syllables of KS X 1001 and the letters they are made of."""
    letters = _from_codec("euc_kr", range(0xA1, 0xFE))
    return {letter for letter in letters if 0xAC00 <= letter < 0xD7A4} | set(range(0x3131, 0x3190))


def _all(*ranges: Iterable[int]) -> set[int]:
    return {letter for letters in ranges for letter in letters}


@dataclass(frozen=True)
class Cut:
    """One font to make: where from, and which characters and features are kept."""

    source: str
    name: str
    letters: set[int]
    features: tuple[str, ...]


#: Pango prints a space in the font of the letters before it, so each font needs all of them; widths in 1/1000 em.
SPACES = {
    0x20: 260, 0xA0: 260, 0x2000: 500, 0x2001: 1000, 0x2002: 500, 0x2003: 1000, 0x2004: 333, 0x2005: 250, 0x2006: 167,
    0x2007: 600, 0x2008: 260, 0x2009: 200, 0x200A: 100, 0x202F: 200, 0x205F: 222, 0x3000: 1000,
}  # fmt: skip

_TEXT = ("kern", "mark", "mkmk", "ccmp", "locl", "case")
_JOINED = ("*",)

CUTS = (
    Cut("inter/400Regular/Inter_400Regular.ttf", "Inter-Regular", _all(*EUROPEAN), _TEXT),
    Cut("inter/600SemiBold/Inter_600SemiBold.ttf", "Inter-SemiBold", _all(*EUROPEAN), _TEXT),
    *(
        Cut(f"noto-sans-{script}/{weight}/NotoSans{script.title()}_{weight}.ttf",
            f"NotoSans{script.title()}-{weight[3:]}", _all(*letters), _JOINED)
        for script, letters in (
            ("arabic", ARABIC), ("hebrew", HEBREW), ("armenian", ARMENIAN), ("georgian", GEORGIAN),
            ("devanagari", DEVANAGARI), ("thai", THAI),
        )
        for weight in ("400Regular", "600SemiBold")
    ),
    Cut("noto-sans-jp/400Regular/NotoSansJP_400Regular.ttf", "NotoSansJP-Regular", japanese(), ()),
    Cut("noto-sans-kr/400Regular/NotoSansKR_400Regular.ttf", "NotoSansKR-Regular", korean(), ()),
    Cut("droid/DroidSansFallbackFull.ttf", "DroidSansFallback", _all(*HAN), ()),
)  # fmt: skip


def make(cut: Cut, sources: Path) -> set[int]:
    """Write one font; return the characters it draws."""
    options = subset.Options()
    options.layout_features = list(cut.features)
    options.hinting = False
    options.notdef_outline = True
    options.glyph_names = False
    options.legacy_kern = False
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14, 16, 17]
    options.name_languages = [0x409]
    options.recalc_timestamp = False
    options.drop_tables += ["vhea", "vmtx", "VORG", "STAT", "meta", "BASE", "VDMX", "hdmx", "gasp"]
    font = subset.load_font(str(sources / cut.source), options)
    _stand_in_columns(font)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=cut.letters | set(SPACES))
    cutter.subset(font)
    _add_spaces(font)
    subset.save_font(font, str(HERE / f"{cut.name}.ttf"), options)
    return set(font.getBestCmap())


def _stand_in_columns(font: TTFont) -> None:
    """Make the digits of equal width the usual ones: asking for them at each amount would cost time."""
    if "GSUB" not in font:
        return
    table = font["GSUB"].table
    lookups = {
        lookup
        for record in table.FeatureList.FeatureRecord
        if record.FeatureTag == "tnum"
        for lookup in record.Feature.LookupListIndex
    }
    equal: dict[str, str] = {}
    for number in lookups:
        for part in table.LookupList.Lookup[number].SubTable:
            equal |= getattr(part, "ExtSubTable", part).mapping
    for characters in font["cmap"].tables:
        if characters.isUnicode():
            for digit in range(0x30, 0x3A):
                if (usual := characters.cmap.get(digit)) in equal:
                    characters.cmap[digit] = equal[usual]


def _add_spaces(font: TTFont) -> None:
    """Give the font an empty glyph for each space it lacks."""
    glyphs, widths, em = font["glyf"], font["hmtx"], font["head"].unitsPerEm
    for code, width in SPACES.items():
        if code in font.getBestCmap():
            continue
        name = f"space{code:04X}"
        font.setGlyphOrder([*font.getGlyphOrder(), name])
        glyphs[name] = Glyph()
        widths[name] = (width * em // 1000, 0)
        for table in font["cmap"].tables:
            if table.isUnicode():
                table.cmap[code] = name
    glyphs.glyphOrder = font.getGlyphOrder()


def as_ranges(letters: set[int]) -> list[str]:
    """``["20-7E", "A0-17F"]``: the characters as ranges of hexadecimal numbers."""
    ranges: list[tuple[int, int]] = []
    for letter in sorted(letters):
        if ranges and ranges[-1][1] == letter - 1:
            ranges[-1] = (ranges[-1][0], letter)
        else:
            ranges.append((letter, letter))
    return [f"{first:X}-{last:X}" if last > first else f"{first:X}" for first, last in ranges]


def main() -> int:
    """Make every font and the list of what they draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", type=Path)
    sources: Path = parser.parse_args().sources
    drawn: set[int] = set()
    for cut in CUTS:
        drawn |= make(cut, sources)
    (HERE / "coverage.txt").write_text("\n".join(as_ranges(drawn)) + "\n", encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())

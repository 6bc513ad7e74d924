"""Every code that the log and the decisions keep has words, which can be translated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.utils import translation

from mutual.trail import words

ROOT = Path(__file__).parents[3]
SOURCES = [path for room in ("members", "mutual", "pooling", "invoicing") for path in (ROOT / room).rglob("*.py")]
NOTED = re.compile(r'(?:trail\.record\([^"]*did=|_note\(claim, |_turn\([^"]*)"([A-Z_]+)"')
PROPOSED = re.compile(r"decisions\.propose\(\s*kind=(\w+)")


def constant(name: str, text: str) -> str | None:
    found = re.search(rf'^{name} = "([A-Z_]+)"', text, re.MULTILINE)
    return found[1] if found else None


class TestWords:
    def test_are_there_for_every_deed_that_is_recorded(self):
        noted = {code for path in SOURCES for code in NOTED.findall(path.read_text())}
        assert len(noted) > 90
        assert noted - words.DEEDS.keys() == set()

    def test_are_there_for_every_kind_of_decision_that_is_proposed(self):
        kinds = set()
        for path in SOURCES:
            text = path.read_text()
            kinds |= {constant(name, text) for name in PROPOSED.findall(text)} - {None}
        assert len(kinds) > 12
        assert kinds - words.DECISIONS.keys() == set()

    @pytest.mark.parametrize(
        ("code", "said"),
        [
            ("CLAIM_APPROVED", "Claim approved"),
            ("HARD_FLOOR", "Hard floor"),
            ("HARD_FLOOR_PROPOSED", "Hard floor: proposed"),
            ("DUES_WAIVER_END_DECLINED", "Ask for dues again earlier: declined"),
            ("NEVER_HEARD_OF", "Never heard of"),
        ],
    )
    def test_say_what_was_done(self, code, said):
        assert words.spoken(code) == said

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ("claim approved", "CLAIM_APPROVED"),
            ("Hard floor: proposed", "HARD_FLOOR_PROPOSED"),
            ("hard floor proposed", "HARD_FLOOR_PROPOSED"),
            ("Income band declared", "BAND_DECLARED"),
        ],
    )
    def test_find_the_deeds_that_read_so(self, asked, code):
        assert code in words.codes_of(asked)

    def test_are_looked_for_in_the_readers_language(self, monkeypatch):
        said = {"Claim approved": "Antrag bewilligt"}
        with translation.override("de"):
            catalogue = translation.trans_real.translation("de")
            monkeypatch.setattr(catalogue, "gettext", lambda text: said.get(text, text))
            assert words.spoken("CLAIM_APPROVED") == "Antrag bewilligt"
            assert "CLAIM_APPROVED" in words.codes_of("antrag bewilligt")

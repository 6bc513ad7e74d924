"""No cell of any export is run by a spreadsheet, and no number changes (R-G5)."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutual import tables
from mutual.money import Money, from_minor


def read(heading, lines):
    return list(csv.reader(io.StringIO("".join(tables.rows(heading, lines)).removeprefix("\ufeff"), newline="")))


class TestRows:
    @given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=8))
    def test_hold_no_formula_and_lose_no_text(self, lines):
        for before, after in zip(lines, read(["a", "b"], lines)[1:], strict=True):
            for typed, cell in zip(before, after, strict=True):
                assert cell.removeprefix("'") == typed.replace("\x00", "").removeprefix("'")
                assert not cell.lstrip().startswith(("=", "+", "-", "@", "|", "%")) or not cell.strip()

    @pytest.mark.parametrize(
        "evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "|cmd", "%0", " =1", "＝1", "\n=1"]
    )
    def test_make_a_formula_harmless(self, evil):
        assert tables.text(evil) == f"'{evil}"

    def test_write_amounts_exactly_with_their_own_decimals(self):
        cells = [Money("-1234.5", "EUR"), Money(1235, "JPY"), Money("1.2", "TND"), Money(90, "HOUR"), Decimal("-0.10")]
        assert [tables.text(cell) for cell in cells] == ["-1234.50", "1235", "1.200", "90", "-0.10"]

    @given(st.integers(-(10**15), 10**15), st.sampled_from(["EUR", "JPY", "TND", "CREDIT", "HOUR"]))
    def test_write_every_amount_so_that_it_reads_back(self, minor, currency):
        amount = from_minor(minor, currency)
        assert Money(tables.text(amount), currency) == amount

    def test_write_days_and_nothing(self):
        assert read(["day", "no"], [[dt.date(2026, 11, 5), None]]) == [["day", "no"], ["2026-11-05", ""]]

    def test_come_in_pieces(self):
        pieces = list(tables.rows(["a"], ([f"{i:06}"] for i in range(20_000))))
        assert len(pieces) > 3
        assert "".join(pieces).count("\r\n") == 20_001

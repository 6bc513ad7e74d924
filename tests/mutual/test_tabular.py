"""No cell of ours is a formula."""

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutual import tabular


class TestSafeCell:
    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "|calc", "%0A", "  =1", "＝1"])
    def test_disarms_what_begins_like_a_formula(self, text):
        assert tabular.safe_cell(text) == "'" + text

    def test_leaves_words_numbers_and_days_alone(self):
        cells = ["Zach = Max", "", None, -5, Decimal("-1E+3"), dt.date(2026, 1, 2)]
        assert [tabular.safe_cell(cell) for cell in cells] == ["Zach = Max", "", "", "-5", "-1000", "2026-01-02"]

    @given(st.text())
    def test_text_never_begins_like_a_formula_and_can_be_read_back(self, text):
        cell = tabular.safe_cell(text)
        assert not cell.lstrip().startswith(("=", "+", "-", "@", "|", "%"))
        assert cell.removeprefix("'") == (text.removeprefix("'") if cell == text else text)


class TestStream:
    @given(st.lists(st.tuples(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.integers()), max_size=5))
    def test_gives_rows_that_a_csv_reader_reads_back(self, rows):
        text = "".join(tabular.stream(["word", "number"], rows))
        assert text[0] == "\ufeff"
        found = list(csv.reader(io.StringIO(text[1:], newline="")))
        assert found[0] == ["word", "number"]
        assert found[1:] == [[tabular.safe_cell(word), str(number)] for word, number in rows]

    def test_refuses_a_row_of_another_length(self):
        with pytest.raises(ValueError, match="2 cells, not 1"):
            list(tabular.stream(["a", "b"], [["only"]]))

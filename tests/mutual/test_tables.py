"""No cell of any export is run by a spreadsheet, and no number changes (R-G5)."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from mutual import tables
from mutual.access import Role
from mutual.money import Money, from_minor
from mutual.pages import downloads
from tests.conftest import make_member, make_officer

EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "|cmd", "%0", " =1", "＝1", "\n=1", "\ufeff=1"]
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


def read(heading, lines):
    return list(csv.reader(io.StringIO("".join(tables.as_csv(heading, lines)).removeprefix("\ufeff"), newline="")))


def opened(heading, lines):
    sheet = load_workbook(io.BytesIO(tables.as_xlsx(heading, lines, title="A list"))).active
    return list(sheet.iter_rows())


class TestCsv:
    @given(st.lists(st.lists(TEXT, min_size=2, max_size=2), max_size=8))
    def test_holds_no_formula_and_loses_no_text(self, lines):
        for before, after in zip(lines, read(["a", "b"], lines)[1:], strict=True):
            for typed, cell in zip(before, after, strict=True):
                kept = typed.replace("\x00", "")
                assert cell in (kept, f"'{kept}")
                assert not cell.lstrip("\ufeff \t\r\n").startswith(("=", "+", "-", "@", "|", "%"))

    @given(st.lists(TEXT, min_size=2, max_size=2, unique_by=lambda text: text.replace("\x00", "")))
    def test_keeps_different_words_different(self, words):
        assert len({tables.text(word) for word in words}) == 2

    @pytest.mark.parametrize("evil", EVIL)
    def test_makes_a_formula_harmless(self, evil):
        assert tables.text(evil) == f"'{evil}"

    def test_leaves_words_alone(self):
        assert [tables.text(cell) for cell in ("Zach = Max", "", None, "a-b")] == ["Zach = Max", "", "", "a-b"]

    def test_writes_amounts_exactly_with_their_own_decimals(self):
        cells = [Money("-1234.5", "EUR"), Money(1235, "JPY"), Money("1.2", "TND"), Money(90, "HOUR"), Decimal("-1E+3")]
        assert [tables.text(cell) for cell in cells] == ["-1234.50", "1235", "1.200", "90", "-1000"]

    @given(st.integers(-(10**15), 10**15), st.sampled_from(["EUR", "JPY", "TND", "CREDIT", "HOUR"]))
    def test_writes_every_amount_so_that_it_reads_back(self, minor, currency):
        amount = from_minor(minor, currency)
        assert Money(tables.text(amount), currency) == amount

    def test_writes_days_and_nothing(self):
        assert read(["day", "no"], [[dt.date(2026, 11, 5), None]]) == [["day", "no"], ["2026-11-05", ""]]

    def test_comes_in_pieces(self):
        pieces = list(tables.as_csv(["a"], ([f"{i:06}"] for i in range(20_000))))
        assert len(pieces) > 3
        assert "".join(pieces).count("\r\n") == 20_001

    def test_refuses_a_row_of_another_length(self):
        with pytest.raises(ValueError, match="2 cells, not 1"):
            list(tables.as_csv(["a", "b"], [["only"]]))


class TestXlsx:
    @given(st.lists(st.lists(st.text(), min_size=1, max_size=3), max_size=4))
    def test_holds_no_formula_whatever_the_text(self, lines):
        lines = [(line * 3)[:3] for line in lines]
        for row in opened(["=a", "b", "c"], lines):
            assert [cell.data_type for cell in row if cell.value is not None] == ["s"] * sum(
                cell.value is not None for cell in row
            )

    @pytest.mark.parametrize("evil", ["=1+1", "@SUM(A1)", "-1", "=cmd|' /C calc'!A0"])
    def test_keeps_what_looks_like_a_formula_as_the_text_it_is(self, evil):
        assert opened(["a"], [[evil]])[1][0].value == evil

    def test_has_amounts_as_numbers_and_days_as_days(self):
        amount, yen, day, none = opened(
            ["a", "b", "c", "d"], [[Money("-1234.50", "EUR"), Money(7, "JPY"), dt.date(2026, 11, 5), None]]
        )[1]
        assert (Decimal(str(amount.value)), amount.number_format) == (Decimal("-1234.5"), "#,##0.00")
        assert (yen.value, yen.number_format) == (7, "#,##0")
        assert day.value.date() == dt.date(2026, 11, 5)
        assert none.value is None

    def test_refuses_a_row_of_another_length(self):
        with pytest.raises(ValueError, match="2 cells, not 1"):
            tables.as_xlsx(["a", "b"], [["only"]])


@pytest.mark.django_db
class TestPages:
    LISTS = (
        "members:register", "pooling:payments", "pooling:arrears", "treasury:items", "ledger:trial_balance",
        "claims:desk", "circles:circles", "pooling:dues", "payouts:overview", "payouts:loans", "buffers:buffers",
        "governance:decisions",
    )  # fmt: skip

    @pytest.fixture
    def treasurer(self, client):
        make_member("=Ada Byron")
        client.force_login(make_officer(Role.TREASURER, "Tessa"))
        from allauth.mfa.models import Authenticator

        from members.models import User

        Authenticator.objects.create(
            user=User.objects.get(email="tessa@example.org"), type=Authenticator.Type.TOTP, data={}
        )
        return client

    @pytest.mark.parametrize("name", LISTS)
    @pytest.mark.parametrize("kind", tables.KINDS)
    def test_give_their_list_as_a_file(self, treasurer, name, kind):
        answer = treasurer.get(reverse(name), {"format": kind})
        assert answer["Content-Type"] == tables.MIME[kind]
        assert answer["Content-Disposition"].endswith(f'.{kind}"')
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        if kind == "csv":
            assert next(iter(csv.reader(io.StringIO(content.decode("utf-8-sig")))))
        else:
            assert load_workbook(io.BytesIO(content)).active.max_row >= 1

    @pytest.mark.parametrize("name", LISTS)
    def test_know_no_other_kind(self, treasurer, name):
        assert treasurer.get(reverse(name), {"format": "exe"}).status_code == 404

    def test_give_it_as_it_is_filtered(self, treasurer):
        make_member("Bea Potter")
        answer = treasurer.get(reverse("members:register"), {"q": "ada", "format": "csv"})
        lines = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
        assert [line["name"] for line in lines] == ["'=Ada Byron"]

    def test_name_both_kinds_and_keep_what_was_asked(self, rf):
        query = rf.get("/", {"q": "ada", "page": "3"}).GET
        assert downloads.addresses(query, period="2026-11") == [
            ("CSV", "?q=ada&period=2026-11&format=csv"),
            ("Excel", "?q=ada&period=2026-11&format=xlsx"),
        ]

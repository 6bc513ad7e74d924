"""Amounts, days and periods read as the reader writes them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutual import formats, periods
from mutual.money import Money, from_minor
from mutual.periods import Period

THIN, HARD = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"


class TestMoney:
    @pytest.mark.parametrize(
        ("amount", "language", "text"),
        [
            (Money("1234.5", "EUR"), "en", "€1,234.50"),
            (Money("1234.5", "EUR"), "de", f"1.234,50{HARD}€"),
            (Money("1234.5", "EUR"), "fr", f"1{THIN}234,50{HARD}€"),
            (Money("1234.5", "EUR"), "ja", "€1,234.50"),
            (Money("-5", "EUR"), "en", "−€5.00"),
            (Money(1235, "JPY"), "en", "JP¥1,235"),
            (Money(1235, "JPY"), "ja", "¥1,235"),
            (Money(1235, "JPY"), "de", f"1.235{HARD}¥"),
            (Money("1.234", "TND"), "fr", f"1,234{HARD}TND"),
            (Money("0.5", "TND"), "en", f"TND{HARD}0.500"),
            (Money("12.5", "CREDIT"), "en", "12.50 credits"),
            (Money("1", "CREDIT"), "en", "1.00 credit"),
            (Money("-12.5", "CREDIT"), "en", "−12.50 credits"),
            (Money(90, "HOUR"), "en", "1:30 h"),
            (Money(-5, "HOUR"), "en", "−0:05 h"),
        ],
    )
    def test_prints_every_currency_with_its_own_decimals(self, amount, language, text):
        assert formats.money(amount, language).replace("￥", "¥") == text

    def test_keeps_every_digit_of_a_large_amount(self):
        assert formats.money(Money("9999999999999.99", "EUR"), "en") == "€9,999,999,999,999.99"

    def test_falls_back_to_english_for_an_unknown_language(self):
        assert formats.money(Money(1, "EUR"), "xx-unknown") == "€1.00"

    @given(st.integers(-(10**15), 10**15), st.sampled_from(["EUR", "JPY", "TND", "CREDIT"]))
    def test_loses_no_unit_of_any_amount(self, minor, currency):
        text = formats.bare(from_minor(minor, currency), "en")
        assert int(text.replace("−", "-").replace(",", "").replace(".", "")) == minor


class TestDay:
    @pytest.mark.parametrize(
        ("language", "text"),
        [("en", "5 November 2026"), ("de", "5. November 2026"), ("fr", "5 novembre 2026"), ("ja", "2026年11月5日")],
    )
    def test_is_written_in_the_readers_language(self, language, text):
        assert formats.day(dt.date(2026, 11, 5), language) == text


class TestPeriod:
    @pytest.mark.parametrize(
        ("name", "language", "text"),
        [
            ("2026-11", "en", "November 2026"),
            ("2026-11", "de", "November 2026"),
            ("2026-11", "fr", "novembre 2026"),
            ("2026-11", "ja", "2026年11月"),
            ("2026-Q4", "en", "Q4 2026"),
            ("2026", "de", "2026"),
            ("2026-W45", "en", "Week 45 of 2026"),
        ],
    )
    def test_is_called_by_its_name(self, name, language, text):
        assert formats.period(periods.parse(name), language) == text

    def test_is_called_by_its_days_where_it_has_no_name(self):
        odd = Period(dt.date(2026, 11, 5), dt.date(2026, 11, 20))
        assert formats.period(odd, "en") == "5 Nov 2026 – 19 Nov 2026"


class TestPercent:
    def test_prints_a_share_of_one(self):
        assert formats.percent(Decimal("0.125"), 1, "en") == "12.5%"


class TestCountry:
    @pytest.mark.parametrize(("language", "name"), [("en", "Germany"), ("de", "Deutschland"), ("ja", "ドイツ")])
    def test_is_called_by_its_name_in_the_readers_language(self, language, name):
        assert formats.country("DE", language) == name

    def test_nobody_knows_keeps_its_letters(self):
        assert formats.country("X9", "en") == "X9"

    def test_codes_are_of_countries_alone(self):
        codes = formats.country_codes()
        assert {"AT", "CI", "DE", "FR", "GB", "JP", "US"} < codes
        assert not codes & {"EU", "UN", "ZZ", "001", "XA"}
        assert 245 <= len(codes) <= 255

    def test_names_stand_in_the_order_they_are_looked_for(self):
        names = [name for _code, name in formats.countries("de")]
        assert names.index("Österreich") < names.index("Polen")
        assert names.index("Ägypten") < names.index("Belgien")

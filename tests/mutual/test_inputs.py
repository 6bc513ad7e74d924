"""Whatever is typed, a field answers with a clean value or a sentence (R-A11, R-G10)."""

from __future__ import annotations

import datetime as dt
import unicodedata
from decimal import Decimal

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from mutual import formats, inputs, periods
from mutual.money import LARGEST, Money, decimals, from_minor, minor

LANGUAGES = ["en", "de", "fr", "ja"]
ANYTHING = st.one_of(
    st.text(),
    st.text(alphabet="0123456789.,'-+eE :hHNaInf−٣５ \u202f\xa0"),
    st.from_regex(r"-?[0-9]{0,20}[.,]?[0-9]{0,6}", fullmatch=True),
)


def fields():
    return [
        inputs.AmountField(currency="EUR"),
        inputs.AmountField(currency="JPY"),
        inputs.AmountField(currency="TND"),
        inputs.AmountField(currency="CREDIT"),
        inputs.HoursField(),
        inputs.DayField(),
        inputs.PeriodField(),
        inputs.LineField(max_length=80),
        inputs.TextField(max_length=400),
    ]


class TestEveryField:
    @given(ANYTHING, st.sampled_from(LANGUAGES))
    def test_takes_any_text_or_refuses_it_with_a_sentence(self, text, language):
        with translation.override(language):
            for field in fields():
                try:
                    field.clean(text)
                except ValidationError as refused:
                    sentences = [str(sentence) for sentence in refused.messages]
                else:
                    sentences = ["taken"]
                assert all(sentences)

    @given(ANYTHING)
    def test_shows_what_was_typed_again(self, text):
        class Form(forms.Form):
            amount = inputs.AmountField()
            hours = inputs.HoursField()
            day = inputs.DayField()
            period = inputs.PeriodField()
            line = inputs.LineField()
            note = inputs.TextField()

        form = Form(dict.fromkeys(Form.base_fields, text))
        form.is_valid()
        assert str(form)


UNITS = ["EUR", "JPY", "TND", "CREDIT"]
WILD = st.one_of(
    ANYTHING,
    st.sampled_from(
        ["1e999999", "-1e9", "NaN", "sNaN", "Infinity", "-0", "0x1p4", "1_0", "9" * 39, "١٢٣", "½", "¹", "5 €"]
    ),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.floats().map(str),
)
"""What may stand in a box for an amount, most of it no amount."""


def reads_amounts(count):
    """The law of amounts: what is taken is exact, in bounds, and made of the very digits that were typed."""

    @settings(max_examples=count)
    @given(WILD, st.sampled_from(UNITS), st.sampled_from(LANGUAGES))
    def law(text, unit, language):
        field = inputs.AmountField(currency=unit)
        with translation.override(language):
            try:
                read = field.clean(text)
            except ValidationError:
                return
        assert read.amount.is_finite()
        assert field.min_value <= read <= field.max_value
        assert from_minor(minor(read), unit) == read
        typed = "".join(char for char in unicodedata.normalize("NFKC", text) if char.isdecimal())
        assert typed.strip("0") == str(minor(read)).strip("0")

    return law


class TestAmounts:
    """R-A11."""

    def test_are_read_exactly_or_refused(self):
        reads_amounts(200)()

    @pytest.mark.parametrize("reader", [Decimal, float, lambda text: Decimal(text.replace(",", "."))])
    def test_would_not_be_by_a_plain_reader(self, reader, monkeypatch):
        """The negative control: words such as NaN, exponents and signs come in, or the reader falls over."""
        monkeypatch.setattr(inputs.AmountField, "_read", lambda field, text: reader(text))
        with pytest.raises((AssertionError, ArithmeticError, ValueError, ExceptionGroup)):
            reads_amounts(200)()


class TestAmountField:
    @pytest.mark.parametrize(
        ("language", "typed", "cents"),
        [
            ("en", "1234.5", 123450),
            ("en", "1,234.50", 123450),
            ("en", "1,234", 123400),
            ("en", "12,5", 1250),
            ("de", "1.234,50", 123450),
            ("de", "1.234", 123400),
            ("de", "1234,5", 123450),
            ("de", "12.50", 1250),
            ("fr", "1 234,50", 123450),
            ("fr", "1\u202f234,50", 123450),
            ("ja", "１２３４", 123400),
            ("en", "1'234.50", 123450),
            ("en", "€ 5", 500),
            ("en", "5.00 EUR", 500),
            ("en", ".5", 50),
            ("en", "0005", 500),
            ("en", "1.000", 100),
        ],
    )
    def test_reads_what_people_write(self, language, typed, cents):
        with translation.override(language):
            assert inputs.AmountField().clean(typed) == from_minor(cents, "EUR")

    @pytest.mark.parametrize(
        ("language", "typed"),
        [
            ("en", "NaN"),
            ("en", "Infinity"),
            ("en", "1e3"),
            ("en", "1.234"),
            ("de", "1,234"),
            ("fr", "1,2345"),
            ("en", "1.2.3"),
            ("en", "1,23,456"),
            ("en", "12,34.5,6"),
            ("en", "--5"),
            ("en", "+5"),
            ("en", "0x10"),
            ("en", "5 USD"),
            ("en", "٣"),
            ("en", "-5"),
            ("en", "0"),
            ("en", "0.001"),
            ("en", "9" * 30),
            ("en", "9" * 400),
            ("en", "."),
            ("en", "1_000"),
        ],
    )
    def test_refuses_what_is_no_amount_of_the_currency(self, language, typed):
        with translation.override(language), pytest.raises(ValidationError):
            inputs.AmountField().clean(typed)

    def test_refuses_decimals_of_a_currency_that_has_none(self):
        with pytest.raises(ValidationError, match="no decimals"):
            inputs.AmountField(currency="JPY").clean("12.5")

    def test_takes_three_decimals_where_the_currency_has_them(self):
        assert inputs.AmountField(currency="TND").clean("1.234") == Money("1.234", "TND")

    def test_keeps_within_its_limits_and_says_which(self):
        field = inputs.AmountField(min_value=Money(0, "EUR"), max_value=Money(100, "EUR"))
        assert field.clean("0") == Money(0, "EUR")
        with pytest.raises(ValidationError, match=r"at most €100\.00"):
            field.clean("100.01")

    @given(st.integers(1, LARGEST), st.sampled_from(UNITS), st.sampled_from(LANGUAGES))
    def test_reads_back_what_it_shows(self, minor, currency, language):
        amount = from_minor(minor, currency)
        with translation.override(language):
            field = inputs.AmountField(currency=currency)
            assert field.clean(field.prepare_value(amount)) == amount
            assert not field.has_changed(amount, field.prepare_value(amount))
            assert field.clean(formats.number(amount.amount, decimals(currency))) == amount


class TestHoursField:
    @pytest.mark.parametrize(
        ("typed", "minutes"), [("1:30", 90), ("2", 120), ("0:05", 5), ("1h30", 90), ("２：３０", 150)]
    )
    def test_reads_hours_and_minutes(self, typed, minutes):
        assert inputs.HoursField().clean(typed) == Money(minutes, "HOUR")

    @pytest.mark.parametrize("typed", ["1:60", "1.5", "1,5", "-1:00", "0:00", ":30", "1:3", "x"])
    def test_refuses_fractions_and_nonsense(self, typed):
        with pytest.raises(ValidationError):
            inputs.HoursField().clean(typed)

    def test_reads_back_what_it_shows(self):
        field = inputs.HoursField()
        assert field.clean(field.prepare_value(Money(605, "HOUR"))) == Money(605, "HOUR")


class TestDayField:
    def test_reads_the_browsers_calendar_and_the_languages_own_way(self):
        assert inputs.DayField().clean("2026-11-05") == dt.date(2026, 11, 5)
        with translation.override("de"):
            assert inputs.DayField().clean("05.11.2026") == dt.date(2026, 11, 5)

    @pytest.mark.parametrize("typed", ["2026-02-30", "0001-01-01", "9999-12-31", "yesterday", "2026-11-05T10:00"])
    def test_refuses_what_is_no_day_near_us(self, typed):
        with pytest.raises(ValidationError):
            inputs.DayField().clean(typed)

    def test_keeps_within_its_limits(self):
        field = inputs.DayField(max_value=dt.date(2026, 11, 5))
        with pytest.raises(ValidationError, match="not be after 5 November 2026"):
            field.clean("2026-11-06")


class TestCountryField:
    def test_is_chosen_by_its_name_in_the_readers_language(self):
        with translation.override("de"):
            drawn = str(type("Asked", (forms.Form,), {"country": inputs.CountryField()})())
        assert '<option value="FR">Frankreich</option>' in drawn

    @pytest.mark.parametrize("said", ["de", "EU", "ZZ", "Germany", "D", "DEU"])
    def test_refuses_what_is_no_country(self, said):
        with pytest.raises(ValidationError):
            inputs.CountryField().clean(said)

    def test_gives_its_letters(self):
        assert inputs.CountryField().clean("CH") == "CH"


class TestPeriodField:
    def test_reads_what_a_period_prints_as(self):
        for name in ("2026-11", "2026-W45", "2026-Q4", "2026"):
            field = inputs.PeriodField()
            assert field.prepare_value(field.clean(name.lower())) == name

    @pytest.mark.parametrize("typed", ["2026-13", "2026-W54", "0000", "1066", "9999-12", "next month"])
    def test_refuses_the_rest(self, typed):
        with pytest.raises(ValidationError):
            inputs.PeriodField().clean(typed)

    def test_takes_a_period_as_it_is(self):
        assert inputs.PeriodField().clean(periods.parse("2026")) == periods.parse("2026")


class TestLineField:
    def test_composes_what_is_written_in_parts(self):
        assert inputs.LineField().clean("Zoe\u0308 ") == "Zoë"

    @pytest.mark.parametrize("typed", ["a\nb", "a\x00b", "a\u202eb", "a\u2066b", "a\ud800b", "a\u2028b", "a\x1bb"])
    def test_refuses_invisible_tricks(self, typed):
        with pytest.raises(ValidationError, match=r"invisible|Null"):
            inputs.LineField().clean(typed)

    @pytest.mark.parametrize("typed", ["李小龍", "Σωκράτης", "مريم", "👩‍💻", "Ольга", "می‌خواهم"])
    def test_takes_names_from_everywhere(self, typed):
        assert inputs.LineField().clean(typed) == unicodedata.normalize("NFC", typed)

    def test_counts_characters_after_composing(self):
        assert inputs.LineField(max_length=3).clean("Zoe\u0308") == "Zoë"
        with pytest.raises(ValidationError):
            inputs.LineField(max_length=3).clean("Zoës")

    @given(st.text())
    def test_gives_text_that_the_database_can_keep(self, typed):
        try:
            text = inputs.LineField(required=False).clean(typed)
        except ValidationError:
            return
        assert "\x00" not in text
        assert text.encode().decode() == text == unicodedata.normalize("NFC", text)


class TestTextField:
    def test_keeps_lines_and_no_other_controls(self):
        assert inputs.TextField().clean("one\r\ntwo\rthree") == "one\ntwo\nthree"
        with pytest.raises(ValidationError):
            inputs.TextField().clean("a\x07b")

"""What statements and invoices say on paper, in every language and script."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import re
import unicodedata
from decimal import Decimal

import pypdf
import pytest
from djmoney.money import Money

from mutual import payment_code
from mutual.documents import documents, lettering, sheets, values
from mutual.documents.documents import Press, TooLong
from mutual.rooms import SectionLine
from tests.mutual.documents import papers


@pytest.fixture(scope="module")
def press():
    press = Press()
    yield press
    press.close()


def text_of(sheet: sheets.Sheet, press: Press) -> str:
    printed = sheet.print(created=papers.MADE, press=press)
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(printed.pdf)).pages)


def letters(text: str) -> set[str]:
    return {letter for letter in unicodedata.normalize("NFKC", text) if letter.isalpha()}


class TestStatement:
    def test_shows_opening_lines_balance_and_closing_of_each_section(self, press):
        text = text_of(sheets.statement(papers.statement(papers.section(3))), press)
        for shown in ("120.00", "42.50", "162.50", "−40.00", "122.50", "165.00", "€165.00", "D-000002", "1 Oct 2026"):
            assert shown in text

    def test_says_up_to_which_day_it_goes_while_its_period_runs(self, press):
        text = text_of(sheets.statement(papers.statement(made_on=dt.date(2026, 10, 12))), press)
        assert "October 2026, so far" in text
        assert "12 October 2026" in text
        assert "31 Oct" not in text

    def test_adds_up_each_section_at_a_glance(self, press):
        text = text_of(sheets.statement(papers.statement()), press)
        assert "At a glance" in text
        assert re.search(r"Dues\s+€120\.00\s+€7\.50\s+€127\.50", text)
        assert re.search(r"Hours\s+3:30 h\s+0:00 h\s+3:30 h", text)

    def test_says_so_where_nothing_happened(self, press):
        assert "Nothing happened here in this period." in text_of(sheets.statement(papers.statement()), press)

    @pytest.mark.parametrize(
        ("language", "shown"),
        [
            ("en", ("October 2026", "1,234,567.80", "1 October 2026")),
            ("de", ("Oktober 2026", "1.234.567,80", "1. Oktober 2026")),
            ("fr", ("octobre 2026", "1 234 567,80", "1 octobre 2026")),
            ("ja", ("2026年10月", "1,234,567.80", "2026年10月1日")),
        ],
    )
    def test_writes_days_and_amounts_as_the_reader_does(self, language, shown, press):
        rich = dataclasses.replace(papers.section(1), closing=Money(Decimal("1234567.80"), "EUR"))
        text = text_of(sheets.statement(papers.statement(rich, language=language)), press)
        text = re.sub("[\u00a0\u202f]", " ", text)
        for words in shown:
            assert words in text

    @pytest.mark.parametrize(
        ("currency", "amount", "shown"),
        [("JPY", "1235", "1,235"), ("TND", "1.125", "1.125"), ("HOUR", "-90", "−1:30"), ("CREDIT", "7.5", "7.50")],
    )
    def test_writes_each_unit_with_its_own_decimals(self, currency, amount, shown, press):
        money = Money(Decimal(amount), currency)
        line = SectionLine(dt.date(2026, 10, 3), "Something", "X-1", money, money)
        part = dataclasses.replace(papers.section(0, currency=currency), lines=(line,))
        assert f"{shown} {shown}" in text_of(sheets.statement(papers.statement(part)), press).replace("\n", " ")

    def test_repeats_the_header_but_not_the_closing_on_each_page(self, press):
        text = text_of(sheets.statement(papers.statement(papers.section(120))), press)
        assert text.count("What happened") == 3
        assert text.count("Closing\n") + text.count("Closing ") == 1

    def test_keeps_opening_and_closing_with_a_line_of_their_section(self, press):
        for lines in range(40, 50):
            printed = sheets.statement(papers.statement(papers.section(lines))).print(created=papers.MADE, press=press)
            for page in pypdf.PdfReader(io.BytesIO(printed.pdf)).pages:
                text = page.extract_text()
                if "Closing" in text:
                    assert "D-0000" in text, f"the closing of {lines} lines stands alone"
                if "Opening" in text:
                    assert "D-0000" in text, f"the opening of {lines} lines stands alone"

    def test_refuses_more_lines_than_a_document_holds(self):
        with pytest.raises(TooLong, match=r"at most 2,000 lines and this one has 2,001"):
            papers.statement(papers.section(1200), papers.section(801))

    def test_refuses_a_longer_text_than_a_document_holds(self):
        with pytest.raises(TooLong, match=r"at most 4,000 characters and one here has 4,001"):
            papers.statement(papers.section(1, text="x" * 4001))

    def test_refuses_more_markup_than_the_press_takes(self, press):
        with pytest.raises(TooLong, match="too long"):
            documents.print_markup("x" * 4_000_001, title="x", language="en", created=papers.MADE, press=press)

    def test_draws_a_chart_with_its_words(self, press):
        months = tuple((month, Money(amount, "EUR")) for month, amount in (("Aug", 100), ("Sep", 140), ("Oct", 120)))
        sheet = sheets.statement(papers.statement(papers.section(2, chart=months)))
        printed = sheet.print(created=papers.MADE, press=press)
        assert b"/Alt" in documents.print_markup(
            _markup(sheet), title="x", language="en", created=papers.MADE, pictures=sheet.pictures, press=press,
            uncompressed=True,
        ).pdf  # fmt: skip
        assert printed.pages == 1


def _markup(sheet: sheets.Sheet) -> str:
    from django.template.loader import render_to_string

    return render_to_string(sheet.template, {**sheet.context, "language": sheet.language, "title": sheet.title})


class TestNames:
    @pytest.mark.parametrize("script", list(papers.NAMES))
    def test_prints_a_name_in(self, script, press):
        """Every letter is found again in the file, so it was drawn by a font and mapped back to itself."""
        name = papers.NAMES[script]
        text = text_of(sheets.statement(papers.statement(papers.section(1, text=name), name=name)), press)
        assert letters(name) <= letters(text)
        assert lettering.REPLACEMENT not in text

    @pytest.mark.parametrize("script", list(papers.NAMES))
    def test_has_a_font_for(self, script):
        assert set(unicodedata.normalize("NFC", papers.NAMES[script])) <= lettering.drawn()

    def test_prints_a_right_to_left_name_in_the_running_head(self, press):
        sheet = sheets.statement(papers.statement(papers.section(80), name=papers.NAMES["Arabic"], language="fr"))
        assert letters(papers.NAMES["Arabic"]) <= letters(text_of(sheet, press).split("1 / 2")[-1])


class TestPrintable:
    @pytest.mark.parametrize(
        ("written", "printed"),
        [
            ("plain", "plain"),
            ("Ame\u0301lie", "Amélie"),
            ("bell\x07 null\x00", "bell null"),
            ("line\u2028end", "lineend"),
            ("\u202egnp.exe\u202c", "gnp.exe"),
            ("\ue000private\U000f0001", "private"),
            ("half \ud800", "half "),
            ("non\ufffe\ufdd0\uffff", "non"),
            ("hearts ❤️ and 😀", f"hearts {lettering.REPLACEMENT if '❤' not in lettering.drawn() else '❤'} and □"),
            ("family 👨‍👩‍👧‍👦!", "family □!"),
            ("thumb 👍🏽.", "thumb □."),
            ("flag 🇫🇷", "flag □□"),
            ("ᚠᚢ runes", "□□ runes"),
            ("می‌خواهم", "می‌خواهم"),
        ],
    )
    def test_gives(self, written, printed):
        assert lettering.printable(written) == printed

    def test_is_harmless_when_repeated(self):
        for text in ("😀😀 ᚠ e\u0301", *papers.NAMES.values()):
            assert lettering.printable(lettering.printable(text)) == lettering.printable(text)

    @pytest.mark.parametrize(
        "hostile", ["😀👍🏽🇫🇷", "ᚠᚢ", "\x00\x1b[31m", "\u202eevil", "\ue000", "\U0010ffff", "a\u0300\u0301\u0302" * 50]
    )
    def test_leaves_nothing_the_fonts_cannot_draw(self, hostile, press):
        sheet = sheets.statement(papers.statement(papers.section(1, text=hostile), name=hostile))
        assert sheet.print(created=papers.MADE, press=press).pages == 1


class TestInvoice:
    def test_shows_everything_an_invoice_needs(self, press):
        text = re.sub("[\u00a0\n]+", " ", text_of(sheets.invoice(papers.invoice()), press))
        for shown in (
            "Invoice 2026-0042", "Kowalczyk & Söhne GmbH", "VAT id DE811907980", "VAT id FR32123456789",
            "12 October 2026", "September 2026", "11 November 2026", "42 pages", "3.5 h", "1,617.00", "20%", "5.5%",
            "VAT 20% on €1,949.50", "€389.90", "€2,391.94", "FR76 3000 6000 0112 3456 7890 189", "AGRIFRPP",
            "SIREN 123 456 789", "Late payment costs",
        ):  # fmt: skip
            assert shown in text

    def test_carries_a_payment_code_only_where_a_transfer_can_be_made(self):
        def asks(**changes) -> bool:
            return "pay" in sheets.invoice(papers.invoice(**changes)).pictures

        assert asks()
        assert not asks(bank=None)
        assert not asks(draft=True)
        assert not asks(corrects="2026-0041")
        assert not asks(due=Money(0, "EUR"))

    def test_puts_the_amount_and_the_number_into_the_payment_code(self, monkeypatch):
        written = []
        monkeypatch.setattr(payment_code.segno, "make", lambda text, **_: written.append(text) or _Code())
        sheets.invoice(papers.invoice())
        assert written == [
            "BCD\n002\n1\nSCT\nAGRIFRPP\nAmina Diallo\nFR7630006000011234567890189\nEUR2391.94\n\n\n2026-0042"
        ]

    def test_says_draft_and_asks_for_no_money_before_it_is_issued(self, press):
        text = text_of(sheets.invoice(papers.invoice(draft=True, number="")), press)
        assert "DRAFT" in text
        assert "How to pay" not in text

    def test_names_the_invoice_a_credit_note_corrects(self, press):
        value = papers.invoice(number="CN-2026-0003", corrects="2026-0042", corrects_on=dt.date(2026, 10, 12))
        text = text_of(sheets.invoice(value), press)
        assert "Credit note CN-2026-0003" in text
        assert "corrects invoice 2026-0042 of 12 October 2026" in text
        assert "How to pay" not in text

    def test_gives_the_reason_where_no_vat_is_charged(self, press):
        line = values.InvoiceLine("Design", Decimal(1), "", Money(500, "EUR"), Money(500, "EUR"), None, "AE")
        vat = values.VatLine(None, "AE", Money(500, "EUR"), Money(0, "EUR"), "Reverse charge: the client owes the VAT.")
        text = text_of(sheets.invoice(papers.invoice(lines=(line,), vat=(vat,))), press)
        assert "Reverse charge: the client owes the VAT." in text
        assert "No VAT on €500.00" in text

    def test_subtracts_what_was_paid(self, press):
        value = papers.invoice(paid=Money(Decimal("391.94"), "EUR"), due=Money(2000, "EUR"))
        text = text_of(sheets.invoice(value), press)
        assert "−€391.94" in text
        assert "€2,000.00" in text

    def test_runs_over_several_pages(self, press):
        line = papers.invoice().lines[0]
        printed = sheets.invoice(papers.invoice(lines=(line,) * 90)).print(created=papers.MADE, press=press)
        assert printed.pages == 3


class _Code:
    def save(self, out, **_):
        out.write(b'<svg xmlns="http://www.w3.org/2000/svg"/>')

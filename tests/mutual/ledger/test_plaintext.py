"""Reading plain-text accounting: what it means, and what is refused, with its line."""

import contextlib
import datetime as dt
import pathlib
from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mutual.ledger import plaintext
from mutual.ledger.drafts import Drafts, ImportRefused

HACK_CLUB = pathlib.Path(__file__).parents[2] / "data" / "hackclub-ledger" / "main.ledger"


def read(text: str) -> Drafts:
    return plaintext.parse(text.encode())


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(ImportRefused) as refused:
        read(text)
    return [(problem.line, problem.sentence) for problem in refused.value.problems]


def amounts(text: str) -> list[tuple[str, str, Decimal]]:
    return [(line.account, line.commodity, line.amount) for entry in read(text).entries for line in entry.lines]


class TestHackClub:
    """Real books of three years."""

    drafts = plaintext.parse(HACK_CLUB.read_bytes())

    def test_has_1360_entries_on_51_accounts(self) -> None:
        lines = [line for entry in self.drafts.entries for line in entry.lines]
        assert len(self.drafts.entries) == self.drafts.rows == 1_360
        assert len(lines) == 2_777
        assert len({line.account for line in lines}) == 51
        assert {line.commodity for line in lines} == {"$"}

    def test_has_entries_of_more_than_two_postings_and_such_that_name_an_account_twice(self) -> None:
        assert sum(len(entry.lines) > 2 for entry in self.drafts.entries) == 32
        names = [[line.account for line in entry.lines] for entry in self.drafts.entries]
        assert sum(len(set(name)) < len(name) for name in names) == 28

    def test_notes_the_lines_of_zero(self) -> None:
        text = HACK_CLUB.read_text().splitlines()
        assert self.drafts.zero_lines == (1906, 1907)
        assert text[1906 - 1].endswith("$0.00")

    def test_adds_up_to_what_ledger_printed_for_the_bank(self) -> None:
        balances: defaultdict[str, Decimal] = defaultdict(Decimal)
        for entry in self.drafts.entries:
            for line in entry.lines:
                balances[line.account] += line.amount
        assert balances["Assets:Chase:Checking"] == Decimal("6408.44")
        assert balances["Income:Fundraising"] == Decimal("-250426.23")
        assert sum(balances.values()) == 0

    def test_keeps_payees_and_notes(self) -> None:
        first, second = self.drafts.entries[:2]
        assert (first.date, first.payee) == (dt.date(2015, 1, 24), "Lyft")
        assert second.payee == "Kevin Wang"
        assert second.notes == ("Rent for Max", "Receipt: 75fd158c0d71d3f0bb3c253e7d549290.png")
        assert self.drafts.entries[0].lines[1].amount == Decimal("-33.92")


class TestParse:
    def test_reads_flags_codes_payees_and_notes(self) -> None:
        (entry,) = read(
            "2016-02-01=2016/2/3 * (1042) Kevin's Café  ; for the board\n"
            "    ! Expenses:Food   12.50 EUR ; lunch\n"
            "    ; paid by card\n"
            "    Assets:Bank\n"
        ).entries
        assert (entry.date, entry.code, entry.payee) == (dt.date(2016, 2, 1), "1042", "Kevin's Café")
        assert entry.notes == ("=2016-02-03", "for the board", "lunch", "paid by card")
        assert [line.line for line in entry.lines] == [2, 4]

    def test_takes_a_semicolon_after_one_space_as_part_of_the_payee(self) -> None:
        (entry,) = read("2016-02-01 Smith; Sons\n  a  1 EUR\n  b\n").entries
        assert entry.payee == "Smith; Sons"

    @pytest.mark.parametrize(
        ("written", "commodity", "value"),
        [
            ("$12.00", "$", "12"),
            ("$ 12", "$", "12"),
            ("-$12.00", "$", "-12"),
            ("$-12.00", "$", "-12"),
            ("- $ 12.00", "$", "-12"),
            ("+12.5 EUR", "EUR", "12.5"),
            ("EUR -1,234.50", "EUR", "-1234.5"),
            ("1,234,567.89 EUR", "EUR", "1234567.89"),
            ("1,00,000 INR", "INR", "100000"),
            ("12,345 JPY", "JPY", "12345"),
            ("1'234.50 CHF", "CHF", "1234.5"),
            ("12€", "€", "12"),
            ("€12", "€", "12"),
            (".5 EUR", "EUR", "0.5"),
            ("5. EUR", "EUR", "5"),
            ('3 "HOURS"', "HOURS", "3"),
            ("007 EUR", "EUR", "7"),
        ],
    )
    def test_reads_an_amount(self, written: str, commodity: str, value: str) -> None:
        assert amounts(f"2016-02-01 x\n  a:b  {written}\n  c:d\n") == [
            ("a:b", commodity, Decimal(value)),
            ("c:d", commodity, -Decimal(value)),
        ]

    def test_reads_a_decimal_comma_only_where_the_file_says_so(self) -> None:
        body = "2016-02-01 x\n  a  1.234,50 EUR\n  b\n"
        assert amounts("decimal-mark ,\n" + body)[0] == ("a", "EUR", Decimal("1234.50"))
        ((line, sentence),) = problems(body)
        assert line == 2
        assert "two ways" in sentence

    def test_balances_each_currency_and_gives_the_rest_to_the_amount_left_out(self) -> None:
        text = "2016-02-01 x\n  a  5 EUR\n  b  $7\n  c\n"
        assert amounts(text)[2:] == [("c", "$", Decimal(-7)), ("c", "EUR", Decimal(-5))]

    def test_reads_the_years_and_the_currency_that_directives_set(self) -> None:
        (entry,) = read("Y 2015\nD $1,000.00\n1/24 Lyft\n\ta\t33.92\n\tb\n").entries
        assert entry.date == dt.date(2015, 1, 24)
        assert entry.lines[0].commodity == "$"

    def test_reads_the_types_and_decimals_a_file_declares(self) -> None:
        drafts = read(
            "account Actifs:Banque  ; type:A\n"
            "account Produits\n  ; type: Revenue\n  note whatever\n"
            "commodity EUR\n  format 1,000.00 EUR\n  nomarket\n"
            "commodity 1,000.000 TND\n"
            "P 2015/01/01 EUR $1.10\npayee Lyft\ntag receipt\n"
        )
        assert drafts.account_types == {"Actifs:Banque": "A", "Produits": "R"}
        assert drafts.decimals == {"EUR": 2, "TND": 3}

    def test_passes_over_comments(self) -> None:
        text = (
            "; a\n# b\n* c\n% d\n| e\ncomment\n2015-01-01 not an entry\nend comment\n\n2015-01-01 x\n  a  1 EUR\n  b\n"
        )
        assert len(read(text).entries) == 1

    def test_reads_windows_line_ends_and_a_byte_order_mark(self) -> None:
        drafts = plaintext.parse("\ufeff2015-01-01 x\r\n  a  1 EUR\r\n  b\r\n".encode())
        assert drafts.entries[0].lines[0].amount == 1

    def test_checks_balance_assertions(self) -> None:
        text = "2015-01-01 x\n  a  1 EUR = 1 EUR\n  b\n2015-01-02 x\n  a  1 EUR = {} EUR\n  b  = -2 EUR\n"
        text = text.replace("  b  = -2 EUR", "  b  -1 EUR = -2 EUR")
        assert len(read(text.format("2.00")).entries) == 2
        assert problems(text.format("3"))[0][0] == 5

    def test_adds_without_rounding(self) -> None:
        text = "2015-01-01 x\n" + "  a  999999999999999.99999999 X\n" * 1_000 + "  b\n"
        assert amounts(text)[-1][2] == -1_000 * Decimal("999999999999999.99999999")

    @pytest.mark.parametrize(
        ("text", "line", "words"),
        [
            ("2015-01-01 x\n  a  1 EUR\n  b  -2 EUR\n", 1, "does not add up: it is -1 EUR over"),
            ("2015-01-01 x\n  a  1 EUR\n  b  -1 USD\n", 1, "does not add up"),
            ("2015-01-01 x\n  a\n  b\n", 1, "more than one amount"),
            ("2015-01-01 x\n\n", 1, "no postings"),
            ("2015-01-01 x\n  a  1\n  b\n", 2, "names no currency"),
            ("2015-01-01 x\n  a  1,2 EUR\n  b\n", 2, "two ways"),
            ("2015-01-01 x\n  a  1 EUR @ $1.10\n  b\n", 2, "Prices"),
            ("2015-01-01 x\n  a  1 EUR {$1.10}\n  b\n", 2, "Prices"),
            ("2015-01-01 x\n  a  (1 EUR + 2 EUR)\n  b\n", 2, "calculation"),
            ("2015-01-01 x\n  (a)  1 EUR\n", 2, "Virtual postings"),
            ("2015-01-01 x\n  [a]  1 EUR\n  [b]\n", 2, "Virtual postings"),
            ("2015-01-01 x\n  a  = 1 EUR\n  b\n", 2, "sets a balance"),
            ("2015-01-01 x\n  a  1 EUR == 1 EUR\n  b\n", 2, "Assertions"),
            ("2015-01-01 x\n  Assets:Cash $12\n  b  $12\n", 2, "two spaces"),
            ("2015-01-01 x\n  a::b  1 EUR\n  b\n", 2, "empty part"),
            ("2015-01-01 x\n  a\u202eb  1 EUR\n  b\n", 2, "cannot be printed"),
            ("2015-01-01 x\n  a  1e5 EUR\n  b\n", 2, "not an amount"),
            ("2015-01-01 x\n  a  NaN EUR\n  b\n", 2, "not an amount"),
            ("2015-01-01 x\n  a  --1 EUR\n  b\n", 2, "not an amount"),
            ("2015-01-01 x\n  a  -$-1\n  b\n", 2, "not an amount"),
            ("2015-01-01 x\n  a  1234567890123456 EUR\n  b\n", 2, "too many digits"),
            ("2015-01-01 x\n  a  1.123456789 EUR\n  b\n", 2, "too many digits"),
            (f"2015-01-01 x\n  {'a' * 201}  1 EUR\n  b\n", 2, "longer than 200"),
            ("2015-02-29 x\n  a  1 EUR\n  b\n", 1, "no such day"),
            ("02/28 x\n  a  1 EUR\n  b\n", 1, "no year"),
            ("2015 x\n  a  1 EUR\n  b\n", 1, "not a date"),
            ("  a  1 EUR\n", 1, "belongs to no entry"),
            ("2015-01-01 x\n  a  1 EUR\n\n  b\n", 4, "belongs to no entry"),
            ("\n\ninclude other.ledger\n", 3, "Included files"),
            ("!include other.ledger\n", 1, "Included files"),
            ("= /Food/\n  (Budget)  -1\n", 1, "Automated"),
            ("~ Monthly\n  a  1 EUR\n  b\n", 1, "Periodic"),
            ("alias a=b\n", 1, "would change what entries mean"),
            ("account a\n  alias b\n", 2, "would change what entries mean"),
            ("apply account b\n", 1, "would change what entries mean"),
            ("account a ; type:Z\n", 1, "not a type"),
            ("decimal-mark ;\n", 1, "decimal mark"),
            ("Y 20x5\n", 1, "not a year"),
            ("i 2015/01/01 08:00:00 work\n", 1, "Time clock"),
            ("Hello\n", 1, "neither an entry"),
            ("test\nend\n", 1, "no end"),
            ("x" * 5_000, 1, "longer than 4000"),
        ],
    )
    def test_refuses_with_the_line(self, text: str, line: int, words: str) -> None:
        found = problems(text)
        assert any(at == line and words in sentence for at, sentence in found), found

    def test_names_every_problem_at_once_and_counts_those_past_the_twentieth(self) -> None:
        with pytest.raises(ImportRefused) as refused:
            read("2015-01-01 x\n  a  1 EUR\n  b  1 EUR\n\n" * 25)
        assert len(refused.value.problems) == 20
        assert refused.value.problems[1].line == 5
        assert str(refused.value).endswith("5 more problems were found.")

    def test_refuses_what_is_not_text(self) -> None:
        for data in (b"2015-01-01 x\n\xff\n", b"\n\0", b"a" * (64 * 1024 * 1024 + 1)):
            with pytest.raises(ImportRefused):
                plaintext.parse(data)

    def test_refuses_an_entry_of_too_many_postings(self) -> None:
        assert problems("2015-01-01 x\n" + "  a  0 EUR\n" * 2_001)[0][0] == 2_002


FRAGMENTS = st.sampled_from(
    [
        *("2015-01-01", "2015/13/40", "01/02", " * ", " ! ", "(code)", "payee", "  ; note", "\n", "\n  ", "\n\t"),
        *("Assets:Bank", "Expenses", "  ", "\t", "$1.00", "-$1,000", "1 EUR", "1,5 EUR", "= 5 EUR", "==", "@@ $3"),
        *("(", "[a]", '"', ";", "{", "~", "include x", "account x", "D $1.00", "decimal-mark ,", "Y2015", "P "),
        *("comment", "end comment", "test", "\r\n", "²", "\u0661", "\u202e", "\u200b", "commodity ", "format 1.00 X"),
        *("e99", "∞"),
    ]
)


class TestGarbage:
    """R-G11: whatever is in the file, it is read or refused, never a crash."""

    @settings(max_examples=300, deadline=None)
    @given(st.lists(FRAGMENTS | st.text(max_size=4), max_size=30).map("".join))
    @example("2015-01-01 x\n  a  ١ EUR\n  b\n")
    @example("2015-01-01 x\n  a  1" + "0" * 3_000 + " EUR\n  b\n")
    def test_text_is_read_or_refused(self, text: str) -> None:
        with contextlib.suppress(ImportRefused):
            drafts = read(text)
            for entry in drafts.entries:
                sums: defaultdict[str, Decimal] = defaultdict(Decimal)
                for line in entry.lines:
                    sums[line.commodity] += line.amount
                assert not any(sums.values())

    @settings(max_examples=100, deadline=None)
    @given(st.binary(max_size=200))
    def test_bytes_are_read_or_refused(self, data: bytes) -> None:
        with contextlib.suppress(ImportRefused):
            plaintext.parse(data)

    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 20_000), st.integers(0, 60))
    def test_a_file_cut_anywhere_is_read_or_refused(self, start: int, length: int) -> None:
        data = HACK_CLUB.read_bytes()[:20_100]
        with contextlib.suppress(ImportRefused):
            plaintext.parse(data[:start] + data[start + length :])

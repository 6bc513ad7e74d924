"""Whatever accounts and notes are called, the other programs read what we wrote and add it up to the same."""

import io
import pathlib
import tempfile
from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mutual.ledger.dialects import (
    DIALECTS,
    Beancount,
    Csv,
    Hledger,
    Ledger,
    OutsideAccount,
    OutsideEntry,
    beancount_names,
    number,
)
from mutual.ledger.kinds import AccountType
from tests.mutual.ledger import outside

NASTY = st.sampled_from(
    [
        *("; no comment", "a  b", "a\tb", "(code)", "[2015/13/40]", "[=2015]", "key:: 1/0", "date: never", "date2:x"),
        *(
            "@ $5",
            "= 3",
            "{5 EUR}",
            '"',
            "\\",
            "\\n",
            "two\nlines",
            "=cmd|' /C calc'!A0",
            "*",
            "!",
            "|",
            "Ünï",
            "日本",
            "عربى",
        ),
        *(
            "\u202eevil",
            "\u200b",
            "#tag",
            "^link",
            "%x",
            "~ Monthly",
            "include x",
            "type: Z",
            "comment",
            "end comment",
            "{{",
            "%(",
        ),
    ]
)
WORDS = st.lists(NASTY | st.text(max_size=8), max_size=3).map(" ".join)
NAMES = st.lists(
    st.sampled_from(["Food", "food", "Zach Latta", "T-Shirts", "M-000123", "3D", "日本", "ß", "-", "a.b", "A & B"])
    | NASTY
    | st.text(max_size=5),
    min_size=1,
    max_size=3,
).map(":".join)
CURRENCIES = st.sampled_from([("EUR", 2), ("USD", 2), ("JPY", 0), ("TND", 3), ("HOUR", 0), ("CREDIT", 2)])


@st.composite
def books(draw):
    """Accounts under any names, and entries between those of one currency."""
    accounts = []
    for pk, (name, type_) in enumerate(
        draw(st.lists(st.tuples(NAMES, st.sampled_from(AccountType)), min_size=2, max_size=8))
    ):
        currency, decimals = draw(CURRENCIES) if pk % 2 == 0 else (accounts[-1].currency, accounts[-1].decimals)
        root = type_.name.lower() + draw(st.sampled_from([":", ":x:"]))
        accounts.append(OutsideAccount(pk, "coop", root + name, type_, currency, decimals))
    entries = []
    for count in range(draw(st.integers(1, 5))):
        first, second = draw(
            st.sampled_from([(a, b) for a in accounts for b in accounts if a.currency == b.currency and a != b])
        )
        amount = draw(st.integers(1, 10**15))
        entries.append(
            OutsideEntry(
                date=f"2026-0{count + 1}-28",
                book="coop",
                id="6dc699e7-99f4-2fca-f24f-5e57bf6c0000",
                kind="IMPORTED",
                title=draw(WORDS),
                notes=draw(st.lists(WORDS, max_size=2)),
                document=draw(st.sampled_from(["", "C-000123"])),
                reverses=draw(st.sampled_from(["", "6dc699e7-99f4-2fca-f24f-5e57bf6c0000"])),
                postings=[(first.id, amount), (second.id, -amount)],
            )
        )
    return accounts, entries


def written(dialect, accounts, entries):
    out = io.StringIO()
    writer = dialect(out, accounts)
    writer.begin(title="Journal of coop", first_day="2026-01-01")
    writer.entries(entries)
    return writer, out.getvalue()


def expected(writer, entries):
    sums = defaultdict(Decimal)
    accounts = {account.id: account for account in writer.accounts}
    for entry in entries:
        for pk, amount in entry.postings:
            account = accounts[pk]
            sums[account.name, account.commodity] += Decimal(amount).scaleb(-account.decimals)
    return {key: amount for key, amount in sums.items() if amount}


class TestDialects:
    @pytest.mark.parametrize("form", list(DIALECTS))
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(book=books())
    def test_balances_are_the_same_for_the_program_it_is_for(self, form, book):
        accounts, entries = book
        writer, text = written(DIALECTS[form], accounts, entries)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, f"books.{form}")
            file.write_text(text, encoding="utf-8", newline="")
            assert outside.READERS[form](file) == expected(writer, entries)

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(book=books())
    def test_what_is_written_for_ledger_means_the_same_to_hledger(self, book):
        accounts, entries = book
        writer, text = written(Ledger, accounts, entries)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "books.journal")
            file.write_text(text, encoding="utf-8", newline="")
            assert outside.hledger(file) == expected(writer, entries)

    def test_spaces_around_a_part_do_not_end_the_name(self):
        writer, _text = written(
            Ledger, [OutsideAccount(1, "coop", "asset:0  :Food  shop", AccountType.ASSET, "EUR", 2)], []
        )
        assert [account.name for account in writer.accounts] == ["asset:0:Food shop"]

    def test_hledger_knows_the_types(self, tmp_path):
        accounts = [OutsideAccount(1, "coop", "Actifs:Banque", AccountType.ASSET, "EUR", 2)]
        _writer, text = written(Hledger, accounts, [])
        (tmp_path / "a.hledger").write_text(text)
        assert "Actifs:Banque" in outside.run("hledger", "-f", tmp_path / "a.hledger", "accounts", "type:A")


class TestNumber:
    @given(st.integers(-(10**16), 10**16), st.integers(0, 8))
    def test_is_the_exact_decimal(self, minor, decimals):
        text = number(minor, decimals)
        assert Decimal(text) == Decimal(minor).scaleb(-decimals)
        assert ("." in text) == bool(decimals)


class TestBeancountNames:
    def names(self, *names, type_=AccountType.EXPENSE):
        accounts = [OutsideAccount(pk, "coop", name, type_, "EUR", 2) for pk, name in enumerate(names)]
        return list(beancount_names(accounts).values())

    def test_keeps_what_beancount_allows(self):
        assert self.names("Expenses:Operating:T-Shirts") == ["Expenses:Operating:T-Shirts"]

    def test_gives_every_name_a_root_capitals_and_letters(self):
        assert self.names("expenses:rent", "Ausgaben:Büro & Papier", "expenses:ßoo", "x") == [
            "Expenses:Rent",
            "Expenses:Ausgaben:Büro---Papier",
            "Expenses:X-ßoo",
            "Expenses:X",
        ]

    def test_never_makes_one_name_of_two(self):
        names = self.names("expenses:a b", "expenses:a-b", "expenses:A b", "expenses:a b-2")
        assert len(set(names)) == 4

    @settings(max_examples=200)
    @example(["Expenses"])
    @given(st.lists(NAMES, unique=True, max_size=6))
    def test_all_are_legal(self, names):
        from beancount.core import account

        for name in self.names(*names):
            assert account.is_valid(name), name


class TestCsv:
    def test_disarms_formulas_in_every_text(self):
        accounts = [
            OutsideAccount(1, "coop", "=1+1", AccountType.ASSET, "EUR", 2),
            OutsideAccount(2, "coop", "equity:x", AccountType.EQUITY, "EUR", 2),
        ]
        entry = OutsideEntry("2026-01-01", "coop", "i", "IMPORTED", "@SUM(A1)", ["+x"], "-D", "", [(1, 5), (2, -5)])
        _writer, text = written(Csv, accounts, [entry])
        assert "'=1+1" in text
        assert "'@SUM(A1)" in text
        assert "'+x" in text
        assert "'-D" in text
        assert text.count("0.05") == 2


class TestDistinctNames:
    def test_accounts_of_one_name_and_currency_are_told_apart(self):
        accounts = [
            OutsideAccount(1, "coop", "assets:cash", AccountType.ASSET, "EUR", 2),
            OutsideAccount(2, "barter", "assets:cash", AccountType.ASSET, "EUR", 2),
            OutsideAccount(3, "coop", "assets:cash", AccountType.ASSET, "USD", 2),
        ]
        writer, _text = written(Beancount, accounts, [])
        assert [account.name for account in writer.accounts] == ["assets:cash", "assets:cash:barter", "assets:cash"]

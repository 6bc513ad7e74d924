"""The whole journal for other programs, which add it up to what our books say."""

import csv
import datetime as dt
import io
import json
import pathlib
import tempfile
import tracemalloc
from collections import defaultdict
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mutual.ledger import audit, balances, chart, export, importing, journal, opencollective, plaintext
from mutual.ledger.dialects import COMMODITIES, DIALECTS
from mutual.ledger.kinds import AccountType, Kind
from mutual.ledger.models import Account, EntryNote, Label
from mutual.money import Money
from tests.mutual.ledger import outside

pytestmark = [pytest.mark.django_db]

DATA = pathlib.Path(__file__).parents[2] / "data"
HACK_CLUB = DATA / "hackclub-ledger" / "main.ledger"
WOMEN_WHO_CODE = DATA / "opencollective-wwcode" / "transactions.csv"


def account(code, type=AccountType.ASSET, currency="EUR", book=None, **more):
    return chart.open(book=book or chart.coop_book(), code=code, type=type, currency=currency, **more)


def pay(amount, debit, credit, *, key, on=dt.date(2026, 11, 3), **more):
    return journal.post(
        kind=more.pop("kind", Kind.DUES_PAID),
        key=key,
        date=on,
        recorded_by=None,
        transfers=[journal.move(Money(amount, debit.currency.code), debit=debit, credit=credit)],
        **more,
    )


def take(path, reader=plaintext.parse, book=None):
    return importing.record(
        drafts=reader(path if isinstance(path, bytes) else path.read_bytes()),
        book=book or chart.coop_book(),
        recorded_by=None,
    )


def out(tmp_path, form, *books, **more):
    file = tmp_path / f"books.{form}"
    with file.open("w", encoding="utf-8", newline="") as stream:
        export.write(file=stream, format=form, books=books or [chart.coop_book()], **more)
    return file


def ours(*books):
    """Debits − credits of every account by its name outside, as decimals, zeros left out."""
    found = defaultdict(Decimal)
    accounts = Account.objects.filter(book__in=books or [chart.coop_book()]).select_related("currency", "label")
    for one in accounts:
        name = one.label.text if one.code.startswith("imported:") else one.code
        commodity = COMMODITIES.get(one.currency.code, one.currency.code)
        found[name, commodity] += Decimal(balances.raw(one)).scaleb(-one.currency.decimals)
    return {key: amount for key, amount in found.items() if amount}


@pytest.fixture
def small_books():
    """Dues, a claim, hours and mutual credit, in two books; one entry has two lines, one is reversed."""
    bank, fund = account("assets:bank:main", busy=True), account("equity:fund:sickness", AccountType.EQUITY, busy=True)
    owed = account("assets:dues-receivable:M-000123", owner_id=1)
    cost = account("expenses:office rent", AccountType.EXPENSE)
    pay("30", owed, fund, key="dues/2026-10/M-000123", on=dt.date(2026, 10, 1), document="M-000123")
    journal.post(
        kind=Kind.DUES_PAID,
        key="dues/2026-10/M-000123/paid",
        date=dt.date(2026, 10, 5),
        recorded_by=None,
        transfers=[
            journal.move(Money("20", "EUR"), debit=bank, credit=owed),
            journal.move(Money("9.50", "EUR"), debit=bank, credit=owed),
            journal.move(Money("0.50", "EUR"), debit=cost, credit=owed),
        ],
        memo='paid "late"; see [2026/13/40]\nsecond line',
    )
    wrong = pay("7.77", cost, bank, key="cost/1", on=dt.date(2026, 10, 31), document="K-000001")
    journal.reverse(entry_id=wrong.id, date=dt.date(2026, 11, 2), recorded_by=None)
    barter = chart.barter_book()
    hours = [account(f"liabilities:hours:M-00012{n}", AccountType.LIABILITY, "HOUR", barter) for n in (3, 4)]
    credit = [account(f"liabilities:credit:M-00012{n}", AccountType.LIABILITY, "CREDIT", barter) for n in (3, 4)]
    pay("90", hours[0], hours[1], key="trade/1", book=barter, kind=Kind.TRADE_SETTLED)
    pay("12.50", credit[1], credit[0], key="trade/2", book=barter, kind=Kind.TRADE_SETTLED)
    yen = [account(f"assets:{name}", currency="JPY") for name in ("till", "safe")]
    dinar = [account(f"assets:{name}", currency="TND") for name in ("till", "safe")]
    pay("5000", yen[0], yen[1], key="yen/1")
    pay("1.005", dinar[0], dinar[1], key="dinar/1", on=dt.date(2026, 12, 1))


BOTH = pytest.mark.usefixtures("small_books")


class TestHackClub:
    """After import and export, ledger and hledger give the same balance for every account as on the original."""

    @pytest.mark.parametrize("form", ["ledger", "hledger"])
    def test_ledger_prints_the_same_as_for_the_original(self, tmp_path, form):
        take(HACK_CLUB)
        file = out(tmp_path, form)
        command = ["balance", "--flat", "--empty", "--no-total"]
        original = outside.run("ledger", "--args-only", "-f", HACK_CLUB, *command)
        if form == "ledger":
            assert outside.run("ledger", "--args-only", "-f", file, *command) == original
            assert original.count("\n") == 51
        # hledger lists declared accounts before others, so the order may differ.
        found, expected = (outside.run("hledger", "-f", path, *command).splitlines() for path in (file, HACK_CLUB))
        assert sorted(found) == sorted(expected)

    def test_every_program_gives_the_balances_of_the_original(self, tmp_path):
        take(HACK_CLUB)
        original = outside.ledger(HACK_CLUB)
        assert original == outside.hledger(HACK_CLUB) == ours()
        for form, reader in outside.READERS.items():
            assert reader(out(tmp_path, form)) == original

    def test_keeps_payees_and_notes(self, tmp_path):
        take(HACK_CLUB)
        text = out(tmp_path, "ledger").read_text()
        assert "\n2015-01-27 * Kevin Wang\n" in text
        assert "    ; Rent for Max\n    ; Receipt: 75fd158c0d71d3f0bb3c253e7d549290.png\n" in text

    def test_a_name_that_was_erased_is_nowhere(self, tmp_path):
        take(HACK_CLUB)
        Label.objects.filter(text="Liabilities:Reimbursement:Max Wofford").delete()
        EntryNote.objects.filter(memo__contains="Max").delete()
        for form in DIALECTS:
            text = out(tmp_path, form).read_text()
            assert "Max" not in text
            assert "imported:" in text or "Imported-" in text or "Imported:" in text

    def test_can_be_imported_again_elsewhere(self, tmp_path):
        take(HACK_CLUB)
        elsewhere = chart.book("elsewhere")
        for form in ("ledger", "hledger"):
            result = take(out(tmp_path, form), book=elsewhere)
            assert result.added + result.known == 1_359
        assert ours(elsewhere) == ours()
        assert not list(audit.findings())


class TestWomenWhoCode:
    def test_every_program_gives_our_balances_in_eight_currencies(self, tmp_path):
        take(WOMEN_WHO_CODE, opencollective.parse)
        expected = ours()
        rows = csv.DictReader(io.StringIO(out(tmp_path, "csv").read_text()))
        assert {row["commodity"] for row in rows} == {"USD", "GBP", "CAD", "EUR", "MXN", "AUD", "INR", "JPY"}
        for form, reader in outside.READERS.items():
            assert reader(out(tmp_path, form)) == expected


@BOTH
class TestWrite:
    def test_every_program_gives_our_balances(self, tmp_path):
        books = [chart.coop_book(), chart.barter_book()]
        expected = ours(*books)
        assert expected["liabilities:hours:M-000123", "MINUTE"] == 90
        for form, reader in outside.READERS.items():
            assert reader(out(tmp_path, form, *books)) == expected

    def test_ledger_and_hledger_know_every_account_and_commodity(self, tmp_path):
        books = [chart.coop_book(), chart.barter_book()]
        outside.run("hledger", "-f", out(tmp_path, "hledger", *books), "check", "--strict")
        outside.run("hledger", "-f", out(tmp_path, "ledger", *books), "check", "accounts", "commodities")

    def test_bean_check_accepts_it(self, tmp_path):
        outside.run("bean-check", out(tmp_path, "beancount", chart.coop_book(), chart.barter_book()))

    @pytest.mark.parametrize("form", list(DIALECTS))
    def test_opens_with_what_was_before_so_that_balances_are_right(self, tmp_path, form):
        books = [chart.coop_book(), chart.barter_book()]
        for since in (dt.date(2026, 10, 5), dt.date(2026, 11, 1), dt.date(2026, 12, 1), dt.date(2030, 1, 1)):
            file = out(tmp_path, form, *books, since=since)
            assert outside.READERS[form](file) == ours(*books)
            assert f"{since}" in file.read_text()

    @pytest.mark.parametrize("form", list(DIALECTS))
    def test_ends_with_the_balances_of_the_last_day(self, tmp_path, form):
        until = dt.date(2026, 10, 31)
        expected = {}
        for one in Account.objects.filter(book=chart.coop_book()).select_related("currency"):
            if amount := balances.raw_on(one, until):
                expected[one.code, one.currency.code] = Decimal(amount).scaleb(-one.currency.decimals)
        assert expected["expenses:office rent", "EUR"] == Decimal("8.27")
        for since in (None, dt.date(2026, 10, 5)):
            assert outside.READERS[form](out(tmp_path, form, since=since, until=until)) == expected

    def test_shows_an_entry_as_accountants_expect_it(self, tmp_path):
        text = out(tmp_path, "ledger").read_text()
        start = text.index("2026-10-05")
        lines = [" ".join(line.split()) for line in text[start:].splitlines()[:7]]
        assert lines[0] == "2026-10-05 * Dues paid"
        assert lines[1].endswith("kind: DUES_PAID")
        assert lines[2:] == [
            '; paid "late"; see (2026/13/40)',
            "; second line",
            "assets:bank:main 29.50 EUR",
            "expenses:office rent 0.50 EUR",
            "assets:dues-receivable:M-000123 -30.00 EUR",
        ]

    def test_names_the_entry_a_reversal_undoes(self, tmp_path):
        wrong = balances_entry("K-000001")
        assert f"kind: REVERSAL, reverses: {wrong}" in out(tmp_path, "ledger").read_text()
        assert f'reverses: "{wrong}"' in out(tmp_path, "beancount").read_text()

    def test_writes_one_row_a_posting_as_csv(self, tmp_path):
        rows = list(csv.DictReader(io.StringIO(out(tmp_path, "csv").read_text())))
        first = rows[0]
        assert (first["date"], first["document"], first["kind"]) == ("2026-10-01", "M-000123", "DUES_PAID")
        assert (first["account"], first["type"]) == ("assets:dues-receivable:M-000123", "Assets")
        assert (first["debit"], first["credit"], first["commodity"]) == ("30.00", "", "EUR")

    def test_tells_the_accounts_of_members_own_books_apart(self, tmp_path):
        mine = chart.member_book(member_id=1, number="M-000123")
        hers = chart.member_book(member_id=2, number="M-000124")
        for book in (mine, hers):
            pay(
                "5",
                account("assets:receivable:1", book=book),
                account("income:design", AccountType.INCOME, book=book),
                key="invoice/1",
                book=book,
            )
        together = outside.hledger(out(tmp_path, "hledger", mine, hers))
        assert together["assets:member/M-000124:receivable:1", "EUR"] == 5
        assert len(together) == 4
        assert outside.hledger(out(tmp_path, "hledger", mine)) == ours(mine)

    def test_refuses_what_does_not_add_up_to_the_balances(self, tmp_path):
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE ledger_balance DISABLE TRIGGER ledger_balance_guarded")
            cursor.execute(
                "UPDATE ledger_balance SET amount = amount + 1 WHERE account_id = %s",
                [chart.find(book=chart.coop_book(), code="assets:till", currency="JPY").pk],
            )
        with pytest.raises(export.DoesNotAddUp, match="of 1 accounts"):
            out(tmp_path, "ledger")

    def test_an_empty_book_is_accepted_by_all(self, tmp_path):
        empty = chart.book("empty")
        for form, reader in outside.READERS.items():
            assert reader(out(tmp_path, form, empty)) == {}


def balances_entry(document):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_entry_of(id)::text FROM ledger_transfer WHERE document = %s AND reverses IS NULL", [document]
        )
        return cursor.fetchone()[0]


class TestMemory:
    def test_does_not_grow_with_the_number_of_transfers(self, tmp_path, monkeypatch):
        monkeypatch.setattr(export, "BATCH", 250)

        def peak(rows):
            one, other = account("assets:one"), account("assets:two")
            journal.post_many(
                kind=Kind.DUES_PAID,
                date=dt.date(2026, 1, 1),
                rows=(journal.Row(f"many/{n}", one.pk, other.pk, 100, "EUR") for n in range(rows)),
                recorded_by=None,
            )
            tracemalloc.start()
            out(tmp_path, "ledger")
            used = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return used

        small, large = peak(2_000), peak(8_000)
        assert large - small < 500_000, "6,000 transfers kept in memory would be some 3 MB"


LEAVES = st.sampled_from(["Food", "Zach Latta", "T-Shirts", "Büro & Papier", "a.b", "M-000123", "日本"])
ROOTS = st.sampled_from(["Assets", "Liabilities", "equity", "Income", "expenses", "Revenues"])
CURRENCIES = st.sampled_from([("$", 2), ("EUR", 2), ("JPY", 0), ("TND", 3), ("MINUTE", 0), ("CAD", 2)])


@st.composite
def random_books(draw):
    """Plain-text accounting with entries of several postings and currencies, one amount left out now and then."""
    names = draw(st.lists(st.tuples(ROOTS, LEAVES).map(":".join), min_size=2, max_size=6, unique=True))
    text = []
    for _count in range(draw(st.integers(1, 8))):
        day = draw(st.dates(dt.date(1990, 1, 1), dt.date(2040, 12, 31)))
        text.append(f"{day} * {draw(LEAVES)}  ; {draw(LEAVES)}")
        commodity, decimals = draw(CURRENCIES)
        amounts = draw(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=4))
        text += [
            f"  {draw(st.sampled_from(names))}  {Decimal(amount).scaleb(-decimals):f} {commodity}" for amount in amounts
        ]
        text.append(f"  {draw(st.sampled_from(names))}\n")
    return "\n".join(text)


class TestRandomBooks:
    """Any books: imported, exported and read by the others, every balance is what the others read in the original."""

    number = 0

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(text=random_books())
    def test_keep_their_balances_through_import_and_export(self, text):
        type(self).number += 1
        book = chart.book(f"random/{self.number}")
        take(text.encode(), book=book)
        with tempfile.TemporaryDirectory() as folder:
            original = pathlib.Path(folder, "original.ledger")
            original.write_text(text, encoding="utf-8")
            expected = outside.ledger(original)
            assert ours(book) == expected
            for form, reader in outside.READERS.items():
                assert reader(out(pathlib.Path(folder), form, book)) == expected
            again = chart.book(f"again/{self.number}")
            take(pathlib.Path(folder, "books.hledger"), book=again)
            assert ours(again) == expected
        assert not list(audit.findings())


@BOTH
class TestCommand:
    def run(self, *args):
        said = io.StringIO()
        call_command("export_books", *args, stdout=said)
        return said.getvalue()

    def test_writes_the_cooperatives_two_books(self, tmp_path):
        file = tmp_path / "books.hledger"
        said = self.run("--format", "hledger", "--out", str(file))
        assert said == f"8 entries (10 transfers) on 12 accounts were written to {file}.\n"
        assert outside.hledger(file) == ours(chart.coop_book(), chart.barter_book())
        assert file.stat().st_mode & 0o777 == 0o600

    def test_takes_days_and_periods(self, tmp_path):
        file = tmp_path / "x"
        for args, first, last in (
            (("--from", "2026-10-05", "--to", "2026-10-31"), "2026-10-05", "2026-10-31"),
            (("--from", "2026-10", "--to", "2026-10"), "2026-10-01", "2026-10-31"),
            (("--from", "2026-Q4", "--to", "2026"), "2026-10-01", "2026-12-31"),
            (("--from", "2026-W45", "--to", "2026-W45"), "2026-11-02", "2026-11-08"),
        ):
            answer = json.loads(self.run("--format", "ledger", "--out", str(file), "--json", *args))
            assert (answer["since"], answer["until"]) == (first, last)

    def test_ends_with_2_for_what_was_typed_wrongly(self, tmp_path):
        file = tmp_path / "x"
        for args in (
            ("--format", "excel", "--out", str(file)),
            ("--format", "ledger"),
            ("--format", "ledger", "--out", str(file), "--from", "2026-13"),
            ("--format", "ledger", "--out", str(file), "--from", "2026-02-30"),
            ("--format", "ledger", "--out", str(file), "--from", "2026-02", "--to", "2026-01"),
            ("--format", "ledger", "--out", str(file), "--book", "none"),
            ("--format", "ledger", "--out", str(tmp_path / "no" / "folder")),
        ):
            with pytest.raises(CommandError) as refused:
                self.run(*args)
            assert refused.value.returncode in {1, 2}
            assert not file.exists()
        assert not list(tmp_path.iterdir())

    def test_leaves_the_old_file_alone_where_the_books_do_not_add_up(self, tmp_path):
        file = tmp_path / "x"
        file.write_text("yesterday's")
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE ledger_balance DISABLE TRIGGER ledger_balance_guarded")
            cursor.execute("UPDATE ledger_balance SET amount = amount + 1 WHERE account_id > 0")
        with pytest.raises(CommandError, match="do not add up") as refused:
            self.run("--format", "ledger", "--out", str(file))
        assert refused.value.returncode == 1
        assert file.read_text() == "yesterday's"
        assert [path.name for path in tmp_path.iterdir()] == ["x"]

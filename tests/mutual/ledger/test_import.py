"""A predecessor's books become entries: all of them or none, once."""

import csv
import datetime as dt
import json
import pathlib
from collections import defaultdict
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from mutual.ledger import audit, balances, chart, importing, journal, opencollective, plaintext
from mutual.ledger.drafts import ImportRefused
from mutual.ledger.kinds import AccountType
from mutual.ledger.models import Account, Currency, EntryNote, Label, Transfer

pytestmark = [pytest.mark.django_db]

DATA = pathlib.Path(__file__).parents[2] / "data"
HACK_CLUB = DATA / "hackclub-ledger" / "main.ledger"
WOMEN_WHO_CODE = DATA / "opencollective-wwcode" / "transactions.csv"


def take(text, *, reader=plaintext.parse, book=None, **more):
    data = text.encode() if isinstance(text, str) else text
    return importing.record(drafts=reader(data), book=book or chart.book("test"), recorded_by=None, **more)


def held(book):
    """Debits − credits by the name and currency of each imported account, as decimals."""
    found = {}
    for account in Account.objects.filter(book=book).select_related("currency", "label"):
        amount = Decimal(balances.raw(account)).scaleb(-account.currency.decimals)
        found[account.label.text, account.currency.code] = amount
    return found


def whole_world():
    return (
        Transfer.objects.count(),
        Account.objects.count(),
        EntryNote.objects.count(),
        Label.objects.count(),
        Currency.objects.count(),
    )


class TestHackClub:
    def test_gives_every_account_what_the_file_gives_it(self):
        result = take(HACK_CLUB.read_bytes())
        expected = defaultdict(Decimal)
        for entry in plaintext.parse(HACK_CLUB.read_bytes()).entries:
            for line in entry.lines:
                expected[line.account, "USD"] += line.amount
        assert held(chart.book("test")) == expected
        assert (result.entries, result.added, result.known, result.transfers) == (1_360, 1_359, 0, 1_365)
        assert (result.accounts_opened, result.netted) == (51, 28)
        assert (result.zero_lines, result.empty_lines) == ((1906, 1907), (1905,))
        assert not list(audit.findings())

    def test_adds_nothing_the_second_time(self):
        take(HACK_CLUB.read_bytes())
        before = whole_world()
        again = take(HACK_CLUB.read_bytes())
        assert (again.added, again.known, again.accounts_opened) == (0, 1_359, 0)
        assert whole_world() == before

    def test_adds_what_is_new_in_a_longer_file_and_what_comes_in_parts(self):
        text = HACK_CLUB.read_text()
        part = text[: text.index("2016/03/01")]
        first = take(part)
        second = take(text)
        assert first.added + second.added == 1_359
        assert second.known == first.added
        assert held(chart.book("test"))["Assets:Chase:Checking", "USD"] == Decimal("6408.44")

    def test_keeps_names_out_of_codes_and_transfers(self):
        take(HACK_CLUB.read_bytes())
        codes = set(Account.objects.filter(book=chart.book("test")).values_list("code", flat=True))
        assert codes == {f"imported:{number}" for number in range(1, 52)}
        assert not Transfer.objects.exclude(document="").exists()
        assert Label.objects.filter(text="Liabilities:Reimbursement:Zach Latta").exists()
        note = EntryNote.objects.get(memo__startswith="Kevin Wang\nRent for Max\nReceipt: 75fd158c")
        assert "Kevin" not in note.key

    def test_adds_nothing_again_after_names_were_erased(self):
        take(HACK_CLUB.read_bytes())
        Label.objects.filter(text__contains="Zach Latta").delete()
        EntryNote.objects.all().delete()
        before = whole_world()
        assert take(HACK_CLUB.read_bytes()).added == 0
        assert whole_world() == before

    def test_types_accounts_by_their_names(self):
        take(HACK_CLUB.read_bytes())
        by_root = defaultdict(set)
        for name, type_ in Label.objects.values_list("text", "account__type"):
            by_root[name.split(":")[0]].add(AccountType(type_))
        assert by_root == {
            "Assets": {AccountType.ASSET},
            "Liabilities": {AccountType.LIABILITY},
            "Income": {AccountType.INCOME},
            "Expenses": {AccountType.EXPENSE},
        }


class TestWomenWhoCode:
    def test_gives_every_collective_its_net_amounts_and_the_rest_to_the_fees(self):
        result = take(WOMEN_WHO_CODE.read_bytes(), reader=opencollective.parse)
        expected = defaultdict(Decimal)
        with WOMEN_WHO_CODE.open(newline="") as file:
            for row in csv.DictReader(file):
                if not row["deletedAt"]:
                    net = Decimal(row["netAmountInCollectiveCurrency"] or 0) / 100
                    expected[opencollective.ACCOUNT % row["CollectiveId"], row["currency"]] += net
        found = held(chart.book("test"))
        fees = {currency: amount for (name, currency), amount in found.items() if name == opencollective.FEES}
        assert {key: amount for key, amount in found.items() if key[0] != opencollective.FEES} == expected
        assert fees == {
            "USD": Decimal("10939.51"), "CAD": Decimal("343.07"), "EUR": Decimal("94.12"),
            "GBP": Decimal("75.20"), "MXN": Decimal("7.27"),
        }  # fmt: skip
        assert (result.rows, result.skipped, result.entries, result.added) == (2_943, 759, 1_092, 1_092)
        assert len(result.fees) == 271
        assert set(result.currencies_added) == {"AUD", "CAD", "INR", "MXN"}
        assert Currency.objects.get(code="MXN").decimals == 2
        assert not list(audit.findings())

    def test_counts_yen_in_yen(self):
        take(WOMEN_WHO_CODE.read_bytes(), reader=opencollective.parse)
        yen = Transfer.objects.get(currency_id=Currency.objects.get(code="JPY").pk)
        assert yen.amount == 60

    def test_adds_nothing_the_second_time(self):
        take(WOMEN_WHO_CODE.read_bytes(), reader=opencollective.parse)
        before = whole_world()
        again = take(WOMEN_WHO_CODE.read_bytes(), reader=opencollective.parse)
        assert (again.added, again.known) == (0, 1_092)
        assert whole_world() == before

    def test_refuses_an_event_that_was_changed_since(self):
        data = WOMEN_WHO_CODE.read_bytes()
        take(data, reader=opencollective.parse)
        before = whole_world()
        for old, new in (
            (b"-14000,USD,2016-03-17", b"-14000,USD,2016-03-16"),  # another day
            (b"42b3bc94-8c8a-4dd2-afed-6953634c0030", b"42b3bc94-8c8a-4dd2-afed-6953634c0031"),
        ):
            changed = data.replace(old, new)
            assert changed != data
            if old.startswith(b"42"):
                # Two rows under a new number are a new event, not a changed one.
                assert take(changed, reader=opencollective.parse, dry_run=True).added == 1
                continue
            with pytest.raises(ImportRefused, match="imported before, with other"):
                take(changed, reader=opencollective.parse)
        cheaper = data.replace(b",200,USD,2017-12-01 03:18:19.945", b",199,USD,2017-12-01 03:18:19.945")
        cheaper = cheaper.replace(b",-136,-200,", b",-136,-199,")
        with pytest.raises(ImportRefused, match=r"imported before|do not add up"):
            take(cheaper, reader=opencollective.parse)
        assert whole_world() == before
        assert not list(audit.findings())

    def test_refuses_an_event_whose_fee_has_gone_since(self):
        header = ",".join(opencollective.COLUMNS)
        rows = (
            "1,CREDIT,x,200,USD,2017-12-01,7,9,{net},g-1,\n"
            "2,DEBIT,x,-{net},USD,2017-12-01,9,7,-200,g-1,\n"
        )  # fmt: skip
        take(f"{header}\n{rows.format(net=136)}", reader=opencollective.parse)
        with pytest.raises(ImportRefused, match="imported before"):
            take(f"{header}\n{rows.format(net=200)}", reader=opencollective.parse)
        assert held(chart.book("test"))[opencollective.FEES, "USD"] == Decimal("0.64")


ENTRY = "2015-01-24 Lyft\n  Expenses:Travel  $33.92\n  Liabilities:Zach\n"


class TestRecord:
    def test_tells_entries_apart_that_say_the_same(self):
        assert take(ENTRY * 3).added == 3
        assert take(ENTRY * 2).known == 2
        assert take(ENTRY * 4).added == 1
        assert held(chart.book("test"))["Expenses:Travel", "USD"] == 4 * Decimal("33.92")

    def test_does_not_record_again_what_only_got_another_payee_note_or_flag(self):
        take(ENTRY)
        corrected = ENTRY.replace("Lyft", "* (77) Lyft, Inc.  ; corrected").replace("$33.92", "33.92 $ ; taxi")
        assert (take(corrected).added, take(corrected).known) == (0, 1)

    def test_pairs_by_the_order_of_the_file(self):
        take(
            "2015-01-24 x\n  Expenses:A  5 EUR\n  Assets:P  -7 EUR\n  Expenses:B  4 EUR\n  Assets:Q  -2 EUR\n"
            "  Expenses:A  1 EUR\n  Assets:P  -1 EUR\n"
        )
        names = dict(Label.objects.values_list("account_id", "text"))
        rows = Transfer.objects.order_by("id").values_list("debit_id", "credit_id", "amount")
        assert [(names[debit], names[credit], amount) for debit, credit, amount in rows] == [
            ("Expenses:A", "Assets:P", 600),
            ("Expenses:B", "Assets:P", 200),
            ("Expenses:B", "Assets:Q", 200),
        ]
        assert not list(audit.findings())

    def test_pairs_every_currency_by_itself(self):
        result = take("2015-01-24 x\n  Assets:A  5 EUR\n  Assets:A  $7\n  Income:B\n")
        assert result.transfers == 2
        assert held(chart.book("test")) == {
            ("Assets:A", "EUR"): 5, ("Income:B", "EUR"): -5, ("Assets:A", "USD"): 7, ("Income:B", "USD"): -7,
        }  # fmt: skip
        assert set(Account.objects.filter(label__text="Assets:A").values_list("code", flat=True)) == {"imported:1"}

    def test_counts_hours_in_minutes(self):
        take("2015-01-24 x\n  Assets:A  1.5 HOUR\n  Income:B\n\n2015-01-25 x\n  Assets:A  20 MINUTE\n  Income:B\n")
        assert held(chart.book("test"))["Assets:A", "HOUR"] == 110

    def test_a_dry_run_says_the_same_and_records_nothing(self):
        before = whole_world()
        dry = take(ENTRY + "2015-02-01 x\n  Assets:A  5 CAD\n  Income:B\n", book=chart.coop_book(), dry_run=True)
        assert whole_world() == before
        wet = take(ENTRY + "2015-02-01 x\n  Assets:A  5 CAD\n  Income:B\n", book=chart.coop_book())
        assert (dry.added, dry.transfers, dry.accounts_opened, dry.currencies_added) == (2, 2, 4, ("CAD",))
        assert (wet.added, wet.transfers, wet.accounts_opened, wet.currencies_added) == (2, 2, 4, ("CAD",))

    def test_takes_the_type_a_file_declares_also_from_the_account_above(self):
        take(
            "account Actifs  ; type:A\naccount Produits:Dons  ; type:R\n"
            "2015-01-24 x\n  Actifs:Caisse  5 EUR\n  Produits:Dons\n"
        )
        types = dict(Label.objects.values_list("text", "account__type"))
        assert types == {"Actifs:Caisse": AccountType.ASSET, "Produits:Dons": AccountType.INCOME}

    def test_numbers_accounts_on_from_those_there(self):
        take(ENTRY)
        take(ENTRY.replace("Zach", "Max"))
        assert Account.objects.get(label__text="Liabilities:Max").code == "imported:3"

    @pytest.mark.parametrize(
        ("text", "line", "words"),
        [
            (ENTRY + "2015-01-25 x\n  Expenses:A  1.234 EUR\n  Assets:B\n", 5, "finer than the smallest unit"),
            (ENTRY + "2015-01-25 x\n  Expenses:A  1.5 JPY\n  Assets:B\n", 5, "finer than the smallest unit"),
            (ENTRY + "2015-01-25 x\n  Expenses:A  1 BEANS\n  Assets:B\n", 5, "no currency that is known"),
            (ENTRY + "2015-01-25 x\n  Expenses:A  1 EUR\n  Bank\n", 6, "What is “Bank”"),
            (
                ENTRY + "2015-01-25 x\n  Expenses:A  10000000000000.01 EUR\n  Assets:B\n",
                5,
                "more than the books can hold",
            ),
            (
                ENTRY + "2015-01-25 x\n  Expenses:A  9000000000000 EUR\n  Expenses:A  9000000000000 EUR\n  Assets:B\n",
                4,
                "more than the books can hold",
            ),
            (ENTRY + "2015-01-25 x\n  Expenses:A  1 EUR\n  Assets:B  -2 EUR\n", 4, "does not add up"),
        ],
    )
    def test_refuses_with_the_line_and_records_nothing(self, text, line, words):
        before = whole_world()
        with pytest.raises(ImportRefused) as refused:
            take(text)
        assert any(problem.line == line and words in problem.sentence for problem in refused.value.problems)
        assert whole_world() == before
        assert not list(audit.findings())

    def test_refuses_balances_past_what_the_books_can_count_and_records_nothing(self):
        before = whole_world()
        with pytest.raises(ImportRefused, match="more than the books can count"):
            take("2015-01-25 x\n  Expenses:A  9999999999999 EUR\n  Assets:B\n" * 11)
        assert whole_world() == before
        assert not list(audit.findings())

    def test_refuses_days_that_are_closed_with_their_lines(self):
        book = chart.book("test")
        journal.close_book(book=book, until=dt.date(2016, 1, 1), recorded_by=None)
        with pytest.raises(ImportRefused, match=r"^Line 1: The books are closed before 2016-01-01") as refused:
            take(ENTRY + ENTRY.replace("2015", "2016"))
        assert len(refused.value.problems) == 1
        assert not Transfer.objects.exists()
        assert not list(audit.findings())

    def test_takes_a_known_file_again_after_the_year_was_closed(self):
        take(ENTRY)
        journal.close_book(book=chart.book("test"), until=dt.date(2016, 1, 1), recorded_by=None)
        assert take(ENTRY).known == 1

    def test_refuses_an_account_that_is_there_with_another_type(self):
        take(ENTRY)
        with pytest.raises(ImportRefused, match="in the books already, as Expense"):
            take("account Expenses:Travel  ; type:A\n" + ENTRY.replace("24", "25"))
        assert Transfer.objects.count() == 1

    def test_shortens_very_long_notes_and_says_where(self):
        notes = "".join(f"  ; {'x' * 900}\n" for _ in range(3))
        assert take(ENTRY + notes).shortened_lines == (1,)
        assert len(EntryNote.objects.get().memo) == 2_000


class TestCommand:
    def run(self, *args, **options):
        out = StringIO()
        call_command("import_books", *args, stdout=out, **options)
        return out.getvalue()

    def test_says_what_it_did(self):
        said = self.run(str(HACK_CLUB), format="ledger")
        assert "1360 entries read." in said
        assert (
            "1359 entries (1365 transfers) and 51 accounts were added to the book coop; 0 were there already." in said
        )
        assert "1359 were there already" in self.run(str(HACK_CLUB), format="ledger")

    def test_lists_fees_by_row(self):
        said = self.run(str(WOMEN_WHO_CODE), format="csv", dry_run=True)
        assert "lines 2252 and 2809 (rows 50891 and 51448): 0.64 USD" in said
        assert said.count("(rows ") == 271
        assert said.rstrip().endswith("Nothing was recorded.")
        assert not Transfer.objects.exists()

    def test_answers_in_json(self):
        answer = json.loads(self.run(str(WOMEN_WHO_CODE), format="csv", json=True))
        assert (answer["refused"], answer["added"], len(answer["fees"])) == (False, 1_092, 271)

    def test_ends_with_1_and_the_line_where_the_file_does_not_add_up(self, tmp_path):
        file = tmp_path / "wrong.ledger"
        file.write_text(ENTRY + "2015-01-25 x\n  Expenses:A  1 EUR\n  Assets:B  -2 EUR\n")
        with pytest.raises(CommandError, match="Line 4: The entry does not add up") as refused:
            self.run(str(file), format="ledger")
        assert refused.value.returncode == 1
        out = StringIO()
        with pytest.raises(SystemExit, match="1"):
            call_command("import_books", str(file), format="ledger", json=True, stdout=out)
        assert json.loads(out.getvalue())["problems"][0]["line"] == 4
        assert not Transfer.objects.exists()

    def test_ends_with_2_for_a_file_or_a_book_that_is_not_there(self, tmp_path):
        for args, options in (
            ([str(tmp_path / "none.ledger")], {}),
            ([str(tmp_path)], {}),
            ([str(HACK_CLUB)], {"book": "none"}),
        ):
            with pytest.raises(CommandError) as refused:
                self.run(*args, format="ledger", **options)
            assert refused.value.returncode == 2

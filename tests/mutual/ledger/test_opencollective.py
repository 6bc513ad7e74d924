"""Reading an Open Collective host's transactions: real rows, and rows that do not fit."""

import contextlib
import csv
import io
import pathlib
from collections import Counter, defaultdict
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mutual.ledger import opencollective
from mutual.ledger.drafts import ImportRefused
from mutual.ledger.opencollective import COLUMNS, FEES

WOMEN_WHO_CODE = pathlib.Path(__file__).parents[2] / "data" / "opencollective-wwcode" / "transactions.csv"

NET = "netAmountInCollectiveCurrency"
PAIR = [
    {"id": "1", "type": "CREDIT", "amount": "200", "CollectiveId": "7", "FromCollectiveId": "9", NET: "136"},
    {"id": "2", "type": "DEBIT", "amount": "-136", "CollectiveId": "9", "FromCollectiveId": "7", NET: "-200"},
]


def file(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> bytes:
    usual = {
        "currency": "USD",
        "createdAt": "2017-12-01 03:18:19+00",
        "TransactionGroup": "g-1",
        "description": "subscription",
    }
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(usual | row)
    return out.getvalue().encode()


class TestWomenWhoCode:
    """A real host's ledger with chapters in many countries."""

    drafts = opencollective.parse(WOMEN_WHO_CODE.read_bytes())

    def test_reads_the_live_rows_as_pairs(self) -> None:
        assert self.drafts.rows == 2_943
        assert self.drafts.skipped == 759
        assert len(self.drafts.entries) == 1_092

    def test_lists_the_271_pairs_whose_sides_differ(self) -> None:
        assert len(self.drafts.differences) == 271
        assert {difference.account for difference in self.drafts.differences} == {FEES}
        assert sum(not difference.complete for difference in self.drafts.differences) == 2
        returned = [difference.rows for difference in self.drafts.differences if difference.amount < 0]
        assert returned == [("16074", "51301"), ("51049", "51010")]

    def test_counts_the_fees_by_currency(self) -> None:
        fees: defaultdict[str, Decimal] = defaultdict(Decimal)
        for difference in self.drafts.differences:
            fees[difference.commodity] += difference.amount
        assert fees == {
            "USD": Decimal("10939.51"),
            "CAD": Decimal("343.07"),
            "EUR": Decimal("94.12"),
            "GBP": Decimal("75.20"),
            "MXN": Decimal("7.27"),
        }

    def test_has_eight_currencies_and_reads_yen_as_hundredths(self) -> None:
        lines = [line for entry in self.drafts.entries for line in entry.lines]
        assert Counter(line.commodity for line in lines if line.account != FEES) == {
            "USD": 1_932, "GBP": 70, "CAD": 56, "EUR": 52, "MXN": 48, "AUD": 20, "INR": 4, "JPY": 2,
        }  # fmt: skip
        assert sorted(line.amount for line in lines if line.commodity == "JPY") == [-60, 60]

    def test_changes_every_collective_by_its_own_net_amounts(self) -> None:
        expected: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for row in csv.DictReader(WOMEN_WHO_CODE.open(newline="")):
            if not row["deletedAt"]:
                net = Decimal(row["netAmountInCollectiveCurrency"] or 0) / 100
                expected[opencollective.ACCOUNT % row["CollectiveId"], row["currency"]] += net
        found: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for entry in self.drafts.entries:
            assert not sum(line.amount for line in entry.lines)
            for line in entry.lines:
                found[line.account, line.commodity] += line.amount
        assert {key: value for key, value in found.items() if key[0] != FEES} == expected


class TestParse:
    def test_gives_what_the_payer_lost_and_the_receiver_did_not_get_to_the_fees(self) -> None:
        drafts = opencollective.parse(file(*PAIR))
        ((credit, debit, fees),) = (entry.lines for entry in drafts.entries)
        assert (credit.account, credit.amount) == ("Assets:Open Collective:7", Decimal("1.36"))
        assert (debit.account, debit.amount) == ("Assets:Open Collective:9", Decimal(-2))
        assert (fees.account, fees.amount) == (FEES, Decimal("0.64"))
        assert drafts.differences[0].lines == (2, 3)
        assert drafts.entries[0].identity == "opencollective/g-1"

    def test_passes_over_deleted_rows_whatever_they_hold(self) -> None:
        deleted = {"id": "x", "amount": "much", "deletedAt": "2018-10-19 09:46:38+00"}
        assert opencollective.parse(file(deleted, *PAIR)).skipped == 1

    def test_counts_lines_through_line_feeds_inside_fields(self) -> None:
        first = {**PAIR[0], "description": "two\nlines"}
        drafts = opencollective.parse(file(first, PAIR[1]))
        assert drafts.entries[0].payee == "two lines"
        assert drafts.differences[0].lines == (2, 4)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"amount": "1.5"}, "amount"),
            ({"amount": "1e3"}, "amount"),
            ({"currency": "usd"}, "currency"),
            ({"createdAt": "yesterday"}, "createdAt"),
            ({"type": "REFUND"}, "type"),
            ({"type": "DEBIT"}, "one CREDIT and one DEBIT"),
            ({"TransactionGroup": "g-2"}, "one CREDIT and one DEBIT"),
            ({"currency": "EUR"}, "different currencies"),
            ({"CollectiveId": "8"}, "different accounts"),
            ({"amount": "201"}, "do not add up"),
            ({NET: "137"}, "do not add up"),
            ({NET: ""}, "do not add up"),
        ],
    )
    def test_refuses_a_row_that_does_not_fit(self, change: dict[str, str], words: str) -> None:
        with pytest.raises(ImportRefused, match=words) as refused:
            opencollective.parse(file({**PAIR[0], **change}, PAIR[1]))
        assert refused.value.problems[0].line in {2, 3}

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"a,b\n1,2\n",
            file(*PAIR, columns=COLUMNS[1:]),
            file(*PAIR) + b"1,2,3\n",
            file(*PAIR) + b'"unfinished',
            file({**PAIR[0], "description": "x" * 20_001}, PAIR[1]),
        ],
    )
    def test_refuses_what_is_no_such_file(self, data: bytes) -> None:
        with pytest.raises(ImportRefused):
            opencollective.parse(data)

    @settings(max_examples=300, deadline=None)
    @given(
        st.lists(
            st.dictionaries(st.sampled_from(COLUMNS), st.text(max_size=6) | st.sampled_from(["1", "-1", "CREDIT"])),
            max_size=3,
        )
    )
    def test_reads_or_refuses_whatever_the_rows_hold(self, rows: list[dict[str, str]]) -> None:
        with contextlib.suppress(ImportRefused, UnicodeEncodeError):
            opencollective.parse(file(*rows))

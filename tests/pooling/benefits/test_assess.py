"""A predecessor's history: real spells under three schemes, impossible rows planted by hand, and every way to fail."""

from __future__ import annotations

import csv
import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command

from pooling.benefits import assess, schemes
from pooling.benefits.engine import Facts
from tests.pooling.benefits import fold
from tests.pooling.benefits.test_terms import terms

DATA = Path(__file__).resolve().parents[2] / "data" / "sickness-spells"
SPELLS, MAPPING = DATA / "spells-500.csv", DATA / "mapping.json"
ON = dt.date(2026, 11, 10)


def ran(capsys, *arguments):
    """What the command printed, and its exit code."""
    code = 0
    try:
        call_command("assess_claims", *map(str, arguments))
    except SystemExit as left:
        code = left.code
    return capsys.readouterr(), code


def answer(capsys, *arguments):
    said, code = ran(capsys, *arguments, "--json")
    assert code in (0, 1), said.err
    return json.loads(said.out), code


def written(tmp_path, *rows, heading="member number,occurred_on,began_on,ended_on,cause,level"):
    path = tmp_path / "history.csv"
    path.write_text("\n".join([heading, *rows]) + "\n", encoding="utf-8")
    return path


def rules(tmp_path, **more):
    path = tmp_path / "rules.json"
    path.write_text(json.dumps(terms(**more)), encoding="utf-8")
    return path


CAUSES = {"illness": "ILLNESS", "work accident": "WORK_ACCIDENT", "pregnancy": "PREGNANCY"}


def spells():
    """The file read again, by other code than the command's."""
    with SPELLS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            day = {name: dt.date.fromisoformat(row[name]) for name in ("OccurDate", "EntryDate", "ExitDate")}
            yield Facts(
                member="", joined_on=dt.date(1995, 1, 1), cause=CAUSES[row["JobStopType"]],
                occurred_on=day["OccurDate"], began_on=day["EntryDate"], ended_on=day["ExitDate"], level="1500",
                units=3, earnings=240_000, born_on=dt.date.fromisoformat(row["BirthDate"]),
            )  # fmt: skip


class TestRealSpells:
    @pytest.mark.parametrize(("name", "paid", "days", "amount"), [
        ("broodfonds", 170, 8037, "395680.45"), ("earnings", 240, 6872, "428921.44"), ("daily", 419, 7244, "434640.00"),
    ])  # fmt: skip
    def test_sum_to_what_an_independent_fold_says(self, capsys, name, paid, days, amount):
        found, code = answer(capsys, SPELLS, "--rules", name, "--mapping", MAPPING)
        scheme = schemes.scheme(name).terms
        folded = [
            (len(fold.days_paid(benefit, facts)), fold.amount(scheme, benefit, facts))
            for facts in spells()
            if (benefit := scheme.benefit_for(facts.cause)) is not None
        ]
        said = found["summary"]
        assert code == 0
        assert (said["rows"], said["impossible"]) == (500, 0)
        assert said["paid"] + sum(said["refused"].values()) == 500
        assert (said["paid"], said["days"], said["amount"]) == (paid, days, amount)
        assert said["paid"] == sum(1 for _days, minor in folded if minor)
        assert said["days"] == sum(count for count, minor in folded if minor)
        assert Decimal(said["amount"]) * 100 == sum(minor for _days, minor in folded)
        assert sum(Decimal(one["amount"]) for one in found["claims"]) * 100 == sum(m for _d, m in folded)

    def test_are_explained_step_by_step(self, capsys):
        found, _code = answer(capsys, SPELLS, "--rules", "broodfonds", "--mapping", MAPPING)
        one = next(row for row in found["claims"] if row["outcome"] == "paid")
        assert [step["rule"] for step in one["steps"]][:5] == [
            "version", "sick-gift/causes", "sick-gift/rate", "sick-gift/own-risk", "sick-gift/duration",
        ]  # fmt: skip
        assert one["steps"][-1]["sentence"] == f"Together: EUR {one['amount']}."
        assert {"rule", "version", "sentence", "figure"} == set(one["steps"][0])
        refused = next(row for row in found["claims"] if row["outcome"] == "refused")
        assert refused["code"] == "CEILING_REACHED"
        assert refused["sentence"].startswith("The longest duration was over on ")

    def test_are_told_in_sentences_too(self, capsys):
        said, code = ran(capsys, SPELLS, "--rules", "broodfonds", "--mapping", MAPPING)
        assert code == 0
        assert "500 rows: 170 paid, 8037 days, EUR 395680.45." in said.out
        assert "Line 2: refused, CEILING_REACHED. The longest duration was over on 2004-02-11." in said.out


PLANTED = [
    ("F,x,x,illness,1654-05-20,2005-01-01,2005-03-01,2005-04-01,recovered", "born on 1654-05-20"),
    ("F,x,x,illness,1960-05-20,2005-01-01,2004-12-31,2005-04-01,recovered", "claimed from 2004-12-31"),
    ("F,x,x,illness,1960-05-20,2005-01-01,2005-03-01,2005-02-01,recovered", "ended on 2005-02-01"),
    ("F,x,x,illness,2006-05-20,2005-01-01,2005-03-01,2005-04-01,recovered", "born on 2006-05-20"),
    ("F,x,x,illness,1960-05-20,2005-02-30,2005-03-01,2005-04-01,recovered", "“2005-02-30” is no day"),
    ("F,x,x,illness,1960-05-20,,2005-03-01,2005-04-01,recovered", "occurred_on is empty"),
    ("F,x,x,illness,1960-05-20,2031-01-01,2031-03-01,2031-04-01,recovered", "has not come"),
    ("F,x,x,illness,1960-05-20,2005-01-01", "it has 6 cells, the heading 9"),
    ("F,x,x,illness,1960-05-20,1204-01-01,2005-03-01,2005-04-01,recovered", "too far away"),
]


class TestImpossibleRows:
    def test_are_reported_by_line_and_never_paid(self, capsys, tmp_path):
        lines = SPELLS.read_text(encoding="utf-8").splitlines()
        planted = [row for row, _why in PLANTED]
        path = tmp_path / "spells.csv"
        # Planted in the middle, and the first real row once more at the end.
        path.write_text("\n".join([*lines[:101], *planted, *lines[101:], lines[1]]) + "\n", encoding="utf-8")
        found, code = answer(capsys, path, "--rules", "broodfonds", "--mapping", MAPPING)
        wrong = {row["line"]: row["sentence"] for row in found["claims"] if row["outcome"] == "impossible"}
        assert code == 1
        assert sorted(wrong) == [*range(102, 102 + len(PLANTED)), len(lines) + len(PLANTED) + 1]
        for (_row, why), sentence in zip(PLANTED, (wrong[line] for line in sorted(wrong)), strict=False):
            assert why in sentence
        assert "same claim as in line 2" in wrong[max(wrong)]
        # Everything else is paid as without them.
        assert found["summary"]["amount"] == "395680.45"
        assert found["summary"]["impossible"] == len(PLANTED) + 1
        said, code = ran(capsys, path, "--rules", "broodfonds", "--mapping", MAPPING)
        assert code == 1
        assert "Line 102: not paid. This cannot be: born on 1654-05-20" in said.out

    def test_are_the_same_claim_of_the_same_member_twice(self, capsys, tmp_path):
        one = "7,2026-01-05,2026-01-05,2026-01-15,ILLNESS,a"
        path = written(tmp_path, one, one.replace(",a", ",b"), one.replace("7,", "8,", 1))
        found, code = answer(capsys, path, "--rules", rules(tmp_path))
        assert [row["outcome"] for row in found["claims"]] == ["paid", "impossible", "paid"]
        assert code == 1

    @pytest.mark.parametrize(("heading", "row"), [
        ("member,occurred_on,began_on,ended_on,cause,earnings", "7,2026-01-05,2026-01-05,2026-01-15,ILLNESS,12.345"),
        ("member,occurred_on,began_on,ended_on,cause,earnings", "7,2026-01-05,2026-01-05,2026-01-15,ILLNESS,NaN"),
        ("member,occurred_on,began_on,ended_on,cause,earnings", "7,2026-01-05,2026-01-05,2026-01-15,ILLNESS,-5"),
        ("member,occurred_on,began_on,ended_on,cause,units", "7,2026-01-05,2026-01-05,2026-01-15,ILLNESS,0"),
        ("member,occurred_on,began_on,ended_on,cause,units", "7,2026-01-05,2026-01-05,2026-01-15,ILLNESS,many"),
        ("member,occurred_on,began_on,ended_on,cause", ",2026-01-05,2026-01-05,2026-01-15,ILLNESS"),
    ])  # fmt: skip
    def test_are_those_nobody_can_read(self, capsys, tmp_path, heading, row):
        found, code = answer(capsys, written(tmp_path, row, heading=heading), "--rules", rules(tmp_path))
        assert code == 1
        assert found["claims"][0]["outcome"] == "impossible"
        assert found["claims"][0]["amount"] == "0.00"


class TestMembersHistories:
    def test_count_what_was_paid_before_whatever_the_order_of_the_file(self, capsys, tmp_path):
        path = written(
            tmp_path, "7,2026-03-01,2026-03-01,2026-03-11,ILLNESS,", "7,2026-01-05,2026-01-05,2026-01-15,ILLNESS,",
        )  # fmt: skip
        found, _code = answer(capsys, path, "--rules", rules(tmp_path, ceiling_member=70_000))
        assert [(row["line"], row["amount"]) for row in found["claims"]] == [(2, "200.00"), (3, "500.00")]

    def test_let_a_recurrence_continue_the_claim_of_its_line(self, capsys, tmp_path):
        path = written(
            tmp_path, "7,2026-01-05,2026-01-05,2026-01-15,ILLNESS,", "7,2026-03-01,2026-03-01,2026-03-11,ILLNESS,",
        )  # fmt: skip
        found, _code = answer(capsys, path, "--rules", rules(tmp_path, own_risk={"days": 8}, recurrence_months=3))
        assert [row["days"] for row in found["claims"]] == [2, 10]
        assert "continues claim line 2" in found["claims"][1]["steps"][2]["sentence"]

    def test_pay_no_day_twice(self, capsys, tmp_path):
        path = written(
            tmp_path, "7,2026-01-05,2026-01-05,2026-01-15,ILLNESS,", "7,2026-01-05,2026-01-06,2026-01-17,ILLNESS,",
        )  # fmt: skip
        found, _code = answer(capsys, path, "--rules", rules(tmp_path))
        assert [row["days"] for row in found["claims"]] == [10, 2]


class TestOptionalColumns:
    def test_say_for_how_many_children_a_lump_sum_is(self, capsys, tmp_path):
        path = written(
            tmp_path, "7,2026-01-05,2026-01-05,2026-01-06,BIRTH,,2", "8,2026-01-05,2026-01-05,2026-01-06,BIRTH,,",
            heading="member number,occurred_on,began_on,ended_on,cause,level,count",
        )  # fmt: skip
        pays = {"by": "FLAT", "per": "ONCE", "amount": 50_000}
        found, _code = answer(capsys, path, "--rules", rules(tmp_path, causes=["BIRTH"], pays=pays))
        assert [row["amount"] for row in found["claims"]] == ["1000.00", "500.00"]
        assert "EUR 500.00 for each of them, EUR 1000.00 together" in str(found["claims"][0]["steps"])


class TestMapping:
    def test_names_columns_constants_and_causes(self, capsys, tmp_path):
        path = tmp_path / "old.csv"
        path.write_text("Nr;Krank;Von;Bis;Jahr\n7;2026-01-05;2026-01-05;2026-01-14;36.000\n".replace(".", ""), "utf-8")
        mapping = tmp_path / "mapping.json"
        mapping.write_text(json.dumps({
            "columns": {"member": "Nr", "occurred_on": "Krank", "began_on": "Von", "ended_on": "Bis",
                        "earnings": "Jahr"},
            "constants": {"cause": "krank"}, "causes": {"krank": "ILLNESS"}, "earnings_per": "YEAR",
            "ended_on_is": "LAST_DAY",
        }), "utf-8")  # fmt: skip
        pays = {"by": "EARNINGS", "per": "MONTH", "percent": "50"}
        found, code = answer(capsys, path, "--rules", rules(tmp_path, pays=pays), "--mapping", mapping)
        # 36,000 a year are 3,000 a month; half of it for ten of January's 31 days.
        assert (code, found["claims"][0]["days"], found["claims"][0]["amount"]) == (0, 10, "483.87")

    @pytest.mark.parametrize("said", [
        "[]", "{", '{"column": {}}', '{"columns": {"born": "x"}}', '{"columns": {"born_on": "Nowhere"}}',
        '{"constants": {"level": null}}', '{"earnings_per": "DAY"}', '{"ended_on_is": "SUNDAY"}',
    ])  # fmt: skip
    def test_is_refused_where_it_makes_no_sense(self, capsys, tmp_path, said):
        mapping = tmp_path / "mapping.json"
        mapping.write_text(said, "utf-8")
        path = written(tmp_path, "7,2026-01-05,2026-01-05,2026-01-15,ILLNESS,")
        said, code = ran(capsys, path, "--rules", rules(tmp_path), "--mapping", mapping)
        assert code == 2
        assert said.err.strip()
        assert not said.out


class TestFiles:
    @pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b'cause,"x\n', b"cause,cause\n"])
    def test_that_are_no_history_end_with_2(self, capsys, tmp_path, content):
        path = tmp_path / "history.csv"
        path.write_bytes(content)
        said, code = ran(capsys, path, "--rules", rules(tmp_path))
        assert code == 2
        assert "history.csv" in said.err

    @pytest.mark.parametrize("content", [
        "", "[]", '{"terms": {}}', '{"versions": []}', '{"versions": [{"terms": {}}]}', '{"currency": "EUR"}',
    ])  # fmt: skip
    def test_that_are_no_rules_end_with_2(self, capsys, tmp_path, content):
        path = tmp_path / "rules.json"
        path.write_text(content, "utf-8")
        said, code = ran(capsys, SPELLS, "--rules", path, "--mapping", MAPPING)
        assert code == 2
        assert "rules.json" in said.err

    def test_of_rules_can_hold_several_versions(self, capsys, tmp_path):
        path = tmp_path / "rules.json"
        two = [{"valid_from": "2026-01-01", "terms": terms()},
               {"valid_from": "2026-02-01", "terms": terms(own_risk={"days": 5})}]  # fmt: skip
        path.write_text(json.dumps({"versions": two}), "utf-8")
        history = written(tmp_path, *(f"{n},2026-0{n}-05,2026-0{n}-05,2026-0{n}-15,ILLNESS," for n in (1, 2)))
        found, _code = answer(capsys, history, "--rules", path)
        assert [(row["version"], row["days"]) for row in found["claims"]] == [(1, 10), (2, 5)]


@pytest.mark.django_db
class TestFund:
    def test_is_found_by_its_short_name(self, capsys, tmp_path):
        from tests.conftest import theo
        from tests.pooling.benefits.test_rules import propose
        from tests.pooling.test_dues import coop

        made = coop.__wrapped__()
        from pooling.benefits import rules as adopted

        adopted.adopt(decision_id=propose(made).pk, by=theo().pk, on=ON)
        found, code = answer(
            capsys, written(tmp_path, "7,2026-01-05,2026-01-05,2026-01-15,ILLNESS,"), "--fund", "sickness"
        )
        assert (code, found["claims"][0]["amount"]) == (0, "500.00")
        said, code = ran(capsys, SPELLS, "--fund", "parents")
        assert (code, said.err.strip()) == (2, "The fund “parents” has no rules yet.")
        said, code = ran(capsys, SPELLS, "--fund", "nowhere")
        assert (code, said.err.strip()) == (2, "There is no fund or scheme “nowhere”.")
        said, code = ran(capsys, SPELLS)
        assert code == 2


class TestReadyMadeSchemes:
    @pytest.mark.parametrize("name", schemes.names())
    def test_can_be_read_and_say_where_they_come_from(self, name):
        found = schemes.scheme(name)
        assert found.source
        assert found.summary
        assert found.kind in ("fund", "circle")

    def test_have_the_levels_and_the_share_of_the_broodfonds(self):
        """F3: 33.75 for 750, 112.50 for 2,500."""
        found = schemes.scheme("broodfonds")
        amounts = [level.amount for level in found.terms.levels]
        assert (len(amounts), amounts[0], amounts[-1]) == (8, 75_000, 250_000)
        assert found.dues[0]["percent"] == "4.5"


class TestSummary:
    def test_adds_up(self):
        assert assess.summary([], "EUR") == assess.Summary("EUR", 0, 0, {}, 0, 0, 0)

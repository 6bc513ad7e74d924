"""Twenty questions make a fund that works, or say what is wrong with an answer."""

from __future__ import annotations

import io
import json
import re

import pytest
from django.core.management import call_command

from pooling.benefits import rules
from pooling.benefits.models import RuleVersion
from pooling.founding import offers, questions
from pooling.models import DuesPlan, Fund
from tests.conftest import aisha, clara, tessa
from tests.trust.test_routes import person

FLAT = {"by": "flat", "rate": "1000", "dues": "25.00", "name": "Sick pay", "members": "100"}


def ran(capsys, *arguments):
    code = 0
    try:
        call_command("found", *map(str, arguments))
    except SystemExit as left:
        code = left.code
    return capsys.readouterr(), code


def file_of(tmp_path, **answers):
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(answers), "utf-8")
    return path


class TestPlan:
    def test_asks_twenty_questions_and_has_an_answer_to_each(self):
        assert len(questions.QUESTIONS) == len({one.key for one in questions.QUESTIONS}) == 20
        assert questions.plan({}, "EUR").terms.benefits

    def test_is_a_broodfonds_with_its_answers(self):
        """F3, F4: 4.5 % of the level; twenty who deposit 50 for a benefit of 1,000."""
        made = questions.plan({
            "kind": "circle", "promise": "gift", "rate": "750, 2500", "dues": "4.5", "own_risk": "30",
            "duration": "24", "waiting": "0", "members": "25",
        }, "EUR")  # fmt: skip
        assert [(str(row.benefit.amount), str(row.dues.amount)) for row in made.pay] == [
            ("750.00", "33.75"), ("2500.00", "112.50"),
        ]  # fmt: skip
        # 1,625.00 on average from 73.13 each.
        assert [one.members for one in made.break_even] == [23, 45, 67]
        assert (made.at_once, made.warnings) == (1, ())
        assert "Open the circle once 23 people have joined" in " ".join(made.checklist)

    def test_warns_where_one_full_benefit_is_not_covered(self):
        made = questions.plan(FLAT | {"members": "39"}, "EUR")
        assert made.at_once == 0
        assert "40 are needed" in made.warnings[0]
        assert questions.plan(FLAT | {"members": "40"}, "EUR").at_once == 1
        assert "20 to 50" in questions.plan({"kind": "circle", "members": "60"}, "EUR").warnings[0]

    def test_makes_every_rule_that_was_answered(self):
        made = questions.plan({
            "by": "earnings", "rate": "65", "most": "2600", "dues": "2.5 %", "from_start": "42", "days": "working",
            "half_after": "6", "year": "20000", "birth": "500", "death": "2000", "waiting": "6",
        }, "EUR")  # fmt: skip
        benefit, birth, death = made.terms.benefits
        assert (str(benefit.pays.percent), benefit.pays.ceiling, benefit.paid_from_start) == ("65", 260_000, 42)
        assert (benefit.weekdays, benefit.steps[0].after.months, benefit.ceiling_year) == (
            (1, 2, 3, 4, 5),
            6,
            2_000_000,
        )
        assert (birth.pays.amount, birth.waiting_months, death.pays.amount) == (50_000, 9, 200_000)
        assert [str(row.dues.amount) for row in made.pay] == ["37.50", "62.50", "87.50"]

    @pytest.mark.parametrize(("answers", "why"), [
        ({"colour": "red"}, "no question “colour”"), ({"kind": "club"}, "kind: one of fund, circle"),
        ({"causes": "boredom"}, "causes: some of"), ({"waiting": "-1"}, "waiting: a whole number"),
        ({"rate": "much"}, "rate: a figure"), ({"rate": "1, 1"}, "levels"), ({"year": "1.234"}, "year: an amount"),
        ({"by": "earnings", "rate": "165"}, "percent"), ({"dues": "0"}, "dues: dues and benefit"),
        ({"own_risk": "0", "from_start": "5"}, "paid_from_start"), ({"name": "x" * 61}, "name: a short line"),
        ({"dues": "NaN"}, "dues: a figure"), ({"duration": "0"}, "duration"),
    ])  # fmt: skip
    def test_is_refused_with_the_question_that_is_wrong(self, answers, why):
        with pytest.raises(offers.FoundingRefused, match=re.escape(why)):
            questions.plan(answers, "EUR")


@pytest.mark.django_db
class TestFound:
    def test_opens_a_fund_that_works(self, capsys, tmp_path):
        """Opened, with rules in force and a dues plan, when two officers sit at the table."""
        path = file_of(tmp_path, **FLAT)
        said, code = ran(capsys, "--answers", path, "--by", tessa().email, "--second", aisha().email)
        assert code == 0
        fund = Fund.objects.get(slug="sick-pay")
        (version,) = rules.versions(fund.pk)
        assert version.terms == questions.plan(FLAT, "EUR").terms
        plan = DuesPlan.objects.get(slug="sick-pay")
        assert (str(plan.versions.get().amount.amount), plan.versions.get().shares.get().fund) == ("25.000", fund)
        assert "Its rules are in force, by decision D-0001." in said.out
        said, code = ran(capsys, "--answers", path, "--by", "tessa@example.org")
        assert (code, said.err.strip()) == (1, "“Sick pay” is founded already, with all of this.")

    def test_leaves_the_rules_to_a_second_officer(self, capsys, tmp_path):
        path, by = file_of(tmp_path, **FLAT), tessa().email
        for _again in range(2):
            said, code = ran(capsys, "--answers", path, "--by", by)
            assert code == 0
            assert "Its rules wait for a second officer: /rules/D-0001/" in said.out
        assert Fund.objects.count() == DuesPlan.objects.count() == 1
        assert not RuleVersion.objects.exists()

    def test_is_for_two_different_officers_of_the_books(self, capsys, tmp_path):
        path, by = file_of(tmp_path, **FLAT), tessa().email
        for who in (["--by", clara().email], ["--by", "nobody@example.org"], ["--by", by, "--second", by]):
            said, code = ran(capsys, "--answers", path, *who)
            assert code == 1
            assert said.err.strip()
        assert not Fund.objects.exists()

    def test_only_shows_where_nobody_opens_it(self, capsys, tmp_path):
        said, code = ran(capsys, "--answers", file_of(tmp_path, **FLAT))
        assert code == 0
        for piece in ("SICK PAY", "── Rules ", "EUR 25.00", "three claims" if "three" in said.out else "3 claims",
                      "So 100 members carry 2 claims at once.", "Nothing was opened."):  # fmt: skip
            assert piece in said.out
        assert all(len(line) <= 160 for line in said.out.splitlines())
        found = json.loads(ran(capsys, "--answers", file_of(tmp_path, **FLAT), "--json")[0].out)
        assert (found["break_even"], found["at_once"], found["fund"]) == ({"1": 40, "2": 80, "3": 120}, 2, None)
        assert not Fund.objects.exists()

    def test_asks_again_until_an_answer_is_one(self, capsys, monkeypatch):
        typed = ["club", "circle", *[""] * 19]
        monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(typed) + "\n"))
        said, code = ran(capsys)
        assert code == 0
        assert "kind: one of fund, circle is expected." in said.out
        assert "20/20" in said.out
        monkeypatch.setattr("sys.stdin", io.StringIO("fund\n"))
        said, code = ran(capsys)
        assert (code, said.err.strip()) == (2, "The answers end at question 2.")

    @pytest.mark.parametrize("content", ["", "[]", '{"kind": "club"}'])
    def test_ends_with_2_where_the_answers_make_none(self, capsys, tmp_path, content):
        path = tmp_path / "answers.json"
        path.write_text(content, "utf-8")
        said, code = ran(capsys, "--answers", path)
        assert code == 2
        assert said.err.strip()


@pytest.mark.django_db
class TestPage:
    def answers(self, **more):
        usual = {one.key: one.default for one in questions.QUESTIONS} | FLAT | {"causes": ["illness"]}
        return usual | more

    def test_shows_the_plan_first_and_founds_then(self, client):
        client.force_login(person("treasurer"))
        assert client.get("/funds/found/").content.count(b"field-label") == 20
        said = client.post("/funds/found/", self.answers(answer="show")).content.decode()
        for piece in ("Members needed", "€25.00", "Before it begins", "at the start"):
            assert piece in said
        assert not Fund.objects.exists()
        answer = client.post("/funds/found/", self.answers(answer="found"))
        assert answer["Location"] == "/rules/D-0001/"
        assert Fund.objects.get().slug == "sick-pay"
        assert not RuleVersion.objects.exists()

    def test_says_at_the_question_what_is_wrong(self, client):
        client.force_login(person("treasurer"))
        answer = client.post("/funds/found/", self.answers(waiting="soon", answer="found"))
        assert answer.status_code == 422
        assert "A whole number up to 1200 is expected." in answer.content.decode()
        assert not Fund.objects.exists()

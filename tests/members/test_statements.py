"""The statement of everything: one's own at once, everybody's exactly once."""

from __future__ import annotations

import datetime as dt
import io

import pypdf
import pytest
from django.core.management import call_command

from members.models import Member
from members.statements import batch, statements
from mutual.documents.documents import Press, TooComplex
from mutual.documents.models import Document
from mutual.jobs.models import Run
from mutual.ledger import audit
from mutual.periods import parse
from mutual.trail.models import Deed
from tests.conftest import TODAY, make_member, tessa

pytestmark = pytest.mark.django_db

OCTOBER = parse("2026-10")
NOW = dt.datetime(2026, 11, 10, 9, tzinfo=dt.UTC)
NAMES = ("Ada Byron", "Берта Коваль", "髙橋 千代", "مريم حسن", "Δάφνη Ιωάννου")


@pytest.fixture(scope="module")
def press():
    press = Press()
    yield press
    press.close()


def give(member: Member, press: Press, *, period=OCTOBER, by=None, **changes) -> statements.Given:
    about = {"language": "en", "on": TODAY, "at": NOW, "by": by or member.user_id, **changes}
    return statements.give(member=member, period=period, press=press, **about)


def cast() -> list[Member]:
    return [make_member(name, email=f"m{index}@example.org") for index, name in enumerate(NAMES)]


def work(run: Run, **more) -> Run:
    return batch.work(run=run, on=TODAY, clock=lambda: NOW, presses=1, chunk=2, **more)


def prepared() -> Run:
    return batch.prepare(period=OCTOBER, by=None, on=TODAY)


class TestGive:
    def test_prints_the_statement_and_keeps_it(self, press):
        member = make_member("Ada Byron")
        given = give(member, press)
        text = pypdf.PdfReader(io.BytesIO(given.pdf)).pages[0].extract_text()
        assert given.kept
        assert given.filename == f"S-2026-10-{member.number}.pdf"
        assert "Ada Byron" in text
        assert "October 2026" in text

    def test_gives_the_same_bytes_again(self, press):
        member = make_member("Ada Byron")
        first = give(member, press)
        later = give(member, press, on=TODAY + dt.timedelta(days=40), at=NOW + dt.timedelta(days=40))
        assert later.pdf == first.pdf
        assert Document.objects.count() == 1

    def test_keeps_none_of_a_period_that_still_runs(self, press):
        given = give(make_member("Ada Byron"), press, period=parse("2026-11"))
        assert not given.kept
        assert not Document.objects.exists()

    @pytest.mark.parametrize(
        ("period", "refusal"), [("2027-01", statements.NotYet), ("2025-12", statements.NotAMember)]
    )
    def test_refuses_a_period_of_which_there_is_none(self, period, refusal, press):
        member = make_member("Ada Byron")
        with pytest.raises(refusal):
            give(member, press, period=parse(period))
        assert not Document.objects.exists()
        assert not list(audit.findings())

    def test_writes_down_that_an_officer_read_it_and_not_that_she_did(self, press):
        member = make_member("Ada Byron")
        give(member, press)
        assert not Deed.objects.filter(did="STATEMENT_READ").exists()
        officer = tessa()
        give(member, press, by=officer.pk)
        assert Deed.objects.get(did="STATEMENT_READ").by == officer.pk


class TestPages:
    def test_another_members_statement_does_not_exist(self, client):
        ada, berta = make_member("Ada Byron"), make_member("Berta Koval")
        client.force_login(ada.user)
        assert client.get(f"/statements/{berta.number}/2026-10/").status_code == 404

    def test_downloads_ones_own_at_once(self, client):
        ada = make_member("Ada Byron")
        client.force_login(ada.user)
        answer = client.get("/statements/2026-10/")
        assert answer.status_code == 200
        assert answer["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF-1.7")


class TestWork:
    def test_makes_one_for_every_member(self):
        members = cast()
        run = work(prepared())
        assert (run.state, run.total, run.done, run.refused) == (Run.State.FINISHED, 5, 5, 0)
        assert sorted(Document.objects.values_list("owner", flat=True)) == sorted(member.pk for member in members)

    def test_finds_everything_done_when_it_is_ordered_again(self):
        cast()
        work(prepared())
        run = work(prepared())
        assert (run.done, run.known, Document.objects.count()) == (5, 5, 5)

    def test_leaves_out_who_did_not_belong_then(self):
        make_member("Ada Byron")
        make_member("Late Comer", joined_on=dt.date(2026, 11, 2))
        assert work(prepared()).total == 1

    @pytest.mark.parametrize("at", range(1, 6))
    @pytest.mark.parametrize("where", ["before", "after"])
    def test_goes_on_after_a_crash_and_keeps_each_once(self, at, where, monkeypatch):
        """R-B1: stopped dead beside any statement, or between keeping a chunk and reporting it."""
        cast()
        keep, calls = batch.archive.keep, []

        def dies(**about):
            calls.append(about["number"])
            if len(calls) == at and where == "before":
                raise KeyboardInterrupt
            kept = keep(**about)
            if len(calls) == at and where == "after":
                raise KeyboardInterrupt
            return kept

        run = prepared()
        with monkeypatch.context() as patch:
            patch.setattr(batch.archive, "keep", dies)
            with pytest.raises(KeyboardInterrupt):
                work(run)
        assert not Run.objects.get(pk=run.pk).over
        run = work(Run.objects.get(pk=run.pk))
        assert (run.state, run.done, run.total) == (Run.State.FINISHED, 5, 5)
        assert Document.objects.count() == Document.objects.values("number").distinct().count() == 5

    def test_goes_on_with_the_others_when_one_is_too_complex(self, monkeypatch):
        cast()
        print_sheet = batch.sheets.Sheet.print

        def refuses(sheet, **about):
            if sheet.context["member"]["name"] == NAMES[2]:
                raise TooComplex("This document is too complex to print.")
            return print_sheet(sheet, **about)

        monkeypatch.setattr(batch.sheets.Sheet, "print", refuses)
        run = work(prepared())
        assert (run.state, run.done, run.refused) == (Run.State.PARTIAL, 4, 1)
        assert run.reasons[0][1] == "This document is too complex to print."

    def test_is_not_made_before_the_period_is_over(self):
        with pytest.raises(batch.PeriodNotOver):
            batch.prepare(period=parse("2026-11"), by=None, on=TODAY)
        assert not Run.objects.exists()


class TestCommand:
    def test_writes_the_files_once(self, tmp_path, capsys):
        cast()
        for written in ("5 files", "0 files"):
            call_command("make_statements", "--period", "2026-10", "--out", str(tmp_path), "--presses", "1")
            assert written in capsys.readouterr().out
        assert len(list(tmp_path.glob("S-2026-10-M-*.pdf"))) == 5
        assert not list(tmp_path.glob("*.part"))

    def test_ends_with_2_when_the_period_cannot_be_read(self):
        from django.core.management.base import CommandError

        with pytest.raises(CommandError) as raised:
            call_command("make_statements", "--period", "October")
        assert raised.value.returncode == 2

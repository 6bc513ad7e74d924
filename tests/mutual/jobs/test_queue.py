"""Work that follows a commit: tried again, put aside with its reason, never in the way of the rest (R-B7)."""

from __future__ import annotations

import datetime as dt
import re
from contextlib import suppress
from smtplib import SMTPServerDisconnected

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from members.membership import NotPossible
from mutual.access import Role
from mutual.jobs import queue, reports, runs
from mutual.jobs.models import Job, Run
from mutual.mail import letters
from mutual.mail.models import Letter
from tests.trust.test_routes import person

pytestmark = pytest.mark.django_db

EFFECTS = "tests.mutual.jobs.test_queue"
done: list[int] = []


def note(*, number: int) -> None:
    done.append(number)


def refuse(*, number: int) -> None:
    raise NotPossible(f"Number {number} cannot be done.")


def have_a_bug(*, number: int) -> None:
    assert number < 0, f"ada@example.org and {number}"


def lose_the_line(*, number: int) -> None:
    raise SMTPServerDisconnected(f"Ada Byron {number}")


def write_badly(*, number: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


@pytest.fixture(autouse=True)
def empty():
    done.clear()


def job(name, number=1, **more):
    return queue.after_commit(f"{EFFECTS}.{name}", number=number, **more)


def bell(one):
    """The bell rings once the wait is over; whatever the job raises is the worker's to log."""
    Job.objects.filter(pk=one.pk).update(due_at=timezone.now())
    with suppress(Exception):
        queue.work(one.pk)
    one.refresh_from_db()
    return one


def put_aside(name="refuse", number=1):
    one = job(name, number)
    for _n in range(queue.TRIES):
        bell(one)
    assert one.failed_at is not None
    return one


class TestWork:
    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("refuse", "NotPossible: Number 3 cannot be done."),
            ("have_a_bug", f"AssertionError at {EFFECTS.replace('.', '/')}.py:"),
            ("lose_the_line", f"SMTPServerDisconnected at {EFFECTS.replace('.', '/')}.py:"),
            ("write_badly", f"DataError at {EFFECTS.replace('.', '/')}.py:"),
        ],
    )
    def test_puts_a_job_aside_after_five_tries_with_its_reason(self, name, reason):
        """R-B7."""
        bad = job(name, 3)
        for tries in range(1, queue.TRIES + 1):
            assert bell(bad).tries == tries
            assert (bad.failed_at is not None) == (tries == queue.TRIES)
        assert bad.failure.startswith(reason)
        assert "ada@" not in bad.failure
        assert "Byron" not in bad.failure
        bell(bad)
        assert bad.tries == queue.TRIES, "It is tried no more."

    def test_raises_what_the_job_raised(self):
        with pytest.raises(NotPossible):
            queue.work(job("refuse").pk)

    def test_puts_a_job_aside_that_kills_its_worker_each_time(self):
        deadly = job("note")
        Job.objects.filter(pk=deadly.pk).update(tries=queue.TRIES)
        assert bell(deadly).failure == "The process died each time."
        assert deadly.failed_at is not None
        assert done == []

    def test_goes_on_with_the_rest(self):
        """R-B7: one of five hundred always fails; the others are done."""
        jobs = [job("refuse" if number == 250 else "note", number) for number in range(500)]
        for one in jobs:
            bell(one)
        assert len(done) == 499
        assert Job.objects.filter(done_at=None).count() == 1

    def test_waits_longer_each_time(self):
        bad, waits = job("refuse"), []
        for _n in range(4):
            bell(bad)
            waits.append(round((bad.due_at - timezone.now()) / dt.timedelta(minutes=1)))
        assert waits == [2, 4, 8, 16]
        assert not queue.work(bad.pk), "Before its time nothing happens."

    def test_does_nothing_while_another_is_at_it_and_counts_no_try(self, monkeypatch):
        one = job("note")
        held = connection.copy()
        try:
            with held.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(%s, %s)", [queue.JOB_LOCK, one.pk])
            for _n in range(queue.TRIES + 2):
                bell(one)
            assert (one.tries, one.failed_at, done) == (0, None, [])
        finally:
            with held.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock_all()")
            held.close()
        assert bell(one).done_at is not None


class TestSweep:
    def test_rings_for_each_job_once_in_a_while(self, monkeypatch):
        rung = []
        monkeypatch.setattr(queue, "_ring", lambda one: rung.append(one.pk))
        one = job("note")
        assert queue.sweep() == 0, "Its bell has just rung."
        Job.objects.filter(pk=one.pk).update(rung_at=timezone.now() - queue.RING_AGAIN * 2)
        assert [queue.sweep() for _n in range(40)] == [1] + [0] * 39
        assert rung == [one.pk]

    def test_rings_for_a_delayed_job_when_it_is_due(self, monkeypatch):
        monkeypatch.setattr(queue, "_ring", lambda one: None)
        one = job("note", delay=dt.timedelta(minutes=5))
        assert queue.sweep() == 0
        Job.objects.filter(pk=one.pk).update(due_at=timezone.now())
        assert queue.sweep() == 1


class TestAgain:
    def test_starts_from_the_beginning(self):
        one = put_aside()
        assert queue.again(job_id=one.pk) == 1
        one.refresh_from_db()
        assert (one.failed_at, one.tries) == (None, 0)
        assert queue.again(job_id=one.pk) == 0

    def test_goes_by_the_page(self, client):
        one, other = put_aside(), put_aside("have_a_bug", 2)
        client.force_login(person(Role.TREASURER))
        assert "Jobs put aside: 2" in client.get("/").content.decode()
        page = client.get("/runs/").content.decode()
        assert "<p>Number 1 cannot be done.</p>" in page
        assert "<p>The program has a fault here.</p>" in page
        seen = re.sub(r"<details.*?</details>", "", page, flags=re.DOTALL)
        assert not re.search(r"NotPossible|AssertionError|number.?=", seen), "Raw names stand in the details only."
        client.post(f"/runs/jobs/{one.pk}/again/")
        one.refresh_from_db()
        other.refresh_from_db()
        assert (one.failed_at is None, other.failed_at is None) == (True, False)
        client.post("/runs/jobs/again/")
        other.refresh_from_db()
        assert other.failed_at is None

    def test_shows_an_auditor_and_lets_her_change_nothing(self, client):
        one = put_aside()
        client.force_login(person(Role.AUDITOR))
        page = client.get("/runs/").content.decode()
        assert "Number 1 cannot be done." in page
        assert "/again/" not in page
        assert client.post(f"/runs/jobs/{one.pk}/again/").status_code == 404


class TestPutAside:
    def test_has_words_for_every_task(self):
        code = "".join(
            path.read_text() for room in queue._OURS for path in (settings.BASE_DIR / room).rglob("*.py")
        )  # fmt: skip
        tasks = set(re.findall(r"after_commit\(\s*\"([\w.]+)\"", code))
        assert len(tasks) > 10
        assert tasks == set(reports.WORDS)

    @pytest.mark.parametrize(
        ("failure", "why"),
        [
            ("MonthClosed: The books of that time are closed.", "The books of that time are closed."),
            ("ConnectionRefusedError: 111, at mutual/mail/letters.py:101", "Another server did not answer."),
            ("TimeoutError", "Another server did not answer."),
            ("SMTPRecipientsRefused: 550, at mutual/mail/letters.py:101", "The mail server did not take it."),
            ("KeyError at pooling/dues.py:7", "The program has a fault here."),
            (queue.DIED, "The program was stopped each time, most likely because memory ran out."),
        ],
    )
    def test_says_in_plain_words_what_was_in_the_way(self, failure, why):
        (one,) = reports.put_aside([Job(task="pooling.tasks.charge_period", arguments={"n": 1}, failure=failure)])
        assert one.why == why
        assert failure in one.raw
        assert one.then


class TestRunPage:
    def test_says_what_is_the_matter_and_that_nothing_is_lost(self, client):
        user = person(Role.TREASURER)
        client.force_login(user)
        run = runs.start(runs.prepare(kind="dues", key="2026-11", title="Dues", by=user.pk), total=3)

        def page():
            return client.get(f"/runs/{run.pk}/").content.decode()

        assert "the work goes on" in page()
        Run.objects.update(beat_at=timezone.now() - dt.timedelta(minutes=11))
        assert "It stands still" in page()
        assert "the work goes on" not in page()
        runs.advance(run, done=1, refused=[("M-000001", "No.")])
        runs.finish(run)
        assert "It could not do all of it" in page()
        runs.finish(run, stopped=True)
        assert "It stopped before the end" in page()


class TestLetters:
    def test_that_cannot_be_sent_are_put_aside_and_sent_after_another_try(self, settings, monkeypatch):
        settings.SMTP_URL = "smtp://127.0.0.1:9"
        letter = letters.write(key="k", to="ada@example.org", subject="s", text="t")
        one = Job.objects.get(task="mutual.mail.letters.deliver")
        for _n in range(queue.TRIES):
            bell(one)
        assert one.failure.startswith("ConnectionRefusedError: Connection refused, at mutual/mail/letters.py:")
        sent = []
        monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", lambda mail: sent.append(mail.to))
        queue.again(job_id=one.pk)
        assert queue.work_all() == 1
        assert sent == [["ada@example.org"]]
        assert Letter.objects.get(pk=letter.pk).sent_at is not None


class TestForgetDone:
    def test_keeps_what_is_not_done_and_what_was_put_aside(self):
        old = bell(job("note"))
        aside, waits, fresh = put_aside(), job("note"), bell(job("note"))
        long_ago = timezone.now() - dt.timedelta(days=31)
        Job.objects.exclude(pk=fresh.pk).update(queued_at=long_ago)
        Job.objects.filter(pk=old.pk).update(done_at=long_ago)
        assert queue.forget_done() == 1
        assert set(Job.objects.values_list("pk", flat=True)) == {aside.pk, waits.pk, fresh.pk}

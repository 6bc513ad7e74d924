"""R-B1: the printing of everybody's statements killed outright, as a command and as a Celery worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis
from django.conf import settings

from mutual.documents.models import Document
from tests.arena import CHECKOUT, Arena

pytestmark = pytest.mark.xdist_group("statement-kills")
MEMBERS = 16


def own_redis():
    """A number of its own: other tests ring bells for jobs of other databases."""
    address = urlsplit(settings.REDIS_URL)
    if address.scheme == "unix":
        return f"unix://{address.path}?db=15"
    return urlunsplit(address._replace(path="/15"))


class Place(Arena):
    """An arena with members, and what is kept of their statements."""

    def __init__(self, log, members=MEMBERS) -> None:
        super().__init__()
        self.log, self.started = log, []
        self.answer(f"""
            for n in range({members}):
                make_member(f"Member{{n:02}} X", joined_on=dt.date(2025, 1, 1))
            print("ready")
        """)

    @property
    def env(self):
        return super().env | {"REDIS_URL": own_redis()}

    def kept(self, period):
        """How many statements of a period are kept, of how many members."""
        with psycopg.connect(self.url) as session:
            return session.execute(
                "SELECT count(*), count(DISTINCT owner) FROM documents_document WHERE kind = 'STATEMENT' "
                "AND number LIKE %s", [f"S-{period}-%"],
            ).fetchone()  # fmt: skip

    def start(self, *command):
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command], cwd=CHECKOUT, env=self.env, start_new_session=True, stdout=log, stderr=log
            )
        self.started.append(process)
        return process

    def until(self, process, done):
        deadline = time.monotonic() + 120
        while not done():
            assert process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < deadline, self.log.read_text()[-3000:]
            time.sleep(0.02)

    def kill(self, process):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def drop(self):
        for process in self.started:
            self.kill(process)
        super().drop()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with redis.Redis.from_url(own_redis()) as own:
        own.flushdb()
    place = Place(tmp_path_factory.mktemp("statements") / "log")
    yield place
    place.drop()


class TestCommand:
    def test_makes_each_statement_once_however_often_it_is_killed(self, place):
        command = ("manage.py", "make_statements", "--period", "2026-09", "--presses", "1")
        for enough in (2, 4):
            process = place.start(*command)
            place.until(process, lambda enough=enough: place.kept("2026-09")[0] >= enough)
            place.kill(process)
            assert enough <= place.kept("2026-09")[0] < MEMBERS
        done = place.run_command(*command[1:], "--json")
        assert done.returncode == 0, done.stderr
        assert place.kept("2026-09") == (MEMBERS, MEMBERS)


class TestWorker:
    def test_is_followed_by_another_that_goes_on(self, place):
        # The beat is in it: whatever bell was missed rings again within fifteen seconds.
        beat = ("--beat", f"--schedule={place.log}-beat")
        worker = ("-m", "celery", "--app=mutual.celery", "worker", "--concurrency=1", "--loglevel=INFO", *beat)
        place.answer("""
            from members.statements import batch
            from mutual.periods import parse
            by = make_user("orders@example.org").pk
            batch.order(period=parse("2026-08"), by=by, on=ON)
            print("ordered")
        """)
        first = place.start(*worker)
        place.until(first, lambda: place.kept("2026-08")[0] >= 2)
        place.kill(first)
        assert 2 <= place.kept("2026-08")[0] < MEMBERS
        # What the beat does, two minutes later: the bell of the dead worker rings again.
        place.answer("""
            from mutual.jobs import tasks
            from mutual.jobs.models import Job
            waiting = Job.objects.filter(task="members.statements.tasks.make", done_at=None)
            assert waiting.update(due_at=dt.datetime.now(dt.UTC), rung_at=None) == 1
            tasks.sweep()
            print("rung")
        """)
        second = place.start(*worker)

        def over():
            with psycopg.connect(place.url) as session:
                run = "SELECT count(*) FROM jobs_run WHERE key = '2026-08' AND state = 'FINISHED'"
                job = "SELECT count(*) FROM jobs_job WHERE task LIKE 'members.statements%' AND done_at IS NULL"
                return session.execute(run).fetchone()[0] == 1 and session.execute(job).fetchone()[0] == 0

        place.until(second, over)
        place.kill(second)
        assert place.kept("2026-08") == (MEMBERS, MEMBERS)


class TestWithoutTheProtection:
    """Last, for it takes the constraint away that the others stand on."""

    def test_some_are_made_twice(self, place):
        naive = """
            from members.statements import batch
            from mutual import clock
            from mutual.periods import parse
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE documents_document DROP CONSTRAINT IF EXISTS {constraint}")
            batch.archive.kept_sources = lambda **about: {{}}
            keep, kept = batch.archive.keep, []
            def dies(**about):
                kept.append(keep(**about))
                if len(kept) == {after}:
                    os.kill(os.getpid(), signal.SIGKILL)
            batch.archive.keep = dies
            run = batch.prepare(period=parse("2026-07"), by=None, on=ON)
            batch.work(run=run, on=ON, clock=clock.now, presses=1)
            print("made")
        """
        constraint = next(one.name for one in Document._meta.constraints if "source" in getattr(one, "fields", ()))
        assert place.run(naive.format(constraint=constraint, after=5)).returncode == -signal.SIGKILL
        assert place.answer(naive.format(constraint=constraint, after=10**6)) == "made"
        assert place.kept("2026-07") == (MEMBERS + 5, MEMBERS)

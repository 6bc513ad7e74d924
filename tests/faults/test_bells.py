"""The bell itself, without the beat: what is committed is done at once, after kills too, whatever else is under way."""

from __future__ import annotations

import time

import psycopg
import pytest
import redis

from tests.faults.test_statement_kills import Place, own_redis

pytestmark = pytest.mark.xdist_group("statement-kills")
SOON = 10
"""Seconds; without any bell a job would wait for ever here, for no beat is running."""
WORKER = ("-m", "celery", "--app=mutual.celery", "worker", "--loglevel=INFO", "--without-gossip", "--without-mingle")

RING = """
    from django.db import transaction
    from mutual.jobs import queue
    with transaction.atomic():
        jobs = [queue.after_commit("tests.faults.effects.{name}", where="{where}", long={long}) for n in range({count})]
    print("rung")
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with redis.Redis.from_url(own_redis()) as own:
        own.flushdb()
    place = Place(tmp_path_factory.mktemp("bells") / "log", members=0)
    yield place
    place.drop()


def ring(place, where, *, name="count", long=False, count=1):
    assert place.answer(RING.format(name=name, where=where, long=long, count=count)) == "rung"


def waits(place, where):
    """How many jobs are not done, of all that were rung for."""
    with psycopg.connect(place.url) as session:
        return session.execute(
            "SELECT count(*) FILTER (WHERE done_at IS NULL) FROM jobs_job WHERE arguments ->> 'where' = %s", [where]
        ).fetchone()[0]  # fmt: skip


def ready(place, worker, name):
    """Wait until the worker listens: it says so in its log."""
    place.until(worker, lambda: f"{name} ready" in place.log.read_text())


def seconds_until_done(place, worker, where):
    began = time.monotonic()
    place.until(worker, lambda: waits(place, where) == 0)
    return time.monotonic() - began


class TestBell:
    def test_is_heard_by_a_worker_that_starts_later_and_after_every_kill(self, place):
        for cycle in range(2):
            ring(place, f"kill-{cycle}", count=3)
            worker = place.start(*WORKER, "--queues=quick", "--concurrency=1", f"--hostname=kill{cycle}@here")
            ready(place, worker, f"kill{cycle}@here")
            assert seconds_until_done(place, worker, f"kill-{cycle}") < SOON
            ring(place, f"kill-{cycle}-again")
            assert seconds_until_done(place, worker, f"kill-{cycle}-again") < SOON
            place.kill(worker)

    def test_of_a_letter_is_not_behind_long_work(self, place):
        quick = place.start(*WORKER, "--queues=quick", "--concurrency=1", "--hostname=quick@here")
        long = place.start(*WORKER, "--queues=long", "--concurrency=1", "--hostname=long@here")
        ready(place, quick, "quick@here")
        ready(place, long, "long@here")
        ring(place, "hour", name="for_an_hour", long=True, count=3)
        ring(place, "letter")
        assert seconds_until_done(place, quick, "letter") < SOON
        assert waits(place, "hour") == 3
        place.kill(long)
        place.kill(quick)

    def test_of_a_letter_waits_where_all_are_in_one_queue(self, place):
        worker = place.start(*WORKER, "--queues=quick", "--concurrency=1", "--hostname=one@here")
        ready(place, worker, "one@here")
        ring(place, "hour-quick", name="for_an_hour", count=1)
        ring(place, "letter-behind")
        time.sleep(SOON / 2)
        assert waits(place, "letter-behind") == 1
        place.kill(worker)

    def test_does_not_pile_up_while_the_workers_are_busy(self, place):
        with psycopg.connect(place.url) as session:
            session.execute("UPDATE jobs_job SET done_at = now() WHERE done_at IS NULL")
        with redis.Redis.from_url(own_redis()) as own:
            own.delete("quick", "long")
            ring(place, "pile", count=20)
            place.answer("""
                from mutual.jobs import queue
                print(sum(queue.sweep() for n in range(50)))
            """)
            assert own.llen("quick") == 20
            own.delete("quick")

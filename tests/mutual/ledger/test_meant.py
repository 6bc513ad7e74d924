"""R-D8: what destroys something needs the installation's name; without it the exit code is 2 and nothing changes."""

from __future__ import annotations

import psycopg
import pytest

from tests.arena import Arena

pytestmark = pytest.mark.xdist_group("arena")

DESTRUCTIVE = {
    "flush": ("flush", "--no-input"),
    "flush for another": ("flush", "--no-input", "--yes-i-mean", "another"),
    "to nothing": ("migrate", "members", "zero"),
    "backwards": ("migrate", "members", "0001"),
    "backwards for another": ("migrate", "members", "0001", "--yes-i-mean", "another"),
    "restore": ("restore", "manage.py", "--into", "x"),
}


@pytest.fixture(scope="module")
def arena():
    arena = Arena()
    arena.answer("make_member('Ada Byron'); print('ready')")
    yield arena
    arena.drop()


def state(arena):
    with psycopg.connect(arena.url) as session:
        return session.execute(
            "SELECT (SELECT count(*) FROM members_member), (SELECT count(*) FROM django_migrations), "
            "(SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public')"
        ).fetchone()


class TestDestructiveCommands:
    @pytest.mark.parametrize("command", DESTRUCTIVE)
    def test_do_nothing_without_the_installations_name(self, command, arena):
        before = state(arena)
        done = arena.run_command(*DESTRUCTIVE[command])
        assert done.returncode == 2, done.stderr
        assert "--yes-i-mean mutual" in done.stderr
        assert state(arena) == before

    def test_go_forwards_without_asking(self, arena):
        assert arena.run_command("migrate", "members").returncode == 0
        assert arena.run_command("migrate", "--plan").returncode == 0

    def test_go_back_where_it_is_meant(self):
        arena = Arena()
        try:
            done = arena.run_command("migrate", "members", "0004", "--yes-i-mean", "mutual")
            assert done.returncode == 0, done.stderr
            with psycopg.connect(arena.url) as session:
                last = "SELECT max(name) FROM django_migrations WHERE app = 'members'"
                assert session.execute(last).fetchone()[0].startswith("0004")
        finally:
            arena.drop()

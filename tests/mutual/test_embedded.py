"""The private servers: who starts them, who shares them, who stops them, and what a kill leaves."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator

import psycopg
import pytest
import redis

from mutual import embedded

_HOLD = """
import sys
from mutual import embedded
urls = embedded.servers()
print(urls.database_url, flush=True)
sys.stdin.read()
"""

_EMBEDDED = pathlib.Path(embedded.__file__)


@pytest.fixture
def checkout(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Another checkout, with nothing in it but the module, and nothing left of it afterwards."""
    folder = tmp_path / "checkout"
    (folder / "mutual").mkdir(parents=True)
    (folder / "mutual" / "__init__.py").touch()
    shutil.copy(_EMBEDDED, folder / "mutual")
    yield folder
    assert embedded.Servers(folder).remove()


def _python(checkout: pathlib.Path, program: str) -> subprocess.Popen[str]:
    """Run a program of that checkout, which is told no addresses."""
    environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=checkout,
        env=environment | {"PYTHONPATH": str(checkout)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _holder(checkout: pathlib.Path) -> subprocess.Popen[str]:
    """A process that holds the servers until its input ends; returned when it does hold them."""
    holder = _python(checkout, _HOLD)
    assert holder.stdout is not None
    assert holder.stdout.readline().startswith("postgresql://")
    return holder


def _leave(holder: subprocess.Popen[str]) -> None:
    holder.communicate("", timeout=60)
    assert holder.returncode == 0


def _kill(holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.communicate()


def _running(checkout: pathlib.Path) -> tuple[bool, bool]:
    """Whether PostgreSQL and Redis of that checkout answer."""
    urls = embedded.Servers(checkout).urls
    try:
        psycopg.connect(urls.database_url).close()
        postgres = True
    except psycopg.OperationalError:
        postgres = False
    try:
        with redis.Redis.from_url(urls.redis_url) as client:
            client.ping()
        answers = True
    except redis.ConnectionError:
        answers = False
    return postgres, answers


def _postmaster(checkout: pathlib.Path) -> int:
    return int((embedded.Servers(checkout).home / "postgres" / "postmaster.pid").read_text().split()[0])


class TestServers:
    def test_starts_both_with_the_safe_settings(self, checkout: pathlib.Path) -> None:
        holder = _holder(checkout)
        with psycopg.connect(embedded.Servers(checkout).urls.database_url) as connection:
            shown = connection.execute(
                """
                SELECT current_database(), current_setting('fsync'), current_setting('synchronous_commit'),
                       current_setting('full_page_writes'), current_setting('data_checksums'),
                       current_setting('TimeZone'), current_setting('server_encoding'),
                       current_setting('listen_addresses')
                """
            ).fetchone()
        assert shown == ("mutual", "on", "on", "on", "on", "UTC", "UTF8", "")
        _leave(holder)
        assert _running(checkout) == (False, False)

    def test_a_second_process_attaches_and_the_last_one_out_stops(self, checkout: pathlib.Path) -> None:
        first = _holder(checkout)
        postmaster = _postmaster(checkout)
        second = _holder(checkout)
        assert _postmaster(checkout) == postmaster
        _leave(first)
        assert _running(checkout) == (True, True)
        _leave(second)
        assert _running(checkout) == (False, False)

    def test_many_processes_at_once_start_one_server(self, checkout: pathlib.Path) -> None:
        holders = [_python(checkout, _HOLD) for _ in range(6)]
        addresses = {holder.stdout.readline() for holder in holders if holder.stdout is not None}
        assert len(addresses) == 1
        assert _running(checkout) == (True, True)
        for holder in holders:
            holder.stdin.close() if holder.stdin is not None else None
        assert [holder.wait(60) for holder in holders] == [0] * 6
        assert _running(checkout) == (False, False)

    def test_a_killed_owner_leaves_servers_that_the_next_one_takes_over(self, checkout: pathlib.Path) -> None:
        owner = _holder(checkout)
        postmaster = _postmaster(checkout)
        _kill(owner)
        assert _running(checkout) == (True, True)
        following = _holder(checkout)
        assert _postmaster(checkout) == postmaster
        _leave(following)
        assert _running(checkout) == (False, False)

    def test_keeps_the_data_when_postgres_is_killed_under_it(self, checkout: pathlib.Path) -> None:
        owner = _holder(checkout)
        url = embedded.Servers(checkout).urls.database_url
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS number")
        os.kill(_postmaster(checkout), signal.SIGKILL)
        _kill(owner)
        following = _holder(checkout)
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (42,)
        _leave(following)

    def test_a_dead_server_s_number_given_to_another_program_does_not_count(self, checkout: pathlib.Path) -> None:
        owner = _holder(checkout)
        pid_file = embedded.Servers(checkout).home / "postgres" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        os.kill(int(lines[0]), signal.SIGKILL)
        _kill(owner)
        pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
        following = _holder(checkout)
        assert _running(checkout) == (True, True)
        _leave(following)

    def test_uses_the_addresses_it_is_given_and_starts_nothing(self, checkout: pathlib.Path) -> None:
        environment = os.environ | {
            "PYTHONPATH": str(checkout),
            "DATABASE_URL": "postgresql://else/where",
            "REDIS_URL": "unix:///run/redis.sock?db=3",
        }
        said = subprocess.run(
            [sys.executable, "-c", "from mutual import embedded; print(*vars(embedded.servers()).values())"],
            cwd=checkout,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        assert said == [
            "postgresql://else/where",
            "unix:///run/redis.sock?db=3",
            "redis+socket:///run/redis.sock?virtual_host=3",
        ]
        assert not (checkout / "var").exists()

    def test_a_forked_child_does_not_stop_what_its_parent_uses(self, checkout: pathlib.Path) -> None:
        parent = _python(
            checkout,
            """
            import os, sys
            from mutual import embedded
            embedded.servers()
            child = os.fork()
            if child == 0:
                sys.exit(0)
            os.waitpid(child, 0)
            print("child gone", flush=True)
            sys.stdin.read()
            """,
        )
        assert parent.stdout is not None
        assert parent.stdout.readline() == "child gone\n"
        assert _running(checkout) == (True, True)
        _leave(parent)
        assert _running(checkout) == (False, False)

    def test_a_deep_checkout_has_sockets_with_a_short_path(self, tmp_path: pathlib.Path) -> None:
        deep = tmp_path / ("a folder with a rather long name " * 3).strip()
        deep.mkdir()
        shutil.copytree(_EMBEDDED.parent, deep / "mutual", ignore=shutil.ignore_patterns("[!_e]*"))
        servers = embedded.Servers(deep)
        urls = servers.start()
        psycopg.connect(urls.database_url).close()
        assert len(str(servers.sockets / ".s.PGSQL.5432")) < 107
        assert servers.stop()
        assert servers.remove()

    def test_a_fresh_clone_at_the_same_place_starts_empty(self, checkout: pathlib.Path) -> None:
        _leave(_holder(checkout))
        before = embedded.Servers(checkout).home
        shutil.rmtree(checkout / "var")
        _leave(_holder(checkout))
        after = embedded.Servers(checkout).home
        if os.geteuid() == 0:
            assert after != before
            assert not before.exists()


class TestStop:
    def test_says_whether_somebody_else_still_needs_them(self, checkout: pathlib.Path) -> None:
        other = _holder(checkout)
        assert embedded.Servers(checkout).stop() is False
        assert _running(checkout) == (True, True)
        _leave(other)
        assert embedded.Servers(checkout).stop() is True

    def test_is_harmless_where_nothing_was_ever_started(self, tmp_path: pathlib.Path) -> None:
        assert embedded.Servers(tmp_path).stop() is True
        assert not list(tmp_path.iterdir())

    def test_waits_for_a_write_in_progress_to_be_safe(self, checkout: pathlib.Path) -> None:
        owner = _holder(checkout)
        url = embedded.Servers(checkout).urls.database_url
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (number int)")
            for number in range(200):
                connection.execute("INSERT INTO kept VALUES (%s)", [number])
        started = time.monotonic()
        _leave(owner)
        assert time.monotonic() - started < 30
        following = _holder(checkout)
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (200,)
        _leave(following)

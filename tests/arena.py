"""A database of its own for tests that race, crash and commit: the ledger refuses to be emptied, so it is dropped."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import subprocess
import sys
import textwrap
import types
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from psycopg import sql

from tests.warm import Warm

CHECKOUT = Path(__file__).resolve().parent.parent

START = """
import datetime as dt, multiprocessing, os, signal, sys, threading
import django
django.setup()
from concurrent.futures import ThreadPoolExecutor
from django.db import connection, connections
from mutual.ledger import audit, balances, chart, journal
from mutual.ledger.kinds import AccountType, Kind
from mutual.money import Money
from tests.conftest import *
ON = dt.date(2026, 11, 10)

def together(count, work):
    ready = threading.Barrier(count)
    def one(n):
        connection.ensure_connection()
        ready.wait()
        try:
            return work(n)
        finally:
            connections.close_all()
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))

def apart(count, work):
    connections.close_all()  # a connection that two processes share is broken for both
    fork = multiprocessing.get_context("fork")
    ready, said = fork.Barrier(count), fork.SimpleQueue()
    def one(n):
        connection.ensure_connection()
        ready.wait()
        said.put(work(n))
        connections.close_all()
    hands = [fork.Process(target=one, args=(n,)) for n in range(count)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join(120)
    assert [hand.exitcode for hand in hands] == [0] * count
    return [said.get() for hand in hands]
"""


def _migrations() -> str:
    """What tells the present schema from any other: the hash of every migration."""
    found = hashlib.sha256()
    for path in sorted(CHECKOUT.glob("*/**/migrations/*.*")):
        if path.suffix in (".py", ".sql") and ".venv" not in path.parts:
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


def template() -> str:
    """The name of a database with the present schema and nothing in it, migrated once and copied ever after."""

    def migrate(arena: Arena) -> str:
        done = arena.run_command("migrate", "--verbosity", "0")
        assert done.returncode == 0, done.stderr[-3000:]
        return ""

    name = f"arena_of_{_migrations()}"
    made_once(name, "template0", "arena\\_of\\_%", migrate)
    return name


def world() -> tuple[Arena, dict[str, Any]]:
    """A copy of the world of ``tests/browser/world.py``, made once for a whole run, and what is known of it."""

    def make(arena: Arena) -> str:
        made = arena._python("-m", "tests.browser.world")
        assert made.returncode == 0, made.stderr[-3000:]
        return made.stdout.splitlines()[-1]

    name = f"world_of_{os.environ['TEST_RUN']}"
    known = json.loads(made_once(name, template(), name, make))
    return Arena(like=Arena(name)), known


def made_once(name: str, of: str, old: str, make: Callable[[Arena], str]) -> str:
    """Make a database unless somebody has: what there is to know about it, which is kept beside it.

    :param of: the database that it begins as
    :param old: the pattern of the names of those it takes the place of
    """
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(7009, hashtext(%s))", [name])  # whoever comes second finds it made
        asked = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
        if (found := connection.execute(asked, [name]).fetchone()) is not None:
            return found[0] or ""
        for (gone,) in connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [old]).fetchall():
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(gone)))
        unfinished = Arena(name=f"{name}_unfinished")
        unfinished._admin("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        unfinished._admin("CREATE DATABASE {} TEMPLATE {}", of)
        said = make(unfinished)
        known = sql.SQL("COMMENT ON DATABASE {} IS {}")
        connection.execute(known.format(sql.Identifier(unfinished.name), sql.Literal(said)))
        unfinished._admin("ALTER DATABASE {} RENAME TO {}", name)
    return said


@functools.cache
def _warm() -> Warm:
    return Warm(START, Arena.env.fget(types.SimpleNamespace(url=settings.DATABASE_URL)), CHECKOUT)


class Arena:
    """A migrated database; code runs against it in processes of its own."""

    def __init__(self, name: str = "", *, like: Arena | None = None) -> None:
        """A new one, a copy of another or else empty; or the one of this name."""
        self.name = name or f"arena_{uuid.uuid4().hex[:12]}"
        self.url = urlunsplit(urlsplit(settings.DATABASE_URL)._replace(path=f"/{self.name}"))
        if not name:
            self._admin("CREATE DATABASE {} TEMPLATE {}", like.name if like else template())

    def _admin(self, statement: str, other: str = "") -> None:
        with psycopg.connect(settings.DATABASE_URL, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(self.name), sql.Identifier(other or self.name)))

    @property
    def env(self) -> dict[str, str]:
        """The environment of a process that works here."""
        return {
            **os.environ, "DATABASE_URL": self.url, "REDIS_URL": settings.REDIS_URL,
            "DJANGO_SETTINGS_MODULE": "mutual.settings", "PYTHONPATH": str(CHECKOUT),
        }  # fmt: skip

    def run_command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A management command."""
        return self.run(f"""
            import manage
            sys.argv = ["manage.py", *{arguments!r}]
            manage.main()
        """)

    def run(self, code: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Code, after the common start, with more in its environment."""
        told = self.env | env
        if told == Arena.env.fget(self):
            return _warm().run(textwrap.dedent(code), self.url)
        return self._python("-c", START + textwrap.dedent(code), **env)

    def _python(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments], cwd=CHECKOUT, env=self.env | env, capture_output=True, text=True, timeout=240,
            check=False,
        )  # fmt: skip

    def answer(self, code: str, **env: str) -> str:
        """What code prints last; it must succeed."""
        done = self.run(code, **env)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout.strip().splitlines()[-1]

    def drop(self) -> None:
        """Remove it."""
        self._admin("DROP DATABASE {} WITH (FORCE)")

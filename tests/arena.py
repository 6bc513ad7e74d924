"""A database of its own for tests that race, crash and commit: the ledger refuses to be emptied, so it is dropped."""

from __future__ import annotations

import functools
import hashlib
import os
import subprocess
import sys
import textwrap
import types
import uuid
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from psycopg import sql

from tests.warm import Warm

CHECKOUT = Path(__file__).resolve().parent.parent

START = """
import datetime as dt, os, signal, sys, threading
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
    name = f"arena_of_{_migrations()}"
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(7009)")  # whoever comes second finds it made
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            for (old,) in connection.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE 'arena\\_of\\_%'"
            ).fetchall():
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(old)))
            unfinished = Arena(name=f"{name}_unfinished")
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(unfinished.name)))
            done = unfinished.run_command("migrate", "--verbosity", "0")
            assert done.returncode == 0, done.stderr[-3000:]
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(unfinished.name), sql.Identifier(name))
            )
    return name


@functools.cache
def _warm() -> Warm:
    return Warm(START, Arena.env.fget(types.SimpleNamespace(url=settings.DATABASE_URL)), CHECKOUT)


class Arena:
    """A migrated database; code runs against it in processes of its own."""

    def __init__(self, name: str = "") -> None:
        self.name = name or f"arena_{uuid.uuid4().hex[:12]}"
        self.url = urlunsplit(urlsplit(settings.DATABASE_URL)._replace(path=f"/{self.name}"))
        if not name:
            self._admin("CREATE DATABASE {} TEMPLATE {}", template())

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
        return self._python("manage.py", *arguments)

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

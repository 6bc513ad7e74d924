"""A PostgreSQL of its own that can be killed outright.

It is a direct child of the test, which reaps it: a dead server that nobody has reaped would keep its lock file.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import psycopg

from mutual import embedded


class Cluster:
    """Made like the private servers of a checkout, and started by hand."""

    def __init__(self, checkout: Path) -> None:
        checkout.mkdir()
        self._servers = embedded.Servers(checkout)
        self._servers.var.mkdir()
        self._servers._prepare()
        self._programs = self._servers._reachable(embedded._postgres_programs(), "postgres")
        self._servers._make_cluster(self._programs, embedded._major(self._programs / "postgres"))
        self._servers._configure_postgres()
        self._process: subprocess.Popen[bytes] | None = None
        self.start()
        with psycopg.connect(self._at("postgres"), autocommit=True) as session:
            session.execute(f"CREATE DATABASE {embedded.DATABASE} TEMPLATE template0")

    @property
    def url(self) -> str:
        return self._servers.urls.database_url

    def _at(self, database: str) -> str:
        return self.url.rpartition("/")[0] + f"/{database}"

    def start(self) -> float:
        """Start it, and wait until it has recovered; returns how many seconds that took."""
        started = time.monotonic()
        user = self._servers._user()
        while True:
            if self._process is None or self._process.poll() is not None:
                with (self._servers.home / "postgres.log").open("ab") as log:
                    self._process = subprocess.Popen(
                        [self._programs / "postgres", "-D", self._servers._data], stdout=log, stderr=log,
                        cwd=self._servers.home, user=user and user.pw_uid, group=user and user.pw_gid,
                        extra_groups=() if user else None, start_new_session=True,
                    )  # fmt: skip
            try:
                psycopg.connect(self._at("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                assert time.monotonic() - started < 60, "PostgreSQL did not come back."
                time.sleep(0.02)
            else:
                return time.monotonic() - started

    def kill(self) -> int:
        """Kill the postmaster and every backend at once; returns how many processes that were."""
        assert self._process is not None
        parent = self._process.pid
        children = [int(stat.parent.name) for stat in Path("/proc").glob("[0-9]*/stat") if _parent(stat) == parent]
        for pid in (parent, *children):
            os.kill(pid, signal.SIGKILL)
        self._process.wait()
        while any(Path(f"/proc/{pid}/stat").exists() and _parent(Path(f"/proc/{pid}/stat")) for pid in children):
            time.sleep(0.01)
        return 1 + len(children)

    def remove(self) -> None:
        """Stop it and delete its data."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
        assert self._servers.remove()


def _parent(stat: Path) -> int:
    """The parent of a process; 0 if it is gone or dead."""
    try:
        state, parent = stat.read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return 0
    return 0 if state in "ZX" else int(parent)

"""A process that has imported everything: it forks one that runs a test's code, for a new one takes a second.

``tests/arena.py`` starts it, once for each of the test run's workers, and asks it over a socket; it ends with who
started it. A fork works in the database that it is told, and is killed, refused and crashed like any other process.
"""

from __future__ import annotations

import atexit
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SECONDS = 240
"""So long may a piece of code run."""


class Warm:
    """The process, as who asks it sees it."""

    def __init__(self, start: str, env: dict[str, str], cwd: Path) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="warm-")
        self.address = f"{self.folder.name}/asked"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm", self.address, start],
            cwd=cwd, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stdout.readline() == b"warm\n"
        atexit.register(self.close)

    def run(self, code: str, database_url: str) -> subprocess.CompletedProcess[str]:
        """Run code after the start, in a process of its own and in this database."""
        with (
            tempfile.NamedTemporaryFile(dir=self.folder.name) as out,
            tempfile.NamedTemporaryFile(dir=self.folder.name) as err,
            socket.socket(socket.AF_UNIX) as line,
        ):
            line.settimeout(SECONDS + 10)
            line.connect(self.address)
            line.sendall(json.dumps([code, database_url, out.name, err.name]).encode())
            line.shutdown(socket.SHUT_WR)
            ended = int(line.makefile().read())
            return subprocess.CompletedProcess([code], ended, out.read().decode(), err.read().decode())

    def close(self) -> None:
        """End it."""
        self._process.stdin.close()
        self._process.wait(20)
        self.folder.cleanup()


def serve(address: str, start: str) -> None:
    """Import everything, then fork for everybody who asks, until the standard input ends."""
    known: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(start, "start", "exec"), known)
    with socket.socket(socket.AF_UNIX) as asked:
        asked.bind(address)
        asked.listen(64)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        os.write(1, b"warm\n")
        while True:
            ready, _, _ = select.select([asked, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            line, _ = asked.accept()
            if os.fork() == 0:
                asked.close()
                exec(compile(_asked(line), "code", "exec"), known)  # and end as every program does
                return
            line.close()


def _asked(line: socket.socket) -> str:
    """In a fork: fork again; one of the two runs the code, which is returned there, the other says how that ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    code, database_url, out, err = json.loads(line.makefile().read())
    pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        line.sendall(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    line.close()
    signal.alarm(SECONDS)
    for path, number in ((os.devnull, 0), (out, 1), (err, 2)):
        os.dup2(os.open(path, os.O_RDWR), number)
    random.seed()
    _work_in(database_url)
    return str(code)


def _work_in(database_url: str) -> None:
    from django.conf import settings
    from django.db import connections

    os.environ["DATABASE_URL"] = settings.DATABASE_URL = database_url
    name = database_url.rpartition("/")[2].partition("?")[0]
    connections.settings["default"]["NAME"] = connections["default"].settings_dict["NAME"] = name


if __name__ == "__main__":
    serve(*sys.argv[1:])

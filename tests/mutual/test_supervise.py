"""`make run` as a newcomer meets it: it starts, says where, stops on Ctrl-C, and leaves no process behind.

It runs in a checkout of its own, whose private servers are its own too.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib.util import cache_from_source

import pytest

from mutual import embedded

_SECONDS = 240


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _session_processes(checkout: pathlib.Path) -> list[str]:
    """The command lines of all living processes that stand in the checkout, or whose data is its own."""
    home = str(embedded.Servers(checkout).home) if (checkout / "var" / "servers.mark").exists() else "nothing yet"
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            stands = str((process / "cwd").readlink())
            if line and (stands.startswith((str(checkout), home)) or home in line):
                found.append(line)
    return found


@pytest.fixture
def checkout(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A copy of the tracked files and of what Python made of them, with the virtual environment of this one."""
    folder = _copied(tmp_path / "mutual")
    yield folder
    assert embedded.Servers(folder).remove()


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pathlib.Path]:
    """Such a copy, in which the demonstration has been made and everything stopped again."""
    folder = _copied(tmp_path_factory.mktemp("begun") / "mutual")
    with _running(folder) as run:
        run.wait_for("Starting Mutual", seconds=5)
        run.wait_for("Press Ctrl-C")
        assert f"http://localhost:{run.port}" in run.said
        with urllib.request.urlopen(f"http://localhost:{run.port}/health/", timeout=10) as answer:
            assert answer.status == 200
        assert len(_session_processes(folder)) > 5
        assert run.end(signal.SIGINT) == 0
    assert not _session_processes(folder)
    assert "Everything is stopped" in run.said
    (folder.parent / "port").write_text(str(run.port))
    yield folder
    assert embedded.Servers(folder).remove()


def _copied(folder: pathlib.Path) -> pathlib.Path:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(command, cwd=embedded.CHECKOUT, capture_output=True, check=True).stdout.split(b"\0"):
        source = embedded.CHECKOUT / os.fsdecode(name)
        if name and source.is_file() and (not name.startswith(b"tests/") or name.startswith(b"tests/data/")):
            target = folder / os.fsdecode(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
            if source.suffix == ".py" and (compiled := pathlib.Path(cache_from_source(source))).exists():
                cached = pathlib.Path(cache_from_source(target))
                cached.parent.mkdir(exist_ok=True)
                shutil.copy2(compiled, cached)
    (folder / ".venv").symlink_to(pathlib.Path(sys.prefix))
    return folder


class _Run:
    """A running `make run`, whose output goes to a file that can be read at any time."""

    def __init__(self, checkout: pathlib.Path, **environment: str) -> None:
        self.port = int(environment.get("PORT") or _free_port())
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        self.output = checkout.parent / f"output-{time.monotonic_ns()}"
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mutual.supervise"],
                cwd=checkout,
                env=kept | {"PORT": str(self.port), "DEMO_MONTHS": "1"} | environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def wait_for(self, words: str, seconds: float = _SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while words not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.1)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


@contextlib.contextmanager
def _running(checkout: pathlib.Path, **environment: str) -> Iterator[_Run]:
    run = _Run(checkout, **environment)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.end(signal.SIGTERM)


@pytest.mark.xdist_group("supervise")
class TestMain:
    def test_keeps_the_data_says_which_program_ended_by_itself_and_stops_the_rest(self, begun: pathlib.Path) -> None:
        with _running(begun, PORT=(begun.parent / "port").read_text()) as again:
            again.wait_for("Press Ctrl-C", seconds=40)  # making the demonstration again would take longer
            beat = next(
                int(process.name)
                for process in pathlib.Path("/proc").glob("[0-9]*")
                if _says(process, "celery", "beat", str(begun))
            )
            os.kill(beat, signal.SIGKILL)
            assert again.process.wait(60) == 1
        assert "The beat ended by itself" in again.said
        assert not _session_processes(begun)

    def test_a_ctrl_c_while_it_starts_leaves_nothing(self, checkout: pathlib.Path) -> None:
        for seconds in (0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 1.2, 3.0, 6.0):
            with _running(checkout) as run:
                run.wait_for("Starting Mutual", seconds=5)
                time.sleep(seconds)
                assert run.end(signal.SIGTERM if seconds == 3 else signal.SIGINT) == 0, run.said
            assert not _session_processes(checkout)

    def test_a_kill_of_the_whole_thing_takes_its_programs_with_it(self, begun: pathlib.Path) -> None:
        with _running(begun) as run:
            run.wait_for("Press Ctrl-C")
            run.end(signal.SIGKILL)
        deadline = time.monotonic() + 30
        while any("gunicorn" in line or "celery" in line for line in _session_processes(begun)):
            assert time.monotonic() < deadline, _session_processes(begun)
            time.sleep(0.2)

    def test_refuses_a_port_that_is_taken_and_names_another(self, checkout: pathlib.Path) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            taken = int(listener.getsockname()[1])
            run = _Run(checkout, PORT=str(taken))
            assert run.process.wait(30) == 1
        assert f"Something already listens on port {taken}" in run.said
        assert f"PORT={taken + 1} make run" in run.said
        assert not _session_processes(checkout)

    @pytest.mark.parametrize("port", ["no", "0", "65536", "-1", "８０００"])
    def test_refuses_what_is_no_port(self, checkout: pathlib.Path, port: str) -> None:
        command = [sys.executable, "-m", "mutual.supervise"]
        done = subprocess.run(
            command, cwd=checkout, env={**os.environ, "PORT": port}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert "it has to be a number from 1 to 65535" in done.stdout
        assert "Traceback" not in done.stdout + done.stderr


def _says(process: pathlib.Path, *words: str) -> bool:
    """Whether a process's command line and folder hold all these words."""
    try:
        line = (process / "cmdline").read_bytes().decode(errors="replace") + str((process / "cwd").readlink())
    except OSError:
        return False
    return all(word in line for word in words)

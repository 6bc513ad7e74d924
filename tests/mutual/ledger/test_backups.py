"""R-D6, R-D8: a backup is one when it has been restored; restoring must be meant.

Other tests work on the same server: only databases whose names begin with the arena's are looked at.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import signal
import stat
import subprocess
import sys
import time

import psycopg
import pytest
from django.conf import settings
from django.db.migrations.recorder import MigrationRecorder
from psycopg import sql

from mutual import embedded
from mutual.access import Role
from mutual.ledger import backups, envelopes, room
from mutual.ledger.models import BackupRun
from tests.arena import CHECKOUT, Arena

POST = """
    book = chart.coop_book()
    bank = chart.open(book=book, code="assets:bank:main", type=AccountType.ASSET, currency="EUR", busy=True)
    fund = chart.open(book=book, code="equity:fund:x", type=AccountType.EQUITY, currency="EUR")
    for n in range({first}, {last}):
        journal.post(kind=Kind.COST_PAID, key=f"backup/{{n}}", date=ON, recorded_by=None,
                     transfers=[journal.move(Money(10 + n, "EUR"), debit=bank, credit=fund)])
    print(balances.raw(bank))
"""


SEALED = """
    from django.db import transaction
    from mutual.vault import vault
    with transaction.atomic():
        vault.open_vault("claim/C-000001", on=ON)
        vault.seal(subject="claim/C-000001", place="body", content=b"Lumbago")
    print("sealed")
"""
ERASE = """
    from django.db import transaction
    from mutual.vault import vault
    with transaction.atomic():
        vault.destroy("claim/C-000001", on=ON)
    print(vault.is_destroyed("claim/C-000001"))
"""
IS_ERASED = """
    from mutual.vault import vault
    from mutual.vault.models import Content
    print(vault.is_destroyed("claim/C-000001"), Content.objects.count())
"""


class Place:
    """An arena with something in it, and what there is to know about its backups."""

    def __init__(self, folder):
        self.arena = Arena()
        self.folder = folder
        assert self.arena.answer(POST.format(first=0, last=20)) == "39000"

    def command(self, *arguments, **env):
        return subprocess.run(
            [sys.executable, "manage.py", *map(str, arguments)], cwd=CHECKOUT, env=self.arena.env | env, text=True,
            capture_output=True, timeout=240, check=False,
        )  # fmt: skip

    def backup(self, out, **env):
        done = self.command("backup", "--out", out, "--json", **env)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def databases(self):
        with psycopg.connect(settings.DATABASE_URL, autocommit=True) as session:
            found = session.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [self.arena.name]
            ).fetchall()
        return {name.removeprefix(self.arena.name) for (name,) in found}

    def admin(self, statement, **names):
        with psycopg.connect(settings.DATABASE_URL, autocommit=True) as session:
            session.execute(sql.SQL(statement).format(**{k: sql.Identifier(v) for k, v in names.items()}))

    @contextlib.contextmanager
    def copy(self, ending, *statements):
        """A copy of the arena, changed by somebody with every right; its address."""
        name = self.arena.name + ending
        self.admin("CREATE DATABASE {name} TEMPLATE {source}", name=name, source=self.arena.name)
        url = backups._at(self.arena.url, name)
        try:
            with psycopg.connect(url, autocommit=True) as session:
                session.execute("SET session_replication_role = replica")
                for statement in statements:
                    session.execute(statement)
            yield url
        finally:
            self.admin("DROP DATABASE {name} WITH (FORCE)", name=name)

    def held(self, url):
        with psycopg.connect(url) as session:
            return int(session.execute("SELECT sum(amount) FROM ledger_balance WHERE amount > 0").fetchone()[0])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = Place(tmp_path_factory.mktemp("backups"))
    yield place
    for ending in place.databases() - {""}:
        place.admin("DROP DATABASE IF EXISTS {name} WITH (FORCE)", name=place.arena.name + ending)
    place.arena.drop()


@pytest.fixture(scope="module")
def key(place):
    file = place.folder / "key"
    file.write_bytes(os.urandom(48).hex().encode())
    return file


@pytest.fixture(scope="module")
def sealed(place, key):
    """An encrypted backup, and what the command said."""
    assert place.arena.answer(SEALED) == "sealed"
    out = place.folder / "sealed"
    code, said = place.backup(out, BACKUP_KEY_FILE=str(key))
    assert code == 0, said
    return out / said["file"], said


def programs(folder, **scripts):
    """PostgreSQL's programs with some of them replaced by a script; {real} is the real one."""
    real = embedded.client_programs(18)
    folder.mkdir()
    for name in ("pg_dump", "pg_restore"):
        if name in scripts:
            (folder / name).write_text(
                f'#!/bin/sh\ncase "$*" in *--version*) exec {real / name} --version;; esac\n'
                + scripts[name].format(real=real / name)
            )
            (folder / name).chmod(0o755)
        else:
            (folder / name).symlink_to(real / name)
    return {"PG_PROGRAMS": str(folder)}


@pytest.mark.xdist_group("arena-backups")
class TestBackup:
    def test_is_kept_when_its_copy_holds_the_same_and_clears_away_what_a_killed_one_left(self, place, tmp_path):
        env = place.arena.env | programs(tmp_path / "bin", pg_restore="exec sleep 60\n")
        process = subprocess.Popen(
            [sys.executable, "manage.py", "backup", "--out", str(tmp_path / "out")], cwd=CHECKOUT, env=env,
            start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while place.databases() == {""}:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert len(place.databases()) == 2
        assert [path.suffix for path in (tmp_path / "out").iterdir()] == [".part"]
        out, deadline = tmp_path / "again", time.monotonic() + 20
        while (answer := place.backup(out))[0]:  # PostgreSQL takes a moment to see that its client is gone
            assert time.monotonic() < deadline
        assert place.databases() == {""}
        said = answer[1]
        assert (said["transfers"], said["rows"]["ledger_transfer"], said["encrypted"]) == (20, 20, False)
        assert {path.name for path in out.iterdir()} == {said["file"], said["file"] + ".json"}
        file = out / said["file"]
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert json.loads((out / f"{file.name}.json").read_text())["trial_balance"] == said["trial_balance"]
        assert backups._digest_of(file) == said["sha256"]
        assert place.databases() == {""}
        last = place.arena.answer("""
            from mutual.ledger import backups
            print(backups.newest()[0].file)
        """)
        assert last == said["file"]

    def test_fails_when_a_cent_differs(self, place, tmp_path):
        """The cent is changed so well that the audit alone does not see it."""
        changes = (
            (
                "UPDATE ledger_transfer SET amount = amount + 1 "
                "WHERE id = (SELECT min(id::text)::uuid FROM ledger_transfer)"
            ),
            """
            UPDATE ledger_balance b SET amount = amount + d.delta FROM (
                SELECT debit_id AS account, ledger_stripe(debit_id, id) AS stripe, 1 AS delta FROM ledger_transfer
                 WHERE id = (SELECT min(id::text)::uuid FROM ledger_transfer)
                UNION ALL SELECT credit_id, ledger_stripe(credit_id, id), -1 FROM ledger_transfer
                 WHERE id = (SELECT min(id::text)::uuid FROM ledger_transfer)) d
             WHERE b.account_id = d.account AND b.stripe = d.stripe
            """,
            "SELECT ledger_rebuild_turnover()",
        )
        with place.copy("_changed", *changes) as changed:
            assert place.command("audit_ledger", DATABASE_URL=changed).returncode == 0
            script = f"exec {{real}} --format=custom --dbname='{changed}'\n"
            code, said = place.backup(tmp_path / "out", **programs(tmp_path / "bin", pg_dump=script))
        assert (code, said["refused"]) == (1, True)
        assert "trial balance" in said["reason"]
        assert not list((tmp_path / "out").iterdir())
        assert place.databases() == {""}
        assert "trial balance" in place.arena.answer("""
            from mutual.ledger import backups
            print(backups.newest()[1].failure)
        """)

    def test_fails_when_a_row_is_missing_of_what_has_no_balance(self, place):
        with (
            place.copy("_changed", "DELETE FROM ledger_currency WHERE code = 'TND'") as changed,
            psycopg.connect(place.arena.url) as session,
            pytest.raises(backups.NotVerified, match="ledger_currency"),
        ):
            backups.compare(backups.figures(session), changed)

    def test_fails_when_the_guard_is_switched_off(self, place, tmp_path):
        with place.copy("_changed", "ALTER TABLE ledger_transfer DISABLE TRIGGER ledger_transfer_apply") as changed:
            script = f"exec {{real}} --format=custom --dbname='{changed}'\n"
            code, said = place.backup(tmp_path / "out", **programs(tmp_path / "bin", pg_dump=script))
        assert code == 1
        assert "switched off" in said["reason"]
        assert place.databases() == {""}

    @pytest.mark.parametrize("broken", ["pg_dump", "pg_restore"])
    def test_fails_when_a_program_does(self, place, tmp_path, broken):
        script = "echo '{real}: error: no space left' >&2; exit 1\n"
        code, said = place.backup(tmp_path / "out", **programs(tmp_path / "bin", **{broken: script}))
        assert code == 1
        assert said["reason"] == f"{broken} failed: no space left"
        assert not list((tmp_path / "out").iterdir())
        assert place.databases() == {""}

    def test_is_made_one_at_a_time(self, place, tmp_path):
        with psycopg.connect(place.arena.url, autocommit=True) as other:
            other.execute("SELECT pg_advisory_lock(%s)", [backups.ONE_AT_A_TIME])
            code, said = place.backup(tmp_path)
        assert code == 1
        assert "Another backup" in said["reason"]

    def test_refuses_a_key_that_is_none(self, place, tmp_path):
        (tmp_path / "key").write_text("short")
        for file, why in ((tmp_path / "key", "too short"), (tmp_path / "missing", "cannot be read")):
            code, said = place.backup(tmp_path / "out", BACKUP_KEY_FILE=str(file))
            assert code == 1
            assert why in said["reason"]


@pytest.mark.xdist_group("arena-backups")
class TestRestore:
    def restore(self, place, file, into, *more, **env):
        return place.command("restore", file, "--into", into, *more, **env)

    MEANT = ("--yes-i-mean", "mutual")

    @pytest.mark.parametrize("named", [(), ("--yes-i-mean", "other"), ("--yes-i-mean", "")])
    def test_changes_nothing_without_the_installations_name(self, place, sealed, key, named):
        file, _said = sealed
        before = place.databases(), place.held(place.arena.url)
        done = self.restore(place, file, place.arena.name, *named, BACKUP_KEY_FILE=str(key))
        assert done.returncode == 2
        assert "--yes-i-mean mutual" in done.stderr
        assert (place.databases(), place.held(place.arena.url)) == before

    def test_puts_the_backup_in_place_and_the_old_database_aside(self, place, sealed, key):
        """R-I1b: and what was erased since is erased in it, before anybody can work there."""
        file, said = sealed
        journal = {"VAULT_ERASURES_FILE": str(place.folder / "erasures.log")}
        assert place.arena.run(ERASE, **journal).stdout.split() == ["True"]
        assert file.read_bytes().startswith(envelopes.MARK)
        before = place.held(place.arena.url)
        assert place.arena.answer(POST.format(first=20, last=21)) == str(before + 3000)
        done = self.restore(place, file, place.arena.name, *self.MEANT, "--json", BACKUP_KEY_FILE=str(key), **journal)
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert place.arena.answer(IS_ERASED) == "True 0"
        assert (answer["compared"], answer["trial_balance"]) == (True, said["trial_balance"])
        assert place.held(place.arena.url) == before
        assert place.held(backups._at(place.arena.url, answer["aside"])) == before + 3000
        assert place.databases() == {"", answer["aside"].removeprefix(place.arena.name)}
        # The guard works in the restored database.
        assert place.arena.answer(POST.format(first=19, last=20)) == str(before)
        place.admin("DROP DATABASE {name}", name=answer["aside"])

    def test_fills_a_new_database_by_its_address(self, place, sealed, key):
        file, _said = sealed
        url = backups._at(place.arena.url, place.arena.name + "_new")
        done = self.restore(place, file, url, *self.MEANT, BACKUP_KEY_FILE=str(key))
        assert done.returncode == 0, done.stderr
        assert place.held(url) == place.held(place.arena.url)
        with psycopg.connect(url) as session:  # the negative control: with another journal it is there again
            assert session.execute("SELECT count(*) FROM vault_vault WHERE wrapped IS NOT NULL").fetchone() == (1,)
        place.admin("DROP DATABASE {name}", name=place.arena.name + "_new")

    def test_refuses_while_somebody_works_there(self, place, sealed, key):
        with psycopg.connect(place.arena.url):
            done = self.restore(place, sealed[0], place.arena.name, *self.MEANT, BACKUP_KEY_FILE=str(key))
        assert done.returncode == 1
        assert "still work" in done.stderr
        assert place.databases() == {""}

    def test_says_that_the_key_is_another(self, place, sealed, tmp_path):
        (tmp_path / "key").write_bytes(b"x" * 40)
        before = place.held(place.arena.url)
        for env, why in (
            ({"BACKUP_KEY_FILE": str(tmp_path / "key")}, "was encrypted with the key"),
            ({}, "Name the file"),
        ):
            done = self.restore(place, sealed[0], place.arena.name, *self.MEANT, **env)
            assert done.returncode == 1
            assert why in done.stderr
            assert "Traceback" not in done.stderr
        assert (place.databases(), place.held(place.arena.url)) == ({""}, before)

    @pytest.mark.parametrize("sidecar", [True, False])
    def test_refuses_a_file_that_was_changed(self, place, sealed, key, tmp_path, sidecar):
        file = tmp_path / sealed[0].name
        content = bytearray(sealed[0].read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        if sidecar:
            (tmp_path / f"{file.name}.json").write_bytes(sealed[0].with_name(f"{file.name}.json").read_bytes())
        before = place.held(place.arena.url)
        done = self.restore(place, file, place.arena.name, *self.MEANT, BACKUP_KEY_FILE=str(key))
        assert done.returncode == 1
        assert "changed" in done.stderr
        assert (place.databases(), place.held(place.arena.url)) == ({""}, before)


class TestEnvelope:
    KEY = b"k" * 32

    def sealed(self, content):
        return b"".join(envelopes.seal([content[i : i + 70_001] for i in range(0, len(content), 70_001)], self.KEY))

    def opened(self, content, key=KEY):
        return b"".join(envelopes.unseal([content[i : i + 50_021] for i in range(0, len(content), 50_021)], key))

    @pytest.mark.parametrize(
        "size", [0, 1, envelopes.CHUNK - 1, envelopes.CHUNK, envelopes.CHUNK + 1, 2 * envelopes.CHUNK]
    )
    def test_gives_back_what_was_put_in(self, size):
        content = os.urandom(size)
        assert self.opened(self.sealed(content)) == content

    def test_is_never_the_same_twice(self):
        assert self.sealed(b"same") != self.sealed(b"same")

    def test_notices_a_cut_a_swap_and_a_change(self):
        whole = self.sealed(os.urandom(3 * envelopes.CHUNK))
        head, step = 32, envelopes.CHUNK + 16
        chunks = [whole[head + i * step : head + (i + 1) * step] for i in range(3)]
        for broken in (
            whole[: head + step], whole[: head + 2 * step], whole[:-1], whole[:head], whole[:10], b"",
            whole[:head] + chunks[1] + chunks[0] + chunks[2], whole + b"x",
            whole[:20] + bytes([whole[20] ^ 1]) + whole[21:], whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:],
        ):  # fmt: skip
            with pytest.raises(envelopes.Damaged):
                self.opened(broken)

    def test_tells_a_wrong_key_from_damage(self):
        with pytest.raises(envelopes.BadKey, match="was encrypted with the key"):
            self.opened(self.sealed(b"x"), b"o" * 32)


@pytest.mark.django_db
class TestAge:
    NOW = dt.datetime(2026, 11, 10, 12, tzinfo=dt.UTC)

    def tried(self, hours, failure=""):
        at = self.NOW - dt.timedelta(hours=hours)
        BackupRun.objects.create(started_at=at, finished_at=at, failure=failure)

    def card(self, time_machine, role=Role.TREASURER):
        time_machine.move_to(self.NOW, tick=False)
        return next(room.office_cards(roles=frozenset({role}), on=self.NOW.date()), None)

    def set_up(self, hours):
        MigrationRecorder.Migration.objects.update(applied=self.NOW - dt.timedelta(hours=hours))

    @pytest.mark.parametrize(("hours", "tone"), [(1, "calm"), (26, "calm"), (26.1, "bad")])
    def test_is_red_without_any_a_day_after_the_beginning(self, time_machine, hours, tone):
        self.set_up(hours)
        card = self.card(time_machine)
        assert (card.title, card.tone) == ("No verified backup yet", tone)
        assert ("within a day" in card.text) == (tone == "calm")

    @pytest.mark.parametrize(("hours", "tone"), [(1, "calm"), (26, "calm"), (26.1, "bad")])
    def test_is_red_after_26_hours(self, time_machine, hours, tone):
        self.tried(hours)
        assert self.card(time_machine).tone == tone

    def test_says_that_the_last_attempt_failed(self, time_machine):
        self.tried(5)
        self.tried(1, "The disk is full.")
        card = self.card(time_machine, Role.ADMINISTRATOR)
        assert (card.tone, "The disk is full." in card.text) == ("warn", True)

    def test_counts_no_failure_as_a_backup(self, time_machine):
        self.tried(1, "No.")
        self.set_up(1)
        assert self.card(time_machine).tone == "warn"
        self.set_up(27)
        assert self.card(time_machine).tone == "bad"

    def test_is_for_those_who_can_do_something(self, time_machine):
        assert self.card(time_machine, Role.CLAIMS_OFFICER) is None

    def test_is_due_once_a_night(self, settings):
        settings.TIME_ZONE = "Europe/Berlin"
        night = dt.datetime(2026, 11, 10, 1, tzinfo=dt.UTC)  # two o'clock in Berlin
        self.tried(14)  # made the evening before
        assert not backups.is_due(night - dt.timedelta(minutes=1))
        assert backups.is_due(night)
        BackupRun.objects.create(started_at=night, finished_at=night, failure="No.")
        assert backups.is_due(night + dt.timedelta(minutes=30))
        BackupRun.objects.create(started_at=night, finished_at=night)
        assert not backups.is_due(night + dt.timedelta(hours=20))
        assert backups.is_due(night + dt.timedelta(hours=24))

"""R-D1: PostgreSQL killed outright under four writers. What was acknowledged is there; what was not is sent again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import psycopg
import pytest

from tests.arena import CHECKOUT, START
from tests.faults.cluster import Cluster

pytestmark = pytest.mark.xdist_group("killed-server")

PREPARE = START + textwrap.dedent("""
    book = chart.coop_book()
    chart.open(book=book, code="assets:bank:main", type=AccountType.ASSET, currency="EUR", busy=True)
    for n in range(4):
        chart.open(book=book, code=f"equity:fund:w{n}", type=AccountType.EQUITY, currency="EUR")
""")

WRITE = START + textwrap.dedent("""
    from django.db import Error
    run, name = sys.argv[1:]
    book = chart.coop_book()
    bank = chart.find(book=book, code="assets:bank:main", currency="EUR")
    fund = chart.find(book=book, code=f"equity:fund:{name}", currency="EUR")
    n = 0
    while True:
        key = f"kill/{run}/{name}/{n}"
        try:
            journal.post(kind=Kind.COST_PAID, key=key, date=ON, recorded_by=None, document=f"{run}/{n}",
                         transfers=[journal.move(Money(1, "EUR"), debit=bank, credit=fund)])
        except Error:
            connection.close()
            continue
        os.write(1, f"{key}\\n".encode())
        n += 1
""")

CHECK = START + textwrap.dedent("""
    keys = sys.stdin.read().split()
    lost = [key for key in keys if not journal.is_recorded(journal.entry_id_of(key))]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_transfer WHERE document LIKE %s", [f"{sys.argv[1]}/%"])
        (there,) = cursor.fetchone()
    print(len(lost), there, len(list(audit.findings())))
""")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster") / "checkout")
    for arguments in (("manage.py", "migrate", "--verbosity", "0"), ("-c", PREPARE)):
        done = python(cluster, *arguments)
        assert done.returncode == 0, done.stderr
    yield cluster
    cluster.remove()


def environment(cluster):
    return {
        **os.environ, "DATABASE_URL": cluster.url, "DJANGO_SETTINGS_MODULE": "mutual.settings",
        "PYTHONPATH": str(CHECKOUT),
    }  # fmt: skip


def python(cluster, *arguments, **options):
    return subprocess.run(
        [sys.executable, *arguments], cwd=CHECKOUT, env=environment(cluster), text=True, capture_output=True,
        timeout=120, check=False, **options,
    )  # fmt: skip


def killed(cluster, tmp_path, times, run):
    """Kill the server so often under four writers: (acknowledged, lost, there, findings, slowest recovery)."""
    dice, slowest = random.Random(times), 0.0
    said = [tmp_path / f"writer-{n}" for n in range(4)]
    writers = []
    for n, path in enumerate(said):
        with path.open("wb") as out:
            command = [sys.executable, "-c", WRITE, run, f"w{n}"]
            writers.append(subprocess.Popen(command, cwd=CHECKOUT, env=environment(cluster), stdout=out))
    try:
        for _ in range(times):
            before = [path.stat().st_size for path in said]
            deadline = time.monotonic() + 60
            while not all(path.stat().st_size > size for path, size in zip(said, before, strict=True)):
                assert time.monotonic() < deadline, "Somebody does not write."
                time.sleep(0.01)
            time.sleep(dice.uniform(0.1, 0.5))
            assert cluster.kill() > 4
            slowest = max(slowest, cluster.start())
    finally:
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            writer.wait()
    keys = "".join(path.read_text() for path in said)
    done = python(cluster, "-c", CHECK, run, input=keys)
    assert done.returncode == 0, done.stderr[-2000:]
    lost, there, findings = map(int, done.stdout.split())
    return len(keys.split()), lost, there, findings, slowest


class TestKilledServer:
    def nothing_is_lost(self, cluster, tmp_path, times):
        acknowledged, lost, there, findings, slowest = killed(cluster, tmp_path, times, f"K-{times}")
        assert lost == 0
        assert findings == 0
        # Each writer may have one on its way that it was never told of.
        assert acknowledged <= there <= acknowledged + 4
        assert acknowledged > 50 * times
        assert slowest < 30

    def test_loses_nothing_that_was_acknowledged(self, cluster, tmp_path):
        self.nothing_is_lost(cluster, tmp_path, 3)

    @pytest.mark.soak
    def test_loses_nothing_in_fifteen_kills(self, cluster, tmp_path):
        self.nothing_is_lost(cluster, tmp_path, 15)

    def test_loses_something_where_commits_do_not_wait_for_the_disk(self, cluster, tmp_path):
        """Last, for it takes the protection (synchronous_commit) away, so that the kills are known to strike."""
        with psycopg.connect(cluster.url, autocommit=True) as session:
            session.execute("ALTER DATABASE mutual SET synchronous_commit = off")
            session.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
            session.execute("SELECT pg_reload_conf()")
        acknowledged, lost, there, findings, _slowest = killed(cluster, tmp_path, 3, "control")
        assert lost > 0
        assert there < acknowledged
        assert findings == 0

"""The same transfers by django-hordak 2.0, in an environment and a database of its own on the same server."""

from __future__ import annotations

import datetime as dt
import json
import os
import pathlib
import statistics
import subprocess
import sys

import psycopg
from django.db import connection
from psycopg import sql

from mutual.ledger import chart, journal
from mutual.ledger.kinds import AccountType, Kind
from mutual.money import Money
from tests.bench.measure import ROUNDS, report, seconds

COUNT = int(os.environ.get("BENCH_HORDAK", "10000"))
PAIRS = 100
DAY = dt.date(2026, 10, 1)
HOME = pathlib.Path(__file__).resolve().parents[2] / "var" / "bench" / "hordak"
PACKAGES = ("django-hordak==2.0.0", "psycopg[binary]==3.3.*")

# Its own way of moving money (Account.transfer_to), in its own process; a line in is a round, a line out its seconds.
PROGRAM = """
import json, sys, time
import django
from django.conf import settings

dsn, count, pairs = json.loads(sys.stdin.readline())
settings.configure(
    DATABASES={"default": {
        "ENGINE": "django.db.backends.postgresql", "NAME": dsn["dbname"], "USER": dsn.get("user"),
        "PASSWORD": dsn.get("password"), "HOST": dsn.get("host"), "PORT": dsn.get("port"),
        "OPTIONS": {"options": "-c synchronous_commit=off"},
    }},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "mptt", "hordak"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", USE_TZ=True,
    DEFAULT_CURRENCY="EUR", CURRENCIES=["EUR"], HORDAK_INTERNAL_CURRENCY="EUR",
)
django.setup()
from django.core.management import call_command
from django.db import connection, transaction
from hordak.models import Account, AccountType, Leg
from moneyed import Money

call_command("migrate", verbosity=0)
accounts = []
for n in range(pairs):
    accounts.append(tuple(
        Account.objects.create(name=f"{side} {n}", code=f"{place}{n:03}", type=AccountType.asset, currencies=["EUR"])
        for place, side in ((1, "One"), (2, "Two"))
    ))
with connection.cursor() as cursor:
    cursor.execute("VACUUM ANALYZE")
print("ready", flush=True)

def move(n):
    one, two = accounts[n % pairs]
    # Each transfer in a transaction: the check that its two legs balance waits for the commit.
    with transaction.atomic():
        two.transfer_to(one, Money("12.34", "EUR"))

for line in sys.stdin:
    before = Leg.objects.count()
    started = time.perf_counter()
    if line.strip() == "bulk":
        with transaction.atomic():
            for n in range(count):
                one, two = accounts[n % pairs]
                two.transfer_to(one, Money("12.34", "EUR"))
    else:
        for n in range(count):
            move(n)
    took = time.perf_counter() - started
    assert Leg.objects.count() == before + 2 * count
    print(took, flush=True)
"""


def environment(home: pathlib.Path = HOME) -> pathlib.Path:
    """The Python of django-hordak's virtual environment, made at the first call."""
    python = home / "bin" / "python"
    if not (home / "made").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True, stdout=sys.stderr)
        subprocess.run([python, "-m", "pip", "install", "-qq", *PACKAGES], check=True, stdout=sys.stderr)
        (home / "made").touch()
    return python


def hordak(count: int = COUNT) -> list[dict]:
    """Transfers in one transaction, and in one each, by turns; without waiting for the disk on either side."""
    python = environment()
    book = chart.coop_book()
    accounts = [
        tuple(
            chart.open(book=book, code=f"assets:hordak:{side}-{n}", type=AccountType.ASSET, currency="EUR")
            for side in ("one", "two")
        )
        for n in range(PAIRS)
    ]
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE ledger_account, ledger_balance, ledger_transfer")
        cursor.execute("SET synchronous_commit = off")

    def bulk(turn: int) -> None:
        rows = (
            journal.Row(f"hordak/bulk-{turn}/{n}", accounts[n % PAIRS][0].pk, accounts[n % PAIRS][1].pk, 1234, "EUR")
            for n in range(count)
        )
        posted = journal.post_many(kind=Kind.COST_PAID, date=DAY, rows=rows, recorded_by=1, chunk=count)
        assert posted.inserted == count

    def single(turn: int) -> None:
        for n in range(count):
            one, two = accounts[n % PAIRS]
            journal.post(
                kind=Kind.COST_PAID, key=f"hordak/single-{turn}/{n}", date=DAY, recorded_by=1,
                transfers=[journal.move(Money("12.34", "EUR"), debit=one, credit=two)],
            )  # fmt: skip

    params = connection.get_connection_params()
    dsn = {key: params[key] for key in ("user", "password", "host", "port") if params.get(key)}
    database = f"{params['dbname']}_hordak"
    ours: dict[str, list[float]] = {"bulk": [], "single": []}
    theirs: dict[str, list[float]] = {"bulk": [], "single": []}
    _admin(dsn | {"dbname": params["dbname"]}, "CREATE DATABASE {}", database)
    process = subprocess.Popen([python, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(json.dumps([dsn | {"dbname": database}, count, PAIRS]) + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n", "django-hordak did not start; see above"
        for turn in range(ROUNDS):
            for name, work in (("bulk", bulk), ("single", single)):
                ours[name].append(count / seconds(lambda: work(turn)))  # noqa: B023
                process.stdin.write(name + "\n")
                process.stdin.flush()
                theirs[name].append(count / float(process.stdout.readline()))
    finally:
        process.stdin.close()
        process.wait()
        _admin(dsn | {"dbname": params["dbname"]}, "DROP DATABASE {} WITH (FORCE)", database)
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = on")
    return [
        report(
            f"hordak_{name}", statistics.median(ours[name]), "transfers/s", statistics.median(theirs[name]),
            higher_is_better=True, transfers=count,
        )
        for name in ("bulk", "single")
    ]  # fmt: skip


def _admin(dsn: dict, statement: str, name: str) -> None:
    with psycopg.connect(**dsn, autocommit=True) as plain:
        plain.execute(sql.SQL(statement).format(sql.Identifier(name)))

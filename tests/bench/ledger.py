"""The ledger's speed against the bare floor of the same database in the same run."""

from __future__ import annotations

import datetime as dt
import statistics
import threading
import time

import psycopg
from django.db import connection, connections
from psycopg import sql

from mutual.ledger import audit, balances, chart, journal
from mutual.ledger.kinds import AccountType, Kind
from mutual.money import Money
from mutual.periods import Period
from tests.bench.measure import MEMBERS, ROUNDS, TRANSFERS, median, report, seconds

DAY = dt.date(2026, 10, 1)


def run(statement: str, *parameters: object) -> list[tuple]:
    """Run SQL on Django's connection."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []


def open_accounts(count: int) -> tuple[int, int]:
    """Receivable and deferred accounts of ``count`` people, opened in sets; returns a fund's and a bank's id."""
    book = chart.coop_book()
    for first in range(0, count, 10_000):
        people = range(first, min(first + 10_000, count))
        chart.open_many(
            book=book,
            accounts=[
                chart.NewAccount(f"{sort}:M-{n:06}", kind, "EUR", n)
                for n in people
                for sort, kind in (
                    ("assets:dues-receivable", AccountType.ASSET),
                    ("liabilities:dues-deferred", AccountType.LIABILITY),
                )
            ],
        )
    fund = chart.open(book=book, code="equity:fund:bench", type=AccountType.EQUITY, currency="EUR", busy=True)
    bank = chart.open(book=book, code="assets:bank:bench", type=AccountType.ASSET, currency="EUR", busy=True)
    run("VACUUM ANALYZE ledger_account")
    run("VACUUM ANALYZE ledger_balance")
    return fund.pk, bank.pk


_PAIRS = """
    SELECT 'dues/{round}/' || right(d.code, 8) || '/charged' AS key, 0 AS line, d.id AS debit_id, c.id AS credit_id,
           4500::bigint AS amount, d.currency_id, right(d.code, 6) AS document
      FROM ledger_account d JOIN ledger_account c
        ON c.book_id = 1 AND c.code = 'liabilities:dues-deferred:' || right(d.code, 8)
     WHERE d.book_id = 1 AND d.code >= 'assets:dues-receivable:M-{first:06}'
       AND d.code < 'assets:dues-receivable:M-{last:06}'
"""


def ledger_230k(members: int = MEMBERS) -> list[dict]:
    """``post_many`` of a transfer for everybody in durable chunks, against bare COPY of the same rows."""
    open_accounts(members)
    bare, from_sql, from_python, again = [], [], [], []
    for number in range(ROUNDS):
        started = time.perf_counter()
        for first in range(0, members, journal.CHUNK):
            query = sql.SQL(_PAIRS.format(round=f"sql{number}", first=first, last=first + journal.CHUNK))
            journal.post_query(kind=Kind.DUES_CHARGED, date=DAY, query=query, recorded_by=None)
        from_sql.append(time.perf_counter() - started)

        pairs = run(_PAIRS.format(round=f"py{number}", first=0, last=members))
        rows = [journal.Row(key, debit, credit, amount, "EUR", document)
                for key, _, debit, credit, amount, _, document in pairs]  # fmt: skip
        from_python.append(
            seconds(lambda: journal.post_many(kind=Kind.DUES_CHARGED, date=DAY, rows=rows, recorded_by=None))  # noqa: B023
        )
        again.append(
            seconds(lambda: journal.post_many(kind=Kind.DUES_CHARGED, date=DAY, rows=rows, recorded_by=None))  # noqa: B023
        )
        bare.append(_bare_copy(pairs))
    floor = statistics.median(bare)
    return [
        report("ledger_230k", statistics.median(from_sql), "s", floor, rows=members, source="sql"),
        report("ledger_230k_python", statistics.median(from_python), "s", floor, rows=members, source="python"),
        report("ledger_230k_again", statistics.median(again), "s", statistics.median(from_python), rows=members),
    ]


def _bare_copy(pairs: list[tuple]) -> float:
    """COPY of as many rows into a table with the same columns and indexes, no trigger."""
    run("DROP TABLE IF EXISTS bare_transfer")
    run("CREATE TABLE bare_transfer (LIKE ledger_transfer INCLUDING ALL)")
    # The table the ledger writes into is not empty; neither is this one.
    run("INSERT INTO bare_transfer SELECT * FROM ledger_transfer")
    import hashlib
    import uuid

    ready = [
        (
            uuid.UUID(bytes=hashlib.sha256(b"head").digest()[:4] + hashlib.sha256(key.encode()).digest()[:12]),
            amount, debit, credit, 1, DAY, int(Kind.DUES_CHARGED), unit, document,
        )
        for key, _, debit, credit, amount, unit, document in pairs
    ]  # fmt: skip
    started = time.perf_counter()
    with connection.cursor() as cursor:
        statement = (
            "COPY bare_transfer (id, amount, debit_id, credit_id, book_id, booked_on, kind, currency_id, document) "
            "FROM STDIN (FORMAT BINARY)"
        )
        with cursor.copy(statement) as copy:
            copy.set_types(["uuid", "int8", "int8", "int8", "int4", "date", "int2", "int2", "text"])
            for row in ready:
                copy.write_row(row)
    took = time.perf_counter() - started
    run("DROP TABLE bare_transfer")
    return took


def post_single(count: int = 2000) -> list[dict]:
    """``journal.post`` of a two-account entry, one commit each, against the bare SQL transfer by psycopg."""
    book = chart.coop_book()
    one = chart.open(book=book, code="assets:bench:one", type=AccountType.ASSET, currency="EUR")
    two = chart.open(book=book, code="assets:bench:two", type=AccountType.ASSET, currency="EUR")
    run("DROP TABLE IF EXISTS bare_balance, bare_move")
    run("CREATE TABLE bare_balance (id bigint PRIMARY KEY, amount bigint NOT NULL) WITH (fillfactor = 45)")
    run("CREATE TABLE bare_move (LIKE ledger_transfer INCLUDING ALL)")
    run("INSERT INTO bare_balance VALUES (1, 0), (2, 0)")
    ours: dict[str, list[float]] = {"off": [], "on": []}
    bare: dict[str, list[float]] = {"off": [], "on": []}
    serial = 0
    with psycopg.connect(**_dsn(), autocommit=False) as plain:
        for _ in range(ROUNDS):
            for durable in ("off", "on"):
                run(f"SET synchronous_commit = {durable}")
                plain.execute(f"SET synchronous_commit = {durable}")
                plain.commit()
                started = time.perf_counter()
                for _ in range(count):
                    serial += 1
                    journal.post(
                        kind=Kind.COST_PAID, key=f"bench/single/{serial}", date=DAY, recorded_by=1,
                        transfers=[journal.move(Money("12.34", "EUR"), debit=one, credit=two)],
                    )  # fmt: skip
                ours[durable].append(count / (time.perf_counter() - started))
                started = time.perf_counter()
                for _ in range(count):
                    plain.execute("UPDATE bare_balance SET amount = amount + %s WHERE id = %s", (1234, 1))
                    plain.execute("UPDATE bare_balance SET amount = amount - %s WHERE id = %s", (1234, 2))
                    plain.execute(
                        "INSERT INTO bare_move "
                        "(id, amount, debit_id, credit_id, book_id, booked_on, kind, currency_id) "
                        "VALUES (gen_random_uuid(), %s, %s, %s, %s, %s, %s, %s)",
                        (1234, 1, 2, 1, DAY, 20, 1),
                    )
                    plain.commit()
                bare[durable].append(count / (time.perf_counter() - started))
    run("SET synchronous_commit = on")
    run("DROP TABLE bare_balance, bare_move")
    return [
        report(
            "post_single", statistics.median(ours["off"]), "posts/s", statistics.median(bare["off"]),
            higher_is_better=True, durable=round(statistics.median(ours["on"])),
            durable_baseline=round(statistics.median(bare["on"])),
        )
    ]  # fmt: skip


def _dsn() -> dict:
    settings = connection.get_connection_params()
    return {key: value for key, value in settings.items() if key in ("dbname", "user", "password", "host", "port")}


def post_hot(clients: int = 16, count: int = 150) -> list[dict]:
    """Clients that all pay into one fund and one bank account, against clients on accounts of their own."""
    book = chart.coop_book()
    fund = chart.open(book=book, code="equity:fund:hot", type=AccountType.EQUITY, currency="EUR", busy=True)
    bank = chart.open(book=book, code="assets:bank:hot", type=AccountType.ASSET, currency="EUR", busy=True)
    own = [
        (
            chart.open(book=book, code=f"assets:bench:own-{n}", type=AccountType.ASSET, currency="EUR"),
            chart.open(book=book, code=f"equity:bench:own-{n}", type=AccountType.EQUITY, currency="EUR"),
        )
        for n in range(clients)
    ]
    run("VACUUM ANALYZE ledger_balance")
    hot_rates, own_rates = [], []
    for number in range(ROUNDS):
        hot_rates.append(_together(clients, count, f"hot{number}", [(bank, fund)] * clients))
        own_rates.append(_together(clients, count, f"own{number}", own))
    return [
        report(
            f"post_hot_{clients}", statistics.median(hot_rates), "posts/s", statistics.median(own_rates),
            higher_is_better=True,
        )
    ]  # fmt: skip


def _together(clients: int, count: int, name: str, accounts: list) -> float:
    ready = threading.Barrier(clients + 1)

    def client(number: int) -> None:
        debit, credit = accounts[number]
        connection.ensure_connection()
        ready.wait()
        for n in range(count):
            journal.post(
                kind=Kind.DUES_PAID, key=f"bench/{name}/{number}/{n}", date=DAY, recorded_by=None,
                transfers=[journal.move(Money(10, "EUR"), debit=debit, credit=credit)],
            )  # fmt: skip
        connections.close_all()

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    return clients * count / (time.perf_counter() - started)


_FILL = """
    SELECT 'fill/{month}/' || right(d.code, 8) AS key, 0 AS line, d.id AS debit_id, c.id AS credit_id,
           4500::bigint AS amount, d.currency_id, right(d.code, 6) AS document
      FROM ledger_account d JOIN ledger_account c
        ON c.book_id = 1 AND c.code = 'liabilities:dues-deferred:' || right(d.code, 8)
     WHERE d.book_id = 1 AND d.code LIKE 'assets:dues-receivable:M-%%'
"""
_FILL_FUND = """
    SELECT 'fill/{month}/' || right(d.code, 8) AS key, 0 AS line, d.id AS debit_id, {fund}::bigint AS credit_id,
           4500::bigint AS amount, d.currency_id, right(d.code, 6) AS document
      FROM ledger_account d WHERE d.book_id = 1 AND d.code LIKE 'liabilities:dues-deferred:M-%%'
"""


def fill(transfers: int, fund: int | None = None) -> int:
    """Fill the books up to so many transfers, a month of everybody at a time; returns how many there are.

    With a fund, each month of charges is followed by a month of payments into it.
    """
    (people,) = run("SELECT count(*) FROM ledger_account WHERE code LIKE 'assets:dues-receivable:M-%'")[0]
    month = 0
    while (there := run("SELECT count(*) FROM ledger_transfer")[0][0]) < transfers and people:
        back = month // 2 if fund else month
        day = dt.date(2026 - back // 12, 12 - back % 12, 15)
        query = _FILL_FUND if fund and month % 2 else _FILL
        journal.post_query(
            kind=Kind.DUES_CHARGED, date=day, query=sql.SQL(query.format(month=month, fund=fund)), recorded_by=None
        )
        month += 1
    run("VACUUM ANALYZE ledger_transfer")
    run("VACUUM ANALYZE ledger_balance")
    return int(there)


def big_books(transfers: int = TRANSFERS) -> list[dict]:
    """A member's statement and the audit with many transfers in the books, half of them into one fund."""
    if not run("SELECT 1 FROM ledger_account WHERE code LIKE 'assets:dues-receivable:M-%' LIMIT 1"):
        open_accounts(MEMBERS)
    fund = chart.open(
        book=chart.coop_book(), code="equity:fund:bench", type=AccountType.EQUITY, currency="EUR", busy=True
    )
    assert not list(audit.findings())  # every room is at hand before the clock runs
    there = fill(transfers, fund.pk)
    (owner,) = run(
        "SELECT owner_id FROM ledger_account WHERE owner_id IS NOT NULL ORDER BY owner_id OFFSET 77 LIMIT 1"
    )[0]
    year = Period(dt.date(2026, 1, 1), dt.date(2027, 1, 1))

    def statement() -> None:
        balances.statements(chart.owned_by(owner), year)

    def bare_statement() -> None:
        run(
            "SELECT t.* FROM ledger_account a JOIN ledger_transfer t ON t.book_id = 1 AND t.booked_on >= %s "
            "AND t.booked_on < %s AND (t.debit_id = a.id) WHERE a.owner_id = %s "
            "UNION ALL SELECT t.* FROM ledger_account a JOIN ledger_transfer t ON t.book_id = 1 AND t.booked_on >= %s "
            "AND t.booked_on < %s AND (t.credit_id = a.id) WHERE a.owner_id = %s",
            year.start, year.end, owner, year.start, year.end, owner,
        )  # fmt: skip

    for warm in (statement, bare_statement):
        warm()
    results = [
        report("statement_10m", median(statement, 25) * 1000, "ms", median(bare_statement, 25) * 1000, transfers=there)
    ]
    found: list = []
    took = median(lambda: found.extend(audit.findings(with_seals=False)))
    assert not found, found[:3]
    bare = median(
        lambda: (
            run("SELECT debit_id, sum(amount) FROM ledger_transfer GROUP BY 1 ORDER BY 2 LIMIT 1")
            and run("SELECT credit_id, sum(amount) FROM ledger_transfer GROUP BY 1 ORDER BY 2 LIMIT 1")
        )
    )
    results.append(report("audit_10m", took, "s", bare, transfers=there))
    return results

"""Charging everybody, against COPY of the same rows into the same tables and indexes without triggers or checks."""

from __future__ import annotations

import datetime as dt
import statistics

from django.db import connection

from mutual.jobs.models import Run
from mutual.money import Money
from mutual.periods import parse
from pooling import accounts, dues, funds
from tests.bench.measure import MEMBERS, ROUNDS, report, seconds

FIRST = dt.date(2026, 1, 1)


def run(statement: str, *parameters: object) -> list[tuple]:
    """Run SQL on Django's connection."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []


def people(count: int) -> None:
    """So many members on a plan, set-wise."""
    run(
        "INSERT INTO members_member (number, status, name, email, trade, street, postcode, city, country, language, "
        "currency, applied_on, joined_on, motivation, decline_reason) SELECT 'M-' || lpad(n::text, 6, '0'), 'ACTIVE', "
        "'Member', 'm' || n || '@bench.example', '', '', '', '', 'DE', 'en', 'EUR', %s, %s, '', '' "
        "FROM generate_series(1, %s) AS n",
        FIRST, FIRST, count,
    )  # fmt: skip
    rows = run("SELECT id, number, currency FROM members_member ORDER BY id")
    for first in range(0, len(rows), 10_000):
        accounts.open_for(rows[first : first + 10_000])
    fund = funds.open_fund(name="Bench", description="", promise="VARYING", currency="EUR", target=None, by=1, on=FIRST)
    plan = dues.open_plan(
        name="Bench", every="MONTH", amount=Money(45, "EUR"), shares=[(fund.pk, 1)], valid_from=FIRST, days_to_pay=14,
        by=1,
    )  # fmt: skip
    run("INSERT INTO pooling_planmember (member_id, plan_id, since) SELECT id, %s, %s FROM members_member",
        plan.pk, FIRST)  # fmt: skip
    for table in ("members_member", "ledger_account", "ledger_balance", "pooling_duesaccounts", "pooling_planmember"):
        run(f"VACUUM ANALYZE {table}")


def dues_230k(members: int = MEMBERS) -> list[dict]:
    """Some months of everybody, one a round; each against COPY of that month's rows, and then again."""
    people(members)
    ours, floor, again = [], [], []
    for label in (f"2026-{number:02}" for number in range(3, 3 + min(ROUNDS, 9))):
        period = parse(label)
        ours.append(seconds(lambda: dues.charge_period(period=period, on=dt.date(2026, 12, 1), by=None)))  # noqa: B023
        floor.append(_copy(label))
        Run.objects.all().delete()
        again.append(seconds(lambda: dues.charge_period(period=period, on=dt.date(2026, 12, 1), by=None)))  # noqa: B023
    value = statistics.median(ours)
    return [
        report("dues_230k", value, "s", statistics.median(floor), members=members),
        report("dues_230k_again", statistics.median(again), "s", value, members=members),
    ]


def _copy(label: str) -> float:
    """COPY a month's charges and transfers, and every balance, into tables with the same columns and indexes."""
    wanted = (
        ("pooling_charge", f"WHERE period = '{label}'"),
        ("ledger_transfer", f"WHERE document = 'DUES-{label}'"),
        ("ledger_balance", ""),
    )
    took = 0.0
    for table, which in wanted:
        run(f"DROP TABLE IF EXISTS bare_{table}")
        run(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)")
        if which:
            run(f"INSERT INTO bare_{table} SELECT * FROM {table} {which.replace('=', '<>')}")
        with connection.cursor() as cursor:
            with cursor.copy(f"COPY (SELECT * FROM {table} {which}) TO STDOUT") as copy:
                rows = b"".join(bytes(block) for block in copy)

            def put(table: str = table, rows: bytes = rows) -> None:
                with cursor.copy(f"COPY bare_{table} FROM STDIN") as copy:
                    copy.write(rows)

            took += seconds(put)
        run(f"DROP TABLE bare_{table}")
    return took

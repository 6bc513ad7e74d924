"""The pages everybody opens, with ten thousand members and a million transfers in the books."""

from __future__ import annotations

import datetime as dt
import os
import statistics

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from psycopg import sql

from members.models import Member, User
from mutual import rooms
from mutual.ledger import chart, journal
from mutual.ledger.kinds import AccountType, Kind
from mutual.periods import parse
from pooling import dues
from pooling.models import Fund
from tests.bench.dues import people, run
from tests.bench.ledger import fill
from tests.bench.measure import report, seconds

MEMBERS = min(int(os.environ.get("BENCH_MEMBERS", "10000")), 10_000)
TRANSFERS = min(int(os.environ.get("BENCH_TRANSFERS", "1000000")), 1_000_000)
MONTHS = [f"2026-{month:02}" for month in range(1, 11)]
BARE = {
    "home_page": (
        (
            "SELECT a.code, b.amount FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id "
            "WHERE a.owner_id = %(member)s"
        ),
        "SELECT * FROM pooling_charge WHERE member_id = %(member)s AND amount > paid + written_off",
        "SELECT * FROM pooling_payment WHERE member_id = %(member)s ORDER BY received_on DESC LIMIT 12",
    ),
    "funds_page": (
        (
            "SELECT f.name, sum(b.amount) FROM pooling_fund f JOIN ledger_balance b ON b.account_id = f.account_id "
            "GROUP BY f.id"
        ),
        (
            "SELECT t.booked_on, sum(t.amount) FROM pooling_fund f JOIN ledger_transfer t ON t.book_id = 1 "
            "AND t.credit_id = f.account_id GROUP BY 1"
        ),
    ),
}
"""What the page's figures come from, as plain SQL."""


def pages(members: int = MEMBERS, transfers: int = TRANSFERS) -> list[dict]:
    """Server time of the home page and the funds page, and the queries they make with little and with much."""
    people(members)
    chosen = Member.objects.order_by("id")[members // 2]
    chosen.user = User.objects.create_user("bench@bench.example", "open sesame now")
    chosen.save()
    rooms.on_admitted(member_id=chosen.pk, number=chosen.number, currency="EUR", on=dt.date(2026, 1, 1))
    client = Client()
    client.force_login(chosen.user)
    few = {name: _queries(client, url) for name, url in URLS.items()}
    for label in MONTHS:
        dues.charge_period(period=parse(label), on=dt.date(2026, 12, 1), by=None)
    _fill_fund(transfers // 2)
    there = fill(transfers)
    run("VACUUM ANALYZE")
    results = []
    for name, url in URLS.items():
        many = _queries(client, url)
        took = statistics.median(seconds(lambda: client.get(url)) for _ in range(25))  # noqa: B023
        bare = statistics.median(seconds(lambda: _bare(name, chosen.pk)) for _ in range(25))  # noqa: B023
        results.append(
            report(
                name,
                took * 1000,
                "ms",
                bare * 1000,
                members=members,
                transfers=there,
                queries=many,
                queries_when_empty=few[name],
            )
        )
    return results


def _fill_fund(transfers: int) -> None:
    """Payments into the fund over two years, so that its chart has something to add up."""
    fund = Fund.objects.select_related("account").get(name="Bench")
    bank = chart.open(
        book=chart.coop_book(), code="assets:bank:bench", type=AccountType.ASSET, currency="EUR", busy=True
    )
    for month in range(24):
        journal.post_query(
            kind=Kind.DUES_PAID, date=dt.date(2025 + month // 12, month % 12 + 1, 15), recorded_by=None,
            query=sql.SQL(
                "SELECT 'payment/bench-{month}-' || n || '/recorded' AS key, 0 AS line, {bank} AS debit_id, "
                "{fund} AS credit_id, 4500::bigint AS amount, {unit}::smallint AS currency_id, '' AS document "
                "FROM generate_series(1, {count}) AS n"
            ).format(
                month=sql.SQL(str(month)), bank=sql.Literal(bank.pk), fund=sql.Literal(fund.account_id),
                unit=sql.Literal(bank.currency_id), count=sql.Literal(transfers // 24),
            ),
        )  # fmt: skip


URLS = {"home_page": "/", "funds_page": "/funds/"}


def _queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as made:
        answer = client.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return len(made)


def _bare(name: str, member: int) -> None:
    with connection.cursor() as cursor:
        for statement in BARE[name]:
            cursor.execute(statement, {"member": member})
            cursor.fetchall()

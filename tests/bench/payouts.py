"""Paying 50,000 approved instalments under a cover index, against COPY of the same rows without triggers or checks."""

from __future__ import annotations

import datetime as dt
import os
import statistics

from django.db import connection

from members.models import User
from mutual.ledger import journal
from mutual.ledger.kinds import Kind
from mutual.money import Money
from pooling import accounts, funds
from pooling.models import Fund
from pooling.payouts import paying
from pooling.payouts.models import PayRun
from pooling.treasury import banks
from tests.bench.dues import run
from tests.bench.measure import report, seconds

ON = dt.date(2026, 6, 30)
COUNT = int(os.environ.get("BENCH_INSTALMENTS", "50000"))


def world(count: int) -> tuple[Fund, int]:
    """So many members, and a fund with half of what it will approve three times."""
    run(
        "INSERT INTO members_member (number, status, name, email, trade, street, postcode, city, country, language, "
        "currency, applied_on, joined_on, motivation, decline_reason) SELECT 'P-' || lpad(n::text, 6, '0'), 'ACTIVE', "
        "'Member', 'p' || n || '@bench.example', '', '', '', '', 'DE', 'en', 'EUR', %s, %s, '', '' "
        "FROM generate_series(1, %s) AS n",
        ON, ON, count,
    )  # fmt: skip
    rows = run("SELECT id, number, currency FROM members_member WHERE number LIKE 'P-%%' ORDER BY id")
    for first in range(0, len(rows), 10_000):
        accounts.open_for(rows[first : first + 10_000])
    fund = funds.open_fund(name="Pay", description="", promise="VARYING", currency="EUR", target=None, by=1, on=ON)
    bank = banks.open_account(name="Pay", iban="", bic="", currency="EUR", by=1, on=ON)
    start = accounts.opening("EUR")
    for key, debit, credit in (("bank", bank.account, start), ("fund", start, fund.account)):
        journal.post(
            kind=Kind.OPENING_BALANCE, key=f"bench/payouts/{key}", date=ON, recorded_by=None,
            transfers=[journal.move(Money(count * 1000, "EUR"), debit=debit, credit=credit)],
        )  # fmt: skip
    return Fund.objects.select_related("account__currency").get(pk=fund.pk), bank.pk


def approve(fund: Fund, month: int) -> None:
    """An approved instalment for everybody, set-wise: twice what the fund has this month, so the index is below one."""
    one, two = (User.objects.get_or_create(email=f"{name}@bench.example")[0].pk for name in ("one", "two"))
    run(
        "WITH claim AS (INSERT INTO claims_claim (number, form_key, member_id, fund_id, occasion, first_day, last_day, "
        "amount_claimed, amount_claimed_currency, amount_approved, amount_approved_currency, status, submitted_on, "
        "proposed_by_id, proposed_on, decided_by_id, decided_on, reason, "
        "needs_two, deviates, jury_granted, decided_before, ongoing, decisions) "
        "SELECT 'C' || %s || substr(m.number, 2), 'bench' || %s || m.number, m.id, %s, 'ILLNESS', %s, %s, "
        "100 + m.id %% 400, 'EUR', 100 + m.id %% 400, 'EUR', 'APPROVED', %s, %s, %s, %s, %s, '', true, false, "
        "false, '[]', false, 1 "
        "FROM members_member m WHERE m.number LIKE 'P-%%' RETURNING id, member_id, fund_id) "
        "INSERT INTO claims_instalment (claim_id, place, fund_id, payable_id, first_day, last_day, amount_due, state, "
        "set_aside_on) SELECT c.id, 1, c.fund_id, a.id, %s, %s, (100 + c.member_id %% 400) * 100, 'APPROVED', %s "
        "FROM claim c JOIN ledger_account a ON a.owner_id = c.member_id "
        "AND a.code LIKE 'liabilities:claims-payable:%%'",
        month, month, fund.pk, ON, ON, ON, one, ON, two, ON, ON, ON, ON,
    )  # fmt: skip
    (approved,) = run(
        "SELECT sum(amount_due) FROM claims_instalment WHERE fund_id = %s AND state = 'APPROVED'", fund.pk
    )[0]
    floor = Money(COUNT * 1000, "EUR") - Money(int(approved) * month // 200, "EUR")
    Fund.objects.filter(pk=fund.pk).update(floor=floor)
    run("VACUUM ANALYZE claims_claim, claims_instalment, payouts_payout, ledger_transfer, ledger_balance")


def pay_run_50k(count: int = COUNT) -> list[dict]:
    """Three runs over everybody, each against COPY of what it wrote."""
    fund, bank = world(count)
    ours, floor = [], []
    for month in (1, 2, 3):
        approve(fund, month)

        def pay(month: int = month) -> None:
            started = paying.start(fund_id=fund.pk, bank_id=bank, seen=None, form_key=f"{month:032x}", by=1, on=ON)
            paying.pay(number=started.number, by=1)

        ours.append(seconds(pay))
        done = PayRun.objects.latest("pk")
        assert (done.count, done.state) == (count, "PAID")
        assert done.parts < 10_000
        floor.append(_copy(done))
    return [
        report("pay_run_50k", statistics.median(ours), "s", statistics.median(floor), instalments=count,
               index=str(done.index))
    ]  # fmt: skip


def _copy(done: PayRun) -> float:
    """COPY what the run wrote, and every balance, into tables with the same columns and indexes."""
    mine = f"IN (SELECT instalment_id FROM payouts_payout WHERE run_id = {done.pk})"
    # A batch's ids begin alike: they hash the first two parts of its keys.
    batch = f"left(id::text, 8) = left(ledger_line_id(1, 'payrun/{done.number}/x', 0)::text, 8)"
    wanted = (
        ("payouts_payout", f"WHERE run_id = {done.pk}", f"WHERE run_id <> {done.pk}"),
        ("ledger_transfer", f"WHERE kind = 31 AND {batch}", f"WHERE NOT {batch}"),
        ("claims_instalment", f"WHERE id {mine}", f"WHERE id NOT {mine}"),
        ("claims_claim", f"WHERE id IN (SELECT claim_id FROM claims_instalment WHERE id {mine})", "WHERE false"),
        ("ledger_balance", "", "WHERE false"),
    )  # fmt: skip
    took = 0.0
    for table, which, others in wanted:
        run(f"DROP TABLE IF EXISTS bare_{table}")
        run(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)")
        run(f"INSERT INTO bare_{table} SELECT * FROM {table} {others}")
        with connection.cursor() as cursor:
            with cursor.copy(f"COPY (SELECT * FROM {table} {which}) TO STDOUT") as copy:
                rows = b"".join(bytes(block) for block in copy)

            def put(table: str = table, rows: bytes = rows) -> None:
                with cursor.copy(f"COPY bare_{table} FROM STDIN") as copy:
                    copy.write(rows)

            took += seconds(put)
        run(f"DROP TABLE bare_{table}")
    return took

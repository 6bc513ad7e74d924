"""What busy accounts turn over in a month is kept beside their balance, and is always what the transfers say."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from django.db import DatabaseError, connection, transaction

from mutual.ledger import audit, balances, chart, journal
from mutual.ledger.kinds import AccountType, Kind
from mutual.ledger.models import Turnover
from mutual.money import Money, from_minor
from mutual.periods import Period
from tests.arena import Arena

pytestmark = [pytest.mark.django_db]
FIRST, LAST = dt.date(2025, 11, 20), dt.date(2026, 12, 10)


def account(code, *, busy, type=AccountType.ASSET):
    return chart.open(book=chart.coop_book(), code=code, type=type, currency="EUR", busy=busy)


@pytest.fixture
def moved():
    """Two busy accounts and two others, and 400 transfers between them in any order of days, singly and in batches."""
    accounts = [
        account("assets:bank:main", busy=True), account("equity:fund:x", busy=True, type=AccountType.EQUITY),
        account("assets:a", busy=False), account("equity:b", busy=False, type=AccountType.EQUITY),
    ]  # fmt: skip
    dice = random.Random(7)
    rows = []
    for n in range(80):
        day = FIRST + dt.timedelta(days=dice.randrange((LAST - FIRST).days))
        batch = [(*dice.sample(accounts, 2), dice.randrange(1, 100_000)) for _ in range(dice.choice((1, 1, 3, 15)))]
        rows += [(day, *line) for line in batch]
        if dice.random() < 0.5:
            journal.post(
                kind=Kind.COST_PAID, key=f"test/{n}", date=day, recorded_by=None,
                transfers=[journal.Move(amount, debit, credit) for debit, credit, amount in batch],
            )  # fmt: skip
        else:
            journal.post_many(
                kind=Kind.COST_PAID, date=day, recorded_by=None,
                rows=[journal.Row(f"test/{n}-{i}", debit.pk, credit.pk, amount, "EUR")
                      for i, (debit, credit, amount) in enumerate(batch)],
            )  # fmt: skip
    return accounts, rows


def naive(rows, account, start, end):
    debit = sum(amount for day, d, _c, amount in rows if d == account and start <= day < end)
    credit = sum(amount for day, _d, c, amount in rows if c == account and start <= day < end)
    return debit, credit


def euros(units):
    return from_minor(units, "EUR")


class TestReading:
    def test_holds_on_any_day_what_the_transfers_add_up_to(self, moved):
        accounts, rows = moved
        days = [FIRST + dt.timedelta(days=n) for n in range(-40, 430, 13)]
        days += [dt.date(2026, 3, 31), dt.date(2026, 4, 1), dt.date(2026, 2, 28), days[0]]
        found = balances.histories(accounts, days)
        for one in accounts:
            for day, held in zip(days, found[one.pk], strict=True):
                debit, credit = naive(rows, one, dt.date.min, day + dt.timedelta(days=1))
                assert held == euros(one.sign * (debit - credit))
                assert balances.on(one, day) == held

    def test_turns_over_in_any_period_what_the_transfers_do(self, moved):
        accounts, rows = moved
        dice = random.Random(11)
        for _ in range(60):
            start = FIRST + dt.timedelta(days=dice.randrange(-20, 380))
            period = Period(start, start + dt.timedelta(days=dice.choice((1, 5, 30, 31, 59, 180, 400))))
            found = balances.turnovers(accounts, period)
            for one in accounts:
                assert found[one.pk] == tuple(map(euros, naive(rows, one, period.start, period.end)))
                assert balances.statement(one, period).closing == balances.on(one, period.last_day)

    def test_has_the_months_of_a_period(self, moved):
        accounts, rows = moved
        period = Period(dt.date(2025, 9, 15), dt.date(2026, 5, 10))
        for one in accounts:
            found = balances.monthly(one, period)
            wanted = {
                m.start: tuple(
                    map(euros, naive(rows, one, max(m.start, period.start), min(m.end, period.end)))
                )
                for m in period.months()
            }  # fmt: skip
            assert found == {first: sums for first, sums in wanted.items() if any(sums)}

    def test_reads_a_few_rows_however_many_transfers_there_are(self, moved):
        """The figures of whole months come from the totals: without them there would be none."""
        accounts, _rows = moved
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("DELETE FROM ledger_turnover")
        march = Period(dt.date(2026, 3, 1), dt.date(2026, 4, 1))
        busy, *_, other = accounts
        found = balances.turnovers([busy, other], march)
        assert found[busy.pk] == (Money(0, "EUR"), Money(0, "EUR"))
        assert found[other.pk] != (Money(0, "EUR"), Money(0, "EUR"))


class TestKeeping:
    def test_follows_every_transfer_and_only_those_of_busy_accounts(self, moved):
        accounts, _rows = moved
        assert not list(audit.findings())
        assert set(Turnover.objects.values_list("account_id", flat=True)) == {a.pk for a in accounts if a.busy}

    def test_counts_a_reversal_on_its_own_day(self, moved):
        accounts, rows = moved
        bank, fund = accounts[:2]
        day = dt.date(2026, 1, 5)
        entry = journal.post(
            kind=Kind.COST_PAID, key="late", date=day, recorded_by=None,
            transfers=[journal.move(Money(3, "EUR"), debit=bank, credit=fund)],
        )  # fmt: skip
        journal.reverse(entry_id=entry.id, date=dt.date(2026, 2, 5), recorded_by=None)
        for month, side in ((Period(dt.date(2026, 1, 1), dt.date(2026, 2, 1)), 0),
                            (Period(dt.date(2026, 2, 1), dt.date(2026, 3, 1)), 1)):  # fmt: skip
            before = naive(rows, bank, month.start, month.end)
            assert balances.turnovers([bank], month)[bank.pk][side] == euros(before[side] + 300)
        assert not list(audit.findings())

    def test_leaves_nothing_behind_of_what_was_refused(self, moved):
        accounts, _rows = moved
        bank = accounts[0]
        floor = chart.open(
            book=chart.coop_book(), code="equity:fund:empty", type=AccountType.EQUITY, currency="EUR", busy=True,
            amount_max=0,
        )  # fmt: skip
        before = list(Turnover.objects.order_by("pk").values_list())
        with pytest.raises(journal.BalanceOutOfRange), transaction.atomic():
            journal.post(
                kind=Kind.COST_PAID, key="too-much", date=LAST, recorded_by=None,
                transfers=[journal.move(Money(1, "EUR"), debit=floor, credit=bank)],
            )  # fmt: skip
        assert list(Turnover.objects.order_by("pk").values_list()) == before
        assert not list(audit.findings())

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE ledger_turnover SET debit = debit + 1",
            "INSERT INTO ledger_turnover (account_id, month, stripe, debit, credit) VALUES (-1, '2026-01-01', 9, 1, 0)",
            "DELETE FROM ledger_turnover",
            "TRUNCATE ledger_turnover",
        ],
    )
    def test_is_written_by_transfers_alone(self, moved, statement):
        with (
            pytest.raises(DatabaseError, match=r"kept by transfers only|never changed or removed"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

    def test_is_added_up_again_from_the_transfers_alone(self, moved):
        before = list(Turnover.objects.order_by("pk").values_list())
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("DELETE FROM ledger_turnover WHERE stripe < 30")
            cursor.execute("UPDATE ledger_turnover SET credit = 5")
            cursor.execute("SET LOCAL session_replication_role = origin")
            assert next(finding.rule for finding in audit.findings()) == "turnover is the sum of transfers"
            cursor.execute("SELECT ledger_rebuild_turnover()")
        assert list(Turnover.objects.order_by("pk").values_list()) == before
        assert not list(audit.findings())


RACE = """
    from psycopg import sql
    coop = chart.coop_book()
    bank, fund = (chart.open(book=coop, code=f"{{code}}:{name}", type=kind, currency="EUR", busy=True)
                  for code, kind in (("assets:bank", AccountType.ASSET), ("equity:fund", AccountType.EQUITY)))
    MONTHS = [dt.date(2026, m, 5) for m in (1, 2, 11)]
    AGAIN = {again!r}
    torn = []
    def work(n):
        if n == 6:
            for _ in range(15):
                with connection.cursor() as cursor:
                    cursor.execute(AGAIN)
        elif n == 7:
            for _ in range(60):
                past = balances.histories([bank, fund], [dt.date(2026, 1, 31), ON])
                if past[bank.pk] != past[fund.pk]:
                    torn.append(past)
        elif n >= 4:
            for k in range(15):
                journal.post_query(kind=Kind.DUES_PAID, date=MONTHS[k % 3], recorded_by=None, query=sql.SQL(
                    "SELECT 'batch/{name}-' || {{n}} || '/' || {{k}} || '-' || i AS key, 0 AS line, "
                    "{{bank}} AS debit_id, {{fund}} AS credit_id, i AS amount, 1::smallint AS currency_id, "
                    "'' AS document "
                    "FROM generate_series(1, 40) AS i").format(n=sql.Literal(n), k=sql.Literal(k),
                    bank=sql.Literal(bank.pk), fund=sql.Literal(fund.pk)))
        else:
            for k in range(60):
                journal.post(kind=Kind.DUES_PAID, key=f"race/{name}/{{n}}/{{k}}", date=MONTHS[(n + k) % 3],
                             recorded_by=None, transfers=[journal.move(Money(1, "EUR"), debit=bank, credit=fund)])
    together(8, work)
    rules = {{finding.rule for finding in audit.findings()}}
    print(len(torn), balances.of(bank).amount, sorted(rules))
"""

BESIDE = """
    BEGIN; SET LOCAL session_replication_role = replica;
    CREATE TEMP TABLE sums ON COMMIT DROP AS
    SELECT account_id, month, stripe, sum(debit) AS debit, sum(credit) AS credit FROM (
            SELECT debit_id AS account_id, date_trunc('month', booked_on)::date AS month,
                   ledger_stripe(debit_id, id) AS stripe, amount AS debit, 0 AS credit
              FROM ledger_transfer WHERE debit_id < 0
            UNION ALL SELECT credit_id, date_trunc('month', booked_on)::date, ledger_stripe(credit_id, id), 0, amount
              FROM ledger_transfer WHERE credit_id < 0) AS sides GROUP BY 1, 2, 3;
    LOCK TABLE ledger_turnover IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM ledger_turnover;
    INSERT INTO ledger_turnover (account_id, month, stripe, debit, credit)
        SELECT account_id, month, stripe, debit, credit FROM sums;
    COMMIT
"""
"""Add up first, then lock and replace what is kept: whoever recorded in between is lost."""


@pytest.mark.xdist_group("arena")
class TestTogether:
    """Singles, batches, readers and a rebuilding at once."""

    def test_is_right_whoever_records_at_the_same_time_and_wrong_when_added_up_beside_them(self):
        arena = Arena()
        try:
            kept = arena.answer(RACE.format(name="kept", again="SELECT ledger_rebuild_turnover()"))
            loose = arena.answer(RACE.format(name="loose", again=BESIDE))
        finally:
            arena.drop()
        assert kept == "0 486.00 []"
        assert loose.endswith("486.00 ['turnover is the sum of transfers']")

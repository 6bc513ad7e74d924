"""The journal records each event once, exactly, or not at all."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import DatabaseError, connection, transaction
from psycopg import sql

from mutual.ledger import audit, balances, chart, journal, keys
from mutual.ledger.kinds import AccountType, Kind
from mutual.money import Money

pytestmark = [pytest.mark.django_db]
DAY = dt.date(2026, 11, 3)


def account(code, type=AccountType.ASSET, currency="EUR", **more):
    return chart.open(book=more.pop("book", None) or chart.coop_book(), code=code, type=type, currency=currency, **more)


@pytest.fixture
def bank():
    return account("assets:bank:main", busy=True)


@pytest.fixture
def fund():
    return account("equity:fund:sickness", AccountType.EQUITY, busy=True, amount_max=0)


def pay(amount, debit, credit, key="test/1", **more):
    return journal.post(
        kind=Kind.DUES_PAID, key=key, date=more.pop("date", DAY), recorded_by=None,
        transfers=[journal.move(Money(amount, debit.currency.code), debit=debit, credit=credit)], **more,
    )  # fmt: skip


class TestPost:
    def test_moves_the_amount_between_the_accounts(self, bank, fund):
        entry = pay("12.34", bank, fund)
        assert not entry.replayed
        assert balances.of(bank) == Money("12.34", "EUR")
        assert balances.of(fund) == Money("12.34", "EUR")
        assert not list(audit.findings())

    def test_records_the_same_key_once(self, bank, fund):
        pay(10, bank, fund)
        again = pay(10, bank, fund)
        assert again.replayed
        assert balances.of(bank) == Money(10, "EUR")

    def test_refuses_a_key_used_for_something_else(self, bank, fund):
        pay(10, bank, fund)
        with pytest.raises(journal.KeyReused), transaction.atomic():
            pay(11, bank, fund)
        assert balances.of(bank) == Money(10, "EUR")
        assert not list(audit.findings())

    def test_refuses_a_replay_that_adds_a_line(self, bank, fund):
        pay(10, bank, fund)
        with pytest.raises(journal.KeyReused), transaction.atomic():
            journal.post(
                kind=Kind.DUES_PAID, key="test/1", date=DAY, recorded_by=None,
                transfers=[journal.move(Money(10, "EUR"), debit=bank, credit=fund)] * 2,
            )  # fmt: skip
        assert balances.of(bank) == Money(10, "EUR")

    def test_refuses_more_than_a_busy_account_allows_and_says_by_how_much(self, bank, fund):
        pay(10, bank, fund)
        with pytest.raises(journal.BalanceOutOfRange) as refused, transaction.atomic():
            pay("12.50", fund, bank, key="test/2")
        assert refused.value.over_by == Money("2.50", "EUR")
        assert refused.value.account_id == fund.pk
        assert balances.of(fund) == Money(10, "EUR")
        assert not list(audit.findings())

    def test_refuses_more_than_an_account_allows(self):
        payer = account("liabilities:credit:a", AccountType.LIABILITY, "CREDIT", amount_max=5000)
        payee = account("liabilities:credit:b", AccountType.LIABILITY, "CREDIT", amount_max=5000)
        pay(50, payer, payee)
        with pytest.raises(journal.BalanceOutOfRange) as refused, transaction.atomic():
            pay("0.01", payer, payee, key="test/2")
        assert refused.value.over_by == Money("0.01", "CREDIT")
        assert not list(audit.findings())

    def test_refuses_a_day_before_the_book_is_closed(self, bank, fund):
        journal.close_book(book=chart.coop_book(), until=dt.date(2026, 11, 4), recorded_by=None)
        with pytest.raises(journal.PeriodClosed), transaction.atomic():
            pay(10, bank, fund)
        assert not list(audit.findings())

    @pytest.mark.parametrize(("debit", "credit"), [("EUR", "USD"), ("EUR", "CREDIT"), ("CREDIT", "HOUR")])
    def test_refuses_to_mix_units(self, debit, credit):
        with pytest.raises(journal.CurrencyMismatch):
            journal.move(Money(1, debit), debit=account("a", currency=debit), credit=account("b", currency=credit))

    def test_refuses_accounts_of_another_book(self, bank):
        other = account("assets:bank:main", book=chart.barter_book())
        with pytest.raises(journal.CurrencyMismatch):
            journal.move(Money(1, "EUR"), debit=bank, credit=other)

    def test_records_lines_of_one_entry_together(self, bank, fund):
        income = account("income:running-costs", AccountType.INCOME)
        entry = journal.post(
            kind=Kind.DUES_PAID, key="payment/P-1", date=DAY, recorded_by=7, document="P-1",
            transfers=[
                journal.move(Money(30, "EUR"), debit=bank, credit=fund),
                journal.move(Money(15, "EUR"), debit=bank, credit=income),
            ],
            memo="by hand",
        )  # fmt: skip
        seen = balances.entry(chart.COOP, entry.id)
        assert [line.amount for line in seen.lines] == [Money(30, "EUR"), Money(15, "EUR")]
        assert seen.memo == "by hand"


class TestReverse:
    def test_mirrors_the_entry_and_does_so_once(self, bank, fund):
        entry = pay(10, bank, fund)
        journal.reverse(entry_id=entry.id, date=DAY, recorded_by=None)
        assert journal.reverse(entry_id=entry.id, date=DAY, recorded_by=None).replayed
        assert balances.of(bank) == Money(0, "EUR")
        assert journal.is_reversed(entry.id)
        assert not list(audit.findings())

    def test_refuses_to_reverse_a_reversal(self, bank, fund):
        mirror = journal.reverse(entry_id=pay(10, bank, fund).id, date=DAY, recorded_by=None)
        with pytest.raises(journal.AlreadyReversed):
            journal.reverse(entry_id=mirror.id, date=DAY, recorded_by=None)

    def test_refuses_an_unknown_entry(self):
        with pytest.raises(journal.UnknownEntry):
            journal.reverse(entry_id=keys.entry_id(1, "no/such"), date=DAY, recorded_by=None)


class TestPostMany:
    def rows(self, count, fund):
        people = [account(f"assets:dues-receivable:M-{n:06}", owner_id=n) for n in range(count)]
        return [journal.Row(f"dues/2026-11/M-{n:06}/charged", person.pk, fund.pk, 100 + n, "EUR", f"M-{n:06}"[2:])
                for n, person in enumerate(people)]  # fmt: skip

    def test_records_each_row_once_by_either_route(self, fund):
        rows = self.rows(25, fund)
        first = journal.post_many(kind=Kind.DUES_CHARGED, date=DAY, rows=rows[:20], recorded_by=None, chunk=7)
        assert first == journal.PostedMany(20, 0)
        again = journal.post_many(kind=Kind.DUES_CHARGED, date=DAY, rows=rows, recorded_by=None, chunk=10)
        assert again == journal.PostedMany(5, 20)
        one = journal.post(
            kind=Kind.DUES_CHARGED, key=rows[3].key, date=DAY, recorded_by=None, document=rows[3].document,
            transfers=[journal.Move(rows[3].amount, account("assets:dues-receivable:M-000003", owner_id=3), fund)],
        )  # fmt: skip
        assert one.replayed
        assert balances.of(fund) == Money(sum(100 + n for n in range(25)), "EUR") / 100
        assert not list(audit.findings())

    def test_refuses_known_keys_with_other_content(self, fund):
        rows = self.rows(5, fund)
        journal.post_many(kind=Kind.DUES_CHARGED, date=DAY, rows=rows, recorded_by=None)
        changed = [journal.Row(r.key, r.debit_id, r.credit_id, r.amount + 1, r.currency, r.document) for r in rows]
        with pytest.raises(journal.KeyReused):
            journal.post_many(kind=Kind.DUES_CHARGED, date=DAY, rows=changed, recorded_by=None)
        assert not list(audit.findings())

    def test_takes_rows_from_a_query(self, fund):
        for n in range(3):
            account(f"assets:dues-receivable:M-{n:06}", owner_id=n)
        query = sql.SQL(
            "SELECT 'dues/2026-11/' || owner_id || '/charged' AS key, 0 AS line, id AS debit_id, "
            "%s::bigint AS credit_id, 4500::bigint AS amount, currency_id, 'X' AS document "
            "FROM ledger_account WHERE code LIKE 'assets:dues-receivable:%%'"
        )
        for expected in (journal.PostedMany(3, 0), journal.PostedMany(0, 3)):
            posted = journal.post_query(
                kind=Kind.DUES_CHARGED, date=DAY, query=query, params=[fund.pk], recorded_by=None
            )
            assert posted == expected
        assert balances.of(fund) == Money(135, "EUR")
        assert not list(audit.findings())

    @pytest.mark.parametrize("expect_known", [False, True])
    def test_trusts_nobody_about_what_is_known(self, fund, expect_known):
        people = [account(f"assets:dues-receivable:M-{n:06}", owner_id=n) for n in range(3)]

        def record(amount, upto):
            query = sql.SQL(
                "SELECT 'dues/2026-11/' || owner_id || '/charged' AS key, 0 AS line, id AS debit_id, "
                "%s::bigint AS credit_id, %s + owner_id AS amount, currency_id, 'X' AS document "
                "FROM ledger_account WHERE id = ANY (%s)"
            )
            return journal.post_query(
                kind=Kind.DUES_CHARGED, date=DAY, query=query, params=[fund.pk, amount, [a.pk for a in people[:upto]]],
                recorded_by=None, expect_known=expect_known,
            )  # fmt: skip

        assert record(4500, 2) == journal.PostedMany(2, 0)
        assert record(4500, 3) == journal.PostedMany(1, 2)
        with pytest.raises(journal.KeyReused, match="3 keys"), transaction.atomic():
            record(4400, 3)
        assert balances.of(fund) == Money("135.03", "EUR")
        assert not list(audit.findings())

    def test_takes_a_row_that_comes_twice_once(self, fund):
        rows = self.rows(3, fund)
        posted = journal.post_many(kind=Kind.DUES_CHARGED, date=DAY, rows=[*rows, rows[0]], recorded_by=None)
        assert posted == journal.PostedMany(3, 1)
        assert not list(audit.findings())


class TestIds:
    @pytest.mark.parametrize("key", ["a", "dues/2026-11", "dues/2026-11/M-000001/charged", "reversal/x/y"])
    def test_are_the_same_in_sql_and_in_python(self, key):
        with connection.cursor() as cursor:
            cursor.execute("SELECT ledger_entry_id(1, %s), ledger_line_id(1, %s, 513)", [key, key])
            entry, line = cursor.fetchone()
        assert entry == keys.entry_id(1, key)
        assert line == keys.line_id(entry, 513)
        assert keys.entry_of(line) == entry


class TestGuard:
    """R-A8, R-A9: no way round the journal changes what is recorded."""

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE ledger_transfer SET amount = 1",
            "DELETE FROM ledger_transfer",
            "TRUNCATE ledger_transfer",
            "UPDATE ledger_balance SET amount = 1",
            "DELETE FROM ledger_balance",
            "DELETE FROM ledger_account",
            "UPDATE ledger_account SET code = 'x'",
            "UPDATE ledger_account SET currency_id = 2",
        ],
    )
    def test_refuses(self, statement, bank, fund):
        pay(10, bank, fund)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        assert not list(audit.findings())

    def test_has_no_way_to_write_half_a_transfer(self, bank, fund):
        def write(credit_id):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO ledger_transfer (book_id, id, amount, debit_id, credit_id, booked_on, kind, "
                    "currency_id) VALUES (1, gen_random_uuid(), 5, %s, %s, '2026-11-03', 11, %s)",
                    [bank.pk, credit_id, bank.currency_id],
                )

        for nowhere in (999_999, None):
            with pytest.raises(DatabaseError):
                write(nowhere)
        assert not list(audit.findings())
        write(fund.pk)  # the same with a real account is a transfer
        assert balances.of(fund) == Money("0.05", "EUR")

"""Every invariant of the audit has a test that breaks it and sees it named (R-A2, R-A14)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.management import call_command
from django.db import connection

from mutual.ledger import audit, chart, journal, seals
from mutual.ledger.kinds import AccountType, Kind
from mutual.ledger.models import AuditRun
from mutual.money import Money

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 11, 3)


def run(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


@pytest.fixture
def books():
    """Two accounts and two entries, one of them reversed."""
    coop = chart.coop_book()
    bank = chart.open(book=coop, code="assets:bank:main", type=AccountType.ASSET, currency="EUR", busy=True)
    fund = chart.open(book=coop, code="equity:fund:x", type=AccountType.EQUITY, currency="EUR", amount_max=0)
    for n in (1, 2):
        entry = journal.post(
            kind=Kind.DUES_PAID, key=f"test/{n}", date=DAY, recorded_by=None,
            transfers=[journal.move(Money(10 * n, "EUR"), debit=bank, credit=fund)],
        )  # fmt: skip
    journal.reverse(entry_id=entry.id, date=DAY, recorded_by=None)
    assert not list(audit.findings())
    return bank, fund


def unguarded(*statements):
    """What somebody with every right on the database could do."""
    run("SET CONSTRAINTS ALL IMMEDIATE")
    run("SET LOCAL session_replication_role = replica")
    for statement in statements:
        run(statement)
    run("SET LOCAL session_replication_role = origin")


def sealed():
    unguarded("UPDATE ledger_transfer SET recorded_at = recorded_at - interval '3 days'")
    assert seals.seal(dt.datetime.now(dt.UTC).date()) == 1


BREAKS = {
    "balance is the sum of transfers": ["UPDATE ledger_balance SET amount = amount + 1 WHERE account_id > 0"],
    "turnover is the sum of transfers": ["UPDATE ledger_turnover SET debit = debit + 1, credit = credit + 1"],
    "currency sums to zero": ["UPDATE ledger_balance SET amount = amount + 1 WHERE account_id > 0"],
    "balance within limits": ["UPDATE ledger_account SET amount_min = 1000000"],
    "limits are kept with the balance": ["UPDATE ledger_balance SET amount_max = 5 WHERE account_id > 0"],
    "balance rows are complete": ["DELETE FROM ledger_balance WHERE stripe = 63"],
    "balance belongs to an account": [
        "INSERT INTO ledger_balance (account_id, stripe, book_id, currency_id, amount) VALUES (77777, 0, 1, 1, 0)"
    ],
    "transfer stays in its book and currency": ["UPDATE ledger_transfer SET currency_id = 2 WHERE reverses IS NULL"],
    "reversal mirrors its entry": ["UPDATE ledger_transfer SET amount = amount + 1 WHERE reverses IS NOT NULL"],
    "closed days stay closed": [
        "INSERT INTO ledger_closing (book_id, closed_until, recorded_at) VALUES (1, '2026-12-01', '2026-11-01')",
        "UPDATE ledger_book SET closed_until = '2026-12-01' WHERE id = 1",
    ],
    "closing is on record": ["UPDATE ledger_book SET closed_until = '2026-01-01' WHERE id = 1"],
    "guards are on": ["ALTER TABLE ledger_account DISABLE TRIGGER ledger_account_fixed"],
    "limits hold in the table too": ["ALTER TABLE ledger_balance DROP CONSTRAINT balance_within_limits"],
    "sealed days are unchanged": [sealed, "UPDATE ledger_transfer SET document = 'Z-1' WHERE reverses IS NULL"],
}


class TestFindings:
    @pytest.mark.parametrize("rule", audit.RULES)
    def test_names_what_was_broken(self, rule, books):
        for act in BREAKS[rule]:
            act() if callable(act) else unguarded(act)
        assert rule in {finding.rule for finding in audit.findings()}

    def test_covers_every_rule(self):
        assert set(BREAKS) == set(audit.RULES)


class TestSeals:
    """R-A8: what somebody changes behind the guard is found at its exact row."""

    def test_hold_while_nothing_changes(self, books):
        sealed()
        assert not list(audit.findings())
        assert seals.seal(dt.datetime.now(dt.UTC).date()) == 0

    @pytest.mark.parametrize(
        "change",
        ["document = 'Z-1'", "recorded_by = 99", "booked_on = booked_on - 1", "kind = 20", "amount = amount + 100"],
    )
    def test_find_a_changed_row(self, change, books):
        sealed()
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM ledger_transfer ORDER BY id OFFSET 1 LIMIT 1")
            (victim,) = cursor.fetchone()
        unguarded(f"UPDATE ledger_transfer SET {change} WHERE id = '{victim}'")
        assert [broken.row for broken in seals.verify()] == [victim]

    def test_find_a_removed_row(self, books):
        sealed()
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM ledger_transfer ORDER BY id")
            first, second, _ = (id for (id,) in cursor.fetchall())
        unguarded(f"DELETE FROM ledger_transfer WHERE id = '{second}'")
        (broken,) = seals.verify()
        assert broken.row == first
        assert "gone" in broken.sentence

    def test_find_a_row_slipped_in(self, books):
        sealed()
        bank, fund = books
        unguarded(
            "INSERT INTO ledger_transfer (book_id, id, amount, debit_id, credit_id, booked_on, kind, currency_id, "
            f"recorded_at) SELECT 1, gen_random_uuid(), 5, {bank.pk}, {fund.pk}, '2026-11-03', 11, 1, "
            "min(recorded_at) FROM ledger_transfer"
        )
        assert len(list(seals.verify())) == 1

    def test_find_a_seal_made_again_after_a_change(self, books):
        sealed()
        unguarded(
            "UPDATE ledger_transfer SET document = 'Z-1' WHERE reverses IS NULL",
            "DELETE FROM ledger_seal",
        )
        # Whoever seals again gets another chain: the head that auditors hold no longer fits. Changing a root alone:
        assert seals.seal(dt.datetime.now(dt.UTC).date()) == 1
        unguarded(r"UPDATE ledger_seal SET root = '\x00'")
        assert any(broken.row is None for broken in seals.verify())


class TestRun:
    def test_stops_money_runs_and_says_why(self, books):
        audit.run()
        audit.require_whole()
        unguarded("UPDATE ledger_balance SET amount = amount + 1 WHERE account_id > 0")
        assert audit.run().finding_count >= 2
        with pytest.raises(audit.BooksBroken):
            audit.require_whole()

    def test_ends_with_1_when_something_is_found(self, books, capsys):
        unguarded("UPDATE ledger_balance SET amount = amount + 1 WHERE account_id > 0")
        with pytest.raises(SystemExit) as ended:
            call_command("audit_ledger", "--json")
        assert ended.value.code == 1
        assert AuditRun.objects.count() == 1

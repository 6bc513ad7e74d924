"""R-A12: no transfer mixes units or books, whoever writes it, between any two kinds of accounts."""

from __future__ import annotations

import itertools

import pytest
from django.db import DatabaseError, connection, transaction

from mutual.currencies import BARTER
from mutual.ledger import audit, chart, journal
from mutual.ledger.kinds import AccountType
from mutual.money import Money
from tests.mutual.ledger.test_audit import unguarded

pytestmark = pytest.mark.django_db

UNITS = ("EUR", "USD", "JPY", "TND", *BARTER)
PAIRS = list(itertools.permutations(itertools.product(AccountType, UNITS), 2))
MIXED = [(one, other) for one, other in PAIRS if one[1] != other[1]]
INSERT = """
    INSERT INTO ledger_transfer (book_id, id, amount, debit_id, credit_id, booked_on, kind, currency_id)
    SELECT {book}, gen_random_uuid(), 5, {debit}, {credit}, DATE '2026-11-03', 11, currency_id
      FROM ledger_account WHERE id = {debit}
"""


@pytest.fixture
def accounts():
    """An account of every type in every unit."""
    return {
        (type, unit): chart.open(book=chart.coop_book(), code=f"x:{type}:{unit}", type=type, currency=unit)
        for type in AccountType for unit in UNITS
    }  # fmt: skip


def write(debit, credit):
    with connection.cursor() as cursor:
        cursor.execute(INSERT.format(book=debit.book_id, debit=debit.pk, credit=credit.pk))


class TestUnits:
    def test_are_never_mixed_by_the_journal(self, accounts):
        for one, other in MIXED:
            with pytest.raises(journal.CurrencyMismatch):
                journal.move(Money(1, one[1]), debit=accounts[one], credit=accounts[other])

    def test_are_never_mixed_by_whoever_writes_sql(self, accounts):
        assert len(MIXED) > 600
        for one, other in MIXED:
            with pytest.raises(DatabaseError), transaction.atomic():
                write(accounts[one], accounts[other])
        assert not list(audit.findings())

    def test_could_be_written_so_where_they_are_one(self, accounts):
        """The statement above is refused for its units, not for its words."""
        write(accounts[AccountType.ASSET, "EUR"], accounts[AccountType.INCOME, "EUR"])
        assert not list(audit.findings())

    def test_that_are_mixed_behind_the_guard_are_found(self, accounts):
        one, other = accounts[AccountType.ASSET, "EUR"], accounts[AccountType.INCOME, "HOUR"]
        unguarded(INSERT.format(book=one.book_id, debit=one.pk, credit=other.pk))
        assert list(audit.findings())

"""Re-add the books and name whatever does not hold. Runs every ten minutes and whenever asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import connection
from django.utils import timezone

from mutual import rooms
from mutual.ledger import seals
from mutual.ledger.models import AuditRun, Transfer
from mutual.rooms import Finding

MOST = 200
"""Findings that one run keeps with their sentences."""


_ADDED_UP: tuple[tuple[str, str], ...] = (
    ("balance is the sum of transfers", "Account {0} holds {1} by its balance but {2} by its transfers."),
    (
        "turnover is the sum of transfers",
        "Busy account {0} turned over {2} and {3} in the month of {1} by its totals but {4} and {5} by its transfers.",
    ),
    ("transfer stays in its book and currency", "Transfer {0} joins accounts of another book or currency."),
)
"""The rules that every transfer has to be read for: it is read once a side, for all of them together."""

_PLACE = """
    (book_id::bigint * 32768 + currency_id) * 4194304
        + CASE WHEN {0}_id < 0 THEN booked_on - '0001-01-01'::date ELSE 0 END
"""
"""A transfer's book, its currency and, for a busy account, its day in one number: adding up by two keys instead of four
takes a third less time. It has room for 67 million books, and overflows with an error rather than into another."""

_DEBIT_PLACE, _CREDIT_PLACE = _PLACE.format("debit"), _PLACE.format("credit")

_ADD_UP = f"""
    WITH placed AS (
        SELECT debit_id AS account_id, {_DEBIT_PLACE} AS place, sum(amount) AS debit, 0::numeric AS credit
          FROM ledger_transfer GROUP BY 1, 2
        UNION ALL
        SELECT credit_id, {_CREDIT_PLACE}, 0::numeric, sum(amount) FROM ledger_transfer GROUP BY 1, 2),
    turned AS MATERIALIZED (
        SELECT account_id, (place / 4194304 / 32768)::integer AS book_id,
               (place / 4194304 % 32768)::smallint AS currency_id,
               CASE WHEN account_id < 0
                    THEN date_trunc('month', '0001-01-01'::date + (place % 4194304)::integer)::date END AS month,
               debit, credit
          FROM placed),
    balance AS (
        SELECT account_id, coalesce(kept, 0) AS kept, coalesce(added, 0) AS added
          FROM (SELECT account_id, sum(amount) AS kept FROM ledger_balance GROUP BY account_id) AS b
          FULL JOIN (SELECT account_id, sum(debit - credit) AS added FROM turned GROUP BY account_id) AS t
              USING (account_id)
         WHERE coalesce(kept, 0) <> coalesce(added, 0) LIMIT {MOST}),
    turnover AS (
        SELECT account_id, month, k.debit AS kept_debit, k.credit AS kept_credit, t.debit, t.credit
          FROM (SELECT account_id, month, sum(debit) AS debit, sum(credit) AS credit FROM ledger_turnover
                 GROUP BY account_id, month) AS k
          FULL JOIN (SELECT account_id, month, sum(debit) AS debit, sum(credit) AS credit FROM turned
                      WHERE account_id < 0 GROUP BY account_id, month) AS t USING (account_id, month)
         WHERE (coalesce(k.debit, 0), coalesce(k.credit, 0)) <> (coalesce(t.debit, 0), coalesce(t.credit, 0))
         LIMIT {MOST}),
    strangers AS (
        SELECT DISTINCT p.book_id, p.currency_id, p.account_id FROM turned p LEFT JOIN ledger_account a
            ON a.id = p.account_id AND a.book_id = p.book_id AND a.currency_id = p.currency_id
         WHERE a.id IS NULL LIMIT {MOST})
    SELECT 0, account_id::text, kept::text, added::text, '', '', '' FROM balance
    UNION ALL
    SELECT 1, account_id::text, month::text, coalesce(kept_debit, 0)::text, coalesce(kept_credit, 0)::text,
           coalesce(debit, 0)::text, coalesce(credit, 0)::text FROM turnover
    UNION ALL
    SELECT 2, one.id::text, '', '', '', '', '' FROM strangers s CROSS JOIN LATERAL (
        SELECT t.id FROM ledger_transfer t WHERE t.book_id = s.book_id AND t.currency_id = s.currency_id
           AND s.account_id IN (t.debit_id, t.credit_id) LIMIT 1) AS one
"""
"""One statement, so that transfers, balances and turnover are of one moment while others go on recording."""

_ROOM_TO_ADD_UP = "256MB"
"""What the adding-up may take of the database's memory: sums of every account, without going to the disk."""


_CHECKS: tuple[tuple[str, str, str], ...] = (
    (
        "currency sums to zero",
        "The balances of currency {1} in book {0} sum to {2} instead of zero.",
        (
            "SELECT book_id, currency_id, sum(amount) FROM ledger_balance GROUP BY book_id, currency_id "
            "HAVING sum(amount) <> 0"
        ),
    ),
    (
        "balance within limits",
        "Account {0} holds {1}, outside its limits.",
        """
        SELECT a.id, sum(b.amount) FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
         WHERE a.amount_min IS NOT NULL OR a.amount_max IS NOT NULL
         GROUP BY a.id HAVING sum(b.amount) < a.amount_min OR sum(b.amount) > a.amount_max
        """,
    ),
    (
        "limits are kept with the balance",
        "Account {0} has other limits than its balance row.",
        """
        SELECT a.id FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
         WHERE a.id > 0 AND (a.amount_min, a.amount_max) IS DISTINCT FROM (b.amount_min, b.amount_max)
        """,
    ),
    (
        "balance rows are complete",
        "Account {0} has {1} balance rows.",
        """
        SELECT a.id, count(b.*) FROM ledger_account a LEFT JOIN ledger_balance b
            ON b.account_id = a.id AND b.book_id = a.book_id AND b.currency_id = a.currency_id
         GROUP BY a.id HAVING count(b.*) <> CASE WHEN a.id < 0 THEN 64 ELSE 1 END
        """,
    ),
    (
        "balance belongs to an account",
        "A balance row names account {0}, which does not exist.",
        (
            "SELECT b.account_id FROM ledger_balance b LEFT JOIN ledger_account a ON a.id = b.account_id "
            "WHERE a.id IS NULL"
        ),
    ),
    (
        "reversal mirrors its entry",
        "Transfer {0} reverses {1} but is not its mirror image.",
        """
        SELECT r.id, r.reverses FROM ledger_transfer r LEFT JOIN ledger_transfer t
            ON t.book_id = r.book_id AND t.id = r.reverses
         WHERE r.reverses IS NOT NULL
           AND (t.id IS NULL OR (t.debit_id, t.credit_id, t.amount, t.currency_id)
                IS DISTINCT FROM (r.credit_id, r.debit_id, r.amount, r.currency_id))
        """,
    ),
    (
        "closed days stay closed",
        "Transfer {0} is dated {1}, and was recorded after that day was closed.",
        """
        SELECT t.id, t.booked_on FROM ledger_transfer t JOIN ledger_book b ON b.id = t.book_id
          JOIN (SELECT DISTINCT ON (book_id) book_id, closed_until, recorded_at FROM ledger_closing
                 ORDER BY book_id, id DESC) AS c ON c.book_id = t.book_id AND c.closed_until = b.closed_until
         WHERE t.booked_on < c.closed_until AND t.recorded_at > c.recorded_at
        """,
    ),
    (
        "closing is on record",
        "Book {0} is closed up to {1} without a record of who closed it.",
        """
        SELECT b.id, b.closed_until FROM ledger_book b
          LEFT JOIN (SELECT DISTINCT ON (book_id) book_id, closed_until FROM ledger_closing
                      ORDER BY book_id, id DESC) AS c ON c.book_id = b.id
         WHERE b.closed_until IS DISTINCT FROM c.closed_until
        """,
    ),
    (
        "guards are on",
        "The trigger {0} on {1} is switched off or gone.",
        """
        SELECT wanted.name, wanted.relation FROM (VALUES
            ('ledger_transfer_apply', 'ledger_transfer'), ('ledger_transfer_fixed', 'ledger_transfer'),
            ('ledger_closing_fixed', 'ledger_closing'), ('ledger_seal_fixed', 'ledger_seal'),
            ('ledger_balance_kept', 'ledger_balance'), ('ledger_balance_guarded', 'ledger_balance'),
            ('ledger_account_kept', 'ledger_account'), ('ledger_account_fixed', 'ledger_account'),
            ('ledger_account_balance', 'ledger_account'),
            ('ledger_turnover_guarded', 'ledger_turnover'), ('ledger_turnover_stays', 'ledger_turnover'),
            ('trail_deed_fixed', 'trail_deed')
            ) AS wanted (name, relation)
          LEFT JOIN pg_trigger g ON g.tgname = wanted.name AND g.tgrelid = to_regclass(wanted.relation)
         WHERE g.tgenabled IS DISTINCT FROM 'O'
        """,
    ),
    (
        "limits hold in the table too",
        "The constraint {0} is gone.",
        """
        SELECT wanted.name FROM (VALUES ('balance_within_limits'), ('transfer_amount_positive'),
            ('transfer_between_two_accounts'), ('account_code_unique_in_book')) AS wanted (name)
          LEFT JOIN pg_constraint c ON c.conname = wanted.name AND c.convalidated
         WHERE c.oid IS NULL
        """,
    ),
)

SEALED = "sealed days are unchanged"

RULES = (*(rule for rule, *_ in (*_ADDED_UP, *_CHECKS)), SEALED)
"""The names of the ledger's own invariants; each has a test that breaks it."""


def findings(*, seals_since: dt.date | None = None, with_seals: bool = True) -> Iterator[Finding]:
    """Re-add everything and yield what does not hold; nothing yielded means that all of it does.

    :param seals_since: compare only the sealed days from then on row by row (their chain is always followed whole)
    """
    for number, *about in _added_up():
        rule, sentence = _ADDED_UP[number]
        yield Finding(rule, about[0], sentence.format(*about))
    for rule, sentence, query in _CHECKS:
        for row in _rows(query):
            yield Finding(rule, str(row[0]), sentence.format(*row))
    if with_seals:
        for broken in seals.verify(seals_since):
            yield Finding(SEALED, str(broken.row or broken.day), broken.sentence)
    yield from rooms.findings()


def _added_up() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET work_mem = '{_ROOM_TO_ADD_UP}'")
        cursor.execute(_ADD_UP)
        rows = list(cursor.fetchall())
        cursor.execute("RESET work_mem")
        return rows


def _rows(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"{query} LIMIT {MOST}" if "LIMIT" not in query else query)
        return list(cursor.fetchall())


def run(*, seals_since: dt.date | None = None) -> AuditRun:
    """Audit, and keep the result for the banner and the public page."""
    started = timezone.now()
    found = list(islice(findings(seals_since=seals_since), MOST))
    return AuditRun.objects.create(
        started_at=started,
        finished_at=timezone.now(),
        transfers=Transfer.objects.count(),
        finding_count=len(found),
        findings=[[finding.rule, finding.subject, finding.sentence] for finding in found],
    )


def latest() -> AuditRun | None:
    """The newest audit."""
    return AuditRun.objects.order_by("-started_at").first()


class BooksBroken(Exception):
    """The last audit found something; money runs stop until it is cleared up."""


def require_whole() -> None:
    """Stop a money run while the books do not add up.

    :raises BooksBroken: if the newest audit found anything
    """
    last = latest()
    if last is not None and last.finding_count:
        raise BooksBroken(
            f"The last audit found {last.finding_count} things that do not hold. No money run starts until that is "
            "cleared up; nothing was changed."
        )

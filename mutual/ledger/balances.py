"""What the accounts hold: the reader of the ledger. Every answer is a frozen value.

Amounts are shown on the account's natural side: positive where an asset or expense was debited, where a liability,
equity or income was credited. ``raw`` gives debits − credits.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from django.db import connection
from django.db.models import Sum

from mutual.ledger.keys import LINES, entry_of, line_id
from mutual.ledger.kinds import AccountType, Kind
from mutual.ledger.models import Account, Balance, Book, EntryNote
from mutual.money import Money, from_minor, zero
from mutual.periods import Period, add_months


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A line of an account's statement: the amount on the account's natural side, and the balance after it."""

    date: dt.date
    kind: Kind
    document: str
    amount: Money
    balance: Money
    entry_id: uuid.UUID


@dataclass(frozen=True)
class Statement:
    """An account over a period."""

    account: Account
    period: Period
    opening: Money
    lines: tuple[StatementLine, ...]
    closing: Money
    complete: bool = True
    """False where more lines were asked for than the bound allows; opening and closing are right all the same."""


@dataclass(frozen=True, slots=True)
class Held:
    """What an account of a member holds, on its natural side; ``amount_max`` is its limit as the account keeps it."""

    code: str
    amount: Money
    amount_max: int | None


@dataclass(frozen=True, slots=True)
class TrialLine:
    """An account's balance as accountants show it: in the debit or in the credit column.

    :ivar members: how many members' accounts of one sort are added up here, under what their codes begin with
    """

    account_id: int
    code: str
    type: AccountType
    currency: str
    debit: Money
    credit: Money
    members: int = 0


@dataclass(frozen=True)
class TrialBalance:
    """All accounts of a book on a day; debits equal credits in every currency."""

    book: Book
    day: dt.date | None
    lines: tuple[TrialLine, ...]

    @cached_property
    def totals(self) -> dict[str, tuple[Money, Money]]:
        """Debits and credits by currency."""
        sums: dict[str, tuple[Money, Money]] = {}
        for line in self.lines:
            debit, credit = sums.get(line.currency, (zero(line.currency), zero(line.currency)))
            sums[line.currency] = (debit + line.debit, credit + line.credit)
        return sums


@dataclass(frozen=True, slots=True)
class Figure:
    """An account with an amount on its natural side; ``members`` as in :class:`TrialLine`."""

    account_id: int
    code: str
    type: AccountType
    currency: str
    amount: Money
    members: int = 0


@dataclass(frozen=True)
class IncomeStatement:
    """Income and expense of a period; the result is their difference, by currency."""

    period: Period
    income: tuple[Figure, ...]
    expense: tuple[Figure, ...]
    result: dict[str, Money]


@dataclass(frozen=True)
class BalanceSheet:
    """What a book owns, owes and keeps on a day; what is earned and not yet closed stands in ``running``."""

    day: dt.date
    assets: tuple[Figure, ...]
    liabilities: tuple[Figure, ...]
    equity: tuple[Figure, ...]
    running: dict[str, Money]


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One transfer of an entry with its accounts' codes."""

    id: uuid.UUID
    debit_id: int
    debit_code: str
    credit_id: int
    credit_code: str
    amount: Money


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry as recorded, with what a person wrote about it."""

    id: uuid.UUID
    book_id: int
    kind: Kind
    date: dt.date
    document: str
    recorded_at: dt.datetime
    recorded_by: int | None
    lines: tuple[EntryLine, ...]
    reverses: uuid.UUID | None
    reversed_by: uuid.UUID | None
    memo: str


def raw(account: Account) -> int:
    """Debits − credits in minor units."""
    held = Balance.objects.filter(account_id=account.pk).aggregate(total=Sum("amount"))["total"]
    return int(held or 0)


def of(account: Account) -> Money:
    """What the account holds now, on its natural side."""
    return from_minor(account.sign * raw(account), account.currency.code)


def of_many(accounts: Iterable[Account]) -> dict[int, Money]:
    """What each account holds now, by account id, in one query."""
    wanted = {account.pk: account for account in accounts}
    held = dict.fromkeys(wanted, 0)
    rows = Balance.objects.filter(account_id__in=list(wanted)).values_list("account_id").annotate(total=Sum("amount"))
    held.update(dict(rows))
    return {pk: from_minor(account.sign * int(held[pk]), account.currency.code) for pk, account in wanted.items()}


_HELD = """
    SELECT a.code, a.type, c.code, a.amount_max,
           (SELECT coalesce(sum(b.amount), 0) FROM ledger_balance b WHERE b.account_id = a.id)
      FROM ledger_account a JOIN ledger_currency c ON c.id = a.currency_id
     WHERE a.owner_id = %s AND a.book_id = %s AND starts_with(a.code, %s) ORDER BY a.code, a.currency_id
"""


def held_by(owner_id: int, *, book: int, prefix: str = "") -> list[Held]:
    """What a member's accounts in a book hold now, in the order of their codes; in one query.

    :param book: the book's id, such as :data:`mutual.ledger.chart.COOP`
    """
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [owner_id, book, prefix])
        return [
            Held(code, from_minor(AccountType(type).sign * int(amount), unit), highest)
            for code, type, unit, highest, amount in cursor.fetchall()
        ]


def raw_on(account: Account, day: dt.date) -> int:
    """Debits − credits of everything booked up to and on the day, in minor units."""
    return raw(account) - _moved(account, day + dt.timedelta(days=1), None)


def on(account: Account, day: dt.date) -> Money:
    """What the account held at the end of the day, on its natural side."""
    return from_minor(account.sign * raw_on(account, day), account.currency.code)


def _moved(account: Account, start: dt.date | None, end: dt.date | None) -> int:
    _held, ((debit, credit),) = _turned([account.pk], [(start, end)])[account.pk]
    return debit - credit


_TURNED = """
    SELECT a.id, s.n, (SELECT coalesce(sum(amount), 0) FROM ledger_balance b WHERE b.account_id = a.id),
           moved.debit, moved.credit
      FROM ledger_account a
     CROSS JOIN unnest(%(starts)s::date[], %(ends)s::date[], %(firsts)s::date[], %(lasts)s::date[])
                WITH ORDINALITY AS s (start, until, first, last, n)
     CROSS JOIN LATERAL (
           SELECT coalesce(sum(debit), 0) AS debit, coalesce(sum(credit), 0) AS credit FROM (
               SELECT sum(debit) AS debit, sum(credit) AS credit FROM ledger_turnover
                WHERE account_id = a.id AND month >= s.first AND month < s.last
               UNION ALL
               SELECT sum(amount), 0 FROM ledger_transfer WHERE book_id = a.book_id AND debit_id = a.id
                  AND booked_on >= s.start AND booked_on < CASE WHEN a.id < 0 THEN s.first ELSE s.until END
               UNION ALL
               SELECT 0, sum(amount) FROM ledger_transfer WHERE book_id = a.book_id AND credit_id = a.id
                  AND booked_on >= s.start AND booked_on < CASE WHEN a.id < 0 THEN s.first ELSE s.until END
               UNION ALL
               SELECT sum(amount), 0 FROM ledger_transfer WHERE a.id < 0 AND book_id = a.book_id AND debit_id = a.id
                  AND booked_on >= s.last AND booked_on < s.until
               UNION ALL
               SELECT 0, sum(amount) FROM ledger_transfer WHERE a.id < 0 AND book_id = a.book_id AND credit_id = a.id
                  AND booked_on >= s.last AND booked_on < s.until) AS parts) AS moved
     WHERE a.id = ANY (%(ids)s) ORDER BY a.id, s.n
"""
"""Busy accounts: whole months from their turnover, only the days before and after those from the transfers. Others:
every transfer between the two days. One statement, so that the balance and what moved are of one moment."""


def _turned(
    ids: Sequence[int], spans: Sequence[tuple[dt.date | None, dt.date | None]]
) -> dict[int, tuple[int, list[tuple[int, int]]]]:
    """What each account holds now, and what was debited and credited in each span (from, up to but not including; None
    is open): by account id, in one query, in minor units."""
    starts = [start or dt.date.min for start, _end in spans]
    ends = [end or dt.date.max for _start, end in spans]
    firsts, lasts = [], []
    for start, end in zip(starts, ends, strict=True):
        first = start if start.day == 1 else add_months(start.replace(day=1), 1)
        last = end.replace(day=1)
        whole = first < last
        firsts.append(first if whole else end)
        lasts.append(last if whole else end)
    with connection.cursor() as cursor:
        cursor.execute(_TURNED, {"ids": list(ids), "starts": starts, "ends": ends, "firsts": firsts, "lasts": lasts})
        found: dict[int, tuple[int, list[tuple[int, int]]]] = {}
        for pk, _n, held, debit, credit in cursor.fetchall():
            found.setdefault(pk, (int(held), []))[1].append((int(debit), int(credit)))
    return found


def statement(account: Account, period: Period, *, limit: int = 5000) -> Statement:
    """An account's lines in a period with a running balance; transfers of one entry in one direction are one line."""
    return statements([account], period, limit=limit)[account.pk]


def statements(accounts: Sequence[Account], period: Period, *, limit: int = 5000) -> dict[int, Statement]:
    """The statements of several accounts in two queries, by account id."""
    ids = [account.pk for account in accounts]
    if not ids:
        return {}
    openings = {
        pk: held - debit + credit for pk, (held, [(debit, credit)]) in _turned(ids, [(period.start, None)]).items()
    }
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.id, line.booked_on, line.kind, line.document, line.amount, line.entry
              FROM ledger_account a CROSS JOIN LATERAL (
                   SELECT booked_on, min(recorded_at) AS at, kind, document, sum(delta) AS amount, entry FROM (
                       SELECT booked_on, recorded_at, kind, document, amount AS delta, ledger_entry_of(id) AS entry
                         FROM ledger_transfer WHERE book_id = a.book_id AND debit_id = a.id
                          AND booked_on >= %(start)s AND booked_on < %(end)s
                       UNION ALL
                       SELECT booked_on, recorded_at, kind, document, -amount, ledger_entry_of(id)
                         FROM ledger_transfer WHERE book_id = a.book_id AND credit_id = a.id
                          AND booked_on >= %(start)s AND booked_on < %(end)s) AS sides
                   GROUP BY booked_on, kind, document, entry ORDER BY booked_on, at, entry LIMIT %(limit)s) AS line
             WHERE a.id = ANY (%(ids)s) ORDER BY a.id, line.booked_on, line.at, line.entry
            """,
            {"ids": ids, "start": period.start, "end": period.end, "limit": limit + 1},
        )
        rows = cursor.fetchall()
    by_account: dict[int, list[tuple[dt.date, int, str, int, uuid.UUID]]] = {pk: [] for pk in ids}
    for pk, date, kind, document, amount, entry in rows:
        by_account[pk].append((date, kind, document, int(amount), entry))
    return {account.pk: _statement(account, period, openings[account.pk], by_account[account.pk], limit)
            for account in accounts}  # fmt: skip


def _statement(
    account: Account,
    period: Period,
    opening: int,
    rows: list[tuple[dt.date, int, str, int, uuid.UUID]],
    limit: int,
) -> Statement:
    code, sign = account.currency.code, account.sign
    held = opening
    lines = []
    for date, kind, document, amount, entry in rows[:limit]:
        held += amount
        lines.append(
            StatementLine(
                date, Kind(kind), document, from_minor(sign * amount, code), from_minor(sign * held, code), entry
            )
        )
    complete = len(rows) <= limit
    closing = held if complete else opening + _moved(account, period.start, period.end)
    return Statement(
        account, period, from_minor(sign * opening, code), tuple(lines), from_minor(sign * closing, code), complete
    )


def history(account: Account, days: Sequence[dt.date]) -> list[Money]:
    """What the account held at the end of each day, on its natural side, for charts."""
    return histories([account], days)[account.pk]


def histories(accounts: Sequence[Account], days: Sequence[dt.date]) -> dict[int, list[Money]]:
    """What each account held at the end of each day, by account id, in one query."""
    if not accounts or not days:
        return {account.pk: [] for account in accounts}
    day = dt.timedelta(days=1)
    marks = sorted(set(days))
    spans = [(mark + day, after + day) for mark, after in pairwise(marks)]
    found = _turned([account.pk for account in accounts], [*spans, (marks[-1] + day, None)])
    result = {}
    for account in accounts:
        held, moved = found[account.pk]
        then = {}
        for mark, (debit, credit) in zip(reversed(marks), reversed(moved), strict=True):
            held -= debit - credit
            then[mark] = held
        result[account.pk] = [from_minor(account.sign * then[day], account.currency.code) for day in days]
    return result


def turnovers(accounts: Sequence[Account], period: Period) -> dict[int, tuple[Money, Money]]:
    """What was debited to and credited to each account in a period, by account id, in one query."""
    found = _turned([account.pk for account in accounts], [(period.start, period.end)])
    return {
        account.pk: (from_minor(debit, account.currency.code), from_minor(credit, account.currency.code))
        for account in accounts
        for debit, credit in found[account.pk][1]
    }


def monthly(account: Account, period: Period) -> dict[dt.date, tuple[Money, Money]]:
    """What was debited and credited in each calendar month of a period, by the month's first day; months in which
    nothing moved are left out."""
    firsts = [one.start for one in period.months()]
    spans = [(max(one.start, period.start), min(one.end, period.end)) for one in period.months()]
    code = account.currency.code
    return {
        first: (from_minor(debit, code), from_minor(credit, code))
        for first, (debit, credit) in zip(firsts, _turned([account.pk], spans)[account.pk][1], strict=True)
        if debit or credit
    }


_ON_A_DAY = """
    SELECT a.id, a.code, a.type, c.code, coalesce(b.amount, 0) - coalesce(later.amount, 0)
      FROM ledger_account a
      JOIN ledger_currency c ON c.id = a.currency_id
      LEFT JOIN (SELECT account_id, sum(amount) AS amount FROM ledger_balance WHERE book_id = %(book)s
                  GROUP BY account_id) AS b ON b.account_id = a.id
      LEFT JOIN (SELECT account_id, sum(delta) AS amount FROM (
                    SELECT debit_id AS account_id, amount AS delta FROM ledger_transfer
                     WHERE book_id = %(book)s AND booked_on > %(day)s
                    UNION ALL
                    SELECT credit_id, -amount FROM ledger_transfer
                     WHERE book_id = %(book)s AND booked_on > %(day)s) AS sides
                  GROUP BY account_id) AS later ON later.account_id = a.id
     WHERE a.book_id = %(book)s AND a.type = ANY (%(types)s)
     ORDER BY a.type, a.code, c.code
"""


def _held_on(
    book: Book, day: dt.date | None, types: Sequence[AccountType] = tuple(AccountType)
) -> list[tuple[int, str, AccountType, str, int]]:
    asked: dict[str, Any] = {"book": book.pk, "day": day or dt.date.max, "types": [int(kind) for kind in types]}
    with connection.cursor() as cursor:
        cursor.execute(_ON_A_DAY, asked)
        return [(pk, code, AccountType(kind), unit, int(held)) for pk, code, kind, unit, held in cursor.fetchall()]


def held_on(book: Book, day: dt.date, types: Sequence[AccountType]) -> list[tuple[Account, int]]:
    """The book's accounts of some types with debits − credits at the end of a day, in minor units."""
    held = {pk: amount for pk, _code, _kind, _unit, amount in _held_on(book, day, types)}
    accounts = Account.objects.select_related("currency").filter(pk__in=list(held)).order_by("code", "currency_id")
    return [(account, held[account.pk]) for account in accounts]


def trial_balance(book: Book, day: dt.date | None = None, *, with_zero: bool = False) -> TrialBalance:
    """Every account of a book with its balance at the end of a day (or now)."""
    lines = tuple(
        TrialLine(
            pk, code, kind, unit,
            from_minor(max(held, 0), unit), from_minor(max(-held, 0), unit),
        )
        for pk, code, kind, unit, held in _held_on(book, day)
        if held or with_zero
    )  # fmt: skip
    return TrialBalance(book, day, lines)


def members_head(code: str) -> str:
    """What the codes of all members' accounts of this sort begin with; empty for an account that is no member's."""
    head, _, tail = code.rpartition(":")
    return head if tail.startswith("M-") else ""


def trial_balance_grouped(book: Book, day: dt.date | None = None) -> TrialBalance:
    """Like :func:`trial_balance`, with the members' accounts of one sort added up into one line."""
    sums: dict[tuple[AccountType, str, str], list[int]] = {}
    for pk, code, kind, unit, held in _held_on(book, day):
        head = members_head(code)
        found = sums.setdefault((kind, head or code, unit), [0 if head else pk, 0, 0, 0])
        found[1 if held > 0 else 2] += abs(held)
        found[3] += bool(head and held)
    lines = tuple(
        TrialLine(pk, code, kind, unit, from_minor(debit, unit), from_minor(credit, unit), members)
        for (kind, code, unit), (pk, debit, credit, members) in sums.items()
        if debit or credit
    )
    return TrialBalance(book, day, lines)


def income(book: Book, period: Period) -> IncomeStatement:
    """Income and expense of a period, year-end closing entries left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.id, a.code, a.type, c.code, coalesce(sum(delta), 0)
              FROM ledger_account a JOIN ledger_currency c ON c.id = a.currency_id
              CROSS JOIN LATERAL (
                   SELECT amount AS delta, kind, ledger_entry_of(coalesce(reverses, id)) AS entry FROM ledger_transfer
                    WHERE book_id = a.book_id AND debit_id = a.id AND booked_on >= %(start)s AND booked_on < %(end)s
                   UNION ALL
                   SELECT -amount, kind, ledger_entry_of(coalesce(reverses, id)) FROM ledger_transfer
                    WHERE book_id = a.book_id AND credit_id = a.id AND booked_on >= %(start)s AND booked_on < %(end)s
                   ) AS moved
             WHERE a.book_id = %(book)s AND a.type IN (4, 5) AND moved.kind <> %(closing)s
             GROUP BY a.id, a.code, a.type, c.code ORDER BY a.type, a.code, c.code
            """,
            {"book": book.pk, "start": period.start, "end": period.end, "closing": int(Kind.YEAR_CLOSED)},
        )
        figures = [
            Figure(pk, code, AccountType(kind), unit, from_minor(AccountType(kind).sign * int(held), unit))
            for pk, code, kind, unit, held in cursor.fetchall()
        ]
    earned = tuple(figure for figure in figures if figure.type == AccountType.INCOME)
    spent = tuple(figure for figure in figures if figure.type == AccountType.EXPENSE)
    result: dict[str, Money] = {}
    for figure in earned:
        result[figure.currency] = result.get(figure.currency, zero(figure.currency)) + figure.amount
    for figure in spent:
        result[figure.currency] = result.get(figure.currency, zero(figure.currency)) - figure.amount
    return IncomeStatement(period, earned, spent, result)


def balance_sheet(book: Book, day: dt.date) -> BalanceSheet:
    """What a book owns, owes and keeps at the end of a day."""
    sides: dict[AccountType, list[Figure]] = {kind: [] for kind in AccountType}
    running: dict[str, Money] = {}
    for pk, code, kind, unit, held in _held_on(book, day):
        if not held:
            continue
        amount = from_minor(kind.sign * held, unit)
        sides[kind].append(Figure(pk, code, kind, unit, amount))
        if kind in (AccountType.INCOME, AccountType.EXPENSE):
            running[unit] = running.get(unit, zero(unit)) + from_minor(-held, unit)
    return BalanceSheet(
        day, tuple(sides[AccountType.ASSET]), tuple(sides[AccountType.LIABILITY]), tuple(sides[AccountType.EQUITY]),
        running,
    )  # fmt: skip


def entry(book_id: int, entry_id: uuid.UUID) -> EntryView | None:
    """One entry with its lines, or None where the book has no such entry."""
    from mutual.ledger.journal import reversal_key
    from mutual.ledger.keys import entry_id as id_of

    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.id, t.kind, t.booked_on, t.document, t.recorded_at, t.recorded_by, t.debit_id, d.code,
                   t.credit_id, k.code, t.amount, c.code, t.reverses
              FROM ledger_transfer t JOIN ledger_account d ON d.id = t.debit_id
              JOIN ledger_account k ON k.id = t.credit_id JOIN ledger_currency c ON c.id = t.currency_id
             WHERE t.book_id = %s AND t.id BETWEEN %s AND %s ORDER BY t.id
            """,
            [book_id, entry_of(entry_id), line_id(entry_of(entry_id), LINES - 1)],
        )
        rows = cursor.fetchall()
        if not rows:
            return None
        mirror = id_of(book_id, reversal_key(entry_of(entry_id)))
        cursor.execute("SELECT 1 FROM ledger_transfer WHERE book_id = %s AND id = %s", [book_id, mirror])
        undone = cursor.fetchone() is not None
    first = rows[0]
    note = EntryNote.objects.filter(book_id=book_id, entry_id=entry_of(entry_id)).first()
    return EntryView(
        id=entry_of(entry_id), book_id=book_id, kind=Kind(first[1]), date=first[2], document=first[3],
        recorded_at=first[4], recorded_by=first[5],
        lines=tuple(
            EntryLine(row[0], row[6], row[7], row[8], row[9], from_minor(row[10], row[11])) for row in rows
        ),
        reverses=entry_of(first[12]) if first[12] else None,
        reversed_by=mirror if undone else None,
        memo=note.memo if note else "",
    )  # fmt: skip

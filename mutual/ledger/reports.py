"""The books as an auditor reads them: entries newest first, accounts, and sheets short enough to read.

Every list is bounded; where there is more, the report says from where to go on (a key, never an offset, so that the
thousandth page costs what the first does).
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q

from mutual.ledger import balances, chart
from mutual.ledger.balances import BalanceSheet, EntryView, Figure, IncomeStatement, TrialBalance
from mutual.ledger.journal import reversal_key
from mutual.ledger.keys import LINES, entry_id, line_id
from mutual.ledger.kinds import AccountType, Kind
from mutual.ledger.models import Account, AuditRun, BackupRun, Book, Seal
from mutual.money import Money, from_minor, zero
from mutual.periods import Period

PAGE = 40
"""Entries on one page of the journal."""

LINES_SHOWN = 8
"""Lines of one entry that the journal shows; the entry's own page shows all."""

_MOST_LINES = 100
_FINEST = 500
"""Accounts one filter may stand for."""

_CURSOR = re.compile(r"^(\d{4}-\d\d-\d\d)_(\d{1,20})_([0-9a-f]{32})$", re.ASCII)


class BadCursor(ValueError):
    """The place to go on from is not one the journal gave."""


@dataclass(frozen=True, slots=True)
class Side:
    """One account's part of an entry: what was debited to it and what was credited to it, never both."""

    account_id: int
    code: str
    debit: Money | None
    credit: Money | None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """An entry as the journal lists it."""

    id: uuid.UUID
    kind: Kind
    date: dt.date
    document: str
    recorded_at: dt.datetime
    recorded_by: int | None
    undone: bool
    """Whether a reversal took it back."""
    sides: tuple[Side, ...]
    more: bool
    """Whether there are sides that only the entry's own page shows."""


@dataclass(frozen=True)
class JournalPage:
    """Some entries, newest first, and where older ones go on."""

    entries: tuple[JournalEntry, ...]
    older: str
    """What to ask for next; empty at the end."""
    too_wide: bool = False
    """Whether the account filter stood for too many accounts to be searched."""


@dataclass(frozen=True)
class AccountLine:
    """An account and what it holds now."""

    id: int
    code: str
    type: AccountType
    currency: str
    label: str
    held: Money


@dataclass(frozen=True)
class AccountPage:
    """Some accounts by their codes, and where the list goes on."""

    accounts: tuple[AccountLine, ...]
    after: str


def sides(lines: Iterable[tuple[int, str, int, str, Money]]) -> tuple[Side, ...]:
    """Debits first, then credits, each account once: (debit id, debit code, credit id, credit code, amount) in.

    Two lines that touch the same account on the same side are one figure, as accountants write it; an account that is
    touched on both sides stands there twice.
    """
    debits: dict[tuple[int, str, str], Money] = {}
    credits: dict[tuple[int, str, str], Money] = {}
    for debit_id, debit_code, credit_id, credit_code, amount in lines:
        unit = str(amount.currency)
        one, other = (debit_id, debit_code, unit), (credit_id, credit_code, unit)
        debits[one] = debits.get(one, zero(unit)) + amount
        credits[other] = credits.get(other, zero(unit)) + amount
    return (
        *(Side(pk, code, amount, None) for (pk, code, _unit), amount in debits.items()),
        *(Side(pk, code, None, amount) for (pk, code, _unit), amount in credits.items()),
    )


def entry_sides(entry: EntryView) -> tuple[Side, ...]:
    """The two columns of one entry."""
    return sides(
        (line.debit_id, line.debit_code, line.credit_id, line.credit_code, line.amount) for line in entry.lines
    )


def entry_totals(parts: Sequence[Side]) -> tuple[tuple[Money, Money], ...]:
    """Debits and credits of an entry in each currency; they are equal, and are shown so that anyone can see it."""
    totals: dict[str, list[Money]] = {}
    for side in parts:
        amount = side.debit if side.debit is not None else side.credit
        if amount is None:
            continue
        both = totals.setdefault(str(amount.currency), [zero(str(amount.currency)), zero(str(amount.currency))])
        both[0 if side.debit is not None else 1] += amount
    return tuple((debit, credit) for debit, credit in totals.values())


_ASKED = """
       AND booked_on >= %(start)s AND booked_on < %(end)s
       AND (%(kind)s::smallint IS NULL OR kind = %(kind)s::smallint)
       AND (%(document)s = '' OR document = %(document)s)
       AND (%(on)s::date IS NULL
            OR (booked_on, recorded_at, id) < (%(on)s::date, %(at)s::timestamptz, %(entry)s::uuid))
     ORDER BY booked_on DESC, recorded_at DESC, id DESC LIMIT %(limit)s
"""

_HEADS = f"""
    SELECT id, kind, booked_on, document, recorded_at, recorded_by FROM ledger_transfer
     WHERE book_id = %(book)s AND id = ledger_entry_of(id) {_ASKED}
"""
"""The first transfer of each entry stands for it."""

_HEADS_OF_ACCOUNTS = f"""
    SELECT id, kind, booked_on, document, recorded_at, recorded_by FROM ledger_transfer
     WHERE book_id = %(book)s
       AND id IN (SELECT ledger_entry_of(id) FROM ledger_transfer WHERE book_id = %(book)s
                     AND debit_id = ANY (%(ids)s) AND booked_on >= %(start)s AND booked_on < %(end)s
                  UNION
                  SELECT ledger_entry_of(id) FROM ledger_transfer WHERE book_id = %(book)s
                     AND credit_id = ANY (%(ids)s) AND booked_on >= %(start)s AND booked_on < %(end)s) {_ASKED}
"""


def journal(
    *,
    book: Book,
    period: Period,
    kind: Kind | None = None,
    account: str = "",
    document: str = "",
    before: str = "",
) -> JournalPage:
    """A page of the journal, newest entries first.

    :param account: an account's code, or the beginning of one that ends in ``:`` (``equity:fund:``)
    :param before: where an earlier page said that older entries go on
    :raises BadCursor: if ``before`` is nothing a page gave
    """
    ids: list[int] | None = None
    if account:
        wanted = Account.objects.filter(book=book)
        wanted = wanted.filter(code__startswith=account) if account.endswith(":") else wanted.filter(code=account)
        ids = list(wanted.values_list("pk", flat=True)[: _FINEST + 1])
        if len(ids) > _FINEST:
            return JournalPage((), "", too_wide=True)
    values: dict[str, Any] = {
        "book": book.pk,
        "start": period.start,
        "end": period.end,
        "kind": None if kind is None else int(kind),
        "document": document,
        "ids": ids,
        "limit": PAGE + 1,
        **_place(before),
    }
    with connection.cursor() as cursor:
        cursor.execute(_HEADS if ids is None else _HEADS_OF_ACCOUNTS, values)
        heads = cursor.fetchall()
    shown = heads[:PAGE]
    lines = _lines(book.pk, [row[0] for row in shown])
    undone = _undone(book.pk, [row[0] for row in shown])
    entries = []
    for pk, number, on, paper, at, by in shown:
        found = lines.get(pk, [])
        # A sum over some of an entry's lines would be a wrong figure: then show none.
        parts = sides(found) if len(found) <= _MOST_LINES else ()
        entries.append(
            JournalEntry(
                id=pk,
                kind=Kind(number),
                date=on,
                document=paper,
                recorded_at=at,
                recorded_by=by,
                undone=pk in undone,
                sides=parts[:LINES_SHOWN],
                more=len(parts) > LINES_SHOWN or len(found) > _MOST_LINES,
            )
        )
    older = ""
    if len(heads) > PAGE:
        last = shown[-1]
        older = f"{last[2]:%Y-%m-%d}_{_micros(last[4])}_{last[0].hex}"
    return JournalPage(tuple(entries), older)


def _micros(at: dt.datetime) -> int:
    passed = at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (passed.days * 86400 + passed.seconds) * 1_000_000 + passed.microseconds


def _place(before: str) -> dict[str, Any]:
    if not before:
        return {"on": None, "at": None, "entry": None}
    found = _CURSOR.match(before)
    if found is None:
        raise BadCursor("Start again from the newest entries.")
    try:
        on = dt.date.fromisoformat(found[1])
        at = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=int(found[2]))
    except (ValueError, OverflowError) as error:
        raise BadCursor("Start again from the newest entries.") from error
    return {"on": on, "at": at, "entry": uuid.UUID(hex=found[3])}


def _undone(book_id: int, entries: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these were reversed: a reversal's id follows from its entry's, so each is one look-up by key."""
    mirrors = {entry_id(book_id, reversal_key(pk)): pk for pk in entries}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM ledger_transfer WHERE book_id = %s AND id = ANY (%s::uuid[])",
            [book_id, [str(pk) for pk in mirrors]],
        )
        return {mirrors[pk] for (pk,) in cursor.fetchall()}


def _lines(book_id: int, entries: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[tuple[int, str, int, str, Money]]]:
    """The lines of each entry, in one query; of an entry with more than ``_MOST_LINES``, only that many and one."""
    if not entries:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT wanted.low, t.debit_id, d.code, t.credit_id, k.code, t.amount, c.code
              FROM unnest(%(low)s::uuid[], %(high)s::uuid[]) AS wanted (low, high)
              CROSS JOIN LATERAL (SELECT id, debit_id, credit_id, amount, currency_id FROM ledger_transfer
                                   WHERE book_id = %(book)s AND id BETWEEN wanted.low AND wanted.high
                                   ORDER BY id LIMIT %(most)s) AS t
              JOIN ledger_account d ON d.id = t.debit_id JOIN ledger_account k ON k.id = t.credit_id
              JOIN ledger_currency c ON c.id = t.currency_id
             ORDER BY t.id
            """,
            {
                "book": book_id,
                "most": _MOST_LINES + 1,
                "low": [str(pk) for pk in entries],
                "high": [str(line_id(pk, LINES - 1)) for pk in entries],
            },
        )
        found: dict[uuid.UUID, list[tuple[int, str, int, str, Money]]] = {}
        for low, debit_id, debit_code, credit_id, credit_code, amount, unit in cursor.fetchall():
            found.setdefault(low, []).append(
                (debit_id, debit_code, credit_id, credit_code, from_minor(int(amount), unit))
            )
    return found


def accounts(
    *, book: Book, beginning: str = "", type: AccountType | None = None, after: str = "", limit: int = 100
) -> AccountPage:
    """The book's accounts by code, with what each holds now.

    :param after: the code and currency of the last account of the page before, as that page gave it
    """
    wanted = Account.objects.filter(book=book).select_related("currency")
    if beginning:
        wanted = wanted.filter(code__startswith=beginning)
    if type is not None:
        wanted = wanted.filter(type=int(type))
    if after:
        code, _sign, unit = after.rpartition("|")
        wanted = wanted.filter(Q(code__gt=code) | Q(code=code, currency__code__gt=unit))
    found = list(wanted.order_by("code", "currency__code")[: limit + 1])
    shown = found[:limit]
    held = balances.of_many(shown)
    named = chart.labels(account.pk for account in shown)
    last = shown[-1] if len(found) > limit else None
    return AccountPage(
        tuple(
            AccountLine(
                account.pk,
                account.code,
                AccountType(account.type),
                account.currency.code,
                named.get(account.pk, ""),
                held[account.pk],
            )
            for account in shown
        ),
        f"{last.code}|{last.currency.code}" if last else "",
    )


def account(pk: int, *, books: Iterable[int]) -> Account | None:
    """An account of one of these books, or None."""
    found: Account | None = (
        Account.objects.select_related("currency", "book").filter(pk=pk, book_id__in=list(books)).first()
    )
    return found


def grouped(figures: Iterable[Figure]) -> tuple[Figure, ...]:
    """Figures with the members' accounts of one sort added up into one line."""
    sums: dict[tuple[str, str, AccountType], Figure] = {}
    for figure in figures:
        head = balances.members_head(figure.code)
        key = (head or figure.code, figure.currency, figure.type)
        one = Figure(0, head, figure.type, figure.currency, figure.amount, int(bool(figure.amount))) if head else figure
        if key in sums:
            one = replace(one, amount=sums[key].amount + one.amount, members=sums[key].members + one.members)
        sums[key] = one
    return tuple(sums.values())


@dataclass(frozen=True)
class Part:
    """One part of a sheet (assets, income, …): its lines, and its total in each currency."""

    title: str
    lines: tuple[Figure, ...]
    totals: tuple[Money, ...]


def part(title: str, figures: Iterable[Figure]) -> Part:
    """A part of a sheet with its totals."""
    lines = grouped(figures)
    totals: dict[str, Money] = {}
    for figure in lines:
        totals[figure.currency] = totals.get(figure.currency, zero(figure.currency)) + figure.amount
    return Part(title, lines, tuple(totals.values()))


def income_parts(statement: IncomeStatement, *, income: str, expense: str) -> tuple[Part, Part]:
    """Income and expense with their totals."""
    return part(income, statement.income), part(expense, statement.expense)


def sheet_parts(
    sheet: BalanceSheet, *, assets: str, liabilities: str, equity: str, running: str
) -> tuple[Part, Part, Part, Part]:
    """What is owned, owed, kept, and earned but not yet closed, with totals."""
    earned = tuple(amount for amount in sheet.running.values() if amount)
    return (
        part(assets, sheet.assets),
        part(liabilities, sheet.liabilities),
        part(equity, sheet.equity),
        Part(running, (), earned),
    )


def both_sides(assets: Part, *others: Part) -> tuple[tuple[Money, Money], ...]:
    """What is owned beside what is owed, kept and earned, in each currency: equal, and shown so that anyone sees it."""
    sums: dict[str, list[Money]] = {}
    for column, parts in enumerate(((assets,), others)):
        for one in parts:
            for total in one.totals:
                unit = str(total.currency)
                sums.setdefault(unit, [zero(unit), zero(unit)])[column] += total
    return tuple((have, owe) for have, owe in sums.values())


def unbalanced(trial: TrialBalance) -> bool:
    """Whether debits and credits of any currency differ (which the database does not let happen)."""
    return any(debit != credit for debit, credit in trial.totals.values())


@dataclass(frozen=True)
class SealLine:
    """A sealed day: how many transfers, the root over them, and the link to the day before."""

    day: dt.date
    transfers: int
    root: str
    chain: str
    sealed_at: dt.datetime


@dataclass(frozen=True)
class SealPage:
    """Some sealed days of a book, newest first, and where older ones go on."""

    seals: tuple[SealLine, ...]
    older: dt.date | None


def sealed_days(*, book: Book, before: dt.date | None = None, limit: int = 31) -> SealPage:
    """The book's seals, newest first."""
    wanted = Seal.objects.filter(book_id=book.pk)
    if before is not None:
        wanted = wanted.filter(day__lt=before)
    found = list(wanted.order_by("-day").values_list("day", "transfers", "root", "chain", "sealed_at")[: limit + 1])
    lines = tuple(
        SealLine(day, count, bytes(root).hex(), bytes(chain).hex(), at) for day, count, root, chain, at in found[:limit]
    )
    return SealPage(lines, lines[-1].day if len(found) > limit else None)


@dataclass(frozen=True)
class AuditLine:
    """One re-adding of the books."""

    at: dt.datetime
    seconds: Decimal
    transfers: int
    findings: tuple[tuple[str, str, str], ...]
    finding_count: int


def audits(limit: int = 10) -> tuple[AuditLine, ...]:
    """The newest audits, with what each found."""
    return tuple(
        AuditLine(
            run.started_at,
            Decimal((run.finished_at - run.started_at) // dt.timedelta(milliseconds=1)) / 1000,
            run.transfers,
            tuple((str(rule), str(subject), str(sentence)) for rule, subject, sentence in run.findings),
            run.finding_count,
        )
        for run in AuditRun.objects.order_by("-started_at")[:limit]
    )


@dataclass(frozen=True)
class BackupLine:
    """A backup that was tried: when, which file, how much it holds, and why it is none."""

    at: dt.datetime
    file: str
    transfers: int
    encrypted: bool
    failure: str


def backups(limit: int = 5) -> tuple[BackupLine, ...]:
    """The newest backups that were tried."""
    return tuple(
        BackupLine(run.started_at, run.file, run.transfers, run.encrypted, run.failure)
        for run in BackupRun.objects.order_by("-started_at")[:limit]
    )

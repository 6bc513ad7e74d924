"""Books and accounts: where things are counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from django.db import connection, transaction

from mutual.currencies import BARTER as BARTER_UNITS
from mutual.currencies import MONEY
from mutual.ledger.kinds import AccountType
from mutual.ledger.models import STRIPES, Account, Balance, Book, Closing, Currency, Label
from mutual.money import Money, decimals, minor

COOP = 1
BARTER = 2
BOOK_LOCK = 7001
"""The advisory lock that recording shares, and that closing a book or limiting a busy account takes alone."""


class ChartRefused(Exception):
    """Something asked of the chart of accounts was refused; the message is a sentence for the person."""


class AccountMissing(ChartRefused):
    """There is no such account."""


class BookMissing(ChartRefused):
    """There is no such book."""


class AccountDiffers(ChartRefused):
    """The account exists already, with another type."""


class LimitsBroken(ChartRefused):
    """The account already holds more, or less, than the new limits allow."""


@dataclass(frozen=True)
class NewAccount:
    """An account to open in :func:`open_many`: its code and type, whose it is, and its limits (debits − credits)."""

    code: str
    type: AccountType
    currency: str
    owner_id: int | None = None
    amount_min: int | None = None
    amount_max: int | None = None


def coop_book() -> Book:
    """The cooperative's own book."""
    return Book.objects.get(pk=COOP)


def barter_book() -> Book:
    """The book in which members owe one another credit and hours."""
    return Book.objects.get(pk=BARTER)


def book(code: str) -> Book:
    """The book with this code, opened if there is none."""
    return Book.objects.get_or_create(code=code)[0]


def find_book(code: str) -> Book:
    """The book with this code: ``coop``, ``barter``, ``member/M-000123``.

    :raises BookMissing: if there is none
    """
    try:
        return Book.objects.get(code=code)
    except Book.DoesNotExist as error:
        raise BookMissing(f"There is no book {code!r}.") from error


def member_book(*, member_id: int, number: str) -> Book:
    """The member's own book, opened when first needed; it is hers and never mixed with the cooperative's."""
    return Book.objects.get_or_create(code=f"member/{number}", defaults={"owner_id": member_id})[0]


def currency(code: str, *, places: int | None = None) -> Currency:
    """The currency's row; one not seen before is added, with its decimals as the world (or ``places``) has them."""
    return _currency(code, places)


@cache
def _known(code: str) -> Currency:
    return Currency.objects.get(code=code)


def _currency(code: str, places: int | None) -> Currency:
    if code in (*MONEY, *BARTER_UNITS):
        return _known(code)
    # Not kept in memory: a row added by a transaction that is undone later must not be remembered.
    try:
        return Currency.objects.get(code=code)
    except Currency.DoesNotExist:
        return Currency.objects.get_or_create(
            code=code, defaults={"decimals": decimals(code) if places is None else places}
        )[0]


def open(
    *,
    book: Book,
    code: str,
    type: AccountType,
    currency: str,
    owner_id: int | None = None,
    busy: bool = False,
    amount_min: int | None = None,
    amount_max: int | None = None,
    label: str = "",
) -> Account:
    """Open an account, or return the one that has this code in this book and currency.

    :param busy: spread its balance over 64 rows, for accounts that everybody's money passes through
    :param amount_min: lower limit of debits − credits in minor units; likewise ``amount_max``
    :raises AccountDiffers: if it exists with another type
    """
    unit = _currency(currency, None)
    found = Account.objects.filter(book=book, code=code, currency=unit).first()
    if found is None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO ledger_account
                    (id, book_id, code, currency_id, type, owner_id, amount_min, amount_max, opened_at)
                VALUES (CASE WHEN %s THEN nextval('ledger_busy_account')
                             ELSE nextval(pg_get_serial_sequence('ledger_account', 'id')) END,
                        %s, %s, %s, %s, %s, %s, %s, clock_timestamp())
                ON CONFLICT (book_id, code, currency_id) DO NOTHING
                """,
                [busy, book.pk, code, unit.pk, int(type), owner_id, amount_min, amount_max],
            )
            found = Account.objects.select_related("currency").get(book=book, code=code, currency=unit)
            if label:
                Label.objects.get_or_create(account=found, defaults={"text": label})
    if found.type != type:
        raise AccountDiffers(f"The account {code} exists as {AccountType(found.type).label}.")
    found.currency = unit
    return found


def open_many(*, book: Book, accounts: Sequence[NewAccount]) -> int:
    """Open many ordinary accounts in one statement; those that exist stay as they are. Returns how many were new."""
    units = {code: _currency(code, None).pk for code in {account.currency for account in accounts}}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO ledger_account (book_id, code, currency_id, type, owner_id, amount_min, amount_max, opened_at)
            SELECT %s, code, currency, type, owner, low, high, clock_timestamp()
              FROM unnest(%s::text[], %s::smallint[], %s::smallint[], %s::bigint[], %s::bigint[], %s::bigint[])
                AS row (code, currency, type, owner, low, high)
            ON CONFLICT (book_id, code, currency_id) DO NOTHING
            """,
            [
                book.pk,
                [account.code for account in accounts],
                [units[account.currency] for account in accounts],
                [int(account.type) for account in accounts],
                [account.owner_id for account in accounts],
                [account.amount_min for account in accounts],
                [account.amount_max for account in accounts],
            ],
        )
        return int(cursor.rowcount)


def find(*, book: Book | int, code: str, currency: str) -> Account:
    """The account with this code.

    :param book: the book, or its id, such as :data:`COOP`
    :raises AccountMissing: if there is none
    """
    try:
        return Account.objects.select_related("currency").get(book=book, code=code, currency__code=currency)
    except Account.DoesNotExist as error:
        raise AccountMissing(f"There is no account {code} in {currency}.") from error


def owned_by(owner_id: int, *, book: Book | int | None = None, prefix: str = "") -> list[Account]:
    """The accounts that belong to one member, in the order of their codes.

    :param book: only those of this book (or of the one with this id, such as :data:`COOP`)
    """
    found = Account.objects.select_related("currency").filter(owner_id=owner_id, code__startswith=prefix)
    return list((found.filter(book=book) if book else found).order_by("book_id", "code", "currency_id"))


def with_codes(codes: Sequence[str], *, book: Book) -> list[Account]:
    """The book's accounts with these codes; those that do not exist are left out."""
    found = Account.objects.select_related("currency").filter(book=book, code__in=list(codes))
    return list(found.order_by("code", "currency_id"))


def with_prefix(prefix: str, *, book: Book) -> list[Account]:
    """The book's accounts whose code begins so (``equity:fund:``), in the order of their codes."""
    found = Account.objects.select_related("currency").filter(book=book, code__startswith=prefix)
    return list(found.order_by("code", "currency_id"))


@transaction.atomic
def set_limits(account: Account, *, amount_min: int | None, amount_max: int | None) -> None:
    """Give an account limits, in minor units of debits − credits; None is no limit (rules L2, L3).

    :raises LimitsBroken: if what it holds now lies outside
    """
    lock_book(account.book_id)
    rows = Balance.objects.select_for_update().filter(account_id=account.pk).order_by("stripe")
    held = sum(row.amount for row in rows)
    if (amount_min is not None and held < amount_min) or (amount_max is not None and held > amount_max):
        raise LimitsBroken(f"The account {account.code} holds {held} now, which lies outside these limits.")
    account.amount_min, account.amount_max = amount_min, amount_max
    account.save(update_fields=["amount_min", "amount_max"])
    if not account.busy:
        Balance.objects.filter(account_id=account.pk).update(amount_min=amount_min, amount_max=amount_max)


def lock(account: Account) -> None:
    """Hold every balance row of an account until the transaction ends: for a rule over what it holds now.

    The book's lock comes first, as it does when an entry is recorded, so that nobody closing the book waits for us
    while we wait for her.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [BOOK_LOCK, account.book_id])
    list(Balance.objects.select_for_update(no_key=True).filter(account_id=account.pk).order_by("stripe"))


def lock_many(account_ids: Sequence[int], *, book: Book) -> None:
    """Hold the balance rows of several accounts of one book, in their order, as :func:`lock` does for one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [BOOK_LOCK, book.pk])
    rows = Balance.objects.select_for_update(no_key=True).filter(account_id__in=list(account_ids))
    list(rows.order_by("account_id", "stripe"))


def lock_book(book_id: int) -> None:
    """Hold a book alone until the transaction ends: entries under way are waited for, and none is recorded meanwhile.

    For what reads a whole book and then decides: closing a month or a year, sealing a day.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [BOOK_LOCK, book_id])


def closings(book: Book) -> list[Closing]:
    """Every closing and reopening of a book, newest first."""
    return list(Closing.objects.filter(book=book).order_by("-id")[:200])


def limit(money: Money | None) -> int | None:
    """A limit in minor units from money, or none."""
    return None if money is None else minor(money)


def labels(account_ids: Iterable[int]) -> dict[int, str]:
    """Human names of the accounts that have one."""
    return dict(Label.objects.filter(account_id__in=list(account_ids)).values_list("account_id", "text"))


__all__ = [
    "BARTER",
    "COOP",
    "STRIPES",
    "Account",
    "AccountDiffers",
    "AccountMissing",
    "Book",
    "BookMissing",
    "ChartRefused",
    "LimitsBroken",
    "NewAccount",
    "barter_book",
    "book",
    "closings",
    "coop_book",
    "currency",
    "find",
    "find_book",
    "labels",
    "limit",
    "lock",
    "lock_book",
    "lock_many",
    "member_book",
    "open",
    "open_many",
    "owned_by",
    "set_limits",
    "with_codes",
    "with_prefix",
]

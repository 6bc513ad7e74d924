"""The cooperative's accounts, by name."""

from __future__ import annotations

from collections.abc import Sequence

from members.models import Member
from mutual.ledger import chart
from mutual.ledger.kinds import AccountType
from pooling.models import DuesAccounts, Fund

PERSONAL = {
    "receivable": ("assets:dues-receivable", AccountType.ASSET),
    "deferred": ("liabilities:dues-deferred", AccountType.LIABILITY),
    "prepayments": ("liabilities:prepayments", AccountType.LIABILITY),
    "claims_payable": ("liabilities:claims-payable", AccountType.LIABILITY),
}
"""A member's accounts in the cooperative's book. None of them can change sides: nobody is owed a charge she overpaid,
and what is set aside for her cannot be paid twice."""


def personal(sort: str, number: str) -> str:
    """The code of a member's account of one sort."""
    return f"{PERSONAL[sort][0]}:{number}"


def of_member(sort: str, number: str, currency: str) -> chart.Account:
    """A member's account of one sort.

    :raises mutual.ledger.chart.AccountMissing: if she was never admitted
    """
    return chart.find(book=chart.COOP, code=personal(sort, number), currency=currency)


def open_for(members: Sequence[tuple[int, str, str]]) -> None:
    """Open the accounts of members given as (id, number, currency); again is harmless."""
    coop = chart.coop_book()
    chart.open_many(
        book=coop,
        accounts=[
            chart.NewAccount(
                personal(sort, number), kind, currency, member_id,
                amount_min=0 if kind == AccountType.ASSET else None,
                amount_max=0 if kind == AccountType.LIABILITY else None,
            )
            for member_id, number, currency in members
            for sort, (_code, kind) in PERSONAL.items()
        ],
    )  # fmt: skip
    wanted = {personal(sort, number): (sort, member_id) for member_id, number, _ in members for sort in PERSONAL}
    currencies = {number: currency for _, number, currency in members}
    found: dict[int, dict[str, int]] = {}
    for account in chart.with_codes(list(wanted), book=coop):
        sort, member_id = wanted[account.code]
        if currencies[account.code.rpartition(":")[2]] == account.currency.code:
            found.setdefault(member_id, {})[sort] = account.pk
    DuesAccounts.objects.bulk_create(
        (
            DuesAccounts(
                member_id=member_id, receivable_id=ids["receivable"], deferred_id=ids["deferred"],
                prepayments_id=ids["prepayments"],
            )
            for member_id, ids in found.items()
        ),
        ignore_conflicts=True,
    )  # fmt: skip


def fund(slug: str, currency: str, *, floor_minor: int = 0) -> chart.Account:
    """A fund's account, opened if there is none: equity that everybody pays into, never below its floor."""
    return chart.open(
        book=chart.coop_book(), code=f"equity:fund:{slug}", type=AccountType.EQUITY, currency=currency, busy=True,
        amount_max=-floor_minor,
    )  # fmt: skip


def benefits(slug: str, currency: str) -> chart.Account:
    """What a fund has set aside for approved benefits; never more than was put there."""
    return _common(benefits_code(slug), AccountType.LIABILITY, currency, amount_max=0)


def benefits_code(slug: str) -> str:
    """The code of a fund's pot for approved benefits."""
    return f"liabilities:benefits:{slug}"


BUFFERS = "liabilities:buffer:"


def buffer(slug: str, number: str, currency: str, owner_id: int) -> chart.Account:
    """A member's own share inside a fund, opened if there is none: what it holds is hers, and never below nothing."""
    return chart.open(
        book=chart.coop_book(), code=f"{BUFFERS}{slug}:{number}", type=AccountType.LIABILITY, currency=currency,
        owner_id=owner_id, amount_max=0,
    )  # fmt: skip


def buffers(wanted: Sequence[tuple[int, str, str, str]]) -> dict[tuple[int, str], int]:
    """Many members' buffers, given as (member id, number, currency, slug of the fund): the ids of their accounts by
    member and slug; opened where there is none."""
    coop = chart.coop_book()
    chart.open_many(
        book=coop,
        accounts=[
            chart.NewAccount(f"{BUFFERS}{slug}:{number}", AccountType.LIABILITY, unit, member_id, amount_max=0)
            for member_id, number, unit, slug in wanted
        ],
    )
    of = {(f"{BUFFERS}{slug}:{number}", unit): (member_id, slug) for member_id, number, unit, slug in wanted}
    found = chart.with_codes([code for code, _unit in of], book=coop)
    return {of[a.code, a.currency.code]: a.pk for a in found if (a.code, a.currency.code) in of}


def buffers_in(fund: Fund, members: Sequence[Member]) -> dict[int, chart.Account]:
    """Members' buffers in one fund, by the member's id; opened where there is none."""
    ids = {f"{BUFFERS}{fund.slug}:{member.number}": member.pk for member in members}
    coop = chart.coop_book()
    chart.open_many(
        book=coop,
        accounts=[
            chart.NewAccount(code, AccountType.LIABILITY, fund.currency, member_id, amount_max=0)
            for code, member_id in ids.items()
        ],
    )
    found = chart.with_codes(list(ids), book=coop)
    return {ids[account.code]: account for account in found if account.currency.code == fund.currency}


def bank(slug: str, currency: str) -> chart.Account:
    """A bank account of the cooperative's; it can never be overdrawn."""
    return chart.open(
        book=chart.coop_book(), code=f"assets:bank:{slug}", type=AccountType.ASSET, currency=currency, busy=True,
        amount_min=0,
    )  # fmt: skip


def running_costs(currency: str) -> chart.Account:
    """Where the part of the dues for running costs is earned."""
    return _common("income:running-costs", AccountType.INCOME, currency)


def suspense(currency: str) -> chart.Account:
    """Payments nobody could place yet."""
    return _common("liabilities:suspense", AccountType.LIABILITY, currency, amount_max=0)


def opening(currency: str) -> chart.Account:
    """The other side of opening balances."""
    return _common("equity:opening", AccountType.EQUITY, currency)


def surplus(currency: str) -> chart.Account:
    """What closed years left and no decision has given a purpose yet."""
    return _common("equity:surplus:unallocated", AccountType.EQUITY, currency)


def reserve(currency: str) -> chart.Account:
    """The indivisible reserve: never paid out to anybody."""
    return _common("equity:reserve:indivisible", AccountType.EQUITY, currency, amount_max=0)


def patronage(number: str, currency: str, owner_id: int) -> chart.Account:
    """A member's own part of shared years that is not paid yet; never below nothing."""
    return chart.open(
        book=chart.coop_book(), code=f"liabilities:patronage:{number}", type=AccountType.LIABILITY, currency=currency,
        owner_id=owner_id, amount_max=0,
    )  # fmt: skip


def patronages(members: Sequence[tuple[int, str]], currency: str) -> dict[int, int]:
    """Many members' accounts for their parts of shared years, given as (member id, number): the accounts' ids by
    member; opened where there is none."""
    ids = {f"liabilities:patronage:{number}": member_id for member_id, number in members}
    coop = chart.coop_book()
    chart.open_many(
        book=coop,
        accounts=[
            chart.NewAccount(code, AccountType.LIABILITY, currency, member_id, amount_max=0)
            for code, member_id in ids.items()
        ],
    )
    found = chart.with_codes(list(ids), book=coop)
    return {ids[account.code]: account.pk for account in found if account.currency.code == currency}


def patronage_shared(currency: str) -> chart.Account:
    """What a decision has given to members and is not credited to each of them yet."""
    return _common("liabilities:patronage-shared", AccountType.LIABILITY, currency, amount_max=0)


def patronage_interest(currency: str) -> chart.Account:
    """Interest to members who left, on what was kept for them."""
    return _common("expenses:patronage-interest", AccountType.EXPENSE, currency)


def dues_relief(currency: str) -> chart.Account:
    """Surplus that will pay members' charges."""
    return _common("liabilities:dues-relief", AccountType.LIABILITY, currency, amount_max=0)


def _common(code: str, kind: AccountType, currency: str, *, amount_max: int | None = None) -> chart.Account:
    return chart.open(book=chart.coop_book(), code=code, type=kind, currency=currency, busy=True, amount_max=amount_max)

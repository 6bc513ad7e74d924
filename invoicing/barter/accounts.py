"""The barter book's accounts. A balance is shown positive where a member provided more than she received."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from mutual.currencies import CREDIT, HOUR
from mutual.ledger import balances, chart
from mutual.ledger.kinds import AccountType
from mutual.money import Money, from_minor, zero

UNITS = (CREDIT, HOUR)
_CODES = {CREDIT: "liabilities:credit", HOUR: "liabilities:hours"}


@dataclass(frozen=True)
class Holding:
    """What a member holds in one unit, and how far she may go either way; all as shown to her."""

    unit: str
    balance: Money
    credit_limit: Money
    maximum: Money

    @property
    def can_spend(self) -> Money:
        """What she can still receive from others."""
        return self.balance + self.credit_limit

    @property
    def can_earn(self) -> Money:
        """What she can still provide before she must spend."""
        return self.maximum - self.balance

    def after(self, change: Money) -> Money:
        """The balance after a change."""
        return self.balance + change

    def fits(self, change: Money) -> bool:
        """Whether the limits allow a change."""
        return -self.credit_limit <= self.after(change) <= self.maximum

    def near(self, change: Money | None = None) -> bool:
        """Whether 80 % of either limit is used after a change: time for a soft warning (L3, L10)."""
        after = self.after(change) if change is not None else self.balance
        return (after * 5 <= self.credit_limit * -4) or (self.maximum.amount > 0 and after * 5 >= self.maximum * 4)


def code(unit: str, number: str) -> str:
    """The code of a member's account in a unit."""
    return f"{_CODES[unit]}:{number}"


def of_member(unit: str, number: str) -> chart.Account:
    """A member's account in a unit.

    :raises mutual.ledger.chart.AccountMissing: if she was never admitted
    """
    return chart.find(book=chart.BARTER, code=code(unit, number), currency=unit)


def community(unit: str) -> chart.Account:
    """The community's own account: leavers may give it what they hold."""
    return chart.open(
        book=chart.barter_book(),
        code=f"liabilities:community:{unit.lower()}",
        type=AccountType.LIABILITY,
        currency=unit,
    )


def open_for(members: Sequence[tuple[int, str]]) -> None:
    """Open the accounts of members given as (id, number), with the default limits (L3); again is harmless."""
    defaults = {
        CREDIT: (settings.BARTER_CREDIT_LIMIT * 100, settings.BARTER_CREDIT_MAXIMUM * 100),
        HOUR: (settings.BARTER_HOUR_LIMIT * 60, settings.BARTER_HOUR_MAXIMUM * 60),
    }
    chart.open_many(
        book=chart.barter_book(),
        accounts=[
            chart.NewAccount(
                code(unit, number), AccountType.LIABILITY, unit, member_id,
                # The account is kept on its credit side: debits − credits is the balance turned round.
                amount_min=-defaults[unit][1], amount_max=defaults[unit][0],
            )
            for member_id, number in members
            for unit in UNITS
        ],
    )  # fmt: skip


def holdings(numbers: Sequence[str]) -> dict[tuple[str, str], Holding]:
    """What members hold, by (number, unit), in two queries."""
    wanted = {code(unit, number): (number, unit) for number in numbers for unit in UNITS}
    accounts = chart.with_codes(list(wanted), book=chart.barter_book())
    held = balances.of_many(accounts)
    return {
        wanted[account.code]: Holding(
            account.currency.code,
            held[account.pk],
            from_minor(account.amount_max or 0, account.currency.code),
            from_minor(-(account.amount_min or 0), account.currency.code),
        )
        for account in accounts
    }


def holding(number: str, unit: str) -> Holding:
    """What one member holds in one unit; nothing, with no limits, where she has no account."""
    return holdings([number]).get((number, unit)) or Holding(unit, zero(unit), zero(unit), zero(unit))

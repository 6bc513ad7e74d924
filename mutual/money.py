"""Exact sums and fair shares.

Amounts travel as :class:`~djmoney.money.Money` (a decimal and a currency) and are stored in the ledger as whole minor
units (cents, yen, millimes, minutes). Nothing here, or anywhere else, turns an amount into a float.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from djmoney.money import Money
from moneyed import get_currency

__all__ = [
    "LARGEST",
    "InexactAmount",
    "Money",
    "allocate",
    "allocate_minor",
    "decimals",
    "from_minor",
    "minor",
    "round_money",
    "zero",
]

LARGEST = 10**15
"""The largest amount, in minor units, that one transfer or balance may hold."""


class InexactAmount(ValueError):
    """The amount is no whole number of the currency's smallest unit, or too large to be one."""


def decimals(currency: str) -> int:
    """How many digits the currency has after the point: 2 for EUR, 0 for JPY and HOUR (minutes), 3 for TND."""
    return len(str(get_currency(currency).sub_unit)) - 1


def zero(currency: str) -> Money:
    """No money at all, in this currency."""
    return Money(0, currency)


def minor(money: Money) -> int:
    """The amount in the currency's smallest unit: ``Money("12.34", "EUR")`` is 1234.

    :raises InexactAmount: if there is a fraction of the smallest unit, or the amount is not finite or too large
    """
    amount: Decimal = money.amount
    if not amount.is_finite():
        raise InexactAmount(f"{amount} is not an amount of money.")
    scaled = amount.scaleb(decimals(str(money.currency)))
    if abs(scaled) > LARGEST:
        raise InexactAmount(f"{amount} {money.currency} is more than the books can hold.")
    if scaled != scaled.to_integral_value():
        raise InexactAmount(f"{amount} {money.currency} is finer than the smallest unit of {money.currency}.")
    return int(scaled)


def from_minor(amount: int, currency: str) -> Money:
    """The inverse of :func:`minor`."""
    return Money(Decimal(amount).scaleb(-decimals(currency)), currency)


def round_money(amount: Decimal, currency: str) -> Money:
    """Round half up, once, to the currency's smallest unit (EN 16931 rounds so; see docs/decisions on money)."""
    quantum = Decimal(1).scaleb(-decimals(currency))
    return Money(amount.quantize(quantum, rounding=ROUND_HALF_UP), currency)


def allocate_minor(total: int, weights: Sequence[int]) -> list[int]:
    """Split ``total`` minor units by ``weights`` so that the parts sum to the whole, by largest remainder.

    Each part is its exact share rounded down, and the units left over go to the largest remainders, the first of
    equals first. A negative total is split like its opposite.

    :raises ValueError: if a weight is negative or all are zero
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("Shares need weights that are not negative and not all zero.")
    sign = -1 if total < 0 else 1
    size = abs(total)
    parts = [size * weight // whole for weight in weights]
    remainders = [size * weight % whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-remainders[i], i))
    for i in order[: size - sum(parts)]:
        parts[i] += 1
    return [sign * part for part in parts]


def allocate(total: Money, weights: Sequence[int]) -> list[Money]:
    """Split money by weights so that the parts sum to the whole; see :func:`allocate_minor`."""
    currency = str(total.currency)
    return [from_minor(part, currency) for part in allocate_minor(minor(total), weights)]

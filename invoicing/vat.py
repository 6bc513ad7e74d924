"""VAT by EN 16931, exact: nothing here reads or writes anything.

The net of a line is quantity × unit price, rounded once. VAT is never rounded by line: the lines of one category and
rate are added up and the VAT of the sum is rounded once; totals are sums of those (see docs/accounting.md, Invoicing).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from mutual.money import Money, round_money, zero

Category = Literal["S", "Z", "E", "AE", "O", "K", "G"]
CATEGORIES: tuple[Category, ...] = ("S", "Z", "E", "AE", "O", "K", "G")
"""Standard, zero, exempt, reverse charge, outside VAT, intra-community goods, export (BT-118)."""


@dataclass(frozen=True)
class Item:
    """What a line charges: quantity, price of one, VAT category and rate in percent (only ``S`` has one)."""

    quantity: Decimal
    unit_price: Decimal
    category: Category
    rate: Decimal | None


@dataclass(frozen=True)
class Group:
    """The lines of one category and rate together."""

    category: Category
    rate: Decimal | None
    base: Money
    vat: Money


@dataclass(frozen=True)
class Totals:
    """What an invoice comes to."""

    nets: tuple[Money, ...]
    groups: tuple[Group, ...]
    net: Money
    vat: Money
    gross: Money


def totals(items: Sequence[Item], currency: str) -> Totals:
    """Add an invoice up (BT-131, BG-23, BT-106, BT-110, BT-112)."""
    nets = tuple(round_money(item.quantity * item.unit_price, currency) for item in items)
    bases: dict[tuple[Category, Decimal | None], Money] = {}
    for item, net in zip(items, nets, strict=True):
        key = (item.category, item.rate if item.category == "S" else None)
        bases[key] = bases.get(key, zero(currency)) + net
    groups = tuple(
        Group(category, rate, base, round_money(base.amount * (rate or Decimal(0)) / 100, currency))
        for (category, rate), base in sorted(bases.items(), key=lambda one: (one[0][0], one[0][1] or Decimal(0)))
    )
    net = sum(nets, zero(currency))
    vat = sum((group.vat for group in groups), zero(currency))
    return Totals(nets, groups, net, vat, net + vat)

"""The cover index (F11): which part of approved benefits a fund can pay, the same for all in a run. Pure arithmetic.

Amounts are whole minor units. The index has four decimals and is rounded down, so that what is paid in sum is never
more than what there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WHOLE = 10_000
"""The index is counted in ten-thousandths."""


@dataclass(frozen=True, slots=True)
class Cover:
    """What a fund can pay of what is approved.

    :ivar parts: the index in ten-thousandths, 0 to 10,000
    :ivar approved: what is approved in sum
    :ivar payable: what is paid in sum: ``approved`` times the index, rounded down to the smallest unit
    """

    parts: int
    approved: int
    payable: int

    @property
    def index(self) -> Decimal:
        """The index with four decimals: ``Decimal("0.8331")``."""
        return Decimal(self.parts).scaleb(-4)

    @property
    def short(self) -> int:
        """What remains unpaid in sum."""
        return self.approved - self.payable


def cover(*, cash: int, floor: int, approved: int) -> Cover:
    """``index = min(1, (cash − floor) / approved)``; 1 where nothing is approved, 0 where the fund is at its floor.

    :raises ValueError: if ``approved`` is negative
    """
    if approved < 0:
        raise ValueError("What is approved cannot be negative.")
    there = max(cash - floor, 0)
    parts = WHOLE if there >= approved else there * WHOLE // approved
    return Cover(parts, approved, approved * parts // WHOLE)


def shares(approved: Sequence[int], parts: int) -> list[int]:
    """What each gets of what was approved for her: the index, and the units that rounding leaves by largest remainder.

    The first of equals comes first. Nobody gets more than was approved, and the sum is exactly ``Cover.payable``.
    """
    paid = [amount * parts // WHOLE for amount in approved]
    left = sum(approved) * parts // WHOLE - sum(paid)
    order = sorted(range(len(approved)), key=lambda i: (-(approved[i] * parts % WHOLE), i))
    for i in order[:left]:
        paid[i] += 1
    return paid

"""Gifts inside a circle, and the layer above it. Pure arithmetic over whole minor units.

A benefit is the sum of gifts from every other member's own buffer, in proportion to her level, to the cent (F6).
Nobody gives more to one claimant in a calendar year than is free of tax, nor more than her buffer holds; what she
cannot give is spread over the others. The circle carries a claim up to its retention; the pool takes the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mutual.money import allocate_minor

SMALLEST, LARGEST = 20, 50
"""What a circle is: it opens with so many members at least and holds so many at most (F4). Terms may narrow that by
decision, never widen it: below, one illness empties every buffer; above, nobody knows whom she gives to."""


@dataclass(frozen=True, slots=True)
class Donor:
    """Somebody who gives.

    :ivar id: who
    :ivar level: the weight of her share: what she pays into her buffer a month
    :ivar buffer: what her buffer holds
    :ivar given: what she has given to this claimant in this calendar year
    """

    id: int
    level: int
    buffer: int
    given: int = 0


@dataclass(frozen=True, slots=True)
class Gift:
    """What one donor gives now, and whether a limit kept it below her share."""

    donor: int
    amount: int
    held_back: bool = False


@dataclass(frozen=True, slots=True)
class Spread:
    """A benefit as gifts.

    :ivar gifts: in the order of the donors; none is zero
    :ivar carried: their sum
    :ivar rest: what the circle cannot carry: it goes on to the pool
    """

    gifts: tuple[Gift, ...]
    carried: int
    rest: int


@dataclass(frozen=True, slots=True)
class Layers:
    """How a benefit is divided between the circle and the pool above it."""

    circle: int
    pool: int


def spread(benefit: int, donors: Sequence[Donor], *, limit: int | None = None) -> Spread:
    """Divide a benefit into gifts in proportion to the donors' levels, by largest remainder.

    :param limit: what a donor may give one claimant in a calendar year free of tax, or None
    :raises ValueError: if an amount or a level is negative
    """
    if benefit < 0 or any(min(one.level, one.buffer, one.given) < 0 for one in donors):
        raise ValueError("Benefits, levels and buffers are not negative.")
    room = [min(one.buffer, one.buffer if limit is None else max(limit - one.given, 0)) for one in donors]
    given = [0] * len(donors)
    held = [bool(one.level) and not room[i] for i, one in enumerate(donors)]
    left = benefit
    open_ = [i for i, one in enumerate(donors) if one.level and room[i]]
    while left and open_:
        parts = allocate_minor(left, [donors[i].level for i in open_])
        over = {i for i, part in zip(open_, parts, strict=True) if part > room[i]}
        if not over:
            for i, part in zip(open_, parts, strict=True):
                given[i] = part
            left = 0
        for i in over:
            given[i], held[i] = room[i], True
            left -= room[i]
        open_ = [i for i in open_ if i not in over]
    gifts = tuple(Gift(one.id, given[i], held[i]) for i, one in enumerate(donors) if given[i])
    carried = sum(given)
    return Spread(gifts, carried, benefit - carried)


def layers(
    benefit: int, *, claim_retention: int | None, of_claim: int, year_retention: int | None, of_year: int
) -> Layers:
    """What the circle carries of a benefit and what the pool takes.

    :param claim_retention: what the circle carries of one claim at most; None for everything
    :param of_claim: what it has carried of this claim already
    :param year_retention: what it carries in a circle-year at most; None for everything
    :param of_year: what it has carried in this one already
    """
    circle = benefit
    if claim_retention is not None:
        circle = min(circle, max(claim_retention - of_claim, 0))
    if year_retention is not None:
        circle = min(circle, max(year_retention - of_year, 0))
    return Layers(circle, benefit - circle)


def premiums(deposits: Sequence[int], basis_points: int) -> list[int]:
    """What each pays for the layer above in a month: a part of all deposits, rounded half up once."""
    whole = sum(deposits)
    if not whole:
        return [0] * len(deposits)
    return allocate_minor((whole * basis_points * 2 + 10_000) // 20_000, deposits)


def carries_one(deposits: Sequence[int], benefit: int) -> bool:
    """Whether members × average deposit cover one full benefit of a month (F4)."""
    return bool(deposits) and sum(deposits) >= benefit


def after_obligations(buffer: int, level: int, levels: int, owed: int) -> int:
    """What of a leaver's buffer is hers to take: all but her share of what the circle still has to give (F7).

    :param levels: the sum of the levels of all who give, hers with them
    :param owed: what is approved, and the circle has not given yet
    """
    share = -(-owed * level // levels) if levels else 0
    return max(buffer - share, 0)

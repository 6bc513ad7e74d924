"""What a year's surplus is for, as the rules say it. Pure: minor units in, minor units out.

What members' own work earned and what everything else earned are divided by a list of parts each; every division is by
largest remainder, so parts always sum to the whole. A loss is the cooperative's: it lowers what goes to the reserve.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from mutual.money import allocate_minor
from mutual.periods import add_months

PURPOSES = ("FUND", "RESERVE", "RELIEF", "MEMBERS")
LONGEST = 600


class RulesRefused(Exception):
    """Rules cannot say that; the message is a sentence."""


@dataclass(frozen=True)
class Part:
    """So many percent for a purpose; ``fund`` names it where it is one."""

    to: str
    percent: Decimal
    fund: int | str | None = None


@dataclass(frozen=True)
class Payment:
    """When members' parts are paid: at least so many percent within so long of the year's end, the rest later."""

    least: Decimal = Decimal(100)
    within_months: int = 0
    within_days: int = 0
    rest_months: int = 0


@dataclass(frozen=True)
class Rules:
    """What the surplus of a year is for.

    :ivar own_work: how what members' own work earned is divided; sums to 100 %
    :ivar other: how the rest is divided
    :ivar leaving_months: how long after leaving a member's part is paid at the latest
    :ivar interest: percent a year on what is kept for whoever has left
    """

    own_work: tuple[Part, ...]
    other: tuple[Part, ...]
    payment: Payment = Payment()
    leaving_months: int = 0
    interest: Decimal = Decimal(0)

    @property
    def to_members(self) -> bool:
        """Whether members get a part in their own names."""
        return any(part.to == "MEMBERS" for part in (*self.own_work, *self.other))


def read(said: Any) -> Rules:
    """Rules from their JSON form.

    :raises RulesRefused: if they cannot be
    """
    if not isinstance(said, Mapping) or set(said) - {"own_work", "other", "payment", "leaving_months", "interest"}:
        raise RulesRefused(_("These are no rules for a surplus."))
    payment = said.get("payment", {})
    if not isinstance(payment, Mapping) or set(payment) - {"least", "within_months", "within_days", "rest_months"}:
        raise RulesRefused(_("These are no rules for a surplus."))
    months = [payment.get("within_months", 0), payment.get("within_days", 0), payment.get("rest_months", 0)]
    months.append(said.get("leaving_months", 0))
    if not all(isinstance(one, int) and not isinstance(one, bool) and 0 <= one <= LONGEST for one in months):
        raise RulesRefused(_("A time is a whole number of months or days."))
    return Rules(
        own_work=_parts(said.get("own_work")), other=_parts(said.get("other")), leaving_months=months[3],
        payment=Payment(_percent(payment.get("least", "100")), months[0], months[1], months[2]),
        interest=_percent(said.get("interest", "0")),
    )  # fmt: skip


def _percent(said: Any) -> Decimal:
    try:
        found = Decimal(said) if isinstance(said, str | int) else Decimal("NaN")
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or not 0 <= found <= 100 or found != round(found, 4):
        raise RulesRefused(_("A percentage lies between 0 and 100, with four decimals at most."))
    return found


def _parts(said: Any) -> tuple[Part, ...]:
    if not isinstance(said, Sequence) or isinstance(said, str) or not said:
        raise RulesRefused(_("Say what each part of the surplus is for."))
    found = []
    for one in said:
        if not isinstance(one, Mapping) or one.get("to") not in PURPOSES:
            raise RulesRefused(_("A part is for a fund, the reserve, next year's dues or the members' accounts."))
        if (one["to"] == "FUND") != (one.get("fund") is not None):
            raise RulesRefused(_("A part for a fund names it, and no other does."))
        found.append(Part(one["to"], _percent(one.get("percent")), one.get("fund")))
    if len({(one.to, one.fund) for one in found}) != len(found):
        raise RulesRefused(_("Each purpose stands in the list once."))
    if sum(one.percent for one in found) != 100:
        raise RulesRefused(_("The parts sum to 100 percent."))
    return tuple(found)


def divide(rules: Rules, *, own_work: int, other: int) -> dict[tuple[str, int | str | None], int]:
    """What each purpose gets, by purpose and fund; it sums to the surplus, and none is below zero.

    :param own_work: what members' own work earned; below zero it is a loss
    :param other: what everything else earned, likewise
    :raises RulesRefused: if there is no surplus
    """
    whole = own_work + other
    if whole <= 0:
        raise RulesRefused(_("A loss is not divided: it lowers what earlier years left."))
    found: dict[tuple[str, int | str | None], int] = {}
    for amount, parts in ((own_work, rules.own_work), (other, rules.other)):
        if amount <= 0:
            continue
        shares = allocate_minor(amount, [int(part.percent * 10**4) for part in parts])
        for part, share in zip(parts, shares, strict=True):
            found[part.to, part.fund] = found.get((part.to, part.fund), 0) + share
    # The reserve bears the loss first; what it cannot bear, the others do, each in proportion.
    loss = sum(found.values()) - whole
    reserve = found.get(("RESERVE", None), 0)
    borne = min(loss, reserve)
    if borne:
        found["RESERVE", None] = reserve - borne
    if loss > borne:
        keys = [key for key in found if key != ("RESERVE", None)]
        found |= zip(keys, allocate_minor(whole, [found[key] for key in keys]), strict=True)
    return {key: share for key, share in found.items() if share}


def by_hours(amount: int, minutes: Mapping[int, int]) -> dict[int, int]:
    """The members' part by what each worked in the year, by largest remainder; who worked nothing gets nothing."""
    worked = sorted((member, count) for member, count in minutes.items() if count > 0)
    if not worked:
        raise RulesRefused(_("Nobody's hours are known: the members' part cannot be divided."))
    shares = allocate_minor(amount, [count for _member, count in worked])
    return {member: share for (member, _count), share in zip(worked, shares, strict=True) if share}


def first_payment(rules: Rules, amount: int) -> int:
    """What of a member's part is paid first: at least the percentage, so rounded up."""
    percent = int(rules.payment.least * 10**4)
    return -(-amount * percent // 10**6)


def payment_days(rules: Rules, year_end: dt.date) -> tuple[dt.date, dt.date]:
    """By which days the first part and the rest are paid; ``year_end`` is the year's last day.

    The year ends when its last day is over: eight and a half months after 31 December are up to 15 September.
    """
    over = year_end + dt.timedelta(1)
    first = add_months(over, rules.payment.within_months) + dt.timedelta(rules.payment.within_days - 1)
    return first, add_months(over, rules.payment.rest_months) - dt.timedelta(1)


def on_leaving(rules: Rules, *, held: int, owed: int, days: int) -> int:
    """What a member who left gets of what was held for her: less her debts, with interest for so many days.

    Interest runs on what was held at the year's end, at the rate of the rules, and is rounded half up once.
    """
    left = max(held - owed, 0)
    interest = left * int(rules.interest * 10**4) * days
    over = 10**6 * 365
    return left + (2 * interest + over) // (2 * over)

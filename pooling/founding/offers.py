"""What founding offers to open: funds, rules, dues plans, circles, a charter; with what it costs whom. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as say

from mutual import charts, formats
from mutual.money import Money, decimals, from_minor, minor
from pooling.benefits.terms import By, Per, Terms
from pooling.circles.gifts import LARGEST, SMALLEST

AT_ONCE = (1, 2, 3)
EXAMPLES = (1500, 2500, 3500)
"""What members might earn or invoice in a month, where dues or benefits go by that."""


class FoundingRefused(Exception):
    """Nothing can be founded so; the message says why. Nothing was opened."""


@dataclass(frozen=True)
class FundOffer:
    """A fund to open; ``key`` is how dues name it."""

    key: str
    name: str
    purpose: str
    promise: str


@dataclass(frozen=True)
class ShareOffer:
    """A part of dues by weight: for a fund by its key, for each member's own buffer in it, or (empty) running costs."""

    fund: str
    weight: int
    buffer: bool = False


@dataclass(frozen=True)
class DuesOffer:
    """A dues plan to open.

    :ivar rates: what a level or band pays, under its name
    :ivar permyriad: a percentage of what is invoiced, in hundredths of a percent; the amount is then the most
    :ivar later: other amounts from a month and day of the calendar on: the first that comes after the opening
    """

    name: str
    amount: Money
    shares: tuple[ShareOffer, ...]
    every: str = "MONTH"
    basis: str = "FLAT"
    rates: tuple[tuple[str, Money], ...] = ()
    permyriad: int = 0
    in_work: bool = False
    later: tuple[tuple[int, int, Money], ...] = ()

    def later_on(self, opened_on: dt.date) -> list[tuple[dt.date, Money]]:
        """The other amounts with their days."""
        found = []
        for month, day, amount in self.later:
            year = opened_on.year + ((month, day) <= (opened_on.month, opened_on.day))
            found.append((dt.date(year, month, day), amount))
        return found


@dataclass(frozen=True)
class CircleOffer:
    """What holds for the circles of the first fund: levels as (deposit, benefit) a month in minor units."""

    levels: tuple[tuple[int, int], ...]
    smallest: int = SMALLEST
    largest: int = LARGEST
    gift_limit: int | None = None
    moving_months: tuple[int, ...] = (1, 4, 7, 10)
    notice_days: int = 30


@dataclass(frozen=True)
class DuesRow:
    """What somebody pays, and what for: a level, earnings, or everybody's amount; ``benefit`` by the month."""

    label: str
    dues: Money
    benefit: Money | None = None


@dataclass(frozen=True)
class BreakEven:
    """How many members' dues cover so many claims at once, month after month."""

    claims: int
    members: int


@dataclass(frozen=True)
class Plan:
    """Everything that is opened together, and what it comes to.

    :ivar funds: the first of them has the rules, and the circles
    :ivar pay: what members pay by the month towards benefits; once and running costs stand in ``besides``
    """

    kind: str
    name: str
    purpose: str
    promise: str
    currency: str
    members: int
    terms: Terms | None
    funds: tuple[FundOffer, ...]
    plans: tuple[DuesOffer, ...]
    pay: tuple[DuesRow, ...]
    besides: tuple[DuesRow, ...] = ()
    circle: CircleOffer | None = None
    charter: tuple[str, ...] = ()
    surplus: dict[str, Any] | None = None
    source: str = ""
    break_even: tuple[BreakEven, ...] = ()
    warnings: tuple[str, ...] = ()
    checklist: tuple[str, ...] = field(default=())

    @property
    def insures(self) -> bool:
        """Whether it pays benefits by the month, so that members can carry so many claims at once."""
        return bool(self.break_even)

    @property
    def opens_with(self) -> int:
        """With how many members its circle opens: the fewest a circle may have, more where one full benefit takes more.

        F4: a circle carries one full benefit before it opens.
        """
        least = self.circle.smallest if self.circle is not None else SMALLEST
        return max([least, *(one.members for one in self.break_even[:1])])

    @property
    def average_dues(self) -> Money:
        """What a member pays by the month on average."""
        return from_minor(int(_average([minor(row.dues) for row in self.pay])), self.currency)

    @property
    def average_benefit(self) -> Money:
        """What a benefit of a month is on average."""
        known = [minor(row.benefit) for row in self.pay if row.benefit is not None]
        return from_minor(_average(known), self.currency)

    @property
    def at_once(self) -> int:
        """How many claims at once the members at the start cover."""
        return self.members * minor(self.average_dues) // minor(self.average_benefit)

    def chart(self) -> charts.Chart:
        """Members needed for one, two and three claims at once, against how many there are."""
        bars = [(claims(one.claims), one.members) for one in self.break_even] + [(say("at the start"), self.members)]
        return charts.bars(
            title=say("Members needed, and members at the start"), labels=[label for label, _count in bars],
            series=[charts.Series(say("Members"), tuple(count for _label, count in bars))], words=formats.number,
            of=say("Claims at once"),
        )  # fmt: skip


def claims(count: int) -> str:
    """So many claims, in words."""
    return say("one claim") if count == 1 else say("%(count)s claims") % {"count": count}


def _average(values: Sequence[int]) -> int:
    """Rounded half up."""
    return int(Fraction(sum(values), len(values)) + Fraction(1, 2))


def part(amount: int, percent: Decimal) -> int:
    """A percentage of minor units, rounded half up."""
    return int(amount * Fraction(percent) / 100 + Fraction(1, 2))


def whole(amount: int, currency: str) -> int:
    """So many whole units of a currency in minor units."""
    return int(amount * 10 ** decimals(currency))


def of_earnings(terms: Terms, currency: str) -> list[tuple[int, int | None]]:
    """What somebody might earn, and what the first benefit would pay her by the month; minor units."""
    pays = terms.benefits[0].pays
    found: list[tuple[int, int | None]] = []
    for example in EXAMPLES:
        earned = whole(example, currency)
        gets = None
        if pays.by == By.EARNINGS and pays.percent is not None:
            gets = part(earned, pays.percent)
            gets = min(gets, pays.ceiling or gets)
        elif pays.by == By.FLAT and pays.per == Per.MONTH:
            gets = pays.amount
        found.append((earned, gets))
    return found


def complete(found: Plan) -> Plan:
    """The plan with its break-even, warnings and checklist.

    :raises FoundingRefused: if dues or benefits are nothing
    """
    if any(row.dues.amount <= 0 for row in found.pay):
        raise FoundingRefused(say("dues: %(why)s.") % {"why": say("dues and benefit are above zero")})
    known = [minor(row.benefit) for row in found.pay if row.benefit is not None]
    if known and found.terms is not None:
        paid, gets = _average([minor(row.dues) for row in found.pay]), _average(known)
        if paid <= 0 or gets <= 0:
            raise FoundingRefused(say("dues: %(why)s.") % {"why": say("dues and benefit are above zero")})
        found = replace(found, break_even=tuple(BreakEven(count, -(-count * gets // paid)) for count in AT_ONCE))
    return replace(found, warnings=_warnings(found), checklist=_checklist(found))


def _warnings(found: Plan) -> tuple[str, ...]:
    warnings = []
    if found.kind == "circle" and not SMALLEST <= found.members <= LARGEST:
        warnings.append(say("A circle has %(least)s to %(most)s members.") % {
            "least": SMALLEST, "most": LARGEST,
        })  # fmt: skip
    if found.insures and not found.at_once:
        warnings.append(
            say("%(members)s members do not cover one full benefit: %(needed)s are needed, or higher dues.")
            % {"members": formats.number(found.members), "needed": formats.number(found.break_even[0].members)}
        )
    return tuple(warnings)


def _checklist(found: Plan) -> tuple[str, ...]:
    steps = [say("Ask the members what they need, and show them this page.")]
    if found.terms is not None:
        steps.append(say("Let a second officer read the rules and adopt them."))
    if found.circle is not None:
        steps.append(say("Let a second officer confirm the terms of the circles, and form the circle."))
    if found.charter:
        steps.append(say("Let the members vote on the charter, and a second officer record that they did."))
    if found.surplus is not None:
        steps.append(say("Let a second officer adopt the rules for the surplus."))
    if found.terms is not None:
        steps.append(say("Check the dues plan, and give running costs their share."))
    basis = {one.basis for one in found.plans}
    if "BAND" in basis:
        steps.append(say("Put each member on the dues plan; she says herself in which income band she is."))
    elif found.terms is not None:
        steps.append(
            say("Put each member on the dues plan, and note her level or what she earned where the rules ask for it.")
        )
    else:
        steps.append(say("Put each member on the dues plan."))
    if any(one.every == "ONCE" for one in found.plans):
        steps.append(say("Charge each member what is due once."))
    if found.terms is not None:
        steps += [
            say("Set the fund's floor and its target: months of cover that let everybody sleep."),
            say("Name two claims officers who are not of the same circle."),
            say("Let every member look at “If I fell ill today” before the first dues are charged."),
        ]
    if found.kind == "circle":
        steps.append(
            say("Open the circle once %(needed)s people have joined and one full benefit is covered.")
            % {"needed": formats.number(found.opens_with)}
        )
    if found.terms is not None and found.terms.benefits[0].waiting_months:
        steps.append(say("Charge the first month; claims begin %(months)s months after joining.") % {
            "months": found.terms.benefits[0].waiting_months,
        })  # fmt: skip
    else:
        steps.append(say("Charge the first month."))
    return tuple(steps)

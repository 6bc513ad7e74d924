"""What the engine takes and gives: facts and rule versions in, an entitlement with its steps out. Pure values.

Amounts are minor units of a fund's currency; periods run from a day up to, not including, another.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from pooling.benefits.terms import Benefit, Per, Terms

OLDEST = 120
"""Nobody who claims is older."""
MOST_EARNED = 10**12
"""The most that can be earned in a month, in minor units."""


class Code(StrEnum):
    """Why nothing is paid (F10, begun from openIMIS)."""

    NO_COVER = "NO_COVER"
    WAITING_PERIOD = "WAITING_PERIOD"
    FREQUENCY = "FREQUENCY"
    CEILING_REACHED = "CEILING_REACHED"
    TARGET_DATE = "TARGET_DATE"
    INVALID_CLAIM = "INVALID_CLAIM"
    OWN_RISK = "OWN_RISK"
    """The absence ended before anything could be paid."""


class Amount(NamedTuple):
    """An amount in a step: minor units and their currency."""

    minor: int
    currency: str


class Days(NamedTuple):
    """A period in a step."""

    start: dt.date
    end: dt.date


class Length(NamedTuple):
    """A length of time in a step."""

    months: int
    days: int


class Choice(NamedTuple):
    """A word in a step that is translated: ``MONTH``, ``EARNINGS``."""

    word: str


Value = Amount | Days | Length | Choice | dt.date | Decimal | int | str


@dataclass(frozen=True, slots=True)
class Version:
    """A fund's rules from a day on; ``decision`` is the number of the decision that set them."""

    number: int
    valid_from: dt.date
    terms: Terms
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Phase:
    """From a day on, so many percent incapacitated; zero while she works as before."""

    from_on: dt.date
    incapacity: int


@dataclass(frozen=True, slots=True)
class Line:
    """A part of a calendar month that is paid at one rate: the days that count, and the amount in minor units."""

    start: dt.date
    end: dt.date
    days: int
    amount: int


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier claim of the same member on the same fund: its absence, and what was granted for it."""

    number: str
    rule: str
    cause: str
    occurred_on: dt.date
    ended_on: dt.date
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a member and her claim. Money in minor units of the fund's currency, by the month.

    :ivar occurred_on: the day it began; own risk and duration run from it
    :ivar began_on: the first day claimed
    :ivar ended_on: the first day no longer claimed
    :ivar level: the name of her level on that day, empty where the fund has only one or none
    :ivar units: how many units of a flat benefit she holds
    :ivar count: how many a lump sum is for (two children born)
    :ivar phases: how far she was incapacitated, from when on; wholly where nothing is said
    :ivar cost: what it cost, or the bill that was not paid, where the rules go by that; other cover is what others pay
    :ivar earlier: her earlier claims on this fund
    """

    member: str
    joined_on: dt.date
    cause: str
    occurred_on: dt.date
    began_on: dt.date
    ended_on: dt.date
    level: str = ""
    units: int = 1
    count: int = 1
    earnings: int | None = None
    other_cover: int = 0
    continuing_income: int = 0
    state_benefit: int = 0
    cost: int | None = None
    born_on: dt.date | None = None
    left_on: dt.date | None = None
    reported_on: dt.date | None = None
    phases: tuple[Phase, ...] = ()
    earlier: tuple[Earlier, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the reckoning: which rule of which version said what, and the figure it came to.

    ``code`` names the sentence (:mod:`pooling.benefits.sentences`), ``values`` what stands in it.
    """

    rule: str
    version: int
    code: str
    values: dict[str, Value]
    figure: Value | None = None


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What comes out: lines that sum to the amount, or a refusal; and every step on the way.

    :ivar rate: what a whole day, week or month pays at full incapacity before steps, rounded; zero where refused early
    :ivar first_day: the first day that can be paid, whether or not the absence lasts so long
    :ivar last_day: the last day that can be paid, where the rules set one
    :ivar continues: the number of the claim it continues
    """

    currency: str
    version: int
    rule: str
    title: str
    per: Per | None
    rate: int
    first_day: dt.date | None
    last_day: dt.date | None
    continues: str
    lines: tuple[Line, ...]
    days: int
    amount: int
    steps: tuple[Step, ...]
    code: Code | None = None
    refusal: Step | None = None

    def months(self) -> dict[dt.date, int]:
        """The amount by the first day of each calendar month; sums to the amount."""
        sums: dict[dt.date, int] = {}
        for line in self.lines:
            month = line.start.replace(day=1)
            sums[month] = sums.get(month, 0) + line.amount
        return sums

    def as_earlier(self, facts: Facts, number: str) -> Earlier | None:
        """What later claims must know of this one; nothing where it was refused for a reason that leaves no trace."""
        if self.code not in (None, Code.OWN_RISK, Code.CEILING_REACHED):
            return None
        return Earlier(number, self.rule, facts.cause, facts.occurred_on, facts.ended_on, self.lines)


def version_on(versions: Sequence[Version], day: dt.date) -> Version | None:
    """The version in force on a day; versions in the order of their days."""
    found = None
    for version in versions:
        if version.valid_from > day:
            break
        found = version
    return found


def judged_by(found: Entitlement, versions: Sequence[Version]) -> Benefit | None:
    """The benefit that an entitlement was reckoned by; None where it was refused before one was found.

    Of a claim that continues an earlier one it is that claim's, whatever the rules say since (F2).
    """
    for version in versions:
        if version.number == found.version:
            return next((one for one in version.terms.benefits if one.rule == found.rule), None)
    return None


def impossible(facts: Facts) -> tuple[str, dict[str, Value]] | None:
    """Why the facts cannot be true, as a sentence's code and values; nothing where they can."""
    wrong: tuple[str, dict[str, Value]] | None = None
    occurred = facts.occurred_on
    born = facts.born_on
    if facts.ended_on < facts.began_on:
        wrong = "ended-before-it-began", {"began": facts.began_on, "ended": facts.ended_on}
    elif facts.began_on < occurred:
        wrong = "benefit-before-the-absence", {"began": facts.began_on, "occurred": occurred}
    elif born is not None and born > occurred:
        wrong = "not-yet-born", {"born": born, "occurred": occurred}
    elif born is not None and occurred.year - born.year > OLDEST:
        wrong = "too-old", {"born": born, "age": occurred.year - born.year}
    elif min(_amounts(facts)) < 0:
        wrong = "negative", {}
    elif max(_amounts(facts)) > MOST_EARNED:
        wrong = "too-much-earned", {}
    elif facts.units < 1 or not 1 <= facts.count <= 20:
        wrong = "no-units", {}
    elif any(not 0 <= phase.incapacity <= 100 for phase in facts.phases):
        wrong = "no-percentage", {}
    elif [phase.from_on for phase in facts.phases] != sorted({phase.from_on for phase in facts.phases}):
        wrong = "phases-out-of-order", {}
    elif facts.reported_on is not None and facts.reported_on < occurred:
        wrong = "reported-before", {"reported": facts.reported_on, "occurred": occurred}
    return wrong


def _amounts(facts: Facts) -> tuple[int, ...]:
    still = (facts.other_cover, facts.continuing_income, facts.state_benefit)
    return (*still, facts.earnings or 0, facts.cost or 0)

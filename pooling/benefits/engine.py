"""What a member gets under a fund's rules, with every step: the same function previews and decides (promise 2).

Pure: facts and rule versions in, an entitlement out. It reads no clock and no database, and its answer is the same
every time. A claim is judged by the version in force on the day it occurred; one that continues an earlier claim, by
that claim's version. Periods run from a day up to, not including, another.
"""

from __future__ import annotations

import bisect
import calendar
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from mutual.periods import add_months
from pooling.benefits.terms import By, Clock, Per, Terms

_WHOLE = 10**8
"""A percentage of time (four decimals) times a percentage of incapacity, as a whole number."""

_LINE = {Per.DAY: "line-day", Per.WEEK: "line-week", Per.MONTH: "line-month"}

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


class _Refused(Exception):
    """Stops the reckoning."""

    def __init__(self, code: Code, rule: str, sentence: str, figure: Value | None = None, **values: Value) -> None:
        self.code, self.rule, self.sentence, self.figure, self.values = code, rule, sentence, figure, values
        super().__init__(sentence)


def version_on(versions: Sequence[Version], day: dt.date) -> Version | None:
    """The version in force on a day; versions in the order of their days."""
    found = None
    for version in versions:
        if version.valid_from > day:
            break
        found = version
    return found


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
    elif min(facts.other_cover, facts.continuing_income, facts.state_benefit, facts.earnings or 0) < 0:
        wrong = "negative", {}
    elif max(facts.other_cover, facts.continuing_income, facts.state_benefit, facts.earnings or 0) > MOST_EARNED:
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


def assess(facts: Facts, versions: Sequence[Version]) -> Entitlement:
    """What these facts give under these rules.

    :param versions: a fund's rule versions in the order of their days, at least one
    """
    reckoning = _Reckoning(facts, versions)
    try:
        reckoning.work()
    except _Refused as refused:
        return reckoning.refused(refused)
    return reckoning.granted()


class _Reckoning:
    """One assessment under way."""

    __slots__ = (
        "amount", "benefit", "by_year", "continues", "facts", "first", "last", "lines", "number", "paid_before",
        "rate", "rule", "same", "steps", "terms", "title", "unit", "versions",
    )  # fmt: skip

    def __init__(self, facts: Facts, versions: Sequence[Version]) -> None:
        self.facts, self.versions = facts, versions
        self.terms = versions[0].terms
        self.number = 0
        self.rule = self.title = self.continues = ""
        self.unit = self.terms.currency
        self.steps: list[Step] = []
        self.lines: list[Line] = []
        self.first: dt.date | None = None
        self.last: dt.date | None = None
        self.rate = 0
        self.amount = 0

    def step(self, place: str, code: str, values: dict[str, Value], figure: Value | None = None) -> None:
        self.steps.append(Step(f"{self.rule}/{place}" if self.rule else place, self.number, code, values, figure))

    def granted(self) -> Entitlement:
        return Entitlement(
            self.unit, self.number, self.rule, self.title, self.benefit.pays.per, self.rate, self.first, self.last,
            self.continues, tuple(self.lines), sum([line.days for line in self.lines]), self.amount, tuple(self.steps),
        )  # fmt: skip

    def refused(self, why: _Refused) -> Entitlement:
        rule = f"{self.rule}/{why.rule}" if self.rule else why.rule
        step = Step(rule, self.number, why.sentence, why.values, why.figure)
        return Entitlement(
            self.unit, self.number, self.rule, self.title, self.benefit.pays.per if self.rule else None, self.rate,
            self.first, self.last, self.continues, (), 0, 0, (*self.steps, step), why.code, step,
        )  # fmt: skip

    def work(self) -> None:
        facts = self.facts
        if wrong := impossible(facts):
            raise _Refused(Code.INVALID_CLAIM, "facts", wrong[0], **wrong[1])
        elapsed = self._find_version()
        self._check_cover()
        benefit = self.benefit
        self.same = [earlier for earlier in facts.earlier if earlier.rule == self.rule and earlier.lines]
        if benefit.frequency is not None:
            self._check_frequency()
        numerator, denominator = self._rate()
        if benefit.once:
            self.first = facts.occurred_on
            self._cut([Line(facts.occurred_on, facts.occurred_on + dt.timedelta(1), 0, numerator)])
            return
        ranges, base = self._days(elapsed)
        self._cut(self._pay(ranges, base, numerator, denominator))

    # --- Which version, and whether it covers -------------------------------------------------------------------

    def _find_version(self) -> int:
        """Settle version and benefit; answer how many days of the same absence lie before."""
        facts = self.facts
        version = version_on(self.versions, facts.occurred_on)
        elapsed = 0
        if facts.earlier and (chain := self._chain()):
            version, elapsed, self.continues = chain
        if version is None:
            raise _Refused(
                Code.NO_COVER, "version", "no-version", occurred=facts.occurred_on, first=self.versions[0].valid_from
            )
        self.number, self.terms, self.unit = version.number, version.terms, version.terms.currency
        self.step("version", "version-decided" if version.decision else "version",
                  {"number": version.number, "since": version.valid_from, "decision": version.decision},
                  version.number)  # fmt: skip
        benefit = version.terms.benefit_for(facts.cause)
        if benefit is None:
            raise _Refused(Code.NO_COVER, "causes", "cause-not-covered", cause=Choice(facts.cause))
        self.benefit, self.rule, self.title = benefit, benefit.rule, benefit.title
        self.step("causes", "cause-covered", {"cause": Choice(facts.cause), "title": benefit.title}, benefit.title)
        if self.continues:
            self.step("recurrence", "continues",
                      {"number": self.continues, "months": benefit.recurrence_months, "days": elapsed},
                      elapsed)  # fmt: skip
        return elapsed

    def _chain(self) -> tuple[Version, int, str] | None:
        """The claim this one continues: its version, the days of absence so far, and its number (F2)."""
        facts = self.facts
        root: Version | None = None
        months, elapsed, number, ended = 0, 0, "", dt.date.min
        same = sorted((one.occurred_on, one.ended_on, one.number) for one in facts.earlier if one.cause == facts.cause)
        for occurred, until, name in same:
            if occurred > facts.occurred_on:
                break
            if root is not None and months and occurred <= add_months(ended, months):
                elapsed += max((until - max(occurred, ended)).days, 0)
                ended = max(ended, until)
                continue
            root = version_on(self.versions, occurred)
            benefit = root.terms.benefit_for(facts.cause) if root else None
            months = benefit.recurrence_months if benefit else 0
            elapsed, number, ended = (until - occurred).days, name, until
        if root is None or not months or facts.occurred_on > add_months(ended, months):
            return None
        # Where the absences overlap, the days in common have passed once.
        return root, elapsed - max((min(ended, facts.ended_on) - facts.occurred_on).days, 0), number

    def _check_cover(self) -> None:
        facts, benefit = self.facts, self.benefit
        occurred = facts.occurred_on
        if occurred < facts.joined_on:
            raise _Refused(Code.TARGET_DATE, "membership", "before-joining", facts.joined_on,
                           occurred=occurred, joined=facts.joined_on)  # fmt: skip
        if facts.left_on is not None and occurred >= facts.left_on:
            raise _Refused(Code.TARGET_DATE, "membership", "after-leaving", facts.left_on,
                           occurred=occurred, left=facts.left_on)  # fmt: skip
        if benefit.report_within is not None and facts.reported_on is not None:
            until = occurred + dt.timedelta(benefit.report_within)
            if facts.reported_on > until:
                raise _Refused(Code.TARGET_DATE, "report-within", "reported-late", until,
                               reported=facts.reported_on, days=benefit.report_within, until=until)  # fmt: skip
        self._check_waiting()
        if benefit.age_from is not None or benefit.age_until is not None:
            self._check_age()

    def _check_waiting(self) -> None:
        """F1: by the version in force when she joined, or the first there was."""
        facts = self.facts
        then = version_on(self.versions, facts.joined_on) or self.versions[0]
        known = then.terms.benefit_for(facts.cause)
        months = (known or self.benefit).waiting_months
        if not months:
            return
        since = add_months(facts.joined_on, months)
        values: dict[str, Value] = {
            "joined": facts.joined_on, "length": Length(months, 0), "since": since, "occurred": facts.occurred_on,
            "version": then.number,
        }  # fmt: skip
        if facts.occurred_on < since:
            raise _Refused(Code.WAITING_PERIOD, "waiting", "still-waiting", since, **values)
        self.step("waiting", "covered-since", values, since)

    def _check_age(self) -> None:
        facts, benefit = self.facts, self.benefit
        if facts.born_on is None:
            raise _Refused(Code.INVALID_CLAIM, "age", "birth-unknown")
        age = _age(facts.born_on, facts.occurred_on)
        values: dict[str, Value] = {"age": age, "least": benefit.age_from or 0, "until": benefit.age_until or 0}
        if benefit.age_from is not None and age < benefit.age_from:
            raise _Refused(Code.NO_COVER, "age", "too-young", age, **values)
        if benefit.age_until is not None and age >= benefit.age_until:
            raise _Refused(Code.NO_COVER, "age", "past-the-age", age, **values)
        self.step("age", "age-covered", values, age)

    def _check_frequency(self) -> None:
        facts, limit = self.facts, self.benefit.frequency
        assert limit is not None
        since = add_months(facts.occurred_on, -limit.months)
        count = len({one.number for one in self.same if since < one.occurred_on <= facts.occurred_on})
        values: dict[str, Value] = {"most": limit.most, "months": limit.months, "count": count}
        if count >= limit.most:
            raise _Refused(Code.FREQUENCY, "frequency", "too-often", count, **values)
        self.step("frequency", "not-too-often", values, count)

    # --- How much -------------------------------------------------------------------------------------------------

    def _rate(self) -> tuple[int, int]:
        """The exact rate as a fraction, whatever it is paid for."""
        facts, pays = self.facts, self.benefit.pays
        per = Choice(pays.per)
        if pays.by == By.LEVEL:
            level = self.terms.level(facts.level)
            if level is None and not facts.level:
                raise _Refused(Code.NO_COVER, "level", "no-level-chosen")
            if level is None:
                raise _Refused(Code.INVALID_CLAIM, "level", "no-such-level", level=facts.level)
            numerator, denominator = level.amount, 1
            figure = Amount(level.amount, self.unit)
            self.step("rate", "rate-level", {"level": level.name, "amount": figure}, figure)
        elif pays.by == By.EARNINGS:
            assert pays.percent is not None
            numerator, denominator = self._by_earnings(pays.percent)
            if pays.ceiling is not None and numerator > pays.ceiling * denominator:
                numerator, denominator = pays.ceiling, 1
                figure = Amount(pays.ceiling, self.unit)
                self.step("rate", "rate-ceiling", {"ceiling": figure}, figure)
        else:
            assert pays.amount is not None
            most = self.benefit.units_most
            units = min(facts.units, most) * (facts.count if pays.per == Per.ONCE else 1)
            numerator, denominator = pays.amount * units, 1
            one, figure = Amount(pays.amount, self.unit), Amount(numerator, self.unit)
            values: dict[str, Value] = {"amount": one, "per": per, "units": units, "total": figure, "most": most}
            self.step("rate", "rate-flat" if units == 1 else "rate-units", values, figure)
        if self.benefit.earnings_cap is not None:
            cap, over = self._by_earnings(self.benefit.earnings_cap)
            if numerator * over > cap * denominator:
                numerator, denominator = cap, over
                figure = Amount(_half_up(cap, over), self.unit)
                self.step("earnings-cap", "capped", {"cap": figure}, figure)
        self.rate = _half_up(numerator, denominator)
        if not numerator:
            raise _Refused(Code.CEILING_REACHED, "rate", "nothing-left-of-the-rate", Amount(0, self.unit))
        return numerator, denominator

    def _by_earnings(self, percent: Decimal) -> tuple[int, int]:
        """F9: a percentage of prior earnings, less what still comes in; never below nothing."""
        facts = self.facts
        if facts.earnings is None:
            raise _Refused(Code.INVALID_CLAIM, "earnings", "earnings-unknown")
        over = 10**6
        others = facts.other_cover + facts.continuing_income + facts.state_benefit
        numerator = max(facts.earnings * int(percent * 10**4) - others * over, 0)
        figure = Amount(_half_up(numerator, over), self.unit)
        values: dict[str, Value] = {
            "percent": percent, "earnings": Amount(facts.earnings, self.unit), "others": Amount(others, self.unit),
            "amount": figure,
        }  # fmt: skip
        self.step("earnings", "by-earnings-less" if others else "by-earnings", values, figure)
        return numerator, over

    # --- Which days -----------------------------------------------------------------------------------------------

    def _days(self, elapsed: int) -> tuple[list[tuple[int, int]], dt.date]:
        """The days that can be paid, as ordinals, and the day the clock runs from."""
        facts, benefit = self.facts, self.benefit
        if facts.began_on == facts.ended_on:
            raise _Refused(Code.OWN_RISK, "facts", "no-day-claimed", 0, day=facts.ended_on)
        # An absence that continues an earlier one stands as if both had been one: the days between do not count.
        origin = facts.occurred_on - dt.timedelta(elapsed) if elapsed else facts.occurred_on
        free = benefit.own_risk.after(origin)
        absent = (facts.ended_on - origin).days
        start = max(facts.began_on, free)
        self.first = max(facts.occurred_on, free)
        if benefit.own_risk:
            values: dict[str, Value] = {
                "length": Length(benefit.own_risk.months, benefit.own_risk.days), "occurred": origin, "first": free,
                "days": absent, "least": benefit.paid_from_start or 0,
            }  # fmt: skip
            if benefit.paid_from_start is not None and absent >= benefit.paid_from_start:
                start = facts.began_on
                self.first = facts.occurred_on
                self.step("paid-from-start", "paid-from-start", values, facts.occurred_on)
            else:
                self.step("own-risk", "own-risk", values, free)
        base = origin if benefit.clock == Clock.OCCURRED else free
        end = facts.ended_on
        if benefit.duration is not None:
            stop = benefit.duration.after(base)
            self.last = stop - dt.timedelta(1)
            self.step("duration", "duration",
                      {"length": Length(benefit.duration.months, benefit.duration.days), "since": base,
                       "last": self.last}, self.last)  # fmt: skip
            if stop <= start < end:
                raise _Refused(Code.CEILING_REACHED, "duration", "duration-over", self.last, last=self.last)
            end = min(end, stop)
        end = self._stop_early(end)
        if start >= end:
            raise _Refused(Code.OWN_RISK, "own-risk", "over-before-it-is-paid", self.first,
                           first=start, ended=facts.ended_on)  # fmt: skip
        ranges = [(start.toordinal(), end.toordinal())]
        if self.same:
            ranges = self._without_paid(ranges)
        if benefit.within is not None:
            ranges = self._only_within(ranges)
        return ranges, base

    def _stop_early(self, end: dt.date) -> dt.date:
        """Payment ends with the membership, and at the age the rules name."""
        facts, benefit = self.facts, self.benefit
        if facts.left_on is not None and facts.left_on < end:
            end = facts.left_on
            self.step("membership", "ends-with-membership", {"left": end}, end)
        if benefit.age_until is not None and facts.born_on is not None:
            birthday = add_months(facts.born_on, 12 * benefit.age_until)
            if birthday < end:
                end = birthday
                self.step("age", "ends-with-age", {"age": benefit.age_until, "day": birthday}, birthday)
        return end

    def _without_paid(self, ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """No day is paid twice."""
        paid = sorted((line.start.toordinal(), line.end.toordinal()) for earlier in self.same for line in earlier.lines)
        left = _minus(ranges, paid)
        if left != ranges:
            lost = _length(ranges) - _length(left)
            if not left:
                raise _Refused(Code.FREQUENCY, "paid-before", "all-days-paid-before", lost, days=lost)
            self.step("paid-before", "days-paid-before", {"days": lost}, lost)
        return left

    def _only_within(self, ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """At most so many paid days within any so many months: each day is paid if the months up to it leave room."""
        limit, benefit = self.benefit.within, self.benefit
        assert limit is not None
        first = add_months(dt.date.fromordinal(ranges[0][0]), -limit.months).toordinal() + 1
        before = [
            (max(line.start.toordinal(), first), line.end.toordinal())
            for earlier in self.same
            for line in earlier.lines
            if line.end.toordinal() > first
        ]
        wanted = sum([_counting(start, end, benefit.weekdays) for start, end in ranges])
        used = sum([_counting(start, end, benefit.weekdays) for start, end in before])
        values: dict[str, Value] = {"most": limit.most, "months": limit.months, "used": used}
        if wanted + used <= limit.most:
            self.step("within", "within", values, limit.most - used)
            return ranges
        window = sorted(
            {day for start, end in before for day in range(start, end) if _weekday(day) in benefit.weekdays}
        )
        kept: list[tuple[int, int]] = []
        for start, end in ranges:
            for day in range(start, end):
                if _weekday(day) in benefit.weekdays:
                    # Days paid after this one, by a claim decided before it, share a window with it as well.
                    here = dt.date.fromordinal(day)
                    since = add_months(here, -limit.months).toordinal()
                    until = add_months(here, limit.months).toordinal()
                    if bisect.bisect_left(window, until) - bisect.bisect_right(window, since) >= limit.most:
                        continue
                    bisect.insort(window, day)
                if kept and kept[-1][1] == day:
                    kept[-1] = (kept[-1][0], day + 1)
                else:
                    kept.append((day, day + 1))
        left = sum([_counting(start, end, benefit.weekdays) for start, end in kept])
        if not left:
            raise _Refused(Code.CEILING_REACHED, "within", "within-used-up", used, **values)
        self.step("within", "within-cut", {**values, "days": left, "lost": wanted - left}, left)
        return kept

    # --- The money ------------------------------------------------------------------------------------------------

    def _pay(self, ranges: list[tuple[int, int]], base: dt.date, numerator: int, denominator: int) -> list[Line]:
        """The lines: each a part of a calendar month at one rate, rounded as :mod:`pooling.benefits.terms` says."""
        benefit, pays = self.benefit, self.benefit.pays
        lines: list[Line] = []
        by_month = pays.per == Per.MONTH
        share = 1 if pays.per == Per.DAY else len(benefit.weekdays)
        rate = Amount(self.rate, self.unit)
        per = Choice(pays.per)
        month = running = rounded = 0
        for start, end, weight, month_start, month_end in _by_month(self._pieces(ranges, base)):
            if month != month_start:
                month, running, rounded = month_start, 0, 0
            days = _counting(start, end, benefit.weekdays)
            if not days or not weight:
                continue
            of = _counting(month_start, month_end, benefit.weekdays) if by_month else share
            running += numerator * days * weight
            whole = _half_up(running, denominator * of * _WHOLE)
            line = Line(dt.date.fromordinal(start), dt.date.fromordinal(end), days, whole - rounded)
            rounded = whole
            lines.append(line)
            values: dict[str, Value] = {
                "period": Days(line.start, line.end), "days": days, "of": of, "rate": rate, "per": per,
                "amount": Amount(line.amount, self.unit),
            }  # fmt: skip
            code = _LINE[pays.per]
            if weight != _WHOLE:
                code += "-part"
                values["percent"] = Decimal(weight) / 10**6
            self.step("pay", code, values, values["amount"])
        if not lines:
            raise _Refused(Code.OWN_RISK, "pay", "no-day-counts", 0)
        return lines

    def _pieces(self, ranges: list[tuple[int, int]], base: dt.date) -> list[tuple[int, int, int]]:
        """The days cut where the percentage changes: start, end, weight."""
        facts, benefit = self.facts, self.benefit
        if not benefit.steps and not facts.phases:
            return [(start, end, _WHOLE) for start, end in ranges]
        steps = [(rung.after.after(base).toordinal(), int(rung.percent * 10**4)) for rung in benefit.steps]
        phases = [(phase.from_on.toordinal(), benefit.partial.of(phase.incapacity)) for phase in facts.phases]
        cuts = sorted({day for day, _percent in (*steps, *phases)})
        pieces: list[tuple[int, int, int]] = []
        for start, end in ranges:
            edges = [start, *(cut for cut in cuts if start < cut < end), end]
            for low, high in pairwise(edges):
                weight = _at(steps, low, 10**6) * _at(phases, low, 100)
                pieces.append((low, high, weight))
        for day, percent in steps:
            if ranges and day < ranges[-1][1]:
                self.step("steps", "step-down",
                          {"since": dt.date.fromordinal(day), "percent": Decimal(percent) / 10**4},
                          Decimal(percent) / 10**4)  # fmt: skip
        return pieces

    def _cut(self, lines: list[Line]) -> None:
        """Keep within the ceilings of the claim, the year and the member; the last days go first."""
        ceiling = self.benefit.ceiling_year
        left, used = self._left()
        lost: dict[str, int] = {}
        for line in lines:
            amount, year = line.amount, line.start.year
            if ceiling is not None:
                left["year"] = max(ceiling - used.get(year, 0), 0)
            for name, room in left.items():
                if amount > room:
                    lost[name] = lost.get(name, 0) + amount - room
                    amount = room
            if amount:
                self.lines.append(line if amount == line.amount else replace(line, amount=amount))
                used[year] = used.get(year, 0) + amount
                for name in left:
                    left[name] -= amount
        self.amount = sum([line.amount for line in self.lines])
        for name, reduced in lost.items():
            most = Amount(getattr(self.benefit, f"ceiling_{name}"), self.unit)
            less = Amount(reduced, self.unit)
            self.step(
                f"ceiling-{name}", f"ceiling-{name}", {"ceiling": most, "less": less}, Amount(-reduced, self.unit)
            )
        if not self.amount:
            if lost:
                raise _Refused(Code.CEILING_REACHED, "ceiling", "ceiling-used-up", Amount(0, self.unit))
            raise _Refused(Code.OWN_RISK, "pay", "no-day-counts", 0)
        total = Amount(self.amount, self.unit)
        self.step("total", "total", {"amount": total, "days": sum([line.days for line in self.lines])}, total)

    def _left(self) -> tuple[dict[str, int], dict[int, int]]:
        """What is left of the ceilings of claim and member, and what was granted in each year before."""
        benefit = self.benefit
        used: dict[int, int] = {}
        for earlier in self.same:
            for line in earlier.lines:
                used[line.start.year] = used.get(line.start.year, 0) + line.amount
        left: dict[str, int] = {}
        if benefit.ceiling_claim is not None:
            left["claim"] = benefit.ceiling_claim
            if self.continues:
                left["claim"] = max(benefit.ceiling_claim - self._granted_in_chain(), 0)
        if benefit.ceiling_member is not None:
            left["member"] = max(benefit.ceiling_member - sum(used.values()), 0)
        return left, used

    def _granted_in_chain(self) -> int:
        """What the claim that this one continues was granted, with everything that continued it."""
        facts = self.facts
        root = next(one for one in facts.earlier if one.number == self.continues)
        return sum(
            line.amount
            for one in self.same
            if one.cause == facts.cause and root.occurred_on <= one.occurred_on <= facts.occurred_on
            for line in one.lines
        )


def _half_up(numerator: int, denominator: int) -> int:
    """Round half up, once (docs/decisions on money)."""
    return (2 * numerator + denominator) // (2 * denominator)


def _weekday(ordinal: int) -> int:
    """1 for Monday to 7 for Sunday."""
    return (ordinal - 1) % 7 + 1


def _counting(start: int, end: int, weekdays: tuple[int, ...]) -> int:
    """How many days of a period fall on weekdays that count."""
    days = end - start
    if days <= 0:
        return 0
    if len(weekdays) == 7:
        return days
    weeks, rest = divmod(days, 7)
    return weeks * len(weekdays) + sum([_weekday(end - 1 - n) in weekdays for n in range(rest)])


@lru_cache(maxsize=4096)
def _month(year: int, month: int) -> tuple[int, int]:
    start = dt.date(year, month, 1).toordinal()
    return start, start + calendar.monthrange(year, month)[1]


def _by_month(pieces: Iterable[tuple[int, int, int]]) -> Iterator[tuple[int, int, int, int, int]]:
    """Pieces cut at the ends of months, each with its month."""
    for begin, end, weight in pieces:
        start = begin
        while start < end:
            day = dt.date.fromordinal(start)
            month_start, month_end = _month(day.year, day.month)
            yield start, min(end, month_end), weight, month_start, month_end
            start = month_end


def _at(changes: Iterable[tuple[int, int]], day: int, before: int) -> int:
    """The value on a day, of changes in order; ``before`` the first of them."""
    value = before
    for since, changed in changes:
        if since > day:
            break
        value = changed
    return value


def _age(born_on: dt.date, day: dt.date) -> int:
    """Full years; who was born on 29 February has her birthday on the 28th in other years."""
    years = day.year - born_on.year
    return years if add_months(born_on, 12 * years) <= day else years - 1


def _length(ranges: Iterable[tuple[int, int]]) -> int:
    return sum(end - start for start, end in ranges)


def _minus(ranges: list[tuple[int, int]], paid: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges without other ranges (these in order)."""
    left = ranges
    for low, high in paid:
        cut: list[tuple[int, int]] = []
        for start, end in left:
            if high <= start or low >= end:
                cut.append((start, end))
                continue
            if start < low:
                cut.append((start, low))
            if high < end:
                cut.append((high, end))
        left = cut
    return left

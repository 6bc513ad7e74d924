"""What a member gets under a fund's rules, with every step: the same function previews and decides (promise 2).

Pure: facts and rule versions in, an entitlement out. It reads no clock and no database, and its answer is the same
every time. A claim is judged by the version in force on the day it occurred; one that continues an earlier claim, by
that claim's version. Periods run from a day up to, not including, another.
"""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from mutual.periods import add_months
from pooling.benefits.days import (
    age_on,
    counting,
    cut_by_month,
    half_up,
    length_of,
    minus,
    value_at,
    weekday,
    working_day,
)
from pooling.benefits.known import (
    Amount,
    Choice,
    Code,
    Days,
    Earlier,
    Entitlement,
    Facts,
    Length,
    Line,
    Phase,
    Step,
    Value,
    Version,
    impossible,
    judged_by,
    version_on,
)
from pooling.benefits.terms import By, Clock, Per

__all__ = [
    "Amount", "Choice", "Code", "Days", "Earlier", "Entitlement", "Facts", "Length", "Line", "Phase", "Step", "Value",
    "Version", "assess", "impossible", "judged_by", "version_on",
]  # fmt: skip

_WHOLE = 10**8
"""A percentage of time (four decimals) times a percentage of incapacity, as a whole number."""

_LINE = {Per.DAY: "line-day", Per.WEEK: "line-week", Per.MONTH: "line-month"}


class _Refused(Exception):
    """Stops the reckoning."""

    def __init__(self, code: Code, rule: str, sentence: str, figure: Value | None = None, **values: Value) -> None:
        self.code, self.rule, self.sentence, self.figure, self.values = code, rule, sentence, figure, values
        super().__init__(sentence)


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
            self._pay_by()
            whole = half_up(numerator, denominator)
            self._cut([Line(facts.occurred_on, facts.occurred_on + dt.timedelta(1), 0, whole)])
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
        age = age_on(facts.born_on, facts.occurred_on)
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
        elif pays.by == By.COST:
            assert pays.percent is not None
            numerator, denominator = self._by_cost(pays.percent, pays.ceiling)
        else:
            assert pays.amount is not None
            most = self.benefit.units_most
            units, count = min(facts.units, most), facts.count if pays.per == Per.ONCE else 1
            numerator, denominator = pays.amount * units * count, 1
            one, figure = Amount(pays.amount, self.unit), Amount(numerator, self.unit)
            values: dict[str, Value] = {"amount": one, "per": per, "units": units, "total": figure, "most": most}
            code = "rate-flat" if units == 1 else "rate-units"
            if count > 1:
                values["count"] = count
                code = "rate-each" if units == 1 else "rate-units-each"
            self.step("rate", code, values, figure)
        if self.benefit.earnings_cap is not None:
            cap, over = self._by_earnings(self.benefit.earnings_cap)
            if numerator * over > cap * denominator:
                numerator, denominator = cap, over
                figure = Amount(half_up(cap, over), self.unit)
                self.step("earnings-cap", "capped", {"cap": figure}, figure)
        self.rate = half_up(numerator, denominator)
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
        figure = Amount(half_up(numerator, over), self.unit)
        values: dict[str, Value] = {
            "percent": percent, "earnings": Amount(facts.earnings, self.unit), "others": Amount(others, self.unit),
            "amount": figure,
        }  # fmt: skip
        self.step("earnings", "by-earnings-less" if others else "by-earnings", values, figure)
        return numerator, over

    def _by_cost(self, percent: Decimal, ceiling: int | None) -> tuple[int, int]:
        """A percentage of what is shown, less what others pay; never below nothing nor above the ceiling."""
        facts = self.facts
        if facts.cost is None:
            raise _Refused(Code.INVALID_CLAIM, "cost", "cost-unknown")
        over = 10**6
        numerator = max(facts.cost * int(percent * 10**4) - facts.other_cover * over, 0)
        figure = Amount(half_up(numerator, over), self.unit)
        values: dict[str, Value] = {
            "percent": percent, "cost": Amount(facts.cost, self.unit), "others": Amount(facts.other_cover, self.unit),
            "amount": figure,
        }  # fmt: skip
        self.step("rate", "by-cost-less" if facts.other_cover else "by-cost", values, figure)
        if ceiling is not None and numerator > ceiling * over:
            figure = Amount(ceiling, self.unit)
            self.step("rate", "cost-ceiling", {"ceiling": figure}, figure)
            return ceiling, 1
        return numerator, over

    def _pay_by(self) -> None:
        """The working day by which it is paid (G1), counted from the day after."""
        days = self.benefit.pay_within
        if days is not None:
            day = working_day(self.facts.occurred_on, days)
            self.step("pay-within", "pay-within", {"days": days, "since": self.facts.occurred_on, "day": day}, day)

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
        left = minus(ranges, paid)
        if left != ranges:
            lost = length_of(ranges) - length_of(left)
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
        wanted = sum([counting(start, end, benefit.weekdays) for start, end in ranges])
        used = sum([counting(start, end, benefit.weekdays) for start, end in before])
        values: dict[str, Value] = {"most": limit.most, "months": limit.months, "used": used}
        if wanted + used <= limit.most:
            self.step("within", "within", values, limit.most - used)
            return ranges
        window = sorted({day for start, end in before for day in range(start, end) if weekday(day) in benefit.weekdays})
        kept: list[tuple[int, int]] = []
        for start, end in ranges:
            for day in range(start, end):
                if weekday(day) in benefit.weekdays:
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
        left = sum([counting(start, end, benefit.weekdays) for start, end in kept])
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
        for start, end, weight, month_start, month_end in cut_by_month(self._pieces(ranges, base)):
            if month != month_start:
                month, running, rounded = month_start, 0, 0
            days = counting(start, end, benefit.weekdays)
            if not days or not weight:
                continue
            of = counting(month_start, month_end, benefit.weekdays) if by_month else share
            running += numerator * days * weight
            whole = half_up(running, denominator * of * _WHOLE)
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
                weight = value_at(steps, low, 10**6) * value_at(phases, low, 100)
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

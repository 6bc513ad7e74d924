"""What a version of a fund's rules can say: typed, checked, and the same in JSON and back (F1–F3, F9, F10).

Amounts are whole minor units of the terms' currency. An object of these classes is always valid: what cannot be is
refused when it is made, with the place and a sentence. The JSON form is canonical: defaults are left out, so two texts
that mean the same are the same after reading and writing.

The one rounding rule: what a benefit pays is worked out exactly for each calendar month (in proportion to the days that
count in it, where it is paid by the month) and rounded once, half up, to the smallest unit. Where its rate changes
within the month, each part is what the rounded running sum grows by, so the parts always sum to the rounded month.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, ClassVar, Self

from django.utils.translation import gettext as _
from moneyed import CURRENCIES

from mutual.money import LARGEST
from mutual.periods import add_months

LONGEST_MONTHS = 1200
LONGEST_DAYS = 36_500
SLUG = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)
CAUSE = re.compile(r"[A-Z][A-Z0-9_]{0,19}", re.ASCII)
BIRTHS = ("BIRTH", "CHILD")
"""Causes at which several children can be born at once."""
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


class TermsRefused(Exception):
    """The rules cannot say that; the message names the place and why."""

    def __init__(self, sentence: str, place: str = "") -> None:
        self.sentence, self.place = sentence, place
        super().__init__(f"{place}: {sentence}" if place else sentence)

    def under(self, place: str) -> TermsRefused:
        """The same, seen from one level up."""
        return TermsRefused(self.sentence, f"{place}.{self.place}" if self.place else place)


class By(StrEnum):
    """What a benefit's rate comes from."""

    LEVEL = "LEVEL"
    """The level the member has chosen."""
    EARNINGS = "EARNINGS"
    """A percentage of what she earned before, up to a ceiling."""
    FLAT = "FLAT"
    """One amount for everybody."""
    COST = "COST"
    """A percentage of what something cost, or of a bill nobody paid, up to a ceiling."""


class Per(StrEnum):
    """For what the rate is paid."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    ONCE = "ONCE"


class Clock(StrEnum):
    """From when the longest duration and the steps run."""

    OCCURRED = "OCCURRED"
    """From the first day of the absence."""
    AFTER_OWN_RISK = "AFTER_OWN_RISK"
    """From the end of the own risk."""


def _need(holds: bool, sentence: str, place: str = "") -> None:
    if not holds:
        raise TermsRefused(sentence, place)


def _within(value: int | None, least: int, most: int, place: str) -> None:
    if value is not None:
        _need(least <= value <= most, _("between %(least)s and %(most)s") % {"least": least, "most": most}, place)


class _Json:
    """Reading from and writing to JSON, by the fields' own types."""

    READ: ClassVar[Mapping[str, Callable[[Any], Any]]]

    @classmethod
    def from_json(cls, said: Any) -> Self:
        """Read one; fields left out have their defaults.

        :raises TermsRefused: if something is unknown, missing, of another type, or cannot be
        """
        if not isinstance(said, Mapping):
            raise TermsRefused(_("an object is expected here"))
        for name in said:
            _need(name in cls.READ, _("there is no such rule"), str(name)[:40])
        values = {}
        for name, value in said.items():
            try:
                values[name] = cls.READ[name](value)
            except TermsRefused as refused:
                raise refused.under(name) from refused
        for one in fields(cls):  # type: ignore[arg-type]
            _need(one.name in values or one.name in cls._optional(), _("is missing"), one.name)
        return cls(**values)

    @classmethod
    def _optional(cls) -> set[str]:
        # A dataclass keeps a field's default as an attribute of its class; slots take it away, so none are used here.
        return {one.name for one in fields(cls) if hasattr(cls, one.name)}  # type: ignore[arg-type]

    def to_json(self) -> dict[str, Any]:
        """The canonical form: fields in their order, defaults left out."""
        written = {}
        for one in fields(self):  # type: ignore[arg-type]
            value = getattr(self, one.name)
            if one.name not in self._optional() or value != getattr(type(self), one.name):
                written[one.name] = _write(value)
        return written


def _write(value: Any) -> Any:
    if isinstance(value, _Json):
        return value.to_json()
    if isinstance(value, tuple):
        return [_write(one) for one in value]
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.value if isinstance(value, StrEnum) else value


def _whole(said: Any) -> int:
    _need(isinstance(said, int) and not isinstance(said, bool), _("a whole number is expected here"))
    return int(said)


def _text(said: Any) -> str:
    _need(isinstance(said, str), _("a text is expected here"))
    return str(said)


def _percent(said: Any) -> Decimal:
    _need(isinstance(said, str | int) and not isinstance(said, bool), _("a percentage is expected here, as a text"))
    try:
        return Decimal(said)
    except InvalidOperation as error:
        raise TermsRefused(_("a percentage is expected here, as a text")) from error


def _maybe(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda said: None if said is None else read(said)


def _list(read: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    def read_all(said: Any) -> tuple[Any, ...]:
        _need(isinstance(said, list | tuple), _("a list is expected here"))
        found = []
        for number, one in enumerate(said):
            try:
                found.append(read(one))
            except TermsRefused as refused:
                raise refused.under(str(number + 1)) from refused
        return tuple(found)

    return read_all


def _one_of(kind: type[StrEnum]) -> Callable[[Any], StrEnum]:
    def read(said: Any) -> StrEnum:
        try:
            return kind(said)
        except ValueError as error:
            raise TermsRefused(_("one of %(words)s is expected here") % {"words": ", ".join(kind)}) from error

    return read


def _check_percent(value: Decimal | None, place: str, most: int = 100) -> None:
    if value is not None:
        fine = value.is_finite() and 0 < value <= most and value == round(value, 4)
        _need(fine, _("above 0, at most %(most)s, with four decimals at most") % {"most": most}, place)


def _check_amount(value: int | None, place: str) -> None:
    _within(value, 1, LARGEST, place)


@dataclass(frozen=True)
class Span(_Json):
    """A length of time: so many months and so many days, one of them zero."""

    months: int = 0
    days: int = 0

    READ = {"months": _whole, "days": _whole}

    def __post_init__(self) -> None:
        _within(self.months, 0, LONGEST_MONTHS, "months")
        _within(self.days, 0, LONGEST_DAYS, "days")
        _need(not (self.months and self.days), _("in months or in days, not both"))

    def __bool__(self) -> bool:
        return bool(self.months or self.days)

    def after(self, day: dt.date) -> dt.date:
        """The day that far after another."""
        if self.months:
            return add_months(day, self.months)
        return day + dt.timedelta(days=self.days) if self.days else day


@dataclass(frozen=True)
class Level(_Json):
    """What a member can choose to be covered for: so much a month."""

    name: str
    amount: int

    READ = {"name": _text, "amount": _whole}

    def __post_init__(self) -> None:
        _need(0 < len(self.name) <= 40 and self.name == self.name.strip(), _("a short name is expected"), "name")
        _check_amount(self.amount, "amount")


@dataclass(frozen=True)
class Pays(_Json):
    """The rate: by level, by earnings, flat or by cost; for a day, a week, a month, or once."""

    by: By
    per: Per
    amount: int | None = None
    """For FLAT: how much."""
    percent: Decimal | None = None
    """For EARNINGS: what part of the earnings before; for COST: what part of what is shown."""
    ceiling: int | None = None
    """For EARNINGS and COST: never more than this."""

    READ = {
        "by": _one_of(By), "per": _one_of(Per), "amount": _maybe(_whole), "percent": _maybe(_percent),
        "ceiling": _maybe(_whole),
    }  # fmt: skip

    def __post_init__(self) -> None:
        _need((self.amount is not None) == (self.by == By.FLAT), _("a flat benefit has an amount, no other"), "amount")
        by_part = self.by in (By.EARNINGS, By.COST)
        _need(
            (self.percent is not None) == by_part,
            _("a benefit by earnings or by cost has a percentage, no other"), "percent",
        )  # fmt: skip
        _need(by_part or self.ceiling is None, _("only a benefit by earnings or by cost has a ceiling here"), "ceiling")
        by_month = self.by in (By.LEVEL, By.EARNINGS)
        _need(not by_month or self.per == Per.MONTH, _("levels and earnings are paid by the month"), "per")
        _need(self.by != By.COST or self.per == Per.ONCE, _("what something cost is paid once"), "per")
        _check_amount(self.amount, "amount")
        _check_amount(self.ceiling, "ceiling")
        _check_percent(self.percent, "percent")


@dataclass(frozen=True)
class Rung(_Json):
    """From so long on, this percentage of the rate."""

    after: Span
    percent: Decimal

    READ = {"after": Span.from_json, "percent": _percent}

    def __post_init__(self) -> None:
        _need(bool(self.after), _("a step comes after some time"), "after")
        _check_percent(self.percent, "percent")


@dataclass(frozen=True)
class Within(_Json):
    """So many at most within any so many months, also over several claims."""

    most: int
    months: int

    READ = {"most": _whole, "months": _whole}

    def __post_init__(self) -> None:
        _within(self.most, 1, LONGEST_DAYS, "most")
        _within(self.months, 1, LONGEST_MONTHS, "months")


@dataclass(frozen=True)
class Partial(_Json):
    """Below ``least`` percent of incapacity nothing is paid, from ``full`` percent on everything, else that part."""

    least: int = 100
    full: int = 100

    READ = {"least": _whole, "full": _whole}

    def __post_init__(self) -> None:
        _within(self.full, 1, 100, "full")
        _within(self.least, 1, self.full, "least")

    def of(self, incapacity: int) -> int:
        """The percentage paid for a percentage of incapacity."""
        if incapacity >= self.full:
            return 100
        return incapacity if incapacity >= self.least else 0


@dataclass(frozen=True)
class Benefit(_Json):
    """One thing the fund pays for: its causes, its rate, and everything that limits it."""

    rule: str
    """A short name in lower case: ``sick-pay``. Steps and refusals name it."""
    title: str
    causes: tuple[str, ...]
    pays: Pays
    waiting_months: int = 0
    """F1: a new member is covered so many months after joining."""
    own_risk: Span = Span()
    """F1: the first part of every absence, not paid."""
    paid_from_start: int | None = None
    """An absence of at least so many days is paid from its first day."""
    weekdays: tuple[int, ...] = EVERY_DAY
    """The days of the week that count, Monday being 1."""
    clock: Clock = Clock.OCCURRED
    duration: Span | None = None
    """F2: how long one claim can last, by the clock."""
    within: Within | None = None
    """So many paid days at most within any so many months."""
    steps: tuple[Rung, ...] = ()
    recurrence_months: int = 0
    """F2: the same cause so soon after the last day continues the old claim."""
    partial: Partial = Partial()
    ceiling_claim: int | None = None
    ceiling_year: int | None = None
    """Per calendar year."""
    ceiling_member: int | None = None
    """In all the years."""
    earnings_cap: Decimal | None = None
    """F9: the rate and what she still receives are at most this percentage of what she earned before."""
    units_most: int = 1
    """How many units of this benefit one member can hold."""
    frequency: Within | None = None
    """So many claims at most within any so many months."""
    age_from: int | None = None
    age_until: int | None = None
    """Covered from the first birthday on, up to, not including, the second."""
    report_within: int | None = None
    """A claim must be made so many days after the absence began."""
    pay_within: int | None = None
    """G1: a lump sum is paid so many working days (Monday to Friday) after the day it is for."""

    READ = {
        "rule": _text, "title": _text, "causes": _list(_text), "pays": Pays.from_json, "waiting_months": _whole,
        "own_risk": Span.from_json, "paid_from_start": _maybe(_whole), "weekdays": _list(_whole),
        "clock": _one_of(Clock), "duration": _maybe(Span.from_json),
        "within": _maybe(Within.from_json), "steps": _list(Rung.from_json), "recurrence_months": _whole,
        "partial": Partial.from_json, "ceiling_claim": _maybe(_whole), "ceiling_year": _maybe(_whole),
        "ceiling_member": _maybe(_whole), "earnings_cap": _maybe(_percent), "units_most": _whole,
        "frequency": _maybe(Within.from_json), "age_from": _maybe(_whole), "age_until": _maybe(_whole),
        "report_within": _maybe(_whole), "pay_within": _maybe(_whole),
    }  # fmt: skip

    def __post_init__(self) -> None:
        _need(bool(SLUG.fullmatch(self.rule)), _("a short name in lower case is expected"), "rule")
        _need(0 < len(self.title) <= 60 and self.title == self.title.strip(), _("a short title is expected"), "title")
        _need(bool(self.causes) and len(set(self.causes)) == len(self.causes), _("causes, each once"), "causes")
        for cause in self.causes:
            _need(bool(CAUSE.fullmatch(cause)), _("causes are words in capitals, such as ILLNESS"), "causes")
        self._check_time()
        for place in ("ceiling_claim", "ceiling_year", "ceiling_member"):
            _check_amount(getattr(self, place), place)
        _check_percent(self.earnings_cap, "earnings_cap")
        _need(
            self.earnings_cap is None or self.pays.per == Per.MONTH,
            _("a cap by earnings needs a benefit by the month"), "earnings_cap",
        )  # fmt: skip
        _within(self.units_most, 1, 1000, "units_most")
        _need(self.units_most == 1 or self.pays.by == By.FLAT, _("units belong to flat benefits"), "units_most")
        _within(self.age_from, 0, 150, "age_from")
        _within(self.age_until, 1, 150, "age_until")
        if self.age_from is not None and self.age_until is not None:
            _need(self.age_from < self.age_until, _("the last age comes after the first"), "age_until")
        _within(self.pay_within, 1, 365, "pay_within")
        if self.pays.per == Per.ONCE:
            self._check_once()
        else:
            _need(self.pay_within is None, _("only what is paid once is paid by a working day"), "pay_within")

    def _check_time(self) -> None:
        _within(self.waiting_months, 0, LONGEST_MONTHS, "waiting_months")
        _within(self.paid_from_start, 1, LONGEST_DAYS, "paid_from_start")
        _within(self.recurrence_months, 0, LONGEST_MONTHS, "recurrence_months")
        _within(self.report_within, 0, LONGEST_DAYS, "report_within")
        fine = bool(self.weekdays) and list(self.weekdays) == sorted(set(self.weekdays) & set(EVERY_DAY))
        _need(fine, _("days of the week from 1 to 7, in order"), "weekdays")
        _need(self.duration is None or bool(self.duration), _("a duration is longer than nothing"), "duration")
        if self.paid_from_start is not None:
            _need(bool(self.own_risk), _("without own risk every absence is paid from its start"), "paid_from_start")
        start = dt.date(2000, 1, 1)
        ends = [rung.after.after(start) for rung in self.steps]
        _need(ends == sorted(set(ends)), _("each step comes after the one before"), "steps")

    def _check_once(self) -> None:
        """What is paid once has no days."""
        plain = {
            "own_risk": Span(), "paid_from_start": None, "weekdays": EVERY_DAY, "clock": Clock.OCCURRED,
            "duration": None, "within": None, "steps": (), "recurrence_months": 0, "partial": Partial(),
        }  # fmt: skip
        for place, value in plain.items():
            _need(getattr(self, place) == value, _("what is paid once has no days to count"), place)

    @property
    def once(self) -> bool:
        """Whether it is a lump sum."""
        return self.pays.per == Per.ONCE

    @property
    def by_cost(self) -> bool:
        """Whether it goes by what something cost."""
        return self.pays.by == By.COST

    def for_each_child(self, cause: str) -> bool:
        """Whether a claim for this cause says for how many children it is: a lump sum at a birth is paid for each."""
        return self.once and self.pays.by == By.FLAT and cause in BIRTHS

    @property
    def by_what_comes_in(self) -> bool:
        """Whether what still comes in, or another pays, is taken off (F9)."""
        return self.pays.by in (By.EARNINGS, By.COST) or self.earnings_cap is not None


@dataclass(frozen=True)
class Terms(_Json):
    """A version of a fund's rules."""

    currency: str
    benefits: tuple[Benefit, ...]
    levels: tuple[Level, ...] = ()

    READ = {"currency": _text, "benefits": _list(Benefit.from_json), "levels": _list(Level.from_json)}

    def __post_init__(self) -> None:
        _need(self.currency in CURRENCIES, _("there is no such currency"), "currency")
        _need(bool(self.benefits), _("rules have at least one benefit"), "benefits")
        rules = [benefit.rule for benefit in self.benefits]
        _need(len(set(rules)) == len(rules), _("two benefits have the same name"), "benefits")
        causes = [cause for benefit in self.benefits for cause in benefit.causes]
        _need(len(set(causes)) == len(causes), _("a cause belongs to one benefit"), "benefits")
        names = [level.name for level in self.levels]
        _need(len(set(names)) == len(names), _("two levels have the same name"), "levels")
        by_level = any(benefit.pays.by == By.LEVEL for benefit in self.benefits)
        _need(bool(self.levels) == by_level, _("levels, and a benefit by level, come together"), "levels")

    def benefit_for(self, cause: str) -> Benefit | None:
        """The benefit that covers a cause, if any does."""
        for benefit in self.benefits:
            if cause in benefit.causes:
                return benefit
        return None

    def level(self, name: str) -> Level | None:
        """The level of that name, if there is one; the only one where none is named."""
        if not name and len(self.levels) == 1:
            return self.levels[0]
        for level in self.levels:
            if level.name == name:
                return level
        return None

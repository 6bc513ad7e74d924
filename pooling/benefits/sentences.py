"""The sentence of every step and refusal, in the reader's language; for a page or for a terminal.

Sentences about rules say what a rule does and nothing about what anybody may expect: those words depend on the fund's
promise and are in :mod:`pooling.benefits.words`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.utils.translation import ngettext

from mutual import formats
from mutual.money import decimals, from_minor
from pooling.benefits.engine import Amount, Choice, Code, Days, Length, Step, Value

SENTENCES = {
    "version": noop("Version %(number)s of the rules is in force since %(since)s."),
    "version-decided": noop("Version %(number)s of the rules is in force since %(since)s, by decision %(decision)s."),
    "cause-covered": noop("%(cause)s belongs to “%(title)s”."),
    "continues": noop(
        "The same cause within %(months)s months: this continues claim %(number)s, and its %(days)s days of absence "
        "count."
    ),
    "covered-since": noop("Cover began on %(since)s: %(length)s after joining on %(joined)s."),
    "age-covered": noop("The rules cover somebody of %(age)s."),
    "not-too-often": noop("Claims in the %(months)s months before: %(count)s of at most %(most)s."),
    "rate-level": noop("Level %(level)s is %(amount)s a month."),
    "by-earnings": noop("%(percent)s %% of %(earnings)s earned a month before is %(amount)s."),
    "by-earnings-less": noop(
        "%(percent)s %% of %(earnings)s earned a month before, less %(others)s that still come in, is %(amount)s."
    ),
    "rate-ceiling": noop("The rate is at most %(ceiling)s a month."),
    "rate-flat": noop("The rate is %(amount)s %(per)s."),
    "rate-units": noop("%(units)s units of %(amount)s %(per)s are %(total)s."),
    "rate-each": noop("It is for %(count)s: %(amount)s for each of them, %(total)s together."),
    "rate-units-each": noop(
        "It is for %(count)s: %(units)s units of %(amount)s for each of them, %(total)s together."
    ),
    "by-cost": noop("%(percent)s %% of %(cost)s is %(amount)s."),
    "by-cost-less": noop("%(percent)s %% of %(cost)s, less %(others)s that others pay, is %(amount)s."),
    "cost-ceiling": noop("It is at most %(ceiling)s."),
    "pay-within": noop("It is to be paid within %(days)s working days after %(since)s: by %(day)s."),
    "capped": noop("So the rate is %(cap)s a month."),
    "own-risk": noop("Own risk is %(length)s from %(occurred)s: days count from %(first)s."),
    "paid-from-start": noop(
        "The absence lasts %(days)s days; from %(least)s days on it counts from its first day, %(occurred)s."
    ),
    "duration": noop("At most %(length)s from %(since)s: the last day is %(last)s."),
    "ends-with-membership": noop("The membership ended: days count until before %(left)s."),
    "ends-with-age": noop("The rules cover until the age of %(age)s: days count until before %(day)s."),
    "days-paid-before": noop("%(days)s days are part of an earlier claim already and do not count again."),
    "within": noop("Days in the %(months)s months before: %(used)s of at most %(most)s."),
    "within-cut": noop(
        "At most %(most)s days within any %(months)s months, and %(used)s were before: %(days)s days are left, "
        "%(lost)s fall away."
    ),
    "step-down": noop("From %(since)s it is %(percent)s %% of the rate."),
    "line-month": noop("%(period)s: %(days)s of %(of)s days at %(rate)s a month = %(amount)s."),
    "line-month-part": noop(
        "%(period)s: %(days)s of %(of)s days at %(rate)s a month, %(percent)s %% of it = %(amount)s."
    ),
    "line-week": noop("%(period)s: %(days)s days at %(rate)s a week of %(of)s days = %(amount)s."),
    "line-week-part": noop(
        "%(period)s: %(days)s days at %(rate)s a week of %(of)s days, %(percent)s %% of it = %(amount)s."
    ),
    "line-day": noop("%(period)s: %(days)s days at %(rate)s = %(amount)s."),
    "line-day-part": noop("%(period)s: %(days)s days at %(rate)s, %(percent)s %% of it = %(amount)s."),
    "ceiling-claim": noop("The ceiling of %(ceiling)s for one claim takes %(less)s off."),
    "ceiling-year": noop("The ceiling of %(ceiling)s for a year takes %(less)s off."),
    "ceiling-member": noop("The ceiling of %(ceiling)s for one member takes %(less)s off."),
    "total": noop("Together: %(amount)s."),
    # Refusals.
    "ended-before-it-began": noop("This cannot be: it ended on %(ended)s, before it began on %(began)s."),
    "benefit-before-the-absence": noop(
        "This cannot be: days are claimed from %(began)s, but the absence began on %(occurred)s."
    ),
    "not-yet-born": noop("This cannot be: born on %(born)s, absent from %(occurred)s."),
    "too-old": noop("This cannot be: born on %(born)s, and so %(age)s years old."),
    "negative": noop("This cannot be: an amount is below zero."),
    "too-much-earned": noop("This cannot be: an amount is larger than anybody earns."),
    "no-units": noop("This cannot be: the number of units is not above zero, or far too high."),
    "no-percentage": noop("This cannot be: incapacity is a percentage from 0 to 100."),
    "phases-out-of-order": noop("This cannot be: the phases of the return to work are not in order."),
    "reported-before": noop("This cannot be: reported on %(reported)s, before it began on %(occurred)s."),
    "no-version": noop("No rules were in force on %(occurred)s: the first are valid from %(first)s."),
    "cause-not-covered": noop("The fund's rules do not cover %(cause)s."),
    "before-joining": noop("It began on %(occurred)s, before the membership began on %(joined)s."),
    "after-leaving": noop("It began on %(occurred)s; the membership ended before %(left)s."),
    "reported-late": noop(
        "It was reported on %(reported)s; the rules give %(days)s days from its beginning, until %(until)s."
    ),
    "still-waiting": noop(
        "It began on %(occurred)s. Cover begins %(length)s after joining on %(joined)s: on %(since)s "
        "(version %(version)s of the rules)."
    ),
    "birth-unknown": noop("The rules ask for an age, and the date of birth is not known."),
    "too-young": noop("The rules cover from the age of %(least)s; she was %(age)s."),
    "past-the-age": noop("The rules cover until the age of %(until)s; she was %(age)s."),
    "too-often": noop("There were %(count)s claims in the %(months)s months before; the rules allow %(most)s."),
    "no-level-chosen": noop("No level was chosen for that day."),
    "no-such-level": noop("There is no level “%(level)s” in the rules."),
    "nothing-left-of-the-rate": noop("What still comes in is as much as the rules allow: nothing is missing."),
    "earnings-unknown": noop("The rules go by earnings, and what was earned before is not known."),
    "cost-unknown": noop("The rules go by what it cost, and that is not known."),
    "duration-over": noop("The longest duration was over on %(last)s."),
    "over-before-it-is-paid": noop(
        "It was over by %(ended)s, before the first day that could count, %(first)s."
    ),
    "no-day-claimed": noop("No day is claimed: it ended on %(day)s, the day it began."),
    "all-days-paid-before": noop("All %(days)s days are part of an earlier claim already."),
    "within-used-up": noop(
        "At most %(most)s days within any %(months)s months, and %(used)s were before: none are left."
    ),
    "no-day-counts": noop("None of the days counts under the rules."),
    "ceiling-used-up": noop("The ceiling is reached: nothing is left of it."),
}  # fmt: skip

CODES = {
    Code.NO_COVER: noop("No cover"),
    Code.WAITING_PERIOD: noop("Waiting period"),
    Code.FREQUENCY: noop("Frequency"),
    Code.CEILING_REACHED: noop("Ceiling reached"),
    Code.TARGET_DATE: noop("Target date"),
    Code.INVALID_CLAIM: noop("Invalid claim"),
    Code.OWN_RISK: noop("Own risk"),
}

_WORDS = {
    "DAY": noop("a day"),
    "WEEK": noop("a week"),
    "MONTH": noop("a month"),
    "ONCE": noop("once"),
    "ILLNESS": noop("Illness"),
    "ACCIDENT": noop("Accident"),
    "WORK_ACCIDENT": noop("Accident at work"),
    "PREGNANCY": noop("Pregnancy"),
    "CHILD": noop("Birth or care of a child"),
    "BIRTH": noop("Birth of a child"),
    "CARE": noop("Care of somebody close"),
    "DEATH": noop("Death"),
    "LOST_CLIENT": noop("A client lost"),
    "BROKEN_TOOL": noop("A broken tool"),
    "UNPAID": noop("An invoice not paid"),
    "OTHER": noop("Something else"),
}


def cause(word: str) -> str:
    """A cause as people say it; one that is the cooperative's own, by its letters."""
    return _(_WORDS[word]) if word in _WORDS else word.replace("_", " ").capitalize()


def code_label(code: Code) -> str:
    """The reason's name."""
    return _(CODES[code])


def of(step: Step) -> str:
    """The sentence of a step, as the reader's language writes it."""
    return _(SENTENCES[step.code]) % {name: page(value) for name, value in step.values.items()}


def figure(step: Step) -> str:
    """The figure a step came to."""
    return "" if step.figure is None else page(step.figure)


def page(value: Value) -> str:
    """A value as the reader's language writes it."""
    match value:
        case Amount(minor, currency):
            return formats.money(from_minor(minor, currency))
        case dt.date():
            return formats.day(value)
        case Days(start, end):
            last = end - dt.timedelta(1)
            return formats.day(start) if start == last else f"{formats.day_short(start)} – {formats.day_short(last)}"
        case Decimal():
            digits = max(-int(value.normalize().as_tuple().exponent), 0)
            return formats.number(value, digits)
        case int():
            return formats.number(value)
        case Length(months, days):
            return length(months, days)
        case Choice(word):
            return cause(word)
    return value


_ALIKE = frozenset({"version", "version-decided", "cause-covered", "rate-level", "rate-flat", "rate-units"})
"""Steps that are the same for many claims."""


class Plain:
    """Writes many steps for a terminal or a file, in the language in use when it was made.

    Days are written 2026-11-05 and amounts EUR 40.65. What repeats is remembered.
    """

    def __init__(self) -> None:
        self._templates: dict[str, str] = {}
        self._words: dict[Value, str] = {}
        self._said: dict[tuple[Value, ...], str] = {}
        self._write: dict[type, Callable[[Any], str]] = {
            Amount: lambda value: f"{value.currency} {plain_amount(value.minor, value.currency)}",
            Days: lambda value: f"{value.start} to {value.end - dt.timedelta(1)}",
            Length: self._remembered,
            Choice: self._remembered,
            dt.date: dt.date.isoformat,
            Decimal: lambda value: f"{value.normalize():f}",
            int: str,
            str: str,
        }

    def _remembered(self, value: Value) -> str:
        word = self._words.get(value)
        if word is None:
            word = self._words[value] = page(value)
        return word

    def value(self, value: Value) -> str:
        """One value."""
        return self._write[type(value)](value)

    def sentence(self, step: Step) -> str:
        """The sentence of a step."""
        code = step.code
        if code not in _ALIKE:
            return self._say(code, step.values)
        key = (code, *step.values.values())
        said = self._said.get(key)
        if said is None:
            said = self._said[key] = self._say(code, step.values)
        return said

    def _say(self, code: str, values: dict[str, Value]) -> str:
        template = self._templates.get(code)
        if template is None:
            template = self._templates[code] = _(SENTENCES[code])
        write = self._write
        return template % {name: write[type(value)](value) for name, value in values.items()}


def plain_amount(minor: int, currency: str) -> str:
    """Minor units with the currency's own number of decimals: 4065 is 40.65."""
    digits = _digits(currency)
    sign, size = ("-", -minor) if minor < 0 else ("", minor)
    if not digits:
        return f"{sign}{size}"
    whole, part = divmod(size, 10**digits)
    return f"{sign}{whole}.{part:0{digits}}"


@lru_cache(maxsize=64)
def _digits(currency: str) -> int:
    return decimals(currency)


def length(months: int, days: int) -> str:
    """So many years, months or days."""
    if months > 12 and months % 12 == 0:
        return ngettext("%(count)s year", "%(count)s years", months // 12) % {"count": months // 12}
    if months:
        return ngettext("%(count)s month", "%(count)s months", months) % {"count": months}
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}

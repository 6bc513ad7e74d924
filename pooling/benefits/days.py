"""Counting days, for the engine: days as ordinals, ranges from one up to, not including, another. Pure."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable, Iterator
from functools import lru_cache

from mutual.periods import add_months


def half_up(numerator: int, denominator: int) -> int:
    """Round half up, once (docs/decisions on money)."""
    return (2 * numerator + denominator) // (2 * denominator)


def weekday(ordinal: int) -> int:
    """1 for Monday to 7 for Sunday."""
    return (ordinal - 1) % 7 + 1


def working_day(day: dt.date, count: int) -> dt.date:
    """The working day, Monday to Friday, that many after a day."""
    last = min(weekday(day.toordinal()), 5)
    weeks, rest = divmod(last - 1 + count, 5)
    return day - dt.timedelta(weekday(day.toordinal()) - 1) + dt.timedelta(7 * weeks + rest)


def counting(start: int, end: int, weekdays: tuple[int, ...]) -> int:
    """How many days of a period fall on weekdays that count."""
    days = end - start
    if days <= 0:
        return 0
    if len(weekdays) == 7:
        return days
    weeks, rest = divmod(days, 7)
    return weeks * len(weekdays) + sum([weekday(end - 1 - n) in weekdays for n in range(rest)])


@lru_cache(maxsize=4096)
def month_of(year: int, month: int) -> tuple[int, int]:
    """The first day of a calendar month, and of the one after it."""
    start = dt.date(year, month, 1).toordinal()
    return start, start + calendar.monthrange(year, month)[1]


def cut_by_month(pieces: Iterable[tuple[int, int, int]]) -> Iterator[tuple[int, int, int, int, int]]:
    """Pieces cut at the ends of months, each with its month."""
    for begin, end, weight in pieces:
        start = begin
        while start < end:
            day = dt.date.fromordinal(start)
            month_start, month_end = month_of(day.year, day.month)
            yield start, min(end, month_end), weight, month_start, month_end
            start = month_end


def value_at(changes: Iterable[tuple[int, int]], day: int, before: int) -> int:
    """The value on a day, of changes in order; ``before`` the first of them."""
    value = before
    for since, changed in changes:
        if since > day:
            break
        value = changed
    return value


def age_on(born_on: dt.date, day: dt.date) -> int:
    """Full years; who was born on 29 February has her birthday on the 28th in other years."""
    years = day.year - born_on.year
    return years if add_months(born_on, 12 * years) <= day else years - 1


def length_of(ranges: Iterable[tuple[int, int]]) -> int:
    """How many days ranges have together."""
    return sum(end - start for start, end in ranges)


def minus(ranges: list[tuple[int, int]], paid: list[tuple[int, int]]) -> list[tuple[int, int]]:
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

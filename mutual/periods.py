"""Periods: from a day up to, not including, another."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

_MONTH = re.compile(r"^(\d{4})-(0[1-9]|1[0-2])$", re.ASCII)
_WEEK = re.compile(r"^(\d{4})-W(0[1-9]|[1-4]\d|5[0-3])$", re.ASCII)
_QUARTER = re.compile(r"^(\d{4})-Q([1-4])$", re.ASCII)
_DAYS = re.compile(r"^(\d{4}-\d{2}-\d{2})\.(\d{1,3})$", re.ASCII)
_YEAR = re.compile(r"^(\d{4})$", re.ASCII)


class BadPeriod(ValueError):
    """The text is no period; the message says what one looks like."""


@dataclass(frozen=True, order=True)
class Period:
    """From ``start`` up to, not including, ``end``."""

    start: dt.date
    end: dt.date

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise BadPeriod("A period ends after it starts.")

    @property
    def last_day(self) -> dt.date:
        """The last day that belongs to the period."""
        return self.end - dt.timedelta(days=1)

    def until(self, on: dt.date) -> dt.date:
        """The last of its days that has come by ``on``: ``on`` itself while the period still runs."""
        return min(self.last_day, max(self.start, on))

    @property
    def days(self) -> int:
        """How many days the period has."""
        return (self.end - self.start).days

    def contains(self, day: dt.date) -> bool:
        """Whether the day belongs to the period."""
        return self.start <= day < self.end

    @property
    def label(self) -> str:
        """The text :func:`parse` reads it from, or ``start/end`` for a period that has no short name."""
        for candidate in (month(self.start), quarter(self.start), year(self.start), week(self.start)):
            if candidate == self:
                return _name(candidate)
        return f"{self.start}/{self.last_day}"

    @property
    def key(self) -> str:
        """The short text :func:`parse` reads it from: its label, or ``2026-02-28.31``, 31 days from 28 February."""
        return f"{self.start}.{self.days}" if "/" in self.label else self.label

    def next(self) -> Period:
        """The period of the same kind that follows."""
        return _like(self, self.end)

    def previous(self) -> Period:
        """The period of the same kind that went before."""
        return _like(self, self.start - dt.timedelta(days=1))

    def months(self) -> Iterator[Period]:
        """The calendar months that touch the period, in order."""
        current = month(self.start)
        while current.start < self.end:
            yield current
            current = current.next()


def _like(model: Period, day: dt.date) -> Period:
    for kind in (month, quarter, year, week):
        if kind(model.start) == model:
            return kind(day)
    length = model.end - model.start
    start = model.end if day >= model.end else model.start - length
    return Period(start, start + length)


def _name(period: Period) -> str:
    start = period.start
    if period == month(start):
        return f"{start:%Y-%m}"
    if period == quarter(start):
        return f"{start.year:04}-Q{(start.month + 2) // 3}"
    if period == year(start):
        return f"{start.year:04}"
    iso = start.isocalendar()
    return f"{iso.year:04}-W{iso.week:02}"


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day of the month that many months on, or the month's last day where it is shorter.

    Always count from the original day, never from the result of another addition: 31 January plus three months is
    30 April, while one month added three times would give 28 April.
    """
    index = day.year * 12 + day.month - 1 + months
    target_year, target_month = divmod(index, 12)
    last = calendar.monthrange(target_year, target_month + 1)[1]
    return dt.date(target_year, target_month + 1, min(day.day, last))


def month(day: dt.date) -> Period:
    """The calendar month the day is in."""
    start = day.replace(day=1)
    return Period(start, add_months(start, 1))


def quarter(day: dt.date) -> Period:
    """The calendar quarter the day is in."""
    start = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return Period(start, add_months(start, 3))


def year(day: dt.date) -> Period:
    """The calendar year the day is in."""
    start = day.replace(month=1, day=1)
    return Period(start, add_months(start, 12))


def week(day: dt.date) -> Period:
    """The ISO week (Monday to Sunday) the day is in."""
    start = day - dt.timedelta(days=day.weekday())
    return Period(start, start + dt.timedelta(days=7))


def anchored(anchor: dt.date, every: str, day: dt.date) -> Period:
    """The period a day is in, where periods of a WEEK, MONTH, QUARTER or YEAR are counted from a day.

    Counted from the anchor itself, so they never drift: from 31 January the third month ends before 30 April.
    """
    if every == "WEEK":
        start = anchor + dt.timedelta(days=(day - anchor).days // 7 * 7)
        return Period(start, start + dt.timedelta(days=7))
    length = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[every]
    count = ((day.year - anchor.year) * 12 + day.month - anchor.month) // length
    while add_months(anchor, count * length) > day:
        count -= 1
    while add_months(anchor, (count + 1) * length) <= day:
        count += 1
    return Period(add_months(anchor, count * length), add_months(anchor, (count + 1) * length))


def parse(text: str) -> Period:
    """Read ``2026-11``, ``2026-W45``, ``2026-Q4``, ``2026``, or ``2026-02-28.31`` (so many days from a day).

    :raises BadPeriod: if the text is none of these
    """
    try:
        if found := _MONTH.match(text):
            return month(dt.date(int(found[1]), int(found[2]), 1))
        if found := _WEEK.match(text):
            return week(dt.date.fromisocalendar(int(found[1]), int(found[2]), 1))
        if found := _QUARTER.match(text):
            return quarter(dt.date(int(found[1]), int(found[2]) * 3, 1))
        if found := _YEAR.match(text):
            return year(dt.date(int(found[1]), 1, 1))
        if found := _DAYS.match(text):
            start = dt.date.fromisoformat(found[1])
            return Period(start, start + dt.timedelta(days=int(found[2])))
    except (ValueError, OverflowError) as error:
        raise BadPeriod(f"There is no period {text!r}.") from error
    raise BadPeriod(f"{text[:20]!r} is no period: write 2026-11, 2026-W45, 2026-Q4 or 2026.")

"""R-A13: days are those where the cooperative lives, also in the night that lacks an hour and in the one with two.

In Berlin 29 March 2026 has 23 hours (there is no half past two), 25 October has 25 (half past two comes twice).
"""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.utils import timezone

from mutual import clock
from mutual.ledger import backups, seals
from mutual.ledger.models import BackupRun
from mutual.periods import Period, anchored, month, parse, week
from pooling.models import Charge, PlanVersion
from tests.conftest import make_member
from tests.mutual.ledger.test_audit import unguarded
from tests.pooling.test_dues import charge, coop, on_plan, pay

__all__ = ["coop"]
HOME = "Europe/Berlin"
GAP, FOLD = dt.date(2026, 3, 29), dt.date(2026, 10, 25)
DAY = dt.timedelta(days=1)

TODAY = {
    "new year at home, the old one in UTC": ("2025-12-31 23:30", "2026-01-01"),
    "the last minute of a year": ("2026-12-31 22:59", "2026-12-31"),
    "the minute before the short day": ("2026-03-28 22:59", "2026-03-28"),
    "the short day begins": ("2026-03-28 23:00", "2026-03-29"),
    "before the hour that is missing": ("2026-03-29 00:59", "2026-03-29"),
    "after the hour that is missing": ("2026-03-29 01:00", "2026-03-29"),
    "the short day ends after 23 hours": ("2026-03-29 22:00", "2026-03-30"),
    "the long day begins": ("2026-10-24 22:00", "2026-10-25"),
    "half past two": ("2026-10-25 00:30", "2026-10-25"),
    "half past two again": ("2026-10-25 01:30", "2026-10-25"),
    "the long day is not over after 24 hours": ("2026-10-25 22:00", "2026-10-25"),
    "the long day ends after 25 hours": ("2026-10-25 23:00", "2026-10-26"),
}


def at(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def wrong_days(time_machine):
    """The moments at which the clock names another day than the one at home."""
    found = set()
    for name, (instant, day) in TODAY.items():
        time_machine.move_to(at(instant), tick=False)
        found |= {name} if str(clock.today()) != day else set()
    return found


class TestToday:
    def test_is_the_day_at_home(self, time_machine):
        with timezone.override(HOME):
            assert wrong_days(time_machine) == set()

    def test_would_be_wrong_by_the_clock_of_utc(self, time_machine):
        """The negative control: between the two midnights it is another day."""
        with timezone.override(dt.UTC):
            assert wrong_days(time_machine) == {name for name, (instant, day) in TODAY.items() if instant[:10] != day}
        assert len({name for name, (instant, day) in TODAY.items() if instant[:10] != day}) == 5


def by_hours(day, minute, days):
    """The day that one comes to who counts hours from a minute of a day at home: 24 for a day."""
    with timezone.override(HOME):
        start = timezone.make_aware(dt.datetime.combine(day, minute))
        return timezone.localdate(start.astimezone(dt.UTC) + days * DAY)


class TestPeriods:
    def test_have_their_days_over_both_nights(self):
        assert (month(GAP).days, month(FOLD).days) == (31, 31)
        for day in (GAP, FOLD):
            assert week(day).days == 7
            assert week(day).next().start == day + DAY  # both are Sundays
            assert anchored(day, "WEEK", day + 6 * DAY) == Period(day, day + 7 * DAY)
            assert anchored(day, "WEEK", day - DAY) == Period(day - 7 * DAY, day)
        assert anchored(dt.date(2026, 1, 31), "MONTH", GAP) == Period(dt.date(2026, 2, 28), dt.date(2026, 3, 31))

    @pytest.mark.django_db
    @pytest.mark.parametrize("day", [GAP, FOLD])
    def test_leave_their_days_to_pay(self, day, coop):
        """Dues of the month, 30 days to pay: the night lies between."""
        on_plan(make_member("Ada Byron"), coop)
        PlanVersion.objects.update(days_to_pay=30)
        charge(parse(f"{day:%Y-%m}"), on=day)
        assert Charge.objects.get().due_on == day.replace(day=31)

    def test_would_be_late_or_early_by_hours(self):
        """The negative control: the nights are really in these cases."""
        assert by_hours(GAP - DAY, dt.time(23, 30), 1) == GAP + DAY
        assert by_hours(FOLD, dt.time(0), 14) == FOLD + 13 * DAY


def nights(day):
    """On which days at home a backup was begun, where the clockwork rings every ten minutes around a night."""
    made, now = [], at(f"{day - DAY} 12:00")
    with timezone.override(HOME):
        while now < at(f"{day + DAY} 12:00"):
            if backups.is_due(now):
                BackupRun.objects.create(started_at=now, finished_at=now)
                made.append(timezone.localdate(now))
            now += dt.timedelta(minutes=10)
    return made


@pytest.mark.django_db
class TestNights:
    @pytest.mark.parametrize("day", [GAP, FOLD])
    def test_have_one_backup_each(self, day):
        assert nights(day) == [day - DAY, day, day + DAY]

    def test_would_have_two_where_the_hour_comes_twice(self, monkeypatch):
        """The negative control: were it forgotten which of the two hours is meant, the second would ask for another."""

        class Forgetful(dt.datetime):
            def replace(self, **parts):
                return super().replace(**{**parts, **({"fold": self.fold} if "hour" in parts else {})})

        really = timezone.localtime
        monkeypatch.setattr(
            backups.timezone,
            "localtime",
            lambda now, *where: Forgetful.fromtimestamp(now.timestamp(), really(now, *where).tzinfo),
        )
        assert nights(FOLD).count(FOLD) == 2


def recorded(coop, *instants):
    """As many payments, each recorded at one of these moments."""
    for number, _instant in enumerate(instants):
        pay(coop, None, 10, key=f"p{number}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM ledger_transfer ORDER BY id")
        rows = [row for (row,) in cursor.fetchall()]
    assert len(rows) == len(instants)
    for row, instant in zip(rows, instants, strict=True):
        unguarded(f"UPDATE ledger_transfer SET recorded_at = '{instant}+00' WHERE id = '{row}'")
    return rows


@pytest.mark.django_db
class TestSeals:
    """They keep to the days of UTC, which all have 24 hours: each row is under one seal, whatever the clocks do."""

    INSTANTS = ("2026-10-24 21:59", "2026-10-24 22:30", "2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 23:30")

    @pytest.mark.parametrize("zone", ["UTC", HOME, "Pacific/Kiritimati", "America/St_Johns"])
    def test_hold_each_row_once_over_the_night_with_two(self, zone, coop):
        recorded(coop, *self.INSTANTS)
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('TimeZone', %s, true)", [zone])
            assert seals.seal(dt.date(2026, 10, 26)) == 2
            assert seals.seal(dt.date(2026, 10, 26)) == 0
            cursor.execute("SELECT day, transfers FROM ledger_seal ORDER BY day")
            assert cursor.fetchall() == [(dt.date(2026, 10, 24), 2), (FOLD, 3)]
            assert not list(seals.verify())
            cursor.execute("SELECT set_config('TimeZone', 'UTC', true)")

    def test_would_show_a_row_that_another_day_holds(self, coop):
        """The negative control: half past midnight at home is the day before in UTC; moved on it is found."""
        rows = recorded(coop, *self.INSTANTS)
        seals.seal(dt.date(2026, 10, 26))
        unguarded(f"UPDATE ledger_transfer SET recorded_at = '2026-10-25 00:30+00' WHERE id = '{rows[1]}'")
        assert rows[1] in {broken.row for broken in seals.verify()}

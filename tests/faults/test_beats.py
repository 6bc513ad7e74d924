"""R-B4: three beats for days on end, some of which are down: one run for each period, none missing, none twice."""

from __future__ import annotations

import json

import pytest

from tests.arena import Arena

pytestmark = pytest.mark.xdist_group("beats")


@pytest.fixture
def arena():
    arena = Arena()
    yield arena
    arena.drop()


DAYS = """
    import collections, json, time_machine
    from zoneinfo import ZoneInfo
    from django.conf import settings
    from mutual.ledger import backups, seals, tasks
    from mutual.ledger.models import BackupRun
    from mutual.trail.models import Deed
    zone = ZoneInfo("Europe/Berlin")
    settings.BACKUP_DIR, settings.BACKUP_KEEP_DAYS, settings.BACKUP_KEEP_MONTHS = {folder!r}, 3, 0
    {unlock}
    start = dt.datetime(2031, 11, 2, 12, tzinfo=zone)
    down = {{start.date() + dt.timedelta(days=n) for n in {down}}}
    book = chart.coop_book()
    bank = chart.open(book=book, code="assets:bank:main", type=AccountType.ASSET, currency="EUR")
    fund = chart.open(book=book, code="equity:fund:x", type=AccountType.EQUITY, currency="EUR")
    journal.post(kind=Kind.COST_PAID, key="beats/1", date=ON, recorded_by=None,
                 transfers=[journal.move(Money(10, "EUR"), debit=bank, credit=fund)])
    made = collections.Counter()
    for tick in range({days} * 6):
        moment = start + dt.timedelta(hours=4 * tick)
        if moment.date() in down:
            continue
        with time_machine.travel(moment, tick=True):
            for file in together(3, lambda n: (tasks.seal_days(), tasks.back_up())[1]):
                if file:
                    made[str(moment.date())] += 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT (book_id, day)) FROM ledger_seal")
        sealed = cursor.fetchone()
    print(json.dumps(dict(
        nights=made, failed=BackupRun.objects.exclude(failure="").count(), sealed=sealed,
        left=sorted(path.name for path in __import__("pathlib").Path({folder!r}).iterdir() if path.suffix == ".dump"),
        removed=sum(deed.detail["files"] for deed in Deed.objects.filter(did="BACKUPS_REMOVED")),
        findings=[finding.rule for finding in audit.findings()],
    )))
"""


class TestThreeBeats:
    @pytest.mark.parametrize(
        ("days", "down", "once", "back"),
        [(5, (2,), (2, 3, 6, 7), 5), pytest.param(10, (4, 5), (2, 3, 4, 5, 9, 10, 11, 12), 8, marks=pytest.mark.soak)],
    )
    def test_make_one_backup_a_night_and_one_seal_a_day(self, arena, tmp_path, days, down, once, back):
        said = json.loads(arena.answer(DAYS.format(folder=str(tmp_path), days=days, down=down, unlock="")))
        # The first is made at once. On the days down there is none; once they are back, the missed one at once.
        assert said["nights"] == {f"2031-11-{day:02}": 1 for day in once} | {f"2031-11-{back:02}": 2}
        assert (said["failed"], said["findings"]) == (0, [])
        assert said["sealed"] == [1, 1]
        assert 3 <= len(said["left"]) <= 4
        assert said["removed"] == sum(said["nights"].values()) - len(said["left"]) > 0

    def test_make_several_where_nobody_waits_for_whoever_is_at_it(self, arena, tmp_path):
        unlock = """
    import contextlib
    @contextlib.contextmanager
    def each_for_itself(now):
        yield backups.is_due(now)
    backups.tonight = each_for_itself
"""
        said = json.loads(arena.answer(DAYS.format(folder=str(tmp_path), days=1, down=(4,), unlock=unlock)))
        assert said["failed"] > 0 or max(said["nights"].values()) > 1

"""Old backups are removed: those of the last weeks stay, then one a month, and always the newest."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict

import pytest

from mutual.ledger import backups

LAST = dt.datetime(2026, 11, 10, 1, 30, tzinfo=dt.UTC)


@pytest.fixture
def folder(tmp_path, settings):
    settings.INSTALLATION = "ours"
    return tmp_path


def put(folder, made_at, *, installation="ours", size=None, sidecar=True):
    """A backup as ``backup`` leaves it."""
    name = f"{installation}-{made_at:%Y%m%dT%H%M%SZ}.dump"
    (folder / name).write_bytes(b"dump")
    made = backups.Verified(
        file=name, size=4 if size is None else size, sha256="", encrypted=False, key="", trial_balance="", accounts=0,
        transfers=0, rows={}, installation=installation, server=18, made_at=made_at.isoformat(),
        verified_at=made_at.isoformat(), seconds_to_dump=1, seconds_to_restore=1,
    )  # fmt: skip
    if sidecar:
        (folder / f"{name}.json").write_text(json.dumps(asdict(made)))
    return name


def nights(folder, count, last=LAST):
    return [put(folder, last - dt.timedelta(days=n)) for n in range(count)]


def dumps(folder):
    return {path.name for path in folder.glob("*.dump")}


class TestThinOut:
    def test_keeps_five_weeks_of_nights_and_then_one_of_each_month(self, folder):
        names = nights(folder, 500)
        gone = backups.thin_out(folder=folder, days=35, months=12)
        months = [dt.datetime(2025 + n // 12, n % 12 + 1, 1, 1, 30, tzinfo=dt.UTC) for n in range(10, 22)]
        kept = set(names[:35]) | {f"ours-{day:%Y%m%dT%H%M%SZ}.dump" for day in months}
        assert dumps(folder) == kept
        assert set(gone) == set(names) - kept
        assert {path.name.removesuffix(".json") for path in folder.glob("*.json")} == kept

    def test_never_removes_the_newest_whatever_its_age(self, folder):
        name = put(folder, LAST - dt.timedelta(days=3650))
        assert backups.thin_out(folder=folder, days=1, months=0) == []
        assert dumps(folder) == {name}

    def test_counts_from_the_newest_so_that_a_stop_of_months_removes_nothing(self, folder):
        names = nights(folder, 30, LAST - dt.timedelta(days=400))
        assert backups.thin_out(folder=folder, days=35, months=0) == []
        assert dumps(folder) == set(names)

    def test_does_not_count_what_was_cut_short_as_the_newest(self, folder):
        good = put(folder, LAST - dt.timedelta(days=90))
        cut = put(folder, LAST, size=99)
        assert backups.thin_out(folder=folder, days=1, months=0) == []
        assert dumps(folder) == {good, cut}

    def test_leaves_alone_what_it_did_not_make(self, folder):
        old = LAST - dt.timedelta(days=400)
        others = {put(folder, old, installation="theirs"), put(folder, old, sidecar=False)}
        (folder / "notes.json").write_text("{}")
        newest = put(folder, LAST)
        assert backups.thin_out(folder=folder, days=1, months=0) == []
        assert dumps(folder) == others | {newest}
        assert (folder / "notes.json").exists()

    def test_keeps_everything_where_no_days_are_set(self, folder):
        nights(folder, 50)
        assert backups.thin_out(folder=folder, days=0, months=0) == []

    def test_is_harmless_again(self, folder):
        nights(folder, 100)
        assert backups.thin_out(folder=folder, days=35, months=2)
        assert backups.thin_out(folder=folder, days=35, months=2) == []

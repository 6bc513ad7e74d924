"""A predecessor's claim history of 100,000 rows, against a bare loop that reads, subtracts and writes the same rows."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import statistics
import tempfile
from pathlib import Path

from django.core.management import call_command

from tests.bench.measure import ROUNDS, report, seconds

DATA = Path(__file__).resolve().parent.parent / "data" / "sickness-spells"
ROWS = int(os.environ.get("BENCH_ROWS", "100000"))


def history(path: Path, rows: int) -> None:
    """The real spells again and again, a few days later each time, two in three by members who had claims before."""
    with (DATA / "spells-500.csv").open(encoding="utf-8", newline="") as file:
        spells = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["member", "occurred_on", "began_on", "ended_on", "cause", "born_on", "level", "earnings"])
        for n in range(rows):
            spell = spells[n % 500]
            shift = dt.timedelta(n // 500)
            days = (dt.date.fromisoformat(spell[name]) + shift for name in ("OccurDate", "EntryDate", "ExitDate"))
            out.writerow([f"M-{n * 7 % (rows // 3 + 1):06}", *days, "ILLNESS", spell["BirthDate"], "1500", "2400.00"])


def _bare(path: Path, out: Path) -> None:
    """Read, parse, subtract, write: what no assessment can do without."""
    rows = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            began, ended = dt.date.fromisoformat(row["began_on"]), dt.date.fromisoformat(row["ended_on"])
            dt.date.fromisoformat(row["occurred_on"])
            dt.date.fromisoformat(row["born_on"])
            rows.append(json.dumps({"member": row["member"], "days": (ended - began).days, "amount": row["earnings"]}))
    out.write_text("\n".join(rows), encoding="utf-8")


def assess_100k(rows: int = ROWS) -> list[dict]:
    """The command as it is run, with every step in JSON, under the Broodfonds scheme."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "history.csv", Path(folder) / "out"
        history(path, rows)

        def ours() -> None:
            with out.open("w", encoding="utf-8") as file:
                call_command("assess_claims", str(path), "--rules", "broodfonds", "--json", stdout=file)

        taken, bare = [], []
        for _round in range(ROUNDS):
            taken.append(seconds(ours))
            bare.append(seconds(lambda: _bare(path, out)))
    return [report("assess_100k", statistics.median(taken), "s", statistics.median(bare), rows=rows)]

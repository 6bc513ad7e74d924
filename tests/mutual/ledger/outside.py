"""The programs we did not write, asked for balances: (account, commodity) → amount, zeros left out."""

import csv
import io
import os
import pathlib
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal

SYMBOLS = {"$": "USD"}

Balances = dict[tuple[str, str], Decimal]


def run(*command: object) -> str:
    """What a program says; it must be installed, end well and have nothing to complain about."""
    places = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
    program = shutil.which(str(command[0]), path=places)
    assert program, f"{command[0]} is missing: make test installs it"
    done = subprocess.run([program, *map(str, command[1:])], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return done.stdout


def ledger(file: pathlib.Path, *more: str) -> Balances:
    """As `ledger` adds it up."""
    form = r"%(account)\t%(join(scrub(amount)))\n"
    out = run(
        "ledger",
        "--args-only",
        "-f",
        file,
        "balance",
        "--flat",
        "--no-total",
        "--empty",
        "--balance-format",
        form,
        *more,
    )
    found: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in out.splitlines():
        account, _tab, amounts = line.partition("\t")
        for amount in amounts.split("\\n"):
            if (match := re.fullmatch(r'(\$?)(-?[0-9,.]+)(?: "?([^"]+)"?)?', amount)) and match[2] != "0":
                found[account, SYMBOLS.get(match[1] or match[3], match[3])] += Decimal(match[2].replace(",", ""))
            else:
                assert amount == "0", amount
    return {key: amount for key, amount in found.items() if amount}


def hledger(file: pathlib.Path) -> Balances:
    """As `hledger` adds it up."""
    out = run("hledger", "-f", file, "balance", "--flat", "-N", "-E", "--layout=bare", "-O", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    return {
        (row["account"], SYMBOLS.get(row["commodity"], row["commodity"])): Decimal(row["balance"].replace(",", ""))
        for row in rows
        if Decimal(row["balance"].replace(",", ""))
    }


def beancount(file: pathlib.Path) -> Balances:
    """As beancount adds it up, under the names it finds in the metadata."""
    from beancount import loader
    from beancount.core.data import Open, Transaction

    entries, errors, _options = loader.load_file(str(file))
    assert not errors, errors
    names = {entry.account: entry.meta["original"] for entry in entries if isinstance(entry, Open)}
    found: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for entry in entries:
        if isinstance(entry, Transaction):
            for posting in entry.postings:
                found[names[posting.account], posting.units.currency] += posting.units.number
    return {key: amount for key, amount in found.items() if amount}


def table(file: pathlib.Path) -> Balances:
    """As anybody adds up the CSV."""
    found: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    with file.open(newline="", encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            found[row["account"], row["commodity"]] += Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0)
    return {key: amount for key, amount in found.items() if amount}


READERS = {"ledger": ledger, "hledger": hledger, "beancount": beancount, "csv": table}

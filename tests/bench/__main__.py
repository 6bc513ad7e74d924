"""``make bench``: run the benchmarks named on the command line, or all of them."""

from __future__ import annotations

import contextlib
import io
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mutual.settings")


def main() -> None:
    """Measure each in a database of its own, dropped afterwards."""
    django.setup()
    from django.db import connection

    from tests.bench import assess, dues, hordak, ledger, pages, payouts, pdf_statement, solvency

    benches = {
        "assess_100k": assess.assess_100k,
        "dues_230k": dues.dues_230k,
        "ledger_230k": ledger.ledger_230k,
        "pay_run_50k": payouts.pay_run_50k,
        "post_single": ledger.post_single,
        "post_hot_16": ledger.post_hot,
        "hordak": hordak.hordak,
        "pages": pages.pages,
        "big_books": ledger.big_books,
        "pdf_statement": pdf_statement.pdf_statement,
        "simulate_5k": solvency.simulate_5k,
        "simulate_230k": solvency.simulate_230k,
    }
    wanted = sys.argv[1:] or list(benches)
    before, empty = connection.settings_dict["NAME"], f"bench_{os.getpid()}"
    connection.settings_dict["TEST"]["NAME"] = empty
    with contextlib.redirect_stdout(io.StringIO()):  # only results are printed
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        for name in wanted:
            # Each in a copy of the empty one, so that none meets the members of another.
            connection.close()
            connection.creation.clone_test_db(suffix=name, verbosity=0, autoclobber=True)
            connection.settings_dict["NAME"] = f"{empty}_{name}"
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
                benches[name]()
            finally:
                connection.close()
                connection.settings_dict["NAME"] = empty
                connection.creation.destroy_test_db(suffix=name, verbosity=0)
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)


if __name__ == "__main__":
    main()

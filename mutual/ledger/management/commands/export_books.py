"""The whole journal for other programs: ledger, hledger, beancount, spreadsheets."""

import argparse
import datetime as dt
import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from mutual import periods
from mutual.ledger import chart, export
from mutual.ledger.dialects import DIALECTS


class Command(BaseCommand):
    """Exit code 0: done; 1: refused, no file was written; 2: the command was typed wrongly."""

    help = _(
        "Write the whole journal in plain-text accounting or CSV. Days are written 2026-11-05, periods 2026-11, "
        "2026-W45, 2026-Q4 or 2026: --from begins with the first day of a period, --to ends with its last."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--format", choices=sorted(DIALECTS), required=True)
        parser.add_argument("--from", dest="since", type=_first_day, metavar="D", help=_("leave out what was earlier"))
        parser.add_argument("--to", dest="until", type=_last_day, metavar="D", help=_("leave out what was later"))
        parser.add_argument(
            "--book",
            action="append",
            metavar="CODE",
            help=_("which book; can be given again (default: the cooperative's, coop and barter)"),
        )
        parser.add_argument("--out", type=Path, required=True, metavar="FILE")
        parser.add_argument("--json", action="store_true", help=_("answer with one JSON object"))

    def handle(self, *args: Any, **options: Any) -> None:
        since, until, out = options["since"], options["until"], options["out"]
        if since and until and until < since:
            raise CommandError(_("The last day is before the first."), returncode=2)
        try:
            books = [chart.find_book(code) for code in dict.fromkeys(options["book"] or ["coop", "barter"])]
        except chart.BookMissing as error:
            raise CommandError(str(error), returncode=2) from error
        try:
            result = _write(out, format=options["format"], books=books, since=since, until=until)
        except export.ExportRefused as refused:
            if options["json"]:
                self.stdout.write(json.dumps({"refused": True, "reason": str(refused)}, ensure_ascii=False))
                raise SystemExit(1) from refused
            raise CommandError(str(refused), returncode=1) from refused
        except OSError as error:
            raise CommandError(
                _("%(file)s cannot be written: %(reason)s.") % {"file": out, "reason": error.strerror or error},
                returncode=2,
            ) from error
        if options["json"]:
            answer = {"refused": False, "file": str(out)} | asdict(result)
            self.stdout.write(json.dumps(answer, default=str, ensure_ascii=False))
        else:
            self.stdout.write(
                _("%(entries)d entries (%(transfers)d transfers) on %(accounts)d accounts were written to %(file)s.")
                % {**asdict(result), "file": out}
            )


def _write(out: Path, **options: Any) -> export.Exported:
    """Write beside the file and put it in its place when it is whole, readable for the owner alone.

    :raises OSError: if it cannot be written there
    """
    handle, part = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            result = export.write(file=file, **options)
            file.flush()
            os.fsync(file.fileno())
        Path(part).replace(out)
    except BaseException:
        Path(part).unlink()
        raise
    return result


def _first_day(text: str) -> dt.date:
    return _days(text)[0]


def _last_day(text: str) -> dt.date:
    return _days(text)[1]


def _days(text: str) -> tuple[dt.date, dt.date]:
    try:
        if len(text) == len("2026-11-05"):
            day = dt.date.fromisoformat(text)
            return day, day
        period = periods.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            _("“%(text)s” is neither a day (2026-11-05) nor a period (2026-11, 2026-W45, 2026-Q4, 2026).")
            % {"text": text}
        ) from error
    return period.start, period.last_day

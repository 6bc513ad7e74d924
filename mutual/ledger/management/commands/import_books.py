"""A predecessor's books become entries, all of them or none."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mutual.ledger import chart, importing, opencollective, plaintext
from mutual.ledger.drafts import MAX_BYTES, ImportRefused

READERS = {"ledger": plaintext.parse, "csv": opencollective.parse}


class Command(BaseCommand):
    """Exit code 0: done (or nothing to do); 1: refused, nothing was recorded; 2: the command was typed wrongly."""

    help = _(
        "Record a predecessor's books: all entries of the file, or none. Importing a file again adds nothing. "
        "Formats: ledger (plain-text accounting, as ledger and hledger read it) and csv (Open Collective transactions)."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--format", choices=sorted(READERS), required=True)
        parser.add_argument("--book", default="coop", metavar="CODE", help=_("the book to record in (default: coop)"))
        parser.add_argument("--dry-run", action="store_true", help=_("find out what would happen, and record nothing"))
        parser.add_argument("--json", action="store_true", help=_("answer with one JSON object"))

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise CommandError(
                _("%(file)s cannot be read: %(reason)s.") % {"file": path, "reason": error.strerror or error},
                returncode=2,
            ) from error
        try:
            book = chart.find_book(options["book"])
        except chart.BookMissing as error:
            raise CommandError(str(error), returncode=2) from error
        try:
            result = importing.record(
                drafts=READERS[options["format"]](data), book=book, recorded_by=None, dry_run=options["dry_run"]
            )
        except ImportRefused as refused:
            if options["json"]:
                answer = {
                    "refused": True,
                    "problems": [asdict(problem) for problem in refused.problems],
                    "more": refused.more,
                }
                self.stdout.write(json.dumps(answer, ensure_ascii=False))
                raise SystemExit(1) from refused
            raise CommandError(
                "\n".join([_("Nothing was recorded, because the file does not add up:"), str(refused)]), returncode=1
            ) from refused
        if options["json"]:
            self.stdout.write(json.dumps({"refused": False} | asdict(result), default=str, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(_report(result)))


def _report(result: importing.Imported) -> list[str]:
    lines = [
        _("%(rows)d read, %(skipped)d of them marked as deleted: %(entries)d entries.")
        % {"rows": result.rows, "skipped": result.skipped, "entries": result.entries}
        if result.skipped
        else ngettext("%(entries)d entry read.", "%(entries)d entries read.", result.entries)
        % {"entries": result.entries}
    ]
    if result.netted:
        lines.append(
            ngettext(
                "%(count)d entry names an account more than once; its amounts were netted.",
                "%(count)d entries name an account more than once; their amounts were netted.",
                result.netted,
            )
            % {"count": result.netted}
        )
    for numbers, sentence in (
        (result.zero_lines, _("Amounts of zero, which move nothing, are on lines %(lines)s.")),
        (result.empty_lines, _("Entries that move nothing at all, and were left out, are on lines %(lines)s.")),
        (result.shortened_lines, _("The notes of these entries were too long and were shortened: lines %(lines)s.")),
    ):
        if numbers:
            lines.append(sentence % {"lines": _some(numbers)})
    if result.fees:
        lines.append(
            ngettext(
                "In %(count)d pair the two sides differ; the difference is on the account %(account)s:",
                "In %(count)d pairs the two sides differ; the difference is on the account %(account)s:",
                len(result.fees),
            )
            % {"count": len(result.fees), "account": result.fees[0].account}
        )
        for fee in result.fees:
            sentence = (
                _("  lines %(first)d and %(second)d (rows %(row)s and %(other)s): %(amount)s %(currency)s")
                if fee.complete
                else _(
                    "  lines %(first)d and %(second)d (rows %(row)s and %(other)s): %(amount)s %(currency)s, "
                    "because one row does not say what was received"
                )
            )
            lines.append(
                sentence
                % {
                    "first": fee.lines[0],
                    "second": fee.lines[1],
                    "row": fee.rows[0],
                    "other": fee.rows[1],
                    "amount": f"{fee.amount:f}",
                    "currency": fee.currency,
                }
            )
    if result.currencies_added:
        lines.append(_("Currencies added: %(codes)s.") % {"codes": ", ".join(result.currencies_added)})
    figures = {
        "added": result.added,
        "transfers": result.transfers,
        "accounts": result.accounts_opened,
        "known": result.known,
        "book": result.book,
    }
    if result.dry_run:
        lines.append(
            _(
                "This would add %(added)d entries (%(transfers)d transfers) and %(accounts)d accounts to the book "
                "%(book)s; %(known)d are there already. Nothing was recorded."
            )
            % figures
        )
    else:
        lines.append(
            _(
                "%(added)d entries (%(transfers)d transfers) and %(accounts)d accounts were added to the book "
                "%(book)s; %(known)d were there already."
            )
            % figures
        )
    return lines


def _some(numbers: tuple[int, ...]) -> str:
    shown = ", ".join(map(str, numbers[:20]))
    return (
        _("%(lines)s and %(more)d more") % {"lines": shown, "more": len(numbers) - 20} if len(numbers) > 20 else shown
    )

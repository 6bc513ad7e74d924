"""``manage.py import_members FILE [--dry-run] [--leave-out] [--json]``: members from a CSV file, as on the page.

Exit code 0: imported (or, with --dry-run, could be); 1: a line is not right, or the file is not, and nothing was
imported; 2: typed wrongly.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from members import importing
from mutual import clock, formats


class Command(BaseCommand):
    help = _("Import members from a CSV file: all lines or none, unless those with errors are to be left out.")

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Which file, and how far."""
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help=_("only say what would be done"))
        parser.add_argument("--leave-out", action="store_true", help=_("import the other lines where some have errors"))
        parser.add_argument("--json", action="store_true", help=_("answer with one JSON object"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, say what is wrong, and import."""
        file: Path = options["file"]
        if not file.is_file():
            raise CommandError(_("There is no file %(file)s.") % {"file": file}, returncode=2)
        try:
            rows = importing.read(file.read_bytes(), on=clock.today())
        except importing.ImportRefused as refused:
            if options["json"]:
                self.stdout.write(json.dumps({"refused": True, "reason": str(refused)}, ensure_ascii=False))
                raise SystemExit(1) from refused
            raise CommandError(str(refused), returncode=1) from refused
        bad = [row for row in rows if row.errors]
        stopped = bool(bad) and not options["leave_out"]
        imported, left_out = 0, len(rows) if stopped else len(bad)
        if not stopped and not options["dry_run"]:
            draft = importing.keep(rows=rows, by=None)
            imported, left_out = importing.carry_out(draft_id=draft.pk, by=None)
        said = {
            "refused": stopped, "dry_run": options["dry_run"], "lines": len(rows), "imported": imported,
            "left_out": left_out, "errors": [{"line": row.line, "errors": list(row.errors)} for row in bad],
        }  # fmt: skip
        if options["json"]:
            self.stdout.write(json.dumps(said, ensure_ascii=False))
        else:
            self._say(said)
        if stopped:
            raise SystemExit(1)

    def _say(self, said: dict[str, Any]) -> None:
        for row in said["errors"]:
            self.stderr.write(_("line %(line)s: %(errors)s") % {**row, "errors": " ".join(row["errors"])})
        lines = ngettext("%(count)s line", "%(count)s lines", said["lines"]) % {"count": formats.number(said["lines"])}
        if said["refused"]:
            self.stdout.write(_("%(lines)s read, nothing imported. Correct the lines above.") % {"lines": lines})
        elif said["dry_run"]:
            self.stdout.write(_("%(lines)s read. Nothing was imported: this was a trial.") % {"lines": lines})
        else:
            done, left = formats.number(said["imported"]), formats.number(said["left_out"])
            self.stdout.write(
                _("%(lines)s read, %(done)s imported, %(left)s left out.")
                % {"lines": lines, "done": done, "left": left}
            )

"""``manage.py restore FILE --into NAME --yes-i-mean INSTALLATION [--json]``: put a backup in a database's place.

Exit code 0: done; 1: refused, nothing was changed; 2: typed wrongly, or without the installation's name.
"""

import argparse
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from mutual import clock, formats
from mutual.ledger import backups


class Command(BaseCommand):
    help = _("Restore a backup beside a database, compare and audit it, and put it in that database's place.")
    requires_system_checks: list[str] = []
    """None of them may open the database that is to be replaced."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """What, into what, and that it is meant."""
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--into", required=True, metavar="NAME", help=_("a database on the same server, or the address of another")
        )
        parser.add_argument("--yes-i-mean", default="", metavar="INSTALLATION", help=_("this installation's name"))
        parser.add_argument("--json", action="store_true", help=_("answer with one JSON object"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore, if it is meant."""
        signal.signal(signal.SIGTERM, lambda *_signal: sys.exit(143))
        file: Path = options["file"]
        if options["yes_i_mean"] != settings.INSTALLATION:
            raise CommandError(
                _("This replaces the database “%(into)s”. If you mean it, add: --yes-i-mean %(name)s")
                % {"into": _shown(options["into"]), "name": settings.INSTALLATION},
                returncode=2,
            )
        if not file.is_file():
            raise CommandError(_("There is no file %(file)s.") % {"file": file}, returncode=2)
        key_file = Path(settings.BACKUP_KEY_FILE) if settings.BACKUP_KEY_FILE else None
        try:
            done = backups.restore(file=file, into=options["into"], key_file=key_file, clock=clock.now)
        except backups.BackupRefused as refused:
            if options["json"]:
                self.stdout.write(json.dumps({"refused": True, "reason": str(refused)}, ensure_ascii=False))
                raise SystemExit(1) from refused
            raise CommandError(
                _("Nothing was restored and nothing was changed. %(reason)s") % {"reason": refused}, returncode=1
            ) from refused
        if options["json"]:
            self.stdout.write(json.dumps({"refused": False} | asdict(done)))
            return
        self.stdout.write(
            _("%(database)s now holds %(accounts)s accounts and %(transfers)s transfers, audited without a finding.")
            % {
                "database": done.database,
                "accounts": formats.number(done.accounts),
                "transfers": formats.number(done.transfers),
            }
        )
        if not done.compared:
            self.stdout.write(_("The file had no sidecar, so there was nothing to compare its trial balance with."))
        if done.aside:
            self.stdout.write(_("What was there before is kept as the database %(aside)s.") % {"aside": done.aside})


def _shown(into: str) -> str:
    """An address without its password."""
    return into.rpartition("@")[2] if "://" in into else into

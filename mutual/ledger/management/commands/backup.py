"""``manage.py backup [--out DIR] [--json]``: a backup that was restored and compared before it is called one.

Exit code 0: verified; 1: it is no backup, and no file was left.
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
    help = _("Dump the database, restore the dump into a scratch database, compare both, and keep it if they agree.")

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Where to."""
        default = settings.BACKUP_DIR or settings.BASE_DIR / "var" / "backups"
        parser.add_argument("--out", type=Path, default=Path(default), metavar="DIR", help=_("the folder for the file"))
        parser.add_argument("--json", action="store_true", help=_("answer with one JSON object"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it, and say how it went."""
        # A polite kill cleans up like Ctrl-C does; what an impolite one leaves, the next backup drops.
        signal.signal(signal.SIGTERM, lambda *_signal: sys.exit(143))
        key_file = Path(settings.BACKUP_KEY_FILE) if settings.BACKUP_KEY_FILE else None
        try:
            made = backups.make(folder=options["out"], key_file=key_file, clock=clock.now)
        except backups.BackupRefused as refused:
            if options["json"]:
                self.stdout.write(json.dumps({"refused": True, "reason": str(refused)}, ensure_ascii=False))
                raise SystemExit(1) from refused
            raise CommandError(_("The backup failed. %(reason)s") % {"reason": refused}, returncode=1) from refused
        if options["json"]:
            self.stdout.write(json.dumps({"refused": False, "folder": str(options["out"])} | asdict(made)))
            return
        self.stdout.write(
            _(
                "ok: %(file)s (%(size)s bytes, %(how)s) restored to the same %(accounts)s accounts and "
                "%(transfers)s transfers."
            )
            % {
                "file": options["out"] / made.file,
                "size": formats.number(made.size),
                "how": _("encrypted") if made.encrypted else _("not encrypted"),
                "accounts": formats.number(made.accounts),
                "transfers": formats.number(made.transfers),
            }
        )

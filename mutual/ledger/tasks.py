"""The ledger's clockwork: an audit every ten minutes, a seal for every day that is over, a backup every night."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path

from django.conf import settings

from mutual import clock
from mutual.celery import task
from mutual.ledger import audit, backups, seals
from mutual.trail import trail

log = logging.getLogger(__name__)


@task
def audit_ledger() -> int:
    """Re-add everything; the last week's sealed days row by row, all of them once a day."""
    now = clock.now()
    whole = now.hour == 3 and now.minute < 10
    return audit.run(seals_since=None if whole else now.date() - dt.timedelta(days=7)).finding_count


@task
def seal_days() -> int:
    """Seal the days that have been over for an hour."""
    return seals.seal((clock.now() - dt.timedelta(hours=1)).date())


@task
def back_up() -> str:
    """Make tonight's backup, if there is a place for it and it has not been made; one that failed is tried again.

    However many beats ring, one is made (R-B4). When it is verified, old ones are removed.
    """
    if not settings.BACKUP_DIR:
        return ""
    folder = Path(settings.BACKUP_DIR)
    key_file = Path(settings.BACKUP_KEY_FILE) if settings.BACKUP_KEY_FILE else None
    with backups.tonight(clock.now()) as ours:
        if not ours:
            return ""
        try:
            made = backups.make(folder=folder, key_file=key_file, clock=clock.now)
        except backups.BackupRefused:
            log.exception("Tonight's backup failed.")
            return ""
        gone = backups.thin_out(folder=folder, days=settings.BACKUP_KEEP_DAYS, months=settings.BACKUP_KEEP_MONTHS)
        if gone:
            trail.record(by=None, did="BACKUPS_REMOVED", subject="backups", detail={"files": len(gone)})
        return made.file

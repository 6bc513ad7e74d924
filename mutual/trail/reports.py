"""The log as one reads it: newest first, a page at a time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from mutual.periods import Period
from mutual.trail.models import Deed

PAGE = 50


@dataclass(frozen=True)
class DeedLine:
    """One deed: when, who (a user's id, or None for the clock), what, about what, and the rest as pairs."""

    id: int
    at: dt.datetime
    by: int | None
    did: str
    subject: str
    detail: tuple[tuple[str, Any], ...]

    @property
    def words(self) -> str:
        """The deed as a person reads it: CLAIM_APPROVED is "Claim approved"."""
        return self.did.replace("_", " ").capitalize()


@dataclass(frozen=True)
class LogPage:
    """Some deeds, newest first, and where older ones go on (0 at the end)."""

    deeds: tuple[DeedLine, ...]
    older: int


def log(*, subject: str = "", did: str = "", period: Period | None = None, before: int | None = None) -> LogPage:
    """Deeds by what they are about, what was done, and when (days where the cooperative lives)."""
    wanted = Deed.objects.all()
    if subject:
        wanted = wanted.filter(subject=subject)
    if did:
        wanted = wanted.filter(did=did.upper().replace(" ", "_"))
    if period is not None:
        zone = timezone.get_default_timezone()
        wanted = wanted.filter(
            done_at__gte=dt.datetime.combine(period.start, dt.time(), zone),
            done_at__lt=dt.datetime.combine(period.end, dt.time(), zone),
        )
    if before is not None:
        wanted = wanted.filter(id__lt=before)
    found = list(wanted.order_by("-id")[: PAGE + 1])
    lines = tuple(
        DeedLine(deed.pk, deed.done_at, deed.by, deed.did, deed.subject, tuple(deed.detail.items()))
        for deed in found[:PAGE]
    )
    return LogPage(lines, lines[-1].id if len(found) > PAGE else 0)

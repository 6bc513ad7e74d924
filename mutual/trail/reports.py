"""The log as one reads it: newest first, a page at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mutual import formats
from mutual.access import Role
from mutual.currencies import HOUR
from mutual.money import from_minor
from mutual.periods import Period
from mutual.trail import words
from mutual.trail.models import Deed
from mutual.trail.words import spoken

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
        return spoken(self.did)

    @property
    def about(self) -> str:
        """The subject as a person reads it: bank-current-account is "Bank: Current account"."""
        return about(self.subject)

    @property
    def about_user(self) -> int | None:
        """Whom it is about, where that is somebody who signs in and may be no member."""
        kind, _dash, name = self.subject.partition("-")
        return int(name) if kind == "user" and name.isdecimal() else None

    @property
    def unnamed(self) -> str:
        """Who did it, where the log keeps no name: "The claimant". Empty for the clock, and for who is named."""
        if self.by is not None:
            return ""
        who = dict(self.detail).get("by") or _DONE_BY.get(self.did, "")
        return str(_UNNAMED.get(who, ""))

    @property
    def more(self) -> str:
        """The rest in words: "Amount: €45.00; parts: 4"."""
        return words_of(pair for pair in self.detail if not (pair[0] == "by" and self.unnamed))


_UNNAMED = {
    "applicant": gettext_lazy("The applicant"),
    "claimant": gettext_lazy("The claimant"),
    "jury": gettext_lazy("The jury"),
}
_DONE_BY = {
    "APPLIED": "applicant",
    "APPEAL_FILED": "claimant",
    "CLAIM_ENDED": "claimant",
    "EVIDENCE_ADDED": "claimant",
}
"""Deeds that only such a person does; the details of others say who it was."""

_KINDS = {
    "bank": gettext_lazy("Bank: %(name)s"),
    "books": gettext_lazy("Books of %(name)s"),
    "category": gettext_lazy("Category: %(name)s"),
    "dues": gettext_lazy("Dues of %(name)s"),
    "fund": gettext_lazy("Fund: %(name)s"),
    "plan": gettext_lazy("Dues plan: %(name)s"),
    "user": gettext_lazy("User %(name)s"),
    "year": gettext_lazy("Year %(name)s"),
}
"""What stands before the dash of a subject that has no number of its own."""

_NAMES = {
    "minor": gettext_lazy("Amount"),
    "alone": gettext_lazy("By one officer"),
    "fields": gettext_lazy("Changed"),
    "index": gettext_lazy("Cover index"),
    "of": gettext_lazy("Drawn from"),
    "percent": gettext_lazy("Incapacity in percent"),
    "place": gettext_lazy("Level"),
    "last_day": gettext_lazy("Last day"),
    "maximum": gettext_lazy("May hold at most"),
    "limit": gettext_lazy("May go below zero by"),
    "until": gettext_lazy("Until"),
}


def about(subject: str) -> str:
    """What was done something to, in words; a number such as C-000123 as it is."""
    kind, dash, name = subject.partition("-")
    said = _KINDS.get(kind) if dash else None
    named = name if not said or name[:1].isdigit() else name.replace("-", " ").capitalize()
    return str(said) % {"name": named} if said else subject


def words_of(detail: Iterable[tuple[str, Any]]) -> str:
    """Details in words, with amounts and days as the reader writes them."""
    known = dict(detail)
    currency = known.pop("currency", settings.COOPERATIVE_CURRENCY)
    unit = known.pop("unit", None)
    said = []
    for name, value in known.items():
        key = str(_NAMES.get(name) or spoken(name))
        said.append(f"{key}: {_value(name, value, currency, unit)}")
    return "; ".join(said)


def _value(name: str, value: Any, currency: str, unit: str | None) -> str:
    if value is None:
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name == "minor" or (name == "floor" and isinstance(value, int)):
        return formats.money(from_minor(value, currency))
    if name in {"limit", "maximum"} and isinstance(value, int) and unit:
        return formats.money(from_minor(value, HOUR if unit.upper().startswith("HOUR") else unit.upper()))
    if name == "role" and value in Role.values:
        return str(Role(value).label)
    if isinstance(value, str):
        try:
            return formats.day_short(dt.date.fromisoformat(value))
        except ValueError:
            return spoken(value) if value.isupper() and "-" not in value and value.isascii() else value
    return str(value)


@dataclass(frozen=True)
class LogPage:
    """Some deeds, newest first, and where older ones go on (0 at the end)."""

    deeds: tuple[DeedLine, ...]
    older: int


def lines(deeds: Iterable[Deed]) -> tuple[DeedLine, ...]:
    """Deeds as pages show them."""
    return tuple(
        DeedLine(deed.pk, deed.done_at, deed.by, deed.did, deed.subject, tuple(deed.detail.items())) for deed in deeds
    )


def log(*, subject: str = "", did: str = "", period: Period | None = None, before: int | None = None) -> LogPage:
    """Deeds by what they are about, what was done, and when (days where the cooperative lives)."""
    wanted = Deed.objects.all()
    if subject:
        wanted = wanted.filter(subject=subject)
    if did:
        wanted = wanted.filter(did__in=words.codes_of(did))
    if period is not None:
        zone = timezone.get_default_timezone()
        wanted = wanted.filter(
            done_at__gte=dt.datetime.combine(period.start, dt.time(), zone),
            done_at__lt=dt.datetime.combine(period.end, dt.time(), zone),
        )
    if before is not None:
        wanted = wanted.filter(id__lt=before)
    found = list(wanted.order_by("-id")[: PAGE + 1])
    shown = lines(found[:PAGE])
    return LogPage(shown, shown[-1].id if len(found) > PAGE else 0)

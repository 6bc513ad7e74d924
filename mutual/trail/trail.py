"""Write down who did what, in the same transaction as the deed."""

from __future__ import annotations

from djmoney.money import Money

from mutual.money import minor
from mutual.trail.models import Deed


def record(*, by: int | None, did: str, subject: str, detail: dict[str, str | int | bool | None] | None = None) -> None:
    """Remember that a person did something to a numbered thing. No names, no free text, no health data."""
    Deed.objects.create(by=by, did=did, subject=subject, detail=detail or {})


def amount(value: Money) -> dict[str, str | int | bool | None]:
    """An amount as a detail of what was done."""
    return {"minor": minor(value), "currency": str(value.currency)}


def about(subject: str, limit: int = 50) -> list[Deed]:
    """What was done to one thing, oldest first."""
    return list(Deed.objects.filter(subject=subject).order_by("id")[:limit])


def is_recorded(*, did: str, subject: str, detail: dict[str, str | int | bool | None]) -> bool:
    """Whether something was done to one thing already, with these details among others."""
    return Deed.objects.filter(subject=subject, did=did, detail__contains=detail).exists()

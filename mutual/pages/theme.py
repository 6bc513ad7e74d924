"""Light, dark, or as the device says: kept in a cookie, and with the user for the next device; no JavaScript."""

from __future__ import annotations

from django.http import HttpRequest

COOKIE = "theme"
CHOICES = ("auto", "light", "dark")
YEAR = 365 * 24 * 60 * 60


def chosen(request: HttpRequest) -> str:
    """The theme of this browser, else of this person; anything unknown counts as ``auto``."""
    value = request.COOKIES.get(COOKIE) or getattr(getattr(request, "user", None), "theme", "auto")
    return value if value in CHOICES else "auto"

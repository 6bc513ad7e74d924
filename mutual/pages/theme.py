"""Light, dark, or as the device says: one cookie, no JavaScript."""

from __future__ import annotations

COOKIE = "theme"
CHOICES = ("auto", "light", "dark")
YEAR = 365 * 24 * 60 * 60


def chosen(cookies: dict[str, str]) -> str:
    """The theme of this browser; anything unknown counts as ``auto``."""
    value = cookies.get(COOKIE, "auto")
    return value if value in CHOICES else "auto"

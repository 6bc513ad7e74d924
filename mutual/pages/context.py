"""What every page is told besides its own report."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from mutual import rooms
from mutual.access import Role
from mutual.ledger import audit
from mutual.pages import navigation, theme


def page(request: HttpRequest) -> dict[str, Any]:
    """Menu, theme, languages and the red banner; nothing is asked of the database unless a page shows it."""
    return {
        "menu": SimpleLazyObject(lambda: _menu(request)),
        "books_wrong": SimpleLazyObject(_books_wrong),
        "theme": theme.chosen(request),
        "languages": settings.LANGUAGES,
        "cooperative_name": settings.COOPERATIVE_NAME,
    }


def _menu(request: HttpRequest) -> tuple[navigation.Group, ...]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ()
    return _menu_of(get_language() or settings.LANGUAGE_CODE, user.roles, request.path)


@lru_cache(maxsize=1024)
def _menu_of(language: str, roles: frozenset[Role], path: str) -> tuple[navigation.Group, ...]:
    """The menu is the same for everybody with these roles who reads in this language."""
    return navigation.groups(rooms.navigation(), roles=roles, path=path)


def _books_wrong() -> bool:
    last = audit.latest()
    return last is not None and last.finding_count > 0

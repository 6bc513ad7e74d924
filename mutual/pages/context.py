"""What every page is told besides its own report."""

from __future__ import annotations

import importlib
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from mutual.pages import navigation, theme


def page(request: HttpRequest) -> dict[str, Any]:
    """Menu, theme and languages; nothing here is asked of the database unless a page shows it."""
    return {
        "menu": SimpleLazyObject(lambda: _menu(request)),
        "theme": theme.chosen(request.COOKIES),
        "themes": theme.CHOICES,
        "languages": settings.LANGUAGES,
    }


def _menu(request: HttpRequest) -> tuple[navigation.Group, ...]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ()
    items: list[navigation.Item] = []
    for name in settings.MUTUAL_ROOMS:
        offer = getattr(importlib.import_module(name), "navigation", None)
        if offer is not None:
            items.extend(offer())
    return navigation.groups(items, roles=user.roles, path=request.path)

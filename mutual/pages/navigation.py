"""The menu: what the rooms offer, as far as it concerns this person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mutual.access import Role
from mutual.rooms import NavItem

GROUPS: tuple[tuple[str, str | Promise], ...] = (
    ("mine", _("Mine")),
    ("trade", _("Trade")),
    ("funds", _("Funds")),
    ("office", _("Office")),
    ("books", _("Books")),
)


@dataclass(frozen=True)
class Link:
    """One line of the menu."""

    label: str
    url: str
    icon: str
    current: str
    """What ``aria-current`` says: ``page`` for this very page, ``true`` for one below it, nothing otherwise."""


@dataclass(frozen=True)
class Group:
    """A heading of the menu and its lines."""

    label: str
    links: tuple[Link, ...]


def groups(items: Iterable[NavItem], *, roles: frozenset[Role], path: str) -> tuple[Group, ...]:
    """The menu of a person who holds these roles and is on this path.

    An item for no role in particular is everyone's. The longest address that the path begins with is the current one.
    """
    found: list[tuple[NavItem, str]] = []
    for item in items:
        if item.roles and not item.roles & roles:
            continue
        try:
            found.append((item, reverse(item.url_name)))
        except NoReverseMatch:
            continue
    around = [url for _item, url in found if path == url or (url != "/" and path.startswith(url))]
    here = max(around, key=len, default="")
    result = []
    for key, label in GROUPS:
        links = tuple(
            Link(
                label=str(item.label),
                url=url,
                icon=item.icon,
                current="" if url != here else "page" if path == url else "true",
            )
            for item, url in found
            if item.group == key
        )
        if links:
            result.append(Group(label=str(label), links=links))
    return tuple(result)

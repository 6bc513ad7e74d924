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

    An item for no role in particular is everyone's. The item is current of whose addresses the path begins with the
    longest.
    """
    found: list[tuple[NavItem, str]] = []
    for item in items:
        if item.roles and not item.roles & roles:
            continue
        try:
            found.append((item, reverse(item.url_name)))
        except NoReverseMatch:
            continue
    around = [
        (len(start), url)
        for item, url in found
        for start in (url, *item.also)
        if path == start or (start != "/" and path.startswith(start))
    ]
    here = max(around, default=(0, ""))[1]
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

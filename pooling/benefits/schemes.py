"""Ready-made schemes: rules of real mutuals, and two of our own, as data to start from."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from pooling.benefits.engine import Version
from pooling.benefits.terms import Terms, TermsRefused

FOLDER = Path(__file__).parent / "ready_made"
ALWAYS = dt.date(1900, 1, 1)


class SchemeRefused(Exception):
    """The file says no rules; the message says why."""


@dataclass(frozen=True)
class Scheme:
    """A scheme: its terms, what members pay for them, and where it comes from."""

    name: str
    title: str
    kind: str
    """``circle`` or ``fund``."""
    promise: str
    source: str
    summary: str
    terms: Terms
    dues: dict[str, Any]


def names() -> list[str]:
    """The schemes there are."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def scheme(name: str) -> Scheme:
    """A ready-made scheme.

    :raises SchemeRefused: if there is none of that name
    """
    if name not in names():
        raise SchemeRefused(_("There is no scheme “%(name)s”.") % {"name": name})
    said = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return Scheme(name=name, **(said | {"terms": Terms.from_json(said["terms"])}))


def ready_made(name: str) -> tuple[Version, ...]:
    """A ready-made scheme as rules that were always valid.

    :raises SchemeRefused: if there is none of that name
    """
    return (Version(1, ALWAYS, scheme(name).terms),)


def read(path: Path) -> tuple[Version, ...]:
    """Rule versions from a file: terms alone, a scheme with ``terms``, or ``versions`` with their days.

    :raises SchemeRefused: if the file cannot be read, or says no rules
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise SchemeRefused(_("%(file)s cannot be read: %(why)s") % {"file": path.name, "why": error}) from error
    if not isinstance(said, dict):
        raise SchemeRefused(_("%(file)s holds no rules.") % {"file": path.name})
    try:
        if "versions" in said:
            found = [
                Version(number, dt.date.fromisoformat(one["valid_from"]), Terms.from_json(one["terms"]))
                for number, one in enumerate(said["versions"], 1)
            ]
        else:
            found = [Version(1, ALWAYS, Terms.from_json(said.get("terms", said)))]
    except TermsRefused as refused:
        raise SchemeRefused(f"{path.name}: {refused}") from refused
    except (KeyError, TypeError, ValueError) as error:
        raise SchemeRefused(_("%(file)s: each version needs valid_from and terms.") % {"file": path.name}) from error
    days = [version.valid_from for version in found]
    if not found or days != sorted(set(days)):
        raise SchemeRefused(_("%(file)s: versions come in the order of their days.") % {"file": path.name})
    return tuple(found)

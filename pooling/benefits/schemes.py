"""Ready-made schemes: rules of real mutuals, and two of our own, as data to start from."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from functools import lru_cache
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
    """A scheme: its rules, what members pay for them, what its surplus is for, and where it comes from.

    :ivar kind: ``circle`` or ``fund``
    :ivar ours: what its source leaves open and this project chose, in a sentence; empty where it says everything
    :ivar currency: what its figures are written in
    :ivar terms: none where it pays no benefits by rules
    :ivar funds: the funds it opens, the one with the rules first
    :ivar dues: the plans it opens, as :mod:`pooling.founding.ready` reads them
    :ivar surplus: as :mod:`pooling.surplus.sharing` reads it
    :ivar charter: what members agree on beside the money
    """

    name: str
    title: str
    kind: str
    promise: str
    source: str
    summary: str
    currency: str
    members: int
    funds: list[dict[str, str]]
    dues: list[dict[str, Any]]
    terms: Terms | None = None
    ours: str = ""
    circle: dict[str, Any] | None = None
    surplus: dict[str, Any] | None = None
    charter: tuple[str, ...] = ()


def names(*, with_rules: bool = False) -> list[str]:
    """The schemes there are.

    :param with_rules: only those that pay benefits by rules
    """
    found = sorted(path.stem for path in FOLDER.glob("*.json"))
    return [name for name in found if scheme(name).terms is not None] if with_rules else found


def scheme(name: str) -> Scheme:
    """A ready-made scheme.

    :raises SchemeRefused: if there is none of that name
    """
    if name not in {path.stem for path in FOLDER.glob("*.json")}:
        raise SchemeRefused(_("There is no scheme “%(name)s”.") % {"name": name})
    return _scheme(name)


@lru_cache(maxsize=32)
def _scheme(name: str) -> Scheme:
    said = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    terms = said.get("terms")
    return Scheme(
        name=name,
        **(said | {"terms": Terms.from_json(terms) if terms else None, "charter": tuple(said.get("charter", ()))}),
    )


def ready_made(name: str) -> tuple[Version, ...]:
    """A ready-made scheme as rules that were always valid.

    :raises SchemeRefused: if there is none of that name
    """
    terms = scheme(name).terms
    if terms is None:
        raise SchemeRefused(_("The scheme “%(name)s” pays no benefits by rules.") % {"name": name})
    return (Version(1, ALWAYS, terms),)


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

"""What the pages about claims show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from members.governance import decisions
from mutual.tables import Cell
from mutual.vault import vault
from pooling.claims import desk_rules, entitlements, evidence
from pooling.claims.models import ASKED, Claim, DeskRules, Evidence


@dataclass(frozen=True)
class Paper:
    """A sealed paper: where it is, what it is called, when it came in."""

    place: str
    label: str
    added_on: dt.date | None
    detail: str = ""


def papers(claim: Claim) -> dict[str, Any]:
    """The sealed papers of a claim, who opened them, and what is still asked for."""
    there = vault.places(claim.vault)
    rows = list(claim.evidence.all())
    found = []
    if evidence.BODY in there:
        found.append(Paper(evidence.BODY, evidence.label(evidence.BODY), claim.submitted_on))
    found.extend(
        Paper(row.place, row.get_kind_display(), row.added_on, f"{row.suffix.upper()}, {-(-row.size // 1024)} kB")
        for row in rows
        if row.place in there
    )
    found.extend(
        Paper(place, evidence.label(place), claim.decided_on or claim.proposed_on)
        for place in there
        if place.startswith(f"{evidence.DEVIATION}/")
    )
    found.extend(
        Paper(place, evidence.label(place), claim.decided_on, "PDF") for place in there if place.startswith("letter/")
    )
    return {
        "papers": found,
        "looks": evidence.looks(claim),
        "missing": missing(claim, rows),
        "destroyed": vault.is_destroyed(claim.vault),
    }


def missing(claim: Claim, rows: list[Evidence]) -> str:
    """What evidence the occasion asks for and nobody sent yet; nothing where there is some."""
    asked = ASKED[Claim.Occasion(claim.occasion)]
    if not asked or {row.kind for row in rows} & set(asked):
        return ""
    return " / ".join(str(kind.label) for kind in asked)


def schedule(claim: Claim) -> dict[str, Any]:
    """The months of a claim, and its certificates, where officers accept them apart from the claim itself."""
    certificates = list(claim.certificates.select_related("first_by"))
    apart = claim.ongoing or any(one.accepted_on for one in certificates)
    return {
        "months": list(claim.instalments.select_related("fund").order_by("first_day", "place")),
        "certificates": certificates if apart else [],
        "goes_on": claim.status in Claim.GOING_ON,
    }


def own(claim: Claim) -> dict[str, Any]:
    """What a member sees of her claim."""
    return {
        "open": claim.status in Claim.OPEN and claim.status not in Claim.GOING_ON,
        "can_add": claim.status in Claim.OPEN,
        "ruled": entitlements.kept(claim),
        **papers(claim),
        **schedule(claim),
    }


def desk(on: dt.date) -> dict[str, Any]:
    """The rules of the desk: those in force, those to come, those before, and what is proposed."""
    current = desk_rules.on(on)
    return {
        "current": current,
        "others": DeskRules.objects.exclude(pk=current.pk).select_related("decision").order_by("-valid_from"),
        "proposals": [(one, desk_rules.unsaved(one)) for one in decisions.waiting(desk_rules.KIND)],
    }


CLAIM_COLUMNS = (
    "number", "fund", "submitted on", "decided on", "paid on", "state", "currency", "claimed", "approved"
)  # fmt: skip
"""Of a claim in a spreadsheet: amounts, days and states; nobody, and nothing about why."""


def claim_rows(found: QuerySet[Claim]) -> Iterator[tuple[Cell, ...]]:
    """Claims as rows of a spreadsheet."""
    for one in found.iterator(chunk_size=2000):
        yield (
            one.number, one.fund.name, one.submitted_on, one.decided_on, one.paid_on, one.status,
            str(one.amount_claimed.currency), one.amount_claimed, one.amount_approved,
        )  # fmt: skip

"""Propose and decide, by two different people (F14): the one mechanism of every room.

A room says what a kind means: it proposes terms, and carries them out inside :func:`deciding`. Declining carries
nothing out, so it is the same for all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from members.governance.models import Decision
from members.numbers import next_number
from mutual.trail import trail

_PROPOSING = 7003
"""The advisory lock that proposals are written under."""


class DecisionRefused(Exception):
    """The decision was not taken, and nothing changed; the message says why."""


class SamePerson(DecisionRefused):
    """Whoever proposes cannot also decide."""


class AlreadyDecided(DecisionRefused):
    """It was decided before."""


def propose(*, kind: str, subject: str, text: str, terms: dict[str, Any], by: int, on: dt.date) -> Decision:
    """Write a proposal that a second officer must confirm; in the caller's transaction.

    The same proposal by the same person is one while it waits: pressed twice, or again after a crash, it would
    otherwise be there twice, to be confirmed twice.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [_PROPOSING])
    known = Decision.objects.filter(
        kind=kind, subject=subject, text=text, terms=terms, proposed_by_id=by, state=Decision.State.PROPOSED
    ).first()
    if known is not None:
        return known
    decision = Decision.objects.create(
        number=next_number("D", width=4), kind=kind, subject=subject, text=text, terms=terms,
        proposed_by_id=by, proposed_on=on,
    )  # fmt: skip
    trail.record(by=by, did=f"{kind}_PROPOSED", subject=decision.number, detail={"about": subject})
    return decision


def waiting(*kinds: str) -> QuerySet[Decision]:
    """What waits for a second officer, oldest first."""
    found = Decision.objects.select_related("proposed_by").filter(kind__in=kinds, state=Decision.State.PROPOSED)
    return found.order_by("id")


@contextmanager
def deciding(decision_id: int, *, kind: str, by: int, on: dt.date) -> Iterator[Decision]:
    """Confirm a proposal with what is carried out inside, in the caller's transaction: both are done, or neither.

    :raises AlreadyDecided: if it is no longer open
    :raises SamePerson: if the person proposed it
    """
    decision = _lock(decision_id, kind=kind, by=by)
    yield decision
    _decide(decision, Decision.State.CONFIRMED, by, on)


@transaction.atomic(durable=True)
def decline(*, decision_id: int, kind: str, by: int, on: dt.date) -> Decision:
    """Decline a proposal as the second officer; nothing is carried out.

    :raises AlreadyDecided: if it is no longer open
    :raises SamePerson: if the person proposed it
    """
    decision = _lock(decision_id, kind=kind, by=by)
    _decide(decision, Decision.State.DECLINED, by, on)
    return decision


@transaction.atomic(durable=True)
def note_attempt(*, decision_id: int, by: int) -> None:
    """Remember that somebody tried to decide what she proposed herself (R-F6)."""
    number = Decision.objects.values_list("number", flat=True).get(pk=decision_id)
    trail.record(by=by, did="OWN_DECISION_BARRED", subject=number)


def _lock(decision_id: int, *, kind: str, by: int) -> Decision:
    decision = Decision.objects.select_for_update().get(pk=decision_id, kind=kind)
    if decision.state != Decision.State.PROPOSED:
        raise AlreadyDecided(f"{decision.number} is {decision.get_state_display().lower()} already.")
    if decision.proposed_by_id == by:
        raise SamePerson("Another officer must decide what you proposed.")
    return decision


def _decide(decision: Decision, state: Decision.State, by: int, on: dt.date) -> None:
    decision.state = state
    decision.decided_by_id = by
    decision.decided_on = on
    decision.save(update_fields=["state", "decided_by", "decided_on"])
    trail.record(by=by, did=f"{decision.kind}_{state}", subject=decision.number, detail={"about": decision.subject})

"""The members room's clockwork."""

from __future__ import annotations

from members import membership
from mutual.celery import task


@task
def forget_tallies() -> int:
    """Forget where applications came from, after an hour."""
    return membership.forget_tallies()

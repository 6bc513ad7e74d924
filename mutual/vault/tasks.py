"""The vault's clockwork."""

from __future__ import annotations

from mutual import clock
from mutual.celery import task
from mutual.vault import vault


@task
def destroy_due() -> int:
    """Destroy the keys whose day has come, and those that came back with an older backup."""
    today = clock.today()
    return vault.erase_again(on=today) + sum(vault.destroy_in_time(subject, on=today) for subject in vault.due(today))

"""The journal of erasures: what was destroyed, kept apart from the database and its backups (R-I1b).

A backup is older than what was erased since: it holds those keys again. The journal says which, by a mark that only the
destroyed key gives, so that no other vault of the same name is ever taken for it. It names subjects and nobody.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from django.conf import settings


def mark(subject: str, key: bytes) -> str:
    """What tells a destroyed key from any other, and says nothing about it."""
    return hashlib.sha256(b"erased|" + subject.encode() + b"|" + key).hexdigest()


def note(subject: str, said: str) -> None:
    """Write a line, and return once it is on the disk: before anything is destroyed, so that none is forgotten."""
    path = Path(settings.VAULT_ERASURES_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:
        file.write(f"{subject} {said}\n")
        file.flush()
        os.fsync(file.fileno())


def noted() -> dict[str, set[str]]:
    """The marks of what was erased, by subject. A line that a crash cut short says nothing."""
    path = Path(settings.VAULT_ERASURES_FILE)
    found: dict[str, set[str]] = {}
    if not path.exists():
        return found
    for line in path.read_text(encoding="utf-8").splitlines():
        subject, _space, said = line.partition(" ")
        if said:
            found.setdefault(subject, set()).add(said)
    return found

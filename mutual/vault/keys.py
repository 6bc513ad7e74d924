"""The keys that wrap the vaults' keys, from a file that is kept apart from the database and its backups.

The file ``VAULT_KEY_FILE`` holds one key a line, each of at least 32 random characters. The first one wraps; the others
only unwrap what was wrapped before it (see ``manage.py rotate_vault_key``). Without the file nothing can be read.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core import checks

SHORTEST = 32


class KeysRefused(Exception):
    """The vault's key file cannot be used; the message says why."""


@dataclass(frozen=True)
class Ring:
    """The wrapping keys by their ids, and the id of the one that wraps."""

    current: str
    keys: Mapping[str, bytes]


def ring() -> Ring:
    """The wrapping keys; outside production a file is made where there is none.

    :raises KeysRefused: if the file is missing, can be read by others, or holds a key that is too short
    """
    path = Path(settings.VAULT_KEY_FILE)
    if not settings.PRODUCTION and not path.exists():
        make(path)
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        lines = [line.strip() for line in path.read_bytes().splitlines() if line.strip()]
    except OSError as error:
        raise KeysRefused(f"The vault's key file {path} cannot be read: {error.strerror}.") from error
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise KeysRefused(f"Everybody on this machine may read or change the vault's key file {path}: chmod 600 it.")
    if not lines or min(map(len, lines)) < SHORTEST:
        raise KeysRefused(f"The vault's key file {path} needs at least {SHORTEST} random characters on each line.")
    found = {_derive(line, b"id", 8).hex(): _derive(line, b"wrap", 32) for line in lines}
    return Ring(next(iter(found)), found)


def make(path: Path) -> None:
    """Write a fresh key as the file's first line, readable by its owner alone; the keys before stay below it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_bytes() if path.exists() else b""
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_urlsafe(48).encode() + b"\n" + before)
        file.flush()
        os.fsync(file.fileno())
    if before:
        beside.replace(path)
        return
    try:
        os.link(beside, path)  # unlike a rename, it leaves the key alone that another process made meanwhile
    except FileExistsError:
        pass
    finally:
        beside.unlink()


def check(app_configs: Sequence[Any] | None, **options: Any) -> list[checks.CheckMessage]:
    """Refuse to start in production without a key file that can be used."""
    try:
        ring()
    except KeysRefused as refused:
        return [checks.Error(str(refused), hint="Set VAULT_KEY_FILE; see docs/operations.md.", id="vault.E001")]
    return []


def _derive(line: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=b"mutual vault " + purpose).derive(line)

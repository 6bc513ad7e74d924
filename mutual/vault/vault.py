"""Seal, read with a reason, destroy.

AES-256-GCM throughout. Each subject has a random key of its own; what it seals is bound to ``subject|place``, so that
bytes moved to another place or another subject cannot be opened there. The key itself is wrapped by a key from a file.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import transaction
from django.utils.translation import gettext as _

from mutual import formats
from mutual.trail import trail
from mutual.vault import erasures, keys
from mutual.vault.models import Content, Opening, Vault

_NONCE = 12
_AT_ONCE = 1_000


class VaultRefused(Exception):
    """Nothing was read or written; the message says why."""


class Destroyed(VaultRefused):
    """The key was destroyed: nobody can read it any more."""


class NoVault(VaultRefused):
    """There is no vault for this subject."""


class NothingThere(VaultRefused):
    """Nothing is sealed at that place."""


class AlreadySealed(VaultRefused):
    """Something is sealed at that place; it is never replaced."""


class Damaged(VaultRefused):
    """The bytes are not what was sealed here: changed, moved, or sealed with another key."""


class WrongKey(VaultRefused):
    """The key file does not hold the key that wraps this vault."""


@dataclass(frozen=True)
class Look:
    """Somebody opened something of a vault: where, who (a user's id), when, and the code of the reason."""

    place: str
    by: int
    at: dt.datetime
    reason: str


def open_vault(subject: str, *, on: dt.date) -> None:
    """Make a vault with a key of its own, in the caller's transaction; again is harmless."""
    if Vault.objects.filter(subject=subject).exists():
        return
    ring = keys.ring()
    Vault.objects.bulk_create(
        [
            Vault(
                subject=subject, kid=ring.current, opened_on=on,
                wrapped=_encrypt(ring.keys[ring.current], secrets.token_bytes(32), f"key|{subject}"),
            )
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def seal(*, subject: str, place: str, content: bytes) -> None:
    """Keep bytes at a place of an open vault, in the caller's transaction.

    :raises Destroyed: if the vault's key is gone
    :raises AlreadySealed: if the place is taken
    """
    vault = Vault.objects.select_for_update(no_key=True).get(subject=subject)
    if vault.contents.filter(place=place).exists():
        raise AlreadySealed(f"{subject} has something at {place} already.")
    Content.objects.create(vault=vault, place=place, sealed=_encrypt(_key(vault), content, f"{subject}|{place}"))


@transaction.atomic(durable=True)
def read(*, subject: str, place: str, by: int, at: dt.datetime, reason: str) -> bytes:
    """What is sealed at a place. The opening is committed before the bytes are given out: a transaction of its own.

    :param reason: a code of the caller's, never free words
    :raises NoVault: if nothing was ever sealed about it
    :raises Destroyed: if the vault's key is gone
    :raises NothingThere: if nothing is sealed there
    :raises Damaged: if it is not what was sealed there
    """
    vault = Vault.objects.filter(subject=subject).first()
    if vault is None:
        raise NoVault(f"There is no vault for {subject}.")
    key = _key(vault)
    row = vault.contents.filter(place=place).first()
    if row is None:
        raise NothingThere(f"{subject} has nothing at {place}.")
    content = _decrypt(key, bytes(row.sealed), f"{subject}|{place}")
    Opening.objects.create(vault=vault, place=place, by=by, at=at, reason=reason)
    return content


def take_many(*, subjects: Sequence[str], place: str, by: int, at: dt.datetime, reason: str) -> dict[str, bytes]:
    """What is sealed at the same place of many vaults, by subject; what is not there, or destroyed, is left out.

    In the caller's transaction, with every opening written down: nothing of it may leave that transaction but sealed.

    :raises Damaged: if something is not what was sealed there
    """
    rows = Content.objects.select_related("vault").filter(
        vault__subject__in=subjects, place=place, vault__destroyed_on=None
    )
    found: dict[str, bytes] = {}
    openings = []
    for row in rows.order_by("id"):
        subject = row.vault.subject
        found[subject] = _decrypt(_key(row.vault), bytes(row.sealed), f"{subject}|{place}")
        openings.append(Opening(vault=row.vault, place=place, by=by, at=at, reason=reason))
    Opening.objects.bulk_create(openings)
    return found


def places(subject: str) -> list[str]:
    """Where something is sealed, in the order it came in."""
    return list(Content.objects.filter(vault__subject=subject).order_by("id").values_list("place", flat=True))


def openings(subject: str) -> list[Look]:
    """Who opened what, newest first."""
    rows = Opening.objects.filter(vault__subject=subject).order_by("-id")
    return [Look(row.place, row.by, row.at, row.reason) for row in rows]


def is_destroyed(subject: str) -> bool:
    """Whether the vault's key is gone."""
    return Vault.objects.filter(subject=subject, destroyed_on__isnull=False).exists()


def destroy_after(subject: str, *, on: dt.date | None) -> None:
    """Settle the day a vault's key is destroyed, or that it is not settled."""
    Vault.objects.filter(subject=subject, destroyed_on=None).update(destroy_on=on)


def unsettled(prefix: str) -> list[str]:
    """The living subjects beginning so whose day of destruction is not settled."""
    rows = Vault.objects.filter(subject__startswith=prefix, destroyed_on=None, destroy_on=None).order_by("id")
    return list(rows.values_list("subject", flat=True))


def settled(prefix: str) -> list[str]:
    """The living subjects beginning so whose day of destruction is settled."""
    rows = Vault.objects.filter(subject__startswith=prefix, destroyed_on=None, destroy_on__isnull=False)
    return list(rows.order_by("id").values_list("subject", flat=True))


def destroy(subject: str, *, on: dt.date) -> None:
    """Destroy a vault's key and what it sealed, in the caller's transaction; who opened it stays. Again is harmless.

    The journal of erasures has it first: also where this transaction does not come to its end, it is erased at last.
    """
    vault = Vault.objects.select_for_update().get(subject=subject)
    if vault.destroyed_on is not None:
        return
    erasures.note(subject, _mark(vault))
    _destroy(vault, on)


def _destroy(vault: Vault, on: dt.date) -> None:
    vault.contents.all().delete()
    vault.wrapped, vault.destroyed_on = None, on
    vault.save(update_fields=["wrapped", "destroyed_on"])


def _mark(vault: Vault) -> str:
    """What tells this vault in the journal: its key; where nobody can unwrap that any more, the day it was opened."""
    try:
        return erasures.mark(vault.subject, _key(vault))
    except (WrongKey, Damaged):
        return f"opened-{vault.opened_on.isoformat()}"


def erase_again(*, on: dt.date) -> int:
    """Destroy what was erased before and came back with an older backup; returns how many. Again is harmless."""
    noted = erasures.noted()
    count = 0
    subjects = sorted(noted)
    for start in range(0, len(subjects), _AT_ONCE):
        living = Vault.objects.filter(subject__in=subjects[start : start + _AT_ONCE], destroyed_on=None)
        for subject in living.order_by("id").values_list("subject", flat=True):
            count += _erase_again(subject, noted[subject], on)
    return count


@transaction.atomic(durable=True)
def _erase_again(subject: str, marks: set[str], on: dt.date) -> bool:
    vault = Vault.objects.select_for_update().get(subject=subject)
    if vault.destroyed_on is not None or _mark(vault) not in marks:
        return False
    _destroy(vault, on)
    trail.record(by=None, did="VAULT_ERASED_AGAIN", subject=subject.rpartition("/")[2])
    return True


def due(on: dt.date) -> list[str]:
    """The subjects whose keys are to be destroyed by a day."""
    rows = Vault.objects.filter(destroyed_on=None, destroy_on__lte=on).order_by("id")
    return list(rows.values_list("subject", flat=True))


@transaction.atomic(durable=True)
def destroy_in_time(subject: str, *, on: dt.date) -> bool:
    """Destroy the key of a vault whose day has come; returns whether this call did it. Again is harmless."""
    vault = Vault.objects.select_for_update().get(subject=subject)
    if vault.destroyed_on is not None or vault.destroy_on is None or vault.destroy_on > on:
        return False
    destroy(subject, on=on)
    trail.record(by=None, did="VAULT_DESTROYED", subject=subject.rpartition("/")[2])
    return True


@transaction.atomic(durable=True)
def rewrap(*, limit: int = 500) -> int:
    """Wrap some keys anew that an older wrapping key wraps; returns how many. Killed at any point, it goes on.

    :raises WrongKey: if the key file lacks a key that is still in use
    """
    ring = keys.ring()
    old = list(
        Vault.objects.select_for_update(skip_locked=True)
        .filter(destroyed_on=None)
        .exclude(kid=ring.current)
        .order_by("id")[:limit]
    )
    for vault in old:
        vault.wrapped = _encrypt(ring.keys[ring.current], _key(vault), f"key|{vault.subject}")
        vault.kid = ring.current
    Vault.objects.bulk_update(old, ["wrapped", "kid"])
    return len(old)


def wrapped_by() -> dict[str, int]:
    """How many living vaults each wrapping key wraps, by its id."""
    found: dict[str, int] = {}
    for kid in Vault.objects.filter(destroyed_on=None).values_list("kid", flat=True):
        found[kid] = found.get(kid, 0) + 1
    return found


def _key(vault: Vault) -> bytes:
    if vault.wrapped is None:
        assert vault.destroyed_on is not None, "A vault without a key was destroyed."
        raise Destroyed(
            _("This is no longer kept: its key was destroyed on %(day)s.") % {"day": formats.day(vault.destroyed_on)}
        )
    wrapping = keys.ring().keys.get(vault.kid)
    if wrapping is None:
        raise WrongKey(f"The key {vault.kid} that wraps {vault.subject} is not in the vault's key file.")
    return _decrypt(wrapping, bytes(vault.wrapped), f"key|{vault.subject}")


def _encrypt(key: bytes, content: bytes, bound_to: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, bound_to.encode())


def _decrypt(key: bytes, sealed: bytes, bound_to: str) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to.encode())
    except (InvalidTag, ValueError) as error:  # ValueError: too short to be anything
        raise Damaged(f"What lies at {bound_to} is not what was sealed there.") from error

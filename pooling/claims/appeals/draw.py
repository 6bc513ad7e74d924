"""A draw that nobody can steer and anybody can repeat (pure).

Before the claimant says anything, the cooperative publishes ``commitment``: a hash of a secret number, of everybody who
can be drawn, and of the appeal's number. Then the claimant adds words of her own. Only both together make the seed: the
cooperative can no longer change its number, and she never knew it. Each member's lot is a hash of the seed and the
member's number; the lowest lots sit first, the next ones replace who does not answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection


def pool_hash(pool: Collection[str]) -> str:
    """A hash of who can be drawn, whatever order they are named in."""
    return _sha("\n".join(sorted(pool)))


def commitment(*, number: str, nonce: str, pool: Collection[str]) -> str:
    """What is published before the claimant says anything."""
    return _sha(f"{number}|{nonce}|{pool_hash(pool)}")


def seed(*, number: str, nonce: str, share: str) -> str:
    """What the lots are drawn with: the cooperative's secret number and the claimant's words."""
    return _sha(f"{number}|{nonce}|{share}")


def order(*, seed: str, pool: Collection[str]) -> list[str]:
    """Everybody who can be drawn, in the order of their lots."""
    return sorted(set(pool), key=lambda member: (_sha(f"{seed}|{member}"), member))


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

"""A stream sealed in chunks with AES-256-GCM: nothing of it is believed before it is checked, nothing can be cut off.

``MUTUAL1`` + id of the key (8 bytes) + salt (16 bytes), then chunks of 1 MiB and their tags. Every file has a key of
its own (HKDF over the salt), every chunk its number as nonce, and the last one says that it is the last.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MARK = b"MUTUAL1\n"
CHUNK = 2**20
_TAG = 16
_HEAD = len(MARK) + 8 + 16
_SHORTEST = 32


class EnvelopeRefused(Exception):
    """The stream cannot be sealed or opened; the message says why."""


class BadKey(EnvelopeRefused):
    """The key file is missing, too short, or not the one the stream was sealed with."""


class Damaged(EnvelopeRefused):
    """The stream is not as it was sealed."""


def read_key(file: Path) -> bytes:
    """The secret in a key file: at least 32 bytes, whatever they are.

    :raises BadKey: if it cannot be read or is shorter
    """
    try:
        key = file.read_bytes().strip()
    except OSError as error:
        raise BadKey(f"The key file {file} cannot be read: {error.strerror}.") from error
    if len(key) < _SHORTEST:
        raise BadKey(f"The key file {file} is too short: it needs at least {_SHORTEST} random bytes.")
    return key


def key_id(key: bytes) -> str:
    """What tells one key from another without giving it away."""
    return _derive(key, b"", b"id", 8).hex()


def is_sealed(start: bytes) -> bool:
    """Whether a file that starts so is sealed."""
    return start.startswith(MARK)


def seal(stream: Iterable[bytes], key: bytes) -> Iterator[bytes]:
    """Seal a stream."""
    salt = secrets.token_bytes(16)
    head = MARK + bytes.fromhex(key_id(key)) + salt
    cipher = AESGCM(_derive(key, salt, b"file", 32))
    yield head
    number = 0
    waiting: bytes | None = None
    for chunk in _even(stream):
        if waiting is not None:
            yield cipher.encrypt(_nonce(number, last=False), waiting, head)
            number += 1
        waiting = chunk
    yield cipher.encrypt(_nonce(number, last=True), waiting or b"", head)


def unseal(stream: Iterable[bytes], key: bytes | None) -> Iterator[bytes]:
    """Open a sealed stream; what is yielded has been checked, and it ends without an error only where it is whole.

    :raises BadKey: if it was sealed with another key
    :raises Damaged: if any of it was changed, moved or cut off
    """
    if key is None:
        raise BadKey("This file is encrypted. Name the file with its key in BACKUP_KEY_FILE.")
    held = b""
    rest = iter(stream)
    while len(held) < _HEAD:
        more = next(rest, b"")
        if not more:
            raise Damaged("The file is shorter than its own head.")
        held += more
    head, held = held[:_HEAD], held[_HEAD:]
    named = head[len(MARK) : len(MARK) + 8].hex()
    if named != key_id(key):
        raise BadKey(f"This file was encrypted with the key {named}; BACKUP_KEY_FILE holds the key {key_id(key)}.")
    cipher = AESGCM(_derive(key, head[-16:], b"file", 32))
    number = 0
    while True:
        while len(held) <= CHUNK + _TAG and (more := next(rest, b"")):
            held += more
        last = len(held) <= CHUNK + _TAG
        part, held = held[: CHUNK + _TAG], held[CHUNK + _TAG :]
        try:
            yield cipher.decrypt(_nonce(number, last=last), part, head)
        except InvalidTag as error:
            raise Damaged("The file was changed or cut off after it was made: it cannot be used.") from error
        if last:
            return
        number += 1


def _even(stream: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for more in stream:
        held += more
        while len(held) >= CHUNK:
            yield bytes(held[:CHUNK])
            del held[:CHUNK]
    if held:
        yield bytes(held)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _derive(key: bytes, salt: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt or None, info=b"mutual backup " + purpose).derive(key)

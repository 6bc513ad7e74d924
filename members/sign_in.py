"""How people sign in: by a code sent by mail, a password, a passkey, and a second factor for officers."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up on their own: one applies to join, and is admitted."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """No: see the application page."""
        return False


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second-factor secrets are encrypted at rest with a key of their own."""

    def encrypt(self, text: str) -> str:
        """Seal a secret before it is stored."""
        return _seal().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open a stored secret."""
        return _seal().decrypt(encrypted_text.encode()).decode()

    def get_public_key_credential_rp_entity(self) -> dict[str, Any]:
        """The name a passkey is stored under."""
        entity: dict[str, Any] = super().get_public_key_credential_rp_entity()
        return {**entity, "name": settings.COOPERATIVE_NAME}


def _seal() -> Fernet:
    import base64

    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"second factor").derive(
        settings.SEALING_KEY.encode()
    )
    return Fernet(base64.urlsafe_b64encode(derived))

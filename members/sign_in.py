"""How people sign in: by a code sent by mail, a password, a passkey, and a second factor for officers."""

from __future__ import annotations

import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.signup import send_unknown_account_mail
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest

from members.models import Member, User
from mutual import repeats


def display(user: User) -> str:
    """What a page or a letter about signing in calls somebody."""
    return user.display_name


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up on their own: one applies to join, and is admitted."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """No: see the application page."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """No code goes to an address that waits to take another's place but is somebody else's: signing in with it
        would put it there. Whoever asks reads the same as at an address that nobody has."""
        if template_prefix == "account/email/login_code" and _waits_in_vain(email):
            send_unknown_account_mail(context["request"], email)
        else:
            super().send_mail(template_prefix, email, context)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """The new address takes the old one's place, unless somebody applied with it in the meantime."""
        with transaction.atomic(durable=True):
            repeats.wait_for_twin(f"apply/{email_address.email}")
            if _is_anothers(email_address.email, email_address.user_id or 0):
                self.add_message(
                    request, messages.ERROR, "account/messages/email_confirmation_failed.txt",
                    {"email": email_address.email},
                )  # fmt: skip
                return False
            return bool(super().confirm_email(request, email_address))


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


def showed_second_factor(request: HttpRequest) -> bool:
    """Whether a passkey or another second factor was shown within the last minutes, in this session."""
    since = time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    return any(
        record.get("method") == "mfa" and record.get("type") != "recovery_codes" and record.get("at", 0) >= since
        for record in get_authentication_records(request, request.user)
    )


def _is_anothers(email: str, user_id: int) -> bool:
    present = Member.objects.exclude(status__in=[Member.Status.LEFT, Member.Status.DECLINED])
    others = present.filter(email__iexact=email).exclude(user_id=user_id)
    return others.exists() or User.objects.filter(email__iexact=email).exclude(pk=user_id).exists()


def _waits_in_vain(email: str) -> bool:
    known = EmailAddress.objects.filter(email__iexact=email)
    if known.filter(verified=True).exists():
        return False
    return any(_is_anothers(email, user_id) for user_id in known.values_list("user_id", flat=True))


def _seal() -> Fernet:
    import base64

    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"second factor").derive(
        settings.SEALING_KEY.encode()
    )
    return Fernet(base64.urlsafe_b64encode(derived))

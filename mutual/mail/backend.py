"""The mail backend for libraries (sign-in codes): every mail becomes a letter."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage
from django.db import transaction

from mutual.mail import letters


class LetterBackend(BaseEmailBackend):
    """Turn mails into letters, one for each person, so that nobody receives what was meant for another."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write a letter for each recipient of each mail; returns how many mails there were."""
        with transaction.atomic():
            for mail in email_messages:
                for recipient in mail.recipients():
                    letters.write(
                        key=f"mail/{uuid.uuid4()}",
                        to=recipient,
                        subject=" ".join(str(mail.subject).split())[:200],
                        text=str(mail.body),
                    )
        return len(email_messages)

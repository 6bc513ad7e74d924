"""``manage.py totp_code EMAIL``: an officer's current code, in the demonstration only."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Prints the current code of an officer's authenticator app. Not in production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose."""
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the code, or say why not."""
        if settings.PRODUCTION:
            self.stderr.write("This is a real cooperative: codes are on people's phones only.")
            sys.exit(1)
        found = Authenticator.objects.filter(user__email=options["email"].lower(), type="totp").first()
        if found is None:
            self.stderr.write("Nobody with an authenticator app signs in with that address.")
            sys.exit(1)
        secret = get_adapter().decrypt(found.data["secret"])
        counters = list(yield_hotp_counters_from_time())
        self.stdout.write(format_hotp_value(hotp_value(secret, counters[len(counters) // 2])))

"""``manage.py demo_sign_ins``: who can sign in to the demonstration, and how."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from members import demo


class Command(BaseCommand):
    help = "Prints the demonstration's sign-ins."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them, or that there is no demonstration."""
        if not demo.exists():
            self.stdout.write("There is no demonstration here.")
            return
        self.stdout.write(f"Everybody's password: {demo.PASSWORD}")
        for line in demo.sign_ins():
            self.stdout.write(f"  {line}")
        self.stdout.write("Officers are asked for a code as well:  .venv/bin/python manage.py totp_code E-MAIL")

"""``manage.py appoint_administrator EMAIL [--json]``: how a new installation gets its first two administrators.

Exit code 0: she administers; 1: refused, nothing was changed; 2: typed wrongly.
"""

import argparse
import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from members import roles
from mutual import clock


class Command(BaseCommand):
    help = _("Make somebody an administrator, where there are not two yet.")

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Who."""
        parser.add_argument("email", metavar="EMAIL", help=_("the address she signs in with"))
        parser.add_argument("--json", action="store_true", help=_("answer with one JSON object"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Appoint her."""
        email: str = options["email"]
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(_("“%(email)s” is no e-mail address.") % {"email": email}, returncode=2) from error
        try:
            grant = roles.appoint(email=email, on=clock.today())
        except roles.RoleRefused as refused:
            if options["json"]:
                self.stdout.write(json.dumps({"refused": True, "reason": str(refused)}, ensure_ascii=False))
                raise SystemExit(1) from refused
            raise CommandError(str(refused), returncode=1) from refused
        if options["json"]:
            self.stdout.write(json.dumps({"refused": False, "user": grant.user_id, "since": str(grant.granted_on)}))
            return
        self.stdout.write(
            _("%(email)s administers. She signs in with a code sent by mail and sets up a second factor.")
            % {"email": email.lower()}
        )

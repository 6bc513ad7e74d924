"""What destroys something asks for the installation's name, typed by hand (R-D8)."""

import argparse
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils.translation import gettext as _


def add_argument(parser: argparse.ArgumentParser) -> None:
    """``--yes-i-mean INSTALLATION``."""
    parser.add_argument("--yes-i-mean", default="", metavar="INSTALLATION", help=_("this installation's name"))


def check(options: Mapping[str, Any]) -> None:
    """Go on only with the installation's name.

    :raises CommandError: with exit code 2, without it
    """
    if options["yes_i_mean"] != settings.INSTALLATION:
        raise CommandError(
            _("This destroys what is in the database. If you mean it, add: --yes-i-mean %(name)s")
            % {"name": settings.INSTALLATION},
            returncode=2,
        )

"""What durable work offers to pages about everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from mutual import rooms
from mutual.access import Role
from mutual.jobs.models import Job


def office_cards(*, roles: frozenset[Role], on: dt.date) -> Iterator[rooms.Card]:
    """Jobs that were put aside after five tries."""
    if {Role.ADMINISTRATOR, Role.TREASURER} & roles:
        count = Job.objects.filter(failed_at__isnull=False, done_at=None).count()
        if count:
            yield rooms.Card(
                _("Jobs put aside: %(count)s") % {"count": count},
                _("They failed five times. Everything else went on; nothing of theirs is lost."),
                reverse("runs"), _("See why"), "bad", 5,
            )  # fmt: skip

"""Names of the people behind user ids, for pages that say who did something (the books and the trail hold only ids)."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _


def names(user_ids: Iterable[int | None]) -> dict[int | None, str]:
    """What to call each user: by the member's name, else by the address; "The clock" for none."""
    wanted = {pk for pk in user_ids if pk is not None}
    found: dict[int | None, str] = {None: _("The clock")}
    if wanted:
        for user in get_user_model().objects.filter(pk__in=wanted).select_related("member"):
            found[user.pk] = user.display_name
    for pk in wanted - found.keys():
        found[pk] = _("A former user")
    return found

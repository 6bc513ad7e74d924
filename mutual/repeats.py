"""The same form sent twice, or several times at once, is one event (R-A6); sent again with other content it is refused.

A use case that makes something of a form asks here first, inside its transaction and before it takes any other lock.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import connection, models
from django.utils.translation import gettext as _

Made = TypeVar("Made", bound=models.Model)

FORM_LOCK = 7010
"""The advisory locks on form keys; two keys that share one merely wait for each other."""


class FormReused(Exception):
    """The form's key was used before, for something else. Nothing was changed; the message is for the person."""

    def __init__(self) -> None:
        super().__init__(
            _("This form was sent before with other content, and that was saved. Nothing was changed now.")
        )


def wait_for_twin(form_key: str) -> None:
    """Wait until whoever is working on the same form has finished; what she made can be read afterwards."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [FORM_LOCK, form_key])


def made_before(made: models.QuerySet[Made], *, form_key: str, **said: Any) -> Made | None:
    """What the same form made before, or None where it was not sent yet.

    :param made: where to look: everything that such forms make, or only what belongs to the person
    :param said: what the form says, by the names of the model's fields
    :raises FormReused: if it was made of other content
    """
    wait_for_twin(form_key)
    found = made.filter(form_key=form_key).first()
    if found is not None and any(getattr(found, name) != value for name, value in said.items()):
        raise FormReused
    return found

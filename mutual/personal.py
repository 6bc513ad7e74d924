"""What a person gets who asks for her data (GDPR 15 and 20): whole rows, so that a new column is never forgotten."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import models

from mutual.money import Money


def row(one: models.Model, *, but: Iterable[str] = ()) -> dict[str, Any]:
    """A row as words and figures: every column that holds something of its own, but those that are named.

    Links to other rows, keys of forms and bytes are left out: they say nothing to a person.
    """
    left_out = {*but, "id", "form_key"}
    said: dict[str, Any] = {}
    for field in one._meta.concrete_fields:
        if field.is_relation or isinstance(field, models.BinaryField) or field.name in left_out:
            continue
        value = getattr(one, field.attname)
        if isinstance(value, Money):
            value = str(value.amount)
        said[field.name] = value if isinstance(value, _PLAIN) else str(value)
    return said


_PLAIN = (bool, int, str, type(None), dict, list, dt.date)


def rows(found: Iterable[models.Model], *, but: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Many rows; see :func:`row`."""
    return [row(one, but=but) for one in found]

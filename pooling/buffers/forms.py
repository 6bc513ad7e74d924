"""What officers type about buffers."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from mutual import formats
from mutual.inputs import DayField, TextField


def _months() -> list[tuple[int, str]]:
    return [(n, formats.month_name(n)) for n in range(1, 13)]


class RuleForm(forms.Form):
    """How much a buffer may hold, and when that is measured."""

    deposits = forms.IntegerField(
        label=_("Deposits it may hold"), min_value=1, max_value=600, initial=36,
        help_text=_("A deposit is the buffer's part of one whole charge."),
    )  # fmt: skip
    day = forms.IntegerField(label=_("Measured on: day"), min_value=1, max_value=31, initial=31)
    month = forms.TypedChoiceField(label=_("Measured on: month"), choices=_months, coerce=int, initial=12)
    return_after = forms.IntegerField(
        label=_("Days until what is too much goes back"), min_value=0, max_value=300, initial=90
    )
    valid_from = DayField(label=_("From"))
    text = TextField(label=_("What is decided, and why"), max_length=1000)

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: if the month never has such a day"""
        said = super().clean() or {}
        if not self.errors:
            try:
                dt.date(2000, said["month"], said["day"])
            except ValueError as error:
                raise ValidationError(_("That month has no such day."), code="day") from error
        return said

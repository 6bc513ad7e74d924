"""Forms of governance."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mutual.inputs import DayField, TextField
from mutual.rooms import Figure


class FigureForm(forms.Form):
    """What a figure is from a day on, and why."""

    valid_from = DayField(label=gettext_lazy("From"))
    text = TextField(label=gettext_lazy("What is decided, and why"))

    def __init__(self, *args: Any, figure: Figure, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["value"] = forms.IntegerField(
            label=figure.label, min_value=figure.least, max_value=figure.most,
            help_text=_("%(unit)s, from %(least)s to %(most)s.")
            % {"unit": figure.unit.capitalize(), "least": figure.least, "most": figure.most},
        )  # fmt: skip
        self.order_fields(("value", "valid_from", "text"))

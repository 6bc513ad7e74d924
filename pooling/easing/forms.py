"""What officers and members type about waivers, work and bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from mutual import formats
from mutual.inputs import DayField, LineField, PeriodField, TextField
from pooling.easing.models import Waiver
from pooling.forms import member_by_number
from pooling.models import DuesPlan, Rate


class WaiverForm(forms.Form):
    """From when to when how much of whose dues is not asked, and why."""

    number = LineField(label=_("Member number"), max_length=12)
    kind = forms.ChoiceField(label=_("What it is"), choices=Waiver.Kind.choices)
    since = DayField(label=_("From"))
    until = DayField(label=_("Dues are asked for again from"))
    percent = forms.IntegerField(label=_("Percent not asked for"), min_value=1, max_value=100, initial=100)
    reason = TextField(
        label=_("Why"), max_length=1000,
        help_text=_("It is sealed: only officers who decide can open it, and each opening is noted."),
    )  # fmt: skip

    def clean_number(self) -> Any:
        """:raises ValidationError: if there is no such member"""
        return member_by_number(self.cleaned_data["number"])

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: if it would end before it begins"""
        said = super().clean() or {}
        if not self.errors and said["until"] <= said["since"]:
            raise ValidationError(_("It must end after it begins."), code="until")
        return said


class WaiverEndForm(forms.Form):
    """From which day on dues are asked for again."""

    until = DayField(label=_("Dues are asked for again from"))
    text = TextField(
        label=_("What is decided, and why"), max_length=1000,
        help_text=_("Every officer reads it: leave out why dues were not asked, that stays sealed."),
    )  # fmt: skip


class WorkForm(forms.Form):
    """Which task takes the place of whose dues."""

    number = LineField(label=_("Member number"), max_length=12)
    period = PeriodField(label=_("Dues of"), help_text=_("Such as 2026-11."))
    task = LineField(label=_("Task"), max_length=200)
    done_on = DayField(label=_("Done on"))

    def clean_number(self) -> Any:
        """:raises ValidationError: if there is no such member"""
        return member_by_number(self.cleaned_data["number"])


class DrawForm(forms.Form):
    """From which plan, by which seed."""

    plan = forms.ModelChoiceField(label=_("Plan"), queryset=DuesPlan.objects.none())
    seed = LineField(
        label=_("Seed"), max_length=120,
        help_text=_("A public number nobody of us could choose, and where it is from: the lottery numbers of a day."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plan"].queryset = DuesPlan.objects.filter(basis="BAND").order_by("name")  # type: ignore[attr-defined]


class BandForm(forms.Form):
    """Which band is hers."""

    def __init__(self, *args: Any, rates: Sequence[Rate], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(rate.place, f"{rate.name}: {formats.money(rate.money)}") for rate in rates]
        self.fields["place"] = forms.TypedChoiceField(
            label=_("My band"), choices=choices, coerce=int, widget=forms.RadioSelect
        )

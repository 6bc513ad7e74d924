"""What officers type about reminders, agreements and limitation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from mutual.inputs import CountryField, DayField, LineField
from mutual.pages.forms import KeyedForm
from pooling.dunning.models import Limitation, Step
from pooling.forms import member_by_number


class StepForm(forms.Form):
    """When a step comes, and in which tone."""

    days = forms.IntegerField(label=_("Days after a charge was due"), min_value=1, max_value=3650)
    tone = forms.ChoiceField(label=_("Tone"), choices=Step.Tone.choices)


class AgreementForm(KeyedForm):
    """Which member pays what is overdue in how many parts."""

    number = LineField(label=_("Member number"), max_length=12)
    parts = forms.IntegerField(label=_("In how many monthly parts"), min_value=1, max_value=60, initial=3)
    first_on = DayField(label=_("The first is due on"))

    field_order = ("number", "parts", "first_on", "form_key")

    def clean_number(self) -> Any:
        """:raises ValidationError: if there is no such member"""
        return member_by_number(self.cleaned_data["number"])


class LimitationForm(forms.Form):
    """After how many years a debt can no longer be claimed."""

    country = CountryField(initial="DE")
    valid_from = DayField(label=_("For dues that fell due from"))
    years = forms.IntegerField(label=_("Years"), min_value=1, max_value=50)
    begins = forms.ChoiceField(label=_("The time begins"), choices=Limitation.Begins.choices)
    source = LineField(label=_("Source"), max_length=200, help_text=_("The law and its paragraph."))

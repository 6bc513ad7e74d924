"""What members and officers type about claims."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from mutual.inputs import AmountField, DayField
from mutual.money import Money
from mutual.pages.forms import KeyedForm
from pooling.claims.models import Claim
from pooling.models import Fund


class ClaimForm(KeyedForm):
    """A claim: fund, occasion, days, amount. Nothing about an illness is asked."""

    fund = forms.ModelChoiceField(label=_("Fund"), queryset=Fund.objects.none(), empty_label=_("Choose a fund"))
    occasion = forms.ChoiceField(
        label=_("Occasion"), choices=Claim.Occasion.choices, help_text=_("No diagnosis, please: nobody needs it.")
    )
    first_day = DayField(label=_("First day"))
    last_day = DayField(label=_("Last day"))

    field_order = ("fund", "occasion", "first_day", "last_day", "amount", "form_key")

    def __init__(self, *args: Any, currency: str, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fund"].queryset = Fund.objects.filter(  # type: ignore[attr-defined]
            closed_on=None, currency=currency
        ).order_by("name")
        self.fields["amount"] = AmountField(label=_("Amount"), currency=currency)
        self.today = today
        self.order_fields(self.field_order)

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: if it ends before it begins"""
        cleaned = super().clean() or {}
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            raise ValidationError({"last_day": _("The last day comes after the first.")})
        return cleaned


class ApproveForm(forms.Form):
    """How much a first officer approves."""

    def __init__(self, *args: Any, claimed: Money, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"] = AmountField(
            label=_("Amount approved"), currency=str(claimed.currency), max_value=claimed, initial=claimed
        )


class RefuseForm(forms.Form):
    """Why a claim is refused."""

    reason = forms.ChoiceField(label=_("Reason, as the member will read it"), choices=Claim.Reason.choices)

"""What members type about listings, trades and limits."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from invoicing.barter.models import Listing
from mutual.currencies import CREDIT, HOUR
from mutual.inputs import AmountField, HoursField, LineField, TextField
from mutual.money import Money, zero


class MarketForm(forms.Form):
    """What to look for."""

    q = LineField(label=_("Words"), max_length=80, required=False)
    kind = forms.ChoiceField(
        label=_("Offers or wants"), required=False, choices=[("", _("Both")), *Listing.Kind.choices]
    )
    category = forms.ChoiceField(
        label=_("Category"), required=False, choices=[("", _("All")), *Listing.Category.choices]
    )


class ListingForm(forms.Form):
    """An offer or a want."""

    kind = forms.ChoiceField(label=_("Do you offer or look for something?"), choices=Listing.Kind.choices)
    title = LineField(label=_("Title"), max_length=80, help_text=_("A few words: “Proofreading, German and English”."))
    category = forms.ChoiceField(label=_("Category"), choices=Listing.Category.choices)
    text = TextField(label=_("Description"), max_length=2000, required=False)
    price_credit = AmountField(
        label=_("Price in credits"), currency=CREDIT, required=False, max_value=Money(100_000, CREDIT),
        help_text=_("A guide for others; what a trade costs is agreed each time."),
    )  # fmt: skip
    price_hours = HoursField(label=_("Price in hours"), required=False, max_value=Money(60_000, HOUR))


class TradeForm(forms.Form):
    """A trade with another member."""

    side = forms.ChoiceField(
        label=_("What do you ask?"),
        choices=[
            ("receive", _("I would like this done for me, and pay for it")),
            ("provide", _("I did, or will do, this and ask to be paid")),
        ],
    )
    other = LineField(label=_("The other member's number"), max_length=12, help_text=_("It looks like M-000123."))
    title = LineField(label=_("What for?"), max_length=80)
    text = TextField(label=_("Details"), max_length=2000, required=False)
    credit = AmountField(
        label=_("Credits"), currency=CREDIT, required=False, min_value=zero(CREDIT), max_value=Money(100_000, CREDIT)
    )
    hours = HoursField(
        label=_("Hours"), required=False, min_value=zero(HOUR), max_value=Money(60_000, HOUR),
        help_text=_("Hours and minutes, such as 1:30."),
    )  # fmt: skip
    form_key = forms.RegexField(regex=r"^[a-f0-9]{32}$", widget=forms.HiddenInput)
    listing = forms.IntegerField(required=False, widget=forms.HiddenInput, max_value=2**31)

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: if it costs nothing"""
        cleaned = super().clean() or {}
        credit, hours = cleaned.get("credit"), cleaned.get("hours")
        if not self.errors and not (credit and credit.amount) and not (hours and hours.amount):
            raise ValidationError(_("Say what the trade costs: credits, hours or both."), code="costs_nothing")
        return cleaned


class LimitForm(forms.Form):
    """A member's limits in one unit."""

    reason = LineField(label=_("Why"), max_length=300)

    def __init__(self, *args: Any, unit: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = HoursField if unit == HOUR else AmountField
        common: dict[str, Any] = {"min_value": zero(unit), "max_value": Money(1_000_000, unit)}
        if unit != HOUR:
            common["currency"] = unit
        self.fields = {
            "credit_limit": field(label=_("Credit limit: how far below zero"), **common),
            "maximum": field(label=_("Maximum: how far above zero"), **common),
            "reason": self.fields["reason"],
        }

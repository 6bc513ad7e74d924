"""What officers type about a year's surplus."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from members.models import Member
from mutual.inputs import AmountField, LineField, PeriodField, TextField
from mutual.money import zero
from pooling.forms import member_by_number
from pooling.models import Fund
from pooling.surplus.models import Allocation
from pooling.surplus.years import Part
from pooling.treasury.models import BankAccount


class CloseForm(forms.Form):
    """Propose to close a year."""

    text = TextField(label=_("What is decided, and why"), max_length=1000)


class AllocationForm(forms.Form):
    """What the surplus is for; one amount for each fund, the reserve and next year's dues. No line names a person."""

    ballot = LineField(label=_("Which vote decided it"), max_length=120, help_text=_("Such as: Assembly of 14 March."))
    text = TextField(label=_("What is decided, and why"), max_length=1000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit = settings.COOPERATIVE_CURRENCY
        self.funds = list(Fund.objects.filter(closed_on=None, currency=unit).order_by("name"))
        amount: dict[str, Any] = {"currency": unit, "required": False, "min_value": zero(unit)}
        for fund in self.funds:
            self.fields[f"fund_{fund.pk}"] = AmountField(label=fund.name, **amount)
        self.fields["reserve"] = AmountField(label=Allocation.Purpose.RESERVE.label, **amount)
        self.fields["relief"] = AmountField(label=Allocation.Purpose.RELIEF.label, **amount)

    def parts(self) -> list[Part]:
        """The parts with an amount."""
        said = [(Allocation.Purpose.FUND, fund.pk, self.cleaned_data.get(f"fund_{fund.pk}")) for fund in self.funds]
        rest = [
            (Allocation.Purpose.RESERVE, None, self.cleaned_data.get("reserve")),
            (Allocation.Purpose.RELIEF, None, self.cleaned_data.get("relief")),
        ]
        return [Part(purpose, fund, amount) for purpose, fund, amount in [*said, *rest] if amount is not None]


class SharingForm(forms.Form):
    """A closed year shared as its rules say: what members' own work earned, and what each worked."""

    ballot = LineField(label=_("Which vote decided it"), max_length=120, help_text=_("Such as: Assembly of 14 March."))
    hours = TextField(
        label=_("Hours worked in the year"), max_length=200_000,
        help_text=_("A line for each member: her number, then hours, such as M-000123 1200.5."),
    )  # fmt: skip
    text = TextField(label=_("What is decided, and why"), max_length=1000)

    field_order = ("own_work", "hours", "ballot", "text")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit = settings.COOPERATIVE_CURRENCY
        self.fields["own_work"] = AmountField(
            label=_("What members' own work earned"), currency=unit, min_value=zero(unit),
            help_text=_("Of the year's result; the rest is everything else."),
        )  # fmt: skip
        self.order_fields(self.field_order)

    def clean_hours(self) -> dict[int, int]:
        """:raises ValidationError: if a line is no member with hours"""
        said: dict[str, int] = {}
        for line in self.cleaned_data["hours"].splitlines():
            if not line.strip():
                continue
            parts = line.split()
            if len(parts) != 2 or parts[0].upper() in said:
                raise ValidationError(_("Write each member once: her number, then hours."), code="hours")
            said[parts[0].upper()] = _minutes(parts[1])
        known = dict(Member.objects.filter(number__in=said, joined_on__isnull=False).values_list("number", "pk"))
        if unknown := sorted(set(said) - set(known)):
            raise ValidationError(_("There is no member %(number)s.") % {"number": unknown[0]}, code="no_member")
        return {known[number]: minutes for number, minutes in said.items()}


def _minutes(text: str) -> int:
    try:
        found = Decimal(text) * 60
    except InvalidOperation as error:
        raise ValidationError(_("Write hours such as 1200.5."), code="hours") from error
    if not found.is_finite() or not 0 <= found <= 10_000 * 60 or found != found.to_integral_value():
        raise ValidationError(_("Write hours such as 1200.5."), code="hours")
    return int(found)


class SharePayForm(forms.Form):
    """From which bank account members' parts are paid."""

    bank = forms.ModelChoiceField(label=_("Bank account"), queryset=BankAccount.objects.none())
    rest = forms.BooleanField(label=_("Everything that is left, not the first part only"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["bank"].queryset = BankAccount.objects.filter(  # type: ignore[attr-defined]
            closed_on=None, currency=settings.COOPERATIVE_CURRENCY
        ).order_by("name")


class RedeemForm(SharePayForm):
    """Whose part is settled after leaving, and from which bank account."""

    number = LineField(label=_("Member number"), max_length=12)
    field_order = ("number", "bank")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["rest"]

    def clean_number(self) -> Member:
        """:raises ValidationError: if there is no such member"""
        return member_by_number(self.cleaned_data["number"])


class ReliefForm(forms.Form):
    """Which period's dues are relieved."""

    period = PeriodField(label=_("Period"))

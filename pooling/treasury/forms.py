"""What officers type about the cooperative's own money."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

from mutual.inputs import AmountField, DayField, LineField, PeriodField, TextField
from mutual.pages.forms import KeyedForm
from pooling.forms import member_by_number
from pooling.models import Charge, Fund
from pooling.treasury.models import BankAccount, Category

CURRENCY = settings.COOPERATIVE_CURRENCY


class _BankField(forms.ModelChoiceField):  # type: ignore[type-arg]
    def __init__(self, label: Any, **kwargs: Any) -> None:
        super().__init__(label=label, queryset=BankAccount.objects.filter(closed_on=None).order_by("name"), **kwargs)


class BankForm(forms.Form):
    """A bank account."""

    name = LineField(label=_("Name"), max_length=60)
    iban = LineField(label="IBAN", max_length=42, required=False)
    bic = LineField(label="BIC", max_length=11, required=False)

    def clean_iban(self) -> str:
        """:raises ValidationError: if it is no IBAN"""
        said = self.cleaned_data["iban"]
        try:
            return str(IBAN(said)) if said else ""
        except SchwiftyException as error:
            raise ValidationError(_("This is no valid IBAN."), code="iban") from error

    def clean_bic(self) -> str:
        """:raises ValidationError: if it is no BIC"""
        said = self.cleaned_data["bic"]
        try:
            return str(BIC(said)) if said else ""
        except SchwiftyException as error:
            raise ValidationError(_("This is no valid BIC."), code="bic") from error


class MoveForm(KeyedForm):
    """Money between own accounts."""

    source = _BankField(_("From"))
    target = _BankField(_("To"))
    amount = AmountField(label=_("Amount"), currency=CURRENCY)
    day = DayField(label=_("Day"))


class BalanceForm(forms.Form):
    """What the bank says."""

    bank = _BankField(_("Bank account"))
    day = DayField(label=_("End of day"))
    amount = AmountField(label=_("Balance by the bank"), currency=CURRENCY)


class ItemForm(KeyedForm):
    """A cost or an income."""

    category = forms.ModelChoiceField(label=_("Category"), queryset=Category.objects.none())
    amount = AmountField(label=_("Amount"), currency=CURRENCY)
    bank = _BankField(_("Bank account"))
    booked_on = DayField(label=_("Day at the bank"))
    text = LineField(label=_("What for"), max_length=140)
    voucher = LineField(label=_("Voucher number"), max_length=40, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].queryset = Category.objects.order_by("kind", "name")  # type: ignore[attr-defined]


class CategoryForm(forms.Form):
    """A category of costs or income."""

    kind = forms.ChoiceField(label=_("Cost or income"), choices=Category.Kind.choices)
    name = LineField(label=_("Name"), max_length=60)


class OpeningForm(forms.Form):
    """What a bank account or a fund starts with."""

    what = forms.ChoiceField(label=_("What starts with an amount"))
    amount = AmountField(label=_("Amount"), currency=CURRENCY)
    day = DayField(label=_("On"))
    text = TextField(label=_("What is decided, and why"), max_length=1000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        banks = BankAccount.objects.filter(closed_on=None).order_by("name")
        funds = Fund.objects.filter(closed_on=None).order_by("name")
        self.fields["what"].choices = [  # type: ignore[attr-defined]
            (_("Bank accounts"), [(f"bank-{bank.pk}", bank.name) for bank in banks]),
            (_("Funds"), [(f"fund-{fund.pk}", fund.name) for fund in funds]),
        ]


class RefundForm(forms.Form):
    """Pay back what was paid ahead."""

    number = LineField(label=_("Member number"), max_length=12)
    amount = AmountField(label=_("Amount"), currency=CURRENCY)
    bank = _BankField(_("From bank account"))
    text = TextField(label=_("What is decided, and why"), max_length=1000)

    def clean_number(self) -> Any:
        """:raises ValidationError: if there is no such member"""
        return member_by_number(self.cleaned_data["number"])


class WriteOffForm(forms.Form):
    """Give up what is open of a charge."""

    charge = forms.ModelChoiceField(label=_("Charge"), queryset=Charge.objects.none(), widget=forms.HiddenInput)
    text = TextField(label=_("What is decided, and why"), max_length=1000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["charge"].queryset = Charge.objects.all()  # type: ignore[attr-defined]


class BarredForm(forms.Form):
    """Give up several debts whose time has run out."""

    charge = forms.ModelMultipleChoiceField(
        label=_("Charges"), queryset=Charge.objects.none(), widget=forms.MultipleHiddenInput
    )
    text = TextField(label=_("What is decided, and why"), max_length=1000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["charge"].queryset = Charge.objects.all()  # type: ignore[attr-defined]


class ReversalForm(forms.Form):
    """Undo an entry."""

    entry = LineField(label=_("Entry"), max_length=36, help_text=_("Its id, as the journal shows it."))
    text = TextField(label=_("What is decided, and why"), max_length=1000)

    def clean_entry(self) -> uuid.UUID:
        """:raises ValidationError: if it is no id"""
        try:
            return uuid.UUID(self.cleaned_data["entry"])
        except ValueError as error:
            raise ValidationError(_("This is no entry's id."), code="entry") from error


class ReopeningForm(forms.Form):
    """Open the books again."""

    until = DayField(label=_("Open from this day on"))
    text = TextField(label=_("What is decided, and why"), max_length=1000)


class MonthForm(forms.Form):
    """The last month to close."""

    month = PeriodField(label=_("Close up to the end of"), help_text=_("A month such as 2026-10."))

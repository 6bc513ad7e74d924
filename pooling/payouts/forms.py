"""What officers type about pay runs and what funds give away."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from mutual.inputs import AmountField, DayField, TextField
from mutual.pages.forms import KeyedForm
from pooling.models import Fund
from pooling.payouts.models import PayRun
from pooling.treasury.models import BankAccount

CURRENCY = settings.COOPERATIVE_CURRENCY


class _BankField(forms.ModelChoiceField):  # type: ignore[type-arg]
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=_("From bank account"), queryset=BankAccount.objects.filter(closed_on=None).order_by("name"), **kwargs
        )


class _FundField(forms.ModelChoiceField):  # type: ignore[type-arg]
    def __init__(self, label: Any, **kwargs: Any) -> None:
        super().__init__(label=label, queryset=Fund.objects.filter(closed_on=None).order_by("name"), **kwargs)


class StartForm(KeyedForm):
    """Start a run as it was shown."""

    bank = _BankField()


class SeenForm(forms.Form):
    """What the page showed when the button was pressed: the index in ten-thousandths, and the sum in minor units."""

    parts = forms.IntegerField(min_value=0, max_value=10_000)
    payable = forms.IntegerField(min_value=0, max_value=10**15)


class TopUpForm(forms.Form):
    """Make up what a run left unpaid."""

    run = forms.ModelChoiceField(label=_("Pay run"), queryset=PayRun.objects.none(), to_field_name="number")
    amount = AmountField(label=_("Amount"), currency=CURRENCY, help_text=_("For all in the same proportion."))
    text = TextField(label=_("What is decided, and why"), max_length=1000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["run"].queryset = PayRun.objects.filter(  # type: ignore[attr-defined]
            state=PayRun.State.PAID, parts__lt=10_000
        ).order_by("-id")


class LoanForm(forms.Form):
    """A loan with its plan."""

    lender = _FundField(_("Lent by"))
    borrower = _FundField(_("Lent to"))
    amount = AmountField(label=_("Amount"), currency=CURRENCY)
    months = forms.IntegerField(label=_("Comes back in so many monthly parts"), min_value=1, max_value=240)
    first_on = DayField(label=_("First part on"))
    text = TextField(label=_("What is decided, and why"), max_length=1000)


class GrantForm(forms.Form):
    """A gift out of a fund."""

    fund = _FundField(_("Fund"))
    amount = AmountField(label=_("Amount"), currency=CURRENCY)
    bank = _BankField()
    text = TextField(label=_("To whom, and why"), max_length=1000)


class GiveBackForm(forms.Form):
    """Money of a fund for which the members shall find another purpose."""

    fund = _FundField(_("Fund"))
    amount = AmountField(label=_("Amount"), currency=CURRENCY)
    text = TextField(label=_("What is decided, and why"), max_length=1000)


class FloorForm(forms.Form):
    """Below what a fund gives nothing away."""

    fund = _FundField(_("Fund"))
    amount = AmountField(label=_("Hard floor"), currency=CURRENCY)
    text = TextField(label=_("What is decided, and why"), max_length=1000)


class RepayForm(forms.Form):
    """Repay sooner than planned, from what had come back when the page was opened."""

    amount = AmountField(label=_("Amount"), currency=CURRENCY)
    seen = forms.IntegerField(min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput)

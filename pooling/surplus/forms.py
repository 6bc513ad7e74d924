"""What officers type about a year's surplus."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from mutual.inputs import AmountField, LineField, PeriodField, TextField
from mutual.money import zero
from pooling.models import Fund
from pooling.surplus.models import Allocation
from pooling.surplus.years import Part


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


class ReliefForm(forms.Form):
    """Which period's dues are relieved."""

    period = PeriodField(label=_("Period"))

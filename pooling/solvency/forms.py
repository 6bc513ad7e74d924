"""What somebody tries on a fund's outlook: other dues, other waiting days, another ceiling."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from mutual import formats
from mutual.inputs import AmountField
from mutual.money import decimals, from_minor, minor, zero
from pooling.solvency import reports
from pooling.solvency.outlooks import Outlook, Wish

MOST_WAITING = 90
"""Days; the BCAC tables have hardly anybody who would still claim after that."""


class WishForm(forms.Form):
    """Dues a member and month, waiting days of each illness, and most paid for a claim."""

    def __init__(self, *args: Any, outlook: Outlook, **kwargs: Any) -> None:
        unit = outlook.currency
        self.outlook = outlook
        most_dues = reports.most_dues(outlook)
        most_paid = max(outlook.assumed.mean_cost * 4, minor(from_minor(10_000, unit)))
        kwargs.setdefault("initial", {
            "dues": from_minor(outlook.dues, unit), "waiting": outlook.assumed.waiting_days,
            "ceiling": None if outlook.assumed.ceiling is None else from_minor(outlook.assumed.ceiling, unit),
        })  # fmt: skip
        super().__init__(*args, **kwargs)
        whole = _whole(unit)
        self.fields["dues"] = AmountField(
            label=_("Dues for this fund, a member and month"), currency=unit, min_value=zero(unit),
            max_value=from_minor(max(most_dues * 10, whole * 1000), unit),
            help_text=_("Now %(amount)s.") % {"amount": formats.money(from_minor(outlook.dues, unit))},
        )  # fmt: skip
        _slide(self.fields["dues"], 0, most_dues, max(whole // 2, 1), whole)
        if outlook.assumed.sickness:
            self.fields["waiting"] = forms.IntegerField(
                label=_("Waiting days of each illness"), min_value=0, max_value=MOST_WAITING,
                help_text=_("Now %(days)s.") % {"days": outlook.assumed.waiting_days},
            )  # fmt: skip
            _slide(self.fields["waiting"], 0, MOST_WAITING, 1, 1)
        self.fields["ceiling"] = AmountField(
            label=_("Most paid for one claim"), currency=unit, required=False,
            help_text=_("Leave it empty for none."),
        )  # fmt: skip
        _slide(self.fields["ceiling"], whole * 50, -(-most_paid // (whole * 50)) * whole * 50, whole * 50, whole)

    def wish(self) -> Wish:
        """What was asked for."""
        said = self.cleaned_data
        waiting = said.get("waiting", self.outlook.assumed.waiting_days)
        return Wish(minor(said["dues"]), waiting, None if said["ceiling"] is None else minor(said["ceiling"]))


def _whole(currency: str) -> int:
    """One whole unit of a currency in minor units."""
    return int(10 ** decimals(currency))


def _slide(field: forms.Field, low: int, high: int, step: int, whole: int) -> None:
    """Say between what a slider may move; where scripts do not run there is only the box to type in."""
    field.widget.attrs.update({"data-slide": f"{low} {high} {step} {whole}"})

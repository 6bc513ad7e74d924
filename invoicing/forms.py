"""What members type about clients and invoices."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError as WrongNumber

from invoicing.invoices import MOST_LINES, NewLine
from invoicing.models import Client, VatCategory
from mutual.currencies import MONEY
from mutual.inputs import AmountField, CountryField, DayField, LineField, TextField
from mutual.money import Money, zero
from mutual.pages.forms import KeyedForm


def _vat_id(said: str) -> str:
    if not said:
        return ""
    try:
        return str(eu_vat.validate(said))
    except WrongNumber as error:
        raise ValidationError(_("This is no valid VAT id of an EU country."), code="vat_id") from error


class _Party(forms.Form):
    name = LineField(label=_("Name"), max_length=120)
    street = LineField(label=_("Street and number"), max_length=120, required=False)
    postcode = LineField(label=_("Postcode"), max_length=16, required=False)
    city = LineField(label=_("Town"), max_length=80)
    country = CountryField(initial="DE")
    email = forms.EmailField(label=_("E-mail"), max_length=254, required=False)
    vat_id = LineField(label=_("VAT id"), max_length=20, required=False)

    def clean_vat_id(self) -> str:
        """:raises ValidationError: if it is no VAT id"""
        return _vat_id(self.cleaned_data["vat_id"])


class ClientForm(_Party):
    """A client."""

    language = forms.ChoiceField(label=_("Language of invoices"), choices=settings.LANGUAGES)


class IssuerForm(_Party):
    """What one's invoices say."""

    tax_number = LineField(label=_("Tax number"), max_length=30, required=False)
    iban = LineField(label="IBAN", max_length=42, required=False)
    bic = LineField(label="BIC", max_length=11, required=False)
    days_to_pay = forms.IntegerField(label=_("Days to pay"), min_value=0, max_value=120)
    number_prefix = forms.RegexField(
        label=_("Letters before the numbers"), regex=r"^[A-Z0-9-]{0,10}$", max_length=10, required=False,
        help_text=_("Capital letters, digits and dashes, or nothing."),
    )  # fmt: skip
    currency = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in MONEY])
    vat_category = forms.ChoiceField(label=_("VAT, as a rule"), choices=VatCategory.choices)
    vat_rate = forms.DecimalField(
        label=_("VAT rate, in percent"), min_value=Decimal("0.01"), max_value=100, max_digits=5, decimal_places=2
    )
    exemption = LineField(label=_("Why no VAT is charged"), max_length=200, required=False)
    terms = TextField(label=_("Terms, under the sum"), max_length=500, required=False)

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


class InvoiceForm(KeyedForm):
    """An invoice without its lines."""

    client = forms.ModelChoiceField(label=_("Client"), queryset=Client.objects.none())
    supplied_from = DayField(label=_("Supplied from"))
    supplied_until = DayField(label=_("Supplied until"))
    reference = LineField(label=_("Client's reference"), max_length=80, required=False)
    introduction = TextField(label=_("Words before the lines"), max_length=1000, required=False)

    def __init__(self, *args: Any, member_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client"].queryset = Client.objects.filter(  # type: ignore[attr-defined]
            member_id=member_id, archived_on=None
        ).order_by("name")

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: if it ends before it begins"""
        cleaned = super().clean() or {}
        first, last = cleaned.get("supplied_from"), cleaned.get("supplied_until")
        if first and last and last < first:
            raise ValidationError({"supplied_until": _("The last day comes after the first.")})
        return cleaned


class LineForm(forms.Form):
    """One line of an invoice; an empty one is left out."""

    text = LineField(label=_("What"), max_length=400, required=False)
    quantity = forms.DecimalField(
        label=_("Quantity"), min_value=Decimal("0.000001"), max_value=10**7, max_digits=14, decimal_places=6,
        required=False, localize=True, initial=Decimal(1),
    )  # fmt: skip
    unit = LineField(label=_("Unit"), max_length=20, required=False)
    category = forms.ChoiceField(label=_("VAT"), choices=VatCategory.choices)
    rate = forms.DecimalField(
        label=_("Rate %"), min_value=Decimal("0.01"), max_value=100, max_digits=5, decimal_places=2, required=False
    )

    field_order = ("text", "quantity", "unit", "price", "category", "rate")

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["price"] = AmountField(
            label=_("Price of one"), currency=currency, required=False, min_value=zero(currency),
            max_value=Money(10**9, currency),
        )  # fmt: skip
        self.order_fields(self.field_order)

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: if a line that says something lacks its price or rate"""
        cleaned = super().clean() or {}
        if self.errors or not cleaned.get("text"):
            if cleaned.get("price") and not cleaned.get("text"):
                raise ValidationError({"text": _("Say what this line is for.")})
            return cleaned
        if cleaned.get("price") is None:
            raise ValidationError({"price": _("Give the price of one.")})
        if cleaned["category"] == VatCategory.S and cleaned.get("rate") is None:
            raise ValidationError({"rate": _("Give the VAT rate.")})
        return cleaned

    def line(self) -> NewLine | None:
        """The line, or None where the form is empty."""
        said = self.cleaned_data
        if not said.get("text"):
            return None
        return NewLine(
            said["text"], said.get("quantity") or Decimal(1), said["unit"], said["price"].amount, said["category"],
            said["rate"] if said["category"] == VatCategory.S else None,
        )  # fmt: skip


def line_forms(
    data: Mapping[str, Any] | None, *, currency: str, first: list[dict[str, Any]], blank: dict[str, Any], more: int
) -> list[LineForm]:
    """The forms of an invoice's lines: as many as were sent or are there, and ``more`` empty ones."""
    if data is not None:
        sent = str(data.get("lines", ""))
        count = min(int(sent), MOST_LINES) if sent.isdecimal() and len(sent) < 4 else 0
        return [LineForm(data, prefix=f"line{n}", currency=currency) for n in range(count)]
    starts = [*first, *([blank] * more)][:MOST_LINES]
    return [LineForm(prefix=f"line{n}", currency=currency, initial=start) for n, start in enumerate(starts)]


class ReceiptForm(KeyedForm):
    """A client's payment."""

    paid_on = DayField(label=_("Day"))

    def __init__(self, *args: Any, open_amount: Money, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"] = AmountField(
            label=_("Amount"), currency=str(open_amount.currency), max_value=open_amount, initial=open_amount
        )

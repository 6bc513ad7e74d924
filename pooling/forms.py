"""What officers type about funds, dues and payments."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from members.models import Member
from mutual import formats
from mutual.inputs import AmountField, DayField, LineField, PeriodField, TextField
from mutual.money import zero
from mutual.pages.forms import KeyedForm
from pooling import reports
from pooling.dues import More, RateOf, ShareOf
from pooling.models import DuesPlan, Fund
from pooling.treasury.models import BankAccount


class FundForm(forms.Form):
    """A fund's words and figures."""

    name = LineField(label=_("Name"), max_length=60)
    description = TextField(label=_("What it is for"), max_length=500)
    promise = forms.ChoiceField(
        label=_("Promise"), choices=Fund.Promise.choices,
        help_text=_("Pages, letters and statements use only words that this promise allows."),
    )  # fmt: skip

    def __init__(self, *args: Any, currency: str, opened: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["target"] = AmountField(label=_("Target"), currency=currency, required=False)
        if opened:
            self.fields["floor"] = AmountField(
                label=_("Floor"), currency=currency, min_value=zero(currency),
                help_text=_("No claim can take the fund below this."),
            )  # fmt: skip


class ChargeForm(forms.Form):
    """Which period to charge."""

    period = PeriodField(label=_("Period"), help_text=_("Such as 2026-11, 2026-Q4 or 2026."))


class PlanForm(forms.Form):
    """A dues plan or a new version of one; shares are entered for each fund and for running costs."""

    def __init__(self, *args: Any, plan: DuesPlan | None, currency: str, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.funds = list(Fund.objects.filter(closed_on=None, currency=currency).order_by("name"))
        if plan is None:
            self.fields["name"] = LineField(label=_("Name"), max_length=60)
            self.fields["every"] = forms.ChoiceField(
                label=_("How often"), choices=DuesPlan.Every.choices, initial="MONTH"
            )
            self.fields["basis"] = forms.ChoiceField(label=_("What the dues depend on"), choices=DuesPlan.Basis.choices)
            self.fields["anchored_on"] = DayField(
                label=_("Periods counted from"), required=False,
                help_text=_("Leave it empty for calendar periods. A month too short for that day ends on its last."),
            )  # fmt: skip
        self.currency = currency
        self.fields["amount"] = AmountField(
            label=_("Amount"), currency=currency,
            help_text=_("With levels or bands: what is asked of whoever has none. With a percentage: the most."),
        )  # fmt: skip
        self.fields["rates"] = TextField(
            label=_("Levels or bands"), max_length=2000, required=False,
            help_text=_("One a line: its name, a colon, its amount. Such as “Up to 1,500 a month: 22.50”."),
        )  # fmt: skip
        self.fields["percent"] = forms.DecimalField(
            label=_("Percentage of what a member invoiced"), min_value=0, max_value=100, decimal_places=2,
            required=False,
        )  # fmt: skip
        self.fields["least"] = AmountField(
            label=_("At least"), currency=currency, min_value=zero(currency), required=False
        )
        self.fields["by_day"] = forms.BooleanField(
            label=_("Charge by the day whoever joins, leaves or moves within a period"), required=False, initial=True
        )
        self.fields["in_work"] = forms.BooleanField(
            label=_("A task may take the place of a period's dues"), required=False
        )
        self.fields["decided"] = LineField(
            label=_("Decided by"), max_length=120, required=False, help_text=_("Such as: assembly of 12 May 2026.")
        )
        self.fields["valid_from"] = DayField(label=_("From"), initial=today.replace(day=1))
        self.fields["days_to_pay"] = forms.IntegerField(label=_("Days to pay"), min_value=0, max_value=120, initial=14)
        for fund in self.funds:
            self.fields[f"share_{fund.pk}"] = forms.IntegerField(
                label=_("Share of %(fund)s") % {"fund": fund.name}, min_value=0, max_value=100_000, initial=0,
                required=False,
            )  # fmt: skip
        for fund in self.funds:
            self.fields[f"buffer_{fund.pk}"] = forms.IntegerField(
                label=_("Share of the member's own buffer in %(fund)s") % {"fund": fund.name}, min_value=0,
                max_value=100_000, initial=0, required=False,
            )  # fmt: skip
        self.fields["share_costs"] = forms.IntegerField(
            label=_("Share of running costs"), min_value=0, max_value=100_000, initial=0, required=False
        )

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: if no share is above zero"""
        cleaned = super().clean() or {}
        if not self.errors and not self.shares():
            raise ValidationError(_("Give at least one share a weight above zero."), code="no_shares")
        return cleaned

    def clean_rates(self) -> tuple[RateOf, ...]:
        """:raises ValidationError: if a line has no name or no amount"""
        found = []
        amount = AmountField(currency=self.currency)
        for line in str(self.cleaned_data.get("rates") or "").splitlines():
            name, _colon, text = line.rpartition(":")
            if not line.strip():
                continue
            if not name.strip():
                raise ValidationError(_("Write each line as a name, a colon and an amount."), code="rates")
            found.append(RateOf(name.strip()[:60], amount.clean(text.strip())))
        return tuple(found)

    def more(self) -> More:
        """What the version says beyond its amount and shares."""
        said = self.cleaned_data
        return More(
            rates=said["rates"], permyriad=int((said["percent"] or 0) * 100), least=said["least"],
            by_day=said["by_day"], in_work=said["in_work"], decided=said["decided"],
        )  # fmt: skip

    def shares(self) -> list[ShareOf]:
        """The shares above zero."""
        said = [
            *(ShareOf(fund.pk, self._weight(f"share_{fund.pk}")) for fund in self.funds),
            *(ShareOf(fund.pk, self._weight(f"buffer_{fund.pk}"), buffer=True) for fund in self.funds),
            ShareOf(None, self._weight("share_costs")),
        ]
        return [share for share in said if share.weight]

    def _weight(self, name: str) -> int:
        return self.cleaned_data.get(name) or 0


class PutOnPlanForm(forms.Form):
    """Which member goes on which plan, at which of its levels, since when."""

    number = LineField(
        label=_("Member number"), max_length=12, help_text=_("Such as M-000123; it stands in the list of members.")
    )
    plan = forms.ChoiceField(
        label=_("Plan"), help_text=_("Where dues go by level or by income band, choose the member's own.")
    )
    since = DayField(label=_("Since"))

    def __init__(self, *args: Any, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plan"].choices = [("", _("Choose…")), *plan_choices(today)]  # type: ignore[attr-defined]

    def clean_number(self) -> Member:
        """:raises ValidationError: if there is no such member"""
        return member_by_number(self.cleaned_data["number"])

    def placed(self) -> tuple[int, int | None]:
        """The plan's id and the level on it, None where there is none."""
        plan, _dash, place = self.cleaned_data["plan"].partition("-")
        return int(plan), int(place) if place else None


def plan_choices(on: dt.date) -> list[tuple[str, Any]]:
    """Every plan as one line of a list, one with levels or bands as a group of lines, with what they cost on that day.

    A plan that begins later shows what it will cost, so that members can be put on it before.
    """
    found: list[tuple[str, Any]] = []
    for view in reports.plans(on):
        plan = view.plan
        if plan.every == DuesPlan.Every.ONCE:
            continue
        version = view.version or min(plan.versions.all(), key=lambda one: one.valid_from)
        lines = [
            (f"{plan.pk}-{rate.place}", f"{rate.name}: {formats.money(rate.money)}") for rate in version.rates.all()
        ]
        if lines:
            none = _("None of these: %(amount)s") % {"amount": formats.money(version.amount)}
            found.append((plan.name, [*lines, (str(plan.pk), none)]))
        else:
            found.append((str(plan.pk), f"{plan.name}: {view.words}"))
    return found


class OnceForm(forms.Form):
    """Which member is charged what is due once."""

    number = LineField(label=_("Member number"), max_length=12)

    def clean_number(self) -> Member:
        """:raises ValidationError: if there is no such member"""
        return member_by_number(self.cleaned_data["number"])


class PaymentForm(KeyedForm):
    """Money that came in at the bank."""

    number = LineField(
        label=_("Member number"), max_length=12, required=False,
        help_text=_("Leave it empty if you cannot tell whose it is; it waits until you can."),
    )  # fmt: skip
    bank = forms.ModelChoiceField(label=_("Bank account"), queryset=BankAccount.objects.none())
    received_on = DayField(label=_("Day at the bank"))
    reference = LineField(label=_("What the bank says"), max_length=140, required=False)

    field_order = ("number", "amount", "bank", "received_on", "reference", "form_key")

    def __init__(self, *args: Any, currency: str = settings.COOPERATIVE_CURRENCY, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"] = AmountField(label=_("Amount"), currency=currency)
        self.fields["bank"].queryset = BankAccount.objects.filter(  # type: ignore[attr-defined]
            closed_on=None, currency=currency
        ).order_by("name")
        self.order_fields(self.field_order)

    def clean_number(self) -> Member | None:
        """:raises ValidationError: if there is no such member"""
        return member_by_number(self.cleaned_data["number"]) if self.cleaned_data["number"] else None


class PlaceForm(forms.Form):
    """Whose a payment is."""

    number = LineField(label=_("Member number"), max_length=12)

    def clean_number(self) -> Member:
        """:raises ValidationError: if there is no such member"""
        return member_by_number(self.cleaned_data["number"])


def member_by_number(number: str) -> Member:
    """The member with a number, as typed.

    :raises ValidationError: if there is none who was ever admitted
    """
    member = Member.objects.filter(number=number.strip().upper(), joined_on__isnull=False).first()
    if member is None:
        raise ValidationError(_("There is no member with that number."), code="no_member")
    return member

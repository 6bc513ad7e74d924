"""What members and officers type about claims."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from members.models import Member
from mutual.inputs import AmountField, DayField, FilesField, TextField
from mutual.money import Money, minor, zero
from mutual.pages.forms import KeyedForm
from pooling.benefits.facts import Asked, ComesIn
from pooling.claims import entitlements
from pooling.claims.evidence import OFFICERS
from pooling.claims.models import Claim, Evidence, Sample
from pooling.models import Fund

MOST_CHILDREN = 20
"""At one birth; the table and the engine refuse more."""


class ClaimForm(KeyedForm):
    """A claim: fund, occasion, days, amount; what happened and the files go into the vault."""

    fund = forms.ModelChoiceField(label=_("Fund"), queryset=Fund.objects.none(), empty_label=_("Choose a fund"))
    occasion = forms.ChoiceField(
        label=_("Occasion"), choices=Claim.Occasion.choices, help_text=_("No diagnosis, please: nobody needs it.")
    )
    first_day = DayField(label=_("First day"))
    last_day = DayField(label=_("Last day"))
    words = TextField(
        label=_("What happened"), required=False, max_length=4000,
        help_text=_("Sealed: only claims officers who decide can open it, and you see who did."),
    )  # fmt: skip
    evidence_kind = forms.ChoiceField(
        label=_("What you send"), required=False, choices=[("", _("Nothing now")), *Evidence.Kind.choices],
        help_text=_("Illness: a certificate. A child: the birth record. A lost client: the notice of insolvency or the "
                    "letter that ends the work. A broken tool: the bill."),
    )  # fmt: skip
    attached = FilesField(
        label=_("Photos or PDFs"), required=False,
        help_text=_("Take a photo with your telephone, or choose up to six files. They are sealed as well."),
    )  # fmt: skip

    ongoing = forms.BooleanField(
        label=_("It goes on after the last day"), required=False,
        help_text=_("For an illness: the last day is how far the certificate reaches; it may lie up to three months "
                    "ahead. You are paid month by month and send the next certificate in time."),
    )  # fmt: skip
    incapacity = forms.IntegerField(
        label=_("How far you cannot work, in percent"), required=False, min_value=1, max_value=100, initial=100,
        help_text=_("As certified; 100 if you cannot work at all."),
    )  # fmt: skip

    ASKED = {
        "cost": _("What it cost, or the invoice that is not paid"),
        "other_cover": _("What another insurance pays, by the month"),
        "continuing_income": _("What you still earn, by the month"),
        "state_benefit": _("What the state pays, by the month"),
    }
    """What is asked where the fund's rules go by it, and only there."""

    field_order = (
        "fund", "occasion", "first_day", "last_day", "children", *ASKED, "ongoing", "incapacity", "amount", "words",
        "evidence_kind", "attached", "form_key",
    )  # fmt: skip

    def __init__(self, *args: Any, member: Member, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        currency = member.currency
        self.fields["fund"].queryset = Fund.objects.filter(  # type: ignore[attr-defined]
            closed_on=None, currency=currency
        ).order_by("name")
        self.fields["amount"] = AmountField(
            label=_("Amount"), currency=currency, required=False,
            help_text=_("Leave it empty where the fund has rules: they say how much."),
        )  # fmt: skip
        self.fields["occasion"].choices = entitlements.occasions(currency, today)  # type: ignore[attr-defined]
        self.today, self.member = today, member
        self.asked = self._asked()
        if self.asked.children:
            self.fields["children"] = forms.IntegerField(
                label=_("How many children?"), min_value=1, max_value=MOST_CHILDREN, initial=1,
                help_text=_("Born at this birth: the fund's rules pay for each of them."),
            )  # fmt: skip
        by_cost = "cost" in self.asked.comes_in
        for name in self.asked.comes_in:
            is_cost = name == "cost"
            self.fields[name] = AmountField(
                label=_("What others pay of it") if by_cost and not is_cost else self.ASKED[name], currency=currency,
                min_value=None if is_cost else zero(currency),
                help_text=_("The fund's rules go by it.")
                if is_cost
                else _("The fund's rules take it off. Write 0 if there is none."),
            )  # fmt: skip
        self.order_fields(self.field_order)

    def _asked(self) -> Asked:
        """What the rules of the fund that is chosen go by, for the occasion that is chosen."""
        fund = str(self.data.get("fund", "") if self.is_bound else self.initial.get("fund", ""))
        occasion = str(self.data.get("occasion", "") if self.is_bound else self.initial.get("occasion", "ILLNESS"))
        if not (fund.isascii() and fund.isdecimal() and len(fund) < 16):
            return Asked()
        day = self.today
        if self.is_bound:
            try:
                day = self.fields["first_day"].clean(self.data.get("first_day"))
            except ValidationError:
                day = self.today
        return entitlements.asked(member_id=self.member.pk, fund_id=int(fund), occasion=occasion, on=day)

    @property
    def asks_now(self) -> bool:
        """Whether something is asked that was not on the form she sent."""
        asked = (*self.asked.comes_in, *(["children"] if self.asked.children else []))
        return self.is_bound and any(name not in self.data for name in asked)

    def comes_in(self) -> ComesIn:
        """What still comes in, as she says it."""
        return ComesIn(**{name: minor(self.cleaned_data[name]) for name in self.asked.comes_in})

    def count(self) -> int:
        """How many children it is for; one where that is not asked."""
        return int(self.cleaned_data.get("children", 1))

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: if it ends before it begins"""
        cleaned = super().clean() or {}
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            raise ValidationError({"last_day": _("The last day comes after the first.")})
        cleaned["incapacity"] = cleaned.get("incapacity") or 100
        if cleaned.get("attached") and not cleaned.get("evidence_kind"):
            raise ValidationError({"evidence_kind": _("Say what the files are.")})
        return cleaned


class EvidenceForm(KeyedForm):
    """More files for a claim."""

    kind = forms.ChoiceField(label=_("What you send"), choices=Evidence.Kind.choices)
    attached = FilesField(
        label=_("Photos or PDFs"), help_text=_("Take a photo with your telephone, or choose up to six files.")
    )

    field_order = ("kind", "attached", "form_key")


class CertificateForm(KeyedForm):
    """The next certificate of a claim that goes on, with its picture."""

    from_on = DayField(label=_("From"))
    until_on = DayField(label=_("Up to and with"))
    incapacity = forms.IntegerField(
        label=_("How far you cannot work, in percent"), min_value=0, max_value=100, initial=100,
        help_text=_("Less than before where you return step by step."),
    )  # fmt: skip
    attached = FilesField(label=_("Photos or PDFs"))

    field_order = ("from_on", "until_on", "incapacity", "attached", "form_key")

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: if it ends before it begins"""
        cleaned = super().clean() or {}
        first, last = cleaned.get("from_on"), cleaned.get("until_on")
        if first and last and last < first:
            raise ValidationError({"until_on": _("The last day comes after the first.")})
        return cleaned


class FinishForm(forms.Form):
    """Well again."""

    last_day = DayField(label=_("Last day you could not work"))


class SampleForm(forms.Form):
    """What reading a paid claim again showed."""

    verdict = forms.ChoiceField(label=_("What you found"), choices=Sample.Verdict.choices, widget=forms.RadioSelect)


class OpenForm(forms.Form):
    """Which sealed paper an officer opens, and why."""

    why = forms.ChoiceField(label=_("Why I open it"), choices=[(why.value, why.label) for why in OFFICERS])
    place = forms.RegexField(regex=r"^[a-z]+(/[0-9]{1,3})?$")


class DeskRulesForm(forms.Form):
    """New figures for the desk, from a day on."""

    valid_from = DayField(label=_("From"))
    appeal_days = forms.IntegerField(
        label=_("Days to appeal a decision"), min_value=14, max_value=365, help_text=_("At least 14.")
    )
    answer_days = forms.IntegerField(label=_("Days a juror has to answer"), min_value=2, max_value=60)
    juror_minutes = forms.IntegerField(label=_("Minutes a juror is thanked with"), min_value=0, max_value=600)
    keep_months = forms.IntegerField(
        label=_("Months the papers of a closed claim can be read"), min_value=1, max_value=120
    )
    sample_percent = forms.IntegerField(label=_("Percent of paid claims read again"), min_value=0, max_value=100)
    remind_days = forms.IntegerField(label=_("Days before a certificate ends to remind"), min_value=1, max_value=60)
    text = TextField(label=_("What is decided, and why"))

    field_order = (
        "valid_from", "four_eyes_above", "appeal_days", "answer_days", "juror_minutes", "keep_months",
        "sample_percent", "remind_days", "text",
    )  # fmt: skip

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["four_eyes_above"] = AmountField(
            label=_("Two officers above"), currency=currency, min_value=zero(currency),
            help_text=_("Zero: two officers decide every claim."),
        )  # fmt: skip
        self.order_fields(self.field_order)


class _Deciding(forms.Form):
    """Why officers decide otherwise than the fund's rules: asked only where it has some, and its promise allows it."""

    def __init__(self, *args: Any, free: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if free:
            self.fields["deviation"] = TextField(
                label=_("Why, if it is not what the rules say"), required=False, max_length=1000,
                widget=forms.Textarea(attrs={"rows": 3}),
                help_text=_("At least a sentence. It is sealed, and the member reads it."),
            )  # fmt: skip


class ApproveForm(_Deciding):
    """How much a first officer approves."""

    def __init__(self, *args: Any, claimed: Money, ruled: Money | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = claimed if ruled is None else max(claimed, ruled)
        self.fields["amount"] = AmountField(
            label=_("Amount approved"), currency=str(claimed.currency), max_value=most, initial=ruled or claimed
        )
        self.order_fields(("amount", "deviation"))


class RefuseForm(_Deciding):
    """Why a claim is refused."""

    reason = forms.ChoiceField(label=_("Reason, as the member will read it"), choices=Claim.Reason.choices)

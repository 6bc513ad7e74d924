"""What officers fill in to set a fund's rules, without code: one benefit at a time."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dates import WEEKDAYS
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from members.models import Member
from mutual.inputs import AmountField, DayField, LineField, TextField
from mutual.money import Money, decimals, from_minor, minor
from pooling.benefits.facts import ComesIn
from pooling.benefits.terms import EVERY_DAY, Benefit, By, Partial, Span, Terms
from pooling.forms import member_by_number

_UNITS = (("days", _("days")), ("months", _("months")))
_STEP = re.compile(r"(\d{1,5})\s+(days?|months?)\s*:\s*([\d.]+)\s*%?", re.ASCII | re.IGNORECASE)
CAUSES = (
    ("ILLNESS", _("Illness")), ("ACCIDENT", _("Accident")), ("WORK_ACCIDENT", _("Accident at work")),
    ("PREGNANCY", _("Pregnancy")), ("CHILD", _("Birth or care of a child")), ("BIRTH", _("Birth of a child")),
    ("CARE", _("Care of somebody close")), ("DEATH", _("Death")), ("LOST_CLIENT", _("A client lost")),
    ("BROKEN_TOOL", _("A broken tool")), ("UNPAID", _("An invoice not paid")), ("OTHER", _("Something else")),
)  # fmt: skip


def _whole(label: Any, most: int = 36_500, least: int = 0, **more: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=least, max_value=most, required=False, **more)


def _share(label: Any, **more: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, min_value=Decimal("0.0001"), max_value=100, decimal_places=4, required=False, **more
    )


class BenefitForm(forms.Form):
    """One benefit of a fund's rules, from when it is valid, and why."""

    title = LineField(label=_("What it is called"), max_length=60)
    causes = forms.MultipleChoiceField(
        label=_("What for"),
        choices=CAUSES,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Each belongs to one benefit."),
    )
    by = forms.ChoiceField(label=_("The rate comes from"), choices=[
        ("FLAT", _("one amount for everybody")), ("LEVEL", _("the level a member has chosen")),
        ("EARNINGS", _("what was earned before")), ("COST", _("what it cost, or a bill that was not paid")),
    ])  # fmt: skip
    per = forms.ChoiceField(label=_("and is paid"), choices=[
        ("DAY", _("by the day")), ("WEEK", _("by the week")), ("MONTH", _("by the month")), ("ONCE", _("once")),
    ])  # fmt: skip
    percent = _share(
        _("Percentage of earnings or cost"), help_text=_("Where the rate comes from earnings or from what it cost.")
    )
    levels = TextField(
        label=_("Levels"), required=False, help_text=_("Where it comes from levels: one a line, such as 1: 750.")
    )
    waiting_months = _whole(_("Months before a new member is covered"), 1200)
    own_risk = _whole(_("Own risk at the beginning of an absence"))
    own_risk_unit = forms.ChoiceField(label=_("Own risk in"), choices=_UNITS)
    duration = _whole(_("Longest duration"), least=1)
    duration_unit = forms.ChoiceField(label=_("Duration in"), choices=_UNITS, initial="months")
    steps = TextField(
        label=_("Steps over time"),
        required=False,
        help_text=_("One a line, such as 6 months: 50 % for half of it then."),
    )
    weekdays = forms.MultipleChoiceField(
        label=_("Days of the week that count"), widget=forms.CheckboxSelectMultiple,
        initial=[str(n) for n in EVERY_DAY], choices=[(str(n), WEEKDAYS[n - 1]) for n in EVERY_DAY],
    )  # fmt: skip
    paid_from_start = _whole(_("Paid from its first day if it lasts so many days"), least=1)
    clock = forms.ChoiceField(label=_("Duration and steps run from"), choices=[
        ("OCCURRED", _("the first day of the absence")), ("AFTER_OWN_RISK", _("the end of the own risk")),
    ])  # fmt: skip
    recurrence_months = _whole(_("The same cause continues the claim within months"), 1200)
    partial_least = _whole(_("In part unable to work: paid from percent"), 100, 1, initial=100)
    partial_full = _whole(_("paid whole from percent"), 100, 1, initial=100)
    within_most = _whole(_("At most so many days"), least=1)
    within_months = _whole(_("within any so many months"), 1200, 1)
    frequency_most = _whole(_("At most so many claims"), least=1)
    frequency_months = _whole(_("within so many months"), 1200, 1)
    earnings_cap = _share(_("At most this percentage of earnings, with what still comes in"))
    units_most = _whole(_("Units one member can hold"), 1000, 1, initial=1)
    age_from = _whole(_("From the age of"), 150)
    age_until = _whole(_("Until the age of"), 150, 1)
    report_within = _whole(_("To be reported within days"))
    pay_within = _whole(
        _("To be paid within working days"), 365, 1, help_text=_("For what is paid once: Monday to Friday.")
    )
    valid_from = DayField(label=_("Valid from"))
    why = LineField(label=_("What is decided, and why"), max_length=2000)
    text = TextField(
        label=_("The rules in your words"), required=False, max_length=8000,
        help_text=_("What members read first; without it, the words made from the rules."),
    )  # fmt: skip

    AMOUNTS = ("amount", "ceiling", "ceiling_claim", "ceiling_year", "ceiling_member")
    MAIN = (
        "title", "causes", "by", "per", "amount", "percent", "ceiling", "levels", "waiting_months", "own_risk",
        "own_risk_unit", "duration", "duration_unit", "steps",
    )  # fmt: skip
    MORE = (
        "weekdays", "paid_from_start", "clock", "recurrence_months", "partial_least", "partial_full", "within_most",
        "within_months", "ceiling_claim", "ceiling_year", "ceiling_member", "frequency_most", "frequency_months",
        "earnings_cap", "units_most", "age_from", "age_until", "report_within", "pay_within",
    )  # fmt: skip
    LAST = ("valid_from", "why", "text")

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        labels = {
            "amount": _("Amount"), "ceiling": _("At most, by the month or once"),
            "ceiling_claim": _("At most for one claim"), "ceiling_year": _("At most in a calendar year"),
            "ceiling_member": _("At most for one member in all"),
        }  # fmt: skip
        for name in self.AMOUNTS:
            self.fields[name] = AmountField(label=labels[name], currency=currency, required=False)
        self.order_fields([*self.MAIN, *self.MORE, *self.LAST])

    @property
    def main(self) -> list[forms.BoundField]:
        """What every benefit has."""
        return [self[name] for name in self.MAIN]

    @property
    def more(self) -> list[forms.BoundField]:
        """What some have."""
        return [self[name] for name in self.MORE]

    @property
    def more_wrong(self) -> bool:
        """Whether something there is to be corrected."""
        return any(name in self.errors for name in self.MORE) if self.is_bound else False

    @property
    def last(self) -> list[forms.BoundField]:
        """From when, and why."""
        return [self[name] for name in self.LAST]

    def clean_levels(self) -> list[dict[str, Any]]:
        """:raises ValidationError: if a line is no level"""
        read = AmountField(currency=self.currency)
        found = []
        for line in self.cleaned_data["levels"].splitlines():
            name, _colon, amount = line.rpartition(":")
            if line.strip():
                if not name.strip():
                    raise ValidationError(_("Write a level a line, such as 1: 750."))
                found.append({"name": name.strip()[:40], "amount": minor(read.clean(amount.strip()))})
        return found

    def clean_steps(self) -> list[dict[str, Any]]:
        """:raises ValidationError: if a line is no step"""
        found = []
        for line in self.cleaned_data["steps"].splitlines():
            if line.strip():
                match = _STEP.fullmatch(line.strip())
                if match is None:
                    raise ValidationError(_("Write a step a line, such as 6 months: 50 %."))
                unit = "months" if match[2].lower().startswith("month") else "days"
                try:
                    percent = str(Decimal(match[3]))
                except InvalidOperation as error:
                    raise ValidationError(_("Write a step a line, such as 6 months: 50 %.")) from error
                found.append({"after": {unit: int(match[1])}, "percent": percent})
        return found

    def terms(self, base: Terms | None, rule: str) -> dict[str, Any]:
        """The whole rules as JSON: the base's other benefits, and this one in its place or at the end.

        :param rule: the benefit that is changed, empty for a new one
        """
        said = self.cleaned_data
        others = [one.to_json() for one in base.benefits] if base else []
        rules = [one["rule"] for one in others]
        name = rule or _free(slugify(said["title"])[:32].strip("-") or "benefit", rules)
        pays: dict[str, Any] = {"by": said["by"], "per": said["per"]}
        if said["by"] == "FLAT":
            pays["amount"] = minor(said["amount"]) if said["amount"] else None
        if said["by"] in ("EARNINGS", "COST"):
            pays["percent"] = _text(said["percent"])
            pays["ceiling"] = minor(said["ceiling"]) if said["ceiling"] else None
        benefit: dict[str, Any] = {
            "rule": name, "title": said["title"], "causes": list(said["causes"]), "pays": pays,
            "waiting_months": said["waiting_months"] or 0, "recurrence_months": said["recurrence_months"] or 0,
            "own_risk": {said["own_risk_unit"]: said["own_risk"] or 0}, "steps": said["steps"],
            "duration": {said["duration_unit"]: said["duration"]} if said["duration"] else None,
            "clock": said["clock"], "weekdays": [int(day) for day in said["weekdays"]],
            "partial": {"least": said["partial_least"] or 100, "full": said["partial_full"] or 100},
            "units_most": said["units_most"] or 1, "earnings_cap": _text(said["earnings_cap"]),
        }  # fmt: skip
        for key in ("paid_from_start", "age_from", "age_until", "report_within", "pay_within"):
            benefit[key] = said[key]
        for key in ("ceiling_claim", "ceiling_year", "ceiling_member"):
            benefit[key] = minor(said[key]) if said[key] else None
        for key in ("within", "frequency"):
            most, months = said[f"{key}_most"], said[f"{key}_months"]
            benefit[key] = {"most": most or 0, "months": months or 0} if most or months else None
        found = [benefit if one["rule"] == rule else one for one in others]
        if rule not in rules:
            found.append(benefit)
        by_level = any(one["pays"]["by"] == "LEVEL" for one in found)
        levels = said["levels"] or ([one.to_json() for one in base.levels] if base else [])
        return {"currency": self.currency, "benefits": found, "levels": levels if by_level else []}


def _free(name: str, taken: list[str]) -> str:
    name = name if name[0].isalpha() else f"b-{name}"
    numbered = (f"{name}-{n}" for n in range(2, 1000))
    return name if name not in taken else next(one for one in numbered if one not in taken)


def _text(percent: Decimal | None) -> str | None:
    return None if percent is None else f"{percent.normalize():f}"


def first(benefit: Benefit | None, terms: Terms | None, valid_from: dt.date) -> dict[str, Any]:
    """What stands in the form at first: a benefit as it is."""
    found: dict[str, Any] = {"valid_from": valid_from}
    if terms is not None:
        found["levels"] = "\n".join(
            f"{one.name}: {from_minor(one.amount, terms.currency).amount:.{decimals(terms.currency)}f}"
            for one in terms.levels
        )
    if benefit is None or terms is None:
        return found
    unit = terms.currency
    partial: Partial = benefit.partial
    found |= {
        "title": benefit.title, "causes": list(benefit.causes), "by": benefit.pays.by.value,
        "per": benefit.pays.per.value, "amount": _money(benefit.pays.amount, unit), "percent": benefit.pays.percent,
        "ceiling": _money(benefit.pays.ceiling, unit), "waiting_months": benefit.waiting_months or None,
        "own_risk": _length(benefit.own_risk) or None, "own_risk_unit": _unit(benefit.own_risk),
        "duration": _length(benefit.duration) if benefit.duration else None,
        "duration_unit": _unit(benefit.duration) if benefit.duration else "months",
        "steps": "\n".join(
            f"{_length(one.after)} {_unit(one.after)}: {_text(one.percent)} %" for one in benefit.steps
        ),
        "weekdays": [str(day) for day in benefit.weekdays], "paid_from_start": benefit.paid_from_start,
        "clock": benefit.clock.value, "recurrence_months": benefit.recurrence_months or None,
        "partial_least": partial.least, "partial_full": partial.full, "earnings_cap": benefit.earnings_cap,
        "units_most": benefit.units_most, "age_from": benefit.age_from, "age_until": benefit.age_until,
        "report_within": benefit.report_within, "pay_within": benefit.pay_within,
    }  # fmt: skip
    for key in ("ceiling_claim", "ceiling_year", "ceiling_member"):
        found[key] = _money(getattr(benefit, key), unit)
    for key in ("within", "frequency"):
        limit = getattr(benefit, key)
        found |= {f"{key}_most": limit.most, f"{key}_months": limit.months} if limit else {}
    return found


def _money(amount: int | None, currency: str) -> Money | None:
    return None if amount is None else from_minor(amount, currency)


def _length(span: Span) -> int:
    return span.months or span.days


def _unit(span: Span) -> str:
    return "months" if span.months else "days"


class CoverForm(forms.Form):
    """What a member is covered for from a day on; only what the fund's rules ask for is asked."""

    number = LineField(label=_("Member number"), max_length=12, help_text="M-000123")
    since = DayField(label=_("From"))

    def __init__(self, *args: Any, terms: Terms, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.terms = terms
        if terms.levels:
            self.fields["level"] = forms.ChoiceField(
                label=_("Level"), choices=[(one.name, one.name) for one in terms.levels]
            )
        most = max(one.units_most for one in terms.benefits)
        if most > 1:
            self.fields["units"] = forms.IntegerField(label=_("Units"), min_value=1, max_value=most, initial=1)
        if any(one.pays.by == By.EARNINGS or one.earnings_cap is not None for one in terms.benefits):
            self.fields["earnings"] = AmountField(
                label=_("Earned a month before, on average"), currency=terms.currency, required=False
            )
        if any(one.age_from is not None or one.age_until is not None for one in terms.benefits):
            self.fields["born_on"] = DayField(label=_("Born on"), required=False)

    def clean_number(self) -> Member:
        """:raises ValidationError: if nobody has that number"""
        return member_by_number(self.cleaned_data["number"])

    def said(self) -> dict[str, Any]:
        """What :func:`pooling.benefits.covers.choose` takes."""
        cleaned = self.cleaned_data
        earnings = cleaned.get("earnings")
        return {
            "member_id": cleaned["number"].pk, "since": cleaned["since"], "level": cleaned.get("level", ""),
            "units": cleaned.get("units", 1), "earnings": minor(earnings) if earnings else None,
            "born_on": cleaned.get("born_on"),
        }  # fmt: skip


class ComesInForm(forms.Form):
    """What would still come in, or what something would cost: only what some fund's rules go by. Nothing is kept."""

    LABELS = {
        "other_cover": _("What another insurance would pay, by the month"),
        "continuing_income": _("What I would still earn, by the month"),
        "state_benefit": _("What the state would pay, by the month"),
        "cost": _("A cost, or an invoice that is not paid"),
    }

    def __init__(self, *args: Any, asked: Sequence[str], currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in asked:
            self.fields[name] = AmountField(
                label=self.LABELS[name], currency=currency, required=False,
                min_value=None if name == "cost" else Money(0, currency),
            )  # fmt: skip

    def comes_in(self) -> ComesIn:
        """What she said; nothing where it cannot be read."""
        said = self.cleaned_data if self.is_bound and self.is_valid() else {}
        return ComesIn(**{name: minor(amount) for name, amount in said.items() if amount is not None})

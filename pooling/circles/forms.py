"""What members and administrators type about circles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from mutual import formats
from mutual.inputs import AmountField, DayField, LineField, TextField
from mutual.money import Money, from_minor, minor
from pooling.circles.gifts import LARGEST, SMALLEST
from pooling.circles.models import Terms
from pooling.circles.reports import Choice
from pooling.circles.terms import Wanted
from pooling.models import Fund

CURRENCY = settings.COOPERATIVE_CURRENCY


class CircleForm(forms.Form):
    """A circle that begins to form."""

    name = LineField(label=_("Name"), max_length=60)
    fund = forms.ModelChoiceField(label=_("Fund"), queryset=Fund.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fund"].queryset = (  # type: ignore[attr-defined]
            Fund.objects.filter(closed_on=None, circle_terms__isnull=False).distinct().order_by("name")
        )


class LevelForm(forms.Form):
    """The level a member wants."""

    level = forms.TypedChoiceField(label=_("Level"), coerce=int, widget=forms.RadioSelect)

    def __init__(self, *args: Any, terms: Terms, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit = terms.fund.currency
        self.fields["level"].choices = [  # type: ignore[attr-defined]
            (
                level.place,
                _("%(deposit)s a month for a benefit of %(benefit)s")
                % {
                    "deposit": formats.money(from_minor(level.deposit, unit)),
                    "benefit": formats.money(from_minor(level.benefit, unit)),
                },
            )
            for level in terms.levels.all()
        ]


class MoveForm(forms.Form):
    """The level a member moves to, each with what it would mean for her."""

    level = forms.TypedChoiceField(label=_("Level"), coerce=int, widget=forms.RadioSelect)

    def __init__(self, *args: Any, choices: Sequence[Choice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["level"].choices = [(one.level.place, _meaning(one)) for one in choices]  # type: ignore[attr-defined]


def _meaning(one: Choice) -> str:
    said = {
        "day": formats.day(one.day), "deposit": formats.money(one.level.deposit),
        "benefit": formats.money(one.level.benefit), "pays": formats.money(one.pays) if one.pays is not None else "",
        "why": one.why_not,
    }  # fmt: skip
    if one.why_not:
        return _("%(deposit)s a month for a benefit of %(benefit)s: not possible now. %(why)s") % said
    if one.pays is None:
        return _("From %(day)s %(deposit)s a month into your buffer, for a benefit of %(benefit)s a month") % said
    return (
        _(
            "From %(day)s dues of %(pays)s a month, %(deposit)s of it into your buffer, "
            "for a benefit of %(benefit)s a month"
        )
        % said
    )


class CloseForm(forms.Form):
    """When a circle closes, and why."""

    closes_on = DayField(label=_("Closes on"))
    text = TextField(label=_("What is decided, and why"), max_length=1000)


class TermsForm(forms.Form):
    """What holds for the circles of a fund from a day on."""

    fund = forms.ModelChoiceField(label=_("Fund"), queryset=Fund.objects.none())
    valid_from = DayField(label=_("From"))
    levels = TextField(
        label=_("Levels"), max_length=1000,
        help_text=_("A line each: what is put in a month, and the benefit of a month, such as 33.75 750."),
    )  # fmt: skip
    smallest = forms.IntegerField(
        label=_("Members to open with"), initial=SMALLEST, min_value=SMALLEST, max_value=LARGEST
    )
    largest = forms.IntegerField(label=_("Members at most"), initial=LARGEST, min_value=SMALLEST, max_value=LARGEST)
    claim_retention = AmountField(
        label=_("The circle carries of one claim at most"), currency=CURRENCY, required=False,
        help_text=_("The pool above takes the rest; empty: the circle carries everything it can."),
    )  # fmt: skip
    year_retention = AmountField(
        label=_("The circle carries in one of its years at most"), currency=CURRENCY, required=False
    )
    premium = forms.DecimalField(
        label=_("Premium for the pool, percent of each deposit"),
        min_value=0,
        max_value=100,
        decimal_places=2,
        initial=0,
    )
    gift_limit = AmountField(
        label=_("Tax-free gift of one member to another in a year"), currency=CURRENCY, required=False
    )
    moving_months = LineField(
        label=_("Months in which members join and leave"), max_length=30, initial="1, 4, 7, 10",
        help_text=_("On their first day."),
    )  # fmt: skip
    notice_days = forms.IntegerField(label=_("Days of notice"), initial=30, min_value=0, max_value=366)
    text = TextField(label=_("What is decided, and why"), max_length=1000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fund"].queryset = Fund.objects.filter(closed_on=None).order_by("name")  # type: ignore[attr-defined]

    def clean_levels(self) -> list[tuple[int, int]]:
        """:raises ValidationError: if a line is not two amounts"""
        amount = AmountField(currency=CURRENCY)
        found = []
        for line in self.cleaned_data["levels"].splitlines():
            if not line.strip():
                continue
            parts = line.split()
            if len(parts) != 2:
                raise ValidationError(_("Write two amounts in each line."), code="levels")
            deposit, benefit = (minor(amount.clean(part)) for part in parts)
            found.append((deposit, benefit))
        return found

    def clean_moving_months(self) -> list[int]:
        """:raises ValidationError: if they are no months"""
        parts = [part.strip() for part in self.cleaned_data["moving_months"].split(",")]
        if not all(part.isdecimal() and part.isascii() and 1 <= int(part) <= 12 for part in parts):
            raise ValidationError(_("Write months as numbers, such as 1, 4, 7, 10."), code="months")
        return sorted({int(part) for part in parts})

    def wanted(self) -> Wanted:
        """What was typed, as terms."""
        said = self.cleaned_data

        def maybe(amount: Money | None) -> int | None:
            return None if amount is None else minor(amount)

        return Wanted(
            levels=said["levels"], smallest=said["smallest"], largest=said["largest"],
            claim_retention=maybe(said["claim_retention"]), year_retention=maybe(said["year_retention"]),
            premium_points=int(said["premium"] * 100), gift_limit=maybe(said["gift_limit"]),
            moving_months=said["moving_months"], notice_days=said["notice_days"],
        )  # fmt: skip

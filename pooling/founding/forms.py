"""What founders answer: the twenty questions, or a scheme's name and size."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from mutual.inputs import LineField
from pooling.benefits.forms import CAUSES
from pooling.benefits.schemes import Scheme
from pooling.founding import questions, ready
from pooling.founding.offers import FoundingRefused


class SchemeForm(forms.Form):
    """A ready-made scheme under a name of one's own, and how many begin."""

    name = LineField(label=_("What is it called?"), max_length=30)
    members = forms.IntegerField(label=_("How many members are there at the start?"), min_value=1, max_value=1_000_000)

    def __init__(self, *args: Any, scheme: Scheme, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scheme, self.currency = scheme, currency

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: if the scheme does not fit the cooperative"""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        try:
            cleaned["plan"] = ready.plan(self.scheme, self.currency, name=cleaned["name"], members=cleaned["members"])
        except FoundingRefused as refused:
            raise ValidationError(str(refused)) from refused
        return cleaned


class FoundForm(forms.Form):
    """The twenty questions, each with its usual answer."""

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        for question in questions.QUESTIONS:
            common: dict[str, Any] = {"label": question.text, "help_text": question.help}
            pairs = [(word, _ANSWERS[word]) for word in question.choices]
            if question.kind == "choice":
                field: forms.Field = forms.ChoiceField(choices=pairs, initial=question.default, **common)
            elif question.kind == "choices":
                field = forms.MultipleChoiceField(
                    choices=pairs, widget=forms.CheckboxSelectMultiple, initial=question.default.split(", "), **common
                )
            else:
                field = LineField(max_length=500, initial=question.default, **common)
            self.fields[question.key] = field

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: if the answers make no fund, at the question that is wrong"""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        answers = {key: ", ".join(value) if isinstance(value, list) else value for key, value in cleaned.items()}
        try:
            cleaned["plan"] = questions.plan(answers, self.currency)
        except FoundingRefused as refused:
            key, _colon, why = str(refused).partition(": ")
            if key in self.fields:
                raise ValidationError({key: why[:1].upper() + why[1:]}) from refused
            raise ValidationError(str(refused)) from refused
        return cleaned


_ANSWERS = {
    "fund": _("A fund for everybody"), "circle": _("A circle"), "gift": _("Gift"),
    "discretionary": _("Discretionary"), "varying": _("Varying with resources"), "guaranteed": _("Guaranteed"),
    "level": _("the level a member has chosen"), "earnings": _("what was earned before"),
    "flat": _("one amount for everybody"), "every": _("Every day"), "working": _("Working days"),
    **{word.lower(): label for word, label in CAUSES},
}  # fmt: skip

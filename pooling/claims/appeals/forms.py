"""What claimants and jurors type about an appeal."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from mutual.inputs import LineField, TextField
from pooling.claims.appeals.models import Appeal, Juror


class AppealForm(forms.Form):
    """Why, what the jurors shall read, and the claimant's part of the draw."""

    grounds = forms.ChoiceField(label=_("Why you appeal"), choices=Appeal.Grounds.choices)
    words = TextField(
        label=_("What the members of the jury shall read"), required=False, max_length=2000,
        help_text=_("They know nothing about you but the facts below. No name, please, and no diagnosis."),
    )  # fmt: skip
    share = LineField(
        label=_("Some words or numbers of your own"), min_length=4, max_length=80,
        help_text=_("Anything you like: the lots are drawn with it, so that nobody could choose the jury beforehand."),
    )  # fmt: skip


class VoteForm(forms.Form):
    """What a juror says."""

    vote = forms.ChoiceField(label=_("Your answer"), choices=Juror.Vote.choices, widget=forms.RadioSelect)

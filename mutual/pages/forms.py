"""A page that is one form, and the key that makes sending it twice harmless."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


class KeyedForm(forms.Form):
    """A form with a one-time key: the same form sent twice is one event (R-A6)."""

    form_key = forms.RegexField(regex=r"^[a-f0-9]{32}$", widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["form_key"].initial = secrets.token_hex(16)


def page(
    request: HttpRequest,
    form: forms.Form,
    *,
    heading: str,
    lead: str,
    submit: str,
    back: str,
    back_words: str,
    note: str = "",
) -> HttpResponse:
    """Show a form as a page of its own; 422 where what was sent is refused."""
    context = {
        "form": form, "heading": heading, "lead": lead, "submit": submit, "back": back, "back_words": back_words,
        "note": note,
    }  # fmt: skip
    return render(request, "layouts/form.html", context, status=422 if form.is_bound and form.errors else 200)

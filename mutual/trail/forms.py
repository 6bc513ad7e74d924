"""What one looks for in the log."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from mutual import inputs


class LogForm(forms.Form):
    """Which deeds."""

    subject = inputs.LineField(label=_("About"), required=False, max_length=60, help_text=_("Such as C-000123"))
    did = inputs.LineField(label=_("What"), required=False, max_length=60, help_text=_("Such as Claim approved"))
    period = inputs.PeriodField(label=_("Period"), required=False, help_text=_("2026-11, 2026-Q4 or 2026"))

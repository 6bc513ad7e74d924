"""What an auditor asks the books."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from mutual import inputs
from mutual.ledger.kinds import AccountType, Kind

BOOKS = (("coop", _("The cooperative")), ("barter", _("Credit and hours")))
"""The books that are read here: a member's own book is hers alone."""


class BookForm(forms.Form):
    """Which book."""

    book = forms.ChoiceField(label=_("Book"), choices=BOOKS, required=False)


class JournalForm(BookForm):
    """Which entries."""

    period = inputs.PeriodField(label=_("Period"), required=False, help_text=_("2026-11, 2026-Q4 or 2026"))
    kind = forms.TypedChoiceField(
        label=_("Kind"),
        choices=[("", _("Every kind")), *Kind.choices],
        coerce=lambda value: Kind(int(value)),
        empty_value=None,
        required=False,
    )
    account = inputs.LineField(
        label=_("Account"), required=False, max_length=120, help_text=_("A code, or its beginning with “:”")
    )
    document = inputs.LineField(label=_("Document"), required=False, max_length=40, help_text=_("Such as C-000123"))


class AccountsForm(BookForm):
    """Which accounts."""

    type = forms.TypedChoiceField(
        label=_("Type"),
        choices=[("", _("Every type")), *AccountType.choices],
        coerce=lambda value: AccountType(int(value)),
        empty_value=None,
        required=False,
    )
    beginning = inputs.LineField(label=_("Code begins with"), required=False, max_length=120)


class DayForm(BookForm):
    """On which day."""

    on = inputs.DayField(label=_("At the end of"), required=False)


class PeriodForm(BookForm):
    """In which period."""

    period = inputs.PeriodField(label=_("Period"), required=False, help_text=_("2026-11, 2026-Q4 or 2026"))


class StatementForm(forms.Form):
    """Of which period one account's statement is."""

    period = inputs.PeriodField(label=_("Period"), required=False, help_text=_("2026-11, 2026-Q4 or 2026"))

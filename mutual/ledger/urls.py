"""Addresses of the auditor's pages."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from mutual.ledger import views

app_name = "ledger"


class AccountConverter:
    """An account's id; a busy account's is negative."""

    regex = r"-?[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        """The number."""
        return int(value)

    def to_url(self, value: int) -> str:
        """The text."""
        return str(value)


class BookConverter(StringConverter):
    """A book that is read here."""

    regex = "coop|barter"


register_converter(AccountConverter, "account")
register_converter(BookConverter, "book")

urlpatterns = [
    path("", views.journal, name="journal"),
    path("entries/<book:book>/<uuid:entry_id>/", views.entry, name="entry"),
    path("accounts/", views.accounts, name="accounts"),
    path("accounts/<account:account_id>/", views.account, name="account"),
    path("trial-balance/", views.trial_balance, name="trial_balance"),
    path("sheets/", views.sheets, name="sheets"),
    path("checks/", views.checks, name="checks"),
]

"""What people type about themselves and about members."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from members.importing import MOST_BYTES
from members.models import Member, RoleGrant
from mutual import iban as ibans
from mutual.inputs import CountryField, LineField, TextField


class ProfileForm(forms.Form):
    """Name, trade, address, language."""

    name = LineField(label=_("Name"), max_length=120)
    trade = LineField(label=_("What you do"), max_length=80, required=False)
    street = LineField(label=_("Street and number"), max_length=120, required=False)
    postcode = LineField(label=_("Postcode"), max_length=16, required=False)
    city = LineField(label=_("Town"), max_length=80, required=False)
    country = CountryField(initial="DE")
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)


class ApplicationForm(ProfileForm):
    """Asking to be admitted."""

    email = forms.EmailField(label=_("E-mail"), max_length=254)
    motivation = TextField(label=_("Why would you like to join?"), max_length=2000, required=False)

    field_order = ("name", "email", "trade", "street", "postcode", "city", "country", "language", "motivation")


class ComeBackForm(forms.Form):
    """Asking to be admitted again."""

    motivation = TextField(label=_("Why would you like to come back?"), max_length=2000, required=False)


class DeclineForm(forms.Form):
    """Why an application is declined; the person reads it."""

    reason = TextField(label=_("Reason, as the person will read it"), max_length=500)


class SearchForm(forms.Form):
    """What to look for in the register."""

    q = LineField(label=_("Number, name or e-mail"), max_length=80, required=False)
    status = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("All")), *Member.Status.choices])


class UploadForm(forms.Form):
    """A CSV file of members."""

    file = forms.FileField(
        label=_("CSV file"),
        help_text=_("Columns: name, email, joined_on; also trade, street, postcode, city, country, language."),
    )

    def clean_file(self) -> Any:
        """:raises ValidationError: if the file is too large"""
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than one megabyte."), code="too_large")
        return file


class RoleForm(forms.Form):
    """Who is to have which role."""

    email = forms.EmailField(label=_("E-mail the person signs in with"), max_length=254)
    role = forms.ChoiceField(label=_("Role"), choices=RoleGrant._meta.get_field("role").choices or [])


class PayoutForm(forms.Form):
    """The account one is paid to."""

    holder = LineField(label=_("Account holder"), max_length=70)
    iban = LineField(
        label="IBAN", max_length=42,
        help_text=_("It is sealed: whoever makes the bank file opens it, and you see when."),
    )  # fmt: skip

    def clean_iban(self) -> str:
        """:raises ValidationError: if it is no IBAN"""
        try:
            return ibans.read(self.cleaned_data["iban"])
        except ibans.BadIban as error:
            raise ValidationError(_("This is no valid IBAN."), code="iban") from error

"""Amounts and lengths of time as bands, for whoever must not recognise anybody."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mutual import formats
from mutual.money import Money

AMOUNTS = (100, 250, 500, 1000, 2500, 5000, 10_000)
DAYS = (7, 14, 30, 91, 182, 365)


def of_amount(amount: Money) -> str:
    """An amount as a band: €250 to €500."""
    unit = str(amount.currency)
    lower = 0
    for upper in AMOUNTS:
        if amount.amount <= upper and not lower:
            return _("up to %(upper)s") % {"upper": formats.money(Money(upper, unit))}
        if amount.amount <= upper:
            return _("%(lower)s to %(upper)s") % {
                "lower": formats.money(Money(lower, unit)), "upper": formats.money(Money(upper, unit)),
            }  # fmt: skip
        lower = upper
    return _("more than %(lower)s") % {"lower": formats.money(Money(lower, unit))}


def of_days(days: int) -> str:
    """A length of time as a band: up to 30 days."""
    for upper in DAYS:
        if days <= upper:
            return ngettext("up to %(days)s day", "up to %(days)s days", upper) % {"days": upper}
    return _("more than a year")

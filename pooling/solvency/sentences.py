"""What an outlook means, in one sentence that a member understands; only in words the fund's promise allows (F15)."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mutual import formats
from mutual.money import from_minor
from pooling.models import Fund
from pooling.solvency.outlooks import Outlook


def in_a_hundred(out: int, runs: int) -> int:
    """How many in a hundred, rounded up, so that a danger is never said to be none."""
    return -(-out * 100 // runs)


def of_fund(outlook: Outlook) -> str:
    """The one sentence."""
    until = formats.month_short(outlook.months[-1])
    said = {"fund": outlook.name, "until": until}
    if outlook.opening < outlook.floor:
        return _("The %(fund)s fund already holds less than its floor.") % said
    out, runs = outlook.out[-1], outlook.runs
    if out * 100 < runs:
        return _safe(outlook) % said
    many = in_a_hundred(out, runs)
    danger = {**said, "many": formats.number(many)}
    if outlook.dues_needed is None or outlook.dues_needed <= outlook.dues:
        return _short(outlook, many) % danger
    more = from_minor(outlook.dues_needed - outlook.dues, outlook.currency)
    words = _("%(danger)s With %(more)s more a month from each member it would be fewer than 1.")
    return words % {"danger": _short(outlook, many) % danger, "more": formats.money(more)}


def _safe(outlook: Outlook) -> str:
    if outlook.promise == Fund.Promise.GIFT:
        return _(
            "The %(fund)s fund has enough for the gifts we expect until %(until)s: in more than 99 of 100 simulated "
            "futures it does not run short."
        )
    if outlook.promise == Fund.Promise.DISCRETIONARY:
        return _(
            "The %(fund)s fund has enough for the help we expect to be asked for until %(until)s: in more than 99 of "
            "100 simulated futures it does not run short."
        )
    if outlook.promise == Fund.Promise.GUARANTEED:
        return _(
            "The %(fund)s fund can pay everything it has promised until %(until)s in more than 99 of 100 simulated "
            "futures."
        )
    return _("The %(fund)s fund can pay its benefits in full until %(until)s in more than 99 of 100 simulated futures.")


def _short(outlook: Outlook, many: int) -> str:
    if outlook.promise == Fund.Promise.VARYING:
        return ngettext(
            "In %(many)s of 100 simulated futures the %(fund)s fund would have to reduce its benefits before the end "
            "of %(until)s.",
            "In %(many)s of 100 simulated futures the %(fund)s fund would have to reduce its benefits before the end "
            "of %(until)s.",
            many,
        )
    if outlook.promise == Fund.Promise.GUARANTEED:
        return ngettext(
            "In %(many)s of 100 simulated futures the %(fund)s fund could not pay all it has promised before the end "
            "of %(until)s.",
            "In %(many)s of 100 simulated futures the %(fund)s fund could not pay all it has promised before the end "
            "of %(until)s.",
            many,
        )
    return ngettext(
        "In %(many)s of 100 simulated futures the %(fund)s fund would have too little before the end of %(until)s.",
        "In %(many)s of 100 simulated futures the %(fund)s fund would have too little before the end of %(until)s.",
        many,
    )

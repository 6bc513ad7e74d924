"""Closing months: nothing dated earlier can be recorded any more."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from mutual.ledger import audit, chart, journal
from mutual.periods import Period
from mutual.trail import trail


class ClosingRefused(Exception):
    """The month was not closed; the message is a sentence for the person."""


class NotOver(ClosingRefused):
    """The month is not over."""


class ClosedAlready(ClosingRefused):
    """A later month is closed already."""


@transaction.atomic(durable=True)
def close(*, month: Period, by: int, on: dt.date) -> None:
    """Close the cooperative's book up to the end of a month; again is harmless.

    :raises NotOver: if the month is not over
    :raises ClosedAlready: if the books are closed up to a later day
    :raises mutual.ledger.audit.BooksBroken: if the newest audit found something
    """
    if month.end > on:
        raise NotOver(_("This month is not over yet."))
    audit.require_whole()
    book = chart.coop_book()
    if book.closed_until == month.end:
        return
    try:
        journal.close_book(book=book, until=month.end, recorded_by=by)
    except journal.PeriodClosed as error:
        raise ClosedAlready(_("The books are closed up to a later day already.")) from error
    trail.record(by=by, did="MONTH_CLOSED", subject=f"books-{month.label}")

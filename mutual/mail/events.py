"""Every letter there is, in one table, and whether a reader may do without it.

A letter that the law or the decision itself needs (a bill, a decision with its deadline) cannot be turned off.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from mutual.mail.models import Muted

if TYPE_CHECKING:
    from django.utils.functional import Promise


@dataclass(frozen=True)
class Event:
    """What a letter is about, in the reader's words; a needed one is always sent."""

    label: str | Promise
    needed: bool = False


EVENTS = {
    "applied": Event(_("Your application arrived"), needed=True),
    "applied_twice": Event(_("Somebody applied with your address"), needed=True),
    "applied_left": Event(_("You may come back"), needed=True),
    "appointed": Event(_("You were given a role"), needed=True),
    "admitted": Event(_("You are a member"), needed=True),
    "declined": Event(_("Your application was declined"), needed=True),
    "invoice": Event(_("An invoice to a client"), needed=True),
    "claim_submitted": Event(_("Your claim arrived")),
    "claim_approved": Event(_("Your claim is approved"), needed=True),
    "claim_refused": Event(_("Your claim is refused, and why"), needed=True),
    "reminder_friendly": Event(_("Dues may have slipped your mind"), needed=True),
    "reminder_plain": Event(_("Dues are still open"), needed=True),
    "reminder_firm": Event(_("The last letter about open dues"), needed=True),
    "agreement_made": Event(_("What you agreed to pay in parts"), needed=True),
    "agreement_broken": Event(_("An agreement no longer holds"), needed=True),
    "waiver_granted": Event(_("Dues are not asked for a while")),
    "band_asked": Event(_("You were drawn to show your income band"), needed=True),
    "benefit_paid": Event(_("A benefit is paid")),
    "shortfall_made_up": Event(_("What was left unpaid of a benefit is made up")),
    "circle_opened": Event(_("Your circle is open")),
    "circle_joined": Event(_("You sit in your circle now")),
    "circle_level": Event(_("Your level in the circle has changed")),
    "circle_left": Event(_("You have left your circle")),
    "circle_closing": Event(_("Your circle will close"), needed=True),
    "circle_closed": Event(_("Your circle is closed")),
    "circle_settled": Event(_("What your buffer held goes back to you"), needed=True),
    "circle_gave": Event(_("Your circle gave, and your part of it")),
    "buffer_returned": Event(_("What your buffer holds too much goes back to you")),
    "refund_paid": Event(_("What you paid ahead is on its way back")),
    "work_taken": Event(_("Your work took the place of dues")),
    "waiver_ended": Event(_("Dues are asked for again"), needed=True),
    "claim_goes_on": Event(_("Your certificate is accepted")),
    "claim_certificate_declined": Event(_("Your certificate is needed again"), needed=True),
    "claim_certificate_ends": Event(_("Your certificate ends soon")),
    "claim_paused": Event(_("Your claim pauses until a new certificate comes"), needed=True),
    "patronage": Event(_("Your part of a year's surplus"), needed=True),
    "payout_account": Event(_("The account you are paid to changed"), needed=True),
    "juror_called": Event(_("You were drawn for a jury"), needed=True),
    "juror_thanked": Event(_("A jury you sat on is done")),
    "appeal_decided": Event(_("Your appeal is decided"), needed=True),
}
"""By the name of the letter's template."""


def mute(*, reader: int, events: Collection[str]) -> None:
    """Have a reader (a user's id) not get these letters; the others again. Needed ones are left as they are."""
    wanted = {event for event in events if event in EVENTS and not EVENTS[event].needed}
    Muted.objects.filter(reader=reader).exclude(event__in=wanted).delete()
    Muted.objects.bulk_create((Muted(reader=reader, event=event) for event in wanted), ignore_conflicts=True)


def muted(reader: int) -> set[str]:
    """What a reader does without."""
    return set(Muted.objects.filter(reader=reader).values_list("event", flat=True))


def is_wanted(event: str, reader: int | None) -> bool:
    """Whether a letter is to be written for this reader."""
    if reader is None or EVENTS[event].needed:
        return True
    return not Muted.objects.filter(reader=reader, event=event).exists()

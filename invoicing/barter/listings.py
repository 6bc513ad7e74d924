"""Offers and wants."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from invoicing.barter.models import Listing
from members.models import Member
from mutual.money import Money
from mutual.periods import add_months
from mutual.trail import trail

MOST_OPEN = 40
"""Open listings one member may have."""


class ListingRefused(Exception):
    """The listing was not changed; the message is a sentence for the person."""


class TooMany(ListingRefused):
    """The member has as many open listings as anybody may have."""


class NotOpen(ListingRefused):
    """The listing is closed."""


@transaction.atomic(durable=True)
def publish(
    *,
    member_id: int,
    kind: str,
    category: str,
    title: str,
    text: str,
    price_credit: Money | None,
    price_minutes: int | None,
    by: int,
    on: dt.date,
) -> Listing:
    """Put an offer or a want on the market for six months. The same words twice in one day are one listing.

    :raises TooMany: if the member has 40 open listings
    :raises NotOpen: if she is not an active member
    """
    member = Member.objects.select_for_update().get(pk=member_id)
    if member.status != Member.Status.ACTIVE:
        raise NotOpen(_("Only active members can offer or ask for something."))
    own = Listing.objects.filter(member=member, closed_on=None, expires_on__gt=on)
    known = own.filter(kind=kind, title=title, text=text, opened_on=on).first()
    if known is not None:
        return known
    if own.count() >= MOST_OPEN:
        raise TooMany(_("You have 40 open listings. Close one before you add another."))
    listing = Listing.objects.create(
        member=member, kind=kind, category=category, title=title, text=text, price_credit=price_credit,
        price_minutes=price_minutes, opened_on=on, expires_on=add_months(on, 6),
    )  # fmt: skip
    trail.record(by=by, did="LISTING_PUBLISHED", subject=f"L-{listing.pk}")
    return listing


@transaction.atomic(durable=True)
def close(*, listing_id: int, member_id: int, by: int, on: dt.date) -> Listing:
    """Take one's own listing off the market; again is harmless."""
    listing = Listing.objects.select_for_update().get(pk=listing_id, member_id=member_id)
    if listing.closed_on is None:
        listing.closed_on = on
        listing.save(update_fields=["closed_on"])
        trail.record(by=by, did="LISTING_CLOSED", subject=f"L-{listing.pk}")
    return listing


@transaction.atomic(durable=True)
def renew(*, listing_id: int, member_id: int, by: int, on: dt.date) -> Listing:
    """Keep one's own listing for another six months from today.

    :raises NotOpen: if it was closed
    """
    listing = Listing.objects.select_for_update().get(pk=listing_id, member_id=member_id)
    if listing.closed_on is not None:
        raise NotOpen(_("This listing is closed. Publish it anew instead."))
    if listing.expires_on != add_months(on, 6):
        listing.expires_on = add_months(on, 6)
        listing.save(update_fields=["expires_on"])
        trail.record(by=by, did="LISTING_RENEWED", subject=f"L-{listing.pk}")
    return listing

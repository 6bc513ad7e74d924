"""How far a member's balance may go: set by an officer, kept by the ledger (rules L2, L3)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from invoicing.barter import accounts
from invoicing.barter.models import LimitChange
from members.models import Member
from mutual.ledger import chart
from mutual.money import Money, minor
from mutual.trail import trail


class LimitRefused(Exception):
    """The limits were not changed; the message is a sentence for the person."""


class OwnLimit(LimitRefused):
    """Nobody sets her own limits (F14)."""


class BeyondBalance(LimitRefused):
    """The member's balance already lies outside the new limits."""


@transaction.atomic(durable=True)
def change(
    *, member_id: int, credit_limit: Money, maximum: Money, reason: str, by: int, on: dt.date
) -> LimitChange | None:
    """Set a member's credit limit and maximum in one unit; None where they are so already.

    :raises OwnLimit: if the officer is that member
    :raises BeyondBalance: if her balance lies outside
    """
    member = Member.objects.get(pk=member_id)
    if member.user_id == by:
        raise OwnLimit(_("Another officer must set your own limits."))
    unit = str(credit_limit.currency)
    account = accounts.of_member(unit, member.number)
    low, high = -minor(maximum), minor(credit_limit)
    if (account.amount_min, account.amount_max) == (low, high):
        return None
    try:
        with transaction.atomic():
            chart.set_limits(account, amount_min=low, amount_max=high)
    except chart.LimitsBroken as error:
        raise BeyondBalance(_("The member's balance already lies outside these limits.")) from error
    changed = LimitChange.objects.create(
        member=member, unit=unit, credit_limit=high, maximum=-low, reason=reason, set_by=by, set_on=on
    )
    trail.record(
        by=by, did="BARTER_LIMIT_SET", subject=member.number, detail={"unit": unit, "limit": high, "maximum": -low}
    )
    return changed

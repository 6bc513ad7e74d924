"""What a leaver holds: it can be spent or given to the community, never turned into money (rule L9)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from invoicing.barter import accounts
from members.models import Member
from mutual.ledger import balances, chart, journal
from mutual.ledger.kinds import Kind
from mutual.money import Money
from mutual.trail import trail


class LeavingRefused(Exception):
    """Nothing was given; the message is a sentence for the person."""


class NothingToGive(LeavingRefused):
    """The member holds nothing above zero."""


@transaction.atomic(durable=True)
def give_to_community(*, member_id: int, form_key: str, by: int, on: dt.date) -> tuple[Money, ...]:
    """Give everything a member holds above zero to the community's account, of her own will, on leaving. The same form
    sent again answers with what was given.

    :raises NothingToGive: if she holds nothing above zero
    """
    member = Member.objects.select_for_update().get(pk=member_id)
    key = f"leaving/{member.number}/{form_key}"
    known = balances.entry(chart.BARTER, journal.entry_id_of(key, book=chart.barter_book()))
    if known is not None:
        return tuple(line.amount for line in known.lines)
    given = tuple(
        holding.balance
        for unit in accounts.UNITS
        if (holding := accounts.holding(member.number, unit)).balance.amount > 0
    )
    if not given:
        raise NothingToGive(_("There is nothing above zero to give."))
    journal.post(
        kind=Kind.LEAVER_SETTLED,
        key=key,
        book=chart.barter_book(),
        date=on,
        transfers=[
            journal.move(
                amount,
                debit=accounts.of_member(str(amount.currency), member.number),
                credit=accounts.community(str(amount.currency)),
            )
            for amount in given
        ],
        recorded_by=by,
    )
    trail.record(by=by, did="BARTER_BALANCE_GIVEN", subject=member.number)
    return given

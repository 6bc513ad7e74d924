"""Money set aside for approved benefits: out of the fund when they are approved, so that it is promised once.

Each fund has one pot, ``liabilities:benefits:<slug>``. A fund whose benefits vary with its resources sets aside what it
has, up to what is approved; what is missing is no debt and stands in no book: the next pay run divides what is there by
the cover index, the same for all (F11). A guaranteed fund sets aside the whole or refuses.
"""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from mutual import formats
from mutual.ledger import balances, chart, journal
from mutual.ledger.kinds import Kind
from mutual.money import Money, zero
from pooling import accounts
from pooling.models import Fund


class FundExhausted(Exception):
    """A guaranteed fund holds less above its floor than is to be approved; nothing was changed."""

    def __init__(self, sentence: str, over_by: Money) -> None:
        self.over_by = over_by
        super().__init__(sentence)


def held(fund: Fund) -> Money:
    """What is set aside for the fund's approved benefits."""
    return balances.of(accounts.benefits(fund.slug, fund.currency))


def room(fund: Fund) -> Money:
    """What the fund holds above its floor, beside what is set aside; nothing where it holds less."""
    return max(balances.of(fund.account) - fund.floor, zero(fund.currency))


def lock(fund: Fund) -> None:
    """Hold the fund until the transaction ends: whatever decides over what it holds comes one after the other."""
    chart.lock(fund.account)
    fund.refresh_from_db(fields=["floor", "floor_currency", "promise"])


def set_aside(*, fund: Fund, amount: Money, key: str, document: str, by: int | None, on: dt.date) -> Money:
    """Set money aside for a benefit that is being approved; in the caller's transaction. Returns how much there was.

    :raises FundExhausted: if the fund guarantees its benefits and holds less
    """
    lock(fund)
    there = room(fund)
    if fund.promise == Fund.Promise.GUARANTEED and amount > there:
        over = amount - there
        raise FundExhausted(
            _("The fund is %(amount)s short of that. Nothing was changed.") % {"amount": formats.money(over)}, over
        )
    part = min(amount, there)
    if part.amount:
        pot = accounts.benefits(fund.slug, fund.currency)
        journal.post(
            kind=Kind.CLAIM_APPROVED, key=key, date=on, recorded_by=by, document=document,
            transfers=[journal.move(part, debit=fund.account, credit=pot)],
        )  # fmt: skip
    return part


def release(*, fund: Fund, still_approved: Money, key: str, document: str, by: int | None, on: dt.date) -> Money:
    """Give back to the fund what is set aside beyond what is still approved; in the caller's transaction.

    :param still_approved: what the fund has approved and not paid, after the benefit that is no longer wanted
    """
    lock(fund)
    over = held(fund) - still_approved
    if over.amount <= 0:
        return zero(fund.currency)
    pot = accounts.benefits(fund.slug, fund.currency)
    journal.post(
        kind=Kind.CLAIM_RELEASED, key=key, date=on, recorded_by=by, document=document,
        transfers=[journal.move(over, debit=pot, credit=fund.account)],
    )  # fmt: skip
    return over

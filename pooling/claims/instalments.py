"""Instalments: set aside from the fund, paid from a bank account, or given back. Called inside use cases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.db.models import F, Sum
from django.utils.translation import gettext as _

from mutual import formats
from mutual.ledger import journal
from mutual.ledger.kinds import Kind
from mutual.money import Money, from_minor, minor
from pooling import accounts, setting_aside
from pooling.claims.models import Claim, Instalment
from pooling.models import Fund
from pooling.treasury.models import BankAccount


class InstalmentRefused(Exception):
    """Nothing was changed; the message is a sentence for the person. ``over_by`` is what is missing."""

    def __init__(self, sentence: str, over_by: Money) -> None:
        self.over_by = over_by
        super().__init__(sentence)


class FundShort(InstalmentRefused):
    """The fund guarantees its benefits and holds less than the amount above its floor."""


class BankShort(InstalmentRefused):
    """The bank account holds less than what is to be paid."""


def set_aside(
    claim: Claim,
    *,
    amount: Money,
    first_day: dt.date,
    last_day: dt.date,
    days: int | None,
    by: int | None,
    on: dt.date,
) -> Instalment:
    """Approve an amount as the claim's next instalment, and set aside what the fund has for it.

    :raises FundShort: if the fund guarantees its benefits and holds less above its floor
    """
    fund = claim.fund
    assert claim.member.currency == fund.currency == str(amount.currency)
    payable = accounts.of_member("claims_payable", claim.member.number, fund.currency)
    one = Instalment(
        claim=claim, place=claim.instalments.count() + 1, fund=fund, payable_id=payable.pk, first_day=first_day,
        last_day=last_day, days=days, amount_due=minor(amount), set_aside_on=on,
    )  # fmt: skip
    try:
        setting_aside.set_aside(fund=fund, amount=amount, key=one.key("approved"), document=claim.number, by=by, on=on)
    except setting_aside.FundExhausted as error:
        raise FundShort(str(error), error.over_by) from error
    one.save()
    return one


def pay(claim: Claim, *, bank: BankAccount, by: int | None, on: dt.date) -> Money:
    """Pay what is set aside for a claim, in full; returns how much that was.

    :raises BankShort: if the account holds less
    """
    waiting = _waiting(claim)
    try:
        with transaction.atomic():
            for one in waiting:
                journal.post(
                    kind=Kind.CLAIM_PAID, key=one.key("paid"), date=on, recorded_by=by, document=claim.number,
                    transfers=[
                        journal.move(
                            one.due, debit=accounts.benefits(one.fund.slug, one.fund.currency), credit=one.payable
                        ),
                        journal.move(one.due, debit=one.payable, credit=bank.account),
                    ],
                )  # fmt: skip
    except journal.BalanceOutOfRange as error:
        over = formats.money(error.over_by)
        raise BankShort(_("The account holds %(over)s less than that.") % {"over": over}, error.over_by) from error
    Instalment.objects.filter(pk__in=[one.pk for one in waiting]).update(
        state=Instalment.State.PAID, amount_paid=F("amount_due"), paid_on=on, paid_from=bank
    )
    close_claims([claim.pk], bank=bank, on=on)
    return sum((one.due for one in waiting), start=Money(0, claim.fund.currency))


def release(claim: Claim, *, by: int | None, on: dt.date) -> None:
    """Take back what is approved of a claim and not paid; what the others do not need returns to the fund."""
    for one in _waiting(claim):
        one.state = Instalment.State.RELEASED
        one.save(update_fields=["state"])
        setting_aside.lock(claim.fund)
        setting_aside.release(
            fund=claim.fund, still_approved=approved(claim.fund), key=one.key("released"), document=claim.number,
            by=by, on=on,
        )  # fmt: skip


def approved(fund: Fund) -> Money:
    """What a fund has approved and not paid."""
    found = Instalment.objects.filter(fund=fund, state=Instalment.State.APPROVED)
    return from_minor(found.aggregate(sum=Sum("amount_due"))["sum"] or 0, fund.currency)


def close_claims(claim_ids: Collection[int], *, bank: BankAccount, on: dt.date) -> int:
    """Set claims PAID that have nothing more to come; returns how many. Claims paid month by month go on."""
    return (
        Claim.objects.filter(pk__in=claim_ids, status=Claim.Status.APPROVED)
        .exclude(instalments__state=Instalment.State.APPROVED)
        .update(status=Claim.Status.PAID, paid_on=on, paid_from=bank)
    )


def _waiting(claim: Claim) -> list[Instalment]:
    return list(
        claim.instalments.select_for_update(of=("self",))
        .select_related("payable__currency", "fund")
        .filter(state=Instalment.State.APPROVED)
        .order_by("id")
    )

"""Instalments: approved, with money set aside for them, or taken back. Called inside use cases; pay runs pay them."""

from __future__ import annotations

import datetime as dt

from django.db.models import Sum

from mutual.money import Money, from_minor, minor
from pooling import accounts, setting_aside
from pooling.claims.models import Claim, Instalment
from pooling.models import Fund


class InstalmentRefused(Exception):
    """Nothing was changed; the message is a sentence for the person. ``over_by`` is what is missing."""

    def __init__(self, sentence: str, over_by: Money) -> None:
        self.over_by = over_by
        super().__init__(sentence)


class FundShort(InstalmentRefused):
    """The fund guarantees its benefits and holds less than the amount above its floor."""


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


def close_if_paid(claim: Claim) -> None:
    """Set a claim PAID whose last month was paid before it was known to be the last."""
    if claim.status != Claim.Status.APPROVED or claim.instalments.filter(state=Instalment.State.APPROVED).exists():
        return
    last = claim.instalments.filter(state=Instalment.State.PAID).order_by("-paid_on", "-id").first()
    if last is not None:
        claim.status, claim.paid_on, claim.paid_from = Claim.Status.PAID, last.paid_on, last.paid_from
        claim.save(update_fields=["status", "paid_on", "paid_from"])


def _waiting(claim: Claim) -> list[Instalment]:
    return list(
        claim.instalments.select_for_update(of=("self",))
        .select_related("payable__currency", "fund")
        .filter(state=Instalment.State.APPROVED)
        .order_by("id")
    )

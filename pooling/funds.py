"""Funds: opened, and their terms changed."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from mutual import formats
from mutual.ledger import balances, chart
from mutual.money import Money, minor
from mutual.trail import trail
from pooling import accounts
from pooling.models import Fund


class FundRefused(Exception):
    """The fund was not changed; the message is a sentence for the person."""


class NameTaken(FundRefused):
    """There is a fund of that name already."""


class FloorAboveBalance(FundRefused):
    """The fund holds less than the floor asked for."""


@transaction.atomic(durable=True)
def open_fund(
    *, name: str, description: str, promise: str, currency: str, target: Money | None, by: int, on: dt.date
) -> Fund:
    """Open a fund with its account in the cooperative's book.

    :raises NameTaken: if there is a fund of that name
    """
    slug = slugify(name)[:40] or "fund"
    if Fund.objects.filter(slug=slug).exists():
        raise NameTaken(_("There is a fund with that name already."))
    fund = Fund.objects.create(
        slug=slug, name=name, description=description, promise=promise, currency=currency, target=target,
        floor=Money(0, currency), account=accounts.fund(slug, currency), opened_on=on,
    )  # fmt: skip
    trail.record(by=by, did="FUND_OPENED", subject=f"fund-{slug}")
    return fund


@transaction.atomic(durable=True)
def change(
    *, fund_id: int, name: str, description: str, promise: str, target: Money | None, floor: Money, by: int
) -> Fund:
    """Change a fund's words, target and floor. The ledger keeps the floor from then on. Again is harmless.

    :raises FloorAboveBalance: if the fund holds less than the new floor
    """
    fund = Fund.objects.select_for_update().get(pk=fund_id)
    wanted = name, description, promise, target, floor
    if wanted == (fund.name, fund.description, fund.promise, fund.target, fund.floor):
        return fund
    try:
        with transaction.atomic():
            chart.set_limits(fund.account, amount_min=None, amount_max=-minor(floor))
    except chart.LimitsBroken as error:
        held = formats.money(balances.of(fund.account))
        raise FloorAboveBalance(_("The fund holds only %(held)s.") % {"held": held}) from error
    fund.name, fund.description, fund.promise, fund.target, fund.floor = wanted
    fund.save()
    trail.record(by=by, did="FUND_CHANGED", subject=f"fund-{fund.slug}", detail={"floor": minor(floor)})
    return fund

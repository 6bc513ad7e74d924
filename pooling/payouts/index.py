"""Which part of a benefit a fund would pay now, and which it paid last: what other pages ask."""

from __future__ import annotations

from decimal import Decimal

from mutual.ledger import balances
from mutual.money import minor
from pooling import setting_aside
from pooling.circles import giving
from pooling.models import Fund
from pooling.payouts.cover import Cover, cover
from pooling.payouts.models import PayRun


def would_be(fund: Fund) -> Cover:
    """What a pay run held now would come to."""
    cash = minor(balances.of(fund.account)) + minor(setting_aside.held(fund))
    return cover(cash=cash, floor=minor(fund.floor), approved=minor(giving.approved(fund)))


def current_index(fund: Fund) -> Decimal:
    """The cover index of a pay run held now: 1 where everything approved can be paid."""
    return would_be(fund).index


def last_published(fund: Fund) -> PayRun | None:
    """The fund's newest pay run, or none."""
    return PayRun.objects.filter(fund=fund).order_by("-day", "-id").first()

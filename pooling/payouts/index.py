"""Which part of a benefit a fund would pay now, and which it paid last: what other pages ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from mutual.ledger import balances, chart
from mutual.money import Money, minor, zero
from pooling import accounts
from pooling.circles import giving
from pooling.models import Fund
from pooling.payouts.cover import Cover, cover
from pooling.payouts.models import PayRun


@dataclass(frozen=True)
class Standing:
    """What a fund has, and what a pay run held now would come to.

    :ivar holds: what it holds, beside what is set aside
    :ivar aside: what is set aside for its approved benefits
    """

    holds: Money
    aside: Money
    cover: Cover


def standings(funds: Sequence[Fund]) -> dict[int, Standing]:
    """How funds stand, by their ids: as many queries for a hundred as for one; their accounts are fetched with them."""
    codes = {accounts.benefits_code(fund.slug): fund for fund in funds}
    pots = {
        codes[account.code].pk: account
        for account in chart.with_codes(list(codes), book=chart.coop_book())
        if account.currency.code == codes[account.code].currency
    }
    held = balances.of_many([*(fund.account for fund in funds), *pots.values()])
    approved = giving.approved_by_fund([fund.pk for fund in funds])
    found = {}
    for fund in funds:
        holds = held[fund.account_id]
        aside = held[pots[fund.pk].pk] if fund.pk in pots else zero(fund.currency)
        would = cover(cash=minor(holds + aside), floor=minor(fund.floor), approved=approved.get(fund.pk, 0))
        found[fund.pk] = Standing(holds, aside, would)
    return found


def would_be(fund: Fund) -> Cover:
    """What a pay run held now would come to."""
    return standings([fund])[fund.pk].cover


def current_index(fund: Fund) -> Decimal:
    """The cover index of a pay run held now: 1 where everything approved can be paid."""
    return would_be(fund).index


def last_published(fund: Fund) -> PayRun | None:
    """The fund's newest pay run, or none."""
    return PayRun.objects.filter(fund=fund).order_by("-day", "-id").first()

"""How pay runs live the demonstration: every month, once with too little in a fund, and a loan between two."""

from __future__ import annotations

import datetime as dt

from mutual import rooms
from mutual.money import Money
from mutual.periods import Period, add_months, month
from pooling import setting_aside
from pooling.claims import claims, instalments
from pooling.claims.demo import decide
from pooling.models import Fund
from pooling.payouts import loans, paying, proposals
from pooling.treasury.models import BankAccount


def live(story: rooms.Story, period: Period) -> None:
    """Pay what was approved in the month; the current one is still to be paid."""
    loans.repay_due(on=period.last_day)
    if month(period.start) == month(story.today):
        return
    if month(period.start) == month(add_months(story.today, -2)):
        _bad_month(story, period)
    bank = BankAccount.objects.order_by("id")[0]
    for fund in Fund.objects.select_related("account__currency").filter(currency=story.currency, closed_on=None):
        if not instalments.approved(fund).amount:
            continue
        try:
            run = paying.start(
                fund_id=fund.pk, bank_id=bank.pk, seen=None, form_key=f"demo-{fund.slug}-{period.start:%Y-%m}",
                by=story.treasurers[1].user_id, on=period.last_day,
            )  # fmt: skip
        except paying.NothingToPay:
            continue
        paying.pay(number=run.number, by=story.treasurers[1].user_id)
    if month(period.start) == month(add_months(story.today, -3)):
        _lend(story, period.last_day)


def _bad_month(story: rooms.Story, period: Period) -> None:
    """Five members lose a client at once: the hardship fund is short, so all get the same part."""
    fund = Fund.objects.select_related("account__currency").get(slug="hardship")
    room = setting_aside.room(fund) + setting_aside.held(fund)
    amount = Money(int(room.amount * 3 // 10), story.currency)
    first, second = (actor.user_id for actor in story.claims_officers[:2])
    if amount.amount < 20:
        return
    for n, actor in enumerate(story.present(period.start)[30:35]):
        assert actor.member_id is not None
        claim = claims.submit(
            member_id=actor.member_id, fund_id=fund.pk, occasion="LOST_CLIENT", first_day=period.start,
            last_day=period.last_day, amount=amount + Money(7 * n, story.currency), form_key=f"demo-bad-month-{n}",
            by=actor.user_id, on=period.last_day,
        )  # fmt: skip
        decide(claim, first=first, second=second, on=period.last_day, amount=claim.amount_claimed)


def _lend(story: rooms.Story, on: dt.date) -> None:
    """The parents' fund helps the hardship fund, for ten months; and gets its hard floor."""
    first, second = (actor.user_id for actor in story.treasurers[:2])
    parents, hardship = (Fund.objects.get(slug=slug) for slug in ("parents", "hardship"))
    floor = proposals.propose_hard_floor(
        fund_id=parents.pk, amount=Money(800, story.currency), by=first, on=on,
        text="The parents' fund lends and gives only what it holds beyond this.",
    )  # fmt: skip
    proposals.confirm(decision_id=floor.pk, kind=proposals.FLOOR, by=second, on=on)
    amount = Money(250, story.currency)
    if setting_aside.room(parents) < Money(1_100, story.currency):
        return
    loan = proposals.propose_loan(
        lender_id=parents.pk, borrower_id=hardship.pk, amount=amount, months=10, by=first, on=on,
        first_on=on + dt.timedelta(days=15),
        text="The hardship fund was short in spring; the parents' fund has more than it needs this year.",
    )  # fmt: skip
    proposals.confirm(decision_id=loan.pk, kind=proposals.LOAN, by=second, on=on)

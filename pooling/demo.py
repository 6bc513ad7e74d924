"""How the pooling room lives the demonstration: funds, dues, and members who mostly pay."""

from __future__ import annotations

import datetime as dt

from mutual import formats, rooms
from mutual.money import Money, from_minor
from mutual.periods import Period, month
from pooling import dues, funds, payments
from pooling.dues import More, RateOf, ShareOf
from pooling.models import Charge, DuesPlan, Fund
from pooling.treasury import corrections
from pooling.treasury.models import BankAccount


def begin(story: rooms.Story) -> None:
    """Three funds and one plan; the treasury has opened the bank account before."""
    by, unit, on = story.treasurers[0].user_id, story.currency, story.first_day
    wanted = (
        ("Sickness", "Pays part of what a member cannot earn while she is ill.", "VARYING", 36_000),
        ("Parents", "Helps when a child is born or must be cared for.", "VARYING", 9_000),
        ("Hardship", "For a lost client, a broken tool, a bad winter.", "DISCRETIONARY", 6_000),
    )
    made = [
        funds.open_fund(
            name=name, description=words, promise=promise, currency=unit, target=Money(target, unit), by=by, on=on
        )
        for name, words, promise, target in wanted
    ]
    sick, birth, hardship = (fund.pk for fund in made)
    founders = corrections.propose_opening(
        bank_id=None, fund_id=sick, amount=Money(18_000, unit), day=on, by=by, on=on,
        text="Two thirds of it are for sick pay, so that the fund can carry long illnesses from its first day.",
    )  # fmt: skip
    corrections.confirm(decision_id=founders.pk, kind=corrections.OPENING, by=story.treasurers[1].user_id, on=on)
    founding = f"Founding assembly, {formats.day(on, 'en')}"
    dues.open_plan(
        name="Standard", amount=Money(45, unit), shares=[(sick, 20), (birth, 9), (hardship, 6), (None, 10)],
        more=More(by_day=True, in_work=True, decided=founding), every="MONTH", valid_from=on,
        days_to_pay=14, by=by,
    )  # fmt: skip
    levels = (("750 a month", "33.75"), ("1,500 a month", "67.50"), ("2,500 a month", "112.50"))
    dues.open_plan(
        name="Circle", basis=DuesPlan.Basis.LEVEL, amount=Money("112.50", unit), every="MONTH",
        valid_from=on, days_to_pay=14, by=by,
        shares=[(sick, 5), ShareOf(sick, 3, buffer=True), (None, 2)],
        more=More(
            rates=tuple(RateOf(name, Money(amount, unit)) for name, amount in levels), by_day=True, decided=founding
        ),
    )  # fmt: skip
    bands = (("Up to 1,500 a month", 22), ("Up to 3,000 a month", 45))
    dues.open_plan(
        name="By income", basis=DuesPlan.Basis.BAND, amount=Money(68, unit), every="MONTH",
        valid_from=on, days_to_pay=14, by=by,
        shares=[(sick, 20), (birth, 9), (hardship, 6), (None, 10)],
        more=More(rates=tuple(RateOf(name, Money(amount, unit)) for name, amount in bands), by_day=True),
    )  # fmt: skip


def _plan_of(member_id: int) -> tuple[str, int | None]:
    """Most are on the standard plan; some are in the circle, at a level; a few pay by what they earn."""
    if member_id % 6 == 3:
        return "circle", 1 + member_id // 6 % 3
    return ("by-income", 1 + member_id // 11 % 2) if member_id % 11 == 5 else ("standard", None)


def live(story: rooms.Story, period: Period) -> None:
    """Charge the month; most pay in time, some later, one or two hardly."""
    by = story.treasurers[0].user_id
    plans = {plan.slug: plan.pk for plan in DuesPlan.objects.all()}
    for member in story.present(period.last_day):
        assert member.member_id is not None
        assert member.joined_on is not None
        if period.contains(member.joined_on):
            plan, place = _plan_of(member.member_id)
            dues.put_on_plan(
                member_id=member.member_id, plan_id=plans[plan], since=member.joined_on, place=place, by=by
            )
    dues.charge_period(period=month(period.start), on=period.last_day, by=by)
    bank = BankAccount.objects.order_by("id")[0]
    dice = story.dice("dues", period.start)
    owing = Charge.objects.filter(member__in=[m.member_id for m in story.present(period.last_day)])
    open_sums: dict[int, int] = {}
    for charge in owing:
        open_sums[charge.member_id] = open_sums.get(charge.member_id, 0) + charge.open_minor
    for member in story.present(period.last_day):
        assert member.member_id is not None
        slow = member.member_id % 17 == 0
        amount = open_sums.get(member.member_id, 0)
        if not amount or dice.random() < (0.75 if slow else 0.04):
            continue
        day = min(period.start + dt.timedelta(days=dice.randrange(1, 20)), period.last_day)
        ahead = 4500 if dice.random() < 0.02 else 0
        payments.record(
            member_id=member.member_id, bank_id=bank.pk, amount=from_minor(amount + ahead, story.currency),
            received_on=day, reference=f"Dues {member.number}", by=by,
            form_key=f"demo-{member.number}-{period.start:%Y-%m}",
        )  # fmt: skip
    if month(period.start) == month(story.today):
        payments.record(
            member_id=None, bank_id=bank.pk, amount=Money(45, story.currency), received_on=period.last_day,
            reference="Transfer without a number", form_key="demo-unplaced", by=by,
        )  # fmt: skip


def floors(story: rooms.Story) -> None:
    """Once the funds hold something, they get their floors."""
    for slug, floor in (("sickness", 1500), ("parents", 500)):
        fund = Fund.objects.get(slug=slug)
        funds.change(
            fund_id=fund.pk, name=fund.name, description=fund.description, promise=fund.promise, target=fund.target,
            floor=Money(floor, story.currency), by=story.treasurers[0].user_id,
        )  # fmt: skip

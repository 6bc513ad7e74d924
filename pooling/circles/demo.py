"""How circles live the demonstration: one of 24, with a pool above it and a year of gifts."""

from __future__ import annotations

import datetime as dt

from mutual import rooms
from mutual.money import Money
from mutual.periods import Period, month
from pooling import dues, funds
from pooling.circles import circles, giving
from pooling.circles import terms as rules
from pooling.circles.models import Circle, Seat
from pooling.claims import claims
from pooling.claims.demo import decide
from pooling.models import DuesPlan, Fund

SIZE = 24


def begin(story: rooms.Story) -> None:
    """A fund for circles with its dues, terms by two officers, a circle of the first 24 members."""
    first, second = (actor.user_id for actor in story.treasurers[:2])
    admin, on, unit = story.administrators[0].user_id, story.first_day, story.currency
    fund = funds.open_fund(
        name="Circles", description="The pool above the circles: it takes what is too much for one of them.",
        promise="GIFT", currency=unit, target=Money(6_000, unit), by=first, on=on,
    )  # fmt: skip
    wanted = rules.Wanted(
        levels=[(3375, 75_000), (4500, 100_000), (5625, 125_000)], claim_retention=80_000, year_retention=600_000,
        premium_points=800, gift_limit=217_300,
    )  # fmt: skip
    proposal = rules.propose(
        fund_id=fund.pk, wanted=wanted, valid_from=on, by=first, on=on,
        text="Circles of 20 to 50. Each carries 800 of a claim and 6,000 in a year; the pool takes the rest for 8 %.",
    )  # fmt: skip
    rules.confirm(decision_id=proposal.pk, by=second, on=on)
    plans = []
    for place, (deposit, _benefit) in enumerate(wanted.levels, 1):
        plans.append(
            dues.open_plan(
                name=f"With a circle, level {place}", every="MONTH", amount=Money(4500 + deposit, unit) / 100,
                valid_from=on, days_to_pay=14, by=first, more=dues.More(in_work=True),
                shares=[
                    dues.ShareOf(fund.pk, deposit, buffer=True),
                    *((Fund.objects.get(slug=slug).pk, weight * 100) for slug, weight in
                      (("sickness", 20), ("parents", 9), ("hardship", 6))),
                    (None, 1000),
                ],
            )
        )  # fmt: skip
    circle = circles.form(name="Lindenkreis", fund_id=fund.pk, by=admin, on=on)
    for n, actor in enumerate(story.present(on)[:SIZE]):
        assert actor.member_id is not None
        place = 1 if n % 6 == 5 else 2
        circles.ask(circle_id=circle.pk, member_id=actor.member_id, place=place, by=actor.user_id, on=on)
    circles.open_circle(circle_id=circle.pk, by=admin, on=on)
    circles.form(name="Hafenkreis", fund_id=fund.pk, by=admin, on=on)


def live(story: rooms.Story, period: Period) -> None:
    """Deposits come with the dues; every other month somebody is ill, and the others give."""
    by, unit = story.treasurers[0].user_id, story.currency
    circle = Circle.objects.select_related("fund").get(slug="lindenkreis")
    seats = list(Seat.objects.select_related("member").filter(circle=circle).order_by("pk"))
    if month(period.start) == month(story.first_day):
        for seat in seats:
            plan = DuesPlan.objects.get(slug=f"with-a-circle-level-{seat.place}")
            dues.put_on_plan(member_id=seat.member_id, plan_id=plan.pk, since=story.first_day, by=by)
    _interest(story, period)
    dice = story.dice("circles", period.start)
    current = month(period.start) == month(story.today)
    months = (period.start.year - story.first_day.year) * 12 + period.start.month - story.first_day.month
    if months >= 2 and months % 2 == 0 and not current:
        seat = seats[(7 * months) % len(seats)]
        level = circles.level_of(seat, circles.levels_on(circle.fund_id, period.start))
        last = min(period.start + dt.timedelta(days=27), period.last_day)
        claim = claims.submit(
            member_id=seat.member_id, fund_id=circle.fund_id, occasion="ILLNESS", first_day=period.start,
            last_day=last, amount=Money(level.benefit * dice.choice((60, 80, 100)), unit) / 10_000,
            form_key=f"demo-circle-{period.start:%Y-%m}", by=seat.member.user_id or by, on=last,
        )  # fmt: skip
        first, second = (actor.user_id for actor in story.claims_officers[:2])
        decide(claim, first=first, second=second, on=period.last_day)
    if not current:
        giving.pay_premiums(period=month(period.start), by=by, on=period.last_day)
        giving.give(on=period.last_day, by=by)


def _interest(story: rooms.Story, period: Period) -> None:
    """A second circle is forming: one more on its list every month."""
    forming = Circle.objects.get(slug="hafenkreis")
    seated = set(Seat.objects.values_list("member_id", flat=True))
    for actor in story.present(period.start):
        if actor.member_id is not None and actor.member_id not in seated:
            circles.ask(
                circle_id=forming.pk, member_id=actor.member_id, place=1 + len(seated) % 3, by=actor.user_id,
                on=period.start,
            )  # fmt: skip
            return

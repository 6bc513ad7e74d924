"""How the rules live the demonstration: adopted, changed once, and with a proposal that waits; levels chosen."""

from __future__ import annotations

import datetime as dt
from typing import Any

from mutual import rooms
from mutual.periods import Period, month
from pooling.benefits import covers, rules
from pooling.models import Fund

_LEVELS = [{"name": "1", "amount": 45_000}, {"name": "2", "amount": 60_000}, {"name": "3", "amount": 90_000}]


def _sick_pay(unit: str, **more: Any) -> dict[str, Any]:
    benefit = {
        "rule": "sick-pay", "title": "Sick pay", "causes": ["ILLNESS", "ACCIDENT", "WORK_ACCIDENT"],
        "pays": {"by": "LEVEL", "per": "MONTH"}, "waiting_months": 1, "own_risk": {"days": 3},
        "duration": {"months": 12}, "steps": [{"after": {"months": 6}, "percent": "50"}],
        "partial": {"least": 25, "full": 100},
    }  # fmt: skip
    return {"currency": unit, "levels": _LEVELS, "benefits": [benefit | more]}


def _parents(unit: str) -> dict[str, Any]:
    return {"currency": unit, "benefits": [
        {"rule": "care", "title": "Time with a child", "causes": ["CHILD", "CARE"],
         "pays": {"by": "FLAT", "per": "DAY", "amount": 2_400}, "waiting_months": 1, "duration": {"days": 60},
         "ceiling_year": 144_000},
        {"rule": "birth", "title": "Birth of a child", "causes": ["BIRTH"],
         "pays": {"by": "FLAT", "per": "ONCE", "amount": 30_000}, "waiting_months": 6},
    ]}  # fmt: skip


def _hardship(unit: str) -> dict[str, Any]:
    return {"currency": unit, "benefits": [
        {"rule": "hard-times", "title": "Help in hard times", "causes": ["LOST_CLIENT", "BROKEN_TOOL", "OTHER"],
         "pays": {"by": "FLAT", "per": "ONCE", "amount": 35_000}, "frequency": {"most": 1, "months": 6},
         "ceiling_year": 70_000},
    ]}  # fmt: skip


def begin(story: rooms.Story) -> None:
    """The assembly's first rules; the funds are open already."""
    unit = story.currency
    first, second = (actor.user_id for actor in story.treasurers[:2])
    for slug, terms in (("sickness", _sick_pay(unit)), ("parents", _parents(unit)), ("hardship", _hardship(unit))):
        fund = Fund.objects.get(slug=slug)
        proposal = rules.propose(
            fund_id=fund.pk, terms=terms, text="", why="The founding assembly agreed on these rules.",
            valid_from=story.first_day, by=first, on=story.first_day,
        )  # fmt: skip
        rules.adopt(decision_id=proposal.pk, by=second, on=story.first_day)


def live(story: rooms.Story, period: Period) -> None:
    """Whoever joins chooses a level; in the ninth month the rules are changed, and today a change waits."""
    fund = Fund.objects.get(slug="sickness")
    by = story.treasurers[0].user_id
    dice = story.dice("levels", period.start)
    for actor in story.present(period.last_day):
        if actor.joined_on is not None and actor.member_id is not None and period.contains(actor.joined_on):
            covers.choose(
                fund_id=fund.pk, member_id=actor.member_id, since=actor.joined_on, by=by,
                level=dice.choice(["1", "2", "2", "3"]),
            )  # fmt: skip
    months = (period.start.year - story.first_day.year) * 12 + period.start.month - story.first_day.month
    if months == 8:
        proposal = rules.propose(
            fund_id=fund.pk, terms=_sick_pay(story.currency, recurrence_months=3), text="", by=by, on=period.start,
            why="Whoever falls ill again with the same thing should not bear the own risk twice.",
            valid_from=period.start,
        )  # fmt: skip
        rules.adopt(decision_id=proposal.pk, by=story.treasurers[1].user_id, on=period.start)
    if month(period.start) == month(story.today):
        rules.propose(
            fund_id=fund.pk, by=by, on=story.today, text="", valid_from=story.today + dt.timedelta(30),
            terms=_sick_pay(story.currency, recurrence_months=3, own_risk={"days": 7}, duration={"months": 18}),
            why="A longer own risk would pay for six more months when it is serious.",
        )  # fmt: skip

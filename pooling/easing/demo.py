"""How easier dues live the demonstration: a waiver, a task in place of dues, a draw of income bands."""

from __future__ import annotations

from mutual import rooms
from mutual.periods import Period, add_months, month
from pooling.easing import bands, waivers, work
from pooling.easing.models import Draw, Waiver, WorkCredit
from pooling.models import DuesPlan
from pooling.treasury import corrections


def live(story: rooms.Story, period: Period) -> None:
    """In the last three months: a waiver for one member, a task for another, a draw."""
    if month(period.start).start < add_months(month(story.today).start, -2):
        return
    first, second = (actor.user_id for actor in story.treasurers[:2])
    standard = [one for one in story.present(period.start) if one.member_id and one.member_id % 6 == 2]
    on = period.last_day
    if standard and not Waiver.objects.exists():
        member = standard[0].member_id
        assert member is not None
        proposal = waivers.propose(
            member_id=member, kind=Waiver.Kind.HARDSHIP, since=period.start, until=add_months(period.start, 3),
            percent=50, reason="A long project fell through; half the dues for three months.", by=first, on=on,
        )  # fmt: skip
        corrections.confirm(decision_id=proposal.pk, kind=waivers.WAIVER, by=second, on=on)
    elif len(standard) > 1 and not WorkCredit.objects.exists():
        member = standard[1].member_id
        assert member is not None
        following = month(period.start).next()
        task = work.propose(
            member_id=member, period=following, task="Kept the minutes of the assembly", done_on=on, by=first, on=on
        )
        corrections.confirm(decision_id=task.pk, kind=work.WORK, by=second, on=on)
    elif not Draw.objects.exists():
        plan = DuesPlan.objects.get(slug="by-income")
        bands.draw(plan_id=plan.pk, seed=f"Lotto {on:%d.%m.%Y}: 4 11 19 23 37 42", by=first, on=on)

"""How arrears live the demonstration: reminders at the end of each month, and one agreement."""

from __future__ import annotations

from mutual import rooms
from mutual.periods import Period, add_months
from pooling.dunning import agreements, ladder
from pooling.dunning.models import Agreement, Reminder


def live(story: rooms.Story, period: Period) -> None:
    """Review agreements and write the month's reminders; in the last month one member agrees to pay in parts."""
    agreements.review(on=period.last_day)
    ladder.run(on=period.last_day, by=None)
    if period.contains(story.today) and not Agreement.objects.exists():
        newest = Reminder.objects.filter(sent_on=period.last_day).order_by("-place", "-id").first()
        if newest is not None:
            agreements.make(
                member_id=newest.member_id, parts=4, first_on=add_months(period.start, 1).replace(day=15),
                form_key="demo-agreement", by=story.treasurers[0].user_id, on=period.last_day,
            )  # fmt: skip

"""What the clock asks for: agreements reviewed, reminders written."""

from __future__ import annotations

from django.utils import timezone

from mutual import clock
from mutual.celery import task
from mutual.jobs.models import Run
from pooling.dunning import agreements, ladder


def remind() -> None:
    """Write today's reminders, as somebody asked on the reminders page."""
    agreements.review(on=clock.today())
    ladder.run(on=clock.today(), by=None)


@task
def remind_daily() -> int:
    """Once a day, from six in the morning: review the agreements and write the reminders; returns how many."""
    now = timezone.localtime(clock.now())
    done = Run.objects.filter(kind="reminders", key=str(clock.today()), state=Run.State.FINISHED).exists()
    if now.hour < 6 or done:
        return 0
    agreements.review(on=clock.today())
    return ladder.run(on=clock.today(), by=None).done

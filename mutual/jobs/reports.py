"""What officers read of work that was put aside: what it was, why it failed in plain words, and what helps."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mutual.jobs.models import Job, Run
from mutual.jobs.queue import DIED

WORDS: dict[str, str | Promise] = {
    "invoicing.printing.print_invoice": gettext_lazy("Print an invoice"),
    "members.statements.tasks.make": gettext_lazy("Make everybody's statements"),
    "mutual.mail.letters.deliver": gettext_lazy("Send a letter"),
    "pooling.buffers.tasks.return_excess": gettext_lazy("Return what buffers hold above their cap"),
    "pooling.buffers.tasks.tell": gettext_lazy("Write to those whose buffer was returned"),
    "pooling.circles.tasks.give": gettext_lazy("Let the circles give"),
    "pooling.claims.papers.print_decision": gettext_lazy("Print a decision about a claim"),
    "pooling.dunning.tasks.remind": gettext_lazy("Send reminders"),
    "pooling.payouts.tasks.pay": gettext_lazy("Pay benefits"),
    "pooling.payouts.tasks.tell": gettext_lazy("Write to those who were paid"),
    "pooling.payouts.tasks.tell_made_up": gettext_lazy("Write to those whose shortfall was made up"),
    "pooling.solvency.tasks.simulate": gettext_lazy("Simulate how long the funds last"),
    "pooling.surplus.tasks.relieve": gettext_lazy("Share out dues relief"),
    "pooling.surplus.tasks.share_out": gettext_lazy("Credit members with their parts of a year"),
    "pooling.surplus.tasks.tell": gettext_lazy("Write to those who were credited with their parts"),
    "pooling.tasks.charge_period": gettext_lazy("Charge a period of dues"),
}
"""What a job does, as an officer calls it."""

_BROKEN = re.compile(r"^[A-Za-z_]\w*(: .*,)?( at \S+:\d+)?$")
"""How :func:`mutual.jobs.queue.reason_of` writes down what is no refusal of ours: a kind, a code, a place."""
_KIND = re.compile(r"^\w+: ")
_QUIET = dt.timedelta(minutes=10)
"""After how long without progress a run is said to stand still; each reports far more often."""


@dataclass(frozen=True)
class PutAside:
    """A job that failed five times.

    :ivar why: what was in the way, in plain words
    :ivar then: what to do about it
    :ivar raw: what was written down, with the job's ids, for whoever mends the program
    """

    job: Job
    what: str
    why: str
    then: str
    raw: str


def put_aside(jobs: Iterable[Job]) -> list[PutAside]:
    """What each of these jobs was, and what is to be done about it."""
    found = []
    for job in jobs:
        why, then = _explained(job.failure)
        ids = ", ".join(f"{name}={value}" for name, value in job.arguments.items())
        what = str(WORDS.get(job.task, _("Work in the background")))
        found.append(PutAside(job, what, why, then, f"{job.task}({ids}): {job.failure}"))
    return found


def _explained(failure: str) -> tuple[str, str]:
    again = _("Try it again when that is settled.")
    if failure == DIED:
        return _("The program was stopped each time, most likely because memory ran out."), _(
            "Try it again at a quiet hour; if it is stopped again, give the machine more memory."
        )
    if not _BROKEN.match(failure):
        return _KIND.sub("", failure), again
    if failure.startswith("SMTP"):
        return _("The mail server did not take it."), _("Check the mail server and its settings, then try it again.")
    if failure.startswith(("Connection", "Timeout", "BrokenPipe", "gaierror", "OperationalError", "InterfaceError")):
        return _("Another server did not answer."), _("Once it answers, try it again.")
    return _("The program has a fault here."), _(
        "Trying again helps only when it is mended: give the details to whoever runs the program."
    )


def stands_still(run: Run, at: dt.datetime) -> bool:
    """Whether a run that is not over has shown no sign of life for a while."""
    return not run.over and at - (run.beat_at or run.created_at) > _QUIET

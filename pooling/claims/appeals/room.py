"""What appeals offer to pages about everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from mutual import formats, personal, rooms
from mutual.access import Role
from mutual.periods import Period
from pooling.claims.appeals.models import Appeal, Juror


def figures() -> Iterator[rooms.Figure]:
    """How many sit on a jury."""
    yield rooms.Figure(
        "appeals.jurors", _("Members on a jury"), 5, 3, 15, _("members"),
        _("Appeals begun before that day keep the size of their own day. A tie is the claimant’s."),
    )  # fmt: skip


def navigation() -> Iterator[rooms.NavItem]:
    """Where I sit on a jury; what the funds granted, on open books."""
    yield rooms.NavItem(_("My juries"), "appeals:juries", "gavel", "mine", frozenset({Role.MEMBER}), 15)


def home(*, member_id: int, on: dt.date, limit: int) -> Iterator[rooms.Card]:
    """A jury waits for the member's answer; her own appeal is before one."""
    for juror in Juror.objects.select_related("appeal").filter(
        member_id=member_id, vote="", replaced_on=None, answer_until__gte=on, appeal__state=Appeal.State.SITTING
    ):
        yield rooms.Card(
            _("You were drawn for a jury"),
            _("The jury says whether a decision stands. Please answer by %(day)s.")
            % {"day": formats.day(juror.answer_until)},
            reverse("appeals:jury", args=[juror.appeal.number]), _("Read it"), "warn", 12,
        )  # fmt: skip
    for appeal in Appeal.objects.filter(claim__member_id=member_id, state=Appeal.State.SITTING):
        yield rooms.Card(
            _("Your appeal %(number)s is before the jury") % {"number": appeal.number},
            _("Members drawn by lot answer within days."),
            reverse("appeals:appeal", args=[appeal.number]), _("See it"), "calm", 41,
        )  # fmt: skip


def facts_before_leaving(*, member_id: int, on: dt.date) -> Iterator[rooms.LeavingFact]:
    """An appeal under way comes first."""
    if Appeal.objects.filter(claim__member_id=member_id, state=Appeal.State.SITTING).exists():
        yield rooms.LeavingFact(
            _("Your appeal is before a jury. Wait for it, or withdraw it."), blocking=True,
            url=reverse("claims:my_claims"),
        )  # fmt: skip


def personal_data(*, member_id: int) -> dict[str, Any]:
    """A member's appeals, and the juries she sat on."""
    return {
        # Who could be drawn is about others; the secret number is shown once her words are in.
        "appeals": [
            personal.row(one, but=["pool", "nonce"]) | {"claim": one.claim.number}
            for one in Appeal.objects.select_related("claim").filter(claim__member_id=member_id).order_by("id")
        ],
        "juries": [
            personal.row(one) | {"appeal": one.appeal.number}
            for one in Juror.objects.select_related("appeal").filter(member_id=member_id).order_by("id")
        ],
    }  # fmt: skip


_CHECKS = (
    (
        "a decided appeal has its majority",
        "Appeal {0} is {1}, but {2} jurors granted it and {3} did not.",
        """
        SELECT a.number, a.state, count(*) FILTER (WHERE j.vote = 'GRANT'), count(*) FILTER (WHERE j.vote = 'UPHOLD')
          FROM appeals_appeal a LEFT JOIN appeals_juror j ON j.appeal_id = a.id
         WHERE a.state IN ('GRANTED', 'DISMISSED') GROUP BY a.id, a.number, a.state
        HAVING (a.state = 'GRANTED') <> (count(*) FILTER (WHERE j.vote = 'GRANT') > 0 AND
                count(*) FILTER (WHERE j.vote = 'GRANT') >= count(*) FILTER (WHERE j.vote = 'UPHOLD')) LIMIT 50
        """,
    ),
)


def findings() -> Iterator[rooms.Finding]:
    """Appeals must be decided as their jurors answered."""
    with connection.cursor() as cursor:
        for rule, sentence, query in _CHECKS:
            cursor.execute(query)
            for row in cursor.fetchall():
                yield rooms.Finding(rule, str(row[0]), sentence.format(*row))


def live_a_month(story: rooms.Story, period: Period) -> None:
    """Live a month of the demonstration."""
    from pooling.claims.appeals import demo

    demo.live(story, period)

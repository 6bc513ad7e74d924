"""What reminders and agreements offer to pages about everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from mutual import formats, personal, rooms
from mutual.access import Role
from mutual.money import from_minor
from mutual.periods import Period
from pooling.dunning import agreements
from pooling.dunning.models import Agreement, Reminder

_MONEY = frozenset({Role.TREASURER, Role.ADMINISTRATOR, Role.AUDITOR})


def figures() -> Iterator[rooms.Figure]:
    """How long a part of an agreement may be late."""
    yield rooms.Figure(
        "dues.grace_days", _("How late a part of an agreement may be"), 7, 0, 60, _("days"),
        _("An agreement is broken when a part is open longer than that."),
    )  # fmt: skip


def navigation() -> Iterator[rooms.NavItem]:
    """Reminders, agreements, limitation."""
    yield rooms.NavItem(_("Reminders"), "dunning:ladder", "mail", "office", _MONEY, 62)


def home(*, member_id: int, on: dt.date, limit: int) -> Iterator[rooms.Card]:
    """The next part of an agreement."""
    held = Agreement.objects.filter(member_id=member_id, state=Agreement.State.ACTIVE).first()
    if held is None:
        return
    progress = agreements.progress(held)
    if progress.next_part is not None:
        part = progress.next_part
        yield rooms.Card(
            _("Your agreement: %(amount)s by %(day)s")
            % {"amount": formats.money(from_minor(part.amount, held.currency)), "day": formats.day(part.due_on)},
            _("%(left)s of %(total)s are left. While you keep to it nobody reminds you.")
            % {"left": formats.money(progress.left), "total": formats.money(held.money)},
            reverse("pooling:my_dues"), _("See my dues"), "warn" if part.due_on < on else "calm", 21,
        )  # fmt: skip


def document_url(number: str) -> str | None:
    """The page of an agreement."""
    return reverse("dunning:agreement", args=[number]) if number.startswith("AG-") else None


def personal_data(*, member_id: int) -> dict[str, Any]:
    """A member's reminders and agreements."""
    return {
        "reminders": personal.rows(Reminder.objects.filter(member_id=member_id).order_by("id")),
        "agreements": [
            personal.row(one) | {"schedule": personal.rows(one.schedule.all())}
            for one in Agreement.objects.filter(member_id=member_id).order_by("id")
        ],
    }


_CHECKS = (
    (
        "an agreement's parts are what was open",
        "Agreement {0} is about {1}, its parts sum to {2}, and {3} were open.",
        """
        SELECT a.number, a.total, p.amount, c.open FROM dunning_agreement a
          LEFT JOIN (SELECT agreement_id, sum(amount) AS amount FROM dunning_part GROUP BY 1) AS p
                 ON p.agreement_id = a.id
          LEFT JOIN (SELECT agreement_id, sum(open_then) AS open FROM dunning_covered GROUP BY 1) AS c
                 ON c.agreement_id = a.id
         WHERE (a.total, a.total) IS DISTINCT FROM (p.amount::bigint, c.open::bigint) LIMIT 50
        """,
    ),
)


def findings() -> Iterator[rooms.Finding]:
    """The parts of an agreement sum to what was open of the charges it covers."""
    with connection.cursor() as cursor:
        for rule, sentence, query in _CHECKS:
            cursor.execute(query)
            for row in cursor.fetchall():
                yield rooms.Finding(rule, str(row[0]), sentence.format(*row))


def live_a_month(story: rooms.Story, period: Period) -> None:
    """Live a month of the demonstration."""
    from pooling.dunning import demo

    demo.live(story, period)

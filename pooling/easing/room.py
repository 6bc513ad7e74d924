"""What waivers, work and bands offer to pages about everything."""

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
from pooling.easing.models import Check, Waiver, WorkCredit
from pooling.models import PlanMember


def figures() -> Iterator[rooms.Figure]:
    """How long an income band holds, how many show theirs, and how long the reason of a waiver can be read."""
    yield rooms.Figure(
        "dues.band_months", _("How long a declared income band holds"), 12, 3, 36, _("months"),
        _("Then the member is asked again; whoever does not answer pays the highest band."),
    )  # fmt: skip
    yield rooms.Figure(
        "dues.band_proofs", _("How many show their income band"), 3, 1, 20, _("of a hundred members"),
        _("So many are drawn by lot, rounded up, each time; the seed of the draw is published."),
    )  # fmt: skip
    yield rooms.Figure(
        "dues.waiver_reasons", _("How long the reason of a waiver can be read"), 12, 1, 36, _("months"),
        _("From the day the waiver ended or was not granted; then its key is destroyed. The waiver itself stays."),
    )  # fmt: skip


def navigation() -> Iterator[rooms.NavItem]:
    """The reviewer's page; the office finds the rest from the dues page."""
    reviewer = frozenset({Role.CLAIMS_OFFICER})
    yield rooms.NavItem(_("Income bands"), "easing:reviews", "checks", "office", reviewer, 67)


def home(*, member_id: int, on: dt.date, limit: int) -> Iterator[rooms.Card]:
    """Whoever was drawn, and whoever's band runs out soon."""
    for check in Check.objects.filter(member_id=member_id, state=Check.State.ASKED):
        yield rooms.Card(
            _("You were drawn to show your income band"),
            _("Show the reviewer a tax notice or your accounts with the code %(code)s. Nothing of it is kept.")
            % {"code": check.code},
            reverse("easing:my_band"), _("My income band"), "warn", 30,
        )  # fmt: skip
    soon = on + dt.timedelta(days=45)
    for stay in PlanMember.objects.filter(member_id=member_id, until=None, place_until__lte=soon):
        assert stay.place_until is not None
        yield rooms.Card(
            _("Say your income band anew by %(day)s") % {"day": formats.day(stay.place_until)},
            _("After that day the standard dues are asked."),
            reverse("easing:my_band"), _("My income band"), "calm", 31,
        )  # fmt: skip


def office_cards(*, roles: frozenset[Role], on: dt.date) -> Iterator[rooms.Card]:
    """Bands a reviewer is to look at."""
    if Role.CLAIMS_OFFICER in roles:
        count = Check.objects.filter(state=Check.State.ASKED).count()
        if count:
            yield rooms.Card(
                _("Income bands to look at: %(count)s") % {"count": count},
                _("Members come with a code; you answer yes or no."),
                reverse("easing:reviews"), _("See them"), "calm", 45,
            )  # fmt: skip


def document_url(number: str) -> str | None:
    """The page of a waiver."""
    return reverse("easing:waiver", args=[number]) if number.startswith("W-") else None


def personal_data(*, member_id: int) -> dict[str, Any]:
    """A member's waivers (why is sealed), tasks and bands shown."""
    return {
        "waivers": personal.rows(Waiver.objects.filter(member_id=member_id).order_by("since")),
        "work": personal.rows(WorkCredit.objects.filter(member_id=member_id).order_by("id")),
        "bands_shown": personal.rows(Check.objects.filter(member_id=member_id).order_by("id")),
    }


_CHECKS = (
    (
        "a task takes the place of dues once",
        "The task in place of the dues of {0} is used, but its credit is not there.",
        """
        SELECT m.number || ' ' || w.period FROM easing_workcredit w JOIN members_member m ON m.id = w.member_id
         WHERE w.state = 'USED' AND NOT EXISTS (
               SELECT 1 FROM pooling_credit c JOIN pooling_charge ch ON ch.id = c.charge_id
                WHERE ch.member_id = w.member_id AND ch.period = w.period AND c.source = 'WORK') LIMIT 50
        """,
    ),
    (
        "waivers are as decided",
        "Waiver {0} is not what its decision says.",
        """
        SELECT w.number FROM easing_waiver w JOIN governance_decision d ON d.id = w.decision_id
         WHERE d.state <> 'CONFIRMED' OR (d.terms->>'member')::bigint <> w.member_id
            OR (d.terms->>'percent')::int <> w.percent OR (d.terms->>'since')::date <> w.since
            OR (d.terms->>'up_to')::date < w.until LIMIT 50
        """,
    ),
)


def findings() -> Iterator[rooms.Finding]:
    """A task that was used has its credit; a waiver gives up what two officers decided."""
    with connection.cursor() as cursor:
        for rule, sentence, query in _CHECKS:
            cursor.execute(query)
            for row in cursor.fetchall():
                yield rooms.Finding(rule, str(row[0]), sentence.format(*row))


def live_a_month(story: rooms.Story, period: Period) -> None:
    """Live a month of the demonstration."""
    from pooling.easing import demo

    demo.live(story, period)

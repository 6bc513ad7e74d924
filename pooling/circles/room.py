"""What circles offer to pages about everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from mutual import formats, rooms
from mutual.access import Role
from mutual.money import from_minor
from mutual.periods import Period, year
from pooling.circles import giving, moving
from pooling.circles.mates import circle_mates
from pooling.circles.models import Circle, Gift, Seat

_OFFICE = frozenset({Role.TREASURER, Role.AUDITOR, Role.ADMINISTRATOR})


def navigation() -> Iterator[rooms.NavItem]:
    """My circle, and every circle."""
    yield rooms.NavItem(_("My circle"), "circles:mine", "circles", "mine", frozenset({Role.MEMBER}), 15)
    yield rooms.NavItem(_("Circles"), "circles:circles", "affiliate", "funds", _OFFICE | {Role.MEMBER}, 42)


def relations(*, member_id: int, since: dt.date) -> Iterator[rooms.Relation]:
    """Those who sit in a member's circle: they decide nothing about her (F14)."""
    for mate in sorted(circle_mates(member_id)):
        yield rooms.Relation(mate, "circle")


def home(*, member_id: int, on: dt.date, limit: int) -> Iterator[rooms.Card]:
    """What a member gave this year, and a circle she could join."""
    seat = Seat.objects.select_related("circle__fund").filter(member_id=member_id, left_on=None).first()
    if seat is None:
        forming = Circle.objects.filter(state=Circle.State.FORMING, closes_on=None).order_by("name").first()
        if forming is not None:
            yield rooms.Card(
                _("%(circle)s is forming") % {"circle": forming.name},
                _("Members who carry each other when one of them is ill. Look at what it would cost you."),
                reverse("circles:circle", args=[forming.slug]), _("See it"), "calm", 70,
            )  # fmt: skip
    elif seat.joined_on is not None:
        gave, _received = giving.of_member(member_id, year(on).start)
        yield rooms.Card(
            _("Your circle: %(circle)s") % {"circle": seat.circle.name},
            _("You gave %(gave)s this year; you have %(size)s people beside you.")
            % {"gave": formats.money(from_minor(gave, seat.circle.fund.currency)), "size": seat.circle.size - 1},
            reverse("circles:mine"), _("See it"), "calm", 60,
        )  # fmt: skip


def office_cards(*, roles: frozenset[Role], on: dt.date) -> Iterator[rooms.Card]:
    """Changes that could not come true, dues that fill the buffer of a circle left, circles that are too small."""
    if roles & {Role.ADMINISTRATOR, Role.TREASURER}:
        late = Seat.objects.select_related("circle", "member").filter(left_on=None, changes_on__lt=on)
        for seat in late.order_by("changes_on", "pk")[:3]:
            assert seat.changes_on is not None, "That is how it was found."
            yield rooms.Card(
                _("The change of %(member)s's level in %(circle)s could not come true") % {
                    "member": seat.member.name, "circle": seat.circle.name,
                },
                _("It was due on %(day)s. The dues plan or the cover of that level is not there, or was changed since.")
                % {"day": formats.day(seat.changes_on)},
                reverse("pooling:member_dues", args=[seat.member.number]), _("See her dues"), "warn", 44,
            )  # fmt: skip
        for seat in moving.still_filling(on)[:3]:
            yield rooms.Card(
                _("%(member)s has left %(circle)s and still fills a buffer") % {
                    "member": seat.member.name, "circle": seat.circle.name,
                },
                _("Her dues go on as before. Put her on the plan she should be on, or leave it so if she wants it."),
                reverse("pooling:member_dues", args=[seat.member.number]), _("See her dues"), "warn", 46,
            )  # fmt: skip
    if Role.ADMINISTRATOR not in roles:
        return
    for circle in Circle.objects.filter(state=Circle.State.SMALL, closes_on=None)[:3]:
        yield rooms.Card(
            _("%(circle)s is too small") % {"circle": circle.name},
            _("%(size)s are left of at least %(smallest)s members. It goes on giving; find it new ones, or close it.")
            % {"size": circle.size, "smallest": circle.smallest},
            reverse("circles:circle", args=[circle.slug]), _("See it"), "warn", 45,
        )  # fmt: skip


def facts_before_leaving(*, member_id: int, on: dt.date) -> Iterator[rooms.LeavingFact]:
    """A seat in a circle is given up on a set date first."""
    seat = Seat.objects.select_related("circle").filter(member_id=member_id, left_on=None).first()
    if seat is not None and seat.joined_on is not None:
        sentence = (
            _("You leave your circle on %(day)s.") % {"day": formats.day(seat.leaves_on)}
            if seat.leaves_on
            else _("You sit in %(circle)s: leave it first.") % {"circle": seat.circle.name}
        )
        yield rooms.LeavingFact(sentence, blocking=True, url=reverse("circles:mine"))


def statement_sections(*, member_id: int, period: Period, language: str) -> Iterator[rooms.Section]:
    """What a member gave and received by gifts, as totals: the lines are in her buffer and her benefits."""
    gave, got = giving.of_member(member_id, period.start, until=period.end)
    if not gave and not got:
        return
    seat = Seat.objects.select_related("circle__fund").filter(member_id=member_id).order_by("-id").first()
    assert seat is not None
    unit = seat.circle.fund.currency
    with override(language):
        yield rooms.Section(
            "circle", _("Circle"), _("What you gave the others in your circle, and what they gave you."), unit, (),
            figures=(
                rooms.KeyFigure(_("You gave"), from_minor(gave, unit)),
                rooms.KeyFigure(_("You received"), from_minor(got, unit)),
            ), order=31,
        )  # fmt: skip


def personal_data(*, member_id: int) -> dict[str, Any]:
    """A member's seats, and what she gave."""
    return {
        "seats": [
            {
                "circle": one.circle.name, "level": one.place, "asked_on": str(one.asked_on),
                "joined_on": one.joined_on and str(one.joined_on), "left_on": one.left_on and str(one.left_on),
            }
            for one in Seat.objects.select_related("circle").filter(member_id=member_id).order_by("id")
        ],
        "gifts": [
            {"on": str(one.carried.given_on), "minor": one.amount}
            for one in Gift.objects.select_related("carried").filter(donor_id=member_id).order_by("id")
        ],
    }  # fmt: skip


def document_url(number: str) -> str | None:
    """The circles' page."""
    return reverse("circles:circles") if number.startswith("CIRCLE-") else None


_CHECKS = (
    (
        "circles have as many members as their seats say",
        "Circle {0} says {1}, but {2} seats are taken.",
        """
        SELECT k.id, k.size, coalesce(s.taken, 0) FROM circles_circle k
          LEFT JOIN (SELECT circle_id, count(*) AS taken FROM circles_seat
                      WHERE joined_on IS NOT NULL AND left_on IS NULL GROUP BY 1) AS s ON s.circle_id = k.id
         WHERE k.size <> coalesce(s.taken, 0) LIMIT 50
        """,
    ),
    (
        "gifts sum to what the circle carried",
        "Claim {0}: the circle carried {1}, its gifts sum to {2}, the journal says {3}.",
        """
        SELECT c.number || '/' || i.place, g.given, coalesce(p.given, 0), coalesce(t.given, 0) FROM circles_carried g
          JOIN claims_instalment i ON i.id = g.instalment_id JOIN claims_claim c ON c.id = i.claim_id
          LEFT JOIN (SELECT carried_id, sum(amount) AS given FROM circles_gift GROUP BY 1) AS p ON p.carried_id = g.id
          LEFT JOIN (SELECT ledger_entry_of(id) AS entry, sum(amount) AS given FROM ledger_transfer
                      WHERE book_id = 1 AND kind = 70 GROUP BY 1) AS t
            ON t.entry = ledger_entry_id(1, 'gifts/CIRCLE-' || g.circle_id || '/' || c.number || '/' || i.place)
         WHERE g.given <> coalesce(p.given, 0) OR g.given <> coalesce(t.given, 0) LIMIT 50
        """,
    ),
    (
        "claims payable hold gifts that are not paid yet",
        "Account {0} holds {1}, but the gifts for its member's approved claims sum to {2}.",
        """
        SELECT a.id, -b.amount, coalesce(g.given, 0) FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
          LEFT JOIN (SELECT i.payable_id, sum(g.given) AS given FROM circles_carried g
                       JOIN claims_instalment i ON i.id = g.instalment_id AND i.state <> 'PAID'
                      WHERE g.returned_on IS NULL GROUP BY 1) AS g ON g.payable_id = a.id
         WHERE a.book_id = 1 AND a.code LIKE 'liabilities:claims-payable:%'
           AND -b.amount <> coalesce(g.given, 0) LIMIT 50
        """,
    ),
    (
        "premiums are in the journal",
        "Circle {0} paid {1} for {2}, but the journal says {3}.",
        """
        SELECT p.circle_id, p.paid, p.month, coalesce(t.paid, 0) FROM circles_premium p
          LEFT JOIN (SELECT ledger_entry_of(id) AS entry, sum(amount) AS paid FROM ledger_transfer
                      WHERE book_id = 1 AND kind = 71 GROUP BY 1) AS t
            ON t.entry = ledger_entry_id(1, 'premium/CIRCLE-' || p.circle_id || '/' || to_char(p.month, 'YYYY-MM'))
         WHERE p.paid <> coalesce(t.paid, 0) LIMIT 50
        """,
    ),
)


def findings() -> Iterator[rooms.Finding]:
    """Seats, gifts, premiums and the ledger must say the same."""
    with connection.cursor() as cursor:
        for rule, sentence, query in _CHECKS:
            cursor.execute(query)
            for row in cursor.fetchall():
                yield rooms.Finding(rule, str(row[0]), sentence.format(*row))


def begin_demo(story: rooms.Story) -> None:
    """Set up the demonstration's circle."""
    from pooling.circles import demo

    demo.begin(story)


def live_a_month(story: rooms.Story, period: Period) -> None:
    """Live a month of the demonstration."""
    from pooling.circles import demo

    demo.live(story, period)

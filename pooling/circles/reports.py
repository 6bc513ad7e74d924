"""What the pages about circles show. Who sits in a circle is known to its members; who claimed is shown to nobody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Count, Sum
from django.db.models.functions import TruncMonth

from mutual import formats
from mutual.ledger import balances
from mutual.money import Money, from_minor
from mutual.periods import year
from mutual.tables import Cell
from pooling import accounts
from pooling.circles import giving, moving
from pooling.circles import terms as rules
from pooling.circles.circles import Check, check
from pooling.circles.models import Carried, Circle, Level, Premium, Seat, Terms
from pooling.models import Fund


@dataclass(frozen=True)
class LevelView:
    """A level in money."""

    place: int
    deposit: Money
    benefit: Money


@dataclass(frozen=True)
class Mate:
    """Somebody in the circle, by name. What each gave is hers to see: whoever gave less has claimed."""

    name: str
    number: str
    level: LevelView
    joined_on: dt.date | None
    leaves_on: dt.date | None


@dataclass(frozen=True)
class TermsView:
    """Terms in money and words."""

    terms: Terms
    levels: tuple[LevelView, ...]
    claim_retention: Money | None
    year_retention: Money | None
    gift_limit: Money | None
    premium: str
    months: str


@dataclass(frozen=True)
class CircleView:
    """A circle: its members, its terms, its totals; nothing about a single claim."""

    circle: Circle
    terms: TermsView
    mates: tuple[Mate, ...]
    waiting: tuple[Mate, ...]
    check: Check | None
    year: Money
    ever: Money
    premiums: Money


@dataclass(frozen=True)
class Mine:
    """A member's own seat: her level, her buffer, what she gave and received this year."""

    seat: Seat
    level: LevelView
    next_level: LevelView | None
    holds: Money
    to_take: Money
    gave: Money
    received: Money
    next_move: dt.date
    next_pays: Money | None


@dataclass(frozen=True)
class Choice:
    """What a level would mean for a member: what she pays a month, what she is covered for, from when.

    :ivar pays: her whole dues; None where they do not fill the buffer
    :ivar why_not: why she cannot move to it; empty where she can
    """

    level: LevelView
    day: dt.date
    pays: Money | None
    why_not: str = ""


def level_view(level: Level, currency: str) -> LevelView:
    """A level in money."""
    return LevelView(level.place, from_minor(level.deposit, currency), from_minor(level.benefit, currency))


def terms_view(terms: Terms) -> TermsView:
    """Terms in money."""
    unit = terms.fund.currency
    points = terms.premium_points

    def maybe(amount: int | None) -> Money | None:
        return None if amount is None else from_minor(amount, unit)

    return TermsView(
        terms, tuple(level_view(level, unit) for level in terms.levels.all()), maybe(terms.claim_retention),
        maybe(terms.year_retention), maybe(terms.gift_limit), f"{points // 100}.{points % 100:02}",
        ", ".join(formats.month_name(month) for month in terms.months),
    )  # fmt: skip


def circle(one: Circle, on: dt.date) -> CircleView:
    """One circle, for its members and the office.

    :raises pooling.circles.circles.NoTerms: if nothing is decided about circles of its fund
    """
    terms = rules.in_force(one.fund_id, on)
    assert terms is not None
    levels, unit = rules.levels(terms), one.fund.currency
    seats = list(Seat.objects.select_related("member").filter(circle=one, left_on=None).order_by("member__name"))
    nobody = levels[max(levels)]
    mates = [
        Mate(
            seat.member.name, seat.member.number, level_view(levels.get(seat.place, nobody), unit), seat.joined_on,
            seat.leaves_on,
        )
        for seat in seats
    ]  # fmt: skip
    in_year, ever, paid = giving.totals([one], on)[one.pk]
    return CircleView(
        one, terms_view(terms), tuple(mate for mate in mates if mate.joined_on is not None),
        tuple(mate for mate in mates if mate.joined_on is None),
        check(one, on) if one.state == Circle.State.FORMING else None, from_minor(in_year, unit),
        from_minor(ever, unit), from_minor(paid, unit),
    )  # fmt: skip


def mine(member_id: int, on: dt.date) -> Mine | None:
    """A member's own seat, asked for or taken, or none."""
    seat = Seat.objects.select_related("circle__fund", "member").filter(member_id=member_id, left_on=None).first()
    if seat is None:
        return None
    fund = seat.circle.fund
    terms = rules.in_force(fund.pk, on)
    assert terms is not None
    levels = rules.levels(terms)
    nobody = levels[max(levels)]
    buffer = accounts.buffer(fund.slug, seat.member.number, fund.currency, member_id)
    gave, received = giving.of_member(member_id, year(on).start)
    return Mine(
        seat, level_view(levels.get(seat.place, nobody), fund.currency),
        level_view(levels.get(seat.next_place, nobody), fund.currency) if seat.next_place else None,
        balances.of(buffer), giving.hers_to_take(seat, on), from_minor(gave, fund.currency),
        from_minor(received, fund.currency), terms.next_move(on),
        _choice(seat, levels.get(seat.next_place, nobody), seat.changes_on).pays
        if seat.next_place and seat.changes_on
        else None,
    )  # fmt: skip


def choices(seat: Seat, on: dt.date) -> list[Choice]:
    """What each level would mean for whoever sits in a seat: her own from now on, the others from the next moving day.

    :raises pooling.circles.circles.NoTerms: if nothing is decided about circles of its fund
    """
    terms = rules.in_force(seat.circle.fund_id, on)
    assert terms is not None
    day, unit = terms.next_move(on), terms.fund.currency
    present = moving.now(seat, on)
    pays = None if present is None else from_minor(present.amount, unit)
    return [
        Choice(level_view(level, unit), on, pays) if level.place == seat.place else _choice(seat, level, day)
        for level in terms.levels.all()
    ]


def _choice(seat: Seat, level: Level, day: dt.date) -> Choice:
    unit = seat.circle.fund.currency
    try:
        move = moving.of(seat, level, day)
    except moving.MoveRefused as refused:
        return Choice(level_view(level, unit), day, None, str(refused))
    return Choice(level_view(level, unit), day, move.pays(unit))


def every() -> list[Circle]:
    """Every circle, those that form first."""
    found = list(Circle.objects.select_related("fund").order_by("name"))
    return sorted(found, key=lambda one: [*Circle.State.values].index(one.state))


def funds_with_terms(on: dt.date) -> list[tuple[Fund, TermsView]]:
    """The funds that have circles, with what holds for them."""
    found = []
    for fund in Fund.objects.filter(circle_terms__valid_from__lte=on).distinct().order_by("name"):
        terms = rules.in_force(fund.pk, on)
        if terms is not None:
            found.append((fund, terms_view(terms)))
    return found


MONTH_COLUMNS = ("month", "currency", "premium asked", "premium paid", "instalments", "due", "given by the circle")


def circle_table(on: dt.date, *, whole: bool) -> tuple[Sequence[str], Iterator[tuple[Cell, ...]]]:
    """Every circle as rows of a spreadsheet; what it gave and paid for the office only."""
    heading = ("circle", "fund", "state", "members", "open since")
    amounts = ("currency", "given this circle year", "given since it opened", "premiums paid") if whole else ()

    def rows() -> Iterator[tuple[Cell, ...]]:
        circles = every()
        sums = giving.totals(circles, on) if whole else {}
        for one in circles:
            size = None if one.state == Circle.State.FORMING else one.size
            row: tuple[Cell, ...] = (one.name, one.fund.name, one.state, size, one.opened_on)
            if whole:
                unit = one.fund.currency
                row += (unit, *(from_minor(amount, unit) for amount in sums[one.pk]))
            yield row

    return (*heading, *amounts), rows()


def month_rows(one: Circle) -> Iterator[tuple[Cell, ...]]:
    """A circle's premiums and what it carried, month by month: sums, no claim and nobody."""
    unit = one.fund.currency
    paid = {premium.month: premium for premium in Premium.objects.filter(circle=one)}
    carried = {
        row["month"]: row
        for row in Carried.objects.filter(circle=one, returned_on=None)
        .annotate(month=TruncMonth("given_on"))
        .values("month")
        .annotate(count=Count("pk"), due=Sum("due"), given=Sum("given"))
        .order_by("month")
    }
    for first in sorted({*paid, *carried}):
        premium, gave = paid.get(first), carried.get(first, {"count": 0, "due": 0, "given": 0})
        yield (
            f"{first:%Y-%m}", unit, from_minor(premium.asked if premium else 0, unit),
            from_minor(premium.paid if premium else 0, unit), gave["count"], from_minor(gave["due"], unit),
            from_minor(gave["given"], unit),
        )  # fmt: skip

"""What moves with a level (F7), all at once: the seat, the dues plan that fills the buffer, and the cover by the rules.

Nobody writes down which plan and which cover belong to a level: the figures say it. A plan belongs to a level if it
puts exactly that level's deposit into the buffer, month by month; a cover, if it is for that level's benefit. Whoever
pays her deposits on such a plan pays them on the right one after the change, from its day on, or the change is refused;
whoever is on no such plan pays her deposits another way, and keeps it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Subquery
from django.utils.translation import gettext as _

from members.models import Member
from mutual import formats
from mutual.money import Money, allocate_minor, from_minor, minor
from pooling import dues
from pooling.benefits import covers
from pooling.benefits import rules as benefit_rules
from pooling.benefits.known import version_on
from pooling.benefits.models import Cover
from pooling.circles.models import Level, Seat
from pooling.models import DuesPlan, Fund, PlanMember, PlanVersion


class MoveRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class NoPlan(MoveRefused):
    """No dues plan, or more than one, puts the level's deposit into the buffer."""


class NoCover(MoveRefused):
    """The fund's rules know no cover for the level's benefit."""


@dataclass(frozen=True)
class Place:
    """A place on a dues plan on a day, by the month, in minor units.

    :ivar rate: which of the plan's levels, or None where it has none
    :ivar amount: what it asks
    :ivar deposit: what of it goes into the buffer
    """

    plan: DuesPlan
    rate: int | None
    amount: int
    deposit: int


@dataclass(frozen=True)
class Move:
    """What a change of level would do from a day on.

    :ivar now: the plan that fills her buffer today, or None where she is on none
    :ivar then: the plan that will; the same one where nothing changes
    :ivar cover: what she will be covered for by the fund's rules, by its name; None where they have nothing to change
    """

    day: dt.date
    now: Place | None
    then: Place | None
    cover: str | None

    def pays(self, currency: str) -> Money | None:
        """Her whole dues of a month from that day on; None where they do not fill the buffer."""
        return None if self.then is None else from_minor(self.then.amount, currency)


def _places(fund: Fund, on: dt.date) -> list[Place]:
    """Every place on a monthly plan that fills buffers of a fund on a day."""
    newest = (
        PlanVersion.objects.filter(plan__every=DuesPlan.Every.MONTH, plan__currency=fund.currency, valid_from__lte=on)
        .order_by("plan", "-valid_from")
        .distinct("plan")
    )
    versions = PlanVersion.objects.filter(pk__in=newest.values("pk")).select_related("plan")
    found = []
    for version in versions.prefetch_related("shares", "rates").order_by("plan"):
        shares = list(version.shares.all())
        if not any(share.buffer and share.fund_id == fund.pk for share in shares):
            continue
        asked: list[tuple[int | None, int]] = []
        if version.plan.basis == DuesPlan.Basis.FLAT:
            asked = [(None, minor(version.amount))]
        elif version.plan.basis == DuesPlan.Basis.LEVEL:
            asked = [(rate.place, rate.amount) for rate in version.rates.all()]
        for rate, amount in asked:
            parts = zip(allocate_minor(amount, [share.weight for share in shares]), shares, strict=True)
            deposit = sum(part for part, share in parts if share.buffer and share.fund_id == fund.pk)
            found.append(Place(version.plan, rate, amount, deposit))
    return found


def of(seat: Seat, level: Level, day: dt.date) -> Move:
    """What a member's change to a level would do from a day on.

    :raises NoPlan: if her dues fill the buffer, and no plan (or more than one) does so for that level
    :raises NoCover: if she is covered by a level of the fund's rules, and they have none for that benefit
    """
    fund = seat.circle.fund
    now, then = _plan(seat.member_id, fund, level, day)
    return Move(day, now, then, _cover(seat.member_id, fund, level, day))


def now(seat: Seat, day: dt.date) -> Place | None:
    """Where a member's dues fill her buffer now, at what that asks on a day; None where they do not."""
    return _of_member(seat.member_id, _places(seat.circle.fund, day))


def still_filling(on: dt.date) -> list[Seat]:
    """Seats that members left for good while their dues go on filling the buffer of it; at most a hundred."""
    newest = PlanVersion.objects.filter(plan=OuterRef("plan"), valid_from__lte=on).order_by("-valid_from").values("pk")
    filling = PlanMember.objects.filter(
        member=OuterRef("member"), until=None,
        plan__versions__shares__fund=OuterRef("circle__fund"), plan__versions__shares__buffer=True,
        plan__versions=Subquery(newest[:1]),
    )  # fmt: skip
    again = Seat.objects.filter(member=OuterRef("member"), circle__fund=OuterRef("circle__fund"), left_on=None)
    left = Seat.objects.filter(left_on__lte=on, member__status=Member.Status.ACTIVE)
    found = left.filter(Exists(filling), ~Exists(again)).select_related("circle", "member")
    newest_first = found.order_by("member_id", "circle__fund_id", "-left_on").distinct("member_id", "circle__fund_id")
    return list(newest_first[:100])


def _of_member(member_id: int, places: list[Place]) -> Place | None:
    stay = PlanMember.objects.filter(member=member_id, until=None).first()
    return next((one for one in places if stay and (one.plan.pk, one.rate) == (stay.plan_id, stay.place)), None)


def _plan(member_id: int, fund: Fund, level: Level, day: dt.date) -> tuple[Place | None, Place | None]:
    places = _places(fund, day)
    now = _of_member(member_id, places)
    if now is None:
        if _fills(member_id, fund, day):
            raise NoPlan(_("Your dues fill your buffer in a way that knows no such level. Ask the office."))
        return None, None
    fitting = [one for one in places if one.deposit == level.deposit]
    # Her own plan first; then one that asks the same beside the deposit; then the only one there is.
    for nearer in (
        [one for one in fitting if one.plan == now.plan],
        [one for one in fitting if one.amount - one.deposit == now.amount - now.deposit],
        fitting,
    ):
        if len(nearer) == 1:
            return now, nearer[0]
    raise NoPlan(
        _("No single dues plan puts %(deposit)s a month into the buffers of %(fund)s. Ask the office.")
        % {"deposit": formats.money(from_minor(level.deposit, fund.currency)), "fund": fund.name}
    )


def _fills(member_id: int, fund: Fund, day: dt.date) -> bool:
    """Whether a member's present plan puts anything into her buffer, whatever its periods and its basis."""
    stay = PlanMember.objects.filter(member=member_id, until=None).first()
    if stay is None:
        return False
    version = PlanVersion.objects.filter(plan=stay.plan_id, valid_from__lte=day).order_by("-valid_from").first()
    return version is not None and version.shares.filter(buffer=True, fund=fund).exists()


def _cover(member_id: int, fund: Fund, level: Level, day: dt.date) -> str | None:
    version = version_on(benefit_rules.versions(fund.pk), day)
    if version is None or not version.terms.levels:
        return None
    now = _covered(member_id, fund, day)
    fitting = [one.name for one in version.terms.levels if one.amount == level.benefit]
    if len(fitting) == 1:
        return None if now is not None and now.level == fitting[0] else fitting[0]
    if now is None or not now.level:
        return None
    raise NoCover(
        _("The rules of %(fund)s have no level for a benefit of %(benefit)s a month. Ask the office.")
        % {"fund": fund.name, "benefit": formats.money(from_minor(level.benefit, fund.currency))}
    )


def _covered(member_id: int, fund: Fund, day: dt.date) -> Cover | None:
    return Cover.objects.filter(fund=fund, member=member_id, since__lte=day).order_by("-since").first()


def carry_out(seat: Seat, move: Move, *, on: dt.date) -> None:
    """Change plan and cover as a move says, from its day on; in the transaction that changes the seat.

    What was charged for days since is charged anew.

    :raises pooling.dues.DuesRefused: if the plan cannot be changed on that day
    :raises pooling.benefits.covers.CoverRefused: if the cover cannot
    """
    if move.then is not None and move.then != move.now:
        dues.move_to_plan(
            member_id=seat.member_id, plan=move.then.plan, place=move.then.rate, since=move.day, by=None, on=on
        )
    if move.cover is not None:
        now = _covered(seat.member_id, seat.circle.fund, move.day)
        covers.write(
            fund=seat.circle.fund, member_id=seat.member_id, since=move.day, by=None, level=move.cover,
            units=now.units if now else 1, earnings=now.earnings if now else None,
            born_on=now.born_on if now else None,
        )  # fmt: skip

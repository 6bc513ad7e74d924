"""Circles: formed, opened when they can carry one full benefit (F4), joined and left on set dates (F7)."""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from members.models import Member
from mutual import formats
from mutual.money import Money
from mutual.trail import trail
from pooling import accounts, dues
from pooling.benefits import covers
from pooling.circles import moving, telling
from pooling.circles import terms as rules
from pooling.circles.gifts import carries_one
from pooling.circles.models import Circle, Level, Seat, Terms
from pooling.models import Fund


class CircleRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class NoTerms(CircleRefused):
    """Nothing has been decided about circles of this fund."""


class NameTaken(CircleRefused):
    """There is a circle of that name already."""


class CannotOpen(CircleRefused):
    """Too few, too many, or together they could not carry one full benefit (F4)."""


class AlreadySeated(CircleRefused):
    """A member sits in one circle at a time."""


class Full(CircleRefused):
    """The circle has as many members as it may have."""


class NoSuchLevel(CircleRefused):
    """The terms know no such level."""


class Closing(CircleRefused):
    """The circle is closed, or will be on a day that was decided."""


class NotSeated(CircleRefused):
    """She does not sit in a circle."""


@dataclass(frozen=True)
class Check:
    """Whether a forming circle can open (F4).

    :ivar deposits: what all put in together in a month
    :ivar benefit: the largest benefit of a month among them
    :ivar sentence: what is missing, or that nothing is
    """

    members: int
    smallest: int
    largest: int
    deposits: Money
    benefit: Money
    ready: bool
    sentence: str


def _terms(fund_id: int, on: dt.date) -> Terms:
    found = rules.in_force(fund_id, on)
    if found is None:
        raise NoTerms(_("Nothing has been decided about circles of this fund."))
    return found


@transaction.atomic(durable=True)
def form(*, name: str, fund_id: int, by: int, on: dt.date) -> Circle:
    """Begin a circle: members put themselves on its list until it can open.

    :raises NoTerms: if nothing has been decided about circles of this fund
    :raises NameTaken: if there is a circle of that name
    """
    fund, terms = Fund.objects.get(pk=fund_id), _terms(fund_id, on)
    slug = slugify(name)[:40] or "circle"
    if Circle.objects.filter(slug=slug).exists():
        raise NameTaken(_("There is a circle with that name already."))
    circle = Circle.objects.create(slug=slug, name=name, fund=fund, smallest=terms.smallest, largest=terms.largest)
    trail.record(by=by, did="CIRCLE_FORMED", subject=circle.document)
    return circle


@transaction.atomic(durable=True)
def ask(*, circle_id: int, member_id: int, place: int, by: int, on: dt.date) -> Seat:
    """Ask for a seat: on the list of a forming circle, or in an open one from its next moving day. Again is harmless.

    :raises AlreadySeated: if she has or asked for a seat elsewhere
    :raises Closing: if the circle is closed or will be
    :raises Full: if every seat is taken or asked for
    :raises NoSuchLevel: if the terms know no such level
    """
    circle = Circle.objects.select_for_update(of=("self",)).select_related("fund").get(pk=circle_id)
    member = Member.objects.get(pk=member_id)
    terms = _terms(circle.fund_id, on)
    if member.status != Member.Status.ACTIVE or member.currency != circle.fund.currency:
        raise CircleRefused(_("Active members of the circle's currency can join."))
    if place not in rules.levels(terms):
        raise NoSuchLevel(_("There is no such level."))
    known = Seat.objects.filter(member=member, left_on=None).first()
    if known is not None:
        if known.circle_id == circle_id and known.place == place:
            return known
        raise AlreadySeated(_("You have a seat, or asked for one. A member sits in one circle at a time."))
    if circle.closes_on is not None:
        raise Closing(_("This circle closes on %(day)s.") % {"day": formats.day(circle.closes_on)})
    if circle.seats.filter(left_on=None).count() >= circle.largest:
        raise Full(_("This circle has as many members as it may have: %(largest)s.") % {"largest": circle.largest})
    seat = Seat.objects.create(
        circle=circle, member=member, place=place, asked_on=on,
        joins_on=None if circle.state == Circle.State.FORMING else terms.next_move(on),
    )  # fmt: skip
    trail.record(by=by, did="CIRCLE_SEAT_ASKED", subject=member.number, detail={"circle": circle.document})
    return seat


@transaction.atomic(durable=True)
def take_back(*, member_id: int, by: int) -> None:
    """Take a request for a seat back, before it is taken. Again is harmless."""
    seat = Seat.objects.select_for_update().filter(member_id=member_id, left_on=None, joined_on=None).first()
    if seat is not None:
        number = seat.member.number
        seat.delete()
        trail.record(by=by, did="CIRCLE_SEAT_TAKEN_BACK", subject=number)


def check(circle: Circle, on: dt.date) -> Check:
    """Whether a forming circle can open, and what is missing.

    :raises NoTerms: if nothing is decided about circles of its fund
    """
    terms = _terms(circle.fund_id, on)
    seated = [rules.levels(terms)[seat.place] for seat in circle.seats.filter(left_on=None)]
    deposits, benefit = sum(level.deposit for level in seated), max((level.benefit for level in seated), default=0)
    count, enough = len(seated), carries_one([level.deposit for level in seated], benefit)
    if count < circle.smallest:
        missing = circle.smallest - count
        sentence = _("%(missing)s more members are needed: a circle opens with %(smallest)s.") % {
            "missing": missing, "smallest": circle.smallest,
        }  # fmt: skip
    elif not enough:
        sentence = _("Together they put in %(deposits)s a month: less than one full benefit of %(benefit)s.") % {
            "deposits": formats.money(terms.money(deposits)), "benefit": formats.money(terms.money(benefit)),
        }  # fmt: skip
    else:
        sentence = _("Together they put in %(deposits)s a month, enough for one full benefit of %(benefit)s.") % {
            "deposits": formats.money(terms.money(deposits)), "benefit": formats.money(terms.money(benefit)),
        }  # fmt: skip
    return Check(
        count, circle.smallest, circle.largest, terms.money(deposits), terms.money(benefit),
        circle.smallest <= count <= circle.largest and enough, sentence,
    )  # fmt: skip


@transaction.atomic(durable=True)
def open_circle(*, circle_id: int, by: int, on: dt.date) -> Circle:
    """Open a circle: everybody on its list sits down. Again is harmless.

    :raises CannotOpen: if there are too few or too many, or they could not carry one full benefit (F4)
    :raises Closing: if it was decided to give it up
    """
    circle = Circle.objects.select_for_update(of=("self",)).select_related("fund").get(pk=circle_id)
    if circle.state != Circle.State.FORMING:
        return circle
    if circle.closes_on is not None:
        raise Closing(_("This circle closes on %(day)s.") % {"day": formats.day(circle.closes_on)})
    found = check(circle, on)
    if not found.ready:
        raise CannotOpen(found.sentence)
    seats = list(circle.seats.select_related("member").filter(left_on=None).order_by("pk"))
    accounts.buffers_in(circle.fund, [seat.member for seat in seats])
    circle.seats.filter(left_on=None).update(joined_on=on)
    circle.refresh_from_db(fields=["size"])
    circle.state, circle.opened_on = Circle.State.OPEN, on
    circle.save(update_fields=["state", "opened_on"])
    for seat in seats:
        telling.of_seat("circle_opened", seat, circle, on=on)
    trail.record(by=by, did="CIRCLE_OPENED", subject=circle.document, detail={"size": circle.size})
    return circle


def _sit_down(seat: Seat, circle: Circle, on: dt.date) -> None:
    accounts.buffer(circle.fund.slug, seat.member.number, circle.fund.currency, seat.member_id)
    seat.joined_on = on
    seat.save(update_fields=["joined_on"])


def _taken(member_id: int) -> Seat:
    seat = (
        Seat.objects.select_for_update(of=("self",))
        .select_related("circle__fund", "member")
        .filter(member_id=member_id, left_on=None, joined_on__isnull=False)
        .first()
    )
    if seat is None:
        raise NotSeated(_("You do not sit in a circle."))
    return seat


@transaction.atomic(durable=True)
def change_level(*, member_id: int, place: int, by: int, on: dt.date) -> Seat:
    """Ask for another level from the next moving day on; asking for the present one takes that back.

    On that day seat, dues and cover change together or not at all (:mod:`pooling.circles.moving`); what could not come
    true is refused at once.

    :raises NotSeated: if she does not sit in a circle
    :raises NoSuchLevel: if the terms know no such level
    :raises Closing: if the circle closes
    :raises pooling.circles.moving.MoveRefused: if no dues plan or no cover belongs to the level
    """
    seat = _taken(member_id)
    terms = _terms(seat.circle.fund_id, on)
    levels = rules.levels(terms)
    if place not in levels:
        raise NoSuchLevel(_("There is no such level."))
    if seat.circle.closes_on is not None:
        raise Closing(_("This circle closes on %(day)s.") % {"day": formats.day(seat.circle.closes_on)})
    asked = seat.next_place, seat.changes_on
    if place == seat.place:
        seat.next_place = seat.changes_on = None
    else:
        seat.next_place, seat.changes_on = place, terms.next_move(on)
        moving.of(seat, levels[place], seat.changes_on)
    if asked == (seat.next_place, seat.changes_on):
        return seat
    seat.save(update_fields=["next_place", "changes_on"])
    trail.record(by=by, did="CIRCLE_LEVEL_ASKED", subject=seat.member.number, detail={"level": place})
    return seat


@transaction.atomic(durable=True)
def leave(*, member_id: int, by: int, on: dt.date) -> Seat:
    """Leave from the next moving day on; what the buffer then holds after its obligations goes back. Again is harmless.

    :raises NotSeated: if she does not sit in a circle
    """
    seat = _taken(member_id)
    if seat.leaves_on is None:
        seat.leaves_on = _terms(seat.circle.fund_id, on).next_move(on)
        seat.save(update_fields=["leaves_on"])
        trail.record(by=by, did="CIRCLE_LEAVING", subject=seat.member.number, detail={"on": str(seat.leaves_on)})
    return seat


def take_effect(*, on: dt.date) -> int:
    """Let what was asked for come true on its day: first leaving, then levels, then joining. Returns how many did.

    A level that cannot come true (a plan or a cover is gone since) changes nothing and is tried again; the office is
    told (:func:`pooling.circles.room.office_cards`).
    """
    done = 0
    for seat_id in Seat.objects.filter(left_on=None, joined_on__isnull=False, leaves_on__lte=on).values_list(
        "pk", flat=True
    ):
        done += _stand_up(seat_id=seat_id, on=on)
    for seat_id in Seat.objects.filter(left_on=None, changes_on__lte=on).values_list("pk", flat=True):
        with contextlib.suppress(moving.MoveRefused, dues.DuesRefused, covers.CoverRefused):
            done += _move(seat_id=seat_id, on=on)
    for seat_id in Seat.objects.filter(joined_on=None, joins_on__lte=on).order_by("pk").values_list("pk", flat=True):
        done += _join(seat_id=seat_id, on=on)
    return done


def _locked(seat_id: int) -> Seat:
    """A seat with its circle, the circle first: whoever counts seats comes one after the other."""
    circle_id = Seat.objects.values_list("circle_id", flat=True).get(pk=seat_id)
    Circle.objects.select_for_update().get(pk=circle_id)
    return Seat.objects.select_for_update(of=("self",)).select_related("circle__fund", "member").get(pk=seat_id)


@transaction.atomic(durable=True)
def _stand_up(*, seat_id: int, on: dt.date) -> bool:
    seat = _locked(seat_id)
    if seat.left_on is not None or seat.leaves_on is None or seat.leaves_on > on:
        return False
    circle = seat.circle
    if circle.state == Circle.State.OPEN and circle.size - 1 < circle.smallest:
        circle.state = Circle.State.SMALL
        circle.save(update_fields=["state"])
    seat.left_on = seat.leaves_on
    seat.next_place = seat.changes_on = None
    seat.save(update_fields=["left_on", "next_place", "changes_on"])
    telling.of_seat("circle_left", seat, circle, on=on)
    trail.record(by=None, did="CIRCLE_LEFT", subject=seat.member.number, detail={"circle": circle.document})
    return True


@transaction.atomic(durable=True)
def _move(*, seat_id: int, on: dt.date) -> bool:
    seat = _locked(seat_id)
    if seat.next_place is None or seat.changes_on is None or seat.changes_on > on or seat.left_on is not None:
        return False
    terms, day = _terms(seat.circle.fund_id, on), seat.changes_on
    seat.place, seat.next_place, seat.changes_on = seat.next_place, None, None
    level = level_of(seat, rules.levels(terms))
    move = moving.of(seat, level, day)
    moving.carry_out(seat, move, on=on)
    seat.save(update_fields=["place", "next_place", "changes_on"])
    telling.of_seat(
        "circle_level", seat, seat.circle, on=on, day=day, deposit=terms.money(level.deposit),
        benefit=terms.money(level.benefit), pays=move.pays(seat.circle.fund.currency),
    )  # fmt: skip
    trail.record(by=None, did="CIRCLE_LEVEL_CHANGED", subject=seat.member.number, detail={"level": seat.place})
    return True


@transaction.atomic(durable=True)
def _join(*, seat_id: int, on: dt.date) -> bool:
    seat = _locked(seat_id)
    circle = seat.circle
    if seat.joined_on is not None or seat.joins_on is None or seat.joins_on > on or circle.size >= circle.largest:
        return False
    if circle.closes_on is not None:
        return False
    _sit_down(seat, circle, seat.joins_on)
    circle.refresh_from_db(fields=["size"])
    if circle.state == Circle.State.SMALL and circle.size >= circle.smallest:
        circle.state = Circle.State.OPEN
        circle.save(update_fields=["state"])
    telling.of_seat("circle_joined", seat, circle, on=on)
    trail.record(by=None, did="CIRCLE_JOINED", subject=seat.member.number, detail={"circle": circle.document})
    return True


def levels_on(fund_id: int, on: dt.date) -> dict[int, Level]:
    """The levels of a fund's circles on a day, by their places.

    :raises NoTerms: if nothing has been decided about circles of this fund
    """
    return rules.levels(_terms(fund_id, on))


def level_of(seat: Seat, levels: dict[int, Level]) -> Level:
    """A seat's level; the highest there is where its place is no more."""
    return levels.get(seat.place) or levels[max(levels)]

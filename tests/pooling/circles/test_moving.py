"""A change of level (F7): seat, dues and cover on one day, shown before, all or nothing."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from mutual import rooms
from mutual.access import Role
from mutual.ledger import audit
from mutual.mail.models import Letter
from mutual.money import Money
from mutual.periods import parse
from pooling import dues
from pooling.benefits import covers
from pooling.benefits import rules as benefit_rules
from pooling.benefits.models import Cover
from pooling.circles import circles, moving
from pooling.circles.models import Seat, Terms
from pooling.models import PlanMember
from tests.conftest import make_member
from tests.pooling.circles.test_circles import deposit, ring
from tests.pooling.claims.test_claims import filled
from tests.pooling.test_dues import ON, coop, owes
from tests.pooling.test_treasury import theo_again

__all__ = ["coop", "filled", "ring"]
pytestmark = pytest.mark.django_db
NEWYEAR = dt.date(2027, 1, 1)
RULES = {
    "currency": "EUR",
    "levels": [{"name": "Small", "amount": 40000}, {"name": "Large", "amount": 90000}],
    "benefits": [
        {"rule": "sick-pay", "title": "Sick pay", "causes": ["ILLNESS"], "pays": {"by": "LEVEL", "per": "MONTH"}}
    ],
}  # fmt: skip


def open_plan(coop, name, into_buffer, rest=1000):
    """A monthly plan that puts so much into the buffer and the rest into running costs, in cents."""
    return dues.open_plan(
        name=name, every="MONTH", amount=Money(into_buffer + rest, "EUR") / 100, valid_from=dt.date(2026, 1, 1),
        days_to_pay=14, by=coop.by, more=dues.More(by_day=True),
        shares=[dues.ShareOf(coop.sick.pk, into_buffer, buffer=True), (None, rest)],
    )  # fmt: skip


@pytest.fixture
def ada(ring):
    """Ada at the lower level: her dues of 43.75 put 33.75 into her buffer; her cover is for 400 a month."""
    Terms.objects.get().levels.filter(place=2).update(benefit=90000)
    ring.plans = [open_plan(ring, "Level 1", 3375), open_plan(ring, "Level 2", 11250)]
    said = benefit_rules.propose(
        fund_id=ring.sick.pk, terms=RULES, text="", why="So voted.", valid_from=dt.date(2026, 1, 1), by=ring.by, on=ON
    )
    benefit_rules.adopt(decision_id=said.pk, by=theo_again(), on=ON)
    ada = ring.members[0]
    dues.put_on_plan(member_id=ada.pk, plan_id=ring.plans[0].pk, since=dt.date(2026, 10, 1), by=ring.by)
    covers.choose(
        fund_id=ring.sick.pk, member_id=ada.pk, since=dt.date(2026, 10, 1), by=ring.by, level="Small"
    )  # fmt: skip
    return ada


def ask(ada, place=2):
    return circles.change_level(member_id=ada.pk, place=place, by=ada.user_id, on=ON)


def on_plan(member, day):
    stays = PlanMember.objects.filter(member=member, since__lte=day).exclude(until__lte=day)
    return stays.get().plan.name


def covered(member, day):
    return Cover.objects.filter(member=member, since__lte=day).latest("since").level


class TestChange:
    def test_moves_seat_dues_and_cover_on_the_set_day(self, ring, ada):
        ask(ada)
        assert circles.take_effect(on=NEWYEAR - dt.timedelta(1)) == 0
        assert (on_plan(ada, ON), covered(ada, ON), deposit(ada, ON)) == ("Level 1", "Small", 3375)
        for _ in range(2):
            circles.take_effect(on=NEWYEAR)
        assert deposit(ada, NEWYEAR) == 11250
        assert (on_plan(ada, NEWYEAR), covered(ada, NEWYEAR)) == ("Level 2", "Large")
        day_before = NEWYEAR - dt.timedelta(1)
        assert (on_plan(ada, day_before), covered(ada, day_before)) == ("Level 1", "Small")
        letter = Letter.objects.get(to=ada.email, subject="Your level in Linden has changed")
        for words in ("1 January 2027", "€112.50 a month into your buffer", "€900.00", "€122.50 a month from"):
            assert words in letter.text
        assert not list(audit.findings())

    def test_holds_from_its_day_where_the_clock_comes_late(self, ring, ada):
        """January was charged at the old level: what is missing is charged anew, and only once."""
        ask(ada)
        dues.charge_period(period=parse("2027-01"), on=NEWYEAR, by=None)
        circles.take_effect(on=NEWYEAR + dt.timedelta(3))
        for _again in range(2):
            assert owes(ada) == Money("122.50", "EUR")
            dues.charge_period(period=parse("2027-01"), on=NEWYEAR + dt.timedelta(4), by=None)
        assert on_plan(ada, NEWYEAR) == "Level 2"
        assert not list(audit.findings())

    @pytest.mark.parametrize("gone", ["plan", "cover"])
    def test_is_all_or_nothing(self, ring, ada, gone):
        """Somebody changed her plan or cover from a later day on meanwhile: nothing moves, and the office is told."""
        ask(ada)
        later = dt.date(2027, 1, 2)
        if gone == "plan":
            dues.put_on_plan(member_id=ada.pk, plan_id=ring.plans[1].pk, since=later, by=ring.by)
            dues.put_on_plan(member_id=ada.pk, plan_id=ring.plans[0].pk, since=later, by=ring.by)
        else:
            covers.choose(fund_id=ring.sick.pk, member_id=ada.pk, since=later, by=ring.by, level="Small")
        assert circles.take_effect(on=NEWYEAR) == 0
        assert deposit(ada, NEWYEAR) == 3375
        assert (on_plan(ada, NEWYEAR), covered(ada, NEWYEAR)) == ("Level 1", "Small")
        assert not Letter.objects.filter(subject="Your level in Linden has changed").exists()
        roles = frozenset({Role.TREASURER})
        titles = [card.title for card in rooms.office_cards(roles=roles, on=later)]
        assert "The change of Ada X's level in Linden could not come true" in titles
        PlanMember.objects.filter(member=ada, since=later).delete()
        PlanMember.objects.filter(member=ada).update(until=None)
        Cover.objects.filter(since=later).delete()
        assert circles.take_effect(on=later) == 1
        assert (on_plan(ada, NEWYEAR), covered(ada, NEWYEAR)) == ("Level 2", "Large")

    def test_of_a_circle_left_to_none_leaves_dues_that_the_office_is_told_of(self, ring, ada):
        left = "Ada X has left Linden and still fills a buffer"

        def told(day):
            return left in [one.title for one in rooms.office_cards(roles=frozenset({Role.TREASURER}), on=day)]

        circles.leave(member_id=ada.pk, by=ada.user_id, on=ON)
        circles.take_effect(on=NEWYEAR)
        assert not told(dt.date(2026, 12, 31))
        assert told(NEWYEAR)
        other = dues.open_plan(
            name="Other", every="MONTH", amount=Money(10, "EUR"), valid_from=dt.date(2026, 1, 1), days_to_pay=14,
            by=ring.by, shares=[(ring.sick.pk, 1)],
        )  # fmt: skip
        dues.put_on_plan(member_id=ada.pk, plan_id=other.pk, since=dt.date(2027, 2, 1), by=ring.by)
        assert not told(dt.date(2027, 2, 1))

    def test_is_refused_at_once_where_nothing_belongs_to_the_level(self, ring, ada):
        Terms.objects.get().levels.filter(place=2).update(deposit=11251)
        with pytest.raises(moving.NoPlan, match=r"112\.51"):
            ask(ada)
        Terms.objects.get().levels.filter(place=2).update(deposit=11250, benefit=80000)
        with pytest.raises(moving.NoCover, match=r"800\.00"):
            ask(ada)
        assert Seat.objects.get(member=ada).next_place is None

    def test_takes_the_nearest_of_several_plans(self, ring, ada):
        """Two plans put the same into the buffer: the one that asks the same beside it; else nobody guesses."""
        other = open_plan(ring, "Level 2 with more", 11250, rest=2000)
        seat = Seat.objects.select_related("circle__fund").get(member=ada)
        level = Terms.objects.get().levels.get(place=2)
        assert moving.of(seat, level, NEWYEAR).then.plan == ring.plans[1]
        open_plan(ring, "Level 2 again", 11250)
        with pytest.raises(moving.NoPlan):
            moving.of(seat, level, NEWYEAR)
        assert other.name == "Level 2 with more"

    @pytest.mark.parametrize("every", ["QUARTER", "YEAR"])
    def test_is_refused_where_dues_fill_the_buffer_by_other_periods(self, ring, ada, every):
        other = dues.open_plan(
            name="Other", every=every, amount=Money("43.75", "EUR"), valid_from=dt.date(2026, 1, 1), days_to_pay=14,
            by=ring.by, shares=[dues.ShareOf(ring.sick.pk, 3375, buffer=True), (None, 1000)],
        )  # fmt: skip
        dues.put_on_plan(member_id=ada.pk, plan_id=other.pk, since=ON, by=ring.by)
        with pytest.raises(moving.NoPlan):
            ask(ada)
        assert Seat.objects.get(member=ada).next_place is None

    def test_leaves_dues_alone_that_do_not_fill_the_buffer(self, ring, ada):
        dues.put_on_plan(member_id=ada.pk, plan_id=ring.plan.pk, since=ON, by=ring.by)
        ask(ada)
        circles.take_effect(on=NEWYEAR)
        assert deposit(ada, NEWYEAR) == 11250
        assert (on_plan(ada, NEWYEAR), covered(ada, NEWYEAR)) == ("Standard", "Large")


class TestPage:
    def test_shows_what_each_level_would_mean_before_anything_happens(self, ring, ada, client, time_machine):
        time_machine.move_to("2026-11-10 12:00+00:00")
        client.force_login(ada.user)
        page = reverse("circles:level")
        said = client.get(page).content.decode()
        assert "From 10 November 2026 dues of €43.75 a month, €33.75 of it into your buffer" in said
        assert "From 1 January 2027 dues of €122.50 a month, €112.50 of it into your buffer" in said
        assert "for a benefit of €900.00 a month" in said
        ring.plans[0].versions.update(amount=Money("44.75", "EUR"))  # her own level is what she pays, fitting or not
        own = client.get(page).content.decode()
        assert "From 10 November 2026 dues of €44.75 a month" in own
        ring.plans[0].versions.update(amount=Money("43.75", "EUR"))
        client.post(page, {"level": "2"})
        mine = strip_tags(client.get(reverse("circles:mine")).content.decode())
        assert "€900.00 for €112.50 from 1 January 2027" in mine
        assert "your dues then €122.50" in mine
        ring.plans[1].versions.update(amount=Money("122.51", "EUR"))
        assert "not possible now" in client.get(page).content.decode()
        assert client.post(page, {"level": "1"}).status_code == 302
        assert client.post(page, {"level": "2"}).status_code == 422
        client.force_login(make_member("Fay X").user)
        assert client.get(page).status_code == 404

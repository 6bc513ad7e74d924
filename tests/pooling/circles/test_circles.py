"""Circles: they open when they can carry one benefit, give to the cent, and let members come and go on set dates."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from members.governance import decisions
from mutual import rooms
from mutual.access import Role
from mutual.ledger import audit, balances, journal
from mutual.ledger.kinds import Kind
from mutual.mail import events
from mutual.mail.models import Letter
from mutual.money import Money, minor
from mutual.periods import parse
from pooling import accounts, setting_aside
from pooling.circles import circles, giving, tasks, telling
from pooling.circles import terms as rules
from pooling.circles.mates import circle_mates
from pooling.circles.models import Carried, Circle, Gift, Premium, Seat, Terms
from pooling.claims import claims
from pooling.claims.models import Claim
from pooling.models import Fund
from pooling.payouts import paying
from pooling.solvency import facts
from tests.conftest import aisha, make_member, make_members
from tests.pooling.claims.test_claims import approved, filled, officers, payable
from tests.pooling.test_dues import ON, coop, held
from tests.pooling.test_treasury import theo_again
from tests.trust.test_routes import person

__all__ = ["coop", "filled"]
pytestmark = pytest.mark.django_db
OPENED = dt.date(2026, 10, 1)
NAMES = ("Ada", "Bea", "Cleo", "Dora", "Eva")
WANTED = rules.Wanted(
    levels=[(3375, 75000), (11250, 100000)], smallest=20, largest=20, claim_retention=30000, year_retention=50000,
    premium_points=1000, gift_limit=12000,
)  # fmt: skip


def terms(coop, wanted=WANTED, on=OPENED):
    proposal = rules.propose(fund_id=coop.sick.pk, wanted=wanted, valid_from=on, text="Voted", by=coop.by, on=on)
    return rules.confirm(decision_id=proposal.pk, by=theo_again(), on=on)


def on_the_list(circle, members, place=1):
    """As if each had asked for a seat in a circle that is forming."""
    Seat.objects.bulk_create(Seat(circle=circle, member=one, place=place, asked_on=OPENED) for one in members)


def quiet(count):
    """Members for the rest of a circle: they sit in it, with nothing in their buffers."""
    return make_members(*(f"Quiet{n} X" for n in range(count)))


def fill(coop, member, amount):
    buffer = accounts.buffer("sickness", member.number, "EUR", member.pk)
    journal.post(
        kind=Kind.OPENING_BALANCE, key=f"test/buffer/{member.number}", date=OPENED, recorded_by=None,
        transfers=[journal.move(Money(amount, "EUR"), debit=coop.bank.account, credit=buffer)],
    )  # fmt: skip
    return buffer


def deposit(member, on):
    seat = Seat.objects.select_related("circle").get(member=member)
    return circles.level_of(seat, circles.levels_on(seat.circle.fund_id, on)).deposit


def holds(member):
    return minor(balances.of(accounts.buffer("sickness", member.number, "EUR", member.pk)))


@pytest.fixture
def ring(filled):
    """Five members of two levels, each with 200 in her buffer, and fifteen with nothing; 600 in the fund above a floor
    of 100."""
    terms(filled)
    circle = circles.form(name="Linden", fund_id=filled.sick.pk, by=filled.by, on=OPENED)
    filled.members = make_members(*(f"{name} X" for name in NAMES))
    on_the_list(circle, filled.members[:1])
    on_the_list(circle, filled.members[1:], place=2)
    on_the_list(circle, quiet(15))
    for member in filled.members:
        fill(filled, member, 200)
    # Together they put in 990.00 a month; a benefit of 400 they can carry.
    Terms.objects.get().levels.update(benefit=40000)
    filled.circle = circles.open_circle(circle_id=circle.pk, by=filled.by, on=OPENED)
    filled.sick.refresh_from_db()
    return filled


class TestTerms:
    def test_take_two_officers_and_hold_from_a_day_on(self, filled):
        proposal = rules.propose(
            fund_id=filled.sick.pk, wanted=WANTED, valid_from=OPENED, text="x", by=filled.by, on=OPENED
        )
        with pytest.raises(decisions.SamePerson):
            rules.confirm(decision_id=proposal.pk, by=filled.by, on=OPENED)
        found = rules.confirm(decision_id=proposal.pk, by=theo_again(), on=OPENED)
        assert rules.in_force(filled.sick.pk, OPENED) == found
        assert rules.in_force(filled.sick.pk, OPENED - dt.timedelta(days=1)) is None
        with pytest.raises(rules.TermsRefused):
            terms(filled)

    @pytest.mark.parametrize(
        "wanted",
        [
            rules.Wanted(levels=[]), rules.Wanted(levels=[(0, 1)]), rules.Wanted(levels=[(1, 1)], smallest=19),
            rules.Wanted(levels=[(1, 1)], largest=51), rules.Wanted(levels=[(1, 1)], smallest=31, largest=30),
            rules.Wanted(levels=[(1, 1)], moving_months=[13]), rules.Wanted(levels=[(1, 1)], premium_points=10_001),
        ],
    )  # fmt: skip
    def test_must_make_sense(self, filled, wanted):
        with pytest.raises(rules.TermsRefused):
            terms(filled, wanted)

    def test_may_narrow_twenty_to_fifty_and_never_widen_it(self, filled):
        """F4, whoever writes: the database says so, of terms and of circles."""
        terms(filled, rules.Wanted(levels=[(1, 1)], smallest=25, largest=30))
        circles.form(name="Linden", fund_id=filled.sick.pk, by=filled.by, on=OPENED)
        for rows in (Terms.objects, Circle.objects):
            for wide in ({"smallest": 19}, {"largest": 51}, {"smallest": 31}):
                with pytest.raises(IntegrityError, match=r"make_sense|twenty_to_fifty"), transaction.atomic():
                    rows.update(**wide)


class TestOpen:
    def test_refuses_too_few_and_too_little_for_one_benefit(self, filled):
        """F4."""
        terms(filled, rules.Wanted(levels=[(4500, 100_000)]))
        circle = circles.form(name="Linden", fund_id=filled.sick.pk, by=filled.by, on=OPENED)
        on_the_list(circle, quiet(19))
        with pytest.raises(circles.CannotOpen, match="1 more members are needed"):
            circles.open_circle(circle_id=circle.pk, by=filled.by, on=OPENED)
        circles.ask(circle_id=circle.pk, member_id=make_member("Last X").pk, place=1, by=filled.by, on=OPENED)
        found = circles.check(circle, OPENED)
        assert (found.deposits, found.benefit, found.ready) == (Money(900, "EUR"), Money(1000, "EUR"), False)
        with pytest.raises(circles.CannotOpen, match=r"900\.00"):
            circles.open_circle(circle_id=circle.pk, by=filled.by, on=OPENED)
        assert Circle.objects.get().size == 0

    def test_seats_everybody_on_the_list(self, ring):
        assert (ring.circle.state, ring.circle.size) == ("OPEN", 20)
        assert set(Seat.objects.values_list("joined_on", flat=True)) == {OPENED}
        assert not list(audit.findings())

    def test_is_held_to_its_sizes_by_the_database(self, ring):
        seat = Seat.objects.first()
        with pytest.raises(IntegrityError, match="circle_open_with_enough"), transaction.atomic():
            Seat.objects.filter(circle=ring.circle).exclude(pk=seat.pk).update(left_on=ON)
        Circle.objects.update(state="SMALL")
        sixth = Seat(circle=ring.circle, member=make_member("Fay X"), place=1, asked_on=ON, joined_on=ON)
        with pytest.raises(IntegrityError, match="circle_at_most_so_many"), transaction.atomic():
            sixth.save()

    def test_seats_a_member_once(self, ring):
        other = circles.form(name="Birch", fund_id=ring.sick.pk, by=ring.by, on=ON)
        with pytest.raises(circles.AlreadySeated):
            circles.ask(circle_id=other.pk, member_id=ring.members[0].pk, place=1, by=ring.by, on=ON)
        with pytest.raises(circles.Full):
            circles.ask(circle_id=ring.circle.pk, member_id=make_member("Fay X").pk, place=1, by=ring.by, on=ON)

    def test_keeps_mates_from_deciding_about_one_another(self, ring):
        """F14."""
        ada, *others = ring.members
        mates = circle_mates(ada.pk)
        assert len(mates) == 19
        assert mates > {one.pk for one in others}
        near = [one.member_id for one in rooms.relations(member_id=ada.pk, since=ON) if one.kind == "circle"]
        assert sorted(near) == sorted(mates)


class TestGive:
    def test_gives_in_proportion_to_the_levels_and_sums_to_the_cent(self, ring):
        """F6: the claimant gives nothing; the others 33.75 : 112.50 : 112.50 : 112.50."""
        ada, bea, cleo, dora, eva = ring.members
        approved(ring, bea, "200.01")
        run = giving.give(on=ON, by=None)
        assert run.done == 1
        gifts = dict(Gift.objects.values_list("donor_id", "amount"))
        assert gifts == {ada.pk: 1818, cleo.pk: 6061, dora.pk: 6061, eva.pk: 6061}
        assert sum(gifts.values()) == 20001
        assert payable(bea) == Money("200.01", "EUR")
        assert setting_aside.held(ring.sick) == Money(0, "EUR")
        assert held(ring.sick.account) == Money(600, "EUR")
        assert not list(audit.findings())

    def test_leaves_what_lies_above_the_retention_to_the_pool(self, ring):
        """300 of a claim, 500 in a circle-year; the fund pays the rest with the next pay run."""
        by = officers()
        bea, cleo = ring.members[1:3]
        approved(ring, bea, "350.00", by=by, key="b")
        approved(ring, cleo, "300.00", by=by, key="c")
        giving.give(on=ON, by=None)
        assert list(Carried.objects.order_by("id").values_list("due", "given")) == [(35000, 30000), (30000, 20000)]
        assert giving.approved(ring.sick) == Money(150, "EUR")
        assert setting_aside.held(ring.sick) == Money(150, "EUR")
        run = paying.start(fund_id=ring.sick.pk, bank_id=ring.bank.pk, seen=None, form_key="p" * 32, by=ring.by, on=ON)
        assert (run.gifts, run.approved, run.payable) == (50000, 15000, 15000)
        paying.pay(number=run.number, by=None)
        assert held(ring.sick.account) == Money(450, "EUR")
        assert payable(bea) == payable(cleo) == Money(0, "EUR")
        assert held(ring.bank.account) == Money(1000 + 5 * 200 - 650, "EUR")
        assert not list(audit.findings())

    def test_never_takes_a_buffer_below_nothing_nor_passes_the_tax_free_gift(self, ring):
        by = officers()
        ada, bea = ring.members[:2]
        Terms.objects.update(claim_retention=None, year_retention=None)
        approved(ring, bea, 600, by=by, key="b")
        giving.give(on=ON, by=None)
        # 36.00 would be Ada's share: 33.75 of 371.25; the others may give 120 each, so she gives 120 as well.
        carried = Carried.objects.get()
        assert dict(Gift.objects.values_list("donor_id", "amount"))[ada.pk] == 12000
        assert (carried.given, carried.due - carried.given) == (48000, 12000)
        approved(ring, bea, 100, by=by, key="b2")
        giving.give(on=ON, by=None)
        assert Carried.objects.latest("id").given == 0
        assert giving.approved(ring.sick) == Money(220, "EUR")
        giving_next_year = dt.date(2027, 1, 2)
        approved(ring, bea, 100, by=by, key="b3")
        giving.give(on=giving_next_year, by=None)
        assert Carried.objects.latest("id").given == 10000
        assert not list(audit.findings())

    def test_gives_once_however_often_it_runs(self, ring):
        approved(ring, ring.members[1], 100)
        for _ in range(3):
            giving.give(on=ON, by=None)
        assert Carried.objects.count() == 1
        assert sum(holds(member) for member in ring.members) == 5 * 20000 - 10000

    def test_comes_before_the_pay_run(self, ring):
        approved(ring, ring.members[1], 100)
        with pytest.raises(paying.GiftsFirst):
            paying.start(fund_id=ring.sick.pk, bank_id=ring.bank.pk, seen=None, form_key="p" * 32, by=ring.by, on=ON)

    def test_takes_gifts_back_for_a_claim_that_was_withdrawn(self, ring):
        bea = ring.members[1]
        one = approved(ring, bea, 100)
        giving.give(on=ON, by=None)
        claims.withdraw(claim_id=one.pk, by=bea.user_id, on=ON)
        assert not list(audit.findings())
        for _ in range(2):
            giving.give(on=ON, by=None)
        assert [holds(member) for member in ring.members] == [20000] * 5
        assert payable(bea) == Money(0, "EUR")
        assert not list(audit.findings())

    def test_gives_nothing_for_those_outside(self, ring):
        approved(ring, make_member("Fay X"), 100)
        giving.give(on=ON, by=None)
        assert not Carried.objects.exists()


class TestPremiums:
    def test_are_paid_once_a_month_to_the_pool(self, ring):
        november = parse("2026-11")
        for _ in range(2):
            giving.pay_premiums(period=november, by=None, on=ON)
        # A tenth of 16 × 33.75 + 4 × 112.50 is asked, rounded once; fifteen have nothing in their buffers.
        assert Premium.objects.get().asked == 9900
        assert held(ring.sick.account) == Money("648.38", "EUR")
        assert holds(ring.members[0]) == 20000 - 338
        assert giving.totals([ring.circle], ON) == {ring.circle.pk: (0, 0, 4838)}
        assert not list(audit.findings())

    def test_that_were_missed_are_paid_by_the_clockwork_before_anybody_leaves(self, ring, time_machine):
        giving.pay_premiums(period=parse("2026-11"), by=None, on=ON)
        circles.leave(member_id=ring.members[0].pk, by=ring.members[0].user_id, on=ON)  # from the new year on
        time_machine.move_to("2027-02-03 12:00+00:00")
        for _ in range(2):
            tasks.turn()
        said = [(f"{one.month:%Y-%m}", one.asked) for one in Premium.objects.order_by("month")]
        assert said == [("2026-11", 9900), ("2026-12", 9900), ("2027-01", 9563), ("2027-02", 9563)]
        assert not list(audit.findings())


class TestDates:
    def test_are_the_first_days_that_leave_the_notice_time(self, ring):
        """F7."""
        found = Terms.objects.get()
        assert found.next_move(dt.date(2026, 11, 30)) == dt.date(2027, 1, 1)
        assert found.next_move(dt.date(2026, 12, 2)) == dt.date(2027, 1, 1)
        assert found.next_move(dt.date(2026, 12, 3)) == dt.date(2027, 4, 1)

    def test_let_a_member_leave_with_her_balance_after_obligations(self, ring):
        ada, bea = ring.members[:2]
        circles.leave(member_id=ada.pk, by=ada.user_id, on=ON)
        newyear = dt.date(2027, 1, 1)
        assert circles.take_effect(on=dt.date(2026, 12, 31)) == 0
        approved(ring, bea, 100)
        seat = Seat.objects.get(member=ada)
        assert giving.hers_to_take(seat, ON) == Money("196.15", "EUR")
        giving.give(on=dt.date(2026, 12, 31), by=None)
        assert circles.take_effect(on=newyear) == 1
        assert circles.take_effect(on=newyear) == 0
        for _ in range(2):
            giving.settle_leavers(on=newyear, by=None)
        ahead = minor(held(accounts.of_member("prepayments", ada.number, "EUR")))
        assert ahead == 20000 - Gift.objects.get(donor=ada).amount
        assert holds(ada) == 0
        assert Circle.objects.get().size == 19
        assert not list(audit.findings())

    def test_let_what_comes_into_a_leaver_s_buffer_later_go_back_as_well(self, ring):
        ada, newyear = ring.members[0], dt.date(2027, 1, 1)
        circles.leave(member_id=ada.pk, by=ada.user_id, on=ON)
        circles.take_effect(on=newyear)
        assert giving.settle_leavers(on=newyear, by=None) == 1
        buffer = accounts.buffer("sickness", ada.number, "EUR", ada.pk)
        journal.post(
            kind=Kind.OPENING_BALANCE, key="test/late", date=newyear, recorded_by=None,
            transfers=[journal.move(Money(5, "EUR"), debit=ring.bank.account, credit=buffer)],
        )  # fmt: skip
        assert giving.settle_leavers(on=newyear, by=None) == 0  # once a day
        assert holds(ada) == 500
        assert [giving.settle_leavers(on=dt.date(2027, 1, day), by=None) for day in (2, 2, 3)] == [1, 0, 0]
        assert holds(ada) == 0
        assert minor(held(accounts.of_member("prepayments", ada.number, "EUR"))) == 20_500
        assert not list(audit.findings())

    def test_keep_a_leaver_s_buffer_while_the_circle_still_has_to_give(self, ring):
        ada, bea = ring.members[:2]
        circles.leave(member_id=ada.pk, by=ada.user_id, on=ON)
        approved(ring, bea, 100)
        newyear = dt.date(2027, 1, 1)
        circles.take_effect(on=newyear)
        assert giving.settle_leavers(on=newyear, by=None) == 0
        assert holds(ada) == 20000

    def test_make_a_circle_small_and_whole_again(self, ring):
        ada = ring.members[0]
        circles.leave(member_id=ada.pk, by=ada.user_id, on=ON)
        circles.take_effect(on=dt.date(2027, 1, 1))
        assert (Circle.objects.get().state, Circle.objects.get().size) == ("SMALL", 19)
        fay = make_member("Fay X")
        seat = circles.ask(circle_id=ring.circle.pk, member_id=fay.pk, place=1, by=fay.user_id, on=dt.date(2027, 1, 5))
        assert seat.joins_on == dt.date(2027, 4, 1)
        circles.take_effect(on=dt.date(2027, 4, 1))
        assert (Circle.objects.get().state, Circle.objects.get().size) == ("OPEN", 20)
        assert not list(audit.findings())

    def test_can_be_asked_for_in_a_circle_of_the_smallest_size(self, ring):
        for member in ring.members[:2]:
            circles.change_level(member_id=member.pk, place=1, by=member.user_id, on=ON)
            circles.leave(member_id=member.pk, by=member.user_id, on=ON)
        assert (Circle.objects.get().state, Circle.objects.get().size) == ("OPEN", 20)

    def test_let_a_level_change_later(self, ring):
        ada = ring.members[0]
        circles.change_level(member_id=ada.pk, place=2, by=ada.user_id, on=ON)
        assert deposit(ada, ON) == 3375
        circles.take_effect(on=dt.date(2027, 1, 1))
        assert deposit(ada, dt.date(2027, 1, 1)) == 11250
        circles.change_level(member_id=ada.pk, place=2, by=ada.user_id, on=ON)
        assert Seat.objects.get(member=ada).next_place is None


class TestOutlook:
    def test_knows_what_circles_carry_and_pay_and_have_given(self, ring):
        """Retention 300 of a claim, 500 a year; twenty put in 990.00 a month; 1 % as premium."""
        Terms.objects.update(premium_points=100)
        approved(ring, ring.members[1], "350.00")
        giving.give(on=ON, by=None)
        ring.sick.refresh_from_db()
        found = facts.of(ring.sick, ON)
        assert (found.circled.seated, found.circled.retention, found.circled.room) == (20, 30000, 50000)
        assert found.circled.premiums == 990
        assert found.owed == 5000  # 350 approved, 300 of it given by the circle
        alone = facts.of(Fund.objects.get(slug="parents"), ON)
        assert alone.circled == facts.Circled()


class TestLetters:
    def told(self, member):
        return list(Letter.objects.filter(to=member.email).order_by("id").values_list("subject", flat=True))

    def test_tell_everybody_that_the_circle_is_open(self, ring):
        assert [self.told(member) for member in ring.members] == [["Linden is open"]] * 5
        assert "20 members now carry" in Letter.objects.first().text

    def test_tell_what_came_of_what_was_asked_for_on_its_day(self, ring):
        ada, bea = ring.members[:2]
        circles.change_level(member_id=ada.pk, place=2, by=ada.user_id, on=ON)
        circles.leave(member_id=bea.pk, by=bea.user_id, on=ON)
        newyear = dt.date(2027, 1, 1)
        for _ in range(2):
            circles.take_effect(on=newyear)
            giving.settle_leavers(on=newyear, by=None)
        assert self.told(ada)[1:] == ["Your level in Linden has changed"]
        assert self.told(bea)[1:] == ["You have left Linden", "What your buffer held goes back to you"]
        assert "€200.00" in Letter.objects.get(subject="What your buffer held goes back to you").text
        fay = make_member("Fay X")
        circles.ask(circle_id=ring.circle.pk, member_id=fay.pk, place=1, by=fay.user_id, on=newyear)
        circles.take_effect(on=dt.date(2027, 4, 1))
        assert self.told(fay) == ["You sit in Linden now"]

    def test_tell_donors_once_a_day_what_came_from_them_and_never_for_whom(self, ring):
        by = officers()
        ada, bea, cleo = ring.members[:3]
        approved(ring, bea, "200.01", by=by, key="b")
        approved(ring, cleo, "60.00", by=by, key="c")
        giving.give(on=ON, by=None)
        assert telling.gifts(on=ON) == 0  # the day is not over
        assert telling.gifts(on=ON + dt.timedelta(1)) == 5
        assert telling.gifts(on=ON + dt.timedelta(1)) == 0
        letter = Letter.objects.get(to=ada.email, subject="Your circle Linden gave")
        gave = sum(Gift.objects.filter(donor=ada).values_list("amount", flat=True))
        assert f"€{gave / 100:.2f} of it came from your buffer" in letter.text
        for other in ring.members[1:]:
            assert other.name not in letter.text
            assert other.number not in letter.text
        assert not Claim.objects.filter(number__in=letter.text.split()).exists()

    def test_are_not_written_to_whoever_does_without(self, ring):
        ada, bea = ring.members[:2]
        events.mute(reader=ada.user_id, events=["circle_gave", "circle_level"])
        approved(ring, bea, 100)
        giving.give(on=ON, by=None)
        telling.gifts(on=ON + dt.timedelta(1))
        circles.change_level(member_id=ada.pk, place=2, by=ada.user_id, on=ON)
        circles.take_effect(on=dt.date(2027, 1, 1))
        assert self.told(ada) == ["Linden is open"]
        assert "Your circle Linden gave" in self.told(ring.members[2])

    def test_are_caught_up_with_after_days_without_a_clock(self, ring):
        approved(ring, ring.members[1], 100)
        giving.give(on=ON, by=None)
        assert telling.gifts(on=ON + dt.timedelta(5)) == 4
        assert telling.gifts(on=ON + dt.timedelta(9)) == 0


class TestPages:
    def test_show_who_is_in_it_to_those_who_are_and_never_who_claimed(self, ring, client):
        bea = ring.members[1]
        approved(ring, bea, 100)
        giving.give(on=ON, by=None)
        client.force_login(ring.members[0].user)
        page = client.get(reverse("circles:mine")).content.decode()
        assert "Bea X" in page
        assert "9.09" in page  # what she gave
        assert "C-000001" not in page
        client.force_login(make_member("Fay X").user)
        outside = client.get(reverse("circles:circle", args=["linden"])).content.decode()
        assert "Bea X" not in outside
        assert "€100.00" not in outside

    def test_let_members_come_and_administrators_open(self, filled, client):
        terms(filled, rules.Wanted(levels=[(5000, 10000)]))
        admin = person(Role.ADMINISTRATOR)
        client.force_login(admin)
        client.post(reverse("circles:new"), {"name": "Birch", "fund": filled.sick.pk})
        on_the_list(Circle.objects.get(), quiet(19))
        client.force_login(make_member("Ada X").user)
        assert client.post(reverse("circles:join", args=["birch"]), {"level": "1"}).status_code == 302
        assert client.post(reverse("circles:open", args=["birch"])).status_code == 404
        client.force_login(admin)
        client.post(reverse("circles:open", args=["birch"]))
        assert Circle.objects.get().size == 20

    def test_let_two_officers_set_terms(self, filled, client):
        client.force_login(aisha_with_factor())
        said = {
            "fund": filled.sick.pk, "valid_from": "2026-11-01", "levels": "33.75 750\n112.50 2500", "smallest": 20,
            "largest": 50, "claim_retention": "500", "premium": "2.5", "moving_months": "1, 4, 7, 10",
            "notice_days": 30, "text": "Voted",
        }  # fmt: skip
        answer = client.post(reverse("circles:terms_new"), said)
        assert answer.status_code == 302, answer.content.decode()[:3000]
        from members.governance.models import Decision

        number = Decision.objects.get(kind=rules.CIRCLE_TERMS).number
        client.post(reverse("circles:answer", args=[number]), {"answer": "confirm"})
        assert not Terms.objects.exists()
        client.force_login(person(Role.TREASURER))
        client.post(reverse("circles:answer", args=[number]), {"answer": "confirm"})
        found = Terms.objects.get()
        assert (found.claim_retention, found.premium_points, found.months) == (50000, 250, [1, 4, 7, 10])
        assert list(found.levels.values_list("deposit", "benefit")) == [(3375, 75000), (11250, 250000)]


def aisha_with_factor():
    from allauth.mfa.models import Authenticator

    user = aisha()
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return user

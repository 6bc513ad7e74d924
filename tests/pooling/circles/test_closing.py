"""Closing a circle: two officers, notice for everybody, every cent back, claims carried on by the pool."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.html import strip_tags

from members.governance import decisions
from members.governance.models import Decision
from mutual.access import Role
from mutual.ledger import audit, balances
from mutual.mail.models import Letter
from mutual.money import Money, minor
from mutual.periods import parse
from mutual.trail.models import Deed
from pooling import accounts
from pooling.circles import circles, closing, giving, tasks
from pooling.circles.models import Carried, Circle, Gift, Seat
from pooling.claims import claims
from pooling.claims.models import Instalment
from pooling.payouts import paying
from tests.conftest import make_member
from tests.pooling.circles.test_circles import OPENED, holds, ring
from tests.pooling.claims.test_claims import approved, claim, filled, officers
from tests.pooling.test_dues import ON, coop
from tests.pooling.test_treasury import theo_again
from tests.trust.test_routes import person

__all__ = ["coop", "filled", "ring"]
pytestmark = pytest.mark.django_db
NEWYEAR = dt.date(2027, 1, 1)


def propose(ring, on=ON, closes_on=NEWYEAR):
    return closing.propose(circle_id=ring.circle.pk, closes_on=closes_on, text="Too few.", by=ring.by, on=on)


def decide(ring):
    return closing.confirm(decision_id=propose(ring).pk, by=theo_again(), on=ON)


def ahead(member):
    return minor(balances.of(accounts.of_member("prepayments", member.number, "EUR")))


def told(member):
    return list(Letter.objects.filter(to=member.email).order_by("id").values_list("subject", flat=True))


class TestDecision:
    def test_takes_two_officers_and_tells_everybody_at_once(self, ring):
        proposal = propose(ring)
        with pytest.raises(decisions.SamePerson):
            closing.confirm(decision_id=proposal.pk, by=ring.by, on=ON)
        assert Circle.objects.get().closes_on is None
        closing.confirm(decision_id=proposal.pk, by=theo_again(), on=ON)
        assert (Circle.objects.get().state, Circle.objects.get().closes_on) == ("OPEN", NEWYEAR)
        letters = Letter.objects.filter(subject="Linden closes on 1 January 2027")
        assert letters.count() == 20
        assert proposal.number in letters[0].text
        with pytest.raises(closing.AlreadyClosing):
            propose(ring)

    def test_leaves_members_the_notice_of_their_terms(self, ring):
        with pytest.raises(closing.TooSoon, match="1 January 2027"):
            propose(ring, closes_on=NEWYEAR - dt.timedelta(1))
        late = propose(ring)
        with pytest.raises(closing.TooSoon, match="1 April 2027"):
            closing.confirm(decision_id=late.pk, by=theo_again(), on=dt.date(2026, 12, 20))
        assert Circle.objects.get().closes_on is None
        assert Decision.objects.get(pk=late.pk).state == "PROPOSED"

    def test_lets_nobody_in_any_more(self, ring):
        circles.leave(member_id=ring.members[0].pk, by=ring.by, on=ON)
        circles.take_effect(on=NEWYEAR)
        fay = make_member("Fay X")
        circles.ask(circle_id=ring.circle.pk, member_id=fay.pk, place=1, by=fay.user_id, on=NEWYEAR)
        one = propose(ring, on=NEWYEAR, closes_on=dt.date(2027, 4, 1))
        closing.confirm(decision_id=one.pk, by=theo_again(), on=NEWYEAR)
        circles.take_effect(on=dt.date(2027, 4, 1))
        assert Seat.objects.get(member=fay).joined_on is None
        with pytest.raises(circles.Closing):
            circles.ask(
                circle_id=ring.circle.pk, member_id=make_member("Gil X").pk, place=1, by=ring.by, on=NEWYEAR
            )  # fmt: skip
        closing.close_due(on=dt.date(2027, 4, 1))
        assert not Seat.objects.filter(member=fay).exists()

    def test_gives_up_one_that_never_opened(self, ring):
        birch = circles.form(name="Birch", fund_id=ring.sick.pk, by=ring.by, on=ON)
        fay = make_member("Fay X")
        circles.ask(circle_id=birch.pk, member_id=fay.pk, place=1, by=fay.user_id, on=ON)
        one = closing.propose(circle_id=birch.pk, closes_on=ON, text="Nobody came.", by=ring.by, on=ON)
        closing.confirm(decision_id=one.pk, by=theo_again(), on=ON)
        with pytest.raises(circles.Closing):
            circles.open_circle(circle_id=birch.pk, by=ring.by, on=ON)
        assert closing.close_due(on=ON) == 1
        birch.refresh_from_db()
        assert (birch.state, birch.opened_on) == ("CLOSED", None)
        assert told(fay) == ["Birch closes on 10 November 2026"]


class TestDay:
    def test_gives_first_then_every_cent_back_and_leaves_later_claims_to_the_pool(self, ring, time_machine):
        ada, bea, cleo, *_ = ring.members
        by = officers()
        first = approved(ring, bea, "200.01", by=by, key="b")
        late = claim(ring, cleo, 100, key="c")
        whole = sum(holds(one) for one in ring.members)
        decide(ring)
        assert closing.close_due(on=NEWYEAR - dt.timedelta(1)) == 0
        assert closing.close_due(on=NEWYEAR) == 0  # it has still to give
        time_machine.move_to("2027-01-01 12:00+00:00")
        for _ in range(2):
            tasks.turn()
        circle = Circle.objects.get()
        assert (circle.state, circle.size) == ("CLOSED", 0)
        assert Carried.objects.get().given == 20001
        premiums = giving.totals([circle], NEWYEAR)[circle.pk][2]
        assert [holds(one) for one in ring.members] == [0] * 5
        assert sum(ahead(one) for one in ring.members) == whole - 20001 - premiums
        assert told(ada)[1:] == [
            "Linden closes on 1 January 2027", "Linden is closed", "What your buffer held goes back to you",
        ]  # fmt: skip
        assert f"€{ahead(ada) / 100:.2f}" in Letter.objects.get(to=ada.email, subject__startswith="What your").text
        claims.propose(claim_id=late.pk, amount=Money(100, "EUR"), by=by[0], on=NEWYEAR)
        claims.approve(claim_id=late.pk, by=by[1], on=NEWYEAR)
        assert giving.waiting() == []
        run = paying.start(
            fund_id=ring.sick.pk, bank_id=ring.bank.pk, seen=None, form_key="p" * 32, by=ring.by, on=NEWYEAR
        )
        paying.pay(number=run.number, by=None)
        assert [one.amount_paid for one in Instalment.objects.order_by("pk")] == [20001, 10000]
        assert first.pk != late.pk
        assert Deed.objects.filter(did="CIRCLE_CLOSED", subject=circle.document).count() == 1
        assert not list(audit.findings())

    def test_pays_no_premium_for_months_after_its_day(self, ring):
        decide(ring)
        assert giving.pay_premiums(period=parse("2026-12"), by=None, on=NEWYEAR) == 1
        assert giving.pay_premiums(period=parse("2027-01"), by=None, on=NEWYEAR) == 0

    def test_gives_back_what_returns_when_a_claim_is_withdrawn_afterwards(self, ring):
        """Gifts that come back after a donor has left and taken her balance are hers as well."""
        bea = ring.members[1]
        one = approved(ring, bea, 100)
        giving.give(on=ON, by=None)
        decide(ring)
        closing.close_due(on=NEWYEAR)
        giving.settle_leavers(on=NEWYEAR, by=None)
        gave = Gift.objects.get(donor=ring.members[0]).amount
        assert ahead(ring.members[0]) == 20000 - gave
        claims.withdraw(claim_id=one.pk, by=bea.user_id, on=NEWYEAR)
        giving.give(on=NEWYEAR, by=None)
        for _ in range(2):
            giving.settle_leavers(on=NEWYEAR, by=None)
        assert [ahead(member) for member in ring.members] == [20000] * 5
        assert not list(audit.findings())

    def test_is_held_to_by_the_database(self, ring):
        for wrong in ({"state": "CLOSED"}, {"closes_on": NEWYEAR}):
            with pytest.raises(IntegrityError, match="circle_close"), transaction.atomic():
                Circle.objects.update(**wrong)


class TestPage:
    def test_says_what_it_would_do_and_takes_two(self, ring, client):
        client.force_login(person(Role.TREASURER))
        page = reverse("circles:close", args=["linden"])
        assert "€1,000.00 together" in client.get(page).content.decode()
        assert client.post(page, {"closes_on": "2026-12-31", "text": "Too few"}).status_code == 422
        # Whatever the day of the test: far enough ahead for any notice.
        client.post(page, {"closes_on": "2099-01-01", "text": "Too few"})
        number = Decision.objects.get(kind=closing.CIRCLE_CLOSING).number
        client.post(reverse("circles:answer", args=[number]), {"answer": "confirm"})
        assert Circle.objects.get().closes_on is None
        client.force_login(person(Role.ADMINISTRATOR))
        assert "Closing of a circle" in client.get(reverse("circles:circles")).content.decode()
        client.post(reverse("circles:answer", args=[number]), {"answer": "confirm"})
        assert Circle.objects.get().closes_on == dt.date(2099, 1, 1)
        client.force_login(ring.members[0].user)
        assert "It closes on 1 January 2099" in strip_tags(client.get(reverse("circles:mine")).content.decode())
        assert client.get(page).status_code == 404
        assert OPENED < ON

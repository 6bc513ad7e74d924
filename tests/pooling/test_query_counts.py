"""Officers' pages ask the database as often about a hundred rows as about ten; circles, about fifty as about twenty."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from members.governance.models import Decision
from members.models import Member
from mutual.access import Role
from mutual.periods import parse
from pooling import funds
from pooling.circles import giving
from pooling.circles.models import Circle, Seat
from pooling.claims.models import Certificate, Claim, Sample
from pooling.payouts import proposals
from pooling.payouts.models import Loan, PayRun
from pooling.solvency import forecasts
from pooling.solvency.models import Forecast
from tests.conftest import clara, make_members
from tests.pooling.circles.test_circles import OPENED, ring, terms
from tests.pooling.claims.test_claims import approved, claim, filled, officers
from tests.pooling.payouts.test_paying import pay, start
from tests.pooling.payouts.test_proposals import confirm, lend
from tests.pooling.test_dues import ON, coop
from tests.trust.test_routes import person

__all__ = ["coop", "filled", "ring"]
pytestmark = pytest.mark.django_db


def asked(client, *pages):
    """How often these pages ask the database, each by itself."""
    counts = []
    for page in pages:
        with CaptureQueriesContext(connection) as found:
            answer = client.get(page)
            assert answer.getvalue()  # a list to take away is asked for row by row
        assert answer.status_code == 200
        counts.append(len(found))
    return counts


def copies(row, count, **more):
    """``count`` rows like one, with what differs as functions of their place."""
    kind = type(row)
    same = {field.attname: getattr(row, field.attname) for field in kind._meta.concrete_fields}
    del same[kind._meta.pk.attname]
    first = kind._default_manager.count()
    return kind._default_manager.bulk_create(
        kind(**same | {name: said(n) for name, said in more.items()}) for n in range(first, first + count)
    )


def grown(client, grow, *pages):
    """What the pages ask with ten more rows, and with a hundred more."""
    client.get(pages[0])
    grow(10)
    few = asked(client, *pages)
    grow(90)
    return few, asked(client, *pages)


class TestPages:
    def test_about_pay_runs(self, filled, client):
        client.force_login(person(Role.TREASURER))
        claim_paid(filled)
        run = PayRun.objects.get()
        few, many = grown(
            client, lambda count: copies(run, count, number=lambda n: f"PR-9{n:05}", form_key=str),
            reverse("payouts:overview"), reverse("payouts:run", args=[run.number]),
        )  # fmt: skip
        assert few == many

    def test_about_what_funds_hold(self, filled, client):
        client.force_login(person(Role.TREASURER))
        page = reverse("payouts:overview")
        client.get(page)
        few = asked(client, page)
        for n in range(3):
            opened(filled, f"Fund {n}")
        assert asked(client, page) == few

    def test_about_loans(self, filled, client):
        client.force_login(person(Role.TREASURER))
        confirm(lend(filled, 100))
        loan, decision = Loan.objects.get(), Decision.objects.get(kind=proposals.LOAN)

        def grow(count):
            made = iter(copies(decision, count, number=lambda n: f"D-9{n:05}"))
            copies(loan, count, number=lambda n: f"L-9{n:05}", decision_id=lambda n: next(made).pk)

        few, many = grown(client, grow, reverse("payouts:loans"), reverse("payouts:loans") + "?format=csv")
        assert few == many

    def test_about_circles(self, filled, client):
        client.force_login(person(Role.TREASURER))
        terms(filled)
        circle = Circle(
            slug="c", name="C", fund=filled.sick, state="SMALL", smallest=20, largest=50, opened_on=ON
        )  # fmt: skip
        few, many = grown(
            client, lambda count: copies(circle, count, slug=lambda n: f"c-{n}"),
            reverse("circles:circles"), reverse("circles:circles") + "?format=csv",
        )  # fmt: skip
        assert few == many

    def test_about_claims_that_wait(self, filled, client):
        """Of as many members as there are claims: whoever looks may be close to any of them (F14)."""
        client.force_login(person(Role.CLAIMS_OFFICER))
        one, by = claim(filled, make_members("Ada X")[0]), clara().pk

        def grow(count):
            first = Member.objects.count()
            made = iter(make_members(*(f"M{n} X" for n in range(first, first + count))))
            numbered = {"number": lambda n: f"C-9{n:05}", "member_id": lambda n: next(made).pk}
            for waits in copies(one, count, form_key=str, **numbered):
                Certificate.objects.create(claim=waits, from_on=ON, until_on=ON, form_key=waits.number, handed_in_on=ON)
                Sample.objects.create(claim=waits, period="2026-11", seed="0" * 64, drawn_on=ON)
            Claim.objects.filter(pk__in=Claim.objects.order_by("-pk")[: count // 2]).update(
                status="PAUSED", needs_two=False, proposed_by=by, decided_by=by
            )

        few, many = grown(client, grow, reverse("claims:desk"), reverse("claims:desk") + "?format=csv")
        assert few == many

    def test_of_the_cockpit(self, filled, client):
        client.force_login(person(Role.TREASURER))
        forecasts.simulate(fund_slug="sickness", seed=1, on=ON, number=20, kept=True)
        row = Forecast.objects.get()

        def grow(count):
            fund = opened(filled, f"Fund of {count}")
            copies(row, count, fund_id=lambda n: fund.pk, made_on=lambda n: ON - dt.timedelta(n))

        few, many = grown(client, grow, reverse("solvency:cockpit"))
        assert few == many


class TestCircles:
    def test_give_and_pay_premiums_with_as_many_statements_for_fifty_as_for_twenty(self, ring):
        by = officers()
        for n, member in enumerate(ring.members[1:4]):
            approved(ring, member, 10, by=by, key=f"k{n}")
        first, second, third = giving.waiting()
        said = {"by": None, "on": ON}
        giving._give(instalment_id=first[0], circle_id=first[1], **said)  # what is asked once is known now
        with CaptureQueriesContext(connection) as few:
            assert giving._give(instalment_id=second[0], circle_id=second[1], **said)
            giving.pay_premiums(period=parse("2026-10"), **said)
        Circle.objects.update(largest=50)
        thirty = make_members(*(f"More{n} X" for n in range(30)))
        Seat.objects.bulk_create(
            Seat(circle=ring.circle, member=one, place=1, asked_on=OPENED, joined_on=OPENED) for one in thirty
        )
        with CaptureQueriesContext(connection) as many:
            assert giving._give(instalment_id=third[0], circle_id=third[1], **said)
            giving.pay_premiums(period=parse("2026-11"), **said)
        assert Circle.objects.get().size == 50
        assert len(many) == len(few)


def opened(coop, name):
    return funds.open_fund(name=name, description="", promise="VARYING", currency="EUR", target=None, by=coop.by, on=ON)


def claim_paid(coop):
    approved(coop, make_members("Ada X")[0], 50)
    pay(start(coop))

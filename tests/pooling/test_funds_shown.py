"""What a fund's page shows to members: its months, put together until five people received something (promise 5)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from members.models import User
from mutual.money import Money
from mutual.periods import Period, month
from pooling import reports
from pooling.claims import claims
from pooling.models import Fund
from tests.conftest import cem, clara, make_member
from tests.pooling.claims.test_claims import ada, claim, coop, filled

__all__ = ["ada", "coop", "filled"]
pytestmark = pytest.mark.django_db
TODAY = dt.date(2027, 2, 10)


def grant(coop, day, *members):
    """Ten euros to each of these on a day."""
    first, second = (User.objects.filter(email=f"{who.__name__}@example.org").first() or who() for who in (clara, cem))
    for n, member in enumerate(members):
        one = claim(coop, member, 10, key=f"{day}-{n}")
        claims.propose(claim_id=one.pk, amount=Money(10, "EUR"), by=first.pk, on=day)
        claims.approve(claim_id=one.pk, by=second.pk, on=day)


@pytest.fixture
def people():
    return [make_member(f"Hidden{n} Person") for n in range(6)]


def shown(coop, *, officer=False):
    view, rows = reports.fund(coop.sick, TODAY, officer=officer)
    return view, {(row.period.start, row.period.end): row.went_out for row in rows}


NOVEMBER, DECEMBER, JANUARY, FEBRUARY = (
    month(dt.date(year, number, 1)) for year, number in ((2026, 11), (2026, 12), (2027, 1), (2027, 2))
)


class TestFund:
    def test_puts_months_together_until_five_people_received_something(self, filled, people):
        grant(filled, dt.date(2026, 11, 30), *people[:3])
        grant(filled, dt.date(2026, 12, 5), *people[2:5])
        grant(filled, dt.date(2027, 1, 5), *people[:5])
        view, rows = shown(filled)
        assert rows == {
            (dt.date(2026, 1, 1), DECEMBER.end): Money(60, "EUR"),
            (JANUARY.start, JANUARY.end): Money(50, "EUR"),
        }
        assert view.went_out is None

    def test_counts_people_not_claims(self, filled, people):
        for n in range(5):
            grant(filled, dt.date(2026, 11, 25 + n), people[0])
        _view, rows = shown(filled)
        assert set(rows.values()) == {None}

    def test_keeps_the_month_that_is_not_over_to_itself(self, filled, people):
        grant(filled, dt.date(2027, 2, 2), *people)
        _view, rows = shown(filled)
        assert set(rows.values()) == {None}

    def test_draws_no_balance_between_what_is_put_together(self, filled, people):
        grant(filled, dt.date(2026, 12, 5), *people[:5])
        grant(filled, dt.date(2027, 1, 5), people[5])
        view, _rows = shown(filled)
        assert [label for label, _amount in view.chart.rows] == ["Dec 2026", "Feb 2027"]
        assert view.chart.rows[0][1] == "€550.00"

    def test_draws_nothing_where_nothing_may_be_told(self, filled, people):
        grant(filled, dt.date(2026, 12, 5), *people[:4])
        view, rows = shown(filled)
        assert view.chart is None
        assert set(rows.values()) == {None}

    def test_shows_every_month_to_officers(self, filled, people):
        grant(filled, dt.date(2026, 12, 5), people[0])
        view, rows = shown(filled, officer=True)
        assert rows[DECEMBER.start, DECEMBER.end] == Money(10, "EUR")
        assert view.went_out == Money(10, "EUR")
        assert len(view.chart.rows) == 13

    def test_shows_every_month_while_nobody_received_anything(self, filled):
        _view, rows = shown(filled)
        assert all(amount is not None for amount in rows.values())

    def test_never_shows_two_periods_whose_difference_is_about_few(self, filled, people):
        """What was put together once stays together when the next month is over."""
        grant(filled, dt.date(2026, 11, 30), *people[:5])
        grant(filled, dt.date(2026, 12, 5), people[5])
        before = reports._together([filled.sick], dt.date(2026, 12, 31))
        after = reports._together([filled.sick], dt.date(2027, 1, 31))
        assert before == after == {filled.sick.pk: [Period(dt.date(2026, 1, 1), NOVEMBER.end)]}


class TestPages:
    def test_tell_a_member_less_than_an_officer(self, filled, people, client):
        grant(filled, dt.date(2026, 11, 30), people[0])
        client.force_login(people[1].user)
        page = client.get(reverse("pooling:fund", args=["sickness"])).content.decode()
        assert "fewer than five people" in page
        assert "€10.00" not in page
        everything = client.get(reverse("pooling:funds")).content.decode()
        assert everything.count("Went out") == Fund.objects.count() - 1

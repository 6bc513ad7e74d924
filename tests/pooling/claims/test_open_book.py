"""Open books, sealed people: never fewer than five together (C11); paid claims read again (C7)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from mutual.ledger import seals
from mutual.money import Money
from mutual.periods import parse
from pooling.claims import claims, open_book, sampling
from pooling.claims.models import Claim, Sample
from tests.conftest import cem, clara, make_member
from tests.pooling.claims.test_claims import ada, claim, coop, filled, pay
from tests.pooling.claims.test_evidence import officer
from tests.pooling.test_dues import ON

__all__ = ["ada", "coop", "filled"]
LATER = dt.date(2027, 3, 1)
AMOUNTS = st.integers(1, 12_000).map(lambda amount: Money(amount, "EUR"))
DAYS = st.dates(dt.date(2025, 1, 1), dt.date(2026, 12, 31))


def shown(found):
    """The cells for one fund's claims given as (day, amount), by year as the page groups them."""
    years = {}
    for day, amount in found:
        years.setdefault(day.year, []).append((day, amount))
    return [cell for claims_ in years.values() for cell in open_book._cells("Sickness", claims_)]


class TestCells:
    @given(st.lists(st.tuples(DAYS, AMOUNTS), max_size=80))
    def test_never_hold_fewer_than_five(self, found):
        assert all(cell.count >= 5 for cell in shown(found))

    @given(st.lists(st.tuples(DAYS, AMOUNTS), max_size=80))
    def test_of_a_year_are_all_of_it_or_none(self, found):
        """No rest of a year is left out beside cells that are shown: it could be told by subtraction."""
        for year in (2025, 2026):
            whole = [one for one in found if one[0].year == year]
            cells = shown(whole)
            assert sum(cell.count for cell in cells) in (0, len(whole))
            assert bool(cells) == (len(whole) >= 5)

    def test_are_as_fine_as_five_allow(self):
        january = [(dt.date(2026, 1, day), Money(50, "EUR")) for day in range(1, 6)]
        february = [(dt.date(2026, 2, day), Money(day * 100, "EUR")) for day in range(1, 6)]
        assert [(cell.period, cell.count) for cell in shown(january + february)] == [("2026-02", 5), ("2026-01", 5)]
        assert [(cell.period, cell.count) for cell in shown(january + february[:4])] == [("2026-Q1", 9)]
        assert shown(january)[0].band != shown(february)[0].band == "all amounts"
        assert shown(january[:4]) == []


@pytest.mark.django_db
class TestPage:
    def test_names_nobody_and_no_single_claim(self, filled, client):
        first, second = clara().pk, cem().pk
        people = [make_member(f"Hidden{n} Person") for n in range(5)]
        for n, member in enumerate(people):
            one = claim(filled, member, 40 + n, key=f"k{n}")
            claims.propose(claim_id=one.pk, amount=one.amount_claimed, by=first, on=ON)
            claims.approve(claim_id=one.pk, by=second, on=ON)
        assert open_book.read(ON) == open_book.OpenBook((), False)
        (cell,) = open_book.read(LATER).cells
        assert (cell.fund, cell.count) == ("Sickness", 5)
        Claim.objects.filter(member=people[0]).update(decided_on=dt.date(2027, 1, 3))
        book = open_book.read(LATER)
        assert (book.cells, book.left_out) == ((), True)
        client.force_login(people[0].user)
        page = client.get(reverse("claims:open_book")).content.decode()
        assert "Hidden1" not in page
        assert "C-0000" not in page


class TestChoose:
    NUMBERS = [f"C-{n:06}" for n in range(1, 101)]

    @given(st.text(min_size=1), st.integers(0, 100), st.integers(0, 100))
    def test_takes_the_part_rounded_up(self, seed, percent, count):
        chosen = sampling.choose(seed=seed, numbers=self.NUMBERS[:count], percent=percent)
        assert len(chosen) == len(set(chosen)) == -(-count * percent // 100)
        assert set(chosen) <= set(self.NUMBERS)

    def test_is_the_same_for_the_same_seed_whatever_the_order(self):
        once = sampling.choose(seed="a", numbers=self.NUMBERS, percent=7)
        assert once == sampling.choose(seed="a", numbers=self.NUMBERS[::-1], percent=7)
        assert once != sampling.choose(seed="b", numbers=self.NUMBERS, percent=7)


@pytest.mark.django_db
class TestSample:
    @pytest.fixture
    def drawn(self, filled, ada):
        one = claim(filled, ada, 40)
        self.first, self.second = clara().pk, cem().pk
        claims.propose(claim_id=one.pk, amount=one.amount_claimed, by=self.first, on=ON)
        claims.approve(claim_id=one.pk, by=self.second, on=ON)
        pay(filled)
        seals.seal(dt.date(2027, 1, 1))
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("UPDATE ledger_seal SET day = '2026-11-29'")
            cursor.execute("SET LOCAL session_replication_role = origin")
        assert sampling.draw(period=parse("2026-11"), on=dt.date(2026, 12, 1)) == 1
        assert sampling.draw(period=parse("2026-11"), on=dt.date(2026, 12, 2)) == 0
        return Sample.objects.get()

    def test_is_read_by_another_officer_once(self, drawn, client):
        third = officer(name="Carlo")
        for by in (self.first, self.second):
            with pytest.raises(sampling.MayNotRead):
                sampling.record(sample_id=drawn.pk, verdict="FINE", by=by, on=ON)
        with pytest.raises(sampling.MayNotRead):
            sampling.record(sample_id=drawn.pk, verdict="FINE", by=drawn.claim.member.user_id, on=ON)
        client.force_login(third)
        assert drawn.claim.number in client.get(reverse("claims:desk")).content.decode()
        assert client.post(reverse("claims:sample", args=[drawn.pk]), {"verdict": "PAPERS"}).status_code == 302
        drawn.refresh_from_db()
        assert (drawn.verdict, drawn.read_by_id) == ("PAPERS", third.pk)
        sampling.record(sample_id=drawn.pk, verdict="PAPERS", by=third.pk, on=ON)
        with pytest.raises(sampling.AlreadyRead):
            sampling.record(sample_id=drawn.pk, verdict="FINE", by=third.pk, on=ON)

    def test_can_be_drawn_again_from_its_seed(self, drawn):
        from mutual.ledger import chart

        assert drawn.seed == seals.chain_at(chart.COOP, before=dt.date(2026, 12, 1))
        assert sampling.choose(seed=drawn.seed, numbers=[drawn.claim.number], percent=5) == [drawn.claim.number]

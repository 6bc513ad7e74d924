"""F4, F6, F7 and the layer above: the arithmetic of circles, for any amounts."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooling.circles.gifts import (
    Donor,
    Gift,
    Layers,
    after_obligations,
    carries_one,
    layers,
    premiums,
    spread,
)

cents = st.integers(0, 10**7)
donors = st.lists(st.tuples(st.integers(0, 20_000), cents, cents), max_size=50).map(
    lambda said: [Donor(n, *one) for n, one in enumerate(said)]
)


def ring(*levels, buffer=10**6):
    return [Donor(n, level, buffer) for n, level in enumerate(levels, 1)]


class TestSpread:
    def test_is_in_proportion_to_the_level(self):
        found = spread(100_00, ring(33_75, 33_75, 67_50))
        assert found.gifts == (Gift(1, 25_00), Gift(2, 25_00), Gift(3, 50_00))
        assert (found.carried, found.rest) == (100_00, 0)

    def test_gives_the_remainder_to_the_largest_fractions(self):
        assert [gift.amount for gift in spread(100, ring(1, 1, 1)).gifts] == [34, 33, 33]

    def test_spreads_what_lies_above_the_tax_free_limit_over_the_others(self):
        first, *others = ring(1, 1, 1)
        found = spread(90, [Donor(1, 1, 10**6, given=95), *others], limit=100)
        assert first.id == 1
        assert found.gifts == (Gift(1, 5, held_back=True), Gift(2, 43), Gift(3, 42))

    def test_takes_nothing_from_an_empty_buffer(self):
        found = spread(90, [Donor(1, 1, 0), Donor(2, 1, 10**6)])
        assert found.gifts == (Gift(2, 90),)

    def test_says_what_the_circle_cannot_carry(self):
        found = spread(1000, ring(1, 2, buffer=300))
        assert found.gifts == (Gift(1, 300, held_back=True), Gift(2, 300, held_back=True))
        assert (found.carried, found.rest) == (600, 400)

    def test_carries_nothing_alone(self):
        assert spread(50, []).rest == 50

    def test_refuses_less_than_nothing(self):
        with pytest.raises(ValueError, match="not negative"):
            spread(-1, [])

    @given(benefit=cents, donors=donors, limit=st.none() | cents)
    def test_sums_to_the_cent_and_passes_no_limit(self, benefit, donors, limit):
        found = spread(benefit, donors, limit=limit)
        assert found.carried + found.rest == benefit
        assert found.carried == sum(gift.amount for gift in found.gifts)
        rooms = [
            0 if not one.level else min(one.buffer, one.buffer if limit is None else max(limit - one.given, 0))
            for one in donors
        ]
        assert found.carried == min(benefit, sum(rooms))
        gave = {gift.donor: gift.amount for gift in found.gifts}
        assert all(gave.values())
        for one, room in zip(donors, rooms, strict=True):
            assert gave.get(one.id, 0) <= room

    @given(benefit=cents, donors=donors)
    def test_asks_the_same_of_everybody_who_can(self, benefit, donors):
        found = {gift.donor: gift for gift in spread(benefit, donors).gifts}
        free = [one for one in donors if one.id in found and not found[one.id].held_back]
        for one in free:
            for other in free:
                mine, hers = found[one.id].amount, found[other.id].amount
                # Shares of one total differ from the exact ones by less than a unit each.
                assert mine * other.level - hers * one.level <= one.level + other.level
        if free:
            rate = max(Fraction(found[one.id].amount + 1, one.level) for one in free)
            for one in donors:
                if one.id in found and found[one.id].held_back:
                    assert Fraction(found[one.id].amount - 1, one.level) <= rate


class TestLayers:
    def test_leave_everything_to_the_circle_without_a_retention(self):
        assert layers(500, claim_retention=None, of_claim=9, year_retention=None, of_year=9) == Layers(500, 0)

    def test_stop_at_the_retention_of_the_claim(self):
        assert layers(500, claim_retention=600, of_claim=200, year_retention=None, of_year=0) == Layers(400, 100)

    def test_stop_at_the_retention_of_the_year(self):
        assert layers(500, claim_retention=600, of_claim=0, year_retention=1000, of_year=900) == Layers(100, 400)
        assert layers(500, claim_retention=600, of_claim=0, year_retention=1000, of_year=1200) == Layers(0, 500)

    @given(benefit=cents, claim=st.none() | cents, of_claim=cents, year=st.none() | cents, of_year=cents)
    def test_sum_to_the_benefit(self, benefit, claim, of_claim, year, of_year):
        found = layers(benefit, claim_retention=claim, of_claim=of_claim, year_retention=year, of_year=of_year)
        assert found.circle + found.pool == benefit
        assert found.circle >= 0
        assert found.pool >= 0
        if claim is not None:
            assert of_claim + found.circle <= max(claim, of_claim)
        if year is not None:
            assert of_year + found.circle <= max(year, of_year)


class TestPremiums:
    def test_are_a_part_of_all_deposits_rounded_once(self):
        assert premiums([3375, 11250], 1000) == [338, 1125]
        assert premiums([], 1000) == []
        assert premiums([0, 0], 1000) == [0, 0]

    @given(deposits=st.lists(st.integers(1, 20_000), min_size=1, max_size=50), points=st.integers(0, 10_000))
    def test_sum_to_their_part(self, deposits, points):
        exact = Fraction(sum(deposits) * points, 10_000)
        assert abs(sum(premiums(deposits, points)) - exact) <= Fraction(1, 2)


class TestCircleSize:
    def test_carries_one_full_benefit(self):
        assert carries_one([50_00] * 20, 1000_00)
        assert not carries_one([50_00] * 19, 1000_00)
        assert not carries_one([], 0)


class TestAfterObligations:
    def test_keeps_the_share_of_what_is_still_to_be_given(self):
        assert after_obligations(900_00, 50, 1000, 1000_00) == 850_00
        assert after_obligations(10_00, 50, 1000, 1000_00) == 0
        assert after_obligations(100, 1, 3, 100) == 66  # her share is rounded up: the circle is not left a cent short
        assert after_obligations(100, 0, 0, 0) == 100

"""F11: the index and its shares, for any amounts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooling.payouts.cover import WHOLE, Cover, cover, shares

cents = st.integers(0, 10**12)


class TestCover:
    def test_is_one_where_there_is_enough(self):
        assert cover(cash=1500, floor=500, approved=1000) == Cover(WHOLE, 1000, 1000)
        assert cover(cash=1500, floor=500, approved=1000).index == Decimal("1.0000")

    def test_is_rounded_down_to_four_decimals(self):
        found = cover(cash=2_00_000, floor=0, approved=3_00_000)
        assert (found.index, found.payable, found.short) == (Decimal("0.6666"), 1_99_980, 1_00_020)

    def test_is_nothing_at_the_floor_and_below(self):
        assert cover(cash=500, floor=500, approved=1).payable == 0
        assert cover(cash=-3, floor=500, approved=1).index == 0

    def test_is_one_where_nothing_is_approved(self):
        assert cover(cash=0, floor=500, approved=0).index == 1

    def test_refuses_less_than_nothing(self):
        with pytest.raises(ValueError, match="negative"):
            cover(cash=1, floor=0, approved=-1)

    @given(cash=cents, floor=cents, approved=cents)
    def test_never_promises_more_than_there_is(self, cash, floor, approved):
        found = cover(cash=cash, floor=floor, approved=approved)
        assert 0 <= found.payable <= min(approved, max(cash - floor, 0))
        if found.parts < WHOLE:
            # The next higher index would have been too much.
            assert approved * (found.parts + 1) > max(cash - floor, 0) * WHOLE


class TestShares:
    def test_give_the_remainder_to_the_largest_fractions_first(self):
        assert shares([100, 101, 102], 3333) == [33, 33, 34]
        assert shares([10, 10, 10], 5000) == [5, 5, 5]
        assert shares([1, 1, 1], 5000) == [1, 0, 0]

    @given(approved=st.lists(cents, max_size=40), parts=st.integers(0, WHOLE))
    def test_sum_to_what_is_payable_and_never_pass_what_was_approved(self, approved, parts):
        paid = shares(approved, parts)
        assert sum(paid) == sum(approved) * parts // WHOLE
        for amount, share in zip(approved, paid, strict=True):
            assert abs(share * WHOLE - amount * parts) < WHOLE
            assert 0 <= share <= amount

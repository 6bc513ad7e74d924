"""R-A10: parts always sum to the whole, and the same amounts always round to the same cents."""

from __future__ import annotations

import hashlib
import random
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invoicing import vat
from mutual import money
from mutual.money import Money

PINNED = "ca6af7c946268cafbbcd885f35e76db312e8f6ea72b72134291533595d62859e"
"""SHA-256 over ten thousand invoices, dues and splits, as they were when the rule was written down."""


def ten_thousand(shuffle=False):
    """The same ten thousand cases, whatever the order they are worked on in."""
    cases = list(range(10_000))
    if shuffle:
        random.Random(7).shuffle(cases)
    said = {}
    for case in cases:
        dice = random.Random(case)
        weights = [dice.randrange(0, 50) for _n in range(dice.randrange(1, 8))]
        if not sum(weights):
            weights[0] = 1
        parts = money.allocate_minor(dice.randrange(-(10**9), 10**9), weights)
        items = [
            vat.Item(
                Decimal(dice.randrange(1, 9999)) / 100, Decimal(dice.randrange(1, 10**6)) / 10_000, "S",
                Decimal(dice.choice(["19", "7", "5.5", "2.1"])),
            )
            for _n in range(3)
        ]  # fmt: skip
        total = vat.totals(items, "EUR")
        said[case] = f"{case}:{parts}:{total.net.amount}:{total.vat.amount}:{total.gross.amount}"
    return hashlib.sha256("\n".join(said[case] for case in range(10_000)).encode()).hexdigest()


class TestAllocate:
    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.integers(-(10**15), 10**15),
        st.lists(st.integers(0, 10**6), min_size=1, max_size=40).filter(any),
    )
    def test_gives_parts_that_sum_to_the_whole_and_are_fair(self, total, weights):
        parts = money.allocate_minor(total, weights)
        assert sum(parts) == total
        for part, weight in zip(parts, weights, strict=True):
            exact = Decimal(total) * weight / sum(weights)
            assert abs(part - exact) < 1
            assert weight or not part

    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.integers(1, 10**9), st.integers(1, 30))
    def test_favours_the_first_of_equals(self, total, count):
        parts = money.allocate_minor(total, [1] * count)
        assert parts == sorted(parts, reverse=True)

    @pytest.mark.parametrize("weights", [[], [0], [0, 0], [-1, 2]])
    def test_refuses_weights_that_say_nothing(self, weights):
        with pytest.raises(ValueError):
            money.allocate_minor(100, weights)

    def test_loses_cents_where_each_part_is_rounded_alone(self):
        """The negative control: the law is not empty."""
        parts = [round(Decimal(100) * weight / 3) for weight in (1, 1, 1)]
        assert sum(parts) != 100


class TestRounding:
    def test_gives_the_same_cents_for_ten_thousand_cases_in_any_order(self):
        assert ten_thousand() == ten_thousand(shuffle=True) == PINNED

    def test_would_be_noticed_if_it_rounded_half_to_even(self, monkeypatch):
        monkeypatch.setattr(money, "ROUND_HALF_UP", ROUND_HALF_EVEN)
        assert ten_thousand() != PINNED

    @pytest.mark.parametrize(("amount", "rounded"), [("0.005", "0.01"), ("-0.005", "-0.01"), ("1.2349", "1.23")])
    def test_is_half_up(self, amount, rounded):
        assert money.round_money(Decimal(amount), "EUR") == Money(rounded, "EUR")

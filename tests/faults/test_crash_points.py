"""R-B2: every money workflow × every point where a process can die; and two seeded bugs that the search must find."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from mutual.ledger.kinds import Kind
from tests.arena import CHECKOUT, Arena

pytestmark = pytest.mark.xdist_group("crash")

UNUSED = {Kind.IMPORTED, Kind.PROVIDER_FEE, Kind.DUES_REFUNDED, Kind.FUND_GRANTED}
"""Kinds that no workflow of today records: an import is one transaction, the others wait for theirs."""


def enumerated(*arguments):
    """What the search says about each workflow of a share."""
    arena = Arena()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.crashing", *map(str, arguments)], cwd=CHECKOUT, env=arena.env,
            capture_output=True, text=True, timeout=900, check=False,
        )  # fmt: skip
    finally:
        arena.drop()
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def wrong(results):
    return {result["workflow"]: result["wrong"] for result in results if result["violations"]}


@pytest.fixture(scope="module")
def sampled():
    """Every workflow, whole and crashed at some of its points: others for each workflow."""
    return enumerated(11, 0, 1)


class TestEveryWorkflow:
    def test_ends_the_same_after_a_crash_at_some_points(self, sampled):
        assert not wrong(sampled)
        assert sum(result["tried"] for result in sampled) >= 150

    def test_is_tried_for_every_kind_of_entry(self, sampled):
        assert {Kind(kind) for result in sampled for kind in result["kinds"]} == set(Kind) - UNUSED

    @pytest.mark.soak
    @pytest.mark.parametrize("share", range(2))
    def test_ends_the_same_after_a_crash_at_any_point_and_another_while_recovering(self, share):
        results = enumerated(1, share, 2, "pairs")
        assert not wrong(results)
        assert sum(result["tried"] for result in results) >= 1000


class TestSearch:
    def test_finds_what_is_done_in_two_halves_and_a_number_taken_outside(self):
        results = enumerated(1, 0, 1, "seeded")
        assert {result["workflow"] for result in results} == {"two halves", "number outside", "nothing wrong"}
        assert wrong(results).keys() == {"two halves", "number outside"}
        assert all(result["tried"] == result["points"] > 5 for result in results)

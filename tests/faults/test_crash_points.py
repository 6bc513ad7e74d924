"""R-B2: every money workflow × every point where a process can die; and two seeded bugs that the search must find."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import subprocess
import sys

import pytest

from mutual.ledger.kinds import Kind
from tests.arena import CHECKOUT, Arena
from tests.faults.crashing import durable_use_cases

pytestmark = pytest.mark.xdist_group("crash")

UNUSED = {Kind.IMPORTED, Kind.PROVIDER_FEE, Kind.DUES_REFUNDED, Kind.FUND_GRANTED}
"""Kinds that no workflow of today records: an import is one transaction, the others wait for theirs."""


_RINGS = "asks for work that is searched itself; asked for twice it is done once"
_PEOPLE = "about a person, not about money: one row under its own lock"
_SHOP = "words and addresses: no money, no promise"
NOT_SEARCHED = {
    "invoicing.barter.listings.close": _SHOP,
    "invoicing.barter.listings.publish": _SHOP,
    "invoicing.barter.listings.renew": _SHOP,
    "invoicing.invoices.add_client": _SHOP,
    "invoicing.invoices.change_client": _SHOP,
    "invoicing.invoices.change_issuer": _SHOP,
    "invoicing.invoices.send": "a letter again each time it is asked for",
    "members.demo._admit": "the demonstration's",
    "members.demo._apply": "the demonstration's",
    "members.demo._cast": "the demonstration's",
    "members.importing.carry_out": "tests/members/test_commands.py kills and repeats it",
    "members.importing.keep": _PEOPLE,
    "members.membership.admit": _PEOPLE,
    "members.membership.apply": _PEOPLE,
    "members.membership.ask_back": _PEOPLE,
    "members.membership.change_profile": _PEOPLE,
    "members.membership.decline": _PEOPLE,
    "members.membership.resume": _PEOPLE,
    "members.membership.suspend": _PEOPLE,
    "members.roles.appoint": _PEOPLE,
    "members.roles.confirm": _PEOPLE,
    "members.roles.end": _PEOPLE,
    "members.roles.propose": _PEOPLE,
    "members.statements.batch.order": _RINGS,
    "members.users.block": _PEOPLE,
    "members.users.unblock": _PEOPLE,
    "mutual.vault.vault._erase_again": "destroys again; tests/mutual/vault/test_vault.py stops and repeats it",
    "mutual.vault.vault.destroy_in_time": "destroys what is due; what is destroyed cannot be compared by its content",
    "mutual.vault.vault.read": "a look each time: two looks are two",
    "mutual.vault.vault.rewrap": "tests/mutual/test_vault.py stops and repeats it",
    "pooling.buffers.returns.request": _RINGS,
    "pooling.circles.giving.request": _RINGS,
    "members.governance.decisions.note_attempt": "a note each time somebody tries what she may not",
    "pooling.claims.claims.note_attempt": "a note each time somebody tries what she may not",
    "pooling.claims.papers._keep": "a paper, sealed anew each time; see tests/pooling/claims/test_papers.py",
    "pooling.dues.request_run": _RINGS,
    "pooling.dunning.ladder.request": _RINGS,
    "pooling.easing.waivers.settle_reasons": "a day for papers; tests/pooling/easing/test_easing.py repeats it",
    "pooling.payouts.paying.go_on": _RINGS,
    "pooling.solvency.forecasts.keep": "a figure that is worked out anew; it moves nothing",
    "pooling.solvency.forecasts.order": _RINGS,
    "pooling.surplus.relief.request_run": _RINGS,
}
"""Durable use cases without a workflow, and why; anything else must have one."""


def enumerated(*arguments):
    """What the search says about each workflow of a share."""
    arena = Arena()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.crashing", *map(str, arguments)], cwd=CHECKOUT, env=arena.env,
            capture_output=True, text=True, timeout=3600, check=False,
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
    return enumerated(19, 0, 1)


class TestEveryWorkflow:
    def test_ends_the_same_after_a_crash_at_some_points(self, sampled):
        assert not wrong(sampled)
        assert sum(result["tried"] for result in sampled) >= 150

    def test_is_killed_everywhere_in_the_runs_of_reminders_and_buffers(self, sampled):
        """R-B1, without a process to kill."""
        runs = [one for one in sampled if one["workflow"] in {"reminders", "buffers above their cap returned"}]
        assert len(runs) == 2
        assert all(one["tried"] == one["points"] >= 20 for one in runs)

    def test_is_tried_for_every_kind_of_entry(self, sampled):
        assert {Kind(kind) for result in sampled for kind in result["kinds"]} == set(Kind) - UNUSED

    def test_is_there_for_every_durable_use_case(self, sampled):
        searched, every = {name for result in sampled for name in result["reached"]}, set(durable_use_cases())
        assert len(every) >= 150
        assert every - searched - set(NOT_SEARCHED) == set(), "Give it a workflow in tests/faults/workflows.py."
        assert set(NOT_SEARCHED) & searched == set(), "It is searched now: take it out of the list."
        assert set(NOT_SEARCHED) <= every

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


def test_a_use_case_that_moves_money_is_never_left_out():
    """What is not searched neither posts nor calls what posts: read from its own lines."""
    for name in NOT_SEARCHED:
        module, _dot, function = name.rpartition(".")
        source = inspect.getsource(inspect.unwrap(getattr(importlib.import_module(module), function)))
        assert not re.search(r"journal\.|set_aside|settle\(|instalments\.", source), name

"""R-A13: the cooperative may live anywhere; the tests must hold on both edges of the date line."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.arena import CHECKOUT, Arena

pytestmark = pytest.mark.xdist_group("arena")

EDGES = ["Pacific/Kiritimati", "Pacific/Pago_Pago"]


@pytest.fixture(scope="module")
def arena():
    """Its name keeps the database of the inner tests apart from that of these."""
    arena = Arena()
    yield arena
    arena.drop()


def run_in(zone, arena, *paths):
    """What pytest says at the end where the cooperative and the machine live in a zone."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *paths], cwd=CHECKOUT, check=False,
        env={**arena.env, "COOPERATIVE_TIME_ZONE": zone, "TZ": zone},
        capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, done.stdout[-3000:]


@pytest.mark.parametrize("zone", EDGES)
class TestZone:
    def test_hold_for_dues_and_years(self, zone, arena):
        code, said = run_in(
            zone,
            arena,
            "tests/pooling/test_dues.py",
            "tests/pooling/surplus/test_years.py",
            "tests/mutual/test_formats.py",
        )
        assert code == 0, said

    @pytest.mark.soak
    def test_hold_for_everything(self, zone, arena):
        code, said = run_in(
            zone,
            arena,
            "tests/pooling",
            "tests/invoicing",
            "tests/members",
            "tests/mutual",
            "tests/trust",
            "tests/races",
        )
        assert code == 0, said

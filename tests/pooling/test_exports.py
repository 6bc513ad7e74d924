"""Lists to take away: everything they must hold, and no illness and nobody who should not be there."""

from __future__ import annotations

import csv
import io

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from members.models import User
from pooling.circles import giving
from pooling.claims.models import Claim
from pooling.models import Charge
from pooling.payouts import paying
from tests.pooling.circles.test_circles import ring
from tests.pooling.claims.test_claims import approved, filled, officers
from tests.pooling.test_dues import ON, charge, coop, on_plan, pay
from tests.trust.test_routes import person

__all__ = ["coop", "filled", "ring"]
pytestmark = pytest.mark.django_db
CANARY = "Zq9lumbago"


@pytest.fixture
def world(ring):
    """A circle that gave for one claim, a pay run, charges partly paid."""
    by = officers()
    ring.claimant = ring.members[1]
    approved(ring, ring.claimant, "350.00", by=by)
    giving.give(on=ON, by=None)
    ring.run = paying.start(fund_id=ring.sick.pk, bank_id=ring.bank.pk, seen=None, form_key="p" * 32, by=ring.by, on=ON)
    paying.pay(number=ring.run.number, by=None)
    for member in ring.members[:2]:
        on_plan(member, ring)
    charge()
    pay(ring, ring.members[0], 20)
    ring.treasurer = person("treasurer")
    return ring


def lines(client, address, kind="csv", **query):
    answer = client.get(address, {"format": kind, **query})
    assert answer.status_code == 200
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if kind == "xlsx":
        rows = list(load_workbook(io.BytesIO(content)).active.values)
        return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


class TestRows:
    def test_of_claims_hold_amounts_and_days_and_nobody(self, world, client):
        client.force_login(world.treasurer)
        (row,) = lines(client, reverse("claims:desk"))
        one = Claim.objects.get()
        assert (row["number"], row["state"], row["claimed"], row["currency"]) == (one.number, "PAID", "350.00", "EUR")
        assert row.keys() == {
            "number", "fund", "submitted on", "decided on", "paid on", "state", "currency", "claimed", "approved"
        }  # fmt: skip

    def test_of_pay_runs_are_whole_for_officers_and_published_for_members(self, world, client):
        client.force_login(world.treasurer)
        (row,) = lines(client, reverse("payouts:overview"))
        assert (row["number"], row["approved"], row["gifts"], row["people"]) == (
            world.run.number, "50.00", "300.00", "1"
        )  # fmt: skip
        (part,) = lines(client, reverse("payouts:run", args=[world.run.number]))
        assert (part["claim"], part["due"], part["gifts"], part["paid"]) == (
            Claim.objects.get().number, "50.00", "300.00", "350.00"
        )  # fmt: skip
        client.force_login(world.members[0].user)
        (row,) = lines(client, reverse("payouts:overview"))
        assert (row["cover index"], row["approved"], row["paid"]) == ("1.0000", "", "")  # about one person
        assert client.get(reverse("payouts:run", args=[world.run.number]), {"format": "csv"}).status_code == 404

    def test_of_circles_hold_sums_for_the_office_only(self, world, client):
        client.force_login(world.treasurer)
        (row,) = lines(client, reverse("circles:circles"))
        assert (row["circle"], row["members"], row["given since it opened"]) == ("Linden", "20", "300.00")
        page = reverse("circles:circle", args=["linden"])
        (month,) = lines(client, page)
        assert (month["month"], month["due"], month["given by the circle"]) == ("2026-11", "350.00", "300.00")
        client.force_login(world.members[0].user)
        (row,) = lines(client, reverse("circles:circles"))
        assert "given since it opened" not in row
        assert client.get(page, {"format": "csv"}).status_code == 404

    def test_of_charges_sum_to_what_is_owed(self, world, client):
        client.force_login(world.treasurer)
        rows = lines(client, reverse("pooling:dues"))
        assert sorted((row["member"], row["charged"], row["paid"], row["open"]) for row in rows) == [
            (world.members[0].number, "45.00", "20.00", "25.00"), (world.members[1].number, "45.00", "0.00", "45.00"),
        ]  # fmt: skip
        assert len(rows) == Charge.objects.count()
        client.force_login(world.members[0].user)
        assert [row["open"] for row in lines(client, reverse("pooling:my_dues"))] == ["25.00"]

    def test_of_decisions_say_about_whom_to_officers_only(self, world, client):
        from pooling.treasury import corrections

        debt = Charge.objects.first()
        made = corrections.propose_write_off(charge_id=debt.pk, text="Ill for long", by=world.by, on=ON)
        corrections.confirm(decision_id=made.pk, kind=corrections.WRITE_OFF, by=world.treasurer.pk, on=ON)
        client.force_login(world.treasurer)
        found = {row["number"]: row for row in lines(client, reverse("governance:decisions"))}
        assert found[made.number]["text"] == "Ill for long"
        client.force_login(world.members[2].user)
        found = {row["number"]: row for row in lines(client, reverse("governance:decisions"))}
        assert [found[made.number][what] for what in ("kind", "text", "about")] == ["", "", ""]
        page = client.get(reverse("governance:decisions")).content.decode()
        assert "only officers read it" in page
        assert "Ill for long" not in page


class TestCanary:
    """R-F7: what somebody wrote about her illness is in no list that can be taken away."""

    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    def test_stands_in_no_file(self, world, client, kind):
        from pooling.claims import claims

        member = world.members[2]
        one = claims.submit(
            member_id=member.pk, fund_id=world.sick.pk, occasion="ILLNESS", first_day=ON, last_day=ON,
            amount=claims.Money(10, "EUR"), words=CANARY, form_key="canary", by=member.user_id, on=ON,
        )  # fmt: skip
        claims.refuse(claim_id=one.pk, reason="UNCLEAR", by=User.objects.get(email="clara@example.org").pk, on=ON)
        client.force_login(world.treasurer)
        seen = 0
        for name, args in (
            ("claims:desk", []), ("circles:circles", []), ("circles:circle", ["linden"]), ("pooling:dues", []),
            ("pooling:member_dues", [member.number]), ("payouts:overview", []),
            ("payouts:run", [world.run.number]), ("payouts:loans", []), ("buffers:buffers", []),
            ("governance:decisions", []), ("pooling:arrears", []), ("pooling:payments", []),
        ):  # fmt: skip
            for row in lines(client, reverse(name, args=args), kind):
                seen += 1
                said = " ".join(str(cell) for cell in row.values())
                assert CANARY not in said, name
                for word in ("ILLNESS", "UNCLEAR"):
                    assert word not in said, name
                if name in {"claims:desk", "circles:circle", "payouts:run"}:
                    assert member.number not in said
                    assert member.name not in said
        assert seen >= 10

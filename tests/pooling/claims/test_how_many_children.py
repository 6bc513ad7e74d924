"""A lump sum at a birth is paid for each child: the form asks for how many, and everything after it goes by that."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from mutual.jobs import queue
from mutual.ledger import audit
from mutual.money import Money
from pooling import setting_aside
from pooling.benefits import facts, reports
from pooling.claims import entitlements, reopening, room
from pooling.claims.models import Claim
from tests.pooling.claims.test_claims import ada, coop, filled
from tests.pooling.claims.test_evidence import officer
from tests.pooling.claims.test_papers import text
from tests.pooling.claims.test_schedule import adopt, approve, submit
from tests.pooling.test_dues import ON

__all__ = ["ada", "coop", "filled"]
pytestmark = pytest.mark.django_db

TERMS = {
    "currency": "EUR",
    "benefits": [
        {"rule": "sick-pay", "title": "Sick pay", "causes": ["ILLNESS"],
         "pays": {"by": "FLAT", "per": "DAY", "amount": 300}},
        {"rule": "birth", "title": "Birth", "causes": ["BIRTH"],
         "pays": {"by": "FLAT", "per": "ONCE", "amount": 5_000}},
        {"rule": "death", "title": "Death", "causes": ["DEATH"],
         "pays": {"by": "FLAT", "per": "ONCE", "amount": 7_000}},
    ],
}  # fmt: skip
"""50.00 for each child."""


@pytest.fixture
def ruled(filled):
    adopt(filled.sick, TERMS, filled.by)
    return filled


def twins(coop, member, **more):
    return submit(coop, member, "2026-11-10", "2026-11-10", occasion="BIRTH", count=2, **more)


class TestForm:
    def said(self, coop, **more):
        return {
            "fund": coop.sick.pk, "occasion": "BIRTH", "first_day": "2026-11-10", "last_day": "2026-11-10",
            "form_key": "a" * 32, "incapacity": "100",
        } | more  # fmt: skip

    def test_asks_how_many_children_where_each_is_paid_for(self, ruled, ada, client, time_machine):
        time_machine.move_to("2026-11-10 12:00+00:00")
        client.force_login(ada.user)
        page = reverse("claims:new")
        for occasion, asked in (("BIRTH", True), ("ILLNESS", False), ("DEATH", False)):
            shown = client.get(f"{page}?fund=sickness&occasion={occasion}").content.decode()
            assert ("How many children?" in shown) is asked
        answer = client.post(page, self.said(ruled))
        assert answer.status_code == 422
        assert "pay for each child" in answer.content.decode()
        for wrong in ("0", "21", "two", ""):
            assert client.post(page, self.said(ruled, children=wrong)).status_code == 422
        assert not Claim.objects.exists()
        shown = client.post(page, self.said(ruled, children="2", look="1")).content.decode()
        assert "100.00" in shown
        assert "It is for 2: €50.00 for each of them, €100.00 together." in shown
        assert client.post(page, self.said(ruled, children="2")).status_code == 302
        one = Claim.objects.get()
        assert (one.count, one.amount_claimed) == (2, Money(100, "EUR"))
        assert client.post(page, self.said(ruled, children="2")).status_code == 302
        assert "sent before" in client.post(page, self.said(ruled, children="1"), follow=True).content.decode()
        assert Claim.objects.count() == 1
        assert "Birth of a child, 2 children" in client.get(reverse("claims:mine", args=[one.number])).content.decode()
        client.force_login(officer(name="Carlo"))
        desk = client.get(reverse("claims:decide", args=[one.number])).content.decode()
        assert "Birth of a child, 2 children" in desk
        assert "100.00" in desk


class TestTwins:
    def test_are_decided_as_two_and_told_so(self, ruled, ada, client):
        one = approve(twins(ruled, ada))
        assert [row.amount_due for row in one.instalments.all()] == [10_000]
        assert setting_aside.held(ruled.sick) == Money(100, "EUR")
        queue.work_all()
        client.force_login(ada.user)
        letter = " ".join(text(client, one, "letter/1").split())
        assert "Children 2" in letter
        assert "It is for 2" in letter
        assert [row["count"] for row in room.personal_data(member_id=ada.pk)] == [2]
        assert [told.count for told in facts.absences(fund_id=ruled.sick.pk)] == [2]
        assert not list(audit.findings())

    def test_are_still_two_where_a_jury_grants_what_was_cut(self, ruled, ada):
        one = twins(ruled, ada)
        one.amount_approved = Money(60, "EUR")
        rest = reopening.grant(one, appeal="A-000001", on=ON)
        assert (rest.count, rest.amount_claimed) == (2, Money(40, "EUR"))
        assert entitlements.of(rest).amount == 10_000

    def test_count_for_nothing_where_the_rules_pay_once(self, ruled, ada):
        ill = submit(ruled, ada, count=2)
        death = submit(ruled, ada, "2026-11-10", "2026-11-10", occasion="DEATH", count=2, key="k2")
        assert (ill.count, death.count, death.amount_claimed) == (1, 1, Money(70, "EUR"))

    @pytest.mark.parametrize("count", [0, 21])
    def test_are_no_more_than_can_be(self, ruled, ada, count):
        one = twins(ruled, ada)
        with pytest.raises(IntegrityError, match="claim_for_one_to_twenty"), transaction.atomic():
            Claim.objects.filter(pk=one.pk).update(count=count)

    def test_are_not_what_the_page_before_shows(self, ruled, ada, client):
        shown = {one.title: one for one in reports.if_ill(ada, ON)}
        assert [title for title, one in shown.items() if one.each_child] == ["Birth"]
        client.force_login(ada.user)
        assert "once, for one child" in client.get(reverse("benefits:if_ill")).content.decode()
        assert "At a birth it is paid for each child." in client.get("/funds/sickness/rules/").content.decode()

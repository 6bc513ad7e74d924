"""A payment has a receipt: the member's and the treasurer's, made once and the same ever after (M4)."""

from __future__ import annotations

import datetime as dt
import io

import pypdf
import pytest
from django.urls import reverse

from mutual.documents import sheets
from mutual.documents.models import Document
from mutual.money import Money
from pooling import payments, receipts
from tests.conftest import make_member
from tests.pooling.test_dues import OCTOBER, charge, coop, on_plan, pay
from tests.trust.test_routes import person

__all__ = ["coop"]
pytestmark = pytest.mark.django_db
AT = dt.datetime(2026, 11, 12, 9, tzinfo=dt.UTC)


@pytest.fixture
def paid(coop):
    ada = on_plan(make_member("Ada Byron"), coop)
    charge(OCTOBER)
    charge()
    return pay(coop, ada, 100)


def words(pdf):
    return " ".join("".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages).split())


class TestCompose:
    def test_says_what_was_paid_where_it_went_and_what_is_left(self, coop, paid):
        value = receipts.compose(paid, "en")
        assert [(line.text, line.paid) for line in value.lines] == [
            ("Dues of October 2026", Money(45, "EUR")), ("Dues of November 2026", Money(45, "EUR")),
        ]  # fmt: skip
        assert dict(value.parts) == {
            "Sickness": Money(45, "EUR"), "Parents": Money(30, "EUR"), "Running costs": Money(15, "EUR"),
        }  # fmt: skip
        assert value.ahead == Money(10, "EUR")
        assert value.amount == sum((line.paid for line in value.lines), value.ahead)

    def test_refuses_what_is_nobodys_or_was_taken_back(self, coop, paid):
        with pytest.raises(receipts.NotPlaced):
            receipts.compose(pay(coop, None, 5, key="k2"), "en")
        payments.withdraw(payment_id=paid.pk, by=coop.by, on=dt.date(2026, 11, 10))
        paid.refresh_from_db()
        with pytest.raises(receipts.Withdrawn):
            receipts.compose(paid, "en")


class TestGive:
    def test_gives_the_same_bytes_again_and_prints_them_again_the_same(self, coop, paid):
        name, first = receipts.give(payment=paid, language="en", at=AT, by=coop.by)
        later = AT + dt.timedelta(days=9)
        assert receipts.give(payment=paid, language="en", at=later, by=coop.by) == (name, first)
        assert Document.objects.count() == 1
        assert sheets.receipt(receipts.compose(paid, "en")).print(created=AT).pdf == first
        said = words(first)
        for part in ("Receipt R-P-000001", "Ada Byron", "Dues of October 2026", "€100.00", "Kept for the next dues"):
            assert part in said


class TestPages:
    def test_give_a_member_her_own_receipt_and_nobody_elses(self, coop, paid, client):
        client.force_login(paid.member.user)
        mine = reverse("pooling:my_receipt", args=[paid.number])
        assert client.get(mine)["Content-Type"] == "application/pdf"
        assert mine in client.get(reverse("pooling:my_dues")).content.decode()
        client.force_login(make_member("Bo Ek").user)
        assert client.get(mine).status_code == 404
        client.force_login(person("treasurer"))
        assert client.get(reverse("pooling:receipt", args=[paid.number]))["Content-Type"] == "application/pdf"

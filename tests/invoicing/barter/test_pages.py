"""The barter pages answer, show what they should, and nothing of others."""

from __future__ import annotations

import pytest
from django.urls import reverse

from invoicing.barter.models import Listing, Trade
from mutual.ledger import audit
from tests.conftest import make_member

pytestmark = pytest.mark.django_db
KEY = "c" * 32


@pytest.fixture
def ada(client):
    ada = make_member("Ada Byron")
    client.force_login(ada.user)
    return ada


def publish(client, **more):
    said = {"kind": "OFFER", "title": "Bread", "category": "FOOD", "text": "Sourdough", "price_credit": "12.50"}
    return client.post(reverse("barter:listing_new"), said | more, follow=True)


class TestListings:
    def test_are_published_found_and_closed(self, client, ada):
        assert "Bread" in publish(client).content.decode()
        publish(client)
        assert Listing.objects.count() == 1
        assert "Sourdough" in client.get(reverse("barter:market"), {"q": "sourd", "kind": "OFFER"}).content.decode()
        assert "Sourdough" not in client.get(reverse("barter:market"), {"q": "steel"}).content.decode()
        one = Listing.objects.get()
        client.post(reverse("barter:listing_close", args=[one.pk]))
        assert "Sourdough" not in client.get(reverse("barter:market")).content.decode()

    def test_of_others_cannot_be_closed(self, client, ada):
        publish(client)
        one = Listing.objects.get()
        client.force_login(make_member("Bo Ek").user)
        assert client.post(reverse("barter:listing_close", args=[one.pk])).status_code == 404
        assert Listing.objects.get().closed_on is None


class TestTrades:
    def test_run_from_listing_to_settled(self, client, ada):
        publish(client)
        one = Listing.objects.get()
        bo = make_member("Bo Ek")
        client.force_login(bo.user)
        form = client.get(reverse("barter:trade_new"), {"listing": one.pk}).context["form"]
        assert form.initial["other"] == ada.number
        said = {"side": "receive", "other": ada.number, "title": "Bread", "credit": "12.50", "form_key": KEY}
        page = client.post(reverse("barter:trade_new"), said, follow=True)
        trade = Trade.objects.get()
        assert "The other side decides now" in page.content.decode()
        client.force_login(ada.user)
        step = lambda name: client.post(reverse("barter:trade_step", args=[trade.number, name]), follow=True)  # noqa: E731
        assert "12.50" in client.get(reverse("barter:trade", args=[trade.number])).content.decode()
        step("accept")
        step("deliver")
        client.force_login(bo.user)
        assert "Both balances have moved" in step("settle").content.decode()
        assert client.get(reverse("barter:trades")).status_code == 200
        assert client.get(reverse("barter:open_book")).status_code == 200
        assert not list(audit.findings())

    def test_of_others_do_not_exist(self, client, ada):
        bo, cy = make_member("Bo Ek"), make_member("Cy Dee")
        client.force_login(bo.user)
        said = {"side": "receive", "other": ada.number, "title": "Bread", "credit": "12.50", "form_key": KEY}
        client.post(reverse("barter:trade_new"), said)
        number = Trade.objects.get().number
        client.force_login(cy.user)
        assert client.get(reverse("barter:trade", args=[number])).status_code == 404
        assert client.post(reverse("barter:trade_step", args=[number, "accept"])).status_code == 404

    @pytest.mark.parametrize(
        "wrong",
        [{"credit": "NaN"}, {"credit": "-5"}, {"credit": "1e99"}, {"other": "M-999999"}, {"form_key": "x"},
         {"credit": "", "hours": ""}, {"listing": "9" * 30}, {"title": "a\x00b"}],
    )  # fmt: skip
    def test_refuse_what_makes_no_sense(self, client, ada, wrong):
        bo = make_member("Bo Ek")
        said = {"side": "receive", "other": bo.number, "title": "Bread", "credit": "5", "form_key": KEY}
        assert client.post(reverse("barter:trade_new"), said | wrong).status_code == 422
        assert not Trade.objects.exists()

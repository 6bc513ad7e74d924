"""R-F2, R-G9: two worlds. What is one member's own never shows to another; hostile text is never anything but text."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from invoicing.barter import listings
from invoicing.models import Client, Invoice
from members import membership
from members.models import Member
from mutual.money import Money
from pooling.claims import claims
from pooling.claims.models import Claim
from tests.conftest import make_member
from tests.invoicing.test_invoices import client_of, draft, issue, line
from tests.pooling.test_dues import charge, coop, on_plan, pay
from tests.trust.test_routes import TABLE, person

__all__ = ["coop"]
pytestmark = pytest.mark.django_db

EVIL = "<script>alert('Xq7')</script>\"'><img src=x onerror=alert(1)>"
CANARY = "Zq9canary"
ON = dt.date(2026, 11, 10)


def world(coop, name, words):
    """A member with something of everything, all of it bearing ``words``."""
    member = make_member(name)
    on_plan(member, coop)
    membership.change_profile(
        member_id=member.pk, by=member.user_id,
        said={"trade": words[:80], "street": words[:120], "city": words[:80]},
    )  # fmt: skip
    issue_me = draft(
        member, line(text=words), key="k", client=client_of(member, name=words[:120], email="client@example.org")
    )
    from invoicing.models import Issuer

    Issuer.objects.filter(member=member).update(tax_number="1", city="X")
    issue(issue_me)
    pay(coop, member, 45, key=f"pay-{member.pk}")
    claims.submit(
        member_id=member.pk, fund_id=coop.sick.pk, occasion="ILLNESS", first_day=ON, last_day=ON,
        amount=Money(77, "EUR"), form_key=f"claim-{member.pk}", by=member.user_id, on=ON,
    )  # fmt: skip
    return member


def own_pages(member):
    """The pages about one thing of a member's."""
    invoice = Invoice.objects.get(member=member)
    yield reverse("invoicing:invoice", args=[invoice.pk])
    yield reverse("invoicing:client", args=[Client.objects.get(member=member).pk])
    yield reverse("claims:mine", args=[Claim.objects.get(member=member).number])


def plain_pages():
    return ["/" + route for route, allowed in TABLE.items() if "<" not in route and "outbox" not in route]


def shown(client, urls):
    """Where hostile text stands as it was written, and where it stands as text."""
    raw, escaped = [], []
    for url in urls:
        answer = client.get(url)
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            text = answer.content.decode()
            raw += [url] if "<script>alert" in text or "<img src=x" in text else []
            escaped += [url] if "&lt;script&gt;alert" in text else []
    return raw, escaped


class TestWorlds:
    def test_never_meet(self, coop, client):
        ada, bo = world(coop, "Ada Byron", "fine words"), world(coop, "Bo Canary", CANARY)
        charge()
        client.force_login(ada.user)
        for url in [*plain_pages(), *own_pages(ada)]:
            answer = client.get(url)
            if answer.status_code == 200:
                text = b"".join(answer) if answer.streaming else answer.content
                assert CANARY.encode() not in text, url
                assert bo.number.encode() not in text, url
        for url in own_pages(bo):
            assert client.get(url).status_code == 404, url
        client.force_login(bo.user)  # it is there to be seen
        assert sum(CANARY in client.get(url).content.decode() for url in [*plain_pages(), *own_pages(bo)]) >= 5

    def test_carry_hostile_text_as_text(self, coop, client):
        ada = world(coop, "Ada Byron", EVIL)
        Member.objects.filter(pk=ada.pk).update(name=EVIL[:120], motivation=EVIL)
        listings.publish(
            member_id=ada.pk, kind="OFFER", category="OTHER", title=EVIL[:80], text=EVIL, price_credit=None,
            price_minutes=None, by=ada.user_id, on=ON,
        )  # fmt: skip
        charge()
        people = [ada.user, person("administrator"), person("treasurer"), person("auditor"), person("claims_officer")]
        seen = 0
        for user in people:
            client.force_login(user)
            pages = [*plain_pages(), f"/members/{ada.number}/", f"/dues/members/{ada.number}/"]
            raw, escaped = shown(client, [*pages, *(own_pages(ada) if user == ada.user else ())])
            assert not raw
            seen += len(escaped)
        assert seen >= 6

    def test_would_notice_text_that_is_not_escaped(self, coop, client, monkeypatch):
        ada = world(coop, "Ada Byron", EVIL)
        client.force_login(ada.user)
        assert not shown(client, own_pages(ada))[0]
        monkeypatch.setattr("django.template.base.conditional_escape", str)
        assert shown(client, own_pages(ada))[0]

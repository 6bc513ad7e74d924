"""One table of letters: everything that is sent stands in it, and what is muted is not written."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.urls import reverse

from mutual.mail import events, letters
from mutual.mail.models import Letter, Muted
from tests.conftest import make_member
from tests.pooling.test_dues import coop

__all__ = ["coop"]
pytestmark = pytest.mark.django_db


class TestTable:
    def test_has_every_letter_and_no_other(self):
        folder = settings.BASE_DIR / "templates" / "emails"
        assert {path.name.removesuffix(".subject.txt") for path in folder.glob("*.subject.txt")} == set(events.EVENTS)


def thanked(member, key="k"):
    appeal = type("Appeal", (), {"number": "A-000001"})
    return letters.send(
        key=key, to=member.email, template="emails/juror_thanked",
        context={"appeal": appeal, "member": member, "minutes": 60}, language="en", reader=member.user_id,
    )  # fmt: skip


class TestSend:
    def test_writes_nothing_that_the_reader_does_without(self):
        ada, bo = make_member("Ada Byron"), make_member("Bo Ek")
        events.mute(reader=ada.user_id, events=["juror_thanked"])
        assert thanked(ada) is None
        assert "/me/letters/" in thanked(bo, "other").text
        assert Letter.objects.count() == 1

    def test_writes_what_is_needed_whatever_was_muted(self):
        ada = make_member("Ada Byron")
        events.mute(reader=ada.user_id, events=["claim_refused", "juror_thanked", "no such letter"])
        assert events.muted(ada.user_id) == {"juror_thanked"}
        Muted.objects.create(reader=ada.user_id, event="claim_refused")
        assert events.is_wanted("claim_refused", ada.user_id)


class TestPage:
    def test_lets_one_choose(self, client):
        ada = make_member("Ada Byron")
        client.force_login(ada.user)
        assert "checked" in client.get(reverse("letters")).content.decode()
        client.post(reverse("letters"), {"wanted": ["claim_submitted"]})
        assert "juror_thanked" in events.muted(ada.user_id)
        assert "claim_submitted" not in events.muted(ada.user_id)
        client.post(reverse("letters"), {"wanted": ["claim_submitted", "juror_thanked"]})
        assert "juror_thanked" not in events.muted(ada.user_id)
        assert client.post(reverse("letters"), {"wanted": ["admitted"]}).status_code == 422

"""The decision letter: reasons, rules, how to appeal; sealed like everything about a claim."""

from __future__ import annotations

import io

import pypdf
import pytest
from django.urls import reverse

from mutual.documents.models import Document
from mutual.jobs import queue
from mutual.vault import vault
from pooling.claims import claims, papers
from tests.conftest import clara
from tests.pooling.claims.test_claims import ada, coop, filled
from tests.pooling.claims.test_schedule import approve, ruled, submit
from tests.pooling.test_dues import ON

__all__ = ["ada", "coop", "filled", "ruled"]
pytestmark = pytest.mark.django_db


def text(client, one, place):
    answer = client.post(reverse("claims:open_own", args=[one.number]), {"place": place})
    assert answer["Content-Type"] == "application/pdf"
    return " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages)


class TestLetter:
    def test_says_what_the_rules_say_and_how_to_appeal(self, ruled, ada, client):
        one = approve(submit(ruled, ada))
        queue.work_all()
        client.force_login(ada.user)
        said = " ".join(text(client, one, "letter/1").split())
        for words in ("is approved", "72.00", "Own risk is 7 days", "sick-pay", "version 1", "10 December 2026",
                      "Five members drawn by lot", ada.name):  # fmt: skip
            assert words in said, words
        assert not Document.objects.exists()

    def test_says_why_a_claim_is_refused(self, ruled, ada, client):
        one = submit(ruled, ada, last="2026-10-05", amount=claims.Money(10, "EUR"))
        one = claims.refuse(claim_id=one.pk, reason="OWN_RISK", by=clara().pk, on=ON)
        queue.work_all()
        client.force_login(ada.user)
        said = " ".join(text(client, one, "letter/1").split())
        for words in ("is refused", "It was over before anything could be paid", "The courts stay open to you"):
            assert words in said, words

    def test_is_printed_once_for_each_decision(self, ruled, ada):
        one = approve(submit(ruled, ada))
        for _ in range(2):
            papers.print_decision(claim_id=one.pk, number=1)
        papers.print_decision(claim_id=one.pk, number=2)
        assert [place for place in vault.places(one.vault) if place.startswith("letter")] == ["letter/1"]

    def test_is_gone_with_the_vault(self, ruled, ada):
        one = approve(submit(ruled, ada))
        vault.destroy(one.vault, on=ON)
        papers.print_decision(claim_id=one.pk, number=1)
        assert vault.places(one.vault) == []

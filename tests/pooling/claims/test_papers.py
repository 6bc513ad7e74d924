"""The decision letter: reasons, rules, how to appeal; sealed like everything about a claim."""

from __future__ import annotations

import io
import re

import pypdf
import pytest
from django.urls import reverse

from members.models import User
from mutual import rooms
from mutual.documents.models import Document
from mutual.jobs import queue
from mutual.mail.models import Letter
from mutual.periods import year
from mutual.vault import vault
from pooling import words
from pooling.claims import claims, papers
from pooling.models import Fund
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
        for said_words in ("is approved", "72.00", "Own risk is 7 days", "sick-pay", "version 1", "10 December 2026",
                      "Members drawn by lot", ada.name):  # fmt: skip
            assert said_words in said, said_words
        assert not Document.objects.exists()

    def test_says_why_a_claim_is_refused(self, ruled, ada, client):
        one = submit(ruled, ada, last="2026-10-05", amount=claims.Money(10, "EUR"))
        one = claims.refuse(claim_id=one.pk, reason="OWN_RISK", by=clara().pk, on=ON)
        queue.work_all()
        client.force_login(ada.user)
        said = " ".join(text(client, one, "letter/1").split())
        for said_words in ("is refused", "It was over before anything could be paid", "The courts stay open to you"):
            assert said_words in said, said_words

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


class TestWords:
    """F15: letters say no more than the fund's promise allows."""

    @pytest.mark.parametrize("promise", words.WORDS)
    def test_of_letters_about_a_claim_keep_to_the_promise(self, ruled, ada, client, promise, time_machine):
        time_machine.move_to("2026-11-10 12:00+00:00")
        Fund.objects.filter(pk=ruled.sick.pk).update(promise=promise)
        one = approve(submit(ruled, ada))
        other = submit(ruled, ada, last="2026-10-05", amount=claims.Money(10, "EUR"), key="z")
        claims.refuse(claim_id=other.pk, reason="OWN_RISK", by=User.objects.get(email="clara@example.org").pk, on=ON)
        queue.work_all()
        said = {letter.key: f"{letter.subject}\n{letter.text}" for letter in Letter.objects.all()}
        assert len(said) >= 4
        client.force_login(ada.user)
        for claim in (one, other):
            said[f"{claim} as PDF"] = " ".join(text(client, claim, "letter/1").split())
            page = client.get(reverse("claims:mine", args=[claim.number])).content.decode()
            said[f"{claim} as page"] = re.sub(r"<[^>]+>", " ", re.search(r"<main.*?</main>", page, re.DOTALL)[0])
        sections = rooms.statement_sections(member_id=ada.pk, period=year(ON), language="en")
        said["statement"] = " ".join(f"{part.title} {part.explanation}" for part in sections)
        for where, words_of_it in said.items():
            assert not words.said_too_much(promise, words_of_it), where
        approved = next(said[key] for key in said if "/approved/" in key)
        assert str(words.of(promise).approved) in approved
        assert str(words.of(promise).caveat) in approved
        assert str(words.of(promise).refused) in next(said[key] for key in said if "/refused/" in key)

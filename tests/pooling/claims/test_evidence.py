"""What supports a claim is sealed, opened with a reason, seen by nobody else (R-F7), and gone when its time is over
(R-I1)."""

from __future__ import annotations

import base64
import datetime as dt
import logging

import pytest
from allauth.mfa.models import Authenticator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from members.governance import figures
from mutual import uploads
from mutual.access import Role
from mutual.ledger import audit
from mutual.mail.models import Letter
from mutual.trail.models import Deed
from mutual.vault import vault
from mutual.vault.models import Content, Vault
from mutual.vault.tasks import destroy_due
from pooling.claims import claims, evidence, retention, tasks
from pooling.claims.evidence import Why
from pooling.claims.models import Claim, Evidence
from tests.conftest import cem, clara, make_member, make_officer
from tests.mutual.test_uploads import pdf, photo
from tests.pooling.claims.test_claims import ada, coop, filled, pay
from tests.pooling.test_dues import ON
from tests.pooling.test_treasury import theo_again
from tests.trust.test_routes import TABLE, person

__all__ = ["ada", "coop", "filled"]
pytestmark = pytest.mark.django_db
CANARY = "Zq9lumbago"
AT = dt.datetime(2026, 11, 10, 9, tzinfo=dt.UTC)


def marked(mark=CANARY):
    """A PDF that says the diagnosis in the clear, if its bytes were kept in the clear."""
    made = pdf(lambda writer: writer.add_metadata({"/Title": mark}))
    assert mark.encode() in made
    return made


def said(fund, **more):
    return {
        "fund": fund.pk, "occasion": "ILLNESS", "first_day": "2026-11-01", "last_day": "2026-11-09",
        "amount": "120.00", "form_key": "d" * 32, "words": f"I have {CANARY}.", "evidence_kind": "CERTIFICATE",
        "attached": [SimpleUploadedFile(f"{CANARY}.pdf", marked()), SimpleUploadedFile("x.jpg", photo())], **more,
    }  # fmt: skip


def sent(client, coop, member, **more):
    client.force_login(member.user)
    answer = client.post(reverse("claims:new"), said(coop.sick, **more))
    assert answer.status_code == 302, answer.content.decode()
    return Claim.objects.latest("pk")


def papers_hold(coop, megabytes):
    """Two officers decide how much the papers of a claim may hold."""
    made = figures.propose(
        name="claims.papers_megabytes", value=megabytes, valid_from=ON, text="x", by=coop.by, on=ON
    )  # fmt: skip
    figures.confirm(decision_id=made.pk, by=theo_again(), on=ON)


def of_size(count):
    return uploads.Accepted("image/jpeg", "jpg", b"x" * count, 1)


def submitted(coop, member, *, files, key="k"):
    return claims.submit(
        member_id=member.pk, fund_id=coop.sick.pk, occasion="ILLNESS", first_day=ON, last_day=ON,
        amount=claims.Money(10, "EUR"), form_key=key, by=member.user_id, on=ON, words="x", evidence_kind="OTHER",
        files=files,
    )  # fmt: skip


def officer(role=Role.CLAIMS_OFFICER, name="Clara"):
    user = make_officer(role, name)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return user


def dump():
    """Every row of every table, as text and as it would stand in a dump."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        text = ""
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            text += "\n".join(row for (row,) in cursor.fetchall())
    return text


def shapes(word):
    raw = word.encode()
    return [word, raw.hex(), base64.b64encode(raw).decode()[:-4], "".join(f"\\{byte:03o}" for byte in raw)]


class TestForm:
    def test_takes_words_and_files_once(self, filled, ada, client):
        one = sent(client, filled, ada)
        client.post(reverse("claims:new"), said(filled.sick))
        assert Claim.objects.count() == 1
        assert [(row.kind, row.suffix, row.place) for row in one.evidence.all()] == [
            ("CERTIFICATE", "pdf", "evidence/1"), ("CERTIFICATE", "jpg", "evidence/2"),
        ]  # fmt: skip
        assert vault.places(one.vault) == ["body", "evidence/1", "evidence/2"]

    @pytest.mark.parametrize(
        ("more", "words"),
        [
            ({"evidence_kind": ""}, "Say what the files are."),
            ({"attached": [SimpleUploadedFile("x.pdf", b"<html>")]}, "Send a photo"),
        ],
    )
    def test_says_what_is_wrong_and_keeps_nothing(self, filled, ada, client, more, words):
        client.force_login(ada.user)
        answer = client.post(reverse("claims:new"), said(filled.sick, **more))
        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert not Claim.objects.exists()

    def test_works_on_a_telephone_without_javascript(self, filled, ada, client):
        client.force_login(ada.user)
        page = client.get(reverse("claims:new")).content.decode()
        assert 'enctype="multipart/form-data"' in page
        assert f'accept="{uploads.ACCEPT}"' in page
        assert " multiple" in page

    def test_takes_more_files_later_until_there_are_enough(self, filled, ada, client, monkeypatch):
        one = sent(client, filled, ada, attached=[], evidence_kind="")
        assert "Still asked for" in client.get(reverse("claims:mine", args=[one.number])).content.decode()
        form = {"kind": "CERTIFICATE", "form_key": "e" * 32}
        for _ in range(2):
            client.post(
                reverse("claims:add_files", args=[one.number]),
                {**form, "attached": SimpleUploadedFile("x.jpg", photo())},
            )
        assert one.evidence.count() == 1
        assert "Still asked for" not in client.get(reverse("claims:mine", args=[one.number])).content.decode()
        monkeypatch.setattr(figures, "value", lambda name, on: 0)
        answer = client.post(
            reverse("claims:add_files", args=[one.number]),
            {"kind": "OTHER", "form_key": "f" * 32, "attached": SimpleUploadedFile("x.jpg", photo())},
        )
        assert answer.status_code == 422
        assert one.evidence.count() == 1

    def test_takes_as_much_as_a_claim_may_hold_and_not_a_byte_more(self, filled, ada):
        """Five megabytes, as officers decided: what came with the claim and what came later, together."""
        papers_hold(filled, 5)
        one = submitted(filled, ada, files=[of_size(2 << 20), of_size(1 << 20)])
        assert len(evidence.add(claim_id=one.pk, kind="OTHER", files=[of_size(2 << 20)], form_key="x", on=ON)) == 1
        with pytest.raises(evidence.TooMuch, match="holds 5 MB of files at most"):
            evidence.add(claim_id=one.pk, kind="OTHER", files=[of_size(1)], form_key="y", on=ON)
        assert vault.places(one.vault) == ["body", "evidence/1", "evidence/2", "evidence/3"]
        other = submitted(filled, ada, key="other", files=[of_size(5 << 20)])  # another claim holds its own
        assert other.evidence.count() == 1

    def test_is_refused_whole_with_more_than_a_claim_may_hold(self, filled, ada):
        papers_hold(filled, 5)
        with pytest.raises(claims.TooManyFiles, match="holds 5 MB of files at most"):
            submitted(filled, ada, files=[of_size(5 << 20), of_size(1)])
        assert not Claim.objects.exists()
        assert not Vault.objects.exists()
        assert not list(audit.findings())

    def test_takes_nothing_for_a_claim_that_is_over(self, filled, ada, client):
        one = sent(client, filled, ada)
        claims.withdraw(claim_id=one.pk, by=ada.user_id, on=ON)
        with pytest.raises(evidence.NotOpen):
            evidence.add(claim_id=one.pk, kind="OTHER", files=[uploads.accept(photo())], form_key="x", on=ON)


class TestOpen:
    def test_is_written_down_and_shown_to_the_member(self, filled, ada, client):
        one = sent(client, filled, ada)
        client.force_login(officer())
        page = client.post(reverse("claims:open", args=[one.number]), {"place": "body", "why": "DECIDE"})
        assert CANARY in page.content.decode()
        assert page["Cache-Control"] == "no-store, private"
        file = client.post(reverse("claims:open", args=[one.number]), {"place": "evidence/1", "why": "DECIDE"})
        assert file.content == marked()
        assert file["Content-Disposition"] == f'attachment; filename="{one.number}-1.pdf"'
        assert "sandbox" in file["Content-Security-Policy"]
        client.force_login(ada.user)
        shown = client.get(reverse("claims:mine", args=[one.number])).content.decode()
        assert "Clara" in shown
        assert shown.count("To decide") == 2

    def test_needs_a_reason_from_the_list(self, filled, ada, client):
        one = sent(client, filled, ada)
        client.force_login(officer())
        for why in ("", "curious", "OWN"):
            client.post(reverse("claims:open", args=[one.number]), {"place": "body", "why": why})
        assert not vault.openings(one.vault)

    def test_is_for_the_claimant_too(self, filled, ada, client):
        one = sent(client, filled, ada)
        page = client.post(reverse("claims:open_own", args=[one.number]), {"place": "body"})
        assert CANARY in page.content.decode()
        assert vault.openings(one.vault)[0].reason == Why.OWN
        assert client.post(reverse("claims:open_own", args=[one.number]), {"place": "nothing/1"}).status_code == 404

    def test_is_for_nobody_else(self, filled, ada, client):
        one = sent(client, filled, ada)
        url = reverse("claims:open", args=[one.number])
        for role in (Role.TREASURER, Role.AUDITOR, Role.ADMINISTRATOR):
            client.force_login(person(role))
            assert client.post(url, {"place": "body", "why": "DECIDE"}).status_code == 404
        client.force_login(make_member("Bo Ek").user)
        assert client.post(url, {"place": "body", "why": "DECIDE"}).status_code == 404
        own = reverse("claims:open_own", args=[one.number])
        assert client.post(own, {"place": "body"}).status_code == 404
        assert not vault.openings(one.vault)


class TestCanary:
    """R-F7: the diagnosis is in no page, log, mail, export, table in clear, job or trail."""

    @pytest.fixture
    def lived(self, filled, ada, client, caplog):
        caplog.set_level(logging.DEBUG)
        one = sent(client, filled, ada)
        first, second = clara().pk, cem().pk
        claims.propose(claim_id=one.pk, amount=one.amount_claimed, by=first, on=ON)
        claims.approve(claim_id=one.pk, by=second, on=ON)
        evidence.open_place(claim=one, place="body", why=Why.DECIDE, by=first, at=AT)
        pay(filled)
        return one

    def test_is_nowhere_in_the_database(self, lived):
        text = dump()
        assert lived.number in text
        for shape in shapes(CANARY):
            assert shape not in text

    def test_would_be_found_there(self, lived):
        """The control: the search finds it in each shape that a column could hold it in."""
        Letter.objects.create(key="x", to="a@example.org", subject=CANARY, text="")
        assert CANARY in dump()
        Letter.objects.update(subject="")
        vault.open_vault("control", on=ON)
        Content.objects.create(vault=Vault.objects.get(subject="control"), place="x", sealed=marked())
        assert CANARY.encode().hex() in dump()

    def test_is_in_no_log_mail_or_trail(self, lived, caplog):
        assert CANARY not in caplog.text
        assert CANARY not in "".join(f"{row.subject}{row.text}" for row in Letter.objects.all())
        assert CANARY not in str(list(Deed.objects.values_list("detail", flat=True)))

    def test_is_on_no_page_of_anybody(self, lived, client):
        people = [person(role) for role in (Role.TREASURER, Role.AUDITOR, Role.ADMINISTRATOR)]
        people += [officer(name="Carlo"), make_member("Bo Ek").user, lived.member.user]
        urls = ["/" + route for route in TABLE if "<" not in route]
        urls += [f"/log/?subject={lived.number}", f"/claims/{lived.number}/", f"/claims/mine/{lived.number}/"]
        urls += [f"/members/{lived.member.number}/", "/me/data/"]
        seen = 0
        for user in people:
            client.force_login(user)
            for url in urls:
                answer = client.get(url)
                content = b"".join(answer) if answer.streaming else answer.content
                assert CANARY.encode() not in content, url
                seen += answer.status_code == 200
        assert seen > 60


class TestRetention:
    def test_leaves_the_accounts_and_nothing_to_read(self, filled, ada, client, time_machine):
        """R-I1: after the keys are destroyed no canary is anywhere, and the ledger is what it was."""
        time_machine.move_to("2026-11-10 12:00+00:00")
        one = sent(client, filled, ada)
        other = sent(client, filled, make_member("Bo Ek"), form_key="b" * 32)
        first, second = clara().pk, cem().pk
        claims.propose(claim_id=one.pk, amount=one.amount_claimed, by=first, on=ON)
        claims.approve(claim_id=one.pk, by=second, on=ON)
        pay(filled)
        claims.propose(claim_id=other.pk, amount=other.amount_claimed, by=first, on=ON)
        claims.approve(claim_id=other.pk, by=second, on=ON)
        tasks.every_day()
        before = _ledger()
        time_machine.move_to("2027-11-09 12:00+00:00")
        assert destroy_due() == 0
        time_machine.move_to("2027-11-10 12:00+00:00")
        assert destroy_due() == 1
        with pytest.raises(evidence.Gone):
            evidence.open_place(claim=one, place="body", why=Why.DECIDE, by=first, at=AT)
        assert evidence.open_place(claim=other, place="body", why=Why.DECIDE, by=first, at=AT)
        assert _ledger() == before
        text = dump()
        for shape in shapes(CANARY):
            assert shape not in text
        assert Claim.objects.get(pk=one.pk).amount_approved == one.amount_claimed
        assert not list(audit.findings())

    def test_begins_when_a_claim_is_over_and_stops_when_it_is_taken_up_again(self, filled, ada, client, time_machine):
        time_machine.move_to("2026-11-10 12:00+00:00")
        one = sent(client, filled, ada)
        assert retention.settle(on=ON) == 0
        claims.refuse(claim_id=one.pk, reason="CEILING", by=clara().pk, on=ON)
        assert retention.settle(on=ON) == 1
        assert retention.settle(on=ON) == 0
        assert vault.due(dt.date(2027, 11, 10)) == [one.vault]
        Claim.objects.filter(pk=one.pk).update(status="SUBMITTED", reason="", decided_by=None, decided_on=None)
        assert retention.settle(on=ON) == 1
        assert not vault.due(dt.date(2099, 1, 1))


def _ledger():
    """Everything the cooperative's book holds, row by row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT md5(string_agg(ledger_leaf(t)::text, '|' ORDER BY id)) FROM ledger_transfer t")
        return cursor.fetchone()[0]


def test_every_kind_of_evidence_is_asked_for_or_free():
    from pooling.claims.models import ASKED

    assert set(ASKED) == set(Claim.Occasion)
    asked = {kind for kinds in ASKED.values() for kind in kinds}
    assert set(Evidence.Kind) - asked == {Evidence.Kind.INCOME, Evidence.Kind.OTHER}

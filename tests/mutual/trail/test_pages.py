"""The log of who did what: read by few, changed by none."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from djmoney.money import Money

from mutual.access import Role
from mutual.trail import reports, trail
from tests.conftest import make_member, make_officer

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def auditor(client):
    user = make_officer(Role.AUDITOR, "Anders")
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(user)
    return client


class TestLog:
    def test_shows_who_did_what_to_what(self, auditor):
        ada = make_member("Ada Byron")
        trail.record(by=ada.user.pk, did="CLAIM_APPROVED", subject="C-000001", detail={"amount": "750.00"})
        trail.record(by=None, did="DUES_CHARGED", subject="2026-11")
        html = auditor.get("/log/").content.decode()
        for said in ("Ada Byron", "Claim approved", "C-000001", "750.00", "The clock"):
            assert said in html

    def test_calls_whom_it_is_about_by_name(self, auditor):
        theo = make_officer(Role.TREASURER, "Theo")
        trail.record(by=None, did="ROLE_GRANTED", subject=f"user-{theo.pk}", detail={"role": "TREASURER"})
        assert "Theo" in auditor.get("/log/").content.decode()

    def test_calls_the_claimant_so_and_not_the_clock(self):
        for did, detail in (
            ("CLAIM_SUBMITTED", {"by": "claimant"}), ("CLAIM_SUBMITTED", {"by": "jury", "appeal": "A-000001"}),
            ("APPEAL_FILED", {}), ("APPLIED", {}), ("DUES_CHARGED", {}),
        ):  # fmt: skip
            trail.record(by=None, did=did, subject="C-000001", detail=detail)
        deeds = reports.log().deeds[::-1]
        assert [deed.unnamed for deed in deeds] == ["The claimant", "The jury", "The claimant", "The applicant", ""]
        assert [deed.more for deed in deeds] == ["", "Appeal: A-000001", "", "", ""]

    def test_links_only_to_what_the_reader_may_open(self, auditor):
        for subject in ("P-000001", "C-000001", "T-000001"):
            trail.record(by=None, did="RECORDED", subject=subject)
        html = auditor.get("/log/").content.decode()
        assert 'href="/payments/P-000001/"' in html
        assert 'href="/claims/C-000001/"' not in html
        assert "T-000001" in html
        assert 'href="/barter/trades/T-000001/"' not in html

    def test_asks_by_subject_deed_and_period(self, auditor):
        trail.record(by=None, did="CLAIM_APPROVED", subject="C-000001")
        trail.record(by=None, did="CLAIM_PAID", subject="C-000002")
        assert [deed.subject for deed in reports.log(subject="C-000001").deeds] == ["C-000001"]
        assert [deed.subject for deed in reports.log(did="claim paid").deeds] == ["C-000002"]
        assert "C-000001" not in auditor.get("/log/", {"period": "1999"}).content.decode()

    def test_goes_through_all_deeds_once(self, monkeypatch):
        monkeypatch.setattr(reports, "PAGE", 2)
        for i in range(5):
            trail.record(by=None, did="DUES_CHARGED", subject=f"D-{i}")
        seen, before = [], None
        while True:
            page = reports.log(before=before)
            seen += [deed.subject for deed in page.deeds]
            before = page.older
            if not before:
                break
        assert seen == ["D-4", "D-3", "D-2", "D-1", "D-0"]

    @pytest.mark.parametrize("before", ["x", "-1", "9" * 19, "٣"])
    def test_does_not_know_a_place_nobody_gave(self, auditor, before):
        assert auditor.get("/log/", {"before": before}).status_code == 404

    def test_is_not_for_members(self, client):
        client.force_login(make_member().user)
        assert client.get("/log/").status_code == 404


class TestWords:
    def test_says_amounts_days_and_codes_in_plain_words(self):
        detail = {"minor": 4500, "currency": "CHF", "until": "2026-11-25", "alone": False, "role": "treasurer"}
        said = reports.words_of(detail.items())
        assert said == "Amount: CHF\N{NO-BREAK SPACE}45.00; Until: 25 Nov 2026; By one officer: no; Role: Treasurer"

    def test_counts_old_amounts_in_the_currency_of_the_cooperative(self):
        assert reports.words_of([("minor", 4500), ("parts", 4)]) == "Amount: €45.00; Parts: 4"

    def test_counts_limits_in_their_unit(self):
        said = reports.words_of([("unit", "CREDIT"), ("limit", 100000), ("maximum", 25000)])
        assert said == "May go below zero by: 1,000.00 credits; May hold at most: 250.00 credits"

    @pytest.mark.parametrize(
        ("subject", "words"),
        [
            ("C-000123", "C-000123"),
            ("bank-current-account", "Bank: Current account"),
            ("books-2026-09", "Books of 2026-09"),
            ("fund-parents", "Fund: Parents"),
        ],
    )
    def test_names_what_has_no_number(self, subject, words):
        assert reports.about(subject) == words

    def test_keeps_the_currency_of_an_amount(self):
        trail.record(by=None, did="PAID", subject="X-1", detail=trail.amount(Money("45", "CHF")))
        (line,) = reports.log(subject="X-1").deeds
        assert line.more == "Amount: CHF\N{NO-BREAK SPACE}45.00"

"""The bank file of a run (R-B8): made once, sealed, the same bytes ever after, equal to the books to the cent."""

from __future__ import annotations

import hashlib
import time

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.internal.flows import login
from allauth.mfa.models import Authenticator
from django.db import connection
from django.urls import reverse

from members import payout
from members.models import Member, PayoutAccount
from mutual import clock
from mutual.ledger import audit
from mutual.mail.models import Letter
from mutual.trail.models import Deed
from mutual.vault import vault
from mutual.vault.models import Content, Opening
from pooling.payouts import bank_files, pain
from pooling.payouts.models import BankFile, PayRun
from pooling.treasury.models import BankAccount
from tests.conftest import make_member
from tests.pooling.claims.test_claims import filled
from tests.pooling.payouts.test_paying import pay, short, start
from tests.pooling.test_dues import ON, coop
from tests.trust.test_routes import person

__all__ = ["coop", "filled", "short"]
pytestmark = pytest.mark.django_db
IBANS = ("DE89370400440532013000", "NL91ABNA0417164300", "BE68539007547034")
OURS = "DE02120300000000202051"


def name(member, iban, **more):
    return payout.name_account(**{
        "member_id": member.pk, "iban": iban, "holder": member.name, "second_factor": True, "by": member.user_id,
        "on": ON,
    } | more)  # fmt: skip


def claimants():
    return [Member.objects.get(name=f"{who} X") for who in ("Ada", "Bea", "Cleo")]


@pytest.fixture
def paid(short):
    """A run that paid 499.94 to three members, from a bank account with an IBAN."""
    BankAccount.objects.filter(pk=short.bank.pk).update(iban=OURS, bic="BYLADEM1001")
    run = start(short)
    pay(run)
    run.refresh_from_db()
    return run


@pytest.fixture
def named(paid):
    for member, iban in zip(claimants(), IBANS, strict=True):
        name(member, iban)
    return paid


def make(run, by):
    return bank_files.make(run_id=run.pk, by=by, at=clock.now())


class TestMake:
    def test_pays_what_the_books_paid_to_the_cent(self, named, short):
        file = make(named, short.by)
        found = bank_files.content(file, by=short.by, at=clock.now())
        payments = list(pain.payments(found))
        assert [iban for _name, iban, _amount in payments] == list(IBANS)
        assert sum(amount for _name, _iban, amount in payments) == named.paid == file.amount == 49_994
        assert payments[0][0] == f"{named.number}-C-000001-1"
        assert (file.number, file.count, file.digest) == ("SF-000001", 3, hashlib.sha256(found).hexdigest())
        assert not list(audit.findings())

    def test_is_made_once_and_is_the_same_ever_after(self, named, short):
        """R-B8: a member's other account, or another day, changes nothing any more."""
        first = make(named, short.by)
        before = bank_files.content(first, by=short.by, at=clock.now())
        name(claimants()[0], "FR1420041010050500013M02606")
        assert make(named, short.by) == first
        assert bank_files.content(first, by=short.by, at=clock.now()) == before
        assert BankFile.objects.count() == Deed.objects.filter(did="BANK_FILE_MADE").count() == 1

    def test_numbers_have_no_gaps(self, named, short, monkeypatch):
        """A file that is refused gives its number back."""
        with monkeypatch.context() as broken:
            broken.setattr(pain, "check", refuse)
            with pytest.raises(bank_files.BankFileRefused, match="no"):
                make(named, short.by)
        assert not BankFile.objects.exists()
        assert make(named, short.by).number == "SF-000001"

    def test_is_refused_with_a_list_of_who_named_no_account(self, paid, short):
        ada, bea, cleo = claimants()
        name(bea, IBANS[1])
        with pytest.raises(bank_files.NoAccount) as refused:
            make(paid, short.by)
        assert str(refused.value) == f"No account is named by: {ada.number} Ada X, {cleo.number} Cleo X."
        assert not BankFile.objects.exists()
        assert not Opening.objects.exists()

    def test_is_refused_before_the_run_is_finished_and_where_sepa_does_not_reach(self, short):
        run = start(short)
        with pytest.raises(bank_files.NotPaid, match="not finished"):
            make_all_named(run, short)
        pay(run)
        with pytest.raises(bank_files.NotPaid, match="has no IBAN"):
            make(run, short.by)
        assert not BankFile.objects.exists()

    def test_is_refused_where_the_books_say_another_sum(self, named, short):
        PayRun.objects.filter(pk=named.pk).update(paid=named.paid - 1)
        with pytest.raises(bank_files.NotPaid, match="not what the books say"):
            make(named, short.by)
        assert not BankFile.objects.exists()


def refuse(_content):
    raise pain.PainRefused("no")


def make_all_named(run, short):
    for member, iban in zip(claimants(), IBANS, strict=True):
        name(member, iban)
    return make(run, short.by)


class TestSecrets:
    def test_are_in_the_vault_and_nowhere_else(self, named, short, caplog):
        """The whole database as text holds no account of a member's, neither do letters nor logs."""
        make(named, short.by)
        with connection.cursor() as cursor:
            cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
            for (table,) in cursor.fetchall():
                cursor.execute(f'SELECT t::text FROM "{table}" t')
                for (row,) in cursor.fetchall():
                    for iban in IBANS:
                        assert iban not in row, table
                        assert iban[4:] not in row, table
                        assert iban.encode().hex() not in row, table
        assert not any(iban in caplog.text for iban in IBANS)
        assert Content.objects.filter(vault__subject__startswith="payout/").count() == 3

    def test_openings_are_written_down(self, named, short):
        file = make(named, short.by)
        bank_files.content(file, by=short.by, at=clock.now())
        account = PayoutAccount.objects.select_related("member").get(member=claimants()[0])
        assert [(look.by, look.reason) for look in vault.openings(account.vault)] == [(short.by, "BANK_FILE")]
        assert len(vault.openings(file.vault)) == 1


class TestNameAccount:
    def test_seals_it_and_writes_to_her(self, coop):
        ada = make_member("Ada X")
        one = name(ada, "de89 3704 0044 0532 0130 00")
        assert (one.masked, one.version) == ("DE… 3000", 1)
        letter = Letter.objects.get(key__endswith="/named")
        assert "DE… 3000" in letter.text
        assert IBANS[0] not in letter.text

    def test_destroys_the_one_before_and_is_harmless_again(self, coop):
        ada = make_member("Ada X")
        first = name(ada, IBANS[0])
        assert name(ada, IBANS[0]).version == 1
        second = name(ada, IBANS[1])
        assert second.version == 2
        assert vault.is_destroyed(first.vault)
        assert Letter.objects.filter(key__endswith="/named").count() == 2

    def test_needs_a_second_factor_and_a_number_that_checks(self, coop):
        ada = make_member("Ada X")
        with pytest.raises(payout.NoSecondFactor):
            name(ada, IBANS[0], second_factor=False)
        with pytest.raises(payout.NotValid):
            name(ada, IBANS[0][:-1] + "1")
        assert not PayoutAccount.objects.exists()
        assert not Letter.objects.exists()


class TestPages:
    def shown(self, client, user, at):
        """A passkey shown by somebody at a moment."""
        session = client.session
        session[login._AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(user.pk)
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "type": "webauthn", "at": at}]
        session.save()

    def test_a_member_names_it_with_a_second_factor_shown_just_now(self, coop, client):
        ada = make_member("Ada X")
        page = reverse("members:payout_account")
        client.force_login(ada.user)
        assert client.get(page)["Location"] == reverse("mfa_index")
        Authenticator.objects.create(user=ada.user, type=Authenticator.Type.TOTP, data={"secret": "x"})
        said = {"iban": IBANS[0], "holder": "Ada X"}
        assert client.post(page, said)["Location"].startswith(reverse("mfa_reauthenticate"))
        assert IBANS[0] not in str(dict(client.session))
        self.shown(client, ada.user, time.time() - 301)
        assert client.post(page, said)["Location"].startswith(reverse("mfa_reauthenticate"))
        assert not PayoutAccount.objects.exists()
        self.shown(client, make_member("Bea X").user, time.time())
        assert client.post(page, said)["Location"].startswith(reverse("mfa_reauthenticate"))
        self.shown(client, ada.user, time.time())
        assert client.post(page, said | {"iban": "DE00"}).status_code == 422
        assert client.post(page, said)["Location"] == reverse("members:profile")
        assert "DE… 3000" in client.get(reverse("members:profile")).content.decode()

    def test_a_treasurer_makes_and_fetches_it(self, paid, client):
        page = reverse("payouts:bank_file", args=[paid.number])
        client.force_login(person("treasurer"))
        said = client.get(page).content.decode()
        assert "Ada X" in said
        assert "Make the file" not in said
        assert "No account is named" in client.post(page, follow=True).content.decode()
        for member, iban in zip(claimants(), IBANS, strict=True):
            name(member, iban)
        assert "Make the file" in client.get(page).content.decode()
        client.post(page)
        files = [client.post(reverse("payouts:bank_file_bytes", args=[paid.number])) for _again in range(2)]
        assert files[0].content == files[1].content
        assert files[0]["Content-Disposition"] == 'attachment; filename="SF-000001.xml"'
        assert "Who fetched it" in client.get(page).content.decode()
        client.force_login(person("administrator"))
        assert client.get(page).status_code == 404

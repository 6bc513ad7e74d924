"""The bank file of a run (R-B8): made once, sealed, the same bytes ever after, equal to the books to the cent."""

from __future__ import annotations

import datetime as dt
import hashlib
import time

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.internal.flows import login
from allauth.mfa.models import Authenticator
from django.db import connection
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from members import payout
from members.models import Member, PayoutAccount
from mutual import clock
from mutual.jobs import queue
from mutual.ledger import audit
from mutual.mail import events
from mutual.mail.models import Letter
from mutual.money import Money
from mutual.periods import add_months
from mutual.trail.models import Deed
from mutual.vault import vault
from mutual.vault.models import Content, Opening
from pooling.claims.models import Claim
from pooling.payouts import bank_files, letters, pain, proposals
from pooling.payouts.models import BankFile, MadeUp, Payout, PayRun
from pooling.treasury import corrections
from pooling.treasury.models import BankAccount
from tests.conftest import make_member
from tests.pooling.claims.test_claims import filled
from tests.pooling.payouts.test_paying import pay, short, start
from tests.pooling.test_dues import ON, coop
from tests.pooling.test_treasury import theo_again
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

    def test_can_be_opened_for_two_years(self, named, short):
        file = make(named, short.by)
        last = add_months(file.made_on, 24)
        assert file.vault not in vault.due(last - dt.timedelta(days=1))
        assert vault.due(last) == [file.vault]
        vault.destroy_in_time(file.vault, on=last)
        with pytest.raises(vault.Destroyed):
            bank_files.content(file, by=short.by, at=clock.now())

    def test_is_of_the_day_where_the_cooperative_lives(self, named, short):
        """R-A13: half an hour into the eleventh; in UTC it is still the tenth, on which no bank would pay any more."""
        at = dt.datetime(2026, 11, 10, 23, 30, tzinfo=dt.UTC)
        with timezone.override("Europe/Berlin"):
            file = bank_files.make(run_id=named.pk, by=short.by, at=at)
        assert file.made_on == dt.date(2026, 11, 11)
        assert b"2026-11-11" in bank_files.content(file, by=short.by, at=at).partition(b"ReqdExctnDt")[2][:40]

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

    @pytest.mark.parametrize("moved", ["amounts", "claims"])
    def test_is_refused_where_the_sum_is_right_and_a_payment_is_not(self, named, short, moved):
        """What the run's tables say can be changed by whoever reaches the database; what the journal says cannot."""
        ada, bea, cleo = claimants()
        if moved == "amounts":
            Payout.objects.filter(instalment__claim__member=ada).update(share=F("share") - 100)
            Payout.objects.filter(instalment__claim__member=bea).update(share=F("share") + 100)
        else:
            Claim.objects.filter(member=ada).update(member=cleo)
        with pytest.raises(bank_files.NotPaid, match="not what the books say"):
            make(named, short.by)
        assert not BankFile.objects.exists()
        assert not Opening.objects.exists()

    def test_tells_who_named_an_account_since_the_run(self, named, short, client):
        """She may; whoever looks at the file is told, by number and name, and never the account."""
        PayoutAccount.objects.update(changed_on=ON - dt.timedelta(1))
        assert bank_files.check(named).fresh == ()
        bea = claimants()[1]
        name(bea, "FR1420041010050500013M02606", holder="Bea Neu")
        assert [one.number for one in bank_files.check(named).fresh] == [bea.number]
        page = reverse("payouts:bank_files", args=[named.number])
        client.force_login(person("treasurer"))
        assert "Account named since" in (shown := client.get(page).content.decode())
        assert bea.number in shown
        assert "FR14" not in shown
        client.force_login(person("auditor"))  # who was paid is not for her
        assert bea.number not in client.get(page).content.decode()


class TestTopUp:
    def test_has_a_file_of_its_own_and_a_letter_for_each_part(self, named, short, client):
        fill(short, 100)
        made = make_up(named, short, "100.00")
        first = make(named, short.by)
        (top_up,) = named.top_ups.all()
        file = bank_files.make(run_id=named.pk, top_up_id=top_up.pk, by=short.by, at=clock.now())
        assert bank_files.make(run_id=named.pk, top_up_id=top_up.pk, by=short.by, at=clock.now()) == file != first
        payments = list(pain.payments(bank_files.content(file, by=short.by, at=clock.now())))
        parts = list(MadeUp.objects.order_by("pk").values_list("amount", flat=True))
        assert [(iban, amount) for _name, iban, amount in payments] == list(zip(IBANS, parts, strict=True))
        assert payments[0][0] == f"{made.number}-C-000001-1"
        assert (sum(parts), file.amount, file.number) == (10_000, 10_000, "SF-000002")
        assert first.amount == named.paid == 49_994
        assert not list(audit.findings())
        queue.work_all()
        ada = claimants()[0]
        letter = Letter.objects.get(to=ada.email, subject__startswith="More is paid")
        assert f"€{parts[0] / 100:.2f} more for your claim C-000001" in letter.text
        assert made.number in letter.text
        assert "still stay unpaid" in letter.text
        assert letters.tell_made_up(decision=made.number) == 3
        assert Letter.objects.filter(subject__startswith="More is paid").count() == 3
        client.force_login(person("treasurer"))
        page = client.get(reverse("payouts:bank_files", args=[named.number])).content.decode()
        assert file.digest in page
        assert first.digest in page

    def test_is_made_from_the_page_and_not_told_to_whoever_does_without(self, named, short, client):
        fill(short, 500)
        events.mute(reader=claimants()[0].user_id, events=["shortfall_made_up"])
        made = make_up(named, short, "200.06")
        queue.work_all()
        told = Letter.objects.filter(subject__startswith="More is paid")
        assert {letter.to for letter in told} == {one.email for one in claimants()[1:]}
        assert "everything that was approved is paid" in told[0].text
        client.force_login(person("treasurer"))
        page = reverse("payouts:bank_files", args=[named.number])
        client.post(page, {"decision": made.number})
        assert BankFile.objects.get().top_up.decision == made
        for nothing in ("D-9999", "\x00"):
            assert client.post(page, {"decision": nothing}).status_code == 404

    def test_is_refused_where_the_journal_says_something_else(self, named, short):
        fill(short, 100)
        make_up(named, short, "100.00")
        (top_up,) = named.top_ups.all()
        MadeUp.objects.filter(payout__instalment__claim__member=claimants()[0]).update(amount=F("amount") + 1)
        MadeUp.objects.filter(payout__instalment__claim__member=claimants()[1]).update(amount=F("amount") - 1)
        with pytest.raises(bank_files.NotPaid, match="not what the books say"):
            bank_files.make(run_id=named.pk, top_up_id=top_up.pk, by=short.by, at=clock.now())
        assert {finding.rule for finding in audit.findings()} == {"what decisions made up later is listed"}


def fill(short, amount):
    corrections.confirm(
        decision_id=corrections.propose_opening(
            bank_id=None, fund_id=short.sick.pk, amount=Money(amount, "EUR"), day=ON, text="More", by=short.by, on=ON
        ).pk,
        kind=corrections.OPENING, by=theo_again(), on=ON,
    )  # fmt: skip


def make_up(run, short, amount):
    one = proposals.propose_top_up(run_id=run.pk, amount=Money(amount, "EUR"), text="Voted", by=short.by, on=ON)
    return proposals.confirm(decision_id=one.pk, kind=one.kind, by=theo_again(), on=ON)


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

    def test_is_done_by_nobody_but_herself(self, coop):
        """Whoever makes a bank file decides about no account in it."""
        ada = make_member("Ada X")
        name(ada, IBANS[0])
        with pytest.raises(AssertionError, match="Only she herself"):
            name(ada, IBANS[1], by=person("administrator").pk)
        assert PayoutAccount.objects.get().tail == "3000"

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
        page = reverse("payouts:bank_files", args=[paid.number])
        client.force_login(person("treasurer"))
        said = client.get(page).content.decode()
        assert "Ada X" in said
        assert "Make the file" not in said
        assert "No account is named" in client.post(page, follow=True).content.decode()
        for member, iban in zip(claimants(), IBANS, strict=True):
            name(member, iban)
        assert "Make the file" in client.get(page).content.decode()
        client.post(page)
        files = [client.post(reverse("payouts:bank_file_bytes", args=["SF-000001"])) for _again in range(2)]
        assert files[0].content == files[1].content
        assert files[0]["Content-Disposition"] == 'attachment; filename="SF-000001.xml"'
        assert "Who fetched it" in client.get(page).content.decode()
        client.force_login(person("auditor"))
        seen = client.get(page).content.decode()
        assert BankFile.objects.get().digest in seen
        assert "Fetch the file" not in seen
        assert client.post(page).status_code == 404
        assert client.post(reverse("payouts:bank_file_bytes", args=["SF-000001"])).status_code == 404
        client.force_login(person("claims_officer"))
        assert client.get(page).status_code == 404

"""R-I3: everything the tables hold about a person is in the download of all her data.

A mark is written into every column of words that a person's rows have; all of them must come out again. A new column or
a new table about a person fails here until the export has it or it is named below with the reason.
"""

from __future__ import annotations

import datetime as dt
import json

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction

from invoicing.barter import listings
from invoicing.barter.models import LimitChange, Trade
from invoicing.models import Issuer, Receipt
from members import membership, payout
from members.models import Member, PastMembership, RoleGrant, User
from mutual import personal, rooms
from mutual.mail import letters
from mutual.mail.models import Letter, Muted
from mutual.money import Money
from pooling.claims import claims
from tests.conftest import make_member
from tests.invoicing.barter.test_trades import agreed, settle
from tests.invoicing.test_invoices import client_of, draft, issue, line
from tests.pooling.test_dues import charge, coop, on_plan, pay

__all__ = ["coop"]
pytestmark = pytest.mark.django_db
ON = dt.date(2026, 11, 10)
OURS = ("mutual", "members", "pooling", "invoicing", "allauth")

ACTORS = {
    "proposed_by", "granted_by", "admitted_by", "decided_by", "asked_by", "undo_asked_by", "claimant",
}  # fmt: skip
"""Links to who did something; the row is about somebody else, or about her by another link."""

ALSO_ABOUT_A_PERSON = {"mail.Letter", "mail.Muted", "trail.Deed", "documents.Document", "governance.Decision"}
"""Tables that know a person by a number or an address only."""

LEFT_OUT = {
    "account.EmailConfirmation": "keys of letters",
    "account.EmailAddress.email": "must stay an address; the member's own is marked",
    "benefits.Cover": "made by a decision; its room has its own test",
    "buffers.Returned": "made by a rule; its room has its own test",
    "appeals.Appeal": "its room has its own test",
    "appeals.Juror": "its room has its own test",
    "claims.Certificate": "its room has its own test",
    "claims.Claim.decided_before": "ids of officers",
    "claims.Claim.form_key": "the key of a form",
    "claims.Evidence": "its room has its own test",
    "claims.Sample": "about the officers' work",
    "claims.Instalment": "figures and states only",
    "dunning.Agreement": "made with the office; its room has its own test",
    "dunning.Reminder": "made by a run; its room has its own test",
    "easing.Check": "made by a draw; its room has its own test",
    "easing.Waiver": "made by a decision; its room has its own test",
    "easing.WorkCredit": "made by a decision; its room has its own test",
    "documents.Document": "never changed (a trigger refuses); its number is looked for below",
    "documents.Document.content": "the file itself is downloaded by its number",
    "governance.Decision": "looked for below by its number",
    "invoicing.Invoice.digest": "a checksum",
    "invoicing.Invoice.form_key": "the key of a form",
    "invoicing.Receipt.form_key": "the key of a form",
    "invoicing.Series": "how many numbers were given",
    "mail.Letter.to": "the address it is found by",
    "mail.Attachment": "the file's name is looked for below",
    "mail.Muted": "looked for below",
    "members.Member.number": "what everything is found by; looked for below",
    "members.PayoutAccount.digest": "a checksum",
    "members.User.password": "a secret",
    "members.User.party": "looked for below",
    "mfa.Authenticator.data": "a secret",
    "pooling.Credit": "made by a change of what is owed; its room has its own test",
    "pooling.DuesAccounts": "links only",
    "pooling.Placement": "how a payment was spread over charges: on the statement",
    "pooling.Payment.form_key": "the key of a form",
    "barter.Trade.form_key": "the key of a form",
    "trail.Deed": "never changed (a trigger refuses); looked for below",
    "usersessions.UserSession.session_key": "a secret",
    "usersessions.UserSession.data": "the library's own",
}


def about_a_person():
    """Every model with a way to a person, in any number of steps, and the way to the member."""
    ours = [model for model in apps.get_models() if model.__module__.startswith(OURS)]
    ways = {Member: "pk", User: "member"}
    while True:
        more = {
            model: field.name if field.related_model is Member else f"{field.name}__{ways[field.related_model]}"
            for model in ours
            for field in model._meta.concrete_fields
            if model not in ways and field.is_relation and field.name not in ACTORS and field.related_model in ways
        }
        if not more:
            return ways | {model: "" for model in ours if model._meta.label in ALSO_ABOUT_A_PERSON}
        ways |= more


WAYS = about_a_person()


def words(model):
    """The columns that may hold words of or about a person."""
    for field in model._meta.concrete_fields:
        is_text = isinstance(field, models.CharField | models.TextField | models.JSONField | models.BinaryField)
        is_free = not field.is_relation and not field.choices and (field.max_length or 99) > 10
        named = f"{model._meta.label}.{field.name}" in LEFT_OUT or field.name.endswith("_currency")
        if is_text and is_free and not named:
            yield field


MARKED = {
    f"{model._meta.label}.{field.name}": (model, field)
    for model in WAYS if model._meta.label not in LEFT_OUT for field in words(model)
}  # fmt: skip


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
    Issuer.objects.filter(member=member).update(tax_number="1", city="X")
    issue(issue_me)
    pay(coop, member, 45, key=f"pay-{member.pk}")
    claims.submit(
        member_id=member.pk, fund_id=coop.sick.pk, occasion="ILLNESS", first_day=ON, last_day=ON,
        amount=Money(77, "EUR"), form_key=f"claim-{member.pk}", by=member.user_id, on=ON,
    )  # fmt: skip
    return member


@pytest.fixture
def ada(coop):
    """A member with a row in every table about a person."""
    ada, bo = world(coop, "Ada Byron", "fine words"), make_member("Bo Ek")
    charge()
    listings.publish(
        member_id=ada.pk, kind="OFFER", category="OTHER", title="Proofs", text="Read twice", price_credit=None,
        price_minutes=None, by=ada.user_id, on=ON,
    )  # fmt: skip
    settle(agreed(ada, bo))
    LimitChange.objects.create(
        member=ada, unit="CREDIT", credit_limit=1, maximum=2, reason="Trusted", set_by=coop.by, set_on=ON
    )
    payout.name_account(
        member_id=ada.pk, iban="DE89370400440532013000", holder="Ada", second_factor=True, by=ada.user_id, on=ON
    )  # fmt: skip
    letters.write(key="one", to=ada.email, subject="s", text="t", attachments=[("file.pdf", "application/pdf", b"x")])
    PastMembership.objects.create(member=ada, joined_on=dt.date(2024, 1, 1), left_on=dt.date(2024, 6, 30))
    RoleGrant.objects.create(user=ada.user, role="auditor", granted_on=ON)
    Authenticator.objects.create(user=ada.user, type="totp", data={"secret": "hidden-secret"})
    UserSession.objects.create(user=ada.user, ip="192.0.2.9", session_key="hidden-session", user_agent="Browser")
    Muted.objects.create(reader=ada.user_id, event="receipts")
    return ada


def export(member):
    return json.dumps(rooms.personal_data(member_id=member.pk), cls=DjangoJSONEncoder, ensure_ascii=False)


def hers(model, member):
    """A row of hers."""
    if model is Letter:
        return Letter.objects.filter(to=member.email).latest("pk")
    if model is Trade:
        return Trade.objects.get(provider=member)
    if model is Receipt:
        return Receipt.objects.create(invoice=member.invoices.get(), amount=1, paid_on=ON, form_key="f" * 32)
    return model.objects.filter(**{WAYS[model]: member.pk}).order_by("pk").first()


def overwrite(field, row, value):
    """Write into a column of a row, behind every guard."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            f'UPDATE "{row._meta.db_table}" SET "{field.column}" = %s WHERE "{row._meta.pk.column}" = %s',
            [value, row.pk],
        )
        cursor.execute("SET LOCAL session_replication_role = origin")


def mark(field, row):
    """Write the mark into a column, behind every guard."""
    said = "zq9mark@example.org" if isinstance(field, models.EmailField) else "Zq9mark"
    overwrite(field, row, json.dumps({"text": said}) if isinstance(field, models.JSONField) else said)
    return said


class TestExport:
    def test_has_every_word_of_every_table_about_a_person(self, ada):
        missing, no_row = [], []
        for label, (model, field) in MARKED.items():
            point = transaction.savepoint()
            row = hers(model, ada)
            if row is None:
                no_row.append(label)
            elif mark(field, row) not in export(ada):
                missing.append(label)
            transaction.savepoint_rollback(point)
        assert missing == []
        assert no_row == []
        assert len(MARKED) > 40

    def test_finds_what_is_forgotten(self, ada, monkeypatch):
        """Its own negative control: an export that leaves one column out is noticed."""
        row = personal.row
        monkeypatch.setattr(personal, "row", lambda one, *, but=(): row(one, but=(*but, "street")))
        assert mark(Member._meta.get_field("street"), ada) not in export(ada)

    def test_has_her_letters_sign_in_and_what_was_done(self, ada):
        said = rooms.personal_data(member_id=ada.pk)["members"]
        assert said["number"] == ada.number
        assert said["letters"][-1]["attachments"] == [{"name": "file.pdf", "mime": "application/pdf"}]
        assert [factor["type"] for factor in said["sign_in"]["factors"]] == ["totp"]
        assert said["sign_in"]["sessions"][0]["ip"] == "192.0.2.9"
        assert said["sign_in"]["letters_not_wanted"] == [{"event": "receipts"}]
        assert said["past"] == [{"joined_on": dt.date(2024, 1, 1), "left_on": dt.date(2024, 6, 30)}]
        assert "PROFILE_CHANGED" in {deed["did"] for deed in said["what_was_done_about_you"]}
        assert "TRADE_ACCEPTED" in {deed["did"] for deed in said["what_you_did"]}

    def test_has_no_secret_and_nothing_of_another_member(self, ada, client):
        client.force_login(ada.user)
        said = client.get("/me/data/").content.decode()
        for secret in ("hidden-secret", "hidden-session", ada.user.password, "bo@example.org"):
            assert secret not in said
        assert json.loads(said)["about"]["members"]["name"] == "Ada Byron"

"""A small cooperative with something on every page, made in an arena by the use cases themselves.

Run as a program it makes the world, signs everybody in and prints, as JSON, what the browser needs to know.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import time

import django

django.setup()

from allauth.account.models import EmailAddress  # noqa: E402
from allauth.mfa.models import Authenticator  # noqa: E402
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes  # noqa: E402
from allauth.mfa.totp.internal.auth import TOTP  # noqa: E402
from django.conf import settings  # noqa: E402
from django.test import Client as Browser  # noqa: E402

from invoicing import invoices  # noqa: E402
from invoicing.barter import limits, listings, trades  # noqa: E402
from invoicing.barter.models import Listing, Trade  # noqa: E402
from invoicing.models import Client, Invoice, Receipt  # noqa: E402
from members import importing, membership, roles  # noqa: E402
from members.governance.models import Decision  # noqa: E402
from members.models import ImportDraft, Member, RoleGrant, User  # noqa: E402
from members.statements import batch  # noqa: E402
from mutual import clock  # noqa: E402
from mutual.access import Role  # noqa: E402
from mutual.jobs.models import Job, Run  # noqa: E402
from mutual.ledger import audit, journal  # noqa: E402
from mutual.mail.models import Attachment, Letter  # noqa: E402
from mutual.money import Money  # noqa: E402
from mutual.periods import parse  # noqa: E402
from pooling import dues  # noqa: E402
from pooling.benefits import rules as benefit_rules  # noqa: E402
from pooling.circles import circles  # noqa: E402
from pooling.circles import terms as circle_terms  # noqa: E402
from pooling.claims import claims, desk_rules  # noqa: E402
from pooling.claims.appeals import appeals  # noqa: E402
from pooling.claims.appeals.models import Appeal, Juror  # noqa: E402
from pooling.claims.models import Certificate, Claim, Sample  # noqa: E402
from pooling.dunning import agreements  # noqa: E402
from pooling.dunning.models import Agreement, Limitation  # noqa: E402
from pooling.easing import bands, waivers  # noqa: E402
from pooling.easing.models import Check, Waiver  # noqa: E402
from pooling.founding import opening  # noqa: E402
from pooling.models import Charge, DuesPlan, Fund, Payment  # noqa: E402
from pooling.payouts import proposals  # noqa: E402
from pooling.payouts.models import BankFile, Loan, PayRun  # noqa: E402
from pooling.solvency import forecasts  # noqa: E402
from pooling.surplus import years  # noqa: E402
from pooling.surplus.models import Allocation  # noqa: E402
from pooling.treasury import banks  # noqa: E402
from pooling.treasury.models import BankAccount, Item  # noqa: E402
from tests.conftest import anders, make_member, make_officer  # noqa: E402
from tests.faults import workflows as w  # noqa: E402

_OFFICERS = ("tessa", "theo", "clara", "cem", "anders", "aisha", "alois")
PEOPLE = ("ada", "bea", "eva", "greta", "ines", *_OFFICERS)
"""Ada has something of everything, Eva nothing yet; Bea is on the other side of Ada's trades. Greta has left; Ines is
on a plan with bands and waits for a seat in a circle. The rest are officers."""

_RUNS = 200
_MORE = {**w.RULES, "benefits": [{**w.RULES["benefits"][0], "pays": {"by": "FLAT", "per": "DAY", "amount": 350}}]}
_LINE_PER_STEP = b"name,email,joined_on\nZoe Neu,zoe@example.org,2026-10-01\nNobody,not an address,2026-10-01\n"


def money() -> None:
    """Payments of every kind, costs and income, proposals that wait, a year closed and its surplus put to use."""
    for step in (
        w.pay("ada", "300.10", "ahead"), w.pay("bea", "12.34", "part"), w.pay(None, 100, "unplaced"),
        w.pay(None, 58, "placed"), w.place("placed", "cleo"), w.correct("placed", "cleo", "58.50", "corrected"),
        w.pay("dora", 90, "withdrawn"), w.withdraw("withdrawn"), w.charge("2026-10"),
        w.item("office", 80, "cost"), w.move_between_banks, *w.CLOSED, w.propose_allocation, w.confirm_allocation,
        w.propose_write_off, lambda: w.propose_opening("second", 700), w.propose_reversal,
    ):  # fmt: skip
        step()
    part = years.Part(Allocation.Purpose.RESERVE, None, Money("26.66", "EUR"))
    years.propose_allocation(parts=[part], text="The rest", ballot="Assembly", by=w.user("tessa"), on=w.ON)
    BankAccount.objects.filter(pk=w.bank()).update(iban="DE89370400440532013000", bic="COBADEFFXXX")
    banks.note_balance(bank_id=w.bank(), day=w.ON, amount=w.eur("5012.00"), by=w.user("tessa"))


def benefits() -> None:
    """A claim in every state, each of them Ada's or Bea's."""
    for step in (
        *w.approved("ada", 400, "paid"), w.start_run(), w.pay_claims, w.tell_paid, w.propose_loan,
        w.second(proposals.LOAN), w.propose_hard_floor, *w.approved("ada", "55.55", "approved"),
        w.submit("ada", 123, "submitted"), w.submit("bea", 99, "proposed"), w.propose("proposed", 80),
        w.submit("ada", 50, "refused"),
        lambda: claims.refuse(claim_id=w.claim("refused"), reason="CEILING", by=w.user("cem"), on=w.ON),
        w.submit("ada", 51, "withdrawn"),
        lambda: claims.withdraw(claim_id=w.claim("withdrawn"), by=w.user("ada"), on=w.ON),
        w.name_accounts, w.make_bank_file,
    ):  # fmt: skip
        step()


def rules() -> None:
    """A fund with rules and a proposal for others, a claim under them that goes on, and what the outlook says."""
    for step in (*w.GOING_ON, w.hand_in_certificate):
        step()
    benefit_rules.propose(
        fund_id=w.fund("parents"), terms=_MORE, text="", why="So asked.", valid_from=dt.date(2027, 1, 1),
        by=w.user("tessa"), on=w.ON,
    )  # fmt: skip
    opening.propose_charter(
        fund=Fund.objects.get(slug="parents"), rules_said=("We meet every month.", "Nobody sells a place."),
        source="Our own", by=w.user("tessa"), on=w.ON,
    )  # fmt: skip
    w.propose_figure()
    now = desk_rules.on(w.ON)
    desk_rules.propose(
        figures={name: getattr(now, name) for name in desk_rules.FIGURES}, four_eyes_above=w.eur(250),
        valid_from=dt.date(2027, 1, 1), text="Small claims", by=w.user("clara"), on=w.ON,
    )  # fmt: skip
    Sample.objects.create(claim_id=w.claim("paid"), period="2026-11", seed="0" * 64, drawn_on=w.ON)
    forecasts.simulate(fund_slug="", seed=1, on=w.ON, number=_RUNS, kept=True)


def circle() -> None:
    """A circle that carries its members, one that is forming, and terms that wait."""
    for step in w.CIRCLE:
        step()
    wanted = circle_terms.Wanted(levels=[(3375, 10000)], largest=40, claim_retention=15000)
    circle_terms.propose(
        fund_id=w.fund(), wanted=wanted, valid_from=dt.date(2027, 4, 1), text="Asked for", by=w.user("tessa"), on=w.ON
    )
    forming = circles.form(name="Ahorn", fund_id=w.fund(), by=w.user("aisha"), on=w.ON)
    ines = w.member("ines")
    circles.ask(circle_id=forming.pk, member_id=ines.pk, place=1, by=ines.user_id, on=w.ON)


def appeal() -> None:
    """An appeal that was begun, and one that a jury sits about."""
    w.invite_jurors()
    for key in ("begun", "before the jury"):
        w.submit("ada", 60, key)()
        claims.refuse(claim_id=w.claim(key), reason="CEILING", by=w.user("cem"), on=w.ON)
        begun = appeals.begin(claim_id=w.claim(key), by=w.user("ada"), on=w.ON)
    appeals.file(
        appeal_id=begun.pk, grounds="RULE", words="Look again:\nthe days are right.", share="seven swans",
        by=w.user("ada"), on=w.ON,
    )  # fmt: skip


def dues_eased() -> None:
    """An agreement, a waiver that was granted and one that waits, and bands with one to be looked at."""
    by = w.user("tessa")
    agreements.make(member_id=w.member("bea").pk, parts=3, first_on=w.ON, form_key="agreed", by=by, on=w.ON)
    w.remind()
    w.two(w.propose_waiver, waivers.WAIVER)
    waivers.propose(
        member_id=w.member("cleo").pk, kind="HARDSHIP", since=w.ON, until=dt.date(2027, 1, 1), percent=100,
        reason="Personal", by=by, on=w.ON,
    )  # fmt: skip
    dues.open_plan(
        name="Entry fee", every="ONCE", amount=w.eur(30), shares=[(None, 1)], valid_from=dt.date(2026, 1, 1),
        days_to_pay=14, by=by,
    )  # fmt: skip
    rates = (dues.RateOf("Low", w.eur("22.50")), dues.RateOf("High", w.eur(45)))
    plan = dues.open_plan(
        name="Bands", every="MONTH", amount=w.eur(45), shares=[(w.fund(), 1)], valid_from=dt.date(2026, 1, 1),
        days_to_pay=14, by=by, basis="BAND", more=dues.More(rates=rates),
    )  # fmt: skip
    for name in ("eva", "ines"):
        member = w.member(name)
        dues.put_on_plan(member_id=member.pk, plan_id=plan.pk, since=member.joined_on, by=by)
    bands.declare(member_id=member.pk, place=1, by=member.user_id, on=w.ON)
    bands.draw(plan_id=plan.pk, seed="the lottery of Saturday", by=by, on=w.ON)


def work() -> None:
    """Invoices in every state, offers and wants, trades in every state."""
    for step in (
        w.draft("draft"), w.draft("issued"), w.issue("issued"), w.draft("part"), w.issue("part"),
        w.receive("part", 100, "receipt"), w.draft("paid"), w.issue("paid"), w.receive("paid", "285.48", "whole"),
        w.credit("paid", "note"), w.issue("note"), w.draft("late"),
        lambda: invoices.issue(
            invoice_id=w.invoice("late"), member_id=w.member("ada").pk, by=w.user("ada"),
            on=w.ON.replace(month=10), at=w.AT,
        ),
    ):  # fmt: skip
        step()
    ada, bea = w.member("ada"), w.member("bea")
    invoices.send(
        invoice_id=w.invoice("issued"), member_id=ada.pk, pdf=b"%PDF-1.7\n", by=ada.user_id, on=w.ON
    )  # fmt: skip
    for member, kind, title in ((ada, "OFFER", "Proofreading"), (bea, "WANT", "A shelf"), (bea, "OFFER", "A portrait")):
        listings.publish(
            member_id=member.pk, kind=kind, category="OTHER", title=title, text="Ask me;\nwe agree on the day.",
            price_credit=Money(20, "CREDIT"), price_minutes=90, by=member.user_id, on=w.ON,
        )  # fmt: skip
    for key in ("asked", "agreed", "done", "settled", "undone"):
        w.ask(key, 5, 30)()
    for key in ("agreed", "done", "settled", "undone"):
        w.take(trades.accept, key, "ada")()
    for key in ("done", "settled", "undone"):
        w.take(trades.deliver, key, "ada")()
    for key in ("settled", "undone"):
        w.take(trades.settle, key, "bea")()
    w.take(trades.undo, "undone", "ada")()
    limits.change(
        member_id=ada.pk, credit_limit=Money(300, "CREDIT"), maximum=Money(1500, "CREDIT"), reason="She provides much",
        by=w.user("tessa"), on=w.ON,
    )  # fmt: skip


def office() -> None:
    """Applications, somebody who left, an import, a role, runs, a job that failed, a letter, a sound audit."""
    greta = w.member("greta")
    membership.leave(member_id=greta.pk, by=greta.user_id, on=w.ON)
    for name in ("Rafael Prinz", "Oona Virtanen"):
        said = {"name": name, "email": f"{name.split()[0].lower()}@example.org", "motivation": "I work alone."}
        membership.apply(said=said, came_from="192.0.2.1", on=w.ON)
    importing.keep(rows=importing.read(_LINE_PER_STEP, on=w.ON), by=w.user("aisha"))
    roles.propose(email="bea@example.org", role=Role.AUDITOR, by=w.user("aisha"))
    batch.prepare(period=parse("2026-10"), by=w.user("tessa"), on=w.ON)
    Job.objects.filter(done_at=None).update(done_at=clock.now())
    Job.objects.create(
        task="mutual.mail.letters.deliver", arguments={"letter_id": 1}, due_at=clock.now(), tries=5,
        failed_at=clock.now(), failure="TimeoutError",
    )  # fmt: skip
    audit.run()


def sign_in(name: str) -> str:
    """A session of this person's, as fresh as one who has just given her password, for as long as the tests run."""
    browser = Browser()
    browser.force_login(User.objects.get(email=f"{name}@example.org"))
    session = browser.session
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session["account_authentication_methods"] = [
        {"method": "mfa", "type": "totp", "at": time.time() + 86400},
        {"method": "password", "at": time.time() + 86400, "reauthenticated": True},
    ]
    session.save()
    return str(browser.cookies[settings.SESSION_COOKIE_NAME].value)


def keys(name: str) -> str:
    """An authenticator app and recovery codes; what the app's secret is."""
    user = User.objects.get(email=f"{name}@example.org")
    secret = base64.b32encode(name.encode().ljust(20, b"-")).decode()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret


def where() -> dict[str, object]:
    """The numbers and ids that addresses are made of."""
    ada = w.member("ada")
    main = banks.BankAccount.objects.get(slug="main")
    return {
        "number": ada.number,
        "bea": w.member("bea").number,
        "applicant": Member.objects.filter(status="APPLICANT").earliest("pk").number,
        "account_id": str(main.account_id),
        "entry_id": str(journal.entry_id_of(f"item/{Item.objects.get(form_key='cost').number}/recorded")),
        "claims": {claim.form_key: claim.number for claim in Claim.objects.all()},
        "client_id": Client.objects.get().pk,
        "plan": DuesPlan.objects.earliest("pk").slug,
        "rules": {one.state: one.number for one in Decision.objects.filter(kind=benefit_rules.KIND)},
        "charter": Decision.objects.get(kind=opening.CHARTER).number,
        "agreement": Agreement.objects.get().number,
        "waiver": Waiver.objects.get().number,
        "sample": Sample.objects.get().pk,
        "certificate": Certificate.objects.latest("pk").pk,
        "check": Check.objects.earliest("pk").code,
        "limitation": Limitation.objects.earliest("pk").pk,
        "grant": RoleGrant.objects.get(granted_on=None).pk,
        "user_id": w.user("bea"),
        "job_id": Job.objects.exclude(failed_at=None).get().pk,
        "appeals": {one.claim.form_key: one.number for one in Appeal.objects.select_related("claim")},
        "fund": "sickness",
        "invoices": {invoice.form_key: invoice.pk for invoice in Invoice.objects.all()},
        "receipt_id": Receipt.objects.get(form_key="receipt").pk,
        "draft_id": str(ImportDraft.objects.get().pk),
        "attachment_id": Attachment.objects.get().pk,
        "letter_id": Letter.objects.earliest("pk").pk,
        "payments": {payment.form_key: payment.number for payment in Payment.objects.all()},
        "runs": {run.kind: str(run.pk) for run in Run.objects.all()},
        "decisions": {decision.kind: decision.number for decision in Decision.objects.order_by("pk")},
        "decided": {one.kind: one.number for one in Decision.objects.filter(state="CONFIRMED").order_by("pk")},
        "charge": Charge.objects.filter(member=w.member("bea")).latest("pk").pk,
        "bank": "main",
        "item": Item.objects.get(form_key="cost").number,
        "listings": {one.title: one.pk for one in Listing.objects.all()},
        "trades": {trade.form_key: trade.number for trade in Trade.objects.all()},
        "pay_run": PayRun.objects.get().number,
        "bank_file": BankFile.objects.get().number,
        "loan": Loan.objects.get().number,
        "key_id": Authenticator.objects.get(user__email="bea@example.org", type="webauthn").pk,
    }


def make() -> dict[str, object]:
    """Make the world, and tell what is where."""
    w.make_world()
    anders()
    make_officer(Role.ADMINISTRATOR, "Alois")
    for name in ("Eva Neu", "Greta Gone", "Ines Wait"):
        make_member(name, joined_on=w.ON)
    for step in (money, benefits, rules, circle, appeal, dues_eased, work, office):
        step()
    EmailAddress.objects.all().delete()
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in User.objects.all()
    )
    secrets = {name: keys(name) for name in (*_OFFICERS, "ada")}
    Authenticator.objects.create(
        user=User.objects.get(email="bea@example.org"), type=Authenticator.Type.WEBAUTHN,
        data={"name": "My phone", "credential": {"clientExtensionResults": {"credProps": {"rk": True}}}},
    )  # fmt: skip
    sitting = Juror.objects.filter(member__status=Member.Status.ACTIVE)  # the lot may have fallen on Greta, who left
    juror = sitting.select_related("member").earliest("place").member.email.partition("@")[0]
    cookies = {name: sign_in(name) for name in PEOPLE} | {"juror": sign_in(juror)}
    return {"cookies": cookies, "secrets": secrets, "where": where()}


if __name__ == "__main__":
    print(json.dumps(make()))

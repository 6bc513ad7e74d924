"""Every workflow of this product that moves money or promises it, as steps that can be taken again."""

from __future__ import annotations

import contextlib
import datetime as dt
from decimal import Decimal
from types import SimpleNamespace

from django.db import transaction

from invoicing import invoices
from invoicing.barter import leaving, limits, trades
from invoicing.barter.models import Trade
from invoicing.models import Client, Invoice, Receipt
from members import membership, payout
from members.governance import decisions, figures
from members.governance.models import Decision
from members.models import Member, User
from members.numbers import next_number
from mutual.access import Role
from mutual.ledger import journal
from mutual.ledger.kinds import Kind
from mutual.money import Money
from mutual.periods import parse
from mutual.uploads import Accepted
from pooling import accounts, dues, funds, payments
from pooling.benefits import covers, schemes
from pooling.benefits import rules as benefit_rules
from pooling.buffers import returns, rules
from pooling.circles import circles, closing, giving
from pooling.circles import terms as circle_terms
from pooling.circles.models import Circle, Seat
from pooling.claims import claims, desk_rules, evidence, retention, sampling, schedule
from pooling.claims.appeals import appeals
from pooling.claims.appeals.models import Appeal, Juror
from pooling.claims.models import Certificate, Claim, Sample
from pooling.dunning import agreements, ladder, limitation
from pooling.dunning.models import Agreement, Limitation
from pooling.easing import bands, waivers, work
from pooling.easing.models import Check, Waiver
from pooling.founding import opening, questions
from pooling.founding.offers import FoundingRefused
from pooling.models import Charge, DuesPlan, Fund, Payment
from pooling.payouts import bank_files, letters, loans, paying, proposals
from pooling.payouts.models import Loan, PayRun, TopUp
from pooling.surplus import patronage, relief, years
from pooling.surplus import rules as surplus_rules
from pooling.surplus.models import Allocation
from pooling.treasury import banks, corrections, items, months
from pooling.treasury.models import BankAccount, Category, Item
from tests.conftest import cem, clara, make_member, make_members, make_officer, tessa, theo
from tests.faults.crashing import Step, Workflow

ON = dt.date(2026, 11, 10)
SEPTEMBER = dt.date(2026, 9, 30)
OCTOBER = dt.date(2026, 10, 20)
AT = dt.datetime(2026, 11, 10, 9, tzinfo=dt.UTC)
KRING = questions.plan({"kind": "circle", "promise": "gift", "name": "Kring", "rate": "750, 1500"}, "EUR")


def eur(amount):
    return Money(amount, "EUR")


def user(name):
    return User.objects.get(email=f"{name}@example.org").pk


def member(name):
    return Member.objects.get(email=f"{name}@example.org")


def bank(slug="main"):
    return BankAccount.objects.get(slug=slug).pk


def fund(slug="sickness"):
    return Fund.objects.get(slug=slug).pk


def make_world():
    """Two banks, two funds with money, four members with two months charged, officers, categories, a client."""
    by, _other = tessa().pk, theo()
    clara(), cem(), make_officer(Role.ADMINISTRATOR, "Aisha")
    early = dt.date(2025, 10, 1)
    for name in ("Sickness", "Parents"):
        funds.open_fund(name=name, description="", promise="VARYING", currency="EUR", target=None, by=by, on=early)
    for name in ("Main", "Second"):
        banks.open_account(name=name, iban="", bic="", currency="EUR", by=by, on=early)
    plan = dues.open_plan(
        name="Standard", every="MONTH", amount=eur(45), shares=[(fund(), 3), (fund("parents"), 2), (None, 1)],
        valid_from=early, days_to_pay=14, by=by,
    )  # fmt: skip
    for name in ("Ada Byron", "Bea Potter", "Cleo Merode", "Dora Maar"):
        dues.put_on_plan(member_id=make_member(name, joined_on=early).pk, plan_id=plan.pk, since=early, by=by)
    for kind, name in (("COST", "Office"), ("INCOME", "Courses")):
        items.open_category(kind=kind, name=name, by=by)
    for name, amount in (("main", 5000), ("sickness", 2000)):
        two(lambda n=name, a=amount: propose_opening(n, a), corrections.OPENING)
    charge("2026-08")()
    charge("2026-09")()
    ada = member("ada")
    invoices.change_issuer(member_id=ada.pk, said={"tax_number": "11/222", "iban": "DE89370400440532013000"}, by=by)
    said = {
        "name": "Engines Ltd", "street": "1 Dorset Street", "postcode": "W1U", "city": "London", "country": "GB",
        "email": "engines@example.org", "vat_id": "", "language": "en",
    }  # fmt: skip
    invoices.add_client(member_id=ada.pk, said=said, by=by)


# Two officers


def propose_opening(name, amount, on=dt.date(2025, 12, 1)):
    of_bank = name in ("main", "second")
    return corrections.propose_opening(
        bank_id=bank(name) if of_bank else None, fund_id=None if of_bank else fund(name), amount=eur(amount), day=on,
        text="From before", by=user("tessa"), on=ON,
    )  # fmt: skip


def confirm(kind) -> Step:
    """The other treasurer confirms the newest proposal of this kind."""

    def confirm_newest():
        newest = Decision.objects.filter(kind=kind).latest("pk")
        return corrections.confirm(decision_id=newest.pk, kind=kind, by=user("theo"), on=ON)

    return confirm_newest


def two(propose, kind):
    propose()
    confirm(kind)()


# Dues


def charge(label) -> Step:
    return lambda: dues.charge_period(period=parse(label), on=ON, by=user("tessa"), chunk=2)


def pay(name, amount, key, *, on=ON) -> Step:
    return lambda: payments.record(
        member_id=member(name).pk if name else None, bank_id=bank(), amount=eur(amount), received_on=on,
        reference="Thanks", form_key=key, by=user("tessa"),
    )  # fmt: skip


def paid(key):
    return Payment.objects.get(form_key=key).pk


def withdraw(key) -> Step:
    return lambda: payments.withdraw(payment_id=paid(key), by=user("tessa"), on=ON)


def place(key, name) -> Step:
    return lambda: payments.place(payment_id=paid(key), member_id=member(name).pk, by=user("tessa"), on=ON)


def correct(key, name, amount, new) -> Step:
    return lambda: payments.correct(
        payment_id=paid(key), member_id=member(name).pk, bank_id=bank(), amount=eur(amount), received_on=ON,
        reference="Rightly", form_key=new, by=user("tessa"), on=ON,
    )  # fmt: skip


def save():
    """A plan whose dues fill buffers past their cap of one deposit, measured on 31 October."""
    dues.change_plan(
        plan_id=DuesPlan.objects.get().pk, amount=eur(45), days_to_pay=14, by=user("tessa"),
        shares=[dues.ShareOf(fund(), 20, buffer=True), (None, 25)], valid_from=dt.date(2025, 12, 1),
    )  # fmt: skip
    charge("2026-07")()
    charge("2026-10")()
    two(propose_buffer_rule, rules.BUFFER_RULE)


def by_the_day():
    """From October on the plan is charged by the day, takes work, and has a new amount from the 16th."""
    for first, amount in ((dt.date(2026, 9, 30), 45), (dt.date(2026, 10, 16), 50)):
        dues.change_plan(
            plan_id=DuesPlan.objects.get().pk, amount=eur(amount), shares=[(fund(), 2), (None, 1)], valid_from=first,
            days_to_pay=14, by=user("tessa"), more=dues.More(by_day=True, in_work=True),
        )  # fmt: skip


def left(name, day) -> Step:
    """Somebody turns out to have left."""
    return lambda: Member.objects.filter(pk=member(name).pk).update(status="LEFT", left_on=day)


def open_levels():
    rates = (dues.RateOf("Half", eur("22.50")), dues.RateOf("Whole", eur(45)))
    dues.open_plan(
        name="Levels", every="MONTH", amount=eur(45), shares=[(fund(), 1), (None, 1)], valid_from=ON, days_to_pay=14,
        by=user("tessa"), basis="LEVEL", more=dues.More(rates=rates, by_day=True),
    )  # fmt: skip


def put_on_level():
    return dues.put_on_plan(
        member_id=member("ada").pk, plan_id=DuesPlan.objects.get(slug="levels").pk, since=ON, place=2,
        by=user("tessa"), on=ON,
    )  # fmt: skip


def open_entry():
    dues.open_plan(
        name="Entry", every="ONCE", amount=eur("225.00"), shares=[(None, 1)], valid_from=dt.date(2026, 1, 1),
        days_to_pay=30, by=user("tessa"),
    )  # fmt: skip


def charge_entry():
    return dues.charge_once(
        member_id=member("ada").pk, plan_id=DuesPlan.objects.get(slug="entry").pk, by=user("tessa"), on=ON
    )


def found_kring():
    """Twenty questions by two officers at one table: fund, rules, dues, circle."""
    with contextlib.suppress(FoundingRefused):  # founded before, with all of it
        opening.found(KRING, by=user("tessa"), second=user("theo"), on=ON)


def propose_waiver():
    return waivers.propose(
        member_id=member("bea").pk, kind="HARDSHIP", since=dt.date(2026, 10, 5), until=dt.date(2026, 12, 1),
        percent=50, reason="Personal", by=user("tessa"), on=ON,
    )  # fmt: skip


def propose_work():
    return work.propose(
        member_id=member("cleo").pk, period=parse("2026-10"), task="Minutes", done_on=ON, by=user("tessa"), on=ON
    )


def remind():
    return ladder.run(on=ON, by=user("tessa"), chunk=2)


def agree():
    return agreements.make(
        member_id=member("ada").pk, parts=3, first_on=OCTOBER, form_key="agreed", by=user("tessa"), on=ON
    )


def return_buffers():
    return returns.run(fund_id=fund(), on=ON, by=user("tessa"), chunk=1)


def propose_buffer_rule():
    return rules.propose(
        fund_id=fund(), deposits=1, month=10, day=31, return_after=1, valid_from=dt.date(2026, 1, 1), text="As voted",
        by=user("tessa"), on=ON,
    )  # fmt: skip


def change_plan():
    plan = DuesPlan.objects.get()
    if plan.versions.count() == 1:
        dues.change_plan(
            plan_id=plan.pk, amount=eur("47.35"), shares=[(fund(), 1), (None, 1)], valid_from=dt.date(2026, 10, 1),
            days_to_pay=10, by=user("tessa"),
        )  # fmt: skip


def propose_refund():
    return corrections.propose_refund(
        member_id=member("ada").pk, bank_id=bank(), amount=eur(10), text="She asked", by=user("tessa"), on=ON
    )


def propose_write_off():
    oldest = Charge.objects.filter(member=member("bea")).earliest("charged_on")
    return corrections.propose_write_off(charge_id=oldest.pk, text="Ill for long", by=user("tessa"), on=ON)


def propose_barred():
    old = Charge.objects.filter(member__in=[member("ada"), member("bea")])
    return corrections.propose_barred(
        charge_ids=old.values_list("pk", flat=True), text="Too old", by=user("tessa"), on=dt.date(2031, 1, 1)
    )


# The cooperative's own money


def item(category, amount, key, on=ON) -> Step:
    return lambda: items.record(
        category_id=Category.objects.get(slug=category).pk, bank_id=bank(), amount=eur(amount), booked_on=on,
        text="As on the voucher", voucher="V-1", form_key=key, by=user("tessa"),
    )  # fmt: skip


def propose_reversal():
    number = Item.objects.get(form_key="cost").number
    entry = journal.entry_id_of(f"item/{number}/recorded")
    return corrections.propose_reversal(entry_id=entry, text="Paid twice", by=user("tessa"), on=ON)


def move_between_banks():
    return banks.move(
        source_id=bank(), target_id=bank("second"), amount=eur(100), on=ON, form_key="move", by=user("tessa")
    )


def lock_month():
    return months.close(month=parse("2026-09"), by=user("tessa"), on=ON)


def propose_reopening():
    return corrections.propose_reopening(until=dt.date(2026, 9, 1), text="A late bill", by=user("tessa"), on=ON)


# Claims


def submit(name, amount, key) -> Step:
    return lambda: claims.submit(
        member_id=member(name).pk, fund_id=fund(), occasion="ILLNESS", first_day=dt.date(2026, 11, 1),
        last_day=dt.date(2026, 11, 9), amount=eur(amount), form_key=key, by=member(name).user_id, on=ON,
    )  # fmt: skip


def claim(key):
    return Claim.objects.get(form_key=key).pk


def propose(key, amount) -> Step:
    return lambda: claims.propose(claim_id=claim(key), amount=eur(amount), by=user("clara"), on=ON)


def approve(key) -> Step:
    return lambda: claims.approve(claim_id=claim(key), by=user("cem"), on=ON)


def start_run(key="1") -> Step:
    return lambda: paying.start(fund_id=fund(), bank_id=bank(), seen=None, form_key=key * 32, by=user("tessa"), on=ON)


def pay_claims():
    for run in PayRun.objects.order_by("pk"):
        paying.pay(number=run.number, by=user("tessa"), chunk=1)


def name_accounts():
    BankAccount.objects.filter(slug="main").update(iban="DE02120300000000202051", bic="BYLADEM1001")
    for who, iban in (("ada", "NL91ABNA0417164300"), ("bea", "BE68539007547034")):
        one = member(who)
        payout.name_account(
            member_id=one.pk, iban=iban, holder=one.name, second_factor=True, by=one.user_id, on=ON
        )  # fmt: skip


def make_bank_file():
    return bank_files.make(run_id=PayRun.objects.get().pk, by=user("tessa"), at=AT)


def name_another():
    one = member("ada")
    payout.name_account(
        member_id=one.pk, iban="DE89370400440532013000", holder=one.name, second_factor=True, by=one.user_id, on=ON
    )  # fmt: skip


def tell_paid():
    for run in PayRun.objects.all():
        letters.tell(number=run.number, after=0, upto=10**9)


def tell_made_up():
    letters.tell_made_up(decision=TopUp.objects.get().decision.number)


def make_file_of_top_up():
    made = TopUp.objects.get()
    return bank_files.make(run_id=made.run_id, top_up_id=made.pk, by=user("tessa"), at=AT)


def second(kind) -> Step:
    """The other treasurer confirms the newest proposal about a fund."""

    def confirm_newest():
        newest = Decision.objects.filter(kind=kind).latest("pk")
        return proposals.confirm(decision_id=newest.pk, kind=kind, by=user("theo"), on=ON)

    return confirm_newest


def propose_loan():
    return proposals.propose_loan(
        lender_id=fund(), borrower_id=fund("parents"), amount=eur("100.01"), months=3, first_on=dt.date(2026, 12, 1),
        text="For a time", by=user("tessa"), on=ON,
    )  # fmt: skip


def repay_due():
    return loans.repay_due(on=dt.date(2027, 1, 2))


def repay_early():
    return loans.repay_early(loan_id=Loan.objects.get().pk, amount=eur(10), seen=0, by=user("tessa"), on=ON)


def propose_grant():
    return proposals.propose_grant(
        fund_id=fund(), bank_id=bank(), amount=eur(50), text="To a sister", by=user("tessa"), on=ON
    )


def propose_giving_back():
    return proposals.propose_giving_back(fund_id=fund(), amount=eur(60), text="Too much", by=user("tessa"), on=ON)


def propose_hard_floor():
    return proposals.propose_hard_floor(fund_id=fund(), amount=eur(300), text="Voted", by=user("tessa"), on=ON)


def propose_top_up():
    return proposals.propose_top_up(
        run_id=PayRun.objects.get().pk, amount=eur("33.33"), text="Voted", by=user("tessa"), on=ON
    )


def fill_fund():
    propose_opening("sickness", 500)
    confirm(corrections.OPENING)()


def take_back(key, name) -> Step:
    return lambda: claims.withdraw(claim_id=claim(key), by=member(name).user_id, on=ON)


def approved(name, amount, key):
    return [submit(name, amount, key), propose(key, amount), approve(key)]


# The year


def propose_closing():
    return years.propose_closing(label="2025", text="As the books say", by=user("tessa"), on=ON)


def confirm_closing():
    proposal = Decision.objects.filter(kind=years.CLOSING).latest("pk")
    return years.confirm_closing(decision_id=proposal.pk, by=user("theo"), on=ON)


def propose_surplus_rules():
    return surplus_rules.propose(
        said=schemes.scheme("colab").surplus, why="As voted", valid_from=dt.date(2025, 1, 1), by=user("tessa"), on=ON
    )


def second_adopts(kind, adopt) -> Step:
    """The other treasurer adopts the newest proposal of this kind."""
    return lambda: adopt(decision_id=Decision.objects.filter(kind=kind).latest("pk").pk, by=user("theo"), on=ON)


def adopt_surplus_rules():
    propose_surplus_rules()
    second_adopts(surplus_rules.KIND, surplus_rules.adopt)()


def propose_charter():
    return opening.propose_charter(
        fund=Fund.objects.get(slug="sickness"), rules_said=("We visit one another.",), source="", by=user("tessa"),
        on=ON,
    )  # fmt: skip


def propose_sharing():
    minutes = {member("ada").pk: 6_000, member("bea").pk: 3_001}
    return patronage.propose(
        label="2025", own_work=eur("20.01"), minutes=minutes, ballot="Assembly", text="As voted", by=user("tessa"),
        on=ON,
    )  # fmt: skip


def confirm_sharing():
    newest = Decision.objects.filter(kind=patronage.SHARING).latest("pk")
    return patronage.confirm(decision_id=newest.pk, by=user("theo"), on=ON)


def share_out():
    newest = Decision.objects.filter(kind=patronage.SHARING).latest("pk")
    return patronage.share_out(decision_id=newest.pk, by=user("theo"), on=ON, chunk=1)


def tell_parts():
    patronage.tell(label="2025", after=0, upto=10**9)


def pay_parts(*, rest) -> Step:
    return lambda: patronage.pay(label="2025", bank_id=bank(), rest=rest, by=user("tessa"), on=ON)


def leave_and_redeem():
    Member.objects.filter(pk=member("ada").pk).update(status="LEFT", left_on=OCTOBER)
    return patronage.redeem(member_id=member("ada").pk, bank_id=bank(), by=user("tessa"), on=ON)


def propose_allocation():
    parts = [
        years.Part(Allocation.Purpose.FUND, fund(), eur("33.33")),
        years.Part(Allocation.Purpose.RESERVE, None, eur(20)),
        years.Part(Allocation.Purpose.RELIEF, None, eur("100.01")),
    ]  # fmt: skip
    return years.propose_allocation(parts=parts, text="Voted", ballot="Assembly", by=user("tessa"), on=ON)


def confirm_allocation():
    proposal = Decision.objects.filter(kind=years.ALLOCATION).latest("pk")
    return years.confirm_allocation(decision_id=proposal.pk, by=user("theo"), on=ON)


def relieve():
    return relief.apply(period=parse("2026-09"), currency="EUR", by=user("tessa"), on=ON)


EARNED = [item("courses", 300, "course", dt.date(2025, 12, 5)), item("office", 120, "rent", dt.date(2025, 12, 6))]
CLOSED = [*EARNED, propose_closing, confirm_closing]


# Invoices


def draft(key) -> Step:
    lines = [
        invoices.NewLine("Notes", Decimal("1.5"), "h", Decimal("99.99"), "S", Decimal(19)),
        invoices.NewLine("Tables", Decimal(2), "h", Decimal(50), "S", Decimal(7)),
    ]
    return lambda: invoices.draft(
        member_id=member("ada").pk, client_id=Client.objects.get().pk, supplied_from=ON, supplied_until=ON,
        reference="", introduction="", lines=lines, form_key=key,
    )  # fmt: skip


def invoice(key):
    return Invoice.objects.get(form_key=key).pk


def issue(key) -> Step:
    return lambda: invoices.issue(invoice_id=invoice(key), member_id=member("ada").pk, by=user("ada"), on=ON, at=AT)


def receive(key, amount, form) -> Step:
    return lambda: invoices.record_receipt(
        invoice_id=invoice(key), member_id=member("ada").pk, amount=eur(amount), paid_on=ON, form_key=form,
        by=user("ada"),
    )  # fmt: skip


def undo_receipt(form) -> Step:
    return lambda: invoices.undo_receipt(
        receipt_id=Receipt.objects.get(form_key=form).pk, member_id=member("ada").pk, by=user("ada"), on=ON
    )


def credit(key, note) -> Step:
    return lambda: invoices.draft_credit_note(invoice_id=invoice(key), member_id=member("ada").pk, form_key=note, on=ON)


def pay_back(key, form) -> Step:
    return lambda: invoices.refund(
        invoice_id=invoice(key), member_id=member("ada").pk, paid_on=ON, form_key=form, by=user("ada")
    )


# Barter


def ask(key, credits, minutes) -> Step:
    return lambda: trades.request(
        asked_by=member("bea").pk, provider=member("ada").pk, receiver=member("bea").pk, title="Translation", text="",
        credit=Money(credits, "CREDIT"), minutes=minutes, form_key=key, by=user("bea"), on=ON,
    )  # fmt: skip


def trade(key):
    return Trade.objects.get(form_key=key).pk


def take(step, key, name) -> Step:
    return lambda: step(trade_id=trade(key), member_id=member(name).pk, by=user(name), on=ON)


def settled(key, credits, minutes):
    return [
        ask(key, credits, minutes), take(trades.accept, key, "ada"), take(trades.deliver, key, "ada"),
        take(trades.settle, key, "bea"),
    ]  # fmt: skip


def give():
    return leaving.give_to_community(member_id=member("ada").pk, form_key="leave", by=user("ada"), on=ON)


def leave():
    return membership.leave(member_id=member("dora").pk, by=user("dora"), on=ON)


def decline_correction():
    newest = Decision.objects.filter(kind=corrections.OPENING).latest("pk")
    return decisions.decline(decision_id=newest.pk, kind=corrections.OPENING, by=user("theo"), on=ON)


# Circles


def propose_terms():
    wanted = circle_terms.Wanted(
        levels=[(3375, 10000), (11250, 20000)],
        smallest=20,
        largest=21,
        claim_retention=15000,
        premium_points=1000,
        gift_limit=9000,
    )
    return circle_terms.propose(
        fund_id=fund(), wanted=wanted, valid_from=dt.date(2026, 10, 1), text="Voted", by=user("tessa"), on=ON
    )


def confirm_terms():
    newest = Decision.objects.filter(kind=circle_terms.CIRCLE_TERMS).latest("pk")
    return circle_terms.confirm(decision_id=newest.pk, by=user("theo"), on=ON)


def form_circle():
    if not Circle.objects.exists():
        circles.form(name="Linden", fund_id=fund(), by=user("aisha"), on=dt.date(2026, 10, 1))


def ask_for_seat(name, place) -> Step:
    return lambda: circles.ask(
        circle_id=Circle.objects.get().pk, member_id=member(name).pk, place=place, by=member(name).user_id,
        on=dt.date(2026, 10, 1),
    )  # fmt: skip


def fill_the_list():
    """The rest of a circle: seventeen who sit in it, with nothing in their buffers."""
    if Member.objects.filter(email="quiet0@example.org").exists():
        return
    with transaction.atomic():
        rest = make_members(*(f"Quiet{n} Ones" for n in range(17)))
        Seat.objects.bulk_create(
            Seat(circle=Circle.objects.get(), member=one, place=1, asked_on=dt.date(2026, 10, 1)) for one in rest
        )


def open_circle():
    return circles.open_circle(circle_id=Circle.objects.get().pk, by=user("aisha"), on=dt.date(2026, 10, 1))


def fill_buffers():
    main = BankAccount.objects.get(pk=bank())
    for name in ("ada", "bea", "cleo"):
        one = member(name)
        buffer = accounts.buffer("sickness", one.number, "EUR", one.pk)
        journal.post(
            kind=Kind.OPENING_BALANCE, key=f"test/buffer/{name}", date=ON, recorded_by=None,
            transfers=[journal.move(eur(100), debit=main.account, credit=buffer)],
        )  # fmt: skip


def give_gifts():
    return giving.give(on=ON, by=None)


def pay_premiums():
    return giving.pay_premiums(period=parse("2026-11"), by=None, on=ON)


def leave_circle():
    return circles.leave(member_id=member("ada").pk, by=member("ada").user_id, on=ON)


def circles_turn():
    circles.take_effect(on=dt.date(2027, 1, 1))
    giving.settle_leavers(on=dt.date(2027, 1, 1), by=None)


CIRCLE = [
    propose_terms, confirm_terms, form_circle, fill_the_list, ask_for_seat("ada", 1), ask_for_seat("bea", 2),
    ask_for_seat("cleo", 2), open_circle, fill_buffers,
]  # fmt: skip


def fill_buffer_by_dues():
    """Two plans that put the levels' deposits into buffers, and Bea on the second of them."""
    for level, deposit in ((1, 3375), (2, 11250)):
        plan = dues.open_plan(
            name=f"Level {level}", every="MONTH", amount=eur(deposit + 1000) / 100, valid_from=dt.date(2026, 1, 1),
            days_to_pay=14, by=user("tessa"), shares=[dues.ShareOf(fund(), deposit, buffer=True), (None, 1000)],
        )  # fmt: skip
        if level == 2:
            since = dt.date(2026, 10, 1)
            dues.put_on_plan(member_id=member("bea").pk, plan_id=plan.pk, since=since, by=user("tessa"))


def rest_has_left():
    """All who sit quietly have left before and taken what was theirs."""
    with transaction.atomic():
        Circle.objects.update(state="SMALL")
        Seat.objects.filter(member__email__startswith="quiet").update(left_on=ON, settled_on=ON)


def propose_closing_circle():
    return closing.propose(
        circle_id=Circle.objects.get().pk, closes_on=dt.date(2027, 1, 1), text="Voted", by=user("tessa"), on=ON
    )


def second_closing():
    newest = Decision.objects.filter(kind=closing.CIRCLE_CLOSING).latest("pk")
    return closing.confirm(decision_id=newest.pk, by=user("theo"), on=ON)


def close_circle():
    closing.close_due(on=dt.date(2027, 1, 1))
    giving.settle_leavers(on=dt.date(2027, 1, 1), by=None)


RULES = {
    "currency": "EUR",
    "benefits": [
        {"rule": "sick-pay", "title": "Sick pay", "causes": ["ILLNESS"], "own_risk": {"days": 7},
         "pays": {"by": "FLAT", "per": "DAY", "amount": 300}}
    ],
}  # fmt: skip


def propose_rules():
    return benefit_rules.propose(
        fund_id=fund("parents"), terms=RULES, text="", why="So voted.", valid_from=dt.date(2025, 1, 1),
        by=user("tessa"), on=ON,
    )  # fmt: skip


def adopt_rules():
    newest = Decision.objects.filter(kind=benefit_rules.KIND).latest("pk")
    return benefit_rules.adopt(decision_id=newest.pk, by=user("theo"), on=ON)


def submit_going_on():
    return claims.submit(
        member_id=member("ada").pk, fund_id=fund("parents"), occasion="ILLNESS", first_day=dt.date(2026, 9, 1),
        last_day=dt.date(2026, 11, 30), amount=None, ongoing=True, words="What happened", evidence_kind="CERTIFICATE",
        files=[Accepted("image/png", "png", b"a picture", 1)], form_key="g", by=member("ada").user_id, on=ON,
    )  # fmt: skip


def propose_what_rules_say():
    amount = Claim.objects.get(form_key="g").amount_claimed
    return claims.propose(claim_id=claim("g"), amount=amount, by=user("clara"), on=ON)


def hand_in_certificate():
    return schedule.hand_in(
        claim_id=claim("g"), from_on=dt.date(2026, 12, 1), until_on=dt.date(2026, 12, 31), incapacity=50,
        form_key="next", by=member("ada").user_id, on=ON,
    )  # fmt: skip


def accept_certificate(who="clara"):
    newest = Certificate.objects.get(form_key="next")
    return schedule.accept(certificate_id=newest.pk, by=user(who), on=ON)


def confirm_certificate():
    return accept_certificate("cem")


def add_files():
    return evidence.add(
        claim_id=claim("g"), kind="OTHER", files=[Accepted("image/png", "png", b"another", 1)], form_key="files", on=ON
    )


def get_well():
    day = dt.date(2026, 12, 10)
    return schedule.finish(claim_id=claim("g"), last_day=day, by=member("ada").user_id, on=dt.date(2026, 12, 12))


GOING_ON = [propose_rules, adopt_rules, submit_going_on, propose_what_rules_say, approve("g")]


def invite_jurors():
    for n in range(6):
        make_member(f"Juror{n} Nobody", joined_on=dt.date(2025, 10, 1))


def begin_appeal():
    # The secret number is the same each time here, so that two histories draw the same jury.
    appeals.secrets = SimpleNamespace(token_hex=lambda size: "0" * 2 * size)
    return appeals.begin(claim_id=claim("a"), by=member("ada").user_id, on=ON)


def file_appeal():
    return appeals.file(
        appeal_id=Appeal.objects.get().pk, grounds="RULE", words="Look again.", share="seven swans",
        by=member("ada").user_id, on=ON,
    )  # fmt: skip


def answer_as_juror(place) -> Step:
    def answer():
        juror = Juror.objects.select_related("member").order_by("place")[place]
        return appeals.answer(appeal_id=juror.appeal_id, vote="GRANT", by=juror.member.user_id, on=ON)

    return answer


def propose_desk_rules():
    figures = {
        "appeal_days": 45, "answer_days": 5, "juror_minutes": 90, "keep_months": 24, "sample_percent": 10,
        "remind_days": 10,
    }  # fmt: skip
    return desk_rules.propose(
        figures=figures, four_eyes_above=eur(50), valid_from=ON, text="Voted", by=user("clara"), on=ON
    )


def confirm_desk_rules():
    newest = Decision.objects.filter(kind=desk_rules.KIND).latest("pk")
    if newest.state == Decision.State.PROPOSED:
        desk_rules.confirm(decision_id=newest.pk, by=user("cem"), on=ON)


REFUSED = [
    invite_jurors, submit("ada", 400, "a"),
    lambda: claims.refuse(claim_id=claim("a"), reason="CEILING", by=user("cem"), on=ON),
]  # fmt: skip


def withdraw_appeal():
    return appeals.withdraw(appeal_id=Appeal.objects.get().pk, by=member("ada").user_id)


def replace_silent_jurors():
    return appeals.replace_silent(appeal_id=Appeal.objects.get().pk, on=dt.date(2026, 12, 24))


def draw_sample():
    # The seed is the same each time here: sealed days hold the clock of the machine.
    sampling.seals = SimpleNamespace(chain_at=lambda book, before: "0" * 64)
    return sampling.draw(period=parse("2026-11"), on=dt.date(2026, 12, 1))


def read_again():
    return sampling.record(sample_id=Sample.objects.get().pk, verdict="FINE", by=user("carla"), on=dt.date(2026, 12, 2))


def another_officer():
    make_officer(Role.CLAIMS_OFFICER, "Carla")


def decline_certificate():
    newest = Certificate.objects.get(form_key="next")
    return schedule.decline(certificate_id=newest.pk, by=user("cem"), on=ON)


def end_agreement():
    return agreements.end(agreement_id=Agreement.objects.get().pk, by=user("tessa"), on=ON)


def propose_end_of_waiver():
    return waivers.propose_end(
        waiver_id=Waiver.objects.get().pk, until=dt.date(2026, 10, 20), text="She works again", by=user("tessa"), on=ON
    )


def propose_figure():
    return figures.propose(name="appeals.jurors", value=7, valid_from=ON, text="More voices", by=user("tessa"), on=ON)


def confirm_figure():
    newest = Decision.objects.filter(kind=figures.KIND).latest("pk")
    return figures.confirm(decision_id=newest.pk, by=user("theo"), on=ON)


def take_back_seat():
    return circles.take_back(member_id=member("dora").pk, by=member("dora").user_id)


def change_circle_level():
    return circles.change_level(member_id=member("bea").pk, place=1, by=member("bea").user_id, on=ON)


def cover():
    return covers.choose(fund_id=fund("parents"), member_id=member("ada").pk, since=ON, by=user("tessa"))


def change_fund():
    return funds.change(
        fund_id=fund(), name="Sick pay", description="When ill", promise="VARYING", target=eur(5000), floor=eur(100),
        by=user("tessa"),
    )  # fmt: skip


def open_third_fund():
    if not Fund.objects.filter(slug="tools").exists():
        funds.open_fund(name="Tools", description="", promise="GIFT", currency="EUR", target=None,
                        by=user("tessa"), on=ON)  # fmt: skip


def open_third_bank():
    if not BankAccount.objects.filter(slug="third").exists():
        banks.open_account(name="Third", iban="", bic="", currency="EUR", by=user("tessa"), on=ON)


def open_third_category():
    if not Category.objects.filter(slug="travel").exists():
        items.open_category(kind="COST", name="Travel", by=user("tessa"))


def note_balance():
    return banks.note_balance(bank_id=bank(), day=ON, amount=eur(4900), by=user("tessa"))


def open_once(slug) -> Step:
    return lambda: DuesPlan.objects.filter(slug=slug).exists() or open_levels()


def open_bands():
    rates = (dues.RateOf("Low", eur(20)), dues.RateOf("Standard", eur(45)))
    dues.open_plan(
        name="Bands", every="MONTH", amount=eur(45), shares=[(fund(), 1), (None, 1)], valid_from=dt.date(2025, 10, 1),
        days_to_pay=14, by=user("tessa"), basis="BAND", more=dues.More(rates=rates, by_day=True),
    )  # fmt: skip
    dues.put_on_plan(
        member_id=member("ada").pk, plan_id=DuesPlan.objects.get(slug="bands").pk, since=dt.date(2026, 11, 1),
        place=2, by=user("tessa"), on=ON,
    )  # fmt: skip


def declare_band():
    return bands.declare(member_id=member("ada").pk, place=1, by=member("ada").user_id, on=ON)


def draw_bands():
    plan = DuesPlan.objects.get(slug="bands")
    bands.secrets = SimpleNamespace(token_hex=lambda size: "0" * 2 * size)
    return bands.draw(plan_id=plan.pk, seed="Lotto 6 of 49", by=user("tessa"), on=dt.date(2026, 12, 2))


def answer_band():
    code = Check.objects.get().code
    return bands.answer(code=code, confirmed=False, by=user("clara"), on=dt.date(2026, 12, 3))


def change_step():
    return ladder.change_step(place=1, days=12, tone="PLAIN", by=user("tessa"))


def add_limitation():
    if not Limitation.objects.filter(country="LU").exists():
        limitation.add(
            country="LU", valid_from=dt.date(2000, 1, 1), years=5, begins="DUE", source="art. 2277 Code civil",
            by=user("tessa"),
        )  # fmt: skip


def check_limitation():
    rule = Limitation.objects.get(country="LU")
    return limitation.check(limitation_id=rule.pk, by=user("theo"), on=ON)


def settle_papers():
    return retention.settle(on=ON)


def change_limit():
    return limits.change(
        member_id=member("ada").pk, credit_limit=Money(300, "CREDIT"), maximum=Money(900, "CREDIT"), reason="Grows",
        by=user("tessa"), on=ON,
    )  # fmt: skip


def discard():
    if Invoice.objects.filter(form_key="i").exists():
        invoices.discard(invoice_id=invoice("i"), member_id=member("ada").pk)


def duplicate():
    return invoices.duplicate(invoice_id=invoice("i"), member_id=member("ada").pk, form_key="copy", on=ON)


SHORT = approved("ada", "1700.01", "a") + approved("bea", 900, "b")
"""More than the sickness fund's 2,000."""

WORKFLOWS = [
    Workflow("dues charged", [], [charge("2026-10")]),
    Workflow("dues charged, some paid ahead", [pay("ada", "300.10", "a"), pay("cleo", 100, "c")], [charge("2026-10")]),
    Workflow("dues changed, then charged", [pay("ada", 200, "a")], [change_plan, charge("2026-10")]),
    Workflow("payment recorded", [], [pay("ada", "61.03", "a"), pay("ada", "70.01", "b")]),
    Workflow("paid ahead", [pay("dora", 90, "a")], [pay("dora", 20, "b")]),
    Workflow("payment unplaced, placed", [], [pay(None, 100, "a"), place("a", "bea")]),
    Workflow("payment corrected", [pay("ada", "61.03", "a")], [correct("a", "bea", "58.97", "b")]),
    Workflow("payment withdrawn", [pay(None, 300, "a"), place("a", "cleo")], [withdraw("a")]),
    Workflow(
        "dues by the day, corrected",
        [by_the_day, charge("2026-10"), pay("dora", 200, "d"), left("dora", OCTOBER), left("cleo", SEPTEMBER)],
        [charge("2026-10")],
    ),
    Workflow("level changed", [by_the_day, charge("2026-11"), open_levels], [put_on_level]),
    Workflow(
        "waiver", [by_the_day, charge("2026-10"), pay("bea", 150, "b")], [propose_waiver, confirm(waivers.WAIVER)]
    ),
    Workflow("entry fee", [pay("ada", 100, "a"), open_entry], [charge_entry]),
    Workflow("circle founded", [], [found_kring]),
    Workflow("dues paid in work", [by_the_day, charge("2026-10")], [propose_work, confirm(work.WORK)]),
    Workflow("dues paid in work before they are charged", [by_the_day], [
        propose_work, confirm(work.WORK), charge("2026-10")
    ]),
    Workflow("credited payment withdrawn", [
        by_the_day, charge("2026-10"), pay("dora", 150, "d"), left("dora", dt.date(2026, 10, 10)), charge("2026-10")
    ], [withdraw("d")]),
    Workflow("reminders", [], [remind], everywhere=True),
    Workflow("agreement made, broken", [], [agree, lambda: agreements.review(on=ON)]),
    Workflow("buffer rule", [], [propose_buffer_rule, confirm(rules.BUFFER_RULE)]),
    Workflow(
        "buffers above their cap returned", [save, *(pay(name, 180, name, on=OCTOBER) for name in ("ada", "cleo"))],
        [return_buffers], everywhere=True,
    ),
    Workflow("opening balance", [], [lambda: propose_opening("second", 700), confirm(corrections.OPENING)]),
    Workflow("opening balance of a fund", [], [lambda: propose_opening("parents", 70), confirm(corrections.OPENING)]),
    Workflow("opening declined", [], [lambda: propose_opening("second", 700), decline_correction]),
    Workflow("refund", [pay("ada", 110, "a")], [propose_refund, confirm(corrections.REFUND)]),
    Workflow("write-off", [pay("bea", "12.34", "a")], [propose_write_off, confirm(corrections.WRITE_OFF)]),
    Workflow("debts written off whose time has run out", [], [propose_barred, confirm(corrections.BARRED)]),
    Workflow("reversal", [item("office", 80, "cost")], [propose_reversal, confirm(corrections.REVERSAL)]),
    Workflow("cost and income", [], [item("office", 80, "cost"), item("courses", "12.50", "income")]),
    Workflow("moved between banks", [], [move_between_banks]),
    Workflow("month locked and reopened", [], [lock_month, propose_reopening, confirm(corrections.REOPENING)]),
    Workflow("claim submitted, approved twice", [], approved("ada", "400.40", "a")),
    Workflow(
        "claims paid", approved("ada", 400, "a") + approved("bea", "55.55", "b"), [start_run(), pay_claims, tell_paid]
    ),
    Workflow("claims paid in part", SHORT, [start_run(), pay_claims]),
    Workflow(
        "bank file made, another account named", [*SHORT, start_run(), pay_claims],
        [name_accounts, make_bank_file, name_another],
    ),
    Workflow("claims paid from what came in since", [*SHORT, fill_fund], [start_run(), pay_claims]),
    Workflow("claim withdrawn in a pay run", [*SHORT, start_run()], [take_back("b", "bea"), pay_claims]),
    Workflow(
        "shortfall made up, told, paid by the bank",
        [*SHORT, start_run(), pay_claims, fill_fund, name_accounts],
        [propose_top_up, second(proposals.TOP_UP), tell_made_up, make_file_of_top_up],
    ),
    Workflow("fund lent", [], [propose_loan, second(proposals.LOAN), repay_early, repay_due]),
    Workflow("grant", [propose_hard_floor, second(proposals.FLOOR)], [propose_grant, second(proposals.GRANT)]),
    Workflow("fund's money given back", [], [propose_giving_back, second(proposals.GIVE_BACK)]),
    Workflow("circle opened", [*CIRCLE[:2], form_circle, fill_the_list], [form_circle, *CIRCLE[4:]]),
    Workflow(
        "circle closed, a claim carried on",
        [*CIRCLE, rest_has_left, *approved("bea", "180.01", "b"), give_gifts],
        [propose_closing_circle, second_closing, close_circle],
    ),
    Workflow(
        "gifts given, paid with the pool's part", [*CIRCLE, *approved("bea", "180.01", "b")],
        [give_gifts, start_run(), pay_claims],
    ),
    Workflow(
        "gifts taken back", [*CIRCLE, *approved("bea", 90, "b"), give_gifts], [take_back("b", "bea"), give_gifts]
    ),
    Workflow("premiums paid, circle left", CIRCLE, [pay_premiums, leave_circle, circles_turn]),
    Workflow("hard floor", [], [propose_hard_floor, second(proposals.FLOOR)]),
    Workflow(
        "claim withdrawn", approved("ada", 400, "a"),
        [lambda: claims.withdraw(claim_id=claim("a"), by=user("ada"), on=ON)],
    ),
    Workflow(
        "claim sent back, refused", [submit("ada", 400, "a"), propose("a", 300)],
        [
            lambda: claims.send_back(claim_id=claim("a"), by=user("cem"), on=ON),
            lambda: claims.refuse(claim_id=claim("a"), reason="No days", by=user("cem"), on=ON),
        ],
    ),
    Workflow("claim under rules", GOING_ON[:2], GOING_ON[2:]),
    Workflow(
        "claim that goes on, ends", GOING_ON,
        [add_files, hand_in_certificate, accept_certificate, confirm_certificate, get_well],
    ),
    Workflow(
        "month set aside", GOING_ON,
        [lambda: schedule.advance(claim_id=claim("g"), on=dt.date(2026, 12, 1))],
    ),
    Workflow(
        "appeal granted",
        REFUSED,
        [begin_appeal, file_appeal, answer_as_juror(0), answer_as_juror(1), answer_as_juror(2)],
    ),
    Workflow("appeal begun, withdrawn", REFUSED, [begin_appeal, file_appeal, withdraw_appeal]),
    Workflow("silent jurors replaced", [*REFUSED, begin_appeal, file_appeal], [replace_silent_jurors]),
    Workflow(
        "paid claim read again", [*approved("ada", 400, "a"), start_run(), pay_claims, another_officer],
        [draw_sample, read_again],
    ),
    Workflow("certificate declined", [*GOING_ON, hand_in_certificate], [decline_certificate]),
    Workflow("papers of a claim settled", REFUSED, [settle_papers]),
    Workflow("agreement ended", [agree], [end_agreement]),
    Workflow(
        "waiver ended",
        [by_the_day, charge("2026-10"), propose_waiver, confirm(waivers.WAIVER)],
        [propose_end_of_waiver, confirm(waivers.END)],
    ),
    Workflow("figure of the house", [], [propose_figure, confirm_figure]),
    Workflow(
        "seat taken back, level changed in a circle", [*CIRCLE, ask_for_seat("dora", 1)],
        [take_back_seat, change_circle_level, lambda: circles.take_effect(on=dt.date(2027, 1, 1))],
    ),
    Workflow(
        "level, dues and cover changed together", [*CIRCLE, fill_buffer_by_dues],
        [change_circle_level, lambda: circles.take_effect(on=dt.date(2027, 1, 1))],
    ),
    Workflow("seat taken on its day", [*CIRCLE, ask_for_seat("dora", 1)], [circles_turn]),
    Workflow("covered, fund changed", [propose_rules, adopt_rules], [cover, change_fund]),
    Workflow(
        "opened", [], [open_third_fund, open_third_bank, open_third_category, note_balance, open_once("levels")]
    ),
    Workflow("income band said, drawn, answered", [open_bands], [declare_band, draw_bands, answer_band]),
    Workflow("ladder and limitation", [], [change_step, add_limitation, check_limitation]),
    Workflow("credit limit changed", [], [change_limit]),
    Workflow("draft discarded", [draft("i")], [discard]),
    Workflow("invoice copied", [draft("i"), issue("i")], [duplicate]),
    Workflow("trade declined", [ask("t", 7, 45)], [take(trades.decline, "t", "ada")]),
    Workflow(
        "trade called off", [ask("t", 7, 45), take(trades.accept, "t", "ada")], [take(trades.cancel, "t", "bea")]
    ),
    Workflow("rules of the desk", [], [propose_desk_rules, confirm_desk_rules]),
    Workflow("charter", [], [propose_charter, second_adopts(opening.CHARTER, opening.adopt_charter)]),
    Workflow(
        "rules for the surplus", [],
        [propose_surplus_rules, second_adopts(surplus_rules.KIND, surplus_rules.adopt)],
    ),
    Workflow("year closed", EARNED, [propose_closing, confirm_closing]),
    Workflow("surplus allocated", CLOSED, [propose_allocation, confirm_allocation]),
    Workflow(
        "surplus shared and paid", [adopt_surplus_rules, *CLOSED],
        [propose_sharing, confirm_sharing, share_out, tell_parts, pay_parts(rest=False), pay_parts(rest=True)],
    ),
    Workflow(
        "surplus settled after leaving", [adopt_surplus_rules, *CLOSED, propose_sharing, confirm_sharing, share_out],
        [leave_and_redeem],
    ),
    Workflow("dues relief", [*CLOSED, propose_allocation, confirm_allocation], [relieve]),
    Workflow("invoice issued", [], [draft("i"), issue("i")]),
    Workflow("invoice paid, undone", [draft("i"), issue("i")], [receive("i", 100, "r"), undo_receipt("r")]),
    Workflow(
        "credit note, client refunded", [draft("i"), issue("i"), receive("i", "285.48", "r")],
        [credit("i", "n"), issue("n"), pay_back("i", "back")],
    ),
    Workflow("trade in credit", [], settled("t", "12.50", 0)),
    Workflow("trade in hours", [], settled("t", 0, 90)),
    Workflow("trade in both", [], settled("t", 7, 45)),
    Workflow(
        "trade undone", settled("t", 7, 45), [take(trades.undo, "t", "ada"), take(trades.undo, "t", "bea")]
    ),
    Workflow("leaving gift", settled("t", 7, 45), [give]),
    Workflow("left", [pay("dora", 90, "d")], [leave]),
]  # fmt: skip


# What the enumerator must find


def record_in_two_halves():
    """The money first, under a fresh number; the form's key in a second commit."""
    if Payment.objects.filter(form_key="two").exists():
        return
    main = BankAccount.objects.get(pk=bank())
    with transaction.atomic():
        number = next_number("P")
        from pooling import accounts

        journal.post(
            kind=Kind.PAYMENT_UNPLACED, key=f"payment/{number}/recorded", date=ON, recorded_by=None, document=number,
            transfers=[journal.move(eur(5), debit=main.account, credit=accounts.suspense("EUR"))],
        )  # fmt: skip
    with transaction.atomic():
        Payment.objects.create(
            number=number, form_key="two", bank=main, amount=eur(5), received_on=ON, reference="", recorded_by=1,
            status=Payment.Status.UNPLACED,
        )  # fmt: skip


def number_outside():
    """The number is taken in a transaction of its own: a crash leaves a gap."""
    if Item.objects.filter(form_key="gap").exists():
        return
    number = next_number("X")
    with transaction.atomic():
        Item.objects.create(
            number=number, form_key="gap", category=Category.objects.get(slug="office"), bank_id=bank(), amount=eur(5),
            booked_on=ON, text="", recorded_by=1,
        )  # fmt: skip


SEEDED = [
    Workflow("two halves", [], [record_in_two_halves]),
    Workflow("number outside", [], [number_outside]),
    Workflow("nothing wrong", [], [item("office", 5, "fine")]),
]

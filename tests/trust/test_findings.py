"""What a room's own audit looks for, each broken once behind every guard and then named (R-A2)."""

from __future__ import annotations

import ast
import datetime as dt
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from members.governance.models import Decision
from members.models import User
from mutual.ledger import audit
from mutual.money import Money
from mutual.periods import parse
from pooling import dues
from pooling.buffers import returns
from pooling.circles import circles, giving
from pooling.circles import terms as rules
from pooling.dunning import agreements
from pooling.payouts import paying, proposals
from pooling.surplus import years
from pooling.treasury import corrections
from tests.arena import CHECKOUT
from tests.conftest import cem, clara, make_member, make_members
from tests.invoicing.barter.test_trades import agreed, settle
from tests.invoicing.test_invoices import client_of, draft, issue
from tests.mutual.ledger.test_audit import unguarded
from tests.pooling.buffers.test_buffers import set_rule
from tests.pooling.circles.test_circles import fill, on_the_list, quiet, terms
from tests.pooling.claims.appeals.test_appeals import filed, vote
from tests.pooling.claims.test_claims import approved, claim
from tests.pooling.claims.test_claims import pay as pay_claims
from tests.pooling.easing.test_easing import grant, take
from tests.pooling.surplus.test_years import close
from tests.pooling.test_dues import ON, charge, coop, on_plan, pay
from tests.pooling.test_treasury import cost, start, theo_again

__all__ = ["coop"]
pytestmark = pytest.mark.django_db

BREAKS = {
    "open charges are what members owe": "UPDATE pooling_charge SET amount = amount + 1 WHERE amount > paid",
    "what is charged and not paid is deferred": "UPDATE pooling_charge SET written_off = 1 WHERE amount > paid",
    "a charge's paid part is its placements": "UPDATE pooling_placement SET amount = amount - 1",
    "suspense is what is not placed": "UPDATE pooling_payment SET amount = amount + 1 WHERE status = 'UNPLACED'",
    "no more is set aside than is approved and not paid": (
        "UPDATE claims_instalment SET amount_due = 1 WHERE state = 'APPROVED'"
    ),
    "credits are in the journal": "UPDATE pooling_credit SET open_part = open_part - 1 WHERE open_part > 0",
    "what credits gave up is not owed any more": (
        "UPDATE pooling_charge SET written_off = written_off - 1 WHERE written_off > 0"
    ),
    "an agreement's parts are what was open": "UPDATE dunning_part SET amount = amount + 1 WHERE place = 0",
    "a task takes the place of dues once": "UPDATE easing_workcredit SET period = '2026-01'",
    "waivers are as decided": "UPDATE easing_waiver SET percent = percent + 1",
    "returned buffers are in the journal": "UPDATE buffers_returned SET amount = amount - 1",
    "paid claims are in the journal": "UPDATE claims_instalment SET amount_paid = 1 WHERE state = 'PAID'",
    "closed claims have nothing set aside": "UPDATE claims_claim SET status = 'WITHDRAWN' WHERE status = 'APPROVED'",
    "circles have as many members as their seats say": "UPDATE circles_circle SET size = size - 1, state = 'SMALL'",
    "gifts sum to what the circle carried": "UPDATE circles_gift SET amount = amount + 1",
    "claims payable hold gifts that are not paid yet": (
        "UPDATE circles_carried SET returned_on = given_on WHERE instalment_id IN "
        "(SELECT id FROM claims_instalment WHERE state <> 'PAID')"
    ),
    "premiums are in the journal": "UPDATE circles_premium SET paid = paid - 1",
    "pay runs under way are covered": "UPDATE payouts_payout SET due = due + 9000, share = share + 9000",
    "pay runs paid what they say": "UPDATE payouts_payrun SET paid = paid - 1 WHERE state = 'PAID'",
    "what decisions made up later is listed": "UPDATE payouts_payout SET due = due + 1, topped_up = topped_up + 1",
    "what funds lent one another is in the journal": "UPDATE payouts_loan SET repaid = repaid + 1",
    "a decided appeal has its majority": "UPDATE appeals_appeal SET state = 'DISMISSED' WHERE state = 'GRANTED'",
    "allocations are in the journal": "UPDATE surplus_allocation SET amount = amount + 1",
    "members' parts are in the journal": (
        "UPDATE ledger_account SET code = 'liabilities:patronage:' || id WHERE starts_with(code, 'equity:fund:')"
    ),
    "what members were given is credited or waits": "UPDATE surplus_allocation SET purpose = 'MEMBERS'",
    "closed years stay closed": "UPDATE ledger_book SET closed_until = '2026-12-01' WHERE id = 1",
    "closed years leave no income or expense": (
        "UPDATE ledger_transfer SET booked_on = '2027-06-01' WHERE id IN "
        "(SELECT id FROM ledger_transfer WHERE kind = 40 LIMIT 1)"
    ),
    "invoice numbers have no gaps": "UPDATE invoicing_series SET last = last + 1",
    "receivables are the open invoices": "UPDATE invoicing_invoice SET paid = paid + 1 WHERE status = 'ISSUED'",
    "issued invoices are unchanged": "UPDATE invoicing_invoice SET digest = 'x' WHERE digest <> ''",
    "settled trades are in the barter book": "UPDATE barter_trade SET credit = credit + 1 WHERE status = 'SETTLED'",
}


@pytest.fixture
def lived(coop):
    """A little of everything, and all of it right."""
    start(coop)
    ada, bo = on_plan(make_member("Ada Byron"), coop), on_plan(make_member("Bo Ek"), coop)
    charge()
    pay(coop, ada, 20)
    pay(coop, None, 10, key="unplaced")
    save_and_return(coop, ada)
    ease(coop, bo)
    cost(coop, 10)
    cost(coop, 300, key="c2", kind="INCOME")
    filled = corrections.propose_opening(
        bank_id=None, fund_id=coop.sick.pk, amount=Money(600, "EUR"), day=ON, text="From before", by=coop.by, on=ON
    )
    corrections.confirm(decision_id=filled.pk, kind=corrections.OPENING, by=theo_again(), on=ON)
    from pooling.claims import claims

    first, second = clara().pk, cem().pk
    for key in ("paid", "waiting"):
        one = claim(coop, ada, 50, key=key)
        claims.propose(claim_id=one.pk, amount=Money(50, "EUR"), by=first, on=ON)
        claims.approve(claim_id=one.pk, by=second, on=ON)
        if key == "paid":
            pay_claims(coop)
    paying.start(fund_id=coop.sick.pk, bank_id=coop.bank.pk, seen=None, form_key="q" * 32, by=coop.by, on=ON)
    circle_with_gifts(coop)
    lent = proposals.propose_loan(
        lender_id=coop.sick.pk, borrower_id=coop.birth.pk, amount=Money(50, "EUR"), months=2,
        first_on=dt.date(2026, 12, 1), text="x", by=coop.by, on=ON,
    )  # fmt: skip
    proposals.confirm(decision_id=lent.pk, kind=proposals.LOAN, by=theo_again(), on=ON)
    for n in range(6):
        make_member(f"Juror{n} Nobody")
    lost = claims.refuse(claim_id=claim(coop, ada, 50, key="lost").pk, reason="CEILING", by=first, on=ON)
    vote(filed(lost), "GRANT", "GRANT", "GRANT")
    from invoicing.models import Issuer

    invoice = draft(ada, client=client_of(ada))
    Issuer.objects.filter(member=ada).update(tax_number="1")
    issue(invoice)
    settle(agreed(ada, bo))
    close(coop)
    part = years.Part("RESERVE", None, Money(5, "EUR"))
    later = dt.date(2027, 1, 20)
    voted = years.propose_allocation(parts=[part], text="Voted", ballot="Assembly", by=coop.by, on=later)
    years.confirm_allocation(decision_id=voted.pk, by=theo_again(), on=later)
    assert Decision.objects.filter(state="CONFIRMED").count() == 9
    assert not list(audit.findings())


def circle_with_gifts(coop):
    """Of twenty members two have something in their buffers: one carries a part of the other's claim, which waits to be
    paid, and both pay their premium."""
    wanted = rules.Wanted(levels=[(5000, 10000)], claim_retention=2000, premium_points=1000)
    terms(coop, wanted, on=dt.date(2026, 10, 1))
    circle = circles.form(name="Linden", fund_id=coop.sick.pk, by=coop.by, on=dt.date(2026, 10, 1))
    on_the_list(circle, quiet(18))
    for member in make_members("Gro X", "Hal X"):
        on_the_list(circle, [member])
        fill(coop, member, 50)
    circles.open_circle(circle_id=circle.pk, by=coop.by, on=dt.date(2026, 10, 1))
    first, second = User.objects.get(email="clara@example.org"), User.objects.get(email="cem@example.org")
    approved(coop, member, 30, by=(first.pk, second.pk), key="hal")
    giving.give(on=ON, by=None)
    giving.pay_premiums(period=parse("2026-11"), by=None, on=ON)


def ease(coop, member):
    """Bo's dues: half of them not asked, a month worked off, the rest in parts."""
    dues.change_plan(
        plan_id=coop.plan.pk, amount=Money(45, "EUR"), valid_from=dt.date(2026, 1, 3), days_to_pay=14, by=coop.by,
        shares=[(coop.sick.pk, 1)], more=dues.More(by_day=True, in_work=True),
    )  # fmt: skip
    charge(parse("2026-08"))
    grant(coop, member, since="2026-11-01", percent=50)
    take(coop, member, period=parse("2026-08"))
    agreements.make(member_id=member.pk, parts=2, first_on=dt.date(2026, 12, 15), form_key="parts", by=coop.by, on=ON)


def save_and_return(coop, member):
    """Ada's dues fill a buffer past its cap, and what is too much goes back."""
    dues.change_plan(
        plan_id=coop.plan.pk, amount=Money(45, "EUR"), valid_from=dt.date(2026, 1, 2), days_to_pay=14, by=coop.by,
        shares=[dues.ShareOf(coop.sick.pk, 20, buffer=True), (coop.birth.pk, 25)],
    )  # fmt: skip
    set_rule(coop, deposits=1, month=10, return_after=1)
    for label in ("2026-09", "2026-10"):
        charge(parse(label))
    pay(coop, member, 90 + 25, key="saved", on=dt.date(2026, 10, 5))
    assert returns.run(fund_id=coop.sick.pk, on=ON, by=None).done == 1


def named_in_the_code() -> set[str]:
    """The first argument of every finding a room makes, and the first item of every row of its checks."""
    found = set()
    for room in settings.MUTUAL_ROOMS:
        tree = ast.parse((CHECKOUT / Path(*room.split("."))).with_suffix(".py").read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Finding"):
                said = node.args[0]
                found |= {said.value} if isinstance(said, ast.Constant) else set()
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_CHECKS":
                assert isinstance(node.value, ast.Tuple)
                found |= {row.elts[0].value for row in node.value.elts}  # type: ignore[attr-defined]
    return found


class TestFindings:
    def test_name_what_was_broken(self, lived):
        """One after the other, each undone before the next."""
        missed = []
        for rule, change in BREAKS.items():
            broken = transaction.savepoint()
            unguarded(change)
            if rule not in {finding.rule for finding in audit.findings()}:
                missed.append(rule)
            transaction.savepoint_rollback(broken)
        assert not missed
        assert not list(audit.findings())

    def test_each_have_a_break(self):
        assert set(BREAKS) == named_in_the_code()

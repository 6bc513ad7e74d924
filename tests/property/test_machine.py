"""G3: dues, payments, claims, costs and barter in any order, beside a model that knows only sums.

The model is plain integers. After every step each balance is compared with it; a refusal must have changed nothing; in
the end the audit must find nothing.
"""

from __future__ import annotations

import datetime as dt
import os

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from invoicing.barter import accounts as barter_accounts
from invoicing.barter import limits, trades
from invoicing.barter.models import Trade
from mutual.ledger import audit, balances
from mutual.money import from_minor, minor
from mutual.periods import parse
from pooling import accounts, dues, funds, payments, setting_aside
from pooling.claims import claims
from pooling.payouts import paying
from pooling.treasury import banks, corrections, items
from tests.conftest import cem, clara, make_member, tessa, theo

pytestmark = pytest.mark.django_db
ON = dt.date(2026, 11, 10)
FIRST = dt.date(2026, 1, 1)
MONTHS = [f"2026-{month:02}" for month in range(1, 12)]
WHO = st.integers(0, 2)
LIMITS = {"CREDIT": 100, "HOUR": 60}
"""How far a member may owe, in minor units; she may hold twice that."""
CENTS = st.one_of(st.integers(1, 200), st.integers(1, 20_000))


def euros(cents):
    return from_minor(cents, "EUR")


class Cooperative(RuleBasedStateMachine):
    """Three members, two funds, a bank; what happens is drawn."""

    def __init__(self):
        super().__init__()
        # Each history in a transaction of its own that counts as the test's, so that use cases may be durable in it.
        self.history = transaction.atomic()
        self.history._from_testcase = True
        self.history.__enter__()
        self.steps = 0

    def teardown(self):
        if hasattr(self, "trades"):
            SEEN.update(state for *_, state in [*self.asked, *self.trades])
        try:
            assert not list(audit.findings(with_seals=False))
        finally:
            transaction.set_rollback(True)
            self.history.__exit__(None, None, None)

    @initialize()
    def begin(self):
        self.by, self.second = tessa().pk, theo().pk
        self.officers = clara().pk, cem().pk
        self.members = [make_member(f"{name} X") for name in ("Ada", "Bo", "Cleo")]
        self.sick, other = (
            funds.open_fund(name=name, description="", promise="GUARANTEED", currency="EUR", target=None, by=self.by,
                            on=FIRST)
            for name in ("Sickness", "Parents")
        )  # fmt: skip
        self.funds = [self.sick, other]
        self.account = banks.open_account(name="Main", iban="", bic="", currency="EUR", by=self.by, on=FIRST)
        plan = dues.open_plan(
            name="Standard", every="MONTH", amount=euros(4501), valid_from=FIRST, days_to_pay=14, by=self.by,
            shares=[(self.sick.pk, 3), (other.pk, 2), (None, 1)],
        )  # fmt: skip
        for member in self.members:
            dues.put_on_plan(member_id=member.pk, plan_id=plan.pk, since=FIRST, by=self.by)
            for unit, limit in LIMITS.items():
                limits.change(
                    member_id=member.pk, credit_limit=from_minor(limit, unit), maximum=from_minor(2 * limit, unit),
                    reason="x", by=self.by, on=ON,
                )  # fmt: skip
        for bank_id, fund_id in ((self.account.pk, None), (None, self.sick.pk)):
            opening = corrections.propose_opening(
                bank_id=bank_id, fund_id=fund_id, amount=euros(10_000), day=FIRST, text="x", by=self.by, on=ON
            )
            corrections.confirm(decision_id=opening.pk, kind=corrections.OPENING, by=self.second, on=ON)
        self.categories = {
            kind: items.open_category(kind=kind, name=kind.title(), by=self.by) for kind in ("COST", "INCOME")
        }
        self.bank, self.result, self.pool = 10_000, 0, 10_000
        self.months = 0
        self.open = [[] for _ in self.members]  # what is open of each charge, oldest first
        self.ahead = [0, 0, 0]
        self.paid = []  # payments: (id, who, [(charge, part)], left over)
        self.aside = 0
        self.asked = []  # claims: [id, who, cents, state]
        self.held = {"CREDIT": [0, 0, 0], "HOUR": [0, 0, 0]}
        self.trades = []  # [id, provider, receiver, credit, minutes, state]
        self.keys = 0

    def key(self):
        self.keys += 1
        return f"{self.keys:032x}"

    # Dues

    @precondition(lambda self: self.months < len(MONTHS))
    @rule()
    def charge(self):
        dues.charge_period(period=parse(MONTHS[self.months]), on=ON, by=None)
        self.months += 1
        for who, charges in enumerate(self.open):
            used = min(self.ahead[who], 4501)
            self.ahead[who] -= used
            self.pool += used
            charges.append(4501 - used)

    @precondition(lambda self: self.months)
    @rule()
    def charge_again(self):
        dues.charge_period(period=parse(MONTHS[self.months - 1]), on=ON, by=None)

    @rule(who=WHO, cents=CENTS, twice=st.booleans())
    def pay(self, who, cents, twice):
        sent = {
            "member_id": self.members[who].pk, "bank_id": self.account.pk, "amount": euros(cents), "received_on": ON,
            "reference": "", "form_key": self.key(), "by": self.by,
        }  # fmt: skip
        payment = payments.record(**sent)
        if twice:
            assert payments.record(**sent) == payment
        self.bank += cents
        parts, left = [], cents
        for place, still in enumerate(self.open[who]):
            now = min(left, still)
            if now:
                parts.append((place, now))
                self.open[who][place] -= now
                left -= now
        self.ahead[who] += left
        self.pool += cents - left
        self.paid.append((payment.pk, who, parts, left))

    @precondition(lambda self: self.paid)
    @rule(data=st.data())
    def withdraw_payment(self, data):
        chosen = data.draw(st.sampled_from(self.paid))
        pk, who, parts, left = chosen
        whole = sum(part for _, part in parts) + left
        try:
            payments.withdraw(payment_id=pk, by=self.by, on=ON)
        except payments.NotPossibleNow:
            # What it left ahead is used, or claims and costs have spent it.
            assert left > self.ahead[who] or whole > self.bank or self.spent()
            return
        assert left <= self.ahead[who]
        self.paid.remove(chosen)
        self.bank -= whole
        self.ahead[who] -= left
        self.pool -= whole - left
        for place, part in parts:
            self.open[who][place] += part

    def spent(self):
        return any(state in ("APPROVED", "PAID") for *_, state in self.asked)

    # The cooperative's own money

    @rule(cents=CENTS, kind=st.sampled_from(["COST", "INCOME"]))
    def item(self, cents, kind):
        try:
            items.record(
                category_id=self.categories[kind].pk, bank_id=self.account.pk, amount=euros(cents), booked_on=ON,
                text="", voucher="", form_key=self.key(), by=self.by,
            )  # fmt: skip
        except items.NotEnough:
            assert (kind, cents > self.bank) == ("COST", True)
            return
        signed = cents if kind == "INCOME" else -cents
        self.bank += signed
        self.result += signed
        assert self.bank >= 0

    # Claims

    @rule(
        who=WHO,
        cents=CENTS,
        steps=st.sampled_from([(), ("propose",), ("propose", "approve"), ("propose", "approve")]),
    )
    def claim(self, who, cents, steps):
        one = claims.submit(
            member_id=self.members[who].pk, fund_id=self.sick.pk, occasion="ILLNESS", first_day=ON, last_day=ON,
            amount=euros(cents), form_key=self.key(), by=self.members[who].user_id, on=ON,
        )  # fmt: skip
        self.asked.append([one.pk, who, cents, "SUBMITTED"])
        for officer, step in enumerate(steps):
            self._decide(self.asked[-1], step, officer % 2)

    @precondition(lambda self: self.asked)
    @rule(
        data=st.data(), step=st.sampled_from(["propose", "approve", "refuse", "withdraw"]),
        officer=st.integers(0, 1),
    )  # fmt: skip
    def decide(self, data, step, officer):
        self._decide(data.draw(st.sampled_from(self.asked)), step, officer)

    def _decide(self, one, step, officer):
        pk, who, cents, state = one
        by = self.officers[officer]
        there = minor(balances.of(self.sick.account))
        ways = {
            "propose": lambda: claims.propose(claim_id=pk, amount=euros(cents), by=by, on=ON),
            "approve": lambda: claims.approve(claim_id=pk, by=by, on=ON),
            "refuse": lambda: claims.refuse(claim_id=pk, reason="UNCLEAR", by=by, on=ON),
            "withdraw": lambda: claims.withdraw(claim_id=pk, by=self.members[who].user_id, on=ON),
        }
        try:
            after = ways[step]().status
        except claims.FundExhausted:
            assert cents > there
            return
        except (claims.AlreadyDecided, claims.SameOfficer):
            return
        if after == state:
            return
        one[3] = str(after)
        match state, one[3]:
            case ("PROPOSED", "APPROVED"):
                assert cents <= there
                self.pool -= cents
                self.aside += cents
            case ("APPROVED", "WITHDRAWN"):
                self.aside -= cents
                self.pool += cents
            case ("SUBMITTED", "PROPOSED") | ("SUBMITTED" | "PROPOSED", "REFUSED" | "WITHDRAWN"):
                pass
            case impossible:
                raise AssertionError(impossible)

    @rule()
    def pay_run(self):
        try:
            run = paying.start(
                fund_id=self.sick.pk, bank_id=self.account.pk, seen=None, form_key=self.key(), by=self.by, on=ON
            )
        except paying.NothingToPay:
            assert not self.aside
            return
        except paying.BankExhausted:
            assert self.aside > self.bank
            return
        paying.pay(number=run.number, by=self.by, chunk=2)
        # A guaranteed fund has set everything aside, so its index is one.
        assert run.is_whole
        self.bank -= self.aside
        self.aside = 0
        for one in self.asked:
            if one[3] == "APPROVED":
                one[3] = "PAID"

    # Barter

    @rule(provider=WHO, receiver=WHO, credit=st.integers(0, 110), minutes=st.integers(0, 80), far=st.integers(0, 2))
    def ask(self, provider, receiver, credit, minutes, far):
        asking = self.members[receiver]
        try:
            trade = trades.request(
                asked_by=asking.pk, provider=self.members[provider].pk, receiver=asking.pk, title="Proofs", text="",
                credit=from_minor(credit, "CREDIT"), minutes=minutes, form_key=self.key(), by=asking.user_id, on=ON,
            )  # fmt: skip
        except trades.WithOneself:
            assert provider == receiver
        except trades.CostsNothing:
            assert credit == minutes == 0
        else:
            self.trades.append([trade.pk, provider, receiver, credit, minutes, "REQUESTED"])
            for step, side in (("accept", 1), ("settle", 2))[:far]:
                self._trade(self.trades[-1], step, side)

    @precondition(lambda self: self.trades)
    @rule(data=st.data(), step=st.sampled_from(["accept", "accept", "settle", "settle", "undo", "cancel"]),
          side=st.sampled_from([1, 2]))  # fmt: skip
    def trade(self, data, step, side):
        self._trade(data.draw(st.sampled_from(self.trades)), step, side)

    def _trade(self, one, step, side):
        pk, provider, receiver, credit, minutes, state = one
        member = self.members[one[side]]
        try:
            after = getattr(trades, step)(trade_id=pk, member_id=member.pk, by=member.user_id, on=ON).status
        except trades.LimitExceeded:
            sign = -1 if step == "undo" else 1
            assert any(
                not -limit <= self.held[unit][who] + way * moved <= 2 * limit
                for unit, moved, limit in (("CREDIT", credit, LIMITS["CREDIT"]), ("HOUR", minutes, LIMITS["HOUR"]))
                for who, way in ((provider, sign), (receiver, -sign))
                if moved
            )
            return
        except (trades.NotNow, trades.NotYours):
            return
        one[5] = str(after)
        if (state, one[5]) in {("ACCEPTED", "SETTLED"), ("DELIVERED", "SETTLED"), ("SETTLED", "REVERSED")}:
            sign = 1 if one[5] == "SETTLED" else -1
            for unit, moved in (("CREDIT", credit), ("HOUR", minutes)):
                self.held[unit][provider] += sign * moved
                self.held[unit][receiver] -= sign * moved
        else:
            assert "SETTLED" not in (state, one[5]) or state == one[5], (state, one[5])

    # What must hold after every step

    @invariant()
    def holds(self):
        if not hasattr(self, "trades"):
            return
        for who, member in enumerate(self.members):
            wanted = {
                "receivable": sum(self.open[who]), "deferred": sum(self.open[who]), "prepayments": self.ahead[who],
                "claims_payable": 0,
            }  # fmt: skip
            found = {sort: minor(balances.of(accounts.of_member(sort, member.number, "EUR"))) for sort in wanted}
            assert found == wanted
            for unit, held in self.held.items():
                assert minor(barter_accounts.holding(member.number, unit).balance) == held[who]
        assert minor(balances.of(self.account.account)) == self.bank >= 0
        assert minor(setting_aside.held(self.sick)) == self.aside
        shared = sum(minor(balances.of(fund.account)) for fund in self.funds)
        shared += minor(balances.of(accounts.running_costs("EUR")))
        assert shared == self.pool
        self.steps += 1
        if self.steps % 10 == 0:
            assert not list(audit.findings(with_seals=False))


def run(examples, steps, *, always_the_same=True):
    assert connection.in_atomic_block
    run_state_machine_as_test(
        Cooperative,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck),
            print_blob=not always_the_same, derandomize=always_the_same, phases=(Phase.explicit, Phase.generate),
        ),
    )  # fmt: skip


SEEN: set[str] = set()
"""The states that claims and trades reached, so that a machine that never gets anywhere is noticed."""


def a_cent_less(*, amount, really=setting_aside.set_aside, **said):
    return really(amount=max(amount - euros(1), euros(0)), **said)


BOTH = Trade.amounts.fget

MUTATIONS = {
    "a payment withdrawn only says so": (payments, "withdraw", lambda **said: None),
    "a cent too little is set aside": (setting_aside, "set_aside", a_cent_less),
    "a trade for both moves no hours": (Trade, "amounts", property(lambda trade: BOTH(trade)[:1])),
}


class TestCooperative:
    def test_agrees_with_the_model_after_every_step(self):
        SEEN.clear()
        run(examples=12, steps=30)
        assert {"APPROVED", "PAID", "SETTLED"} <= SEEN, SEEN

    @pytest.mark.parametrize("wrong", MUTATIONS)
    def test_notices_what_goes_wrong(self, monkeypatch, wrong):
        """The controls: each of these once, and nothing else."""
        where, name, changed = MUTATIONS[wrong]
        monkeypatch.setattr(where, name, changed)
        with pytest.raises(AssertionError):
            run(examples=12, steps=30)

    @pytest.mark.soak
    def test_agrees_for_a_long_time(self):
        run(examples=int(os.environ.get("SOAK_EXAMPLES", "400")), steps=50, always_the_same=False)

"""R-A3: rules over what a fund holds and what others decide at the same time; each with its lock taken away as well.

A fund's floor is kept twice: by the fund's lock, which a refusal needs, and by the ledger, which lets no account pass
its limit. Where the lock is what is tried, the ledger's wall is taken away first.
"""

from __future__ import annotations

import json

import pytest

from tests.arena import Arena

pytestmark = pytest.mark.xdist_group("arena")

START = """
    import json, time
    from django.db import transaction
    from pooling import accounts, funds, setting_aside
    from pooling.claims import claims
    from pooling.models import Fund
    from pooling.payouts import proposals
    from pooling.treasury import banks
    by, other, first, second = tessa().pk, theo().pk, clara().pk, cem().pk
    bank = banks.open_account(name="Main", iban="", bic="", currency="EUR", by=by, on=ON)
    lock = setting_aside.lock

    def post(key, amount, debit, credit):
        journal.post(kind=Kind.OPENING_BALANCE, key=key, date=ON, recorded_by=None,
                     transfers=[journal.move(amount, debit=debit, credit=credit)])

    def filled(name, promise, *, locked, walled=True):
        "A fund that holds 1,000 of the bank's, with its protections."
        fund = funds.open_fund(name=name, description="", promise=promise, currency="EUR", target=None, by=by, on=ON)
        post(f"{name}/bank", Money(1000, "EUR"), bank.account, accounts.opening("EUR"))
        post(f"{name}/fund", Money(1000, "EUR"), accounts.opening("EUR"), fund.account)
        setting_aside.lock = lock if locked else lambda fund: None
        if not walled:
            chart.set_limits(fund.account, amount_min=None, amount_max=None)
        return Fund.objects.select_related("account__currency").get(pk=fund.pk)

    def slowed(function):
        "What looks, and is given the time to be overtaken."
        def slow(*arguments):
            found = function(*arguments)
            time.sleep(0.1)
            return found
        return slow
"""

GRANTS = (
    START
    + """
    proposals._may_leave = slowed(proposals._may_leave)
    def four(locked):
        fund = filled(f"Grants-{locked}", "VARYING", locked=locked)
        floor = proposals.propose_hard_floor(fund_id=fund.pk, amount=Money(700, "EUR"), text="x", by=by, on=ON)
        proposals.confirm(decision_id=floor.pk, kind=floor.kind, by=other, on=ON)
        grants = [proposals.propose_grant(fund_id=fund.pk, bank_id=bank.pk, amount=Money(200, "EUR"), text=f"G{n}",
                                          by=by, on=ON) for n in range(4)]
        def work(n):
            try:
                proposals.confirm(decision_id=grants[n].pk, kind=proposals.GRANT, by=other, on=ON)
            except proposals.BelowHardFloor:
                return 0
            return 1
        return sum(together(4, work)), balances.raw(fund.account)
    print(json.dumps([four(True), four(False), len(list(audit.findings()))]))
"""
)

APPROVALS = (
    START
    + """
    setting_aside.room = slowed(setting_aside.room)
    def four(locked, walled):
        fund = filled(f"Approvals-{locked}-{walled}", "GUARANTEED", locked=locked, walled=walled)
        ids = []
        for n in range(4):
            member = make_member(f"M{n} X", email=f"{n}-{fund.slug}@example.org")
            one = claims.submit(member_id=member.pk, fund_id=fund.pk, occasion="ILLNESS", first_day=ON, last_day=ON,
                                amount=Money(600, "EUR"), form_key=f"{fund.pk}/{n}", by=member.user_id, on=ON)
            ids.append(claims.propose(claim_id=one.pk, amount=Money(600, "EUR"), by=first, on=ON).pk)
        def work(n):
            try:
                claims.approve(claim_id=ids[n], by=second, on=ON)
            except claims.FundExhausted:
                return "refused"
            except journal.BalanceOutOfRange:
                return "wall"
            return "approved"
        said = together(4, work)
        return *(said.count(word) for word in ("approved", "refused", "wall")), balances.raw(fund.account)
    print(json.dumps([four(True, False), four(False, False), four(False, True), len(list(audit.findings()))]))
"""
)

WITHDRAWALS = (
    START
    + """
    def pairs(locked, rounds):
        "Two withdrawals of 600 at once, so many times over: how often both went, and what the fund holds in the end."
        fund = filled(f"Pairs-{locked}-{rounds}", "GUARANTEED", locked=locked, walled=False)
        pot, step, both = accounts.benefits(fund.slug, "EUR"), threading.Barrier(2), []
        def withdraw(key):
            mine = Fund.objects.select_related("account__currency").get(pk=fund.pk)
            try:
                with transaction.atomic():
                    setting_aside.set_aside(fund=mine, amount=Money(600, "EUR"), key=key, document="", by=None, on=ON)
            except setting_aside.FundExhausted:
                pass
        def work(n):
            with connection.cursor() as cursor:
                cursor.execute("SET synchronous_commit = off")
            for round in range(rounds):
                step.wait()
                withdraw(f"{fund.slug}/{round}/{n}")
                step.wait()
                if n == 0:
                    taken = -balances.raw(pot)
                    both.append(taken == 120_000)
                    assert taken in (60_000, 120_000)
                    post(f"{fund.slug}/{round}/back", Money(taken // 100, "EUR"), pot, fund.account)
        together(2, work)
        return sum(both), balances.raw(fund.account)
    print(json.dumps([pairs(True, ROUNDS), pairs(False, 100), len(list(audit.findings()))]))
"""
)


def answers(code):
    arena = Arena()
    try:
        return json.loads(arena.answer(code))
    finally:
        arena.drop()


def test_one_of_four_grants_leaves_a_hard_floor_and_more_without_the_lock():
    locked, (went, held), findings = answers(GRANTS)
    assert locked == [1, -80_000]
    assert went > 1
    assert held > -70_000
    assert findings == 0


def test_four_approvals_promise_the_same_money_once_and_more_without_the_lock():
    """Without the lock the ledger's wall still holds: nothing is promised twice, but nobody is told in a sentence."""
    locked, (approved, _refused, _wall, held), walled, _findings = answers(APPROVALS)
    assert locked == [1, 3, 0, -40_000]
    assert approved > 1
    assert held > 0
    assert walled == [1, 0, 3, -40_000]


@pytest.mark.parametrize("rounds", [100, pytest.param(5000, marks=pytest.mark.soak)])
def test_two_withdrawals_never_pass_a_floor_together_and_do_without_the_lock(rounds):
    locked, (both, _held), findings = answers(WITHDRAWALS.replace("ROUNDS", str(rounds)))
    assert locked == [0, -100_000]
    assert both > 0
    assert findings == 0

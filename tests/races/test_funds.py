"""R-A3: rules over what a fund holds and what others decide at the same time; each with its lock taken away as well."""

from __future__ import annotations

import pytest

from tests.arena import Arena

pytestmark = pytest.mark.xdist_group("arena")

START = """
    import time
    from members.models import User
    from pooling import accounts, funds, setting_aside
    from pooling.models import Fund
    from pooling.payouts import proposals
    from pooling.treasury import banks
    locked = {locked}
    by, other = tessa().pk, theo().pk
    fund = funds.open_fund(name="Sickness", description="", promise="VARYING", currency="EUR", target=None, by=by,
                           on=ON)
    bank = banks.open_account(name="Main", iban="", bic="", currency="EUR", by=by, on=ON)
    start = accounts.opening("EUR")
    for key, debit, credit in (("bank", bank.account, start), ("fund", start, fund.account)):
        journal.post(kind=Kind.OPENING_BALANCE, key=f"race/{{key}}", date=ON, recorded_by=None,
                     transfers=[journal.move(Money(1000, "EUR"), debit=debit, credit=credit)])
    if not locked:
        setting_aside.lock = lambda fund: None
"""

GRANTS = (
    START
    + """
    floor = proposals.propose_hard_floor(fund_id=fund.pk, amount=Money(700, "EUR"), text="x", by=by, on=ON)
    proposals.confirm(decision_id=floor.pk, kind=floor.kind, by=other, on=ON)
    grants = [proposals.propose_grant(fund_id=fund.pk, bank_id=bank.pk, amount=Money(200, "EUR"), text=f"G{{n}}", by=by,
                                      on=ON) for n in range(4)]
    really = proposals._may_leave
    def slowly(fund, amount):
        really(fund, amount)
        time.sleep(0.2)
    proposals._may_leave = slowly
    def work(n):
        try:
            proposals.confirm(decision_id=grants[n].pk, kind=proposals.GRANT, by=other, on=ON)
        except proposals.BelowHardFloor:
            return 0
        return 1
    print(sum(together(4, work)), balances.raw(fund.account), len(list(audit.findings())))
"""
)

APPROVALS = (
    START
    + """
    from pooling.claims import claims
    first, second = clara().pk, cem().pk
    Fund.objects.update(promise="GUARANTEED")
    ids = []
    for n in range(4):
        member = make_member(f"M{{n}} X")
        one = claims.submit(member_id=member.pk, fund_id=fund.pk, occasion="ILLNESS", first_day=ON, last_day=ON,
                            amount=Money(600, "EUR"), form_key=f"k{{n}}", by=member.user_id, on=ON)
        claims.propose(claim_id=one.pk, amount=Money(600, "EUR"), by=first, on=ON)
        ids.append(one.pk)
    def work(n):
        try:
            claims.approve(claim_id=ids[n], by=second, on=ON)
        except claims.FundExhausted:
            return 0
        return 1
    print(sum(together(4, work)), balances.raw(fund.account), len(list(audit.findings())))
"""
)


def answer(code, locked):
    arena = Arena()
    try:
        return arena.answer(code.format(locked=locked))
    finally:
        arena.drop()


class TestHardFloor:
    def test_lets_one_of_four_grants_go(self):
        assert answer(GRANTS, locked=True) == "1 -80000 0"

    def test_is_passed_without_the_lock(self):
        done, held, _findings = map(int, answer(GRANTS, locked=False).split())
        assert done > 1
        assert held > -70000


class TestApprovals:
    def test_promise_the_same_money_once(self):
        assert answer(APPROVALS, locked=True) == "1 -40000 0"

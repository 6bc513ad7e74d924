"""R-B8: twenty at once make one bank file; without the lock they run into one another."""

from __future__ import annotations

import pytest

from tests.arena import Arena

pytestmark = pytest.mark.xdist_group("arena")

MAKE = """
    import datetime as dt
    import time
    from django.db import IntegrityError
    from members import payout
    from pooling import accounts, funds
    from pooling.claims import claims
    from pooling.payouts import bank_files, pain, paying
    from pooling.payouts.models import BankFile, PayRun
    from pooling.treasury import banks
    by, first, second = tessa().pk, clara().pk, cem().pk
    fund = funds.open_fund(name="Sickness", description="", promise="VARYING", currency="EUR", target=None, by=by,
                           on=ON)
    bank = banks.open_account(name="Main", iban="DE02120300000000202051", bic="BYLADEM1001", currency="EUR", by=by,
                              on=ON)
    start = accounts.opening("EUR")
    for key, debit, credit in (("bank", bank.account, start), ("fund", start, fund.account)):
        journal.post(kind=Kind.OPENING_BALANCE, key=f"race/{{key}}", date=ON, recorded_by=None,
                     transfers=[journal.move(Money(1000, "EUR"), debit=debit, credit=credit)])
    member = make_member("Ada X")
    payout.name_account(member_id=member.pk, iban="NL91ABNA0417164300", holder="Ada X", second_factor=True,
                        by=member.user_id, on=ON)
    one = claims.submit(member_id=member.pk, fund_id=fund.pk, occasion="ILLNESS", first_day=ON, last_day=ON,
                        amount=Money(600, "EUR"), form_key="k", by=member.user_id, on=ON)
    claims.propose(claim_id=one.pk, amount=Money(600, "EUR"), by=first, on=ON)
    claims.approve(claim_id=one.pk, by=second, on=ON)
    run = paying.start(fund_id=fund.pk, bank_id=bank.pk, seen=None, form_key="r", by=by, on=ON)
    paying.pay(number=run.number, by=by)
    really = pain.build
    def slowly(order):
        time.sleep(0.1)
        return really(order)
    pain.build = slowly
    if not {locked}:
        fetched = PayRun.objects.select_related("fund", "bank__account__currency")
        bank_files._lock = lambda run_id: fetched.get(pk=run_id)
    def work(n):
        try:
            file = bank_files.make(run_id=run.pk, by=by, at=dt.datetime(2026, 11, 10, 9, n, tzinfo=dt.UTC))
        except IntegrityError:
            return 1
        return 0
    failed = sum(together(20, work))
    print(failed, BankFile.objects.count(), BankFile.objects.get().number, len(list(audit.findings())))
"""


def answer(locked: bool) -> str:
    arena = Arena()
    try:
        return arena.answer(MAKE.format(locked=locked))
    finally:
        arena.drop()


class TestMake:
    def test_makes_one_file_for_twenty(self):
        assert answer(locked=True) == "0 1 SF-000001 0"

    def test_fails_for_some_without_the_lock(self):
        """The table's own key then keeps it to one file, and the others see an error instead of the file."""
        failed, files, number, _findings = answer(locked=False).split()
        assert int(failed) > 0
        assert (files, number) == ("1", "SF-000001")

"""Who pays while everybody is charged: neither waits for the other in a circle (R-A4)."""

from __future__ import annotations

import pytest

from tests.arena import Arena

pytestmark = pytest.mark.xdist_group("arena")

CODE = """
    import time
    from django.db import OperationalError, transaction
    from mutual.periods import parse
    from pooling import dues, funds, payments, placing
    from pooling.treasury import banks
    by, first = tessa().pk, dt.date(2026, 1, 1)
    fund = funds.open_fund(name="Sickness", description="", promise="VARYING", currency="EUR", target=None, by=by,
                           on=first)
    bank = banks.open_account(name="Main", iban="", bic="", currency="EUR", by=by, on=first)
    plan = dues.open_plan(name="Standard", every="MONTH", amount=Money(45, "EUR"), shares=[(fund.pk, 1)],
                          valid_from=first, days_to_pay=14, by=by)
    ada = make_member("Ada Byron")
    dues.put_on_plan(member_id=ada.pk, plan_id=plan.pk, since=first, by=by)
    def pay(amount, key):
        payments.record(member_id=ada.pk, bank_id=bank.pk, amount=Money(amount, "EUR"), received_on=ON, reference="",
                        form_key=key, by=by)
    # She owes for October and has paid ahead all the same: a payment was taken back.
    dues.charge_period(period=parse("2026-10"), on=ON, by=None)
    pay(45, "october")
    pay(20, "ahead")
    payments.withdraw(payment_id=payments.Payment.objects.get(form_key="october").pk, by=by, on=ON)
    really_place, really_charge, really_spend = placing.place, dues._charge_chunk, dues._spend_chunk
    def place(*arguments):
        time.sleep(0.5)
        return really_place(*arguments)
    def charge(**chunk):
        try:
            return really_charge(**chunk)
        finally:
            time.sleep(1)
    placing.place, dues._charge_chunk = place, charge
    if {together}:
        def both(**chunk):
            with transaction.atomic():
                done = charge(**chunk)
                spend(chunk["scope"], after=chunk["after"], upto=chunk["upto"], by=chunk["by"])
            return done
        really_charge, spend = really_charge.__wrapped__, really_spend.__wrapped__
        dues._charge_chunk, dues._spend_chunk = both, lambda *scope, **chunk: None
    def work(n):
        try:
            if n:
                time.sleep(0.2)
                pay(10, "meanwhile")
            else:
                dues.charge_period(period=parse("2026-11"), on=ON, by=None)
        except OperationalError as error:
            assert error.__cause__.sqlstate == "40P01", error
            return 1
        return 0
    print(sum(together(2, work)), len(list(audit.findings())))
"""


class TestCharging:
    def test_waits_for_nobody_who_waits_for_it(self):
        arena = Arena()
        try:
            assert arena.answer(CODE.format(together=False)) == "0 0"
        finally:
            arena.drop()

    def test_would_if_what_was_paid_ahead_were_used_in_the_same_transaction(self):
        arena = Arena()
        try:
            assert arena.answer(CODE.format(together=True)) == "1 0"
        finally:
            arena.drop()

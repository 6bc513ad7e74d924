"""R-A1, R-A4, numbers and floors under many hands at once; each with the protection taken away as well."""

from __future__ import annotations

import pytest

from tests.arena import Arena

pytestmark = pytest.mark.xdist_group("arena")


@pytest.fixture(scope="module")
def arena():
    arena = Arena()
    yield arena
    arena.drop()


SPEND = """
    name = {name!r}
    limit = {limit!r}
    book = chart.barter_book()
    payer = chart.open(book=book, code=f"liabilities:credit:{{name}}-a", type=AccountType.LIABILITY, currency="CREDIT",
                       amount_max=limit, busy={busy})
    payee = chart.open(book=book, code=f"liabilities:credit:{{name}}-b", type=AccountType.LIABILITY, currency="CREDIT")
    def work(n):
        done = refused = 0
        for k in range(10):
            try:
                journal.post(kind=Kind.TRADE_SETTLED, key=f"race/{{name}}/{{n}}/{{k}}", date=ON, recorded_by=None,
                             transfers=[journal.move(Money(1, "CREDIT"), debit=payer, credit=payee)])
                done += 1
            except journal.BalanceOutOfRange:
                refused += 1
        return done, refused
    results = together(10, work)
    print(sum(d for d, _ in results), sum(r for _, r in results), balances.raw(payer), len(list(audit.findings())))
"""


class TestSpending:
    """R-A1: a hundred transfers of one from an account with fifty."""

    @pytest.mark.parametrize("busy", [False, True])
    def test_stops_exactly_at_the_limit(self, arena, busy):
        assert arena.answer(SPEND.format(name=f"limited-{busy}", limit=5000, busy=busy)) == "50 50 5000 0"

    def test_does_not_stop_without_the_limit(self, arena):
        assert arena.answer(SPEND.format(name="free", limit=None, busy=False)) == "100 0 10000 0"


class TestOrder:
    def test_has_no_deadlocks_between_random_pairs(self, arena):
        """R-A4."""
        said = arena.answer("""
            import random
            book = chart.coop_book()
            accounts = [chart.open(book=book, code=f"assets:pair:{n}", type=AccountType.ASSET, currency="EUR",
                                   busy=n % 3 == 0) for n in range(6)]
            def work(n):
                dice = random.Random(n)
                for k in range(40):
                    moves = []
                    for _ in range(dice.choice((1, 1, 3))):
                        a, b = dice.sample(accounts, 2)
                        moves.append(journal.move(Money(1, "EUR"), debit=a, credit=b))
                    journal.post(kind=Kind.COST_PAID, key=f"pairs/{n}/{k}", date=ON, recorded_by=None, transfers=moves)
                return 40
            print(sum(together(6, work)), len(list(audit.findings())))
        """)
        assert said == "240 0"


class TestNumbers:
    CODE = """
        from invoicing import invoices
        from invoicing.models import Invoice
        from tests.invoicing.test_invoices import AT, client_of, draft
        ada = make_member("Ada {name}", email="ada-{name}@example.org")
        issuer = invoices.issuer_of(ada); issuer.tax_number = "1"; issuer.save()
        whom = client_of(ada)
        drafts = [draft(ada, key=f"k{{n}}", client=whom) for n in range(12)]
        {unlock}
        def work(n):
            return invoices.issue(invoice_id=drafts[n].pk, member_id=ada.pk, by=1, on=ON, at=AT).number
        try:
            numbers = sorted(together(12, work))
        except Exception as error:
            print("broke")
        else:
            print(numbers == [f"R-2026-{{n:04}}" for n in range(1, 13)], len(list(audit.findings())))
    """

    def test_have_no_gap_and_no_double(self, arena):
        assert arena.answer(self.CODE.format(name="locked", unlock="")) == "True 0"

    def test_break_without_the_lock(self, arena):
        unlock = """
        def guessed(invoice, issuer, year):
            last = Invoice.objects.filter(member=invoice.member).exclude(number="").count()
            import time; time.sleep(0.05)
            return f"R-{year}-{last + 1:04}"
        invoices._number = guessed
        """
        assert arena.answer(self.CODE.format(name="guessed", unlock=unlock.replace("\n        ", "\n        ").strip())
                            ) == "broke"  # fmt: skip

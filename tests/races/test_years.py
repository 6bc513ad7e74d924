"""A year is read and closed alone: what somebody records meanwhile is counted in it or refused, never lost."""

from __future__ import annotations

import pytest

from tests.arena import Arena

pytestmark = pytest.mark.xdist_group("arena")


@pytest.fixture(scope="module")
def arena():
    arena = Arena()
    yield arena
    arena.drop()


CLOSE = """
    import time
    from members.governance import decisions
    from pooling import accounts
    from pooling.surplus import room, years
    from pooling.treasury import banks, items
    first, second = tessa().pk, theo().pk
    LAST, NEXT = dt.date(2026, 12, 31), dt.date(2027, 1, 20)
    bank = banks.open_account(name="Main", iban="", bic="", currency="EUR", by=first, on=ON)
    courses = items.open_category(kind="INCOME", name="Courses", by=first)
    def earn(n):
        return items.record(category_id=courses.pk, bank_id=bank.pk, amount=Money(100, "EUR"), booked_on=LAST,
                            text="", voucher="", form_key=f"{{n:032x}}", by=first)
    earn(0)
    proposal = years.propose_closing(label="2026", text="As the books say", by=first, on=NEXT)
    read = balances.held_on
    def read_slowly(*about):
        said = read(*about)
        time.sleep(0.4)
        return said
    balances.held_on = read_slowly
    {unlock}
    def work(n):
        if n == 0:
            try:
                return years.confirm_closing(decision_id=proposal.pk, by=second, on=NEXT).surplus.amount
            except Exception as error:
                return type(error).__name__
        time.sleep(0.1 * n)
        try:
            earn(n)
            return "earned"
        except items.ItemRefused:
            return "refused"
    said = together(6, work)
    balances.held_on = read
    earned = 100 + 100 * said.count("earned")
    print(said[0] == earned, sorted({{finding.rule for finding in room.findings()}}))
"""


class TestClosing:
    def test_counts_or_refuses_what_is_recorded_meanwhile(self, arena):
        assert arena.answer(CLOSE.format(unlock="")) == "True []"

    def test_loses_income_without_the_lock(self):
        arena = Arena()
        try:
            said = arena.answer(CLOSE.format(unlock="chart.lock_book = lambda book_id: None"))
            assert said == "False ['closed years leave no income or expense']"
        finally:
            arena.drop()

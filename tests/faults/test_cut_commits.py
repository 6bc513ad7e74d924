"""R-A6: commits whose answer never comes. Sent again under the same key, everything is there once."""

from __future__ import annotations

import json

import pytest

from tests.arena import Arena
from tests.faults.cutting import Proxy

pytestmark = pytest.mark.xdist_group("arena")
OPERATIONS = 400

PREPARE = """
    from pooling.treasury import banks, items
    by = tessa().pk
    bank = banks.open_account(name="Main", iban="", bic="", currency="EUR", by=by, on=ON)
    category = items.open_category(kind="INCOME", name="Courses", by=by)
    print(bank.pk, category.pk, by)
"""

RECORD = """
    import uuid
    from django.db import Error
    from pooling.treasury import items
    from pooling.treasury.models import Item
    bank, category, by, each, keyed = {arguments}
    def work(n):
        tries = 0
        for k in range(each):
            while True:
                tries += 1
                try:
                    items.record(category_id=category, bank_id=bank, amount=Money(1, "EUR"), booked_on=ON, text="",
                                 voucher="", by=by, form_key=f"{{n}}/{{k}}" if keyed else uuid.uuid4().hex)
                    break
                except Error as error:
                    if getattr(error.__cause__, "sqlstate", None):
                        refused.append(str(error))
                    connection.close()
        return tries
    refused = []
    before = Item.objects.count()
    tries = sum(together(4, work))
    made = Item.objects.count() - before
    numbers = sorted(int(number[2:]) for number in Item.objects.values_list("number", flat=True))
    bank_account = chart.find(book=chart.coop_book(), code="assets:bank:main", currency="EUR")
    import json
    print(json.dumps([made, tries, numbers == list(range(1, len(numbers) + 1)),
                      balances.raw(bank_account) // 100 == len(numbers), len(list(audit.findings())), refused]))
"""


@pytest.fixture(scope="module")
def place():
    """An arena with a bank account and a category: their ids, and the treasurer's."""
    arena = Arena()
    yield arena, [int(id) for id in arena.answer(PREPARE).split()]
    arena.drop()


def recorded(place, operations, *, keyed, seed):
    """Record through a line that is cut: how many were made, and the proxy with its counts."""
    arena, ids = place
    proxy = Proxy(arena.url, share=0.15, seed=seed)
    with proxy() as url:
        said = arena.answer(RECORD.format(arguments=(*ids, operations // 4, keyed)), DATABASE_URL=url)
    made, tries, gapless, balanced, findings, refused = json.loads(said)
    assert gapless
    assert balanced
    assert findings == 0
    assert not refused  # nothing but the line failed
    assert tries == operations + proxy.before + proxy.after
    return made, proxy


class TestCutCommits:
    def test_are_there_once_when_sent_again_under_their_key(self, place):
        made, proxy = recorded(place, OPERATIONS, keyed=True, seed=1)
        assert made == OPERATIONS
        assert proxy.before > 10
        assert proxy.after > 10

    def test_are_there_twice_without_a_key(self, place):
        """As many too many as answers were lost, no more and no fewer."""
        made, proxy = recorded(place, 100, keyed=False, seed=2)
        assert made == 100 + proxy.after > 100

    @pytest.mark.soak
    def test_are_there_once_nine_thousand_times(self, place):
        assert recorded(place, 9_000, keyed=True, seed=3)[0] == 9_000

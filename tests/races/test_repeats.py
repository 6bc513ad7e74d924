"""R-A6, R-A7: the same form sent several times at once is one event; with other content it is refused."""

from __future__ import annotations

import pytest

from tests.arena import Arena

pytestmark = pytest.mark.xdist_group("arena")


@pytest.fixture(scope="module")
def arena():
    arena = Arena()
    yield arena
    arena.drop()


SENT = """
    from invoicing import invoices
    from invoicing.barter import trades
    from mutual import repeats
    from pooling import funds, payments
    from pooling.claims import claims
    from pooling.treasury import banks, items
    from tests.invoicing.test_invoices import AT, client_of, draft, line
    mark = {mark!r}
    by = make_user(f"officer-{{mark}}@example.org").pk
    ada, bo = (make_member(f"{{name}} {{mark}}", email=f"{{name}}-{{mark}}@example.org") for name in ("Ada", "Bo"))
    issuer = invoices.issuer_of(ada); issuer.tax_number = "1"; issuer.save()
    client = client_of(ada)
    issued = draft(ada, key="i", client=client)
    invoices.issue(invoice_id=issued.pk, member_id=ada.pk, by=by, on=ON, at=AT)
    fund = funds.open_fund(name=f"Sickness {{mark}}", description="", promise="VARYING", currency="EUR", target=None,
                           by=by, on=dt.date(2026, 1, 1))
    bank, other = (banks.open_account(name=f"{{name}} {{mark}}", iban="", bic="", currency="EUR", by=by, on=ON)
                   for name in ("Main", "Other"))
    courses = items.open_category(kind="INCOME", name=f"Courses {{mark}}", by=by)
    key = "a" * 31 + mark[0]
    euros = lambda n: Money(n, "EUR")
    SEND = {{
        "payment": lambda n: payments.record(member_id=ada.pk, bank_id=bank.pk, amount=euros(n), received_on=ON,
                                             reference="", form_key=key, by=by),
        "item": lambda n: items.record(category_id=courses.pk, bank_id=bank.pk, amount=euros(n), booked_on=ON, text="",
                                       voucher="", form_key=key, by=by),
        "move": lambda n: banks.move(source_id=bank.pk, target_id=other.pk, amount=euros(n), on=ON, form_key=key,
                                     by=by),
        "claim": lambda n: claims.submit(member_id=ada.pk, fund_id=fund.pk, occasion="ILLNESS", first_day=ON,
                                         last_day=ON, amount=euros(n), form_key=key, by=ada.user_id, on=ON),
        "trade": lambda n: trades.request(asked_by=ada.pk, provider=bo.pk, receiver=ada.pk, title="Proofs", text="",
                                          credit=Money(n, "CREDIT"), minutes=0, form_key=key, by=ada.user_id, on=ON),
        "draft": lambda n: draft(ada, line(str(n)), key=key, client=client),
        "receipt": lambda n: invoices.record_receipt(invoice_id=issued.pk, member_id=ada.pk, amount=euros(n),
                                                     paid_on=ON, form_key=key, by=by),
    }}
    {unlock}
    def once(n, send):
        try:
            return str(getattr(send(7), "pk", "moved"))
        except Exception as error:
            return type(error).__name__
    def count():
        with connection.cursor() as cursor:
            cursor.execute("SELECT (SELECT count(*) FROM pooling_payment) + (SELECT count(*) FROM treasury_item) "
                           "+ (SELECT count(*) FROM claims_claim) + (SELECT count(*) FROM barter_trade) "
                           "+ (SELECT count(*) FROM invoicing_invoice) + (SELECT count(*) FROM invoicing_receipt) "
                           "+ (SELECT count(DISTINCT document) FROM ledger_transfer WHERE document LIKE 'B-%')")
            return cursor.fetchone()[0]
    before = count()
    answers = {{name: together(6, lambda n: once(n, send)) for name, send in SEND.items()}}
    torn = [name for name, said in answers.items() if len(set(said)) > 1]
    reused = []
    for name, send in SEND.items():
        try:
            send(8)
        except repeats.FormReused:
            reused.append(name)
    print(torn, count() - before, [name for name in SEND if name not in reused], len(list(audit.findings())))
"""


class TestForms:
    def test_sent_six_times_at_once_make_one_thing_each(self, arena):
        # A draft is no event yet: the form sent again with other lines writes it anew.
        assert arena.answer(SENT.format(mark="held", unlock="")) == "[] 7 ['draft'] 0"

    def test_tear_without_the_wait(self, arena):
        said = arena.answer(SENT.format(mark="torn", unlock="repeats.wait_for_twin = lambda form_key: None"))
        assert not said.startswith("[]"), said

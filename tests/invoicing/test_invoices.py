"""Invoices: exact VAT, gap-free numbers, fixed once issued, corrected by credit notes, in the member's own book."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from invoicing import invoices, printing, reports, vat
from invoicing.models import Client, Invoice, Issuer
from mutual.ledger import audit, balances, chart
from mutual.money import Money, minor
from mutual.periods import parse
from tests.conftest import make_member

pytestmark = pytest.mark.django_db
ON = dt.date(2026, 11, 10)
AT = dt.datetime(2026, 11, 10, 12, tzinfo=dt.UTC)


@pytest.fixture
def ada():
    ada = make_member("Ada Byron")
    issuer = invoices.issuer_of(ada)
    issuer.tax_number = "11/222/33333"
    issuer.iban = "DE89370400440532013000"
    issuer.save()
    return ada


def client_of(member, **more):
    said = {
        "name": "Analytical Engines Ltd", "street": "1 Dorset Street", "postcode": "W1U", "city": "London",
        "country": "GB", "email": "accounts@engines.example", "vat_id": "", "language": "en",
    }  # fmt: skip
    return invoices.add_client(member_id=member.pk, said=said | more, by=1)


def line(price="100", quantity="1", category="S", rate="19", text="Notes"):
    standard = category == "S"
    return invoices.NewLine(text, Decimal(quantity), "h", Decimal(price), category, Decimal(rate) if standard else None)


def draft(member, *lines, key="k1", client=None):
    return invoices.draft(
        member_id=member.pk, client_id=(client or client_of(member)).pk, supplied_from=ON, supplied_until=ON,
        reference="", introduction="", lines=lines or [line()], form_key=key,
    )  # fmt: skip


def issue(invoice):
    return invoices.issue(invoice_id=invoice.pk, member_id=invoice.member_id, by=1, on=ON, at=AT)


def receive(invoice, amount, key="r1"):
    return invoices.record_receipt(
        invoice_id=invoice.pk, member_id=invoice.member_id, amount=Money(amount, "EUR"), paid_on=ON, form_key=key, by=1
    )


def own(member, code):
    book = chart.member_book(member_id=member.pk, number=member.number)
    return balances.of(chart.find(book=book, code=code, currency="EUR"))


class TestTotals:
    def test_rounds_vat_once_for_each_rate(self):
        items = [vat.Item(Decimal(1), Decimal("0.10"), "S", Decimal(19))] * 3
        added = vat.totals(items, "EUR")
        assert added.vat == Money("0.06", "EUR")
        assert added.gross == Money("0.36", "EUR")

    @given(
        st.lists(
            st.tuples(
                st.decimals("0.000001", "9999", places=6), st.decimals("0", "99999", places=2),
                st.sampled_from([Decimal(7), Decimal(19), Decimal("5.5")]),
            ),
            min_size=1, max_size=12,
        ),
        st.sampled_from(["EUR", "JPY", "TND"]),
    )  # fmt: skip
    def test_add_up_exactly_in_whole_units(self, said, currency):
        added = vat.totals([vat.Item(q, p, "S", r) for q, p, r in said], currency)
        assert sum(map(minor, added.nets)) == minor(added.net) == sum(minor(group.base) for group in added.groups)
        assert minor(added.gross) == minor(added.net) + minor(added.vat)
        for group in added.groups:
            exact = group.base.amount * group.rate / 100
            assert group.vat == vat.round_money(exact, currency)


class TestIssue:
    def test_gives_the_next_number_and_books_it_in_the_members_own_book(self, ada):
        first, second = issue(draft(ada)), issue(draft(ada, key="k2"))
        assert [first.number, second.number] == ["R-2026-0001", "R-2026-0002"]
        assert own(ada, "income:services") == Money(200, "EUR")
        assert own(ada, "liabilities:vat:19.00") == Money(38, "EUR")
        assert not balances.trial_balance(chart.coop_book()).lines
        assert not list(audit.findings())

    def test_is_done_once_however_often_it_is_clicked(self, ada):
        invoice = draft(ada)
        assert issue(invoice).number == issue(invoice).number
        assert own(ada, "income:services") == Money(100, "EUR")

    def test_leaves_no_hole_where_a_draft_was_thrown_away(self, ada):
        invoices.discard(invoice_id=draft(ada).pk, member_id=ada.pk)
        assert issue(draft(ada, key="k2")).number == "R-2026-0001"
        assert not list(audit.findings())

    def test_gives_the_number_back_when_it_fails(self, ada, monkeypatch):
        def break_down(*_):
            raise RuntimeError

        monkeypatch.setattr(invoices, "_book", break_down)
        first = draft(ada)
        with pytest.raises(RuntimeError):
            issue(first)
        monkeypatch.undo()
        assert issue(draft(ada, key="k2")).number == "R-2026-0001"

    def test_fixes_everything_it_says(self, ada):
        client = client_of(ada)
        invoice = issue(draft(ada, client=client))
        invoices.change_client(client_id=client.pk, member_id=ada.pk, said={"name": "Other"})
        assert Invoice.objects.get().snapshot["client"]["name"] == "Analytical Engines Ltd"
        with pytest.raises(invoices.NotADraft):
            invoices.draft(
                member_id=ada.pk, client_id=client.pk, supplied_from=ON, supplied_until=ON, reference="",
                introduction="", lines=[line("1")], form_key="x", invoice_id=invoice.pk,
            )  # fmt: skip
        for change in ({"gross": 1}, {"number": "R-1"}, {"status": "DRAFT"}, {"snapshot": {}}):
            with pytest.raises(DatabaseError), transaction.atomic():
                Invoice.objects.filter(pk=invoice.pk).update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            invoice.lines.update(unit_price=1)
        with pytest.raises(DatabaseError), transaction.atomic():
            Invoice.objects.all().delete()

    @pytest.mark.parametrize(
        "lines",
        [
            [line(category="O"), line()],
            [line(category="AE")],
            [line(category="E")],
            [line(price="0")],
        ],
    )
    def test_refuses_vat_that_does_not_fit_together(self, ada, lines):
        with pytest.raises(invoices.Incomplete):
            issue(draft(ada, *lines))
        assert Invoice.objects.get().number == ""
        assert not list(audit.findings())

    def test_takes_reverse_charge_with_both_vat_ids(self, ada):
        Issuer.objects.filter(member=ada).update(vat_id="DE136695976")
        client = client_of(ada, vat_id="FR40303265045", country="FR")
        assert issue(draft(ada, line(category="AE"), client=client)).vat == 0


class TestReceipts:
    def test_pay_in_parts_and_once_a_form(self, ada):
        invoice = issue(draft(ada))
        for _ in range(2):
            receive(invoice, 19)
        assert Invoice.objects.get().status == Invoice.Status.PART_PAID
        receive(invoice, 100, key="r2")
        assert Invoice.objects.get().status == Invoice.Status.PAID
        assert own(ada, "assets:money-in") == Money(119, "EUR")
        assert not list(audit.findings())

    def test_refuse_more_than_is_open(self, ada):
        invoice = issue(draft(ada))
        with pytest.raises(invoices.TooMuch):
            receive(invoice, "119.01")
        assert Invoice.objects.get().paid == 0

    def test_are_taken_back_by_a_mirror_entry(self, ada):
        invoice = issue(draft(ada))
        receipt = receive(invoice, 119)
        for _ in range(2):
            invoices.undo_receipt(receipt_id=receipt.pk, member_id=ada.pk, by=1, on=ON)
        assert Invoice.objects.get().status == Invoice.Status.ISSUED
        assert own(ada, "assets:money-in") == Money(0, "EUR")
        assert not list(audit.findings())


class TestCreditNote:
    def note(self, invoice, key="n1"):
        return invoices.draft_credit_note(invoice_id=invoice.pk, member_id=invoice.member_id, form_key=key, on=ON)

    def test_has_its_own_numbers_and_settles_the_invoice(self, ada):
        invoice = issue(draft(ada))
        note = issue(self.note(invoice))
        assert note.number == "G-2026-0001"
        assert Invoice.objects.get(pk=invoice.pk).status == Invoice.Status.CREDITED
        assert own(ada, "income:services") == Money(0, "EUR")
        assert not list(audit.findings())

    def test_is_never_more_than_what_is_left_of_the_invoice(self, ada):
        invoice = issue(draft(ada))
        first, second = self.note(invoice), self.note(invoice, key="n2")
        issue(first)
        with pytest.raises(invoices.TooMuch):
            issue(second)
        assert not list(audit.findings())

    def test_leaves_what_was_paid_to_be_paid_back(self, ada):
        invoice = issue(draft(ada))
        receive(invoice, 119)
        issue(self.note(invoice))
        for _ in range(2):
            invoices.refund(invoice_id=invoice.pk, member_id=ada.pk, paid_on=ON, form_key="b1", by=1)
        assert own(ada, "assets:money-in") == Money(0, "EUR")
        assert not list(audit.findings())


class TestReports:
    def test_sum_vat_by_rate_and_take_credit_notes_off(self, ada):
        issue(draft(ada, line(), line("50", rate="7")))
        invoice = issue(draft(ada, key="k2"))
        issue(invoices.draft_credit_note(invoice_id=invoice.pk, member_id=ada.pk, form_key="n", on=ON))
        rows = {row.rate: (row.base, row.vat) for row in reports.vat_summary(ada.pk, parse("2026-Q4"))}
        assert rows == {
            Decimal("19.00"): (Money(100, "EUR"), Money(19, "EUR")),
            Decimal("7.00"): (Money(50, "EUR"), Money("3.50", "EUR")),
        }


class TestPrinting:
    def test_prints_once_and_keeps_the_bytes(self, ada):
        invoice = issue(draft(ada))
        assert printing.kept(invoice) is None
        first = printing.print_invoice(invoice_id=invoice.pk)
        assert first.startswith(b"%PDF")
        assert printing.print_invoice(invoice_id=invoice.pk) == first == printing.kept(invoice)


class TestPages:
    def test_write_issue_and_show_an_invoice(self, client, ada):
        client.force_login(ada.user)
        assert client.get(reverse("invoicing:new")).status_code == 302
        whom = client_of(ada)
        said = {
            "client": whom.pk, "supplied_from": "2026-11-01", "supplied_until": "2026-11-10", "form_key": "a" * 32,
            "lines": "2", "line0-text": "<script>alert(1)</script>", "line0-quantity": "2", "line0-price": "50.00",
            "line0-category": "S", "line0-rate": "19", "line1-category": "S", "line1-quantity": "1",
        }  # fmt: skip
        more = client.post(reverse("invoicing:new"), said | {"more": "1"})
        assert more.status_code == 200
        assert more.context["lines"][3]
        empty = client.post(reverse("invoicing:new"), said | {"line0-text": "", "line0-price": ""})
        assert "Write at least one line" in empty.content.decode()
        page = client.post(reverse("invoicing:new"), said, follow=True)
        assert "&lt;script&gt;" in page.content.decode()
        assert "<script>alert" not in page.content.decode()
        invoice = Invoice.objects.get()
        client.post(reverse("invoicing:step", args=[invoice.pk, "issue"]))
        assert "R-2026-" in client.get(reverse("invoicing:invoice", args=[invoice.pk])).content.decode()
        assert client.get(reverse("invoicing:vat")).status_code == 200
        book = client.get(reverse("invoicing:my_book", args=["ledger"]))
        assert b"income:services" in book.content.lower().replace(b" ", b"")

    def test_of_others_do_not_exist(self, client, ada):
        invoice = issue(draft(ada))
        client.force_login(make_member("Bo Ek").user)
        for name in ("invoice", "edit", "pdf"):
            assert client.get(reverse(f"invoicing:{name}", args=[invoice.pk])).status_code == 404
        for step in ("issue", "send", "credit", "receipt", "discard"):
            assert client.post(reverse("invoicing:step", args=[invoice.pk, step])).status_code == 404
        assert client.get(reverse("invoicing:client", args=[Client.objects.get().pk])).status_code == 404
        assert not Invoice.objects.get().paid

"""Invoices: drafted, issued, paid, corrected by credit notes. All of it in the member's own book."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from invoicing import vat
from invoicing.models import Client, Invoice, Issuer, Line, Receipt
from members.models import Member
from members.numbers import next_number
from mutual import formats, repeats
from mutual.jobs import queue
from mutual.ledger import chart, journal
from mutual.ledger.kinds import AccountType, Kind
from mutual.mail import letters
from mutual.money import Money, from_minor, minor
from mutual.trail import trail

MOST_LINES = 200
CODES = {Invoice.Kind.INVOICE: "R", Invoice.Kind.CREDIT_NOTE: "G"}
"""The letters of the two gap-free series."""


class InvoiceRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class NotADraft(InvoiceRefused):
    """The invoice is issued: only a credit note corrects it."""


class Incomplete(InvoiceRefused):
    """Something an invoice must say is missing, or the VAT does not fit together."""


class TooMuch(InvoiceRefused):
    """More than is open, or more than can be credited."""


class NotPossible(InvoiceRefused):
    """The book is closed on that day, or the receipt was undone before."""


@dataclass(frozen=True)
class NewLine:
    """A line as typed."""

    text: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    category: str
    rate: Decimal | None


def issuer_of(member: Member) -> Issuer:
    """The member's particulars on invoices; taken from the register until she changes them."""
    return Issuer.objects.get_or_create(
        member=member,
        defaults={
            "name": member.name, "street": member.street, "postcode": member.postcode, "city": member.city,
            "country": member.country, "email": member.email, "currency": member.currency,
        },
    )[0]  # fmt: skip


@transaction.atomic(durable=True)
def change_issuer(*, member_id: int, said: dict[str, Any], by: int) -> Issuer:
    """Change what one's invoices say from now on; issued ones stay as they are."""
    issuer = issuer_of(Member.objects.get(pk=member_id))
    for name, value in said.items():
        setattr(issuer, name, value)
    issuer.save()
    trail.record(by=by, did="ISSUER_CHANGED", subject=issuer.member.number)
    return issuer


@transaction.atomic(durable=True)
def add_client(*, member_id: int, said: dict[str, Any], by: int) -> Client:
    """Add a client; the same name and address twice is one client."""
    member = Member.objects.select_for_update().get(pk=member_id)
    known = Client.objects.filter(member=member, archived_on=None, **said).first()
    if known is not None:
        return known
    client = Client.objects.create(member=member, number=next_number(f"K{member.pk}", width=4).replace(
        f"K{member.pk}-", "K-"), **said)  # fmt: skip
    trail.record(by=by, did="CLIENT_ADDED", subject=member.number)
    return client


@transaction.atomic(durable=True)
def change_client(*, client_id: int, member_id: int, said: dict[str, Any]) -> Client:
    """Change one's own client; issued invoices stay as they are."""
    client = Client.objects.select_for_update().get(pk=client_id, member_id=member_id)
    for name, value in said.items():
        setattr(client, name, value)
    client.save()
    return client


@transaction.atomic(durable=True)
def draft(
    *,
    member_id: int,
    client_id: int,
    supplied_from: dt.date,
    supplied_until: dt.date,
    reference: str,
    introduction: str,
    lines: Sequence[NewLine],
    form_key: str,
    invoice_id: int | None = None,
) -> Invoice:
    """Write a draft, or write one's own draft anew. The same form sent again writes its draft anew.

    :raises NotADraft: if the invoice is issued
    :raises Incomplete: if there is no line, or more than 200
    """
    if not lines:
        raise Incomplete(_("Write at least one line: what you did, and its price."))
    if len(lines) > MOST_LINES:
        raise Incomplete(_("An invoice has at most %(most)s lines.") % {"most": MOST_LINES})
    member = Member.objects.get(pk=member_id)
    client = Client.objects.get(pk=client_id, member=member)
    terms = {
        "client": client, "supplied_from": supplied_from, "supplied_until": supplied_until, "reference": reference,
        "introduction": introduction,
    }  # fmt: skip
    if invoice_id is None:
        known = repeats.made_before(Invoice.objects.filter(member=member), form_key=form_key)
        invoice_id = None if known is None else known.pk
    if invoice_id is None:
        invoice = Invoice.objects.create(member=member, form_key=form_key, currency=issuer_of(member).currency, **terms)
    else:
        invoice = _lock(invoice_id, member_id)
        if invoice.kind == Invoice.Kind.CREDIT_NOTE:
            terms.pop("client")
        if all(getattr(invoice, name) == value for name, value in terms.items()) and _typed(invoice) == list(lines):
            return invoice
        if invoice.status != Invoice.Status.DRAFT:
            raise NotADraft(_("This invoice is issued. A credit note corrects it."))
        for name, value in terms.items():
            setattr(invoice, name, value)
        invoice.lines.all().delete()
    Line.objects.bulk_create(
        Line(
            invoice=invoice, place=place, text=line.text, quantity=line.quantity, unit=line.unit,
            unit_price=line.unit_price, category=line.category, rate=line.rate,
        )
        for place, line in enumerate(lines)
    )  # fmt: skip
    added = totals(invoice)
    invoice.net, invoice.vat, invoice.gross = (minor(amount) for amount in (added.net, added.vat, added.gross))
    invoice.save()
    return invoice


def _typed(invoice: Invoice) -> list[NewLine]:
    return [
        NewLine(line.text, line.quantity, line.unit, line.unit_price, line.category, line.rate)
        for line in invoice.lines.all()
    ]


@transaction.atomic(durable=True)
def discard(*, invoice_id: int, member_id: int) -> None:
    """Throw a draft away; it never had a number, so none is missing.

    :raises NotADraft: if it is issued
    """
    invoice = _lock(invoice_id, member_id)
    if invoice.status != Invoice.Status.DRAFT:
        raise NotADraft(_("This invoice is issued. A credit note corrects it."))
    invoice.delete()


def totals(invoice: Invoice) -> vat.Totals:
    """What the lines come to."""
    return vat.totals([line.item for line in invoice.lines.all()], invoice.currency)


@transaction.atomic(durable=True)
def issue(*, invoice_id: int, member_id: int, by: int, on: dt.date, at: dt.datetime) -> Invoice:
    """Issue an invoice or a credit note: it gets the next number of its series and year, everything it says is fixed
    with its digest, and it is booked in the member's own book. The PDF is printed after the commit. Again is harmless.

    :raises Incomplete: if something is missing or the VAT does not fit together (BR-O-02, BR-AE-02, BR-E-10)
    :raises TooMuch: if a credit note is above what is left of its invoice
    :raises NotPossible: if the book is closed on that day
    """
    invoice = _lock(invoice_id, member_id)
    if invoice.status != Invoice.Status.DRAFT:
        return invoice
    issuer = issuer_of(invoice.member)
    added = totals(invoice)
    check(invoice, issuer, added)
    if invoice.kind == Invoice.Kind.CREDIT_NOTE:
        assert invoice.corrects_id is not None
        corrected = _lock(invoice.corrects_id, member_id)
        if minor(added.gross) > corrected.gross - corrected.credited:
            left = formats.money(corrected.money(corrected.gross - corrected.credited))
            raise TooMuch(_("Only %(left)s of that invoice can still be credited.") % {"left": left})
        corrected.credited += minor(added.gross)
        _settle(corrected)
    invoice.net, invoice.vat, invoice.gross = (minor(amount) for amount in (added.net, added.vat, added.gross))
    invoice.issued_on, invoice.issued_at = on, at
    if invoice.kind == Invoice.Kind.INVOICE:
        invoice.due_on = on + dt.timedelta(days=issuer.days_to_pay)
    invoice.number = _number(invoice, issuer, on.year)
    invoice.snapshot = snapshot(invoice, issuer, added)
    invoice.digest = digest(invoice.snapshot)
    invoice.status = Invoice.Status.ISSUED if invoice.kind == Invoice.Kind.INVOICE else Invoice.Status.CREDITED
    _book(invoice, added, by)
    invoice.save()
    queue.after_commit("invoicing.printing.print_invoice", invoice_id=invoice.pk)
    trail.record(by=by, did=f"{invoice.kind}_ISSUED", subject=invoice.member.number)
    return invoice


def check(invoice: Invoice, issuer: Issuer, added: vat.Totals) -> None:
    """Whether an invoice says what it must.

    :raises Incomplete: if it does not
    """
    categories = {group.category for group in added.groups}
    missing = []
    if added.gross.amount <= 0:
        missing.append(_("The sum must be above zero."))
    if not (issuer.name and issuer.city):
        missing.append(_("Your own name and address are missing."))
    if not invoice.client.city:
        missing.append(_("The client's address is missing."))
    if "O" in categories and len(categories) > 1:
        missing.append(_("Lines outside VAT cannot stand beside others."))
    if categories & {"AE", "K"} and not (issuer.vat_id and invoice.client.vat_id):
        missing.append(_("Reverse charge and goods to the EU need both VAT ids."))
    if "E" in categories and not (issuer.exemption and (issuer.vat_id or issuer.tax_number)):
        missing.append(_("An exemption needs its reason and your VAT id or tax number, in your invoice settings."))
    if "S" in categories and not (issuer.vat_id or issuer.tax_number):
        missing.append(_("Charging VAT needs your VAT id or tax number, in your invoice settings."))
    if missing:
        raise Incomplete(" ".join(missing))


def _number(invoice: Invoice, issuer: Issuer, year: int) -> str:
    code = CODES[Invoice.Kind(invoice.kind)]
    with connection.cursor() as cursor:
        # The row stays locked until this transaction ends: the next number waits, and comes back if this one does.
        cursor.execute(
            "INSERT INTO invoicing_series (member_id, series, year, last) VALUES (%s, %s, %s, 1) "
            "ON CONFLICT (member_id, series, year) DO UPDATE SET last = invoicing_series.last + 1 RETURNING last",
            [invoice.member_id, code, year],
        )
        (last,) = cursor.fetchone()
    return f"{issuer.number_prefix}{code}-{year}-{last:04}"


def snapshot(invoice: Invoice, issuer: Issuer, added: vat.Totals) -> dict[str, Any]:
    """Everything the paper says, in plain values."""
    client = invoice.client
    party = ("name", "street", "postcode", "city", "country", "email", "vat_id")
    return {
        "kind": invoice.kind,
        "number": invoice.number,
        "corrects": invoice.corrects.number if invoice.corrects else "",
        "corrects_on": str(invoice.corrects.issued_on) if invoice.corrects else "",
        "issued_on": str(invoice.issued_on),
        "due_on": invoice.due_on and str(invoice.due_on),
        "supplied_from": str(invoice.supplied_from),
        "supplied_until": str(invoice.supplied_until),
        "currency": invoice.currency,
        "language": client.language,
        "reference": invoice.reference,
        "introduction": invoice.introduction,
        "issuer": {name: getattr(issuer, name) for name in (*party, "tax_number", "iban", "bic", "exemption", "terms")},
        "client": {name: getattr(client, name) for name in (*party, "number")},
        "lines": [
            {
                "text": line.text, "quantity": f"{line.quantity.normalize():f}", "unit": line.unit,
                "unit_price": f"{line.unit_price:f}", "category": line.category,
                "rate": None if line.rate is None else f"{line.rate:f}", "net": minor(net),
            }
            for line, net in zip(invoice.lines.all(), added.nets, strict=True)
        ],
        "vat": [
            {
                "category": group.category, "rate": None if group.rate is None else f"{group.rate:f}",
                "base": minor(group.base), "vat": minor(group.vat),
            }
            for group in added.groups
        ],
        "net": minor(added.net), "total_vat": minor(added.vat), "gross": minor(added.gross),
    }  # fmt: skip


def digest(said: dict[str, Any]) -> str:
    """The SHA-256 of a snapshot, however its keys are ordered."""
    plain = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def _account(invoice: Invoice, code: str, kind: AccountType) -> chart.Account:
    book = chart.member_book(member_id=invoice.member_id, number=invoice.member.number)
    return chart.open(book=book, code=code, type=kind, currency=invoice.currency, owner_id=invoice.member_id)


def _receivable(invoice: Invoice) -> chart.Account:
    return _account(invoice, f"assets:receivable:{invoice.client.number}", AccountType.ASSET)


def _book(invoice: Invoice, added: vat.Totals, by: int) -> None:
    receivable = _receivable(invoice)
    sides = [(added.net, _account(invoice, "income:services", AccountType.INCOME))]
    for group in added.groups:
        if group.vat.amount:
            code = f"liabilities:vat:{group.rate:f}"
            sides.append((group.vat, _account(invoice, code, AccountType.LIABILITY)))
    credit_note = invoice.kind == Invoice.Kind.CREDIT_NOTE
    try:
        journal.post(
            kind=Kind.CREDIT_NOTE_ISSUED if credit_note else Kind.INVOICE_ISSUED,
            key=f"invoice/{invoice.pk}/issued",
            book=chart.member_book(member_id=invoice.member_id, number=invoice.member.number),
            date=invoice.issued_on or invoice.supplied_until,
            transfers=[
                journal.move(amount, debit=other, credit=receivable)
                if credit_note
                else journal.move(amount, debit=receivable, credit=other)
                for amount, other in sides
                if amount.amount
            ],
            recorded_by=by,
            document=invoice.number,
        )
    except journal.PeriodClosed as error:
        raise NotPossible(str(error)) from error


@transaction.atomic(durable=True)
def record_receipt(
    *, invoice_id: int, member_id: int, amount: Money, paid_on: dt.date, form_key: str, by: int
) -> Receipt:
    """Record that the client paid, wholly or in part. The same form sent twice is one receipt.

    :raises TooMuch: if it is more than is open
    :raises NotADraft: never; an unissued invoice is :class:`Incomplete`
    """
    invoice = _lock(invoice_id, member_id)
    known = repeats.made_before(invoice.receipts.all(), form_key=form_key, amount=minor(amount), paid_on=paid_on)
    if known is not None:
        return known
    if invoice.status not in Invoice.UNPAID or invoice.kind != Invoice.Kind.INVOICE:
        raise Incomplete(_("Only an issued invoice that is still open can be paid."))
    units = minor(amount)
    if units > invoice.open_minor:
        raise TooMuch(_("Only %(open)s are open.") % {"open": formats.money(invoice.open_money)})
    receipt = Receipt.objects.create(invoice=invoice, form_key=form_key, amount=units, paid_on=paid_on)
    _receive(invoice, receipt, by)
    invoice.paid += units
    _settle(invoice)
    return receipt


@transaction.atomic(durable=True)
def refund(*, invoice_id: int, member_id: int, paid_on: dt.date, form_key: str, by: int) -> Receipt:
    """Record that what a client paid beyond what is owed after a credit note was paid back, all of it.

    :raises TooMuch: if nothing is to be paid back
    """
    invoice = _lock(invoice_id, member_id)
    known = repeats.made_before(invoice.receipts.all(), form_key=form_key, paid_on=paid_on)
    if known is not None:
        return known
    if invoice.open_minor >= 0:
        raise TooMuch(_("Nothing is to be paid back."))
    receipt = Receipt.objects.create(invoice=invoice, form_key=form_key, amount=invoice.open_minor, paid_on=paid_on)
    _receive(invoice, receipt, by)
    invoice.paid += receipt.amount
    _settle(invoice)
    return receipt


def _receive(invoice: Invoice, receipt: Receipt, by: int) -> None:
    receivable, money_in = _receivable(invoice), _account(invoice, "assets:money-in", AccountType.ASSET)
    amount = from_minor(abs(receipt.amount), invoice.currency)
    back = receipt.amount < 0
    try:
        journal.post(
            kind=Kind.INVOICE_REFUNDED if back else Kind.INVOICE_PAID,
            key=f"invoice/{invoice.pk}/receipt/{receipt.pk}",
            book=chart.member_book(member_id=invoice.member_id, number=invoice.member.number),
            date=receipt.paid_on,
            transfers=[
                journal.move(amount, debit=receivable, credit=money_in)
                if back
                else journal.move(amount, debit=money_in, credit=receivable)
            ],
            recorded_by=by,
            document=invoice.number,
        )
    except journal.PeriodClosed as error:
        raise NotPossible(str(error)) from error


@transaction.atomic(durable=True)
def undo_receipt(*, receipt_id: int, member_id: int, by: int, on: dt.date) -> Receipt:
    """Take back a receipt that was recorded wrongly, by its mirror entry. Again is harmless.

    :raises NotPossible: if a credit note has come since that counts on it
    """
    receipt = Receipt.objects.select_related("invoice").get(pk=receipt_id, invoice__member_id=member_id)
    invoice = _lock(receipt.invoice_id, member_id)
    receipt.refresh_from_db()
    if receipt.undone_on is not None:
        return receipt
    if not 0 <= invoice.paid - receipt.amount <= invoice.gross:
        raise NotPossible(_("Something recorded later counts on this. Undo that first."))
    book = chart.member_book(member_id=invoice.member_id, number=invoice.member.number)
    entry = journal.entry_id_of(f"invoice/{invoice.pk}/receipt/{receipt.pk}", book=book)
    journal.reverse(entry_id=entry, date=on, recorded_by=by, book=book)
    receipt.undone_on = on
    receipt.save(update_fields=["undone_on"])
    invoice.paid -= receipt.amount
    _settle(invoice)
    return receipt


def _settle(invoice: Invoice) -> None:
    if invoice.credited == invoice.gross:
        invoice.status = Invoice.Status.CREDITED
    elif invoice.open_minor <= 0:
        invoice.status = Invoice.Status.PAID
    else:
        invoice.status = Invoice.Status.PART_PAID if invoice.paid else Invoice.Status.ISSUED
    invoice.save(update_fields=["status", "paid", "credited"])


@transaction.atomic(durable=True)
def draft_credit_note(*, invoice_id: int, member_id: int, form_key: str, on: dt.date) -> Invoice:
    """Draft a credit note over all lines of an issued invoice; lines and quantities can be lowered before issuing it.

    :raises Incomplete: if the invoice is not issued
    :raises TooMuch: if all of it is credited already
    """
    invoice = _lock(invoice_id, member_id)
    known = repeats.made_before(Invoice.objects.filter(member_id=member_id), form_key=form_key, corrects_id=invoice_id)
    if known is not None:
        return known
    if invoice.status == Invoice.Status.DRAFT or invoice.kind != Invoice.Kind.INVOICE:
        raise Incomplete(_("Only an issued invoice can be credited."))
    if invoice.credited >= invoice.gross:
        raise TooMuch(_("All of this invoice is credited already."))
    note = Invoice.objects.create(
        member=invoice.member, client=invoice.client, kind=Invoice.Kind.CREDIT_NOTE, corrects=invoice,
        form_key=form_key, currency=invoice.currency, supplied_from=invoice.supplied_from,
        supplied_until=invoice.supplied_until, reference=invoice.reference, net=invoice.net, vat=invoice.vat,
        gross=invoice.gross,
    )  # fmt: skip
    Line.objects.bulk_create(
        Line(
            invoice=note, place=line.place, text=line.text, quantity=line.quantity, unit=line.unit,
            unit_price=line.unit_price, category=line.category, rate=line.rate,
        )
        for line in invoice.lines.all()
    )  # fmt: skip
    return note


@transaction.atomic(durable=True)
def duplicate(*, invoice_id: int, member_id: int, form_key: str, on: dt.date) -> Invoice:
    """A new draft with the lines of an old invoice, supplied today."""
    invoice = Invoice.objects.get(pk=invoice_id, member_id=member_id, kind=Invoice.Kind.INVOICE)
    known = repeats.made_before(Invoice.objects.filter(member_id=member_id), form_key=form_key)
    if known is not None:
        return known
    copy = Invoice.objects.create(
        member=invoice.member, form_key=form_key, client=invoice.client, currency=invoice.currency, supplied_from=on,
        supplied_until=on, introduction=invoice.introduction, net=invoice.net, vat=invoice.vat, gross=invoice.gross,
    )  # fmt: skip
    Line.objects.bulk_create(
        Line(
            invoice=copy, place=line.place, text=line.text, quantity=line.quantity, unit=line.unit,
            unit_price=line.unit_price, category=line.category, rate=line.rate,
        )
        for line in invoice.lines.all()
    )  # fmt: skip
    return copy


@transaction.atomic(durable=True)
def send(*, invoice_id: int, member_id: int, pdf: bytes, by: int, on: dt.date) -> Invoice:
    """Send an issued invoice to the client by mail, at most once a day.

    :raises Incomplete: if it is not issued, or the client has no e-mail address
    """
    invoice = _lock(invoice_id, member_id)
    if invoice.snapshot is None:
        raise Incomplete(_("Issue the invoice first."))
    if not invoice.client.email:
        raise Incomplete(_("The client has no e-mail address."))
    letters.send(
        key=f"invoice/{invoice.pk}/{on}", to=invoice.client.email, template="emails/invoice",
        context={"invoice": invoice, "issuer": invoice.snapshot["issuer"], "client": invoice.snapshot["client"]},
        language=invoice.client.language, attachments=[(f"{invoice.number}.pdf", "application/pdf", pdf)],
    )  # fmt: skip
    invoice.sent_on = on
    invoice.save(update_fields=["sent_on"])
    trail.record(by=by, did="INVOICE_SENT", subject=invoice.member.number)
    return invoice


def _lock(invoice_id: int, member_id: int) -> Invoice:
    return (
        Invoice.objects.select_for_update(of=("self",))
        .select_related("member", "client", "corrects")
        .get(pk=invoice_id, member_id=member_id)
    )

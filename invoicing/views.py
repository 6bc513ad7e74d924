"""Pages about clients and invoices; a member sees her own, nobody else's."""

from __future__ import annotations

import io
import secrets
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from invoicing import invoices, printing, reports
from invoicing.forms import ClientForm, InvoiceForm, IssuerForm, LineForm, ReceiptForm, line_forms
from invoicing.models import Client, Invoice, Receipt, VatCategory
from members.models import Member
from mutual import access, clock, periods
from mutual.access import Role
from mutual.documents.documents import DocumentRefused
from mutual.ledger import chart, export
from mutual.money import Money
from mutual.pages import forms as pages
from mutual.periods import quarter

PAGE = 50
_PARTY = ("name", "street", "postcode", "city", "country", "email", "vat_id")


def _me(request: HttpRequest) -> Member:
    member: Member | None = request.user.member_or_none  # type: ignore[union-attr]
    if member is None:
        raise Http404
    return member


def _invoice(request: HttpRequest, invoice_id: int) -> Invoice:
    found = Invoice.objects.select_related("client", "corrects", "member").filter(member=_me(request))
    return get_object_or_404(found, pk=invoice_id)


@access.roles(Role.MEMBER)
@require_GET
def invoice_list(request: HttpRequest) -> HttpResponse:
    """My invoices."""
    state = request.GET.get("state", "")
    me = _me(request)
    page = Paginator(reports.listed(me.pk, state=state, on=clock.today()), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "state": state,
        "query": f"state={state}&" if state in ("draft", "open", "overdue") else "",
        "sums": reports.sums(me.pk, clock.today()),
        "today": clock.today(),
    }
    return render(request, "invoicing/invoices.html", context)


@access.roles(Role.MEMBER)
@require_http_methods(["GET", "POST"])
def invoice_edit(request: HttpRequest, invoice_id: int = 0) -> HttpResponse:
    """Write an invoice, or a draft anew. Lines are added by a button that works without JavaScript."""
    me = _me(request)
    invoice = _invoice(request, invoice_id) if invoice_id else None
    if invoice is not None and invoice.status != Invoice.Status.DRAFT:
        messages.error(request, _("This invoice is issued. A credit note corrects it."))
        return redirect("invoicing:invoice", invoice_id)
    if not Client.objects.filter(member=me, archived_on=None).exists():
        messages.info(request, _("First say whom you bill."))
        return redirect("invoicing:client_new")
    issuer = invoices.issuer_of(me)
    currency = invoice.currency if invoice else issuer.currency
    rule = {
        "category": issuer.vat_category,
        "rate": issuer.vat_rate if issuer.vat_category == VatCategory.S else None,
    }
    data = request.POST if request.method == "POST" else None
    form = InvoiceForm(data, member_id=me.pk, initial=_first(me, invoice))
    lines = line_forms(data, currency=currency, first=_lines(invoice), blank=rule, more=0 if invoice else 2)
    if data is not None and "more" in data:
        start = len(lines)
        lines += [LineForm(prefix=f"line{n}", currency=currency, initial=rule) for n in range(start, start + 2)][
            : max(invoices.MOST_LINES - start, 0)
        ]
    elif data is not None and form.is_valid() and all([line.is_valid() for line in lines]):  # noqa: C419
        said = form.cleaned_data
        try:
            saved = invoices.draft(
                member_id=me.pk, client_id=said["client"].pk, supplied_from=said["supplied_from"],
                supplied_until=said["supplied_until"], reference=said["reference"],
                introduction=said["introduction"], form_key=said["form_key"],
                lines=[line for one in lines if (line := one.line()) is not None],
                invoice_id=invoice.pk if invoice else None,
            )  # fmt: skip
        except invoices.InvoiceRefused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("invoicing:invoice", saved.pk)
    context = {"form": form, "lines": lines, "invoice": invoice, "currency": currency}
    failed = data is not None and "more" not in data
    return render(request, "invoicing/edit.html", context, status=422 if failed else 200)


def _first(me: Member, invoice: Invoice | None) -> dict[str, Any]:
    if invoice is not None:
        names = ("supplied_from", "supplied_until", "reference", "introduction")
        return {name: getattr(invoice, name) for name in names} | {"client": invoice.client_id}
    last = Invoice.objects.filter(member=me).order_by("-id").first()
    return {
        "client": last.client_id if last else None, "supplied_from": clock.today(), "supplied_until": clock.today(),
    }  # fmt: skip


def _lines(invoice: Invoice | None) -> list[dict[str, Any]]:
    if invoice is None:
        return []
    return [
        {
            "text": line.text, "quantity": line.quantity.normalize(), "unit": line.unit, "category": line.category,
            "rate": line.rate, "price": Money(line.unit_price, invoice.currency),
        }
        for line in invoice.lines.all()
    ]  # fmt: skip


@access.roles(Role.MEMBER)
@require_GET
def invoice(request: HttpRequest, invoice_id: int) -> HttpResponse:
    """One invoice: its lines and sums, its payments, and what can be done."""
    found = _invoice(request, invoice_id)
    problem = ""
    if found.status == Invoice.Status.DRAFT:
        try:
            invoices.check(found, invoices.issuer_of(found.member), invoices.totals(found))
        except invoices.Incomplete as refused:
            problem = str(refused)
    context = {
        "invoice": found,
        "totals": invoices.totals(found),
        "rows": list(zip(found.lines.all(), invoices.totals(found).nets, strict=True)),
        "receipts": found.receipts.order_by("paid_on", "id"),
        "receipt_amounts": [(one, found.money(one.amount)) for one in found.receipts.order_by("paid_on", "id")],
        "notes": found.corrected_by.exclude(status=Invoice.Status.DRAFT).order_by("id"),
        "form": ReceiptForm(open_amount=found.open_money, initial={"paid_on": clock.today()}),
        "printed": found.status != Invoice.Status.DRAFT and printing.kept(found) is not None,
        "problem": problem,
        "today": clock.today(),
        "form_key": secrets.token_hex(16),
    }
    return render(request, "invoicing/invoice.html", context)


@access.roles(Role.MEMBER)
@require_POST
def invoice_step(request: HttpRequest, invoice_id: int, step: str) -> HttpResponse:
    """Issue, discard, send, credit, duplicate, take a payment or pay one back."""
    found = _invoice(request, invoice_id)
    by, on = access.acting(request), clock.today()
    key = request.POST.get("form_key", "")
    mine = {"invoice_id": found.pk, "member_id": found.member_id}
    if step in ("credit", "duplicate", "refund") and not (len(key) == 32 and key.isascii() and key.isalnum()):
        raise Http404
    try:
        if step == "issue":
            invoices.issue(**mine, by=by, on=on, at=clock.now())
            messages.success(request, _("Issued. Nothing in it changes any more."))
        elif step == "discard":
            invoices.discard(**mine)
            messages.success(request, _("The draft is gone; no number is missing."))
            return redirect("invoicing:invoices")
        elif step == "send":
            invoices.send(**mine, pdf=printing.print_invoice(invoice_id=found.pk), by=by, on=on)
            messages.success(request, _("Sent."))
        elif step == "credit":
            note = invoices.draft_credit_note(**mine, form_key=key, on=on)
            return redirect("invoicing:edit", note.pk)
        elif step == "duplicate":
            copy = invoices.duplicate(**mine, form_key=key, on=on)
            return redirect("invoicing:edit", copy.pk)
        elif step == "refund":
            invoices.refund(**mine, paid_on=on, form_key=key, by=by)
            messages.success(request, _("Noted."))
        elif step == "receipt":
            form = ReceiptForm(request.POST, open_amount=found.open_money)
            if form.is_valid():
                said = form.cleaned_data
                invoices.record_receipt(
                    **mine, amount=said["amount"], paid_on=said["paid_on"], form_key=said["form_key"], by=by
                )
                messages.success(request, _("Noted."))
            else:
                messages.error(request, " ".join(str(e) for errors in form.errors.values() for e in errors))
        else:
            raise Http404
    except (invoices.InvoiceRefused, DocumentRefused) as refused:
        messages.error(request, str(refused))
    return redirect("invoicing:invoice", invoice_id)


@access.roles(Role.MEMBER)
@require_POST
def receipt_undo(request: HttpRequest, receipt_id: int) -> HttpResponse:
    """Take back a payment that was recorded wrongly."""
    receipt = get_object_or_404(Receipt, pk=receipt_id, invoice__member=_me(request))
    try:
        invoices.undo_receipt(
            receipt_id=receipt.pk, member_id=_me(request).pk, by=access.acting(request), on=clock.today()
        )
    except invoices.InvoiceRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Taken back."))
    return redirect("invoicing:invoice", receipt.invoice_id)


@access.roles(Role.MEMBER)
@require_GET
def invoice_pdf(request: HttpRequest, invoice_id: int) -> HttpResponse:
    """The PDF: the one that was kept, or a draft marked as one."""
    found = _invoice(request, invoice_id)
    try:
        if found.status == Invoice.Status.DRAFT:
            found.issued_on = clock.today()
            said = invoices.snapshot(found, invoices.issuer_of(found.member), invoices.totals(found))
            pdf, name = printing.preview(said, clock.now()), "draft"
        else:
            pdf, name = printing.print_invoice(invoice_id=found.pk), found.number
    except DocumentRefused as refused:
        messages.error(request, str(refused))
        return redirect("invoicing:invoice", invoice_id)
    answer = HttpResponse(pdf, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return answer


@access.roles(Role.MEMBER)
@require_GET
def client_list(request: HttpRequest) -> HttpResponse:
    """My clients."""
    found = Client.objects.filter(member=_me(request), archived_on=None).order_by("name")
    return render(request, "invoicing/clients.html", {"page": Paginator(found, PAGE).get_page(request.GET.get("page"))})


@access.roles(Role.MEMBER)
@require_http_methods(["GET", "POST"])
def client_edit(request: HttpRequest, client_id: int = 0) -> HttpResponse:
    """Add or change a client."""
    me = _me(request)
    client = get_object_or_404(Client, pk=client_id, member=me) if client_id else None
    first = {name: getattr(client, name) for name in (*_PARTY, "language")} if client else {"language": me.language}
    form = ClientForm(request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid():
        if client is None:
            invoices.add_client(member_id=me.pk, said=form.cleaned_data, by=access.acting(request))
            return redirect("invoicing:new")
        invoices.change_client(client_id=client.pk, member_id=me.pk, said=form.cleaned_data)
        messages.success(request, _("Saved. Issued invoices stay as they are."))
        return redirect("invoicing:clients")
    return pages.page(
        request, form, heading=client.name if client else _("Add a client"),
        lead=_("Whom you bill. Only you see your clients."), submit=_("Save"), back=reverse("invoicing:clients"),
        back_words=_("Clients"),
    )  # fmt: skip


@access.roles(Role.MEMBER)
@require_http_methods(["GET", "POST"])
def issuer(request: HttpRequest) -> HttpResponse:
    """What my invoices say about me."""
    me = _me(request)
    now = invoices.issuer_of(me)
    rest = ("tax_number", "iban", "bic", "days_to_pay", "number_prefix", "currency", "vat_category", "vat_rate")
    names = [*_PARTY, *rest, "exemption", "terms"]
    form = IssuerForm(request.POST or None, initial={name: getattr(now, name) for name in names})
    if request.method == "POST" and form.is_valid():
        invoices.change_issuer(member_id=me.pk, said=form.cleaned_data, by=access.acting(request))
        messages.success(request, _("Saved. Issued invoices stay as they are."))
        return redirect("invoicing:invoices")
    return pages.page(
        request, form, heading=_("Invoice settings"), lead=_("What your invoices say about you, and how you are paid."),
        submit=_("Save"), back=reverse("invoicing:invoices"), back_words=_("Invoices"),
    )  # fmt: skip


@access.roles(Role.MEMBER)
@require_GET
def vat(request: HttpRequest) -> HttpResponse:
    """VAT by rate for a quarter, by the day of issue."""
    try:
        period = periods.parse(request.GET.get("period", "")) if request.GET.get("period") else quarter(clock.today())
    except periods.BadPeriod:
        period = quarter(clock.today())
    context = {"period": period, "rows": reports.vat_summary(_me(request).pk, period)}
    return render(request, "invoicing/vat.html", context)


@access.roles(Role.MEMBER)
@require_GET
def my_book(request: HttpRequest, kind: str) -> HttpResponse:
    """My own book as plain-text accounting or CSV."""
    me = _me(request)
    if kind not in ("ledger", "hledger", "beancount", "csv"):
        raise Http404
    book = chart.member_book(member_id=me.pk, number=me.number)
    text = io.StringIO()
    export.write(file=text, format=kind, books=[book])
    mime = "text/csv" if kind == "csv" else "text/plain"
    answer = HttpResponse(text.getvalue(), content_type=f"{mime}; charset=utf-8")
    ending = {"csv": "csv", "beancount": "beancount"}.get(kind, "ledger")
    answer["Content-Disposition"] = f'attachment; filename="{me.number}.{ending}"'
    return answer

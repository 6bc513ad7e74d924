"""The PDF of an issued invoice: printed once after the commit from what was frozen, and kept."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from invoicing.models import Invoice, VatCategory
from mutual import formats
from mutual.documents import archive, documents, sheets
from mutual.documents.values import BankDetails, InvoiceDocument, InvoiceLine, Party, VatLine
from mutual.money import Money, from_minor


def document(said: dict[str, Any], *, draft: bool = False) -> InvoiceDocument:
    """What the paper says, from a snapshot."""
    unit, language = said["currency"], said["language"]
    issuer, client = said["issuer"], said["client"]
    first, last = (dt.date.fromisoformat(said[name]) for name in ("supplied_from", "supplied_until"))
    supplied = formats.day(first, language)
    if last != first:
        supplied = f"{supplied} – {formats.day(last, language)}"
    return InvoiceDocument(
        number=said["number"],
        issuer=_party(issuer, language),
        client=_party(client, language),
        issued_on=dt.date.fromisoformat(said["issued_on"]),
        supplied=supplied,
        language=language,
        currency=unit,
        lines=tuple(
            InvoiceLine(
                line["text"], Decimal(line["quantity"]), line["unit"],
                Money(Decimal(line["unit_price"]), unit), from_minor(line["net"], unit),
                None if line["rate"] is None else Decimal(line["rate"]), line["category"],
            )
            for line in said["lines"]
        ),
        vat=tuple(
            VatLine(
                None if group["rate"] is None else Decimal(group["rate"]), group["category"],
                from_minor(group["base"], unit), from_minor(group["vat"], unit), _why(group["category"], issuer),
            )
            for group in said["vat"]
        ),
        net=from_minor(said["net"], unit),
        total_vat=from_minor(said["total_vat"], unit),
        gross=from_minor(said["gross"], unit),
        paid=from_minor(0, unit),
        due=from_minor(0 if said["corrects"] else said["gross"], unit),
        due_on=dt.date.fromisoformat(said["due_on"]) if said["due_on"] else None,
        bank=BankDetails(issuer["name"], issuer["iban"], issuer["bic"]) if issuer["iban"] else None,
        reference=said["reference"],
        introduction=said["introduction"],
        terms=issuer["terms"],
        corrects=said["corrects"],
        corrects_on=dt.date.fromisoformat(said["corrects_on"]) if said["corrects_on"] else None,
        draft=draft,
    )  # fmt: skip


def _why(category: str, issuer: dict[str, str]) -> str:
    if category == "S":
        return ""
    return issuer["exemption"] if category == "E" else str(VatCategory(category).label)


def _party(said: dict[str, str], language: str) -> Party:
    town = f"{said['postcode']} {said['city']}".strip()
    with override(language):
        tax_number = _("Tax number")
    return Party(
        name=said["name"],
        address=tuple(line for line in (said["street"], town, formats.country(said["country"], language)) if line),
        number=said.get("number", ""),
        vat_id=said["vat_id"],
        email=said["email"],
        facts=((tax_number, said["tax_number"]),) if said.get("tax_number") else (),
    )


def number_in_archive(invoice: Invoice) -> str:
    """The archive's number: issuers' numbers are their own."""
    return f"{invoice.member.number}/{invoice.number}"


def _kind(invoice: Invoice) -> archive.Kind:
    return archive.Kind.CREDIT_NOTE if invoice.kind == Invoice.Kind.CREDIT_NOTE else archive.Kind.INVOICE


def print_invoice(*, invoice_id: int) -> bytes:
    """Print an issued invoice and keep it; printed before, it is the same bytes."""
    invoice = Invoice.objects.select_related("member").get(pk=invoice_id)
    assert invoice.snapshot is not None
    assert invoice.issued_at is not None
    known = kept(invoice)
    if known is not None:
        return known
    value = document(invoice.snapshot)
    printed = sheets.invoice(value).print(created=invoice.issued_at)
    row = archive.keep(
        kind=_kind(invoice), number=number_in_archive(invoice), source=invoice.digest, owner=invoice.member_id,
        language=value.language, printed=printed, versions=documents.versions(), created_at=invoice.issued_at,
    )  # fmt: skip
    return archive.fetch(row)


def kept(invoice: Invoice) -> bytes | None:
    """The PDF as it was kept, or None while it is not printed."""
    row = archive.find(kind=_kind(invoice), number=number_in_archive(invoice), source=invoice.digest)
    return None if row is None else archive.fetch(row)


def preview(said: dict[str, Any], at: dt.datetime) -> bytes:
    """A draft's PDF, marked as one; never kept."""
    return sheets.invoice(document(said, draft=True)).print(created=at).pdf

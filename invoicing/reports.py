"""What the invoicing pages show."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.db.models import F, QuerySet, Sum

from invoicing.models import Invoice
from mutual.money import Money, from_minor
from mutual.periods import Period


@dataclass(frozen=True)
class VatRow:
    """One category and rate of a period."""

    currency: str
    category: str
    rate: Decimal | None
    base: Money
    vat: Money


@dataclass(frozen=True)
class Sums:
    """What was invoiced and what is open, in one currency."""

    currency: str
    gross: Money
    still_open: Money
    overdue: Money


def listed(member_id: int, *, state: str, on: dt.date) -> QuerySet[Invoice]:
    """A member's invoices: all, drafts, open or overdue; newest first."""
    found = Invoice.objects.select_related("client", "corrects").filter(member_id=member_id).order_by("-id")
    if state == "draft":
        return found.filter(status=Invoice.Status.DRAFT)
    if state == "open":
        return found.filter(status__in=Invoice.UNPAID, kind=Invoice.Kind.INVOICE)
    if state == "overdue":
        return found.filter(status__in=Invoice.UNPAID, kind=Invoice.Kind.INVOICE, due_on__lt=on).order_by("due_on")
    return found


def sums(member_id: int, on: dt.date) -> list[Sums]:
    """Totals by currency; currencies are never added together."""
    issued = Invoice.objects.filter(member_id=member_id, kind=Invoice.Kind.INVOICE).exclude(status=Invoice.Status.DRAFT)
    rest = F("gross") - F("credited") - F("paid")
    late = dict(
        issued.filter(status__in=Invoice.UNPAID, due_on__lt=on).values_list("currency").annotate(total=Sum(rest))
    )
    waiting = dict(issued.filter(status__in=Invoice.UNPAID).values_list("currency").annotate(total=Sum(rest)))
    rows = issued.values_list("currency").annotate(total=Sum(F("gross") - F("credited"))).order_by("currency")
    return [
        Sums(
            unit, from_minor(int(total), unit), from_minor(int(waiting.get(unit) or 0), unit),
            from_minor(int(late.get(unit) or 0), unit),
        )
        for unit, total in rows
    ]  # fmt: skip


def vat_summary(member_id: int, period: Period) -> list[VatRow]:
    """Bases and VAT by category and rate of what was issued in a period, credit notes taken off."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT i.currency, g->>'category', g->>'rate',
                   sum((g->>'base')::bigint * CASE WHEN i.kind = 'CREDIT_NOTE' THEN -1 ELSE 1 END),
                   sum((g->>'vat')::bigint * CASE WHEN i.kind = 'CREDIT_NOTE' THEN -1 ELSE 1 END)
              FROM invoicing_invoice i CROSS JOIN LATERAL jsonb_array_elements(i.snapshot->'vat') AS g
             WHERE i.member_id = %s AND i.issued_on >= %s AND i.issued_on < %s
             GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            """,
            [member_id, period.start, period.end],
        )
        return [
            VatRow(unit, category, Decimal(rate) if rate else None, from_minor(int(base), unit),
                   from_minor(int(vat), unit))
            for unit, category, rate, base, vat in cursor.fetchall()
        ]  # fmt: skip

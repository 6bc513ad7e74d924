"""What invoicing offers to pages about everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, Case, Count, F, Q, Sum, When
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from invoicing import invoices
from invoicing.models import Invoice
from members.models import Member
from mutual import formats, personal, rooms
from mutual.access import Role
from mutual.ledger import balances, chart
from mutual.money import from_minor
from mutual.periods import Period

_MINE = frozenset({Role.MEMBER})


def navigation() -> Iterator[rooms.NavItem]:
    """Invoices, clients, VAT."""
    yield rooms.NavItem(_("Invoices"), "invoicing:invoices", "file-invoice", "trade", _MINE, 20)
    yield rooms.NavItem(_("Clients"), "invoicing:clients", "address-book", "trade", _MINE, 21)
    yield rooms.NavItem(_("VAT"), "invoicing:vat", "receipt-tax", "trade", _MINE, 22)


def shortcuts() -> Iterator[rooms.NavItem]:
    """Writing an invoice."""
    yield rooms.NavItem(_("New invoice"), "invoicing:new", "plus", "trade", _MINE, 10)


def relations(*, member_id: int, since: dt.date) -> Iterator[rooms.Relation]:
    """Members who invoiced this one since a day, whom she invoiced, and those who invoiced a client of hers."""
    lately = Invoice.objects.filter(issued_on__gte=since)
    me = Member.objects.get(pk=member_id)
    mine = lately.filter(member_id=member_id).values("client__email", "client__vat_id")
    addresses = {row["client__email"].lower() for row in mine} - {""}
    vat_ids = {row["client__vat_id"] for row in mine} - {""}
    for billed in Member.objects.annotate(lower=Lower("email")).filter(lower__in=addresses).exclude(pk=member_id):
        yield rooms.Relation(billed.pk, "trade")
    billing = lately.exclude(member_id=member_id)
    for other in billing.filter(client__email__iexact=me.email).values_list("member_id", flat=True).distinct():
        yield rooms.Relation(other, "trade")
    same = billing.annotate(lower=Lower("client__email"))
    same = same.filter(Q(lower__in=addresses) | Q(client__vat_id__in=vat_ids))
    for other in same.values_list("member_id", flat=True).distinct():
        yield rooms.Relation(other, "client")


def _open(member_id: int) -> Any:
    return Invoice.objects.filter(member_id=member_id, status__in=Invoice.UNPAID, kind=Invoice.Kind.INVOICE)


def invoiced(*, member_ids: Sequence[int], period: Period, currency: str) -> dict[int, int]:
    """What members invoiced in a period without VAT, credit notes taken off, in minor units."""
    sign = Case(When(kind=Invoice.Kind.CREDIT_NOTE, then=-F("net")), default=F("net"), output_field=BigIntegerField())
    issued = Invoice.objects.exclude(status=Invoice.Status.DRAFT).filter(
        member__in=member_ids, currency=currency, issued_on__gte=period.start, issued_on__lt=period.end
    )
    return {row["member"]: int(row["sum"]) for row in issued.values("member").annotate(sum=Sum(sign)).order_by()}


def home(*, member_id: int, on: dt.date, limit: int) -> Iterator[rooms.Owed | rooms.Card | rooms.Happening]:
    """What clients still owe, who is late, and the invoices of late."""
    still = F("gross") - F("credited") - F("paid")
    sums = _open(member_id).values("currency").annotate(open=Sum(still), late=Count("pk", filter=Q(due_on__lt=on)))
    for row in sums.order_by("currency"):
        note = _("%(count)s overdue") % {"count": row["late"]} if row["late"] else ""
        yield rooms.Owed(
            "owed", _("Invoices"), from_minor(int(row["open"]), row["currency"]), note,
            reverse("invoicing:invoices") + "?state=open", 10,
        )  # fmt: skip
    mine = Invoice.objects.filter(member_id=member_id)
    oldest = _open(member_id).filter(due_on__lt=on).order_by("due_on", "id").values("pk")[:3]
    latest = mine.filter(issued_on__isnull=False).order_by("-issued_on", "-id").values("pk")[:limit]
    shown = mine.filter(Q(pk__in=oldest) | Q(pk__in=latest)).select_related("client")
    invoices = list(shown.order_by("issued_on", "id"))
    unpaid = (one for one in invoices if one.kind == Invoice.Kind.INVOICE and one.status in Invoice.UNPAID)
    late = [(one.due_on, one.pk, one) for one in unpaid if one.due_on is not None and one.due_on < on]
    for due_on, _pk, invoice in sorted(late)[:3]:
        yield rooms.Card(
            _("%(client)s has not paid %(number)s") % {"client": invoice.client.name, "number": invoice.number},
            _("%(amount)s, due since %(day)s.")
            % {"amount": formats.money(invoice.open_money), "day": formats.day(due_on)},
            reverse("invoicing:invoice", args=[invoice.pk]), _("See it"), "warn", 25,
        )  # fmt: skip
    for invoice in invoices[-limit:]:
        assert invoice.issued_on is not None
        credit = invoice.kind == Invoice.Kind.CREDIT_NOTE
        yield rooms.Happening(
            invoice.issued_on,
            (_("Credit note to %(client)s") if credit else _("Invoice to %(client)s"))
            % {"client": invoice.client.name},
            -invoice.gross_money if credit else invoice.gross_money,
            reverse("invoicing:invoice", args=[invoice.pk]), "file-invoice",
        )  # fmt: skip


def facts_before_leaving(*, member_id: int, on: dt.date) -> Iterator[rooms.LeavingFact]:
    """Open invoices stay the member's own business."""
    count = _open(member_id).count()
    if count:
        yield rooms.LeavingFact(
            _("Invoices your clients have not paid: %(count)s. They stay yours; download your book before you leave.")
            % {"count": count},
            blocking=False, url=reverse("invoicing:invoices"),
        )  # fmt: skip


def statement_sections(*, member_id: int, period: Period, language: str) -> Iterator[rooms.Section]:
    """Invoices: issued, paid and credited; the balance is what clients owe. From the member's own book."""
    mine = [
        account
        for account in chart.owned_by(member_id, prefix="assets:receivable:")
        if account.book_id not in (chart.COOP, chart.BARTER)
    ]
    found = balances.statements(mine, period)
    by_unit: dict[str, list[Any]] = {}
    openings: dict[str, Any] = {}
    for account in mine:
        statement, unit = found[account.pk], account.currency.code
        openings[unit] = openings.get(unit, from_minor(0, unit)) + statement.opening
        by_unit.setdefault(unit, []).extend(statement.lines)
    with override(language):
        for unit, lines in by_unit.items():
            if not lines and not openings[unit].amount:
                continue
            held, rows = openings[unit], []
            for line in sorted(lines, key=lambda line: (line.date, line.document)):
                held += line.amount
                rows.append(rooms.SectionLine(line.date, str(line.kind.label), line.document, line.amount, held))
            yield rooms.Section(
                "invoices", _("Invoices"),
                _("What you invoiced and what clients paid, from your own book. The balance is what they owe you."),
                unit, tuple(rows), openings[unit], held, order=50,
            )  # fmt: skip


def personal_data(*, member_id: int) -> dict[str, Any]:
    """A member's clients and invoices."""
    member = Member.objects.get(pk=member_id)
    return {
        "issuer": personal.row(invoices.issuer_of(member)),
        "clients": personal.rows(member.clients.order_by("id")),
        "invoices": [
            personal.row(one)
            | {
                "lines": personal.rows(one.lines.order_by("id")),
                "receipts": personal.rows(one.receipts.order_by("id")),
            }
            for one in member.invoices.order_by("id").prefetch_related("lines", "receipts")
        ],
    }


def findings() -> Iterator[rooms.Finding]:
    """Numbers without gaps, receivables that match, snapshots that match their digests."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT s.member_id, s.series, s.year, s.last, count(i.id)
              FROM invoicing_series s LEFT JOIN invoicing_invoice i ON i.member_id = s.member_id
               AND i.number ~ (s.series || '-' || s.year || '-[0-9]+$')
             GROUP BY s.id HAVING count(i.id) <> s.last LIMIT 50
            """
        )
        for member, series, year, last, count in cursor.fetchall():
            yield rooms.Finding(
                "invoice numbers have no gaps", f"{series}-{year}",
                f"Issuer {member} gave {last} numbers in {series}-{year}, but there are {count} invoices.",
            )  # fmt: skip
        cursor.execute(
            """
            SELECT a.id, b.amount, coalesce(i.open, 0)
              FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
              JOIN ledger_currency c ON c.id = a.currency_id
              LEFT JOIN (SELECT k.member_id, k.number, v.currency, sum(v.gross - v.credited - v.paid) AS open
                           FROM invoicing_invoice v JOIN invoicing_client k ON k.id = v.client_id
                          WHERE v.kind = 'INVOICE' AND v.status <> 'DRAFT' GROUP BY 1, 2, 3) AS i
                ON i.member_id = a.owner_id AND a.code = 'assets:receivable:' || i.number AND i.currency = c.code
             WHERE a.code LIKE 'assets:receivable:%' AND a.book_id > 2 AND b.amount <> coalesce(i.open, 0) LIMIT 50
            """
        )
        for account, held, wanted in cursor.fetchall():
            yield rooms.Finding(
                "receivables are the open invoices", str(account),
                f"Account {account} holds {held}, but its open invoices sum to {wanted}.",
            )  # fmt: skip
    newest = Invoice.objects.filter(snapshot__isnull=False).order_by("-id").values_list("pk", "snapshot", "digest")
    for pk, said, kept in newest[:200]:
        if said is None or invoices.digest(said) != kept:
            yield rooms.Finding(
                "issued invoices are unchanged", str(pk), f"Invoice {pk} is not what it was when it was issued."
            )


def live_a_month(story: rooms.Story, period: Period) -> None:
    """Live a month of the demonstration."""
    from invoicing import demo

    demo.live(story, period)

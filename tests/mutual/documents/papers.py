"""The papers the document tests print: a statement, an invoice, and what goes into them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal

from djmoney.money import Money

from mutual.documents import values
from mutual.periods import Period
from mutual.rooms import KeyFigure, Section, SectionLine

MADE = dt.datetime(2026, 11, 1, 9, 30, tzinfo=dt.UTC)
OCTOBER = Period(dt.date(2026, 10, 1), dt.date(2026, 11, 1))
COOPERATIVE = values.Party("Werkbund Mutual", ("Lindenhof 4", "10115 Berlin", "Germany"), email="office@mutual.example")

NAMES = {
    "Latin": "Łukasz Żółć-Ó Næss, Đặng Thị Hậu",
    "Greek": "Ελένη Παπαδοπούλου",
    "Cyrillic": "Олександр Щербаківський",
    "Arabic": "مريم بنت عبد الله",
    "Hebrew": "נועה בן־דוד",
    "Japanese": "髙橋さくら 﨑山 𠮷野",
    "Chinese": "张伟 歐陽菲菲 龘",
    "Korean": "김민준 박서연",
    "Armenian": "Արմեն Պետրոսյան",
    "Georgian": "ნინო ბერიძე",
    "Devanagari": "अनन्या शर्मा",
    "Thai": "สมชาย ใจดี",
}


def section(
    lines: int = 6, *, currency="EUR", title="Dues", text="Dues for October 2026", code="dues", **more
) -> Section:
    """A section whose amounts alternate, with the running balance that follows from them."""
    step = (Decimal(90), Decimal(-45)) if currency == "HOUR" else (Decimal("42.50"), Decimal("-40.00"))
    balance = opening = Money(Decimal(210) if currency == "HOUR" else Decimal("120.00"), currency)
    rows = []
    for number in range(lines):
        amount = Money(step[number % 2], currency)
        balance += amount
        day = dt.date(2026, 10, 1 + number * 27 // max(lines, 1))
        rows.append(SectionLine(day, text, f"D-{number:06d}", amount, balance))
    return Section(
        code=code, title=title, explanation="What the cooperative charged you, and what you paid.", currency=currency,
        lines=tuple(rows), opening=opening, closing=balance, **more,
    )  # fmt: skip


def statement(*sections: Section, name="Amina Diallo", language="en", **changes) -> values.StatementDocument:
    """A statement of these sections, or of three that differ in unit."""
    value = values.StatementDocument(
        number="S-2026-10-M-000123",
        member=values.Party(name, ("14 rue des Tanneurs", "69002 Lyon", "France"), number="M-000123"),
        cooperative=COOPERATIVE,
        period=OCTOBER,
        language=language,
        sections=sections
        or (
            section(
                figures=(KeyFigure("Paid in since joining", Money("1240.60", "EUR")), KeyFigure("Covers", "7 months"))
            ),
            section(3, currency="CREDIT", title="Mutual credit", code="credit"),
            section(0, currency="HOUR", title="Hours", code="hours"),
        ),
        made_on=dt.date(2026, 11, 1),
    )
    return dataclasses.replace(value, **changes)


def _eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def invoice(**changes) -> values.InvoiceDocument:
    """An invoice over two rates of VAT, with bank details."""
    value = values.InvoiceDocument(
        number="2026-0042",
        issuer=values.Party(
            "Amina Diallo Traductions", ("14 rue des Tanneurs", "69002 Lyon", "France"), vat_id="FR32123456789",
            email="amina@diallo.example", facts=(("SIREN", "123 456 789"),),
        ),
        client=values.Party("Kowalczyk & Söhne GmbH", ("Invalidenstraße 112", "10115 Berlin"), vat_id="DE811907980"),
        issued_on=dt.date(2026, 10, 12),
        supplied="September 2026",
        language="en",
        currency="EUR",
        lines=(
            values.InvoiceLine("Translation", Decimal(42), "pages", _eur("38.50"), _eur("1617.00"), Decimal(20)),
            values.InvoiceLine("Interpreting", Decimal("3.5"), "h", _eur("95.00"), _eur("332.50"), Decimal(20)),
            values.InvoiceLine("Proofs", Decimal(2), "sets", _eur("24.90"), _eur("49.80"), Decimal("5.5")),
        ),
        vat=(
            values.VatLine(Decimal(20), "S", _eur("1949.50"), _eur("389.90")),
            values.VatLine(Decimal("5.5"), "S", _eur("49.80"), _eur("2.74")),
        ),
        net=_eur("1999.30"), total_vat=_eur("392.64"), gross=_eur("2391.94"), paid=_eur("0"), due=_eur("2391.94"),
        due_on=dt.date(2026, 11, 11),
        bank=values.BankDetails("Amina Diallo", "FR7630006000011234567890189", "AGRIFRPP"),
        introduction="Thank you for working with me.",
        terms="Late payment costs three times the legal interest rate.",
    )  # fmt: skip
    return dataclasses.replace(value, **changes)

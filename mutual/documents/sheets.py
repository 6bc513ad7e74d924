"""From a value to a printed sheet: what each template shows, written as the reader writes it.

Amounts become text here, once, so that templates hold words and order only.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from djmoney.money import Money

from mutual import charts, formats, iban, payment_code
from mutual.documents import documents
from mutual.documents.documents import Attachment, Press, Printed
from mutual.documents.values import InvoiceDocument, OutlookDocument, Party, ReceiptDocument, StatementDocument
from mutual.money import zero
from mutual.rooms import Section

#: A section of at most so many lines is kept on one page.
SHORT = 4

_short_day = functools.lru_cache(maxsize=4096)(formats.day_short)


@dataclass(frozen=True)
class Sheet:
    """A template, what fills it, and what goes into the file's description."""

    template: str
    context: Mapping[str, Any]
    title: str
    language: str
    pictures: Mapping[str, str]

    def print(
        self, *, created: dt.datetime, attachments: Sequence[Attachment] = (), press: Press | None = None
    ) -> Printed:
        """Print the sheet as tagged PDF/A-3a.

        :raises DocumentRefused: with a sentence, when it cannot be printed
        """
        return documents.print_out(
            self.template,
            self.context,
            title=self.title,
            language=self.language,
            created=created,
            attachments=attachments,
            pictures=self.pictures,
            press=press,
        )


# --- the statement of everything


def statement(value: StatementDocument) -> Sheet:
    """The statement of everything of one member for one period."""
    language, period = value.language, value.period
    with translation.override(language):
        when = formats.period(period, language)
        until = period.until(value.made_on)
        pictures: dict[str, str] = {}
        parts = [_part(section, period.start, until, language, pictures) for section in value.sections]
        running = _("Statement, %(period)s") % {"period": when}
        context = {
            "cooperative": value.cooperative,
            "member": {**_party(value.member), "number": value.member.number},
            "number": value.number,
            "period": when,
            "first_day": formats.day(period.start, language),
            "last_day": formats.day(until, language),
            "running_still": until < period.last_day,
            "running": f"{running}  ·  {value.member.name}  ·  {value.member.number}",
            "foot": "  ·  ".join((value.cooperative.name, *value.cooperative.address)),
            "glance": [part for part in parts if part["closing"] and part["opening"]] if len(parts) > 1 else [],
            "parts": parts,
            "end": _(
                "Made on %(day)s from the cooperative's books. If a line looks wrong, tell the office: "
                "nothing is ever erased, a correction appears as a line of its own."
            )
            % {"day": formats.day(value.made_on, language)},
        }
        title = _("Statement %(period)s, %(member)s") % {"period": when, "member": value.member.number}
    return Sheet("documents/statement.html", context, title, language, pictures)


def _part(section: Section, first: dt.date, last: dt.date, language: str, pictures: dict[str, str]) -> dict[str, Any]:
    bare = formats.bare
    running = any(line.balance is not None for line in section.lines) or section.opening is not None
    opening, closing = section.opening, section.closing
    rows = [
        (
            _short_day(line.date, language),
            line.text,
            line.document,
            bare(line.amount, language),
            "" if line.balance is None else bare(line.balance, language),
            line.detail,
        )
        for line in section.lines
    ]
    picture = alternative = ""
    if section.chart:
        picture = f"chart-{section.code}"
        drawing = _chart(section, language)
        pictures[picture], alternative = drawing.svg, drawing.description
    return {
        "title": section.title,
        "explanation": section.explanation,
        "unit": formats.unit(section.currency, language),
        "running": running,
        "short": len(rows) <= SHORT,
        "opening": "" if opening is None else formats.money(opening, language),
        "opening_bare": "" if opening is None else bare(opening, language),
        "opening_day": _short_day(first, language),
        "closing": "" if closing is None else formats.money(closing, language),
        "closing_bare": "" if closing is None else bare(closing, language),
        "closing_day": _short_day(last, language),
        "change": "" if opening is None or closing is None else formats.money(closing - opening, language),
        "rows": rows,
        "figures": [
            {
                "label": figure.label,
                "value": formats.money(figure.value, language) if isinstance(figure.value, Money) else figure.value,
                "note": figure.note,
            }
            for figure in section.figures
        ],
        "picture": picture,
        "alternative": alternative,
    }


def _chart(section: Section, language: str) -> charts.Chart:
    return charts.bars(
        title=section.title,
        labels=[label for label, _amount in section.chart],
        series=[charts.Series(section.title, tuple(amount.amount for _label, amount in section.chart))],
        words=lambda amount: formats.money(Money(amount, section.currency), language),
    )


def _party(party: Party) -> dict[str, Any]:
    return {"name": party.name, "lines": [line for line in party.address if line]}


# --- the receipt


def receipt(value: ReceiptDocument) -> Sheet:
    """The receipt of one payment of dues."""
    language = value.language
    with translation.override(language):
        money = functools.partial(formats.money, locale=language)
        facts = [
            (_("Received on"), formats.day(value.received_on, language)),
            (_("Into"), value.into),
            (_("Member number"), value.member.number),
            (_("What the bank says"), value.reference),
        ]
        heading = _("Receipt %(number)s") % {"number": value.number}
        context = {
            "cooperative": value.cooperative,
            "member": _party(value.member),
            "heading": heading,
            "running": f"{heading}  ·  {value.member.name}",
            "foot": "  ·  ".join((value.cooperative.name, *value.cooperative.address)),
            "amount": money(value.amount),
            "facts": [fact for fact in facts if fact[1]],
            "unit": formats.unit(str(value.amount.currency), language),
            "rows": [
                (line.text, formats.bare(line.charged, language), formats.bare(line.paid, language))
                for line in value.lines
            ],
            "ahead": formats.bare(value.ahead, language) if value.ahead.amount else "",
            "total": money(value.amount),
            "parts": [(name, money(amount)) for name, amount in value.parts],
        }
    return Sheet("documents/receipt.html", context, heading, language, {})


# --- how long the funds last


def outlook(value: OutlookDocument) -> Sheet:
    """The outlook of the funds for a quarter: a sentence, the figures and the fan of each."""
    language = value.language
    pictures = {f"fan-{place}": part.drawing.svg for place, part in enumerate(value.parts)}
    with translation.override(language):
        when = formats.period(value.period, language)
        heading = _("How long our funds last")
        context = {
            "cooperative": value.cooperative,
            "heading": heading,
            "period": when,
            "runs": formats.number(value.runs, locale=language),
            "running": f"{heading}  ·  {when}",
            "foot": "  ·  ".join((value.cooperative.name, *value.cooperative.address)),
            "parts": [
                {
                    "name": part.name,
                    "promise": part.promise,
                    "sentence": part.sentence,
                    "figures": part.figures,
                    "picture": f"fan-{place}",
                    "alternative": f"{part.drawing.title}. {part.drawing.description}",
                    "title": part.drawing.title,
                }
                for place, part in enumerate(value.parts)
            ],
            "end": _(
                "Simulated on %(day)s from the cooperative's books. A simulation is not a promise: it says what would "
                "happen if members fall ill, join, leave and pay as they have, and as the tables say of others."
            )
            % {"day": formats.day(value.simulated_on, language)},
        }
        title = f"{heading}, {when}"
    return Sheet("documents/outlook.html", context, title, language, pictures)


# --- the invoice


def invoice(value: InvoiceDocument) -> Sheet:
    """An invoice, a credit note, or the draft of one."""
    language = value.language
    with translation.override(language):
        money = functools.partial(formats.money, locale=language)
        kind = _("Credit note") if value.corrects else _("Invoice")
        heading = f"{kind} {value.number}".strip()
        lead = ""
        if value.corrects and value.corrects_on:
            lead = _("corrects invoice %(number)s of %(day)s") % {
                "number": value.corrects,
                "day": formats.day(value.corrects_on, language),
            }
        elif value.corrects:
            lead = _("corrects invoice %(number)s") % {"number": value.corrects}
        facts = [(_("Date"), formats.day(value.issued_on, language)), (_("Supplied"), value.supplied)]
        if value.due_on and not value.corrects:
            facts.append((_("To be paid by"), formats.day(value.due_on, language)))
        if value.reference:
            facts.append((_("Your reference"), value.reference))
        pictures = {}
        if code := _payment_code(value):
            pictures["pay"] = code
        due = _("Credited to you") if value.corrects else _("To pay")
        context = {
            "issuer": value.issuer,
            "client": _party(value.client),
            "client_vat_id": value.client.vat_id,
            "heading": heading,
            "lead": lead,
            "running": f"{heading}  ·  {value.client.name}",
            "foot": "  ·  ".join(
                part
                for part in (
                    value.issuer.name,
                    *value.issuer.address,
                    value.issuer.email,
                    *(f"{name} {fact}" for name, fact in value.issuer.facts),
                    _("VAT id %(id)s") % {"id": value.issuer.vat_id} if value.issuer.vat_id else "",
                )
                if part
            ),
            "facts": [fact for fact in facts if fact[1]],
            "introduction": value.introduction,
            "unit": formats.unit(value.currency, language),
            "taxed": any(line.rate is not None for line in value.lines),
            "rows": [
                (
                    line.text,
                    line.detail,
                    f"{_plain(line.quantity, language)} {line.unit}".strip(),
                    formats.bare(line.unit_price, language),
                    "" if line.rate is None else _percent(line.rate, language),
                    formats.bare(line.net, language),
                )
                for line in value.lines
            ],
            "net": money(value.net),
            "vat": [
                (
                    _("VAT %(rate)s on %(base)s") % {"rate": _percent(line.rate, language), "base": money(line.base)}
                    if line.rate is not None
                    else _("No VAT on %(base)s") % {"base": money(line.base)},
                    money(line.vat),
                )
                for line in value.vat
            ],
            "gross": money(value.gross),
            "paid": money(-value.paid) if value.paid != zero(value.currency) else "",
            "due_label": due,
            "due": money(value.gross if value.corrects else value.due),
            "reasons": [line.reason for line in value.vat if line.reason],
            "notes": value.notes,
            "terms": value.terms,
            "bank": value.bank,
            "iban": iban.grouped(value.bank.iban) if value.bank else "",
            "asks": bool(value.bank) and not value.corrects and not value.draft and value.due.amount > 0,
            "pay": "pay" in pictures,
            "purpose": value.number,
            "draft": value.draft,
        }
    return Sheet("documents/invoice.html", context, heading, language, pictures)


def _payment_code(value: InvoiceDocument) -> str | None:
    """What banking apps fill in a transfer from, where there is something to pay and an account to pay it to."""
    if value.bank is None or value.draft or value.corrects:
        return None
    return payment_code.draw(
        holder=value.bank.holder, iban=value.bank.iban, bic=value.bank.bic, amount=value.due, purpose=value.number
    )


def _plain(number: Decimal, language: str) -> str:
    exponent = number.normalize().as_tuple().exponent
    assert isinstance(exponent, int), "a quantity is finite"
    return formats.number(number, max(0, -exponent), language)


def _percent(rate: Decimal, language: str) -> str:
    exponent = rate.normalize().as_tuple().exponent
    assert isinstance(exponent, int), "a rate is finite"
    return formats.percent(rate / 100, max(0, -exponent), language)

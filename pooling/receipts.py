"""The receipt of a payment: made once, kept, and given out again byte for byte (M4)."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _
from django.utils.translation import override

from members.statements import statements
from mutual import formats, periods
from mutual.documents import archive, documents, sheets
from mutual.documents.documents import Press
from mutual.documents.values import ReceiptDocument, ReceiptLine
from mutual.money import Money, from_minor, minor
from mutual.trail import trail
from pooling.models import Payment

KIND = archive.Kind.RECEIPT


class ReceiptRefused(Exception):
    """There is no receipt; the message says why."""


class NotPlaced(ReceiptRefused):
    """Nobody knows yet whose payment it is."""


class Withdrawn(ReceiptRefused):
    """The payment was taken back."""


def number_of(payment: Payment) -> str:
    """``R-P-000123``."""
    return f"R-{payment.number}"


def compose(payment: Payment, language: str) -> ReceiptDocument:
    """What the receipt of a payment says.

    :raises NotPlaced: if it is nobody's yet
    :raises Withdrawn: if it was taken back
    """
    if payment.status == Payment.Status.WITHDRAWN:
        raise Withdrawn(_("%(payment)s was withdrawn; there is no receipt for it.") % {"payment": payment.number})
    if payment.status != Payment.Status.RECORDED or payment.member is None:
        raise NotPlaced(_("Nobody knows yet whose payment this is."))
    unit = str(payment.amount.currency)
    placements = list(
        payment.placements.select_related("charge__version")
        .prefetch_related("charge__version__shares__fund")
        .order_by("charge__charged_on", "charge_id", "id")
    )
    with override(language):
        lines = tuple(
            ReceiptLine(
                _("Dues of %(period)s") % {"period": formats.period(periods.parse(one.charge.period), language)},
                one.charge.total, from_minor(one.amount, unit),
            )
            for one in placements
        )  # fmt: skip
        parts: dict[str, int] = {}
        for one in placements:
            for share, part in zip(one.charge.version.shares.all(), one.parts, strict=True):
                parts[share.target] = parts.get(share.target, 0) + part
    left = minor(payment.amount) - sum(one.amount for one in placements)
    return ReceiptDocument(
        number=number_of(payment), member=statements.party(payment.member, language),
        cooperative=statements.cooperative(), language=language, received_on=payment.received_on,
        amount=payment.amount, into=payment.bank.name, reference=payment.reference, lines=lines,
        parts=tuple((name, from_minor(part, unit)) for name, part in parts.items() if part),
        ahead=Money(0, unit) + from_minor(left, unit),
    )  # fmt: skip


def give(
    *, payment: Payment, language: str, at: dt.datetime, by: int, press: Press | None = None
) -> tuple[str, bytes]:  # fmt: skip
    """The receipt as a file, with its name: from the archive where it is kept already, else printed and kept now.

    :raises ReceiptRefused: if there is none
    :raises DocumentRefused: if it cannot be printed
    """
    value = compose(payment, language)
    assert payment.member is not None
    if by != payment.member.user_id:
        trail.record(by=by, did="RECEIPT_READ", subject=payment.number)
    source = archive.digest(value)
    kept = archive.find(kind=KIND, number=value.number, source=source)
    if kept is None:
        kept = archive.keep(
            kind=KIND, number=value.number, source=source, owner=payment.member.pk, language=language,
            printed=sheets.receipt(value).print(created=at, press=press),
            versions=press.versions if press else documents.versions(), created_at=at,
        )  # fmt: skip
    return f"{value.number}.pdf", archive.fetch(kept)

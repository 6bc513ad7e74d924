"""How members invoice in the demonstration: nine of them, to invented clients."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from invoicing import invoices
from invoicing.models import Client, Invoice
from members.models import Member
from mutual import rooms
from mutual.money import from_minor
from mutual.periods import Period

_CLIENTS = (
    ("Verlag Nordlicht", "Speicherstadt 4", "20457", "Hamburg", "buchhaltung@nordlicht.example"),
    ("Atelier Morgenrot", "Hofweg 11", "04109", "Leipzig", "post@morgenrot.example"),
    ("Stadtwerke Talheim", "Am Wehr 1", "74388", "Talheim", "rechnung@talheim.example"),
    ("Praxis am Anger", "Anger 22", "99084", "Erfurt", "praxis@anger.example"),
)
_WORK = (("Work as agreed", "h", 62, 8), ("Workshop, one day", "", 540, 1), ("Corrections", "h", 48, 5))


def live(story: rooms.Story, period: Period) -> None:
    """Each of the nine sends one or two invoices a month; most are paid, one is credited now and then."""
    dice = story.dice("invoices", period.start)
    for actor in story.members[:9]:
        if actor.joined_on is None or actor.member_id is None or actor.joined_on > period.start:
            continue
        clients = _clients(actor)
        for n in range(dice.choice((0, 1, 1, 2))):
            text, unit, price, most = dice.choice(_WORK)
            day = min(period.start + dt.timedelta(days=dice.randrange(2, 26)), period.last_day)
            draft = invoices.draft(
                member_id=actor.member_id, client_id=dice.choice(clients).pk, supplied_from=period.start,
                supplied_until=day, reference="", introduction="", form_key=f"demo-{period.start:%Y-%m}-{n}",
                lines=[
                    invoices.NewLine(
                        text, Decimal(dice.randrange(1, most + 1)), unit, Decimal(price), "S", Decimal(19)
                    )
                ],
            )  # fmt: skip
            at = dt.datetime.combine(day, dt.time(10, 30), tzinfo=dt.UTC)
            invoices.issue(invoice_id=draft.pk, member_id=actor.member_id, by=actor.user_id, on=day, at=at)
        _clients_pay(story, actor, period)


def _clients(actor: rooms.Actor) -> list[Client]:
    assert actor.member_id is not None
    found = list(Client.objects.filter(member_id=actor.member_id).order_by("id"))
    if found:
        return found
    member = Member.objects.get(pk=actor.member_id)
    invoices.change_issuer(
        member_id=member.pk, by=actor.user_id,
        said={
            "tax_number": f"27/{member.pk % 900 + 100}/01234", "iban": "DE02120300000000202051", "bic": "BYLADEM1001",
            "terms": "Thank you for working with me.",
        },
    )  # fmt: skip
    picked = _CLIENTS[member.pk % 2 :: 2] if member.pk % 3 else _CLIENTS
    return [
        invoices.add_client(
            member_id=member.pk, by=actor.user_id,
            said={
                "name": name, "street": street, "postcode": postcode, "city": city, "country": "DE", "email": email,
                "vat_id": "", "language": "de",
            },
        )
        for name, street, postcode, city, email in picked
    ]  # fmt: skip


def _clients_pay(story: rooms.Story, actor: rooms.Actor, period: Period) -> None:
    assert actor.member_id is not None
    dice = story.dice(f"paid-{actor.number}", period.start)
    waiting = Invoice.objects.filter(
        member_id=actor.member_id, status__in=Invoice.UNPAID, kind=Invoice.Kind.INVOICE, issued_on__lt=period.start
    ).order_by("id")
    for invoice in waiting:
        if dice.random() < 0.2:
            continue
        half = dice.random() < 0.1 and invoice.open_minor > 2
        invoices.record_receipt(
            invoice_id=invoice.pk, member_id=invoice.member_id, by=actor.user_id,
            amount=from_minor(invoice.open_minor // 2 if half else invoice.open_minor, invoice.currency),
            paid_on=period.start + dt.timedelta(days=dice.randrange(0, max(period.days - 1, 1))),
            form_key=f"demo-{period.start:%Y-%m}",
        )  # fmt: skip

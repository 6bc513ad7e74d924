"""The bank file of a run, or of what a decision made up for it later: made once, sealed, the same ever after (R-B8).

The books moved when it was paid there; the file moves nothing. It can only be what the journal says, payment by
payment: whose claims payable was paid how much from which bank account. Its message number has no gaps, and the names
of its payments follow from the run or the decision, so that a bank that gets it twice can tell. It is sealed like the
accounts it names: who opens it, and when, is written down before the bytes are given out.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members import payout
from members.governance import figures
from members.models import PayoutAccount
from members.numbers import next_number
from mutual.ledger import chart
from mutual.money import Money
from mutual.periods import add_months
from mutual.trail import trail
from mutual.vault import vault
from pooling.payouts import pain
from pooling.payouts.models import BankFile, PayRun, TopUp

PLACE = "pain.001"
REASON = "BANK_FILE"
CURRENCY = "EUR"
_FETCHED = ("fund", "bank__account__currency")


class BankFileRefused(Exception):
    """No file was made; the message is a sentence for the person."""


class NotPaid(BankFileRefused):
    """The run is not finished: what it pays is not settled."""


class NoAccount(BankFileRefused):
    """Some members named no account yet; the message lists them."""


@dataclass(frozen=True)
class Payee:
    """A member whose account matters here."""

    number: str
    name: str


@dataclass(frozen=True)
class Check:
    """Whether a file can be made, and what stands in the way.

    :ivar missing: who named no account
    :ivar fresh: who named another account since the day of the run: worth a call before the bank gets it
    """

    count: int
    total: Money
    missing: tuple[Payee, ...]
    fresh: tuple[Payee, ...]
    why: str

    @property
    def ready(self) -> bool:
        """Whether it can be made."""
        return not self.why and not self.missing


@dataclass(frozen=True)
class _Row:
    """One instalment that was paid; amounts in cents.

    :ivar booked: what the journal paid for it, from this bank account and out of this member's claims payable
    """

    claim: str
    place: int
    member_id: int
    number: str
    name: str
    amount: int
    booked: int

    @property
    def instalment(self) -> str:
        """How the file names it."""
        return f"{self.claim}-{self.place}"


_OF_RUN = """
    SELECT p.id, p.instalment_id, p.share + p.gift AS amount FROM payouts_payout p
      JOIN claims_instalment i ON i.id = p.instalment_id AND i.state = 'PAID' WHERE p.run_id = %(of)s
"""
_OF_TOP_UP = """
    SELECT p.id, p.instalment_id, m.amount FROM payouts_madeup m JOIN payouts_payout p ON p.id = m.payout_id
     WHERE m.top_up_id = %(of)s
"""
_ROWS = """
    SELECT c.number, i.place, m.id, m.number, m.name, paid.amount, coalesce(booked.amount, 0)
      FROM ({paid}) AS paid JOIN claims_instalment i ON i.id = paid.instalment_id
      JOIN claims_claim c ON c.id = i.claim_id JOIN members_member m ON m.id = c.member_id
      LEFT JOIN LATERAL (
           SELECT t.amount FROM ledger_transfer t JOIN ledger_account a ON a.id = t.debit_id AND a.owner_id = m.id
            WHERE t.book_id = %(book)s AND t.debit_id = i.payable_id AND t.credit_id = %(bank)s
              AND t.id IN (ledger_line_id(%(book)s, %(head)s || c.number || '/' || i.place, 0),
                           ledger_line_id(%(book)s, %(head)s || c.number || '/' || i.place, 1))) AS booked ON true
     WHERE paid.amount > 0 ORDER BY paid.id
"""
# A run books what it pays a member as the first line of an entry, a decision that makes up for it as the second.


def _rows(run: PayRun, top_up: TopUp | None) -> list[_Row]:
    head = f"payrun/{run.number}/" if top_up is None else f"payrun/{run.number}/{top_up}/"
    with connection.cursor() as cursor:
        cursor.execute(
            _ROWS.format(paid=_OF_RUN if top_up is None else _OF_TOP_UP),
            {
                "of": run.pk if top_up is None else top_up.pk, "head": head, "book": chart.COOP,
                "bank": run.bank.account_id,
            },
        )  # fmt: skip
        return [_Row(*row) for row in cursor.fetchall()]


def check(run: PayRun, top_up: TopUp | None = None) -> Check:
    """What stands in the way of a file of a run, or of what was made up for it later, before anything is opened."""
    return _check(run, top_up, _rows(run, top_up))


def _check(run: PayRun, top_up: TopUp | None, rows: Sequence[_Row]) -> Check:
    named = dict(
        PayoutAccount.objects.filter(member__in={row.member_id for row in rows}).values_list("pk", "changed_on")
    )
    payees = {row.number: (Payee(row.number, row.name), named.get(row.member_id)) for row in rows}
    found = [payees[number] for number in sorted(payees)]
    return Check(
        len(rows), run.money(sum(row.amount for row in rows)), tuple(one for one, day in found if day is None),
        tuple(one for one, day in found if day is not None and day >= run.day), _why(run, top_up, rows),
    )  # fmt: skip


def _why(run: PayRun, top_up: TopUp | None, rows: Sequence[_Row]) -> str:
    if run.state != PayRun.State.PAID:
        return _("The run is not finished: a file is made of what was decided and booked.")
    if run.fund.currency != CURRENCY:
        return _("SEPA pays euros, and this run pays %(unit)s.") % {"unit": run.fund.currency}
    if not run.bank.iban:
        return _("The bank account “%(bank)s” has no IBAN.") % {"bank": run.bank.name}
    if not rows:
        return _("The run paid nothing.")
    said = run.paid if top_up is None else top_up.amount
    if sum(row.amount for row in rows) != said or any(row.amount != row.booked for row in rows):
        return _("What the run paid is not what the books say. Run the audit first.")
    return ""


@transaction.atomic(durable=True)
def make(*, run_id: int, by: int, at: dt.datetime, top_up_id: int | None = None) -> BankFile:
    """Make the file of a run, or of what a decision made up for it later; or answer with the one there is: whoever
    comes second gets the first one's.

    The members' accounts are opened in the same transaction, and that is written down: what leaves it is sealed.

    :raises NoAccount: if a member named no account; the message lists them all
    :raises NotPaid: if the run is not finished, cannot be paid by SEPA, or is not what the books say
    :raises BankFileRefused: if no bank would take the file
    """
    run = _lock(run_id)
    top_up = None if top_up_id is None else run.top_ups.select_related("decision", "run__fund").get(pk=top_up_id)
    known = BankFile.objects.filter(run=run, top_up=top_up).first()
    if known is not None:
        return known
    rows = _rows(run, top_up)
    found = _check(run, top_up, rows)
    if found.missing:
        names = ", ".join(f"{one.number} {one.name}" for one in found.missing)
        raise NoAccount(_("No account is named by: %(names)s.") % {"names": names})
    if found.why:
        raise NotPaid(found.why)
    name = run.number if top_up is None else str(top_up)
    accounts = payout.take_many({row.member_id for row in rows}, by=by, at=at, reason=REASON)
    on = timezone.localdate(at)
    file = BankFile(number=next_number("SF"), run=run, top_up=top_up, made_by=by, made_on=on)
    order = pain.Order(
        message=file.number, made_at=at.replace(microsecond=0), payer=settings.COOPERATIVE_NAME,
        payer_iban=run.bank.iban, payer_bic=run.bank.bic, pay_on=on,
        credits=tuple(
            pain.Credit(
                f"{name}-{row.instalment}", *accounts[row.member_id], row.amount,
                f"{settings.COOPERATIVE_NAME} {name}",
            )
            for row in rows
        ),
    )  # fmt: skip
    assert run.money(order.total) == found.total, "What is paid is what was checked."
    try:
        made = pain.build(order)
    except pain.PainRefused as refused:
        raise BankFileRefused(str(refused)) from refused
    file.count, file.amount = len(order.credits), order.total
    file.digest = hashlib.sha256(made).hexdigest()
    file.save(force_insert=True)
    vault.open_vault(file.vault, on=on)
    vault.seal(subject=file.vault, place=PLACE, content=made)
    vault.destroy_after(file.vault, on=add_months(on, figures.value("funds.bank_file_months", on)))
    trail.record(
        by=by, did="BANK_FILE_MADE", subject=name,
        detail={**trail.amount(file.total), "file": file.number, "count": file.count, "sha256": file.digest},
    )  # fmt: skip
    return file


def content(file: BankFile, *, by: int, at: dt.datetime) -> bytes:
    """The file's bytes, the same every time; that it was opened is written down first.

    :raises mutual.vault.vault.VaultRefused: if it was destroyed, or is not what was sealed
    """
    found = vault.read(subject=file.vault, place=PLACE, by=by, at=at, reason=REASON)
    assert hashlib.sha256(found).hexdigest() == file.digest, "What was sealed is what was made."
    return found


def _lock(run_id: int) -> PayRun:
    return PayRun.objects.select_for_update(of=("self",)).select_related(*_FETCHED).get(pk=run_id)

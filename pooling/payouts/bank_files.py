"""The bank file of a pay run: made once, kept sealed, given out again byte for byte (R-B8).

The books moved when the run was paid; the file moves nothing there. Its message number has no gaps, and the names of
its payments follow from the run, so that a bank that gets it twice can tell. It is sealed like the accounts it names:
who opens it, and when, is written down before the bytes are given out.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from members import payout
from members.models import PayoutAccount
from members.numbers import next_number
from mutual.ledger import balances
from mutual.money import Money, minor
from mutual.trail import trail
from mutual.vault import vault
from pooling.payouts import pain
from pooling.payouts.models import BankFile, PayRun

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
class Missing:
    """A member without an account."""

    number: str
    name: str


@dataclass(frozen=True)
class Check:
    """Whether a run's file can be made, and what stands in the way."""

    run: PayRun
    count: int
    total: Money
    missing: tuple[Missing, ...]
    why: str

    @property
    def ready(self) -> bool:
        """Whether it can be made."""
        return not self.why and not self.missing


@dataclass(frozen=True)
class _Row:
    """One instalment that the run paid; amount in cents."""

    claim: str
    place: int
    member_id: int
    number: str
    name: str
    amount: int

    @property
    def instalment(self) -> str:
        """How the file names it."""
        return f"{self.claim}-{self.place}"


_ROWS = """
    SELECT c.number, i.place, m.id, m.number, m.name, p.share + p.gift
      FROM payouts_payout p JOIN claims_instalment i ON i.id = p.instalment_id AND i.state = 'PAID'
      JOIN claims_claim c ON c.id = i.claim_id JOIN members_member m ON m.id = c.member_id
     WHERE p.run_id = %s AND p.share + p.gift > 0 ORDER BY p.id
"""


def _rows(run: PayRun) -> list[_Row]:
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [run.pk])
        return [_Row(*row) for row in cursor.fetchall()]


def check(run: PayRun) -> Check:
    """What stands in the way of a run's file, before anything is opened."""
    rows = _rows(run)
    have = set(PayoutAccount.objects.filter(member__in={row.member_id for row in rows}).values_list("pk", flat=True))
    missing = {row.number: Missing(row.number, row.name) for row in rows if row.member_id not in have}
    total = sum(row.amount for row in rows)
    return Check(run, len(rows), run.money(total), tuple(missing[key] for key in sorted(missing)), _why(run, rows))


def _why(run: PayRun, rows: Sequence[_Row]) -> str:
    if run.state != PayRun.State.PAID:
        return _("The run is not finished: a file is made of what was decided and booked.")
    if run.fund.currency != CURRENCY:
        return _("SEPA pays euros, and this run pays %(unit)s.") % {"unit": run.fund.currency}
    if not run.bank.iban:
        return _("The bank account “%(bank)s” has no IBAN.") % {"bank": run.bank.name}
    if not rows:
        return _("The run paid nothing.")
    total = sum(row.amount for row in rows)
    if not total == run.paid == _booked(run, rows):
        return _("What the run paid is not what the books say. Run the audit first.")
    return ""


def _booked(run: PayRun, rows: Sequence[_Row]) -> int:
    """What the journal booked out of the bank account for these instalments of the run, in cents."""
    keys = [f"payrun/{run.number}/{row.claim}/{row.place}" for row in rows]
    return minor(balances.taken_by(run.bank.account, keys))


@transaction.atomic(durable=True)
def make(*, run_id: int, by: int, at: dt.datetime) -> BankFile:
    """Make the file of a run, or answer with the one there is: whoever comes second gets the first one's.

    The members' accounts are opened in the same transaction, and that is written down: what leaves it is sealed.

    :raises NoAccount: if a member named no account; the message lists them all
    :raises NotPaid: if the run is not finished, cannot be paid by SEPA, or is not what the books say
    :raises BankFileRefused: if no bank would take the file
    """
    run = _lock(run_id)
    known = BankFile.objects.filter(run=run).first()
    if known is not None:
        return known
    found = check(run)
    if found.missing:
        names = ", ".join(f"{one.number} {one.name}" for one in found.missing)
        raise NoAccount(_("No account is named by: %(names)s.") % {"names": names})
    if found.why:
        raise NotPaid(found.why)
    rows = _rows(run)
    accounts = payout.take_many({row.member_id for row in rows}, by=by, at=at, reason=REASON)
    file = BankFile(run=run, number=next_number("SF"), made_by=by, made_on=at.date())
    order = pain.Order(
        message=file.number, made_at=at.replace(microsecond=0), payer=settings.COOPERATIVE_NAME,
        payer_iban=run.bank.iban, payer_bic=run.bank.bic, pay_on=at.date(),
        credits=tuple(
            pain.Credit(
                f"{run.number}-{row.instalment}", *accounts[row.member_id], row.amount,
                f"{settings.COOPERATIVE_NAME} {run.number}",
            )
            for row in rows
        ),
    )  # fmt: skip
    assert order.total == run.paid, "What is paid is what was checked."
    try:
        made = pain.build(order)
    except pain.PainRefused as refused:
        raise BankFileRefused(str(refused)) from refused
    file.count, file.amount = len(order.credits), order.total
    file.digest = hashlib.sha256(made).hexdigest()
    file.save(force_insert=True)
    vault.open_vault(file.vault, on=at.date())
    vault.seal(subject=file.vault, place=PLACE, content=made)
    trail.record(
        by=by, did="BANK_FILE_MADE", subject=run.number,
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

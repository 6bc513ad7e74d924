"""The cooperative's bank accounts, and the bank's word beside ours."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from members.numbers import next_number
from mutual import formats, repeats
from mutual.ledger import balances, chart, journal
from mutual.ledger.kinds import Kind
from mutual.money import Money
from mutual.trail import trail
from pooling import accounts
from pooling.treasury.models import BankAccount, BankBalance


class BankRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class NameTaken(BankRefused):
    """There is a bank account of that name already."""


class NotEnough(BankRefused):
    """The account holds less than that."""


class NotPossible(BankRefused):
    """The accounts or the day do not allow it."""


@transaction.atomic(durable=True)
def open_account(*, name: str, iban: str, bic: str, currency: str, by: int, on: dt.date) -> BankAccount:
    """Open a bank account in the books; it can never be overdrawn.

    :raises NameTaken: if there is one of that name
    """
    slug = slugify(name)[:40] or "bank"
    if BankAccount.objects.filter(slug=slug).exists():
        raise NameTaken(_("There is a bank account with that name already."))
    bank = BankAccount.objects.create(
        slug=slug, name=name, iban=iban, bic=bic, currency=currency, account=accounts.bank(slug, currency), opened_on=on
    )
    trail.record(by=by, did="BANK_ACCOUNT_OPENED", subject=f"bank-{slug}")
    return bank


@transaction.atomic(durable=True)
def move(*, source_id: int, target_id: int, amount: Money, on: dt.date, form_key: str, by: int) -> str:
    """Move money between the cooperative's own accounts; returns the document's number. The same form is one move.

    :raises NotEnough: if the first holds less
    :raises NotPossible: if the two differ in currency or the month is closed
    :raises mutual.repeats.FormReused: if the form was sent before with other content
    """
    source, target = (
        BankAccount.objects.select_related("account__currency").get(pk=pk) for pk in (source_id, target_id)
    )
    if source.pk == target.pk or source.currency != target.currency or source.currency != str(amount.currency):
        raise NotPossible(_("Choose two different accounts in the same currency."))
    key = f"bank/{form_key}/moved"
    repeats.wait_for_twin(form_key)
    known = balances.entry(chart.COOP, journal.entry_id_of(key))
    if known is not None:
        (line,) = known.lines
        booked = (line.debit_id, line.credit_id, line.amount, known.date)
        if booked != (target.account_id, source.account_id, amount, on):
            raise repeats.FormReused
        return known.document
    number = next_number("B")
    try:
        journal.post(
            kind=Kind.BANK_TRANSFERRED, key=key, date=on, recorded_by=by, document=number,
            transfers=[journal.move(amount, debit=target.account, credit=source.account)],
        )  # fmt: skip
    except journal.BalanceOutOfRange as error:
        over = formats.money(error.over_by)
        raise NotEnough(_("The account holds %(over)s less than that.") % {"over": over}) from error
    except journal.PeriodClosed as error:
        raise NotPossible(str(error)) from error
    trail.record(by=by, did="BANK_TRANSFERRED", subject=number, detail=trail.amount(amount))
    return number


@transaction.atomic(durable=True)
def note_balance(*, bank_id: int, day: dt.date, amount: Money, by: int) -> BankBalance:
    """Write down what the bank says an account held at the end of a day; a later word for the day replaces it.
    Again is harmless.

    :raises NotPossible: if the amount is in another currency
    """
    bank = BankAccount.objects.get(pk=bank_id)
    if bank.currency != str(amount.currency):
        raise NotPossible(_("That bank account is kept in %(currency)s.") % {"currency": bank.currency})
    known = BankBalance.objects.filter(bank=bank, day=day).first()
    if known is not None and (known.amount, known.entered_by) == (amount, by):
        return known
    said, _made = BankBalance.objects.update_or_create(
        bank=bank, day=day, defaults={"amount": amount, "entered_by": by}
    )
    trail.record(by=by, did="BANK_BALANCE_NOTED", subject=f"bank-{bank.slug}", detail={"day": str(day)})
    return said

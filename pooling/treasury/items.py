"""Costs the cooperative pays and other income it receives."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from members.numbers import next_number
from mutual import formats, repeats
from mutual.ledger import chart, journal
from mutual.ledger.kinds import AccountType, Kind
from mutual.money import Money
from mutual.trail import trail
from pooling.treasury.models import BankAccount, Category, Item


class ItemRefused(Exception):
    """Nothing was recorded; the message is a sentence for the person."""


class NameTaken(ItemRefused):
    """There is a category of that name already."""


class NotEnough(ItemRefused):
    """The bank account holds less than the cost."""


class NotPossible(ItemRefused):
    """The month is closed, or the currencies differ."""


@transaction.atomic(durable=True)
def open_category(*, kind: str, name: str, by: int) -> Category:
    """Open a category of costs or income.

    :raises NameTaken: if there is one of that name
    """
    slug = slugify(name)[:40] or "other"
    category, made = Category.objects.get_or_create(kind=kind, slug=slug, defaults={"name": name})
    if not made:
        raise NameTaken(_("There is a category with that name already."))
    trail.record(by=by, did="CATEGORY_OPENED", subject=f"category-{category.pk}")
    return category


def account_of(category: Category, currency: str) -> chart.Account:
    """The category's account in a currency, opened when first needed."""
    cost = category.kind == Category.Kind.COST
    return chart.open(
        book=chart.coop_book(),
        code=f"expenses:{category.slug}" if cost else f"income:other:{category.slug}",
        type=AccountType.EXPENSE if cost else AccountType.INCOME,
        currency=currency,
    )


@transaction.atomic(durable=True)
def record(
    *,
    category_id: int,
    bank_id: int,
    amount: Money,
    booked_on: dt.date,
    text: str,
    voucher: str,
    form_key: str,
    by: int,
) -> Item:
    """Record a cost paid from, or an income received on, a bank account. The same form sent twice is one item.

    :raises NotEnough: if the account holds less than the cost
    :raises NotPossible: if the month is closed or the currencies differ
    """
    known = repeats.made_before(
        Item.objects.all(), form_key=form_key, category_id=category_id, bank_id=bank_id, amount=amount,
        booked_on=booked_on, text=text, voucher=voucher,
    )  # fmt: skip
    if known is not None:
        return known
    bank = BankAccount.objects.select_related("account__currency").get(pk=bank_id)
    if bank.currency != str(amount.currency):
        raise NotPossible(_("That bank account is kept in %(currency)s.") % {"currency": bank.currency})
    category = Category.objects.get(pk=category_id)
    item = Item.objects.create(
        number=next_number("X"), form_key=form_key, category=category, bank=bank, amount=amount, booked_on=booked_on,
        text=text, voucher=voucher, recorded_by=by,
    )  # fmt: skip
    other = account_of(category, bank.currency)
    cost = category.kind == Category.Kind.COST
    try:
        journal.post(
            kind=Kind.COST_PAID if cost else Kind.INCOME_RECEIVED,
            key=f"item/{item.number}/recorded",
            date=booked_on,
            transfers=[
                journal.move(amount, debit=other, credit=bank.account)
                if cost
                else journal.move(amount, debit=bank.account, credit=other)
            ],
            recorded_by=by,
            document=item.number,
        )
    except journal.BalanceOutOfRange as error:
        over = formats.money(error.over_by)
        raise NotEnough(_("The account holds %(over)s less than that.") % {"over": over}) from error
    except journal.PeriodClosed as error:
        day = formats.day(error.open_from)
        raise NotPossible(_("The books are closed before %(day)s. Use a later day.") % {"day": day}) from error
    trail.record(by=by, did="ITEM_RECORDED", subject=item.number, detail=trail.amount(amount))
    return item

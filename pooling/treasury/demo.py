"""How the treasury lives the demonstration: a bank account with a start, monthly costs, a course now and then."""

from __future__ import annotations

import datetime as dt

from mutual import rooms
from mutual.money import Money
from mutual.periods import Period, month
from pooling.treasury import banks, corrections, items, months
from pooling.treasury.models import BankAccount, Category

_COSTS = (("Rent", "Office, Lindenhof", 18_000), ("Hosting", "Servers", 3_900), ("Accounting", "Accountant", 9_500))


def begin(story: rooms.Story) -> None:
    """Two bank accounts, the opening balance by two officers, categories."""
    first, second = (actor.user_id for actor in story.treasurers[:2])
    unit, on = story.currency, story.first_day
    main = banks.open_account(
        name="Current account", iban="DE89370400440532013000", bic="COBADEFFXXX", currency=unit, by=first, on=on
    )
    banks.open_account(name="Reserve account", iban="", bic="", currency=unit, by=first, on=on)
    proposal = corrections.propose_opening(
        bank_id=main.pk, fund_id=None, amount=Money(24_400, unit), day=on, by=first, on=on,
        text="What the founders brought together before these books began.",
    )  # fmt: skip
    corrections.confirm(decision_id=proposal.pk, kind=corrections.OPENING, by=second, on=on)
    for name, _text, _amount in _COSTS:
        items.open_category(kind=Category.Kind.COST, name=name, by=first)
    items.open_category(kind=Category.Kind.INCOME, name="Courses", by=first)


def live(story: rooms.Story, period: Period) -> None:
    """Pay the month's costs; earn something; close the month before last."""
    by, unit = story.treasurers[0].user_id, story.currency
    bank = BankAccount.objects.order_by("id")[0]
    dice = story.dice("treasury", period.start)
    for place, (name, text, cents) in enumerate(_COSTS):
        day = min(period.start + dt.timedelta(days=2 + 3 * place), period.last_day)
        items.record(
            category_id=Category.objects.get(name=name).pk, bank_id=bank.pk, booked_on=day, text=text,
            amount=Money(cents, unit) / 100, voucher=f"V-{period.start:%y%m}-{place + 1}", by=by,
            form_key=f"demo-cost-{period.start:%Y-%m}-{place}",
        )  # fmt: skip
    if dice.random() < 0.6:
        items.record(
            category_id=Category.objects.get(name="Courses").pk, bank_id=bank.pk, booked_on=period.last_day,
            amount=Money(dice.randrange(120, 420), unit), text="Course: invoices and taxes", voucher="", by=by,
            form_key=f"demo-course-{period.start:%Y-%m}",
        )  # fmt: skip
    before = month(period.start).previous().previous()
    if before.start >= story.first_day and before.start.year == story.today.year:
        months.close(month=before, by=by, on=period.last_day)


def what_the_bank_says(story: rooms.Story) -> None:
    """The bank agrees with the books, to the cent."""
    from mutual.ledger import balances

    bank = BankAccount.objects.select_related("account__currency").order_by("id")[0]
    banks.note_balance(
        bank_id=bank.pk, day=story.today, amount=balances.on(bank.account, story.today),
        by=story.treasurers[1].user_id,
    )  # fmt: skip

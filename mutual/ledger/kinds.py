"""Why an entry exists, and what an account is for: small numbers in the rows, sentences here.

Every kind has its T-account in ``docs/accounting.md``; a test compares the two.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class AccountType(models.IntegerChoices):
    """The five kinds of account. Assets and expenses grow on the debit side, the others on the credit side."""

    ASSET = 1, _("Asset")
    LIABILITY = 2, _("Liability")
    EQUITY = 3, _("Equity")
    INCOME = 4, _("Income")
    EXPENSE = 5, _("Expense")

    @property
    def sign(self) -> int:
        """+1 where debits increase what the account shows, −1 where credits do."""
        return 1 if self in (AccountType.ASSET, AccountType.EXPENSE) else -1


class Kind(models.IntegerChoices):
    """Why an entry was recorded. Numbers are in permanent rows: never renumber, only add."""

    OPENING_BALANCE = 1, _("Opening balance")
    REVERSAL = 2, _("Reversal")
    IMPORTED = 3, _("Imported from earlier books")

    DUES_CHARGED = 10, _("Dues charged")
    DUES_PAID = 11, _("Dues paid")
    DUES_PREPAID = 12, _("Paid ahead")
    DUES_SETTLED = 13, _("Dues paid from what was paid ahead")
    DUES_WRITTEN_OFF = 14, _("Dues written off")
    DUES_RELIEVED = 15, _("Dues paid by dues relief")
    PREPAYMENT_REFUNDED = 16, _("Overpayment refunded")
    DUES_REFUNDED = 17, _("Dues refunded")
    BUFFER_RETURNED = 18, _("Buffer above its cap returned")
    DUES_CREDITED = 19, _("Dues credited: less is owed than was charged")
    DUES_WORKED = 26, _("Dues paid in work")

    COST_PAID = 20, _("Cost paid")
    INCOME_RECEIVED = 21, _("Other income received")
    BANK_TRANSFERRED = 22, _("Moved between bank accounts")
    PROVIDER_FEE = 23, _("Payment provider's fee")
    PAYMENT_UNPLACED = 24, _("Payment not yet placed")
    PAYMENT_PLACED = 25, _("Unplaced payment placed")

    CLAIM_APPROVED = 30, _("Claim approved")
    CLAIM_PAID = 31, _("Claim paid")
    CLAIM_RELEASED = 32, _("Money set aside released")
    FUND_GRANTED = 33, _("Money given to a fund")
    PAY_RUN_COVERED = 34, _("Set aside for a pay run")
    SHORTFALL_PAID = 35, _("Shortfall made up")
    FUND_LENT = 36, _("Lent by a fund to another")
    FUND_REPAID = 37, _("Repaid by a fund to another")
    GRANT_PAID = 38, _("Grant paid by a fund")

    GIFT_GIVEN = 70, _("Gift to a member of the circle")
    PREMIUM_PAID = 71, _("Premium for the pool above the circles")
    CIRCLE_SETTLED = 72, _("Buffer settled on leaving a circle")

    YEAR_CLOSED = 40, _("Year closed")
    SURPLUS_ALLOCATED = 41, _("Surplus allocated")
    FUND_RETURNED = 42, _("Fund's money given back to the surplus")
    PATRONAGE_PAID = 43, _("Member's part of the surplus paid")
    PATRONAGE_REDEEMED = 44, _("Part of the surplus settled after leaving")

    INVOICE_ISSUED = 50, _("Invoice issued")
    INVOICE_PAID = 51, _("Invoice paid")
    CREDIT_NOTE_ISSUED = 52, _("Credit note issued")
    INVOICE_REFUNDED = 53, _("Client refunded")

    TRADE_SETTLED = 60, _("Trade settled")
    LEAVER_SETTLED = 61, _("Balance settled on leaving")
    HOURS_THANKED = 62, _("Thanked in hours")

"""The ledger's rows. Private to the ledger: others go through journal, balances and chart.

Nothing here computes. The trigger in ``migrations/0005_turnover.sql`` keeps the balances and the turnover of busy
accounts, and refuses what must not be.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from mutual.ledger.kinds import AccountType, Kind

STRIPES = 64
"""How many rows a busy account's balance is spread over."""


class Currency(models.Model):
    """A unit the books can count; new ones are rows, not code."""

    id = models.SmallAutoField(primary_key=True)
    code = models.CharField(max_length=12, unique=True)
    decimals = models.SmallIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(name="currency_has_0_to_8_decimals", condition=Q(decimals__range=(0, 8)))]

    def __str__(self) -> str:
        return self.code


class Book(models.Model):
    """A set of accounts that balances on its own: the cooperative's, the barter book, one per member."""

    id = models.AutoField(primary_key=True)
    code = models.CharField(max_length=64, unique=True)
    owner_id = models.BigIntegerField(null=True, db_index=True)
    closed_until = models.DateField(null=True)
    """Nothing dated before this day can be recorded any more."""

    def __str__(self) -> str:
        return self.code


class Closing(models.Model):
    """A book was closed (or reopened) up to a day: who, when. Append-only."""

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="closings")
    closed_until = models.DateField(null=True)
    recorded_at = models.DateTimeField(db_default=Now())
    """By the database's clock, as a transfer's is: the audit compares the two."""
    recorded_by = models.BigIntegerField(null=True)


class Account(models.Model):
    """A place where one currency is counted, in one book.

    A busy account has a negative id and a balance spread over :data:`STRIPES` rows. ``amount_min`` and ``amount_max``
    are limits in minor units of debits − credits, held for busy accounts here and for others in their balance row.
    """

    id = models.BigAutoField(primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="accounts", db_index=False)
    code = models.CharField(max_length=120)
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+", db_index=False)
    type = models.SmallIntegerField(choices=AccountType.choices)
    owner_id = models.BigIntegerField(null=True)
    amount_min = models.BigIntegerField(null=True)
    amount_max = models.BigIntegerField(null=True)
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["book", "code", "currency"], name="account_code_unique_in_book"),
            models.CheckConstraint(name="account_type_known", condition=Q(type__in=AccountType.values)),
        ]
        indexes = [
            models.Index(fields=["owner_id"], name="account_owner", condition=Q(owner_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.currency.code}"

    @property
    def busy(self) -> bool:
        """Whether the balance is spread over stripes."""
        return self.id < 0

    @property
    def sign(self) -> int:
        """+1 where debits increase what the account shows, −1 where credits do."""
        return AccountType(self.type).sign


class Label(models.Model):
    """A human name for an account where its code is not one; erasable, outside the seal."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, primary_key=True, related_name="label")
    text = models.CharField(max_length=200)


class Balance(models.Model):
    """What an account holds: debits − credits in minor units, kept by the trigger alone."""

    pk = models.CompositePrimaryKey("account_id", "stripe")
    account_id = models.BigIntegerField()
    stripe = models.SmallIntegerField()
    currency_id = models.SmallIntegerField()
    book_id = models.IntegerField()
    amount = models.BigIntegerField(default=0)
    amount_min = models.BigIntegerField(null=True)
    amount_max = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="balance_within_limits",
                condition=(Q(amount_min__isnull=True) | Q(amount__gte=F("amount_min")))
                & (Q(amount_max__isnull=True) | Q(amount__lte=F("amount_max"))),
            ),
            models.CheckConstraint(name="balance_not_absurd", condition=Q(amount__range=(-(10**16), 10**16))),
        ]


class Turnover(models.Model):
    """What a busy account was debited and credited in a month, over the same stripes as its balance; kept by the
    trigger alone. Charts and balances on a day read it instead of every transfer."""

    pk = models.CompositePrimaryKey("account_id", "month", "stripe")
    account_id = models.BigIntegerField()
    debit = models.BigIntegerField(default=0)
    credit = models.BigIntegerField(default=0)
    month = models.DateField()
    """Its first day."""
    stripe = models.SmallIntegerField()


class Transfer(models.Model):
    """A positive amount moved from the credited account to the debited one. Never changed, never removed.

    ``id`` is made from the book, the entry's key and the line's number (:func:`mutual.ledger.keys.entry_id`): its last
    two bytes count the lines, so the id with those two bytes zero is the entry's.
    """

    pk = models.CompositePrimaryKey("book_id", "id")
    id = models.UUIDField()
    reverses = models.UUIDField(null=True)
    amount = models.BigIntegerField()
    debit_id = models.BigIntegerField()
    credit_id = models.BigIntegerField()
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    book_id = models.IntegerField()
    booked_on = models.DateField()
    kind = models.SmallIntegerField(choices=Kind.choices)
    currency_id = models.SmallIntegerField()
    document = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.CheckConstraint(name="transfer_amount_positive", condition=Q(amount__gt=0, amount__lte=10**15)),
            models.CheckConstraint(name="transfer_between_two_accounts", condition=~Q(debit_id=F("credit_id"))),
            models.CheckConstraint(name="transfer_document_plain", condition=Q(document__regex=r"^[A-Za-z0-9./-]*$")),
        ]
        indexes = [
            models.Index(fields=["book_id", "debit_id", "booked_on", "id"], name="transfer_by_debit"),
            models.Index(fields=["book_id", "credit_id", "booked_on", "id"], name="transfer_by_credit"),
            # What the audit looks for among all transfers, and what there is little of: no other insert pays for them.
            models.Index(
                fields=["book_id", "reverses"], name="transfer_reverses", condition=Q(reverses__isnull=False)
            ),
            models.Index(
                fields=["book_id", "kind"], name="transfer_rare_kinds",
                condition=Q(
                    kind__in=[
                        Kind.BUFFER_RETURNED, Kind.FUND_LENT, Kind.FUND_REPAID, Kind.SURPLUS_ALLOCATED,
                        Kind.GIFT_GIVEN, Kind.PREMIUM_PAID,
                    ]
                ),
            ),
        ]  # fmt: skip


class EntryNote(models.Model):
    """The readable key and memo of an entry, where somebody wrote one. Erasable, outside the seal."""

    pk = models.CompositePrimaryKey("book_id", "entry_id")
    book_id = models.IntegerField()
    entry_id = models.UUIDField()
    key = models.CharField(max_length=200)
    memo = models.CharField(max_length=2000, blank=True)


class Seal(models.Model):
    """The Merkle root of what a book recorded on one day (UTC), chained to the day before it that has one.

    ``leaves`` holds the first 16 bytes of every row's hash in the order of the ids, so that a later change is found at
    its exact row.
    """

    pk = models.CompositePrimaryKey("book_id", "day")
    book_id = models.IntegerField()
    day = models.DateField()
    transfers = models.BigIntegerField()
    root = models.BinaryField()
    chain = models.BinaryField()
    leaves = models.BinaryField()
    sealed_at = models.DateTimeField()


class AuditRun(models.Model):
    """One re-adding of the books: when, how many findings, and the first of them. The red banner reads the newest."""

    started_at = models.DateTimeField(db_index=True)
    finished_at = models.DateTimeField()
    transfers = models.BigIntegerField()
    finding_count = models.IntegerField()
    findings = models.JSONField(default=list)


class BackupRun(models.Model):
    """One backup that was tried: verified by restoring it, or why not. The office's card reads the newest."""

    started_at = models.DateTimeField(db_index=True)
    finished_at = models.DateTimeField()
    file = models.CharField(max_length=200, blank=True)
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    trial_balance = models.CharField(max_length=64, blank=True)
    """SHA-256 over every account with what it holds, the same in the books and in the restored copy."""
    transfers = models.BigIntegerField(default=0)
    encrypted = models.BooleanField(default=False)
    failure = models.CharField(max_length=500, blank=True)
    """Why it is no backup; empty where it was verified."""

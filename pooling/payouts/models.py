"""Pay runs with their published index, what each paid, loans between funds, and the hard floor. Minor units."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from mutual.money import Money, allocate_minor, from_minor
from mutual.periods import add_months
from pooling.payouts.cover import WHOLE


class PayRun(models.Model):
    """One pay run of a fund: what it had, what was approved, and the index that follows (F11). Published for ever."""

    class State(models.TextChoices):
        RUNNING = "RUNNING", _("Being paid")
        PAID = "PAID", _("Paid")

    number = models.CharField(max_length=12, unique=True)
    form_key = models.CharField(max_length=64, unique=True)
    fund = models.ForeignKey("pooling.Fund", on_delete=models.PROTECT, related_name="pay_runs")
    bank = models.ForeignKey("treasury.BankAccount", on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    cash = models.BigIntegerField()
    """What the fund held, with what was set aside."""
    floor = models.BigIntegerField()
    approved = models.BigIntegerField()
    payable = models.BigIntegerField()
    parts = models.PositiveSmallIntegerField()
    """The index in ten-thousandths."""
    gifts = models.BigIntegerField(default=0)
    """What circles gave for the same instalments: paid with them, outside the index."""
    count = models.PositiveIntegerField()
    """How many instalments."""
    people = models.PositiveIntegerField()
    """To how many members: below five, members see the index and no sums."""
    state = models.CharField(max_length=7, choices=State.choices, default=State.RUNNING)
    paid = models.BigIntegerField(default=0)
    """What was really paid: less than payable where a claim was withdrawn meanwhile."""
    started_by = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["fund"], condition=Q(state="RUNNING"), name="one_pay_run_of_a_fund"),
            models.CheckConstraint(
                name="pay_run_pays_at_most_what_there_is",
                condition=Q(approved__gte=0, payable__gte=0, payable__lte=F("approved"), parts__lte=WHOLE)
                & (Q(payable=0) | Q(cash__gte=F("payable") + F("floor")))
                & Q(gifts__gte=0, paid__gte=0, paid__lte=F("payable") + F("gifts")),
            ),
        ]
        indexes = [models.Index(fields=["fund", "-day", "-id"], name="pay_run_newest")]

    def __str__(self) -> str:
        return self.number

    @property
    def index(self) -> Decimal:
        """The cover index, with four decimals."""
        return Decimal(self.parts).scaleb(-4)

    @property
    def is_whole(self) -> bool:
        """Whether everything approved is paid in full."""
        return self.parts == WHOLE

    def money(self, amount: int) -> Money:
        """An amount of this run as money."""
        return from_minor(amount, self.fund.currency)


class Payout(models.Model):
    """One instalment in a run: what was due and which share of it the index gives. Lean: there are very many."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(PayRun, on_delete=models.PROTECT, related_name="payouts", db_index=False)
    instalment = models.OneToOneField("claims.Instalment", on_delete=models.PROTECT, related_name="payout")
    due = models.BigIntegerField()
    """What is the fund's to pay: the instalment without what a circle gave."""
    share = models.BigIntegerField()
    gift = models.BigIntegerField(default=0, db_default=0)
    topped_up = models.BigIntegerField(default=0, db_default=0)
    """What a decision made up later of what was left unpaid."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="payout_at_most_due",
                condition=Q(share__gte=0, topped_up__gte=0, gift__gte=0, due__gte=F("share") + F("topped_up")),
            )
        ]
        indexes = [models.Index(fields=["run", "id"], name="payout_of_run")]


class TopUp(models.Model):
    """What a decision made up later of what a run left unpaid: for all in the same proportion (F11)."""

    decision = models.OneToOneField(
        "governance.Decision", on_delete=models.PROTECT, primary_key=True, related_name="top_up"
    )
    run = models.ForeignKey(PayRun, on_delete=models.PROTECT, related_name="top_ups")
    amount = models.BigIntegerField()
    made_on = models.DateField()

    class Meta:
        constraints = [models.CheckConstraint(name="top_up_pays_something", condition=Q(amount__gt=0))]
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.decision.number

    @property
    def total(self) -> Money:
        """What it made up together."""
        return self.run.money(self.amount)


class MadeUp(models.Model):
    """One instalment's part of what was made up."""

    id = models.BigAutoField(primary_key=True)
    top_up = models.ForeignKey(TopUp, on_delete=models.PROTECT, related_name="parts", db_index=False)
    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="made_up")
    amount = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["top_up", "payout"], name="made_up_once"),
            models.CheckConstraint(name="made_up_pays_something", condition=Q(amount__gt=0)),
        ]


class BankFile(models.Model):
    """The file that has a bank pay what the books paid: with a run, or later for it (``top_up``). Its bytes are sealed;
    made once, never changed."""

    number = models.CharField(max_length=12, primary_key=True)
    """The message's number in the file: without gaps."""
    run = models.ForeignKey(PayRun, on_delete=models.PROTECT, related_name="bank_files")
    top_up = models.OneToOneField(TopUp, on_delete=models.PROTECT, null=True, related_name="bank_file")
    count = models.PositiveIntegerField()
    amount = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    """SHA-256 of its bytes."""
    made_by = models.BigIntegerField()
    made_on = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="bank_file_pays_something", condition=Q(amount__gt=0, count__gt=0)),
            models.UniqueConstraint(fields=["run"], condition=Q(top_up=None), name="one_bank_file_of_a_run"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def vault(self) -> str:
        """The subject of its vault."""
        return f"bank-file/{self.number}"

    @property
    def total(self) -> Money:
        """What it pays together."""
        return self.run.money(self.amount)


class HardFloor(models.Model):
    """Below it a fund pays nothing that it may choose not to pay: no grant, no loan, nothing back to the surplus."""

    fund = models.OneToOneField("pooling.Fund", on_delete=models.PROTECT, primary_key=True, related_name="+")
    amount = models.BigIntegerField()
    decision = models.ForeignKey("governance.Decision", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.CheckConstraint(name="hard_floor_not_negative", condition=Q(amount__gte=0))]


class Loan(models.Model):
    """What one fund lent another by decision, with the plan by which it comes back: equal parts, month by month."""

    number = models.CharField(max_length=12, unique=True)
    lender = models.ForeignKey("pooling.Fund", on_delete=models.PROTECT, related_name="loans_given")
    borrower = models.ForeignKey("pooling.Fund", on_delete=models.PROTECT, related_name="loans_taken")
    amount = models.BigIntegerField()
    months = models.PositiveSmallIntegerField()
    first_on = models.DateField()
    repaid = models.BigIntegerField(default=0)
    lent_on = models.DateField()
    decision = models.OneToOneField("governance.Decision", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="loan_repaid_at_most",
                condition=Q(amount__gt=0, months__gt=0, repaid__gte=0, repaid__lte=F("amount")),
            ),
            models.CheckConstraint(name="loan_between_two_funds", condition=~Q(lender=F("borrower"))),
        ]
        indexes = [models.Index(fields=["first_on"], name="loan_open", condition=Q(amount__gt=F("repaid")))]

    def __str__(self) -> str:
        return self.number

    @property
    def plan(self) -> list[tuple[dt.date, int]]:
        """What is to come back on which day."""
        parts = allocate_minor(self.amount, [1] * self.months)
        return [(add_months(self.first_on, n), part) for n, part in enumerate(parts)]

    def due_by(self, on: dt.date) -> int:
        """What should have come back by a day."""
        return sum(part for day, part in self.plan if day <= on)

    def late_on(self, on: dt.date) -> int:
        """What should have come back by a day and has not."""
        return max(self.due_by(on) - self.repaid, 0)

    @property
    def open(self) -> Money:
        """What is still to come back."""
        return from_minor(self.amount - self.repaid, self.lender.currency)

    @property
    def total(self) -> Money:
        """What was lent."""
        return from_minor(self.amount, self.lender.currency)

"""Closed years. What they left is in the ledger; what was done with it is in allocations."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from mutual import formats
from mutual.fields import MoneyField
from mutual.money import Money, from_minor


class Year(models.Model):
    """A year of the cooperative's that was closed."""

    label = models.CharField(max_length=9, unique=True)
    first_day = models.DateField(unique=True)
    last_day = models.DateField()
    surplus = MoneyField()
    """Income minus expense; below zero it is a loss."""
    decision = models.OneToOneField("governance.Decision", on_delete=models.PROTECT, related_name="+")
    closed_on = models.DateField()

    def __str__(self) -> str:
        return self.label


class Allocation(models.Model):
    """A part of the surplus given a purpose by the members' vote. No purpose is a person, and none is capital: members'
    accounts are shared by what each worked (:class:`Patronage`)."""

    class Purpose(models.TextChoices):
        FUND = "FUND", _("A fund")
        RESERVE = "RESERVE", _("The indivisible reserve")
        RELIEF = "RELIEF", _("Next year's dues")
        MEMBERS = "MEMBERS", _("The members' accounts, by hours worked")

    decision = models.ForeignKey("governance.Decision", on_delete=models.PROTECT, related_name="+")
    place = models.PositiveSmallIntegerField()
    purpose = models.CharField(max_length=7, choices=Purpose.choices)
    fund = models.ForeignKey("pooling.Fund", on_delete=models.PROTECT, null=True, related_name="+")
    amount = MoneyField()
    allocated_on = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="allocation_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="allocation_names_a_fund_or_none",
                condition=(Q(purpose="FUND") & Q(fund__isnull=False)) | (~Q(purpose="FUND") & Q(fund=None)),
            ),
            models.UniqueConstraint(fields=["decision", "place"], name="allocation_once"),
        ]


class Patronage(models.Model):
    """A member's own part of a year's surplus: what she worked, what it came to, until when it is paid. Minor units."""

    decision = models.ForeignKey("governance.Decision", on_delete=models.PROTECT, related_name="+")
    year = models.ForeignKey(Year, on_delete=models.PROTECT, related_name="patronage")
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="patronage")
    minutes = models.PositiveIntegerField()
    amount = models.BigIntegerField()
    first = models.BigIntegerField()
    """What of it is paid first."""
    first_by = models.DateField()
    rest_by = models.DateField()
    paid = models.BigIntegerField(default=0)
    redeemed_on = models.DateField(null=True)
    """When it was settled after she left."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["year", "member"], name="patronage_once_a_year"),
            models.CheckConstraint(
                name="patronage_paid_at_most",
                condition=Q(amount__gt=0, minutes__gt=0, paid__gte=0, paid__lte=F("amount"), first__lte=F("amount")),
            ),
        ]
        ordering = ["-year__first_day"]

    @property
    def hours(self) -> str:
        """What she worked, in words."""
        return formats.hours(self.minutes)

    @property
    def money(self) -> Money:
        """The whole of it."""
        return from_minor(self.amount, str(self.year.surplus.currency))

    @property
    def first_money(self) -> Money:
        """What is paid first."""
        return from_minor(self.first, str(self.year.surplus.currency))

    @property
    def still(self) -> Money:
        """What is not paid yet."""
        return from_minor(self.amount - self.paid, str(self.year.surplus.currency))


class Relief(models.Model):
    """A period's open charges paid from dues relief: what each gets is fixed at once for everybody, and then paid."""

    number = models.CharField(max_length=12, unique=True)
    period = models.CharField(max_length=8)
    currency = models.CharField(max_length=12)
    amount = models.BigIntegerField()
    """What was to be given, in minor units."""
    charges = models.PositiveIntegerField()
    asked_by = models.BigIntegerField()
    asked_on = models.DateField()
    finished_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["period", "currency"], condition=Q(finished_on=None), name="one_relief_of_a_period_at_a_time"
            ),
            models.CheckConstraint(name="relief_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return self.number


class ReliefPart(models.Model):
    """What one charge gets of a relief, in minor units; less is paid where less is open by then."""

    relief = models.ForeignKey(Relief, on_delete=models.PROTECT, related_name="parts", db_index=False)
    charge = models.ForeignKey("pooling.Charge", on_delete=models.PROTECT, related_name="+", db_index=False)
    amount = models.BigIntegerField()
    paid = models.BigIntegerField(null=True)
    """Unknown until it is its turn."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["relief", "charge"], name="relief_part_once"),
            models.CheckConstraint(
                name="relief_part_at_most", condition=Q(amount__gt=0) & (Q(paid=None) | Q(paid__range=(0, F("amount"))))
            ),
        ]
        indexes = [models.Index(fields=["relief", "charge"], condition=Q(paid=None), name="relief_part_waiting")]

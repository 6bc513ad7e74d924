"""Closed years. What they left is in the ledger; what was done with it is in allocations."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mutual.fields import MoneyField


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
    """A part of the surplus given a purpose by the members' vote. There is no purpose that is a person."""

    class Purpose(models.TextChoices):
        FUND = "FUND", _("A fund")
        RESERVE = "RESERVE", _("The indivisible reserve")
        RELIEF = "RELIEF", _("Next year's dues")

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

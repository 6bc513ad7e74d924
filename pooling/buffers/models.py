"""Buffers: the dated rule of a fund, and what was returned to whom. What a buffer holds is in the ledger."""

from __future__ import annotations

import datetime as dt

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from mutual.money import Money, from_minor


class Rule(models.Model):
    """How much a member's buffer in a fund may hold, from a day on: so many deposits, measured once a year (F5).

    What is above the cap at the end of the day it is measured on goes back to the member ``return_after`` days later.
    """

    fund = models.ForeignKey("pooling.Fund", on_delete=models.PROTECT, related_name="buffer_rules")
    valid_from = models.DateField()
    deposits = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(600)])
    month = models.PositiveSmallIntegerField()
    day = models.PositiveSmallIntegerField()
    return_after = models.PositiveSmallIntegerField(default=90)
    decision = models.OneToOneField("governance.Decision", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["fund", "valid_from"], name="buffer_rule_once_a_day"),
            models.CheckConstraint(
                name="buffer_rule_on_a_day_of_the_year",
                condition=Q(month__gte=1, month__lte=12, day__gte=1, day__lte=31, deposits__gte=1),
            ),
        ]
        ordering = ["fund", "-valid_from"]

    @property
    def day_of_year(self) -> dt.date:
        """The day it measures on, in a leap year: for its words only."""
        return self.measured(2000)

    def measured(self, year: int) -> dt.date:
        """The day of a year on which it measures; the month's last day where the month is shorter."""
        after = dt.date(year + self.month // 12, self.month % 12 + 1, 1)
        return min(dt.date(year, self.month, 1) + dt.timedelta(days=self.day - 1), after - dt.timedelta(days=1))


class Returned(models.Model):
    """What was above the cap and went back to a member, with the figures that explain it; minor units."""

    id = models.BigAutoField(primary_key=True)
    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="returned")
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="buffers_returned")
    measured_on = models.DateField()
    held = models.BigIntegerField()
    deposit = models.BigIntegerField()
    cap = models.BigIntegerField()
    amount = models.BigIntegerField()
    key = models.CharField(max_length=120, unique=True)
    """The journal's key of the entry."""
    returned_on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "member", "measured_on"], name="buffer_returned_once"),
            models.CheckConstraint(
                name="buffer_returned_at_most_the_excess", condition=Q(amount__gt=0, amount__lte=F("held") - F("cap"))
            ),
        ]

    @property
    def money(self) -> Money:
        """What went back."""
        return from_minor(self.amount, self.rule.fund.currency)

    @property
    def cap_money(self) -> Money:
        """What the buffer might hold."""
        return from_minor(self.cap, self.rule.fund.currency)

    @property
    def held_money(self) -> Money:
        """What it held at the end of the day it was measured on."""
        return from_minor(self.held, self.rule.fund.currency)

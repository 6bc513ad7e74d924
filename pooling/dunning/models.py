"""Reminders, agreements and limitation: what was written to whom, what was agreed, and when a debt's time runs out."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mutual.money import Money, from_minor


class Step(models.Model):
    """A step of the ladder: so many days after a charge was due a letter in this tone is written."""

    class Tone(models.TextChoices):
        FRIENDLY = "FRIENDLY", _("Friendly: it may have slipped her mind")
        PLAIN = "PLAIN", _("Plain: it is still open, and what can be done")
        FIRM = "FIRM", _("Firm: the last letter, and what follows")

    place = models.PositiveSmallIntegerField(unique=True)
    days = models.PositiveSmallIntegerField()
    tone = models.CharField(max_length=8, choices=Tone.choices)

    class Meta:
        ordering = ["place"]
        constraints = [
            models.UniqueConstraint(fields=["days"], name="one_step_a_day"),
            models.CheckConstraint(name="step_leaves_grace", condition=Q(days__gte=1)),
        ]


class Reminder(models.Model):
    """A letter about a member's oldest overdue charge; each step once for each charge."""

    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="reminders")
    charge = models.ForeignKey("pooling.Charge", on_delete=models.PROTECT, related_name="reminders")
    place = models.PositiveSmallIntegerField()
    tone = models.CharField(max_length=8, choices=Step.Tone.choices)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=12)
    sent_on = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["charge", "place"], name="each_step_once_a_charge")]
        indexes = [models.Index(fields=["member", "-sent_on"], name="reminders_of_member")]

    @property
    def money(self) -> Money:
        """What was overdue that day."""
        return from_minor(self.amount, self.currency)


class Agreement(models.Model):
    """An officer and a member agree that what is overdue is paid in parts; while it holds nobody reminds her."""

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", _("Holds")
        KEPT = "KEPT", _("Kept: all is paid")
        BROKEN = "BROKEN", _("Broken: a part was not paid")
        ENDED = "ENDED", _("Ended by the office")

    number = models.CharField(max_length=12, unique=True)
    form_key = models.CharField(max_length=64, unique=True)
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="agreements")
    state = models.CharField(max_length=6, choices=State.choices, default=State.ACTIVE)
    total = models.BigIntegerField()
    currency = models.CharField(max_length=12)
    parts = models.PositiveSmallIntegerField()
    first_on = models.DateField()
    made_on = models.DateField()
    made_by = models.BigIntegerField()
    ended_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member"], condition=Q(state="ACTIVE"), name="one_agreement_at_a_time"),
            models.CheckConstraint(name="agreement_positive", condition=Q(total__gt=0, parts__gte=1)),
            models.CheckConstraint(
                name="agreement_ended_when_it_does_not_hold",
                condition=Q(state="ACTIVE", ended_on=None) | (~Q(state="ACTIVE") & Q(ended_on__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def money(self) -> Money:
        """What was agreed to be paid."""
        return from_minor(self.total, self.currency)


class Part(models.Model):
    """A part of an agreement: how much by when."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="schedule")
    place = models.PositiveSmallIntegerField()
    due_on = models.DateField()
    amount = models.BigIntegerField()

    class Meta:
        ordering = ["place"]
        constraints = [
            models.UniqueConstraint(fields=["agreement", "place"], name="agreed_part_once"),
            models.CheckConstraint(name="agreed_part_positive", condition=Q(amount__gt=0)),
        ]


class Covered(models.Model):
    """A charge that an agreement covers, and what was open of it then."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="covered")
    charge = models.ForeignKey("pooling.Charge", on_delete=models.PROTECT, related_name="agreements")
    open_then = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agreement", "charge"], name="charge_covered_once"),
            models.CheckConstraint(name="covered_charge_was_open", condition=Q(open_then__gt=0)),
        ]


class Limitation(models.Model):
    """After how many years a debt can no longer be claimed in a country; a lead with its source until checked."""

    class Begins(models.TextChoices):
        DUE = "DUE", _("on the day after it was due")
        YEAR_END = "YEAR_END", _("at the end of the year it was due in")

    country = models.CharField(_("country"), max_length=2)
    valid_from = models.DateField()
    years = models.PositiveSmallIntegerField()
    begins = models.CharField(max_length=8, choices=Begins.choices)
    source = models.CharField(_("source"), max_length=200)
    checked_by = models.BigIntegerField(null=True)
    checked_on = models.DateField(null=True)

    class Meta:
        ordering = ["country", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["country", "valid_from"], name="limitation_once_a_day"),
            models.CheckConstraint(name="limitation_at_least_a_year", condition=Q(years__gte=1, years__lte=50)),
        ]

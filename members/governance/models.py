"""Decisions: what was decided, by whom, and what came of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Decision(models.Model):
    """Number, date, text and two officers; rules and surplus entries point at one.

    Somebody proposes, another officer confirms or declines; what the confirmation does is the business of the room
    whose ``kind`` it is.
    """

    class State(models.TextChoices):
        PROPOSED = "PROPOSED", _("Waiting for a second officer")
        CONFIRMED = "CONFIRMED", _("Confirmed")
        DECLINED = "DECLINED", _("Declined")

    number = models.CharField(max_length=12, unique=True)
    kind = models.CharField(max_length=40)
    """What it decides: WRITE_OFF, REFUND, REVERSAL, OPENING_BALANCE, ALLOCATION, ..."""
    subject = models.CharField(max_length=60, blank=True)
    """The number of what it is about."""
    text = models.CharField(_("what is decided, and why"), max_length=2000)
    terms = models.JSONField(default=dict)
    """What exactly will be done: ids, minor units, currencies."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_on = models.DateField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="decision_takes_two_people", condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by"))
            ),
            models.CheckConstraint(
                name="decision_dated_when_decided",
                condition=Q(state="PROPOSED", decided_by=None, decided_on=None)
                | (~Q(state="PROPOSED") & Q(decided_by__isnull=False, decided_on__isnull=False)),
            ),
        ]
        indexes = [models.Index(fields=["state", "kind"], name="decision_waiting")]

    def __str__(self) -> str:
        return self.number


class Setting(models.Model):
    """A figure of the house from a day on, and the decision that set it; before the first stands what was delivered."""

    name = models.CharField(max_length=40)
    valid_from = models.DateField()
    value = models.PositiveIntegerField()
    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "valid_from"], name="figure_set_once_a_day")]
        ordering = ["name", "-valid_from"]

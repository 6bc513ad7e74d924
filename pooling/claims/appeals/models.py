"""An appeal against a decision, how its jury was drawn, and what each juror said."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Appeal(models.Model):
    """A member's appeal. What she wrote to the jurors is in the claim's vault."""

    class State(models.TextChoices):
        OPENED = "OPENED", _("Begun, not yet handed in")
        SITTING = "SITTING", _("Before the jury")
        GRANTED = "GRANTED", _("Granted")
        DISMISSED = "DISMISSED", _("The decision stands")
        WITHDRAWN = "WITHDRAWN", _("Withdrawn")

    class Grounds(models.TextChoices):
        RULE = "RULE", _("The rules were applied wrongly")
        DATES = "DATES", _("The dates are wrong")
        EVIDENCE = "EVIDENCE", _("Something I sent was overlooked")
        AMOUNT = "AMOUNT", _("The amount is wrong")
        HARDSHIP = "HARDSHIP", _("The rules are right, but not for my case")

    number = models.CharField(max_length=12, unique=True)
    claim = models.OneToOneField("claims.Claim", on_delete=models.PROTECT, related_name="appeal")
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPENED)
    grounds = models.CharField(max_length=8, choices=Grounds.choices, blank=True)
    opened_on = models.DateField()
    filed_on = models.DateField(null=True)
    decided_on = models.DateField(null=True)
    pool = models.JSONField()
    """The numbers of the members who could be drawn."""
    nonce = models.CharField(max_length=64)
    """The cooperative's secret number: to be shown once the claimant has added her words."""
    commitment = models.CharField(max_length=64)
    share = models.CharField(max_length=80, blank=True)
    """The claimant's words."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="appeal_filed_with_grounds",
                condition=Q(state__in=["OPENED", "WITHDRAWN"])
                | (Q(filed_on__isnull=False) & ~Q(grounds="") & ~Q(share="")),
            ),
            models.CheckConstraint(
                name="appeal_decided_on_a_day",
                condition=~Q(state__in=["GRANTED", "DISMISSED"]) | Q(decided_on__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["state", "id"], name="appeal_waiting")]

    def __str__(self) -> str:
        return self.number


class Juror(models.Model):
    """A member drawn for an appeal: her place in the order of the lots, and what she said."""

    class Vote(models.TextChoices):
        GRANT = "GRANT", _("Grant it")
        UPHOLD = "UPHOLD", _("The decision stands")

    appeal = models.ForeignKey(Appeal, on_delete=models.PROTECT, related_name="jurors")
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="+")
    place = models.PositiveIntegerField()
    asked_on = models.DateField()
    answer_until = models.DateField()
    vote = models.CharField(max_length=6, choices=Vote.choices, blank=True)
    answered_on = models.DateField(null=True)
    replaced_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["appeal", "member"], name="juror_sits_once"),
            models.UniqueConstraint(fields=["appeal", "place"], name="juror_place_once"),
            models.CheckConstraint(
                name="juror_votes_on_a_day",
                condition=Q(vote="", answered_on=None) | (~Q(vote="") & Q(answered_on__isnull=False, replaced_on=None)),
            ),
        ]
        indexes = [models.Index(fields=["member", "-id"], name="juror_of_member")]

    def over(self, on: dt.date) -> bool:
        """Whether she sits no more: replaced, or about to be, for her day passed without an answer."""
        late = not self.vote and self.answer_until < on and self.appeal.state == Appeal.State.SITTING
        return late or self.replaced_on is not None

"""A claim: for when, from which fund, how much; decided by two officers. No diagnosis, no upload."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from mutual.fields import MoneyField, NullableMoneyField


class Claim(models.Model):
    """A member's request for a benefit."""

    class Occasion(models.TextChoices):
        ILLNESS = "ILLNESS", _("Illness")
        CHILD = "CHILD", _("Birth or care of a child")
        LOST_CLIENT = "LOST_CLIENT", _("A client lost")
        BROKEN_TOOL = "BROKEN_TOOL", _("A broken tool")
        OTHER = "OTHER", _("Something else")

    class Status(models.TextChoices):
        SUBMITTED = "SUBMITTED", _("Submitted")
        PROPOSED = "PROPOSED", _("Waiting for a second officer")
        APPROVED = "APPROVED", _("Approved, money set aside")
        PAID = "PAID", _("Paid")
        REFUSED = "REFUSED", _("Refused")
        WITHDRAWN = "WITHDRAWN", _("Withdrawn")

    class Reason(models.TextChoices):
        """Why a claim is refused (rule F10, after openIMIS)."""

        NO_COVER = "NO_COVER", _("The fund does not cover this occasion.")
        WAITING = "WAITING", _("The waiting time is not over.")
        FREQUENCY = "FREQUENCY", _("There was a benefit for the same time already.")
        CEILING = "CEILING", _("The ceiling is reached.")
        DATE = "DATE", _("The dates lie outside the membership.")
        UNCLEAR = "UNCLEAR", _("The claim is not clear; please submit it again with the right dates or amount.")

    OPEN = (Status.SUBMITTED, Status.PROPOSED, Status.APPROVED)

    number = models.CharField(max_length=12, unique=True)
    form_key = models.CharField(max_length=64, unique=True)
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="claims")
    claimant = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    """Who the member signs in as, kept here so that the table itself refuses a decision about one's own claim."""
    fund = models.ForeignKey("pooling.Fund", on_delete=models.PROTECT, related_name="claims")
    occasion = models.CharField(max_length=12, choices=Occasion.choices)
    first_day = models.DateField()
    last_day = models.DateField()
    amount_claimed = MoneyField()
    amount_approved = NullableMoneyField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.SUBMITTED)
    submitted_on = models.DateField()
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    proposed_on = models.DateField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_on = models.DateField(null=True)
    reason = models.CharField(max_length=10, choices=Reason.choices, blank=True)
    paid_on = models.DateField(null=True)
    paid_from = models.ForeignKey("treasury.BankAccount", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(name="claim_ends_after_it_begins", condition=Q(last_day__gte=F("first_day"))),
            models.CheckConstraint(name="claim_positive", condition=Q(amount_claimed__gt=0)),
            models.CheckConstraint(
                name="claim_approved_at_most_claimed",
                condition=Q(amount_approved=None)
                | (
                    Q(amount_approved__gt=0, amount_approved__lte=F("amount_claimed"))
                    & Q(amount_approved_currency=F("amount_claimed_currency"))
                ),
            ),
            models.CheckConstraint(
                name="claim_decided_by_two_people",
                condition=~Q(status__in=["APPROVED", "PAID"])
                | (Q(proposed_by__isnull=False, decided_by__isnull=False) & ~Q(proposed_by=F("decided_by"))),
            ),
            models.CheckConstraint(
                name="claim_not_decided_by_the_claimant",
                condition=Q(claimant=None)
                | (
                    (Q(proposed_by=None) | ~Q(proposed_by=F("claimant")))
                    & (Q(decided_by=None) | ~Q(decided_by=F("claimant")))
                ),
            ),
            models.CheckConstraint(name="claim_refused_with_a_reason", condition=~Q(status="REFUSED") | ~Q(reason="")),
            models.CheckConstraint(
                name="claim_paid_on_a_day",
                condition=(Q(status="PAID") & Q(paid_on__isnull=False)) | (~Q(status="PAID") & Q(paid_on=None)),
            ),
        ]
        indexes = [
            models.Index(fields=["status", "id"], name="claim_waiting"),
            models.Index(fields=["member", "-id"], name="claim_of_member"),
        ]

    def __str__(self) -> str:
        return self.number

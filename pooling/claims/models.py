"""A claim: for when, from which fund, how much; decided by two officers. No diagnosis, no upload."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from mutual.fields import MoneyField, NullableMoneyField
from mutual.money import Money, from_minor


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


class Instalment(models.Model):
    """A part of an approved claim: one month of a benefit, or a lump sum whole. Amounts are minor units of the fund's
    currency.

    When it is approved, what the fund has above its floor, up to the amount, moves into the fund's pot for approved
    benefits. A pay run pays it wholly or, where the fund is short, in part: the same part for all.
    """

    class State(models.TextChoices):
        APPROVED = "APPROVED", _("Set aside")
        PAID = "PAID", _("Paid")
        RELEASED = "RELEASED", _("Given back to the fund")

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="instalments", db_index=False)
    place = models.PositiveSmallIntegerField()
    fund = models.ForeignKey("pooling.Fund", on_delete=models.PROTECT, related_name="+", db_index=False)
    payable = models.ForeignKey("ledger.Account", on_delete=models.PROTECT, related_name="+", db_index=False)
    """The member's claims payable, so that a pay run need not look it up."""
    first_day = models.DateField()
    last_day = models.DateField()
    days = models.PositiveSmallIntegerField(null=True)
    """How many days it pays for; none for a lump sum."""
    amount_due = models.BigIntegerField()
    amount_paid = models.BigIntegerField(default=0, db_default=0)
    state = models.CharField(max_length=8, choices=State.choices, default=State.APPROVED)
    set_aside_on = models.DateField()
    paid_on = models.DateField(null=True)
    paid_from = models.ForeignKey("treasury.BankAccount", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["claim", "place"], name="instalment_place_once"),
            models.CheckConstraint(
                name="instalment_paid_at_most_due",
                condition=Q(amount_due__gt=0, amount_paid__gte=0, amount_paid__lte=F("amount_due")),
            ),
            models.CheckConstraint(
                name="instalment_paid_on_a_day",
                condition=(Q(state="PAID") & Q(paid_on__isnull=False))
                | (~Q(state="PAID") & Q(paid_on=None, amount_paid=0)),
            ),
            models.CheckConstraint(name="instalment_ends_after_it_begins", condition=Q(last_day__gte=F("first_day"))),
        ]
        indexes = [
            models.Index(fields=["fund", "id"], name="instalment_to_pay", condition=Q(state="APPROVED")),
        ]

    def __str__(self) -> str:
        return f"{self.claim.number}/{self.place}"

    def key(self, event: str) -> str:
        """The journal's key of what happens to it: approved, paid, released."""
        return f"claim/{self.claim.number}/{self.place}/{event}"

    @property
    def due(self) -> Money:
        """What is due."""
        return from_minor(self.amount_due, self.fund.currency)

    @property
    def paid(self) -> Money:
        """What was paid of it."""
        return from_minor(self.amount_paid, self.fund.currency)

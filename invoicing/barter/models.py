"""Listings, trades, and the limits of members' credit. What anybody holds is in the ledger's barter book alone."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from mutual.currencies import CREDIT, HOUR
from mutual.fields import MoneyField, NullableMoneyField
from mutual.money import Money, from_minor


class Listing(models.Model):
    """An offer or a want of a member."""

    class Kind(models.TextChoices):
        OFFER = "OFFER", _("Offer")
        WANT = "WANT", _("Want")

    class Category(models.TextChoices):
        WORDS = "WORDS", _("Words and translation")
        DESIGN = "DESIGN", _("Design and pictures")
        CODE = "CODE", _("Software and machines")
        HANDS = "HANDS", _("Building and repair")
        CARE = "CARE", _("Care and family")
        FOOD = "FOOD", _("Food and garden")
        TEACHING = "TEACHING", _("Teaching and advice")
        OFFICE = "OFFICE", _("Office and accounts")
        OTHER = "OTHER", _("Something else")

    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="listings")
    kind = models.CharField(max_length=5, choices=Kind.choices)
    category = models.CharField(max_length=10, choices=Category.choices, default=Category.OTHER)
    title = models.CharField(_("title"), max_length=80)
    text = models.CharField(_("description"), max_length=2000, blank=True)
    price_credit = NullableMoneyField(default_currency=CREDIT)
    """A guide, not a promise; the trade says what it costs."""
    price_minutes = models.PositiveIntegerField(null=True, blank=True)
    opened_on = models.DateField()
    expires_on = models.DateField()
    closed_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="listing_expires_after_opening", condition=Q(expires_on__gt=F("opened_on")))
        ]
        indexes = [
            models.Index(fields=["-opened_on", "-id"], name="listing_newest", condition=Q(closed_on=None)),
            models.Index(fields=["member", "-id"], name="listing_of_member"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def price_hours(self) -> Money | None:
        """The guide price in hours, as whole minutes."""
        return None if self.price_minutes is None else from_minor(self.price_minutes, HOUR)


class Trade(models.Model):
    """One exchange between two members, paid in credit, hours or both, with one entry when it is settled."""

    class Status(models.TextChoices):
        REQUESTED = "REQUESTED", _("Asked for")
        DECLINED = "DECLINED", _("Declined")
        ACCEPTED = "ACCEPTED", _("Agreed")
        DELIVERED = "DELIVERED", _("Done, not yet settled")
        SETTLED = "SETTLED", _("Settled")
        CANCELLED = "CANCELLED", _("Called off")
        REVERSED = "REVERSED", _("Undone")

    OPEN = (Status.REQUESTED, Status.ACCEPTED, Status.DELIVERED)

    number = models.CharField(max_length=12, unique=True)
    provider = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="trades_provided")
    receiver = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="trades_received")
    asked_by = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="+")
    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, null=True, related_name="trades")
    title = models.CharField(_("what for"), max_length=80)
    text = models.CharField(_("details"), max_length=2000, blank=True)
    credit = MoneyField(default_currency=CREDIT, default=0)
    minutes = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.REQUESTED)
    form_key = models.CharField(max_length=64, unique=True)
    """Made with the form that asked: the same form sent twice makes one trade."""
    asked_on = models.DateField()
    answered_on = models.DateField(null=True)
    delivered_on = models.DateField(null=True)
    settled_on = models.DateField(null=True)
    ended_on = models.DateField(null=True)
    undo_asked_by = models.ForeignKey("members.Member", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(name="trade_between_two_members", condition=~Q(provider=F("receiver"))),
            models.CheckConstraint(
                name="trade_asked_by_one_of_the_two",
                condition=Q(asked_by=F("provider")) | Q(asked_by=F("receiver")),
            ),
            models.CheckConstraint(name="trade_costs_something", condition=Q(credit__gt=0) | Q(minutes__gt=0)),
            models.CheckConstraint(name="trade_credit_not_negative", condition=Q(credit__gte=0)),
            models.CheckConstraint(
                name="trade_settled_on_a_day",
                condition=~Q(status__in=["SETTLED", "REVERSED"]) | Q(settled_on__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["provider", "-id"], name="trade_of_provider"),
            models.Index(fields=["receiver", "-id"], name="trade_of_receiver"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def hours(self) -> Money:
        """What it costs in hours, as whole minutes."""
        return from_minor(self.minutes, HOUR)

    @property
    def amounts(self) -> tuple[Money, ...]:
        """What it costs, in each unit that is not zero."""
        return tuple(amount for amount in (self.credit, self.hours) if amount.amount)


class LimitChange(models.Model):
    """A member's credit limit and maximum in one unit, set by an officer: the newest row holds (rule L3)."""

    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="barter_limits")
    unit = models.CharField(max_length=12, choices=[(CREDIT, _("Credit")), (HOUR, _("Hours"))])
    credit_limit = models.BigIntegerField()
    """How far below zero the balance may go, in minor units."""
    maximum = models.BigIntegerField()
    """How far above zero it may go."""
    reason = models.CharField(max_length=300)
    set_by = models.BigIntegerField()
    set_on = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="limit_not_negative", condition=Q(credit_limit__gte=0, maximum__gte=0))
        ]
        indexes = [models.Index(fields=["member", "unit", "-id"], name="limit_newest")]

"""Funds, dues and payments: what they are about. What anybody holds or owes is in the ledger; audits compare."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from mutual import formats, periods
from mutual.fields import MoneyField, NullableMoneyField
from mutual.money import Money, from_minor
from mutual.periods import Period, anchored, month, quarter, week, year
from pooling import words


class Fund(models.Model):
    """Money set aside for one kind of benefit. Its promise decides which words may be used about it (F15)."""

    class Promise(models.TextChoices):
        GIFT = "GIFT", _("Gift")
        DISCRETIONARY = "DISCRETIONARY", _("Discretionary")
        VARYING = "VARYING", _("Varying with resources")
        GUARANTEED = "GUARANTEED", _("Guaranteed")

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=60)
    description = models.CharField(_("what it is for"), max_length=500)
    promise = models.CharField(_("promise"), max_length=14, choices=Promise.choices, default=Promise.VARYING)
    account = models.OneToOneField("ledger.Account", on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=12)
    target = NullableMoneyField()
    floor = MoneyField(default=0)
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(name="fund_floor_not_negative", condition=Q(floor__gte=0))]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def words(self) -> words.Words:
        """The words its promise allows."""
        return words.of(self.promise)

    @property
    def promise_sentence(self) -> str:
        """What may be said about this fund, and no more."""
        return str(words.of(self.promise).sentence)


class DuesPlan(models.Model):
    """What members on it owe, and how often. Amount and shares are in its versions."""

    class Every(models.TextChoices):
        WEEK = "WEEK", _("Every week")
        MONTH = "MONTH", _("Every month")
        QUARTER = "QUARTER", _("Every quarter")
        YEAR = "YEAR", _("Every year")
        ONCE = "ONCE", _("Once, when somebody joins")

    class Basis(models.TextChoices):
        FLAT = "FLAT", _("The same for everybody on it")
        LEVEL = "LEVEL", _("By level")
        BAND = "BAND", _("By income band, as each member says")
        PERCENT = "PERCENT", _("A percentage of what she invoiced")

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=60)
    every = models.CharField(_("how often"), max_length=7, choices=Every.choices, default=Every.MONTH)
    basis = models.CharField(_("what they depend on"), max_length=7, choices=Basis.choices, default=Basis.FLAT)
    anchored_on = models.DateField(null=True)
    """The day its periods are counted from; without one they are those of the calendar."""
    currency = models.CharField(max_length=12)

    def __str__(self) -> str:
        return self.name

    def period_of(self, day: dt.date) -> Period:
        """The period of the plan that a day belongs to."""
        if self.every == self.Every.ONCE:
            return Period(day, day + dt.timedelta(days=1))
        if self.anchored_on is not None:
            return anchored(self.anchored_on, self.every, day)
        return {"WEEK": week, "MONTH": month, "QUARTER": quarter, "YEAR": year}[self.every](day)


UNLIMITED = 10**8
"""The most that a percentage can come to where nothing limits it: in whole units of currency."""


class PlanVersion(models.Model):
    """A plan's amount and shares from a day on, until the next version.

    ``amount`` is what a whole period costs: where there are levels or bands, the standard, for whoever has none (any
    more); with a percentage, the most. ``permyriad`` is the percentage in hundredths of a percent.
    """

    plan = models.ForeignKey(DuesPlan, on_delete=models.PROTECT, related_name="versions")
    valid_from = models.DateField()
    amount = MoneyField()
    least = MoneyField(default=0)
    permyriad = models.PositiveIntegerField(default=0)
    by_day = models.BooleanField(default=False)
    """Whether whoever joins, leaves or moves within a period is charged by the day."""
    in_work = models.BooleanField(default=False)
    """Whether a task may take the place of a period's dues."""
    decided = models.CharField(_("decided by"), max_length=120, blank=True)
    days_to_pay = models.PositiveSmallIntegerField(default=14)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "valid_from"], name="plan_version_once_a_day"),
            models.CheckConstraint(name="dues_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="dues_least_at_most_the_most", condition=Q(least__gte=0, least__lte=F("amount"))
            ),
            models.CheckConstraint(name="dues_percentage_at_most_all", condition=Q(permyriad__lte=10_000)),
        ]


class Rate(models.Model):
    """What a whole period costs at a level or in an income band; minor units."""

    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="rates")
    place = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=60)
    amount = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "place"], name="rate_place_once"),
            models.CheckConstraint(name="rate_positive", condition=Q(amount__gt=0)),
        ]
        ordering = ["place"]

    @property
    def money(self) -> Money:
        """What it costs."""
        return from_minor(self.amount, str(self.version.amount.currency))


class Share(models.Model):
    """A part of the dues: for one fund, for the member's own buffer in it, or for running costs where there is none."""

    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="shares")
    place = models.PositiveSmallIntegerField()
    fund = models.ForeignKey(Fund, on_delete=models.PROTECT, null=True, related_name="+")
    buffer = models.BooleanField(default=False)
    weight = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="buffer_is_in_a_fund", condition=Q(buffer=False) | Q(fund__isnull=False)),
            models.UniqueConstraint(fields=["version", "place"], name="share_place_once"),
            models.CheckConstraint(name="share_weight_positive", condition=Q(weight__gt=0)),
        ]
        ordering = ["place"]

    @property
    def target(self) -> str:
        """Where this part goes, in words."""
        if self.fund is None:
            return str(_("Running costs"))
        return str(_("Own buffer, %(fund)s") % {"fund": self.fund.name}) if self.buffer else self.fund.name


class PlanMember(models.Model):
    """Who is on which plan, since when; at which level or in which band, and until when the band holds."""

    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="plans")
    plan = models.ForeignKey(DuesPlan, on_delete=models.PROTECT, related_name="members")
    since = models.DateField()
    until = models.DateField(null=True)
    place = models.PositiveSmallIntegerField(null=True)
    place_until = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member"], condition=Q(until=None), name="one_plan_at_a_time"),
            models.CheckConstraint(
                name="plan_ends_after_it_begins",
                condition=Q(until=None) | Q(until__gte=F("since")),
            ),
        ]
        indexes = [models.Index(fields=["plan", "member"], name="plan_members")]


class DuesAccounts(models.Model):
    """A member's three dues accounts in the cooperative's book, so that a batch need not look them up by code."""

    member = models.OneToOneField("members.Member", on_delete=models.PROTECT, primary_key=True, related_name="+")
    receivable = models.ForeignKey("ledger.Account", on_delete=models.PROTECT, related_name="+", db_index=False)
    deferred = models.ForeignKey("ledger.Account", on_delete=models.PROTECT, related_name="+", db_index=False)
    prepayments = models.ForeignKey("ledger.Account", on_delete=models.PROTECT, related_name="+", db_index=False)


class Charge(models.Model):
    """One member's dues for one period, in minor units of the plan's currency. Lean: there are very many.

    A whole period at the flat amount needs no explanation and has none; every other charge says line by line how it
    came about (:mod:`pooling.terms`). What is charged later for the same period has a ``part`` of its own.
    """

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="charges", db_index=False)
    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount = models.BigIntegerField()
    paid = models.BigIntegerField(default=0, db_default=0)
    written_off = models.BigIntegerField(default=0, db_default=0)
    charged_on = models.DateField()
    due_on = models.DateField()
    period = models.CharField(max_length=14)
    part = models.PositiveSmallIntegerField(default=0, db_default=0)
    whole = models.BigIntegerField(null=True)
    """What a whole period costs at the newest rate in it, where the charge is by the day; none where it is whole."""
    explanation = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["period", "member", "part"], name="charged_once_a_period"),
            models.CheckConstraint(
                name="charge_paid_at_most",
                condition=Q(amount__gt=0, paid__gte=0, written_off__gte=0, amount__gte=F("paid") + F("written_off")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["member", "charged_on", "id"],
                name="charge_open",
                condition=Q(amount__gt=F("paid") + F("written_off")),
            ),
            models.Index(fields=["member", "-charged_on"], name="charge_of_member"),
        ]

    @property
    def open_minor(self) -> int:
        """What is still owed, in minor units."""
        return self.amount - self.paid - self.written_off

    @property
    def currency(self) -> str:
        """The currency the charge is in."""
        return str(self.version.amount.currency)

    @property
    def total(self) -> Money:
        """What was charged."""
        return from_minor(self.amount, self.currency)

    @property
    def still_open(self) -> Money:
        """What is still owed."""
        return from_minor(self.open_minor, self.currency)

    @property
    def document(self) -> str:
        """How the journal refers to it: by its period, never by the member."""
        return f"DUES-{self.period}"

    @property
    def period_words(self) -> str:
        """Its period as a person reads it: November 2026."""
        return formats.period(periods.parse(self.period))


class Payment(models.Model):
    """Money that came in at the bank, recorded by hand; from a member, or not yet placed."""

    class Status(models.TextChoices):
        RECORDED = "RECORDED", _("Recorded")
        UNPLACED = "UNPLACED", _("Not yet placed")
        WITHDRAWN = "WITHDRAWN", _("Withdrawn")

    number = models.CharField(max_length=12, unique=True)
    form_key = models.CharField(max_length=64, unique=True)
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, null=True, related_name="payments")
    bank = models.ForeignKey("treasury.BankAccount", on_delete=models.PROTECT, related_name="payments")
    amount = MoneyField()
    received_on = models.DateField()
    reference = models.CharField(_("what the bank says"), max_length=140, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RECORDED)
    recorded_by = models.BigIntegerField()
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")

    class Meta:
        constraints = [
            models.CheckConstraint(name="payment_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="payment_placed_with_a_member", condition=~Q(status="RECORDED") | Q(member__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["-received_on", "-id"], name="payment_newest"),
            models.Index(fields=["member", "-received_on"], name="payment_of_member"),
        ]

    def __str__(self) -> str:
        return self.number


class Placement(models.Model):
    """A part of a charge that was paid: from a payment, from what was paid ahead, or by dues relief.

    ``parts`` are minor units for each of the version's shares, in their order; they sum to the amount. So partial
    payments add up to exactly the shares of the whole.
    """

    class Source(models.TextChoices):
        PAYMENT = "PAYMENT", _("Payment")
        AHEAD = "AHEAD", _("Paid ahead")
        RELIEF = "RELIEF", _("Dues relief")

    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="placements")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, related_name="placements")
    source = models.CharField(max_length=7, choices=Source.choices)
    amount = models.BigIntegerField()
    parts = models.JSONField()
    taken = models.BigIntegerField(default=0)
    """What credits took out of it again."""
    placed_on = models.DateField()
    undone_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="placement_positive", condition=Q(amount__gt=0, taken__gte=0, taken__lte=F("amount"))
            )
        ]

    @property
    def standing(self) -> int:
        """What it still pays of the charge."""
        return self.amount - self.taken


class Credit(models.Model):
    """Less is owed than was charged: by how much, and why; minor units.

    ``open_part`` was open and is not owed any more, ``paid_part`` was paid and went back; ``taken`` says out of which
    placements, as (placement, amount, parts).
    """

    class Source(models.TextChoices):
        CHANGE = "CHANGE", _("Charged anew by the day")
        WORK = "WORK", _("Paid in work")

    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="credits")
    source = models.CharField(max_length=6, choices=Source.choices)
    amount = models.BigIntegerField()
    open_part = models.BigIntegerField()
    paid_part = models.BigIntegerField()
    taken = models.JSONField(default=list)
    key = models.CharField(max_length=120, unique=True)
    explanation = models.JSONField()
    made_on = models.DateField()
    undone_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="credit_in_bounds",
                condition=Q(
                    amount__gt=0, open_part__gte=0, paid_part__gte=0, amount__gte=F("open_part") + F("paid_part")
                ),
            )
        ]

    @property
    def money(self) -> Money:
        """By how much less is owed."""
        return from_minor(self.amount, self.charge.currency)

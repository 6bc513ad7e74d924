"""Circles: their dated terms, who sits in them, what each gave. Minor units of the fund's currency."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from mutual.money import Money, from_minor
from mutual.periods import add_months
from pooling.circles.gifts import LARGEST, SMALLEST


class Terms(models.Model):
    """What holds for the circles of a fund from a day on, by decision: sizes (F4), layers, gifts (F6), dates (F7)."""

    fund = models.ForeignKey("pooling.Fund", on_delete=models.PROTECT, related_name="circle_terms")
    valid_from = models.DateField()
    smallest = models.PositiveSmallIntegerField()
    largest = models.PositiveSmallIntegerField()
    claim_retention = models.BigIntegerField(null=True)
    """What a circle carries of one claim at most; none is everything."""
    year_retention = models.BigIntegerField(null=True)
    """What it carries in one of its years at most."""
    premium_points = models.PositiveSmallIntegerField()
    """What goes to the pool above the circles: hundredths of a percent of each deposit, month by month."""
    gift_limit = models.BigIntegerField(null=True)
    """What a member may give another in a calendar year free of tax."""
    moving_months = models.CharField(max_length=30)
    """The months on whose first day members join, change level and leave: ``1,4,7,10``."""
    notice_days = models.PositiveSmallIntegerField()
    decision = models.OneToOneField("governance.Decision", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["fund", "valid_from"], name="circle_terms_once_a_day"),
            models.CheckConstraint(
                name="circle_terms_make_sense",
                condition=Q(smallest__gte=SMALLEST, largest__gte=F("smallest"), largest__lte=LARGEST)
                & Q(premium_points__lte=10_000)
                & (Q(claim_retention=None) | Q(claim_retention__gte=0))
                & (Q(year_retention=None) | Q(year_retention__gte=0))
                & (Q(gift_limit=None) | Q(gift_limit__gt=0)),
            ),
        ]
        ordering = ["fund", "-valid_from"]

    @property
    def months(self) -> list[int]:
        """The moving months as numbers."""
        return [int(month) for month in self.moving_months.split(",")]

    def next_move(self, asked_on: dt.date) -> dt.date:
        """The first moving day that leaves the notice time."""
        earliest = asked_on + dt.timedelta(days=self.notice_days)
        first = earliest.replace(day=1)
        days = (add_months(first, n) for n in range(25))
        return next(day for day in days if day >= earliest and day.month in self.months)

    def money(self, amount: int) -> Money:
        """An amount of these terms as money."""
        return from_minor(amount, self.fund.currency)


class Level(models.Model):
    """A level of a fund's circles: what a member puts into her buffer a month, and her benefit (F3)."""

    terms = models.ForeignKey(Terms, on_delete=models.PROTECT, related_name="levels")
    place = models.PositiveSmallIntegerField()
    deposit = models.BigIntegerField()
    benefit = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["terms", "place"], name="circle_level_once"),
            models.CheckConstraint(name="circle_level_positive", condition=Q(deposit__gt=0, benefit__gt=0)),
        ]
        ordering = ["place"]


class Circle(models.Model):
    """Members who carry the first part of each other's claims.

    ``size`` counts the seats that are taken; the database keeps it, and keeps it within what an open circle may have.
    """

    class State(models.TextChoices):
        FORMING = "FORMING", _("Forming")
        OPEN = "OPEN", _("Open")
        SMALL = "SMALL", _("Open, too small")
        CLOSED = "CLOSED", _("Closed")

    GIVING = (State.OPEN, State.SMALL)

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=60)
    fund = models.ForeignKey("pooling.Fund", on_delete=models.PROTECT, related_name="circles")
    state = models.CharField(max_length=7, choices=State.choices, default=State.FORMING)
    size = models.PositiveSmallIntegerField(default=0, db_default=0)
    smallest = models.PositiveSmallIntegerField()
    largest = models.PositiveSmallIntegerField()
    opened_on = models.DateField(null=True)
    closes_on = models.DateField(null=True)
    """The day it was decided to close on."""
    closing = models.OneToOneField(
        "governance.Decision", on_delete=models.PROTECT, null=True, related_name="closed_circle"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="circle_of_twenty_to_fifty",
                condition=Q(smallest__gte=SMALLEST, largest__gte=F("smallest"), largest__lte=LARGEST),
            ),
            models.CheckConstraint(name="circle_at_most_so_many", condition=Q(size__lte=F("largest"))),
            models.CheckConstraint(
                name="circle_open_with_enough", condition=~Q(state="OPEN") | Q(size__gte=F("smallest"))
            ),
            models.CheckConstraint(
                name="circle_opened_on_a_day",
                condition=Q(state="FORMING", opened_on=None)
                | Q(state="CLOSED")
                | (~Q(state="FORMING") & Q(opened_on__isnull=False)),
            ),
            models.CheckConstraint(
                name="circle_closes_by_decision",
                condition=Q(closes_on=None, closing=None) | Q(closes_on__isnull=False, closing__isnull=False),
            ),
            models.CheckConstraint(
                name="circle_closed_is_empty", condition=~Q(state="CLOSED") | Q(size=0, closes_on__isnull=False)
            ),
        ]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def document(self) -> str:
        """How the journal refers to it."""
        return f"CIRCLE-{self.pk}"

    def year_start(self, on: dt.date) -> dt.date:
        """The first day of the circle's year that a day lies in: its years begin on the day it opened."""
        assert self.opened_on is not None
        years = on.year - self.opened_on.year
        start = add_months(self.opened_on, 12 * years)
        return start if start <= on else add_months(self.opened_on, 12 * (years - 1))


class Seat(models.Model):
    """A member's place in a circle: asked for, taken, given up; each on a set date (F7)."""

    circle = models.ForeignKey(Circle, on_delete=models.PROTECT, related_name="seats")
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="circle_seats")
    place = models.PositiveSmallIntegerField()
    """Her level, by its place in the terms."""
    asked_on = models.DateField()
    joins_on = models.DateField(null=True)
    """The day she may sit down; none while the circle is forming."""
    joined_on = models.DateField(null=True)
    next_place = models.PositiveSmallIntegerField(null=True)
    changes_on = models.DateField(null=True)
    leaves_on = models.DateField(null=True)
    left_on = models.DateField(null=True)
    settled_on = models.DateField(null=True)
    """When what was left of her buffer went back to her."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member"], condition=Q(left_on=None), name="one_circle_at_a_time"),
            models.CheckConstraint(
                name="seat_left_after_it_was_taken",
                condition=Q(left_on=None) | Q(joined_on__isnull=False, left_on__gte=F("joined_on")),
            ),
            models.CheckConstraint(
                name="seat_changes_on_a_day",
                condition=Q(next_place=None, changes_on=None) | Q(next_place__isnull=False, changes_on__isnull=False),
            ),
            models.CheckConstraint(name="seat_settled_after_leaving", condition=Q(settled_on=None) | ~Q(left_on=None)),
        ]
        indexes = [models.Index(fields=["circle", "member"], name="seat_of_circle")]


class Carried(models.Model):
    """What a circle gave for one instalment, and what it left to the pool above it."""

    instalment = models.OneToOneField("claims.Instalment", on_delete=models.PROTECT, related_name="carried")
    circle = models.ForeignKey(Circle, on_delete=models.PROTECT, related_name="carried")
    claimant = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="+")
    due = models.BigIntegerField()
    given = models.BigIntegerField()
    given_on = models.DateField()
    returned_on = models.DateField(null=True)
    """When the gifts went back, because the claim was withdrawn."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="carried_at_most_due", condition=Q(due__gt=0, given__gte=0, given__lte=F("due"))
            )
        ]
        indexes = [models.Index(fields=["circle", "given_on"], name="carried_of_circle")]


class Gift(models.Model):
    """What one member gave for one instalment of another's claim."""

    carried = models.ForeignKey(Carried, on_delete=models.PROTECT, related_name="gifts")
    donor = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="circle_gifts")
    amount = models.BigIntegerField()
    held_back = models.BooleanField(default=False)
    """Whether a limit kept it below her share."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["carried", "donor"], name="gift_once"),
            models.CheckConstraint(name="gift_positive", condition=Q(amount__gt=0)),
        ]


class Premium(models.Model):
    """What a circle paid in a month for the pool above it."""

    circle = models.ForeignKey(Circle, on_delete=models.PROTECT, related_name="premiums")
    month = models.DateField()
    asked = models.BigIntegerField()
    paid = models.BigIntegerField()
    """Less than asked where buffers hold less."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["circle", "month"], name="premium_once_a_month"),
            models.CheckConstraint(name="premium_at_most_asked", condition=Q(paid__gte=0, paid__lte=F("asked"))),
        ]

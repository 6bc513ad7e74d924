"""Waivers, work in place of dues, and the draw of who is asked about her income band."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Waiver(models.Model):
    """Days on which a part of a member's dues, or all of it, is not asked (B7). Why is sealed, never written here."""

    class Kind(models.TextChoices):
        HOLIDAY = "HOLIDAY", _("Holiday from dues")
        HARDSHIP = "HARDSHIP", _("Hardship")

    number = models.CharField(max_length=12, unique=True)
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="waivers")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    since = models.DateField()
    until = models.DateField()
    percent = models.PositiveSmallIntegerField()
    """How much of the dues is given up."""
    decision = models.OneToOneField("governance.Decision", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(name="waiver_ends_after_it_begins", condition=Q(until__gt=F("since"))),
            models.CheckConstraint(name="waiver_gives_up_a_part", condition=Q(percent__gte=1, percent__lte=100)),
        ]
        indexes = [models.Index(fields=["member", "since"], name="waivers_of_member")]

    def __str__(self) -> str:
        return self.number

    @property
    def subject(self) -> str:
        """The vault in which its reason is sealed."""
        return f"waiver/{self.number}"


class WorkCredit(models.Model):
    """A task done for the cooperative in place of a period's dues; recorded by one officer, confirmed by another."""

    class State(models.TextChoices):
        WAITING = "WAITING", _("For a period that is not charged yet")
        USED = "USED", _("Took the place of the dues")

    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="work_credits")
    period = models.CharField(max_length=14)
    task = models.CharField(_("task"), max_length=200)
    done_on = models.DateField()
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    decision = models.OneToOneField("governance.Decision", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "period"], name="one_task_a_period")]
        indexes = [models.Index(fields=["period"], name="work_waiting", condition=Q(state="WAITING"))]


class Draw(models.Model):
    """A draw of members who are asked to show that their income band is right; anybody can draw it again."""

    plan = models.ForeignKey("pooling.DuesPlan", on_delete=models.PROTECT, related_name="draws")
    seed = models.CharField(_("seed"), max_length=120)
    """Where the seed comes from, and the seed: a number nobody of us could choose."""
    percent = models.PositiveSmallIntegerField()
    drawn_on = models.DateField()
    drawn_by = models.BigIntegerField()
    people = models.PositiveIntegerField()
    list_digest = models.CharField(max_length=64)
    """SHA-256 of the numbers drawn from, sorted, one a line."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plan", "seed"], name="draw_once_a_seed")]


class Check(models.Model):
    """A member who was drawn. The reviewer sees the code and the band, not the name; nothing of the proof is kept."""

    class State(models.TextChoices):
        ASKED = "ASKED", _("Asked")
        CONFIRMED = "CONFIRMED", _("Confirmed")
        NOT_CONFIRMED = "NOT_CONFIRMED", _("Not confirmed")

    draw = models.ForeignKey(Draw, on_delete=models.PROTECT, related_name="checks")
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="band_checks")
    code = models.CharField(max_length=12, unique=True)
    place = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=13, choices=State.choices, default=State.ASKED)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    answered_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draw", "member"], name="asked_once_a_draw"),
            models.CheckConstraint(
                name="check_answered_with_a_day",
                condition=Q(state="ASKED", answered_by=None, answered_on=None)
                | (~Q(state="ASKED") & Q(answered_by__isnull=False, answered_on__isnull=False)),
            ),
        ]

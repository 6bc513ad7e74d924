"""Work that follows a commit, and long runs with their progress."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Job(models.Model):
    """A task that must happen because something was committed: a row written in the same transaction.

    Celery is only the bell. A sweeper finds what the bell missed, so a process killed right after its commit loses
    nothing (R-B5).
    """

    task = models.CharField(max_length=200)
    arguments = models.JSONField(default=dict)
    """Ids only: the task reads the rest, and everything it does is harmless when done twice."""
    queued_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()
    long = models.BooleanField(default=False)
    """Whether it may take more than some seconds; such jobs have workers of their own."""
    rung_at = models.DateTimeField(null=True)
    """When Celery was last told of it."""
    tries = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"], name="job_waiting", condition=Q(done_at__isnull=True, failed_at__isnull=True)
            )
        ]


class Run(models.Model):
    """One run of long work over many items: how far it is, what was refused and why. Unique by kind and key."""

    class State(models.TextChoices):
        WAITING = "WAITING", _("Waiting to start")
        RUNNING = "RUNNING", _("Running")
        FINISHED = "FINISHED", _("Finished")
        PARTIAL = "PARTIAL", _("Finished, with refusals")
        STOPPED = "STOPPED", _("Stopped")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=120)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    """How many had been done by an earlier run already."""
    refused = models.PositiveIntegerField(default=0)
    cursor = models.CharField(max_length=120, blank=True)
    """Where to go on after a crash; what it means is the run's own business."""
    reasons = models.JSONField(default=list)
    """The first refusals, as [subject, sentence]; subjects are numbers, never names."""
    started_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True)
    """When it last reported progress."""
    finished_at = models.DateTimeField(null=True)
    url = models.CharField(max_length=200, blank=True)
    """Where the result can be seen."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="run_once_per_kind_and_key")]
        indexes = [models.Index(fields=["-created_at"], name="run_newest")]

    def __str__(self) -> str:
        return self.title

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in (self.State.FINISHED, self.State.PARTIAL, self.State.STOPPED)

    @property
    def percent(self) -> int:
        """How much is done, in whole percent."""
        return 100 if self.over and not self.total else (self.done + self.refused) * 100 // max(self.total, 1)

    @property
    def rate(self) -> int:
        """Items a second since it started, rounded down."""
        end = self.finished_at or self.beat_at
        if not (end and self.started_at):
            return 0
        microseconds = (end - self.started_at) // (end.resolution)
        return self.done * 1_000_000 // max(microseconds, 1)

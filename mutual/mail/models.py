"""Letters: mail that is written in the transaction that causes it, and sent afterwards."""

from __future__ import annotations

from django.db import models


class Letter(models.Model):
    """One mail to one person. Its key makes it unique: the same letter is never sent twice (R-B9)."""

    key = models.CharField(max_length=200, unique=True)
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)
    written_at = models.DateTimeField(auto_now_add=True, db_index=True)
    sent_at = models.DateTimeField(null=True)


class Attachment(models.Model):
    """A file that goes with a letter."""

    letter = models.ForeignKey(Letter, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=120)
    mime = models.CharField(max_length=80)
    content = models.BinaryField()


class Muted(models.Model):
    """A letter that somebody does without; see :mod:`mutual.mail.events`."""

    reader = models.BigIntegerField()
    """The user's id."""
    event = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reader", "event"], name="letter_muted_once")]

"""Who did what, and when: kept for ever, never changed."""

from __future__ import annotations

from django.db import models


class Deed(models.Model):
    """One thing a person (or the clock) did. No personal data, no free text: numbers and codes only."""

    done_at = models.DateTimeField(auto_now_add=True, db_index=True)
    by = models.BigIntegerField(null=True, db_index=True)
    """The user's id; none where the clock did it."""
    did = models.CharField(max_length=60)
    """What: a past event such as CLAIM_APPROVED."""
    subject = models.CharField(max_length=60, db_index=True)
    """To what: a number such as C-000123."""
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["-done_at", "-id"], name="deed_newest")]

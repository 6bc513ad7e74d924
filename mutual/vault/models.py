"""The vault's rows: a wrapped key for each subject, what is sealed with it, and who opened it. No clear text here."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Vault(models.Model):
    """One subject (``claim/C-000123``) and its own key, wrapped; without the key everything of it is unreadable."""

    subject = models.CharField(max_length=80, unique=True)
    kid = models.CharField(max_length=16)
    """Which wrapping key wraps it."""
    wrapped = models.BinaryField(null=True)
    opened_on = models.DateField()
    destroy_on = models.DateField(null=True)
    """The day its key is destroyed, where that is settled."""
    destroyed_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="vault_destroyed_without_a_key",
                condition=Q(wrapped=None, destroyed_on__isnull=False)
                | Q(wrapped__isnull=False, destroyed_on__isnull=True),
            )
        ]
        indexes = [
            models.Index(fields=["destroy_on"], name="vault_due", condition=Q(destroyed_on=None)),
            models.Index(fields=["kid", "id"], name="vault_by_key", condition=Q(destroyed_on=None)),
        ]

    def __str__(self) -> str:
        return self.subject


class Content(models.Model):
    """Bytes sealed at one place of a vault: a nonce, then the ciphertext with its tag."""

    vault = models.ForeignKey(Vault, on_delete=models.PROTECT, related_name="contents")
    place = models.CharField(max_length=80)
    sealed = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["vault", "place"], name="vault_place_sealed_once")]


class Opening(models.Model):
    """Somebody read something: written before the bytes are given out, and never changed (a trigger refuses)."""

    vault = models.ForeignKey(Vault, on_delete=models.PROTECT, related_name="openings")
    place = models.CharField(max_length=80)
    by = models.BigIntegerField()
    """The user's id."""
    at = models.DateTimeField()
    reason = models.CharField(max_length=20)
    """Why, as a code of the room's: free words could say what the vault hides."""

    class Meta:
        indexes = [models.Index(fields=["vault", "-id"], name="vault_opening_newest")]

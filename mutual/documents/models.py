"""The archive's rows: every document that was given out, byte for byte."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Document(models.Model):
    """A document as it was given out. Rows are written once and never changed (a trigger refuses).

    The same number may be kept again with other content (a statement asked for again after a late correction): then
    `source` differs, and the newest is what is shown.
    """

    class Kind(models.TextChoices):
        STATEMENT = "STATEMENT"
        INVOICE = "INVOICE"
        CREDIT_NOTE = "CREDIT_NOTE"
        RECEIPT = "RECEIPT"
        OUTLOOK = "OUTLOOK"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    number = models.CharField(max_length=80)
    """S-2026-10-M-000123, or the issuer's number before that of an invoice: M-000123/2026-0042."""
    source = models.CharField(max_length=64)
    """SHA-256 of what the document says, whatever it looks like."""
    owner = models.BigIntegerField(db_index=True)
    """The id of the member it belongs to; a plain number, as the archive knows no members."""
    language = models.CharField(max_length=10)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    pages = models.PositiveIntegerField()
    content = models.BinaryField()
    versions = models.JSONField()
    """The libraries that made it: with the same ones, the same content gives the same bytes."""
    created_at = models.DateTimeField()
    """The moment printed into the file; needed to print it again."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "number", "source"], name="document_kept_once"),
            models.CheckConstraint(name="document_has_pages", condition=Q(pages__gt=0, size__gt=0)),
        ]

    def __str__(self) -> str:
        return self.number

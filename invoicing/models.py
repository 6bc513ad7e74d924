"""Who invoices, whom, for what. An issued invoice is fixed: a trigger refuses any change but its payments."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from invoicing.vat import Item
from mutual.money import Money, from_minor


class VatCategory(models.TextChoices):
    """EN 16931, BT-118."""

    S = "S", _("VAT at the rate given")
    Z = "Z", _("Zero rate")
    E = "E", _("Exempt (small business)")
    AE = "AE", _("Reverse charge: the client owes the VAT")
    O = "O", _("Outside the scope of VAT")  # noqa: E741  the standard's own code
    K = "K", _("Goods to another EU country")
    G = "G", _("Export outside the EU")


class Issuer(models.Model):
    """What a member's invoices say about her."""

    member = models.OneToOneField("members.Member", on_delete=models.PROTECT, primary_key=True, related_name="+")
    name = models.CharField(_("name on invoices"), max_length=120)
    street = models.CharField(max_length=120, blank=True)
    postcode = models.CharField(max_length=16, blank=True)
    city = models.CharField(max_length=80, blank=True)
    country = models.CharField(max_length=2, default="DE")
    email = models.EmailField(blank=True)
    vat_id = models.CharField(_("VAT id"), max_length=20, blank=True)
    tax_number = models.CharField(_("tax number"), max_length=30, blank=True)
    iban = models.CharField("IBAN", max_length=34, blank=True)
    bic = models.CharField("BIC", max_length=11, blank=True)
    days_to_pay = models.PositiveSmallIntegerField(default=14)
    number_prefix = models.CharField(max_length=10, blank=True)
    currency = models.CharField(max_length=12, default=settings.COOPERATIVE_CURRENCY)
    vat_category = models.CharField(max_length=2, choices=VatCategory.choices, default=VatCategory.S)
    vat_rate = models.DecimalField(max_digits=5, decimal_places=2, default=Decimal(19))
    exemption = models.CharField(_("why no VAT is charged"), max_length=200, blank=True)
    terms = models.CharField(_("terms"), max_length=500, blank=True)


class Client(models.Model):
    """Whom a member bills."""

    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="clients")
    number = models.CharField(max_length=12)
    name = models.CharField(_("name"), max_length=120)
    street = models.CharField(_("street and number"), max_length=120, blank=True)
    postcode = models.CharField(_("postcode"), max_length=16, blank=True)
    city = models.CharField(_("town"), max_length=80, blank=True)
    country = models.CharField(_("country"), max_length=2, default="DE")
    email = models.EmailField(_("e-mail"), blank=True)
    vat_id = models.CharField(_("VAT id"), max_length=20, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="en")
    archived_on = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "number"], name="client_number_once")]

    def __str__(self) -> str:
        return self.name


class Invoice(models.Model):
    """An invoice or a credit note: drafted, then issued and fixed."""

    class Kind(models.TextChoices):
        INVOICE = "INVOICE", _("Invoice")
        CREDIT_NOTE = "CREDIT_NOTE", _("Credit note")

    class Status(models.TextChoices):
        DRAFT = "DRAFT", _("Draft")
        ISSUED = "ISSUED", _("Issued")
        PART_PAID = "PART_PAID", _("Paid in part")
        PAID = "PAID", _("Paid")
        CREDITED = "CREDITED", _("Credited")

    UNPAID = (Status.ISSUED, Status.PART_PAID)

    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="invoices")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="invoices")
    kind = models.CharField(max_length=11, choices=Kind.choices, default=Kind.INVOICE)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.DRAFT)
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="corrected_by")
    form_key = models.CharField(max_length=64)
    currency = models.CharField(max_length=12)
    supplied_from = models.DateField()
    supplied_until = models.DateField()
    reference = models.CharField(_("client's reference"), max_length=80, blank=True)
    introduction = models.CharField(_("words before the lines"), max_length=1000, blank=True)
    number = models.CharField(max_length=40, blank=True)
    issued_on = models.DateField(null=True)
    issued_at = models.DateTimeField(null=True)
    due_on = models.DateField(null=True)
    snapshot = models.JSONField(null=True)
    """Everything the paper says, as it was when it was issued."""
    digest = models.CharField(max_length=64, blank=True)
    net = models.BigIntegerField(default=0)
    vat = models.BigIntegerField(default=0)
    gross = models.BigIntegerField(default=0)
    paid = models.BigIntegerField(default=0)
    credited = models.BigIntegerField(default=0)
    sent_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "form_key"], name="draft_once_a_form"),
            models.UniqueConstraint(fields=["member", "number"], condition=~Q(number=""), name="invoice_number_once"),
            models.CheckConstraint(
                name="invoice_fixed_when_issued",
                condition=Q(status="DRAFT", number="", issued_on=None, digest="")
                | (~Q(status="DRAFT") & ~Q(number="") & ~Q(digest="") & Q(issued_on__isnull=False, gross__gt=0)),
            ),
            models.CheckConstraint(
                name="invoice_paid_and_credited_in_bounds",
                condition=Q(paid__gte=0, credited__gte=0, credited__lte=F("gross"), paid__lte=F("gross")),
            ),
            models.CheckConstraint(
                name="credit_note_corrects_one",
                condition=(Q(kind="INVOICE") & Q(corrects=None)) | (Q(kind="CREDIT_NOTE") & Q(corrects__isnull=False)),
            ),
            models.CheckConstraint(name="supply_in_order", condition=Q(supplied_until__gte=F("supplied_from"))),
        ]
        indexes = [
            models.Index(fields=["member", "-id"], name="invoice_of_member"),
            models.Index(fields=["member", "issued_on"], name="invoice_by_day"),
            models.Index(fields=["due_on"], name="invoice_unpaid", condition=Q(status__in=["ISSUED", "PART_PAID"])),
        ]

    def __str__(self) -> str:
        return self.number or f"draft {self.pk}"

    def money(self, minor: int) -> Money:
        """Minor units of this invoice as money."""
        return from_minor(minor, self.currency)

    @property
    def gross_money(self) -> Money:
        """What the client is asked for."""
        return self.money(self.gross)

    @property
    def signed_gross(self) -> Money:
        """What it adds to what the client owes: a credit note takes off."""
        return -self.gross_money if self.kind == Invoice.Kind.CREDIT_NOTE else self.gross_money

    @property
    def open_minor(self) -> int:
        """What is still to be paid; below zero what must be paid back after a credit note."""
        return self.gross - self.credited - self.paid

    @property
    def open_money(self) -> Money:
        """What is still to be paid."""
        return self.money(max(self.open_minor, 0))

    @property
    def to_refund(self) -> Money:
        """What was paid beyond what is owed after credit notes."""
        return self.money(max(-self.open_minor, 0))


class Line(models.Model):
    """One line of an invoice."""

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines")
    place = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=400)
    quantity = models.DecimalField(max_digits=14, decimal_places=6)
    unit = models.CharField(max_length=20, blank=True)
    unit_price = models.DecimalField(max_digits=16, decimal_places=4)
    category = models.CharField(max_length=2, choices=VatCategory.choices)
    rate = models.DecimalField(max_digits=5, decimal_places=2, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invoice", "place"], name="line_place_once"),
            models.CheckConstraint(name="line_quantity_positive", condition=Q(quantity__gt=0, unit_price__gte=0)),
            models.CheckConstraint(
                name="line_rate_only_for_standard",
                condition=(Q(category="S") & Q(rate__gt=0, rate__lte=100)) | (~Q(category="S") & Q(rate=None)),
            ),
        ]
        ordering = ["place"]

    @property
    def item(self) -> Item:
        """What it charges."""
        return Item(self.quantity, self.unit_price, self.category, self.rate)  # type: ignore[arg-type]


class Receipt(models.Model):
    """A payment of a client's, recorded by hand by the issuer (below zero: paid back to the client)."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="receipts")
    form_key = models.CharField(max_length=64)
    amount = models.BigIntegerField()
    paid_on = models.DateField()
    undone_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invoice", "form_key"], name="receipt_once_a_form"),
            models.CheckConstraint(name="receipt_not_zero", condition=~Q(amount=0)),
        ]


class Series(models.Model):
    """The last number an issuer gave in a series and year, taken under its lock: no gaps, nothing twice."""

    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="+")
    series = models.CharField(max_length=4)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "series", "year"], name="series_once")]

"""Bank accounts, and what the cooperative itself spends and earns."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mutual.fields import MoneyField


class BankAccount(models.Model):
    """An account of the cooperative's at a bank."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=60)
    iban = models.CharField("IBAN", max_length=34, blank=True)
    bic = models.CharField("BIC", max_length=11, blank=True)
    currency = models.CharField(max_length=12)
    account = models.OneToOneField("ledger.Account", on_delete=models.PROTECT, related_name="+")
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)

    def __str__(self) -> str:
        return self.name

    @property
    def masked_iban(self) -> str:
        """Enough of the IBAN to tell accounts apart."""
        return f"{self.iban[:4]} … {self.iban[-4:]}" if len(self.iban) > 8 else self.iban


class BankBalance(models.Model):
    """What the bank itself says an account held at the end of a day."""

    bank = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="said")
    day = models.DateField()
    amount = MoneyField()
    entered_by = models.BigIntegerField()
    entered_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bank", "day"], name="bank_says_one_thing_a_day")]


class Category(models.Model):
    """What money is spent on or earned with: an expense or income account with a name."""

    class Kind(models.TextChoices):
        COST = "COST", _("Cost")
        INCOME = "INCOME", _("Income")

    kind = models.CharField(max_length=6, choices=Kind.choices)
    slug = models.SlugField(max_length=40)
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "slug"], name="category_once")]
        ordering = ["kind", "name"]

    def __str__(self) -> str:
        return self.name


class Item(models.Model):
    """A cost paid or an income received by the cooperative."""

    class Status(models.TextChoices):
        RECORDED = "RECORDED", _("Recorded")
        REVERSED = "REVERSED", _("Undone")

    number = models.CharField(max_length=12, unique=True)
    form_key = models.CharField(max_length=64, unique=True)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="items")
    bank = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="items")
    amount = MoneyField()
    booked_on = models.DateField()
    text = models.CharField(_("what for"), max_length=140)
    voucher = models.CharField(_("voucher number"), max_length=40, blank=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.RECORDED)
    recorded_by = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(name="item_positive", condition=Q(amount__gt=0))]
        indexes = [models.Index(fields=["-booked_on", "-id"], name="item_newest")]

    def __str__(self) -> str:
        return self.number

"""Versions of a fund's rules, and what each member is covered for. Amounts in minor units of the fund's currency."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class RuleVersion(models.Model):
    """A fund's rules from a day on, as two officers adopted them. Never changed: the next version replaces it."""

    fund = models.ForeignKey("pooling.Fund", on_delete=models.PROTECT, related_name="rules")
    number = models.PositiveSmallIntegerField()
    valid_from = models.DateField()
    text = models.TextField(_("the rules in plain words"), max_length=8000)
    terms = models.JSONField()
    """The canonical form of :class:`pooling.benefits.terms.Terms`."""
    decision = models.OneToOneField("governance.Decision", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["fund", "number"], name="rule_version_numbered_once"),
            models.UniqueConstraint(fields=["fund", "valid_from"], name="rule_version_once_a_day"),
            models.CheckConstraint(name="rule_version_from_one", condition=Q(number__gte=1)),
        ]
        ordering = ["fund", "number"]

    def __str__(self) -> str:
        return f"{self.fund_id}/{self.number}"


class Cover(models.Model):
    """What a member is covered for in a fund from a day on: her level, her units, or what she earned before.

    Earnings and the date of birth are kept only for funds whose rules ask for them.
    """

    fund = models.ForeignKey("pooling.Fund", on_delete=models.PROTECT, related_name="covers")
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="covers")
    since = models.DateField()
    level = models.CharField(_("level"), max_length=40, blank=True)
    units = models.PositiveSmallIntegerField(_("units"), default=1)
    earnings = models.BigIntegerField(null=True)
    """By the month, on average of the year before, in minor units."""
    born_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["fund", "member", "since"], name="cover_once_a_day"),
            models.CheckConstraint(
                name="cover_not_negative", condition=Q(units__gte=1) & (Q(earnings=None) | Q(earnings__gte=0))
            ),
        ]
        indexes = [models.Index(fields=["member", "fund", "-since"], name="cover_of_member")]

"""A claim: for when, from which fund, how much; who decided, what was paid.

What she wrote about it, and the files, are in the vault (:mod:`mutual.vault`): no row here says what somebody has.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from mutual.fields import MoneyField, NullableMoneyField
from mutual.money import Money, from_minor


class Claim(models.Model):
    """A member's request for a benefit."""

    class Occasion(models.TextChoices):
        ILLNESS = "ILLNESS", _("Illness")
        ACCIDENT = "ACCIDENT", _("Accident")
        WORK_ACCIDENT = "WORK_ACCIDENT", _("Accident at work")
        PREGNANCY = "PREGNANCY", _("Pregnancy")
        CHILD = "CHILD", _("Birth or care of a child")
        BIRTH = "BIRTH", _("Birth of a child")
        CARE = "CARE", _("Care of somebody close")
        DEATH = "DEATH", _("Death")
        LOST_CLIENT = "LOST_CLIENT", _("A client lost")
        BROKEN_TOOL = "BROKEN_TOOL", _("A broken tool")
        UNPAID = "UNPAID", _("An invoice not paid")
        OTHER = "OTHER", _("Something else")

    ALWAYS = (Occasion.ILLNESS, Occasion.CHILD, Occasion.LOST_CLIENT, Occasion.BROKEN_TOOL, Occasion.OTHER)
    """What anybody can ask for; the others, where a fund's rules cover them."""

    class Status(models.TextChoices):
        SUBMITTED = "SUBMITTED", _("Submitted")
        PROPOSED = "PROPOSED", _("Waiting for a second officer")
        RUNNING = "RUNNING", _("Approved, paid month by month")
        PAUSED = "PAUSED", _("Paused until a new certificate comes")
        APPROVED = "APPROVED", _("Approved, money set aside")
        PAID = "PAID", _("Paid")
        REFUSED = "REFUSED", _("Refused")
        WITHDRAWN = "WITHDRAWN", _("Withdrawn")

    class Reason(models.TextChoices):
        """Why a claim is refused (rule F10, after openIMIS)."""

        NO_COVER = "NO_COVER", _("The fund does not cover this occasion.")
        WAITING = "WAITING", _("The waiting time is not over.")
        FREQUENCY = "FREQUENCY", _("There was a benefit for the same time already.")
        CEILING = "CEILING", _("The ceiling is reached.")
        DATE = "DATE", _("The dates lie outside the membership.")
        OWN_RISK = "OWN_RISK", _("It was over before anything could be paid.")
        EVIDENCE = "EVIDENCE", _("What was asked for did not come.")
        UNCLEAR = "UNCLEAR", _("The claim is not clear; please submit it again with the right dates or amount.")

    GOING_ON = (Status.RUNNING, Status.PAUSED)
    OPEN = (Status.SUBMITTED, Status.PROPOSED, *GOING_ON, Status.APPROVED)

    number = models.CharField(max_length=12, unique=True)
    form_key = models.CharField(max_length=64, unique=True)
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="claims")
    claimant = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    """Who the member signs in as, kept here so that the table itself refuses a decision about one's own claim."""
    fund = models.ForeignKey("pooling.Fund", on_delete=models.PROTECT, related_name="claims")
    occasion = models.CharField(max_length=14, choices=Occasion.choices)
    first_day = models.DateField()
    last_day = models.DateField()
    amount_claimed = MoneyField()
    amount_approved = NullableMoneyField()
    other_cover = models.BigIntegerField(default=0, db_default=0)
    """What another insurer pays by the month, or of the cost; minor units of the fund's currency, as the three below.
    Asked only where the fund's rules go by it."""
    continuing_income = models.BigIntegerField(default=0, db_default=0)
    """What is still earned by the month."""
    state_benefit = models.BigIntegerField(default=0, db_default=0)
    """What the state pays by the month."""
    cost = models.BigIntegerField(null=True)
    """What it cost, or the invoice that was not paid."""
    count = models.PositiveSmallIntegerField(default=1, db_default=1)
    """How many children a birth is for, where the fund's rules pay for each; one for any other claim."""
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.SUBMITTED)
    submitted_on = models.DateField()
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    proposed_on = models.DateField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_on = models.DateField(null=True)
    reason = models.CharField(max_length=10, choices=Reason.choices, blank=True)
    paid_on = models.DateField(null=True)
    paid_from = models.ForeignKey("treasury.BankAccount", on_delete=models.PROTECT, null=True, related_name="+")
    needs_two = models.BooleanField(default=True)
    """Whether a second officer must confirm: above the threshold of the desk's rules on the day of the proposal."""
    deviates = models.BooleanField(default=False)
    """Whether the officers decided otherwise than the fund's rules; why is sealed."""
    jury_granted = models.BooleanField(default=False)
    """Whether a jury granted it: officers settle the amount, and cannot refuse it again."""
    decided_before = models.JSONField(default=list)
    """The ids of the officers who decided it the first time; others decide now."""
    ruled = models.JSONField(null=True)
    """What the fund's rules said when it was decided: version, amount, every step in the member's language, lines. None
    where the fund has no rules. Nothing in it says what somebody has."""
    ongoing = models.BooleanField(default=False)
    """Whether it goes on after the last day certified; then it pauses until a new certificate is accepted."""
    decisions = models.PositiveSmallIntegerField(default=0)
    """How often it was decided: each decision has its letter."""
    follows = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="followed_by")
    """The claim whose cut part this one is, after a jury granted it."""

    class Meta:
        constraints = [
            models.CheckConstraint(name="claim_ends_after_it_begins", condition=Q(last_day__gte=F("first_day"))),
            models.CheckConstraint(name="claim_positive", condition=Q(amount_claimed__gt=0)),
            models.CheckConstraint(name="claim_for_one_to_twenty", condition=Q(count__gte=1, count__lte=20)),
            models.CheckConstraint(
                name="claim_nothing_comes_in_below_zero",
                condition=Q(other_cover__gte=0, continuing_income__gte=0, state_benefit__gte=0)
                & (Q(cost=None) | Q(cost__gt=0)),
            ),
            models.CheckConstraint(
                name="claim_approved_at_most_claimed",
                condition=Q(amount_approved=None)
                | (
                    Q(amount_approved__gt=0, amount_approved__lte=F("amount_claimed"))
                    & Q(amount_approved_currency=F("amount_claimed_currency"))
                ),
            ),
            models.CheckConstraint(
                name="claim_decided_by_two_people",
                condition=~Q(status__in=["RUNNING", "PAUSED", "APPROVED", "PAID"])
                | (
                    Q(proposed_by__isnull=False, decided_by__isnull=False)
                    & (Q(needs_two=False) | ~Q(proposed_by=F("decided_by")))
                ),
            ),
            models.CheckConstraint(
                name="claim_not_decided_by_the_claimant",
                condition=Q(claimant=None)
                | (
                    (Q(proposed_by=None) | ~Q(proposed_by=F("claimant")))
                    & (Q(decided_by=None) | ~Q(decided_by=F("claimant")))
                ),
            ),
            models.CheckConstraint(name="claim_refused_with_a_reason", condition=~Q(status="REFUSED") | ~Q(reason="")),
            models.CheckConstraint(
                name="claim_paid_on_a_day",
                condition=(Q(status="PAID") & Q(paid_on__isnull=False)) | (~Q(status="PAID") & Q(paid_on=None)),
            ),
        ]
        indexes = [
            models.Index(fields=["status", "id"], name="claim_waiting"),
            models.Index(fields=["member", "-id"], name="claim_of_member"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def vault(self) -> str:
        """The subject of its vault."""
        return f"claim/{self.number}"


class Evidence(models.Model):
    """A file that supports a claim: what kind it is, and where it is sealed. Its name is not kept: names talk."""

    class Kind(models.TextChoices):
        CERTIFICATE = "CERTIFICATE", _("Certificate of incapacity")
        BIRTH = "BIRTH", _("Birth record")
        INSOLVENCY = "INSOLVENCY", _("Client's notice of insolvency")
        NOTICE = "NOTICE", _("Client's letter that ends the work")
        BILL = "BILL", _("Bill or estimate")
        INCOME = "INCOME", _("Proof of income")
        OTHER = "OTHER", _("Something else")

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="evidence")
    place = models.CharField(max_length=40)
    kind = models.CharField(max_length=11, choices=Kind.choices)
    mime = models.CharField(max_length=40)
    suffix = models.CharField(max_length=4)
    size = models.PositiveIntegerField()
    pages = models.PositiveSmallIntegerField()
    added_on = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["claim", "place"], name="evidence_place_once")]
        ordering = ["id"]

    @property
    def file_name(self) -> str:
        """What it is called when it is opened."""
        return f"{self.claim.number}-{self.place.rpartition('/')[2]}.{self.suffix}"


ASKED = {
    Claim.Occasion.ILLNESS: (Evidence.Kind.CERTIFICATE,),
    Claim.Occasion.ACCIDENT: (Evidence.Kind.CERTIFICATE,),
    Claim.Occasion.WORK_ACCIDENT: (Evidence.Kind.CERTIFICATE,),
    Claim.Occasion.PREGNANCY: (Evidence.Kind.CERTIFICATE,),
    Claim.Occasion.CHILD: (Evidence.Kind.BIRTH,),
    Claim.Occasion.BIRTH: (Evidence.Kind.BIRTH,),
    Claim.Occasion.CARE: (),
    Claim.Occasion.DEATH: (),
    Claim.Occasion.UNPAID: (Evidence.Kind.BILL,),
    Claim.Occasion.LOST_CLIENT: (Evidence.Kind.INSOLVENCY, Evidence.Kind.NOTICE),
    Claim.Occasion.BROKEN_TOOL: (Evidence.Kind.BILL,),
    Claim.Occasion.OTHER: (),
}
"""What evidence an occasion asks for: one of these."""


class Certificate(models.Model):
    """So many percent incapacitated from a day up to and with another: the first with the claim, later ones to go on,
    lower ones for a phased return. Counts once an officer has accepted it."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="certificates")
    from_on = models.DateField()
    until_on = models.DateField()
    incapacity = models.PositiveSmallIntegerField(default=100)
    form_key = models.CharField(max_length=64, unique=True)
    handed_in_on = models.DateField()
    first_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    """The first of two officers to accept it, where its claim comes to more than one may approve."""
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    accepted_on = models.DateField(null=True)
    declined_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="certificate_ends_after_it_begins", condition=Q(until_on__gte=F("from_on"))),
            models.CheckConstraint(name="certificate_percent", condition=Q(incapacity__lte=100)),
            models.CheckConstraint(
                name="certificate_accepted_or_declined", condition=Q(accepted_on=None) | Q(declined_on=None)
            ),
        ]
        ordering = ["from_on", "id"]


class DeskRules(models.Model):
    """How claims are decided, from a day on: every figure dated, and set by a decision (none for those delivered)."""

    valid_from = models.DateField(unique=True)
    four_eyes_above = MoneyField(default=0)
    """Claims above this amount need a second officer; zero: all of them."""
    appeal_days = models.PositiveSmallIntegerField(default=30)
    """How long after a decision it can be appealed."""
    answer_days = models.PositiveSmallIntegerField(default=7)
    """How long a juror has to answer."""
    juror_minutes = models.PositiveSmallIntegerField(default=60)
    """What a juror is thanked with, in hours of the time bank."""
    keep_months = models.PositiveSmallIntegerField(default=12)
    """How long after a claim is over its papers can be read."""
    sample_percent = models.PositiveSmallIntegerField(default=5)
    """How many of the paid claims are read again."""
    remind_days = models.PositiveSmallIntegerField(default=7)
    """How long before a certificate runs out a reminder is sent."""
    decision = models.OneToOneField("governance.Decision", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="desk_rules_make_sense",
                condition=Q(four_eyes_above__gte=0, appeal_days__gte=14, answer_days__gte=2, keep_months__gte=1)
                & Q(sample_percent__lte=100),
            )
        ]
        ordering = ["valid_from"]


class Sample(models.Model):
    """A paid claim drawn to be read again, and what that showed."""

    class Verdict(models.TextChoices):
        FINE = "FINE", _("As it should be")
        PAPERS = "PAPERS", _("Evidence is missing")
        AMOUNT = "AMOUNT", _("The amount is not right")
        RULES = "RULES", _("The rules were applied wrongly")

    claim = models.OneToOneField(Claim, on_delete=models.PROTECT, related_name="sample")
    period = models.CharField(max_length=8)
    seed = models.CharField(max_length=64)
    drawn_on = models.DateField()
    verdict = models.CharField(max_length=6, choices=Verdict.choices, blank=True)
    read_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    read_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="sample_read_by_somebody",
                condition=Q(verdict="", read_by=None, read_on=None)
                | (~Q(verdict="") & Q(read_by__isnull=False, read_on__isnull=False)),
            )
        ]
        indexes = [models.Index(fields=["period"], name="sample_of_period")]


class Instalment(models.Model):
    """A part of an approved claim: one month of a benefit, or a lump sum whole. Amounts are minor units of the fund's
    currency.

    When it is approved, what the fund has above its floor, up to the amount, moves into the fund's pot for approved
    benefits. A pay run pays it wholly or, where the fund is short, in part: the same part for all.
    """

    class State(models.TextChoices):
        APPROVED = "APPROVED", _("Set aside")
        PAID = "PAID", _("Paid")
        RELEASED = "RELEASED", _("Given back to the fund")

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="instalments", db_index=False)
    place = models.PositiveSmallIntegerField()
    fund = models.ForeignKey("pooling.Fund", on_delete=models.PROTECT, related_name="+", db_index=False)
    payable = models.ForeignKey("ledger.Account", on_delete=models.PROTECT, related_name="+", db_index=False)
    """The member's claims payable, so that a pay run need not look it up."""
    first_day = models.DateField()
    last_day = models.DateField()
    days = models.PositiveSmallIntegerField(null=True)
    """How many days it pays for; none for a lump sum."""
    amount_due = models.BigIntegerField()
    amount_paid = models.BigIntegerField(default=0, db_default=0)
    state = models.CharField(max_length=8, choices=State.choices, default=State.APPROVED)
    set_aside_on = models.DateField()
    paid_on = models.DateField(null=True)
    paid_from = models.ForeignKey("treasury.BankAccount", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["claim", "place"], name="instalment_place_once"),
            models.CheckConstraint(
                name="instalment_paid_at_most_due",
                condition=Q(amount_due__gt=0, amount_paid__gte=0, amount_paid__lte=F("amount_due")),
            ),
            models.CheckConstraint(
                name="instalment_paid_on_a_day",
                condition=(Q(state="PAID") & Q(paid_on__isnull=False))
                | (~Q(state="PAID") & Q(paid_on=None, amount_paid=0)),
            ),
            models.CheckConstraint(name="instalment_ends_after_it_begins", condition=Q(last_day__gte=F("first_day"))),
        ]
        indexes = [
            models.Index(fields=["fund", "id"], name="instalment_to_pay", condition=Q(state="APPROVED")),
        ]

    def __str__(self) -> str:
        return f"{self.claim.number}/{self.place}"

    def key(self, event: str) -> str:
        """The journal's key of what happens to it: approved, paid, released."""
        return f"claim/{self.claim.number}/{self.place}/{event}"

    @property
    def due(self) -> Money:
        """What is due."""
        return from_minor(self.amount_due, self.fund.currency)

    @property
    def paid(self) -> Money:
        """What was paid of it."""
        return from_minor(self.amount_paid, self.fund.currency)

"""Who belongs: users (who can sign in) and members (who belong to the cooperative)."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from mutual import formats
from mutual.access import Role
from mutual.trail import trail


class UserManager(BaseUserManager["User"]):
    """Makes users from an e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A user who signs in with this address, by code where there is no password."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password) if password else user.set_unusable_password()
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who can sign in. What they may do are their roles; who they are is the member."""

    email = models.EmailField(_("e-mail"), unique=True)
    party = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    """A random reference for places that must not name people."""
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="en")
    theme = models.CharField(max_length=5, default="auto")
    is_active = models.BooleanField(default=True)
    blocked_on = models.DateField(null=True)
    """Since when an administrator keeps this user from signing in."""
    joined_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return f"user {self.pk}"

    class Meta:
        constraints = [models.CheckConstraint(name="user_has_an_address", condition=~Q(email=""))]

    def save(self, **how: Any) -> None:
        """Letters go where one signs in: when the address changes, whoever changes it, the member's changes with it."""
        from allauth.account.models import EmailAddress

        before = User.objects.filter(pk=self.pk).values_list("email", flat=True).first() if self.pk else None
        with transaction.atomic():
            super().save(**how)
            saved = how.get("update_fields")
            if before == self.email or (saved is not None and "email" not in saved):
                return
            # The address in the register is the one to be replaced: without this, asking for another would remove it.
            EmailAddress.objects.filter(user=self, primary=True).exclude(email=self.email).update(primary=False)
            EmailAddress.objects.update_or_create(
                user=self, email=self.email, defaults={"primary": True, "verified": True}
            )
            if before is None:
                return
            number = Member.objects.filter(user=self).values_list("number", flat=True).first()
            Member.objects.filter(user=self).update(email=self.email)
            trail.record(by=self.pk, did="EMAIL_CHANGED", subject=number or f"user-{self.pk}")

    @property
    def display_name(self) -> str:
        """What colleagues call this user: the member's name, or what stands before the @ of the address."""
        member = self.member_or_none
        return member.name if member else self.email.partition("@")[0].title()

    @cached_property
    def roles(self) -> frozenset[Role]:
        """What this person may do now: read afresh for every request."""
        if not self.is_active:
            return frozenset()
        held = {Role(grant.role) for grant in self.grants.filter(ended_on=None, granted_on__isnull=False)}
        member = self.member_or_none
        if member is not None and member.status in (Member.Status.ACTIVE, Member.Status.SUSPENDED):
            held.add(Role.MEMBER)
        return frozenset(held)

    @cached_property
    def member_or_none(self) -> Member | None:
        """The member this user is, if any."""
        return Member.objects.filter(user=self).first()

    @cached_property
    def has_second_factor(self) -> bool:
        """Whether an authenticator app or a passkey is set up."""
        from allauth.mfa.utils import is_mfa_enabled

        return bool(is_mfa_enabled(self))


class RoleGrant(models.Model):
    """A role given to a user by two administrators, and when it ended."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=20, choices=[choice for choice in Role.choices if choice[0] != Role.MEMBER])
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    granted_on = models.DateField(null=True)
    ended_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role"], condition=Q(ended_on=None), name="role_held_once_at_a_time"
            ),
            models.CheckConstraint(
                name="role_granted_by_two_people",
                condition=Q(proposed_by=None) | ~Q(proposed_by=models.F("granted_by")),
            ),
        ]


class Member(models.Model):
    """A person of the cooperative, from application to leaving."""

    class Status(models.TextChoices):
        APPLICANT = "APPLICANT", _("Applicant")
        ACTIVE = "ACTIVE", _("Active")
        SUSPENDED = "SUSPENDED", _("Suspended")
        LEFT = "LEFT", _("Left")
        DECLINED = "DECLINED", _("Declined")

    number = models.CharField(max_length=12, unique=True)
    """M-000123, given at the application and never again."""
    user = models.OneToOneField(User, on_delete=models.PROTECT, null=True, blank=True, related_name="member")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.APPLICANT)
    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail"))
    trade = models.CharField(_("trade"), max_length=80, blank=True)
    """What she does: translation, carpentry."""
    street = models.CharField(_("street and number"), max_length=120, blank=True)
    postcode = models.CharField(_("postcode"), max_length=16, blank=True)
    city = models.CharField(_("town"), max_length=80, blank=True)
    country = models.CharField(_("country"), max_length=2, default="DE")
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="en")
    currency = models.CharField(_("currency"), max_length=12, default=settings.COOPERATIVE_CURRENCY)
    applied_on = models.DateField()
    joined_on = models.DateField(null=True, blank=True)
    left_on = models.DateField(null=True, blank=True)
    asked_back_on = models.DateField(null=True, blank=True)
    """When she asked to come back, having left; she gets her old number."""
    admitted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    motivation = models.CharField(_("why she wants to join"), max_length=2000, blank=True)
    decline_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="member_joined_when_admitted",
                condition=Q(status__in=["APPLICANT", "DECLINED"]) | Q(joined_on__isnull=False),
            ),
            models.CheckConstraint(
                name="member_left_on_a_day_when_left",
                condition=~Q(status="LEFT") | Q(left_on__isnull=False),
            ),
            models.CheckConstraint(
                name="member_left_after_joining",
                condition=Q(left_on__isnull=True) | Q(left_on__gte=models.F("joined_on")),
            ),
            models.CheckConstraint(
                name="member_asks_back_when_left",
                condition=Q(asked_back_on__isnull=True) | Q(status="LEFT"),
            ),
            models.UniqueConstraint(
                Lower("email"),
                condition=~Q(status__in=["LEFT", "DECLINED"]),
                name="member_email_once_among_present",
            ),
        ]
        indexes = [models.Index(fields=["status", "number"], name="member_by_status")]

    def __str__(self) -> str:
        return self.number

    @property
    def address(self) -> str:
        """The postal address, as lines, with the country in the reader's language."""
        lines = [self.name, self.street, f"{self.postcode} {self.city}".strip(), formats.country(self.country)]
        return "\n".join(line for line in lines if line)


class PastMembership(models.Model):
    """A time somebody belonged before she left and came back; the present one is on the member."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="past")
    joined_on = models.DateField()
    left_on = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="past_membership_left_after_joining", condition=Q(left_on__gte=models.F("joined_on"))
            )
        ]


class ApplicationTally(models.Model):
    """When applications came from one place within the last hour; counted in one statement (R-B9)."""

    came_from = models.CharField(max_length=40, primary_key=True)
    """A hash of the network address, or ``everywhere``."""
    times = ArrayField(models.DateTimeField())


class ImportDraft(models.Model):
    """What an officer was shown before importing members; exactly that is imported."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    rows = models.JSONField()
    made_by = models.BigIntegerField(null=True)
    """The user; none where it was done at the terminal."""
    made_at = models.DateTimeField(auto_now_add=True)
    imported = models.PositiveIntegerField(null=True)


class Counter(models.Model):
    """The last number given in a series (``M``, ``C``, ``D``), taken under its row's lock so that none is missing."""

    series = models.CharField(max_length=40, primary_key=True)
    last = models.PositiveBigIntegerField(default=0)


class PayoutAccount(models.Model):
    """Where a member is paid. The number itself is sealed in a vault; here is enough to tell accounts apart."""

    member = models.OneToOneField(Member, on_delete=models.PROTECT, primary_key=True, related_name="payout_account")
    version = models.PositiveSmallIntegerField()
    """How often she named one: each has a vault of its own, and the one before is destroyed."""
    holder = models.CharField(_("account holder"), max_length=70)
    country = models.CharField(max_length=2)
    tail = models.CharField(max_length=4)
    digest = models.CharField(max_length=64)
    """A keyed digest of the number: whether two are the same can be seen, the number cannot."""
    changed_on = models.DateField()

    class Meta:
        constraints = [models.CheckConstraint(name="payout_account_version_from_one", condition=Q(version__gte=1))]

    @property
    def masked(self) -> str:
        """Enough of it to tell accounts apart."""
        return f"{self.country}… {self.tail}"

    @property
    def vault(self) -> str:
        """The subject of its vault."""
        return f"payout/{self.member.number}/{self.version}"

"""What members offer to pages about everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from members import membership
from members import roles as grants
from members.governance import decisions
from members.governance import figures as house
from members.governance.models import Decision
from members.models import Member, PayoutAccount, RoleGrant, User
from mutual import formats, personal, rooms
from mutual.access import OFFICERS, Role
from mutual.documents.models import Document
from mutual.jobs.models import Run
from mutual.mail.models import Letter, Muted
from mutual.trail.models import Deed

_OFFICE = frozenset({Role.ADMINISTRATOR, Role.TREASURER, Role.AUDITOR})


def navigation() -> Iterator[rooms.NavItem]:
    """Home and profile for everybody; register, roles and decisions for officers."""
    mine = frozenset({Role.MEMBER})
    yield rooms.NavItem(_("Home"), "home", "home", "mine", frozenset(), 1)
    yield rooms.NavItem(_("My statements"), "statements", "file-text", "mine", mine, 16)
    yield rooms.NavItem(_("My profile"), "members:profile", "user-circle", "mine", mine, 18, ("/accounts/",))
    yield rooms.NavItem(_("Members"), "members:register", "users", "office", _OFFICE, 55)
    yield rooms.NavItem(
        _("Statements"), "everybodys_statements", "files", "office",
        frozenset({Role.ADMINISTRATOR, Role.TREASURER}), 67,
    )  # fmt: skip
    yield rooms.NavItem(_("Roles"), "members:roles", "user-shield", "office", frozenset({Role.ADMINISTRATOR}), 80)
    yield rooms.NavItem(_("Runs"), "runs", "progress-check", "office", _OFFICE, 81)
    yield rooms.NavItem(_("Decisions"), "governance:decisions", "gavel", "books", _OFFICE | mine, 95)


def office_tiles(*, roles: frozenset[Role], on: dt.date) -> Iterator[rooms.Tile]:
    """How many members there are, and how many joined in a year."""
    if roles & OFFICERS:
        found = Member.objects.filter(status__in=[Member.Status.ACTIVE, Member.Status.SUSPENDED])
        counted = found.aggregate(all=Count("id"), new=Count("id", filter=Q(joined_on__gt=on - dt.timedelta(365))))
        yield rooms.Tile(
            _("Members"), text=formats.number(counted["all"]), icon="users", order=40,
            url=reverse("members:register") if roles & _OFFICE else "",
            hint=_("%(count)s joined in the last twelve months") % {"count": formats.number(counted["new"])},
        )  # fmt: skip


def on_language_chosen(*, user_id: int, language: str) -> None:
    """Keep the language with the person: pages, letters and statements follow it on every device."""
    member = Member.objects.filter(user_id=user_id).first()
    if member is not None:
        membership.change_profile(member_id=member.pk, said={"language": language}, by=user_id)
    User.objects.filter(pk=user_id).update(language=language)


def office_cards(*, roles: frozenset[Role], on: dt.date) -> Iterator[rooms.Card]:
    """Applicants, proposed roles and figures."""
    if roles & {Role.ADMINISTRATOR, Role.TREASURER, Role.CLAIMS_OFFICER} and (
        waiting := decisions.waiting(house.KIND).count()
    ):
        yield rooms.Card(
            _("Figures that wait for a second officer: %(count)s") % {"count": waiting},
            _("Read what is proposed, then confirm or decline."), reverse("governance:figures"), _("See them"), "warn",
            31,
        )  # fmt: skip
    if Role.ADMINISTRATOR in roles:
        waiting = Member.objects.filter(Q(status=Member.Status.APPLICANT) | Q(asked_back_on__isnull=False)).count()
        if waiting:
            yield rooms.Card(
                _("Applications: %(count)s") % {"count": waiting}, _("People who would like to join."),
                reverse("members:register") + "?status=APPLICANT", _("Read them"), "warn", 20,
            )  # fmt: skip
        proposed = RoleGrant.objects.filter(granted_on=None, ended_on=None).count()
        if proposed:
            yield rooms.Card(
                _("Roles to confirm: %(count)s") % {"count": proposed}, _("Another administrator must confirm them."),
                reverse("members:roles"), _("See them"), "warn", 21,
            )  # fmt: skip


def facts_before_leaving(*, member_id: int, on: dt.date) -> Iterator[rooms.LeavingFact]:
    """Officer's roles end; somebody must be left to administer."""
    user = Member.objects.select_related("user").get(pk=member_id).user
    if user is None:
        return
    if grants.is_last_administrator(user.pk):
        yield rooms.LeavingFact(
            _("You are the only administrator. Give the role to another person first."), blocking=True
        )
    elif user.roles - {Role.MEMBER}:
        yield rooms.LeavingFact(
            _("Your roles end when you leave: %(roles)s.")
            % {"roles": ", ".join(sorted(str(role.label) for role in user.roles - {Role.MEMBER}))},
            blocking=False,
        )  # fmt: skip


def personal_data(*, member_id: int) -> dict[str, Any]:
    """What the register, sign-in, the letters, the archive and the log hold about a member. No secrets."""
    member = Member.objects.select_related("user").get(pk=member_id)
    user = member.user
    letters = Letter.objects.filter(to__iexact=member.email)
    deeds = Deed.objects.filter(subject__in=[member.number, f"user-{member.user_id}"])
    return personal.row(member) | {
        "past": personal.rows(member.past.order_by("joined_on")),
        "payout_account": personal.rows(PayoutAccount.objects.filter(member=member), but=("digest",)),
        "sign_in": None if user is None else _sign_in(user),
        "roles": [] if user is None else personal.rows(user.grants.order_by("id")),
        "decisions": personal.rows(Decision.objects.filter(subject=member.number).order_by("id")),
        "letters": [
            personal.row(letter) | {"attachments": personal.rows(letter.attachments.order_by("id"))}
            for letter in letters.prefetch_related("attachments").order_by("id")
        ],
        "documents": personal.rows(
            Document.objects.filter(owner=member_id).defer("content").order_by("id"), but=("owner", "versions")
        ),
        "what_was_done_about_you": personal.rows(deeds.order_by("id"), but=("by",)),
        "what_you_did": [] if user is None else personal.rows(_own_deeds(user, member.number), but=("by",)),
        "runs_you_started": []
        if user is None
        else personal.rows(Run.objects.filter(started_by=user.pk).order_by("created_at"), but=("cursor", "reasons")),
    }


def _own_deeds(user: User, number: str) -> QuerySet[Deed]:
    """What she did, but for what she did as an officer about other members."""
    others = Q(subject__startswith="M-") & ~Q(subject=number)
    return Deed.objects.filter(by=user.pk).exclude(others).order_by("id")


def _sign_in(user: User) -> dict[str, Any]:
    sessions = UserSession.objects.filter(user=user).order_by("created_at")
    factors = Authenticator.objects.filter(user=user).order_by("created_at")
    return personal.row(user, but=("password", "is_superuser")) | {
        "has_password": user.has_usable_password(),
        "addresses": personal.rows(EmailAddress.objects.filter(user=user).order_by("id")),
        "factors": personal.rows(factors, but=("data",)),
        "sessions": personal.rows(sessions, but=("session_key", "data")),
        "letters_not_wanted": personal.rows(Muted.objects.filter(reader=user.pk).order_by("id"), but=("reader",)),
    }


def document_url(number: str) -> str | None:
    """The page of a member or of a decision."""
    if number.startswith("D-"):
        return reverse("governance:decision", args=[number])
    return reverse("members:member", args=[number]) if number.startswith("M-") else None

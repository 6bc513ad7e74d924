"""What members offer to pages about everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from members import roles as grants
from members.governance.models import Decision
from members.models import Member, RoleGrant
from mutual import rooms
from mutual.access import Role

_OFFICE = frozenset({Role.ADMINISTRATOR, Role.TREASURER, Role.AUDITOR})


def navigation() -> Iterator[rooms.NavItem]:
    """Home and profile for everybody; register, roles and decisions for officers."""
    mine = frozenset({Role.MEMBER})
    yield rooms.NavItem(_("Home"), "home", "home", "mine", frozenset(), 1)
    yield rooms.NavItem(_("My statements"), "statements", "file-text", "mine", mine, 16)
    yield rooms.NavItem(_("My profile"), "members:profile", "user-circle", "mine", mine, 18)
    yield rooms.NavItem(_("Members"), "members:register", "users", "office", _OFFICE, 55)
    yield rooms.NavItem(
        _("Statements"), "everybodys_statements", "files", "office",
        frozenset({Role.ADMINISTRATOR, Role.TREASURER}), 67,
    )  # fmt: skip
    yield rooms.NavItem(_("Roles"), "members:roles", "user-shield", "office", frozenset({Role.ADMINISTRATOR}), 80)
    yield rooms.NavItem(_("Runs"), "runs", "progress-check", "office", _OFFICE, 81)
    yield rooms.NavItem(_("Decisions"), "governance:decisions", "gavel", "books", _OFFICE | mine, 95)


def office_cards(*, roles: frozenset[Role], on: dt.date) -> Iterator[rooms.Card]:
    """Applicants and proposed roles."""
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
    """What the register holds about a member."""
    member = Member.objects.select_related("user").get(pk=member_id)
    return {
        "number": member.number, "name": member.name, "email": member.email, "trade": member.trade,
        "street": member.street, "postcode": member.postcode, "city": member.city, "country": member.country,
        "language": member.language, "currency": member.currency, "status": member.status,
        "applied_on": str(member.applied_on), "joined_on": member.joined_on and str(member.joined_on),
        "left_on": member.left_on and str(member.left_on), "motivation": member.motivation,
        "roles": [
            {"role": grant.role, "granted_on": str(grant.granted_on), "ended_on": str(grant.ended_on or "")}
            for grant in (member.user.grants.all() if member.user else ())
        ],
        "decisions": list(Decision.objects.filter(subject=member.number).values_list("number", flat=True)),
    }  # fmt: skip


def document_url(number: str) -> str | None:
    """The page of a member."""
    return reverse("members:member", args=[number]) if number.startswith("M-") else None

"""Officers' roles: given by two administrators, ended by one."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from members.models import RoleGrant, User
from mutual import repeats
from mutual.access import Role
from mutual.mail import letters
from mutual.trail import trail


class RoleRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class SamePerson(RoleRefused):
    """Nobody confirms her own proposal, or gives herself a role."""


class AdministratorsThere(RoleRefused):
    """There are administrators, who give roles on their page."""


class LastAdministrator(RoleRefused):
    """Somebody must be left to administer."""


@transaction.atomic(durable=True)
def propose(*, email: str, role: str, by: int) -> RoleGrant:
    """Propose a role for a user; it holds once another administrator confirms. Again is harmless.

    :raises RoleRefused: if nobody signs in with that address
    :raises SamePerson: if one proposes oneself
    """
    user = User.objects.filter(email=email.lower(), is_active=True).first()
    if user is None:
        raise RoleRefused(_("Nobody signs in with that address."))
    if user.pk == by:
        raise SamePerson(_("Another administrator must propose you."))
    known = RoleGrant.objects.filter(user=user, role=role, ended_on=None).first()
    if known is not None:
        return known
    grant = RoleGrant.objects.create(user=user, role=role, proposed_by_id=by)
    trail.record(by=by, did="ROLE_PROPOSED", subject=f"user-{user.pk}", detail={"role": role})
    return grant


@transaction.atomic(durable=True)
def appoint(*, email: str, on: dt.date) -> RoleGrant:
    """Make somebody an administrator from the terminal, where there are not two yet who could do it on their page.

    It is how a new installation begins, and the way back in when everybody is locked out. Again is harmless.

    :raises AdministratorsThere: if two others administer
    :raises RoleRefused: if the person is kept from signing in
    """
    repeats.wait_for_twin("appoint")
    email = email.lower()
    user = User.objects.filter(email=email).first()
    if user is not None and not user.is_active:
        raise RoleRefused(_("This person is kept from signing in."))
    held = _administrators()
    known = None if user is None else RoleGrant.objects.filter(pk__in=held, user=user).first()
    if known is not None:
        return known
    if len(held) >= 2:
        raise AdministratorsThere(_("Two administrators are there: they give roles on the page “Roles”."))
    if user is None:
        user = User.objects.create_user(email)
    RoleGrant.objects.filter(user=user, role=Role.ADMINISTRATOR, granted_on=None, ended_on=None).update(ended_on=on)
    grant = RoleGrant.objects.create(user=user, role=Role.ADMINISTRATOR, granted_on=on)
    letters.send(key=f"appointed/{grant.pk}", to=email, template="emails/appointed", context={}, language=user.language)
    trail.record(by=None, did="ROLE_GRANTED", subject=f"user-{user.pk}", detail={"role": grant.role})
    return grant


@transaction.atomic(durable=True)
def confirm(*, grant_id: int, by: int, on: dt.date) -> RoleGrant:
    """Confirm a proposed role as another administrator. Again is harmless.

    :raises SamePerson: if one proposed it, or is the one it is for
    """
    grant = RoleGrant.objects.select_for_update().get(pk=grant_id, ended_on=None)
    if grant.granted_on is not None:
        return grant
    if by in (grant.proposed_by_id, grant.user_id):
        raise SamePerson(_("Another administrator must confirm this."))
    grant.granted_by_id = by
    grant.granted_on = on
    grant.save(update_fields=["granted_by", "granted_on"])
    trail.record(by=by, did="ROLE_GRANTED", subject=f"user-{grant.user_id}", detail={"role": grant.role})
    return grant


@transaction.atomic(durable=True)
def end(*, grant_id: int, by: int, on: dt.date) -> RoleGrant:
    """End a role (or withdraw a proposal) at once. Again is harmless.

    :raises LastAdministrator: if nobody would be left to administer
    """
    administrators = _administrators()
    grant = RoleGrant.objects.select_for_update().get(pk=grant_id)
    if grant.ended_on is not None:
        return grant
    if set(administrators) == {grant.pk}:
        raise LastAdministrator(_("Somebody must be left to administer. Give the role to another person first."))
    grant.ended_on = on
    grant.save(update_fields=["ended_on"])
    trail.record(by=by, did="ROLE_ENDED", subject=f"user-{grant.user_id}", detail={"role": grant.role})
    return grant


def end_all(*, user_id: int, by: int, on: dt.date) -> None:
    """End everything a user holds or was proposed for, within the transaction in which she leaves or is blocked.

    :raises LastAdministrator: if nobody would be left to administer
    """
    administrators = _administrators()
    if set(administrators.values()) == {user_id}:
        raise LastAdministrator(_("Somebody must be left to administer. Give the role to another person first."))
    for grant in RoleGrant.objects.select_for_update().filter(user_id=user_id, ended_on=None).order_by("pk"):
        grant.ended_on = on
        grant.save(update_fields=["ended_on"])
        trail.record(by=by, did="ROLE_ENDED", subject=f"user-{user_id}", detail={"role": grant.role})


def is_last_administrator(user_id: int) -> bool:
    """Whether nobody else administers."""
    held = RoleGrant.objects.filter(role=Role.ADMINISTRATOR, ended_on=None, granted_on__isnull=False)
    return set(held.values_list("user_id", flat=True)) == {user_id}


def _administrators() -> dict[int, int]:
    """Who administers, by grant, locked: two who go at once cannot both be the last but one."""
    held = RoleGrant.objects.select_for_update().filter(
        role=Role.ADMINISTRATOR, ended_on=None, granted_on__isnull=False
    )
    return dict(held.order_by("pk").values_list("pk", "user_id"))

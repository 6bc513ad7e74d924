"""Keeping somebody from signing in, and letting her in again."""

from __future__ import annotations

import datetime as dt

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.utils.translation import gettext as _

from members import roles
from members.models import Member, User
from mutual.trail import trail


class UsersRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class NotOneself(UsersRefused):
    """Nobody locks herself out."""


class NobodyLeft(UsersRefused):
    """Somebody must be left to administer."""


@transaction.atomic(durable=True)
def block(*, user_id: int, by: int, on: dt.date) -> User:
    """Keep a user from signing in, from her next request on: her sessions and her roles end. Again is harmless.

    :raises NotOneself: if one blocks oneself
    :raises NobodyLeft: if she is the last who administers
    """
    user = User.objects.select_for_update().get(pk=user_id)
    if user.pk == by:
        raise NotOneself(_("Another administrator must block you."))
    if user.blocked_on is not None:
        return user
    try:
        roles.end_all(user_id=user.pk, by=by, on=on)
    except roles.LastAdministrator as refused:
        raise NobodyLeft(str(refused)) from refused
    user.is_active = False
    user.blocked_on = on
    user.save(update_fields=["is_active", "blocked_on"])
    for session in UserSession.objects.filter(user=user):
        session.end()
    trail.record(by=by, did="USER_BLOCKED", subject=_subject(user))
    return user


@transaction.atomic(durable=True)
def unblock(*, user_id: int, by: int) -> User:
    """Let a user sign in again; roles that ended stay ended. Again is harmless."""
    user = User.objects.select_for_update().get(pk=user_id)
    if user.blocked_on is None:
        return user
    user.is_active = True
    user.blocked_on = None
    user.save(update_fields=["is_active", "blocked_on"])
    trail.record(by=by, did="USER_UNBLOCKED", subject=_subject(user))
    return user


def _subject(user: User) -> str:
    number = Member.objects.filter(user=user).values_list("number", flat=True).first()
    return number or f"user-{user.pk}"

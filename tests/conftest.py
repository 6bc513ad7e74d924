"""The fixed cast: plain functions that make people and things, for every test."""

from __future__ import annotations

import datetime as dt
import functools

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, make_password
from django.db import connection

from members.models import Member, RoleGrant, User
from members.numbers import next_number
from mutual import rooms
from mutual.access import Role
from mutual.ledger import audit
from tests import arena

TODAY = dt.date(2026, 11, 10)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix):
    """The test database is copied from one that is migrated once, not migrated for every process anew."""
    connection.settings_dict["TEST"]["TEMPLATE"] = arena.template()


@pytest.fixture
def books_hold(db):
    """Whatever the test did, the books must hold afterwards."""
    yield
    assert not list(audit.findings())


@pytest.fixture(scope="session", autouse=True)
def quick_passwords():
    """By design it takes a fifth of a second to seal a password and to try one; here, not in what tests start, less."""
    with pytest.MonkeyPatch.context() as patch:
        for name, least in (("time_cost", 1), ("memory_cost", 8), ("parallelism", 1)):
            patch.setattr(Argon2PasswordHasher, name, least)
        yield


@functools.cache
def sealed_password() -> str:
    """What is kept of the password ``open sesame now``."""
    return make_password("open sesame now")


def make_user(email="someone@example.org", *roles: Role) -> User:
    """Somebody who can sign in with the password ``open sesame now``, with these officer roles."""
    user = User.objects.create_user(email)
    user.password = sealed_password()
    user.save(update_fields=["password"])
    for role in roles:
        RoleGrant.objects.create(user=user, role=role, granted_on=dt.date(2025, 1, 1))
    return user


def make_member(name="Ada Byron", *, email=None, roles=(), currency="EUR", joined_on=dt.date(2026, 1, 1)) -> Member:
    """An active member who can sign in, with her accounts opened by every room."""
    email = email or f"{name.split()[0].lower()}@example.org"
    member = Member.objects.create(
        number=next_number("M"), user=make_user(email, *roles), status=Member.Status.ACTIVE, name=name, email=email,
        street="Lindenweg 1", postcode="10115", city="Berlin", country="DE", currency=currency,
        applied_on=joined_on, joined_on=joined_on,
    )  # fmt: skip
    rooms.on_admitted(member_id=member.pk, number=member.number, currency=currency, on=joined_on)
    return member


def make_members(*names: str, joined_on=dt.date(2026, 1, 1)) -> list[Member]:
    """Active members like :func:`make_member`'s, written at once: for tests that need a whole circle."""
    emails = [f"{name.split()[0].lower()}@example.org" for name in names]
    users = User.objects.bulk_create(User(email=email, password=sealed_password()) for email in emails)
    members = Member.objects.bulk_create(
        Member(
            number=next_number("M"), user=user, status=Member.Status.ACTIVE, name=name, email=user.email,
            currency="EUR", applied_on=joined_on, joined_on=joined_on,
        )
        for name, user in zip(names, users, strict=True)
    )  # fmt: skip
    rooms.on_admitted_many(members=[(member.pk, member.number, "EUR") for member in members])
    return members


def make_officer(role: Role, name: str) -> User:
    """An officer who is no member."""
    return make_user(f"{name.lower()}@example.org", role)


def tessa() -> User:
    """The treasurer."""
    return make_officer(Role.TREASURER, "Tessa")


def theo() -> User:
    """The other treasurer."""
    return make_officer(Role.TREASURER, "Theo")


def clara() -> User:
    """A claims officer."""
    return make_officer(Role.CLAIMS_OFFICER, "Clara")


def cem() -> User:
    """Another claims officer."""
    return make_officer(Role.CLAIMS_OFFICER, "Cem")


def anders() -> User:
    """The auditor."""
    return make_officer(Role.AUDITOR, "Anders")


def aisha() -> User:
    """The administrator."""
    return make_officer(Role.ADMINISTRATOR, "Aisha")

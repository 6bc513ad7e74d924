"""The demonstration: a cooperative of freelancers that has been working for fourteen months.

Invented people, one seed, the real use cases: whatever the demonstration shows was done the way members and officers
do it. The rooms live their own months (``begin_demo`` and ``live_a_month`` in each room).
"""

from __future__ import annotations

import base64
import datetime as dt
import random

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import connection, transaction

from members.models import Member, RoleGrant, User
from members.numbers import next_number
from mutual import rooms
from mutual.access import Role
from mutual.ledger import audit
from mutual.periods import Period, add_months
from mutual.periods import month as month_of

PASSWORD = "open sesame now"  # noqa: S105  the demonstration's, printed on the terminal
SEED = 20261122

NAMES = (
    "Amira Haddad", "Jonas Weber", "Chiara Bellini", "Tomasz Zieliński", "Eleni Papadaki", "Mateo Fuentes",
    "Saoirse Byrne", "Nils Ekström", "Ayşe Demirel", "Lucie Moreau", "Dmytro Kovalenko", "Hanae Mori",
    "Bram de Wit", "Ioana Munteanu", "Farid Nasri", "Greta Lindqvist", "Pavel Horák", "Noor Visser",
    "Matilda Sørensen", "Yusuf Kaya", "Clémence Girard", "Ondřej Malý", "Rosa Ferreira", "Kwame Boateng",
    "Livia Steiner", "Henrik Aalto", "Zoë Vermeulen", "Marko Jurić", "Selma Hodžić", "Arthur Lambert",
    "Katarína Nová", "Emeka Obi", "Ines Carvalho", "Ludwig Brandt", "Nadia Benali", "Oskar Nyman",
    "Paola Greco", "Quentin Marchand", "Ruta Kazlauskaitė", "Stefan Ionescu", "Tereza Veselá", "Ulrike Sommer",
    "Viktor Petrov", "Wanda Nowak", "Xenia Laskaris", "Yann Kervella", "Zsófia Szabó", "Anselm Richter",
    "Beatriz Lobo", "Cormac Doyle", "Daria Volkova", "Emil Haugen", "Fatima Zahra Alaoui", "Gustav Holm",
    "Helga Kessler", "Imre Balogh", "Jana Dvořáková", "Kenji Watanabe", "Lea Baumann", "Miriam Azoulay",
)  # fmt: skip
"""Sixty invented members."""

TRADES = (
    "translation", "illustration", "carpentry", "web development", "bookkeeping", "photography", "midwifery",
    "bicycle repair", "editing", "garden design", "tailoring", "film sound", "teaching German", "plumbing", "baking",
)  # fmt: skip
_PLACES = (
    ("Lindenweg", "10115", "Berlin"), ("Kanalstraße", "20097", "Hamburg"), ("Am Mühlbach", "79098", "Freiburg"),
    ("Marktgasse", "04109", "Leipzig"), ("Uferpromenade", "68159", "Mannheim"),
)  # fmt: skip

OFFICERS = (
    ("Tessa", Role.TREASURER), ("Theo", Role.TREASURER), ("Clara", Role.CLAIMS_OFFICER), ("Cem", Role.CLAIMS_OFFICER),
    ("Anders", Role.AUDITOR), ("Aisha", Role.ADMINISTRATOR), ("Alois", Role.ADMINISTRATOR),
)  # fmt: skip
"""Officers employed by the cooperative; they are no members."""


class DemoRefused(Exception):
    """The demonstration is not made here; the message says why."""


def exists() -> bool:
    """Whether the demonstration has been made, wholly."""
    return User.objects.filter(email=address("ready")).exists()


def address(name: str) -> str:
    """Where somebody of the demonstration signs in from."""
    return f"{name.lower()}@demo.example"


def make(*, today: dt.date) -> rooms.Story:
    """Make the demonstration and live its months up to today.

    :raises DemoRefused: in production, or where real members exist
    """
    if settings.PRODUCTION:
        raise DemoRefused("This is a real cooperative: the demonstration is not made here.")
    if User.objects.filter(email=address("begun")).exists():
        _start_over()
    if Member.objects.exists() or User.objects.exists():
        raise DemoRefused("There are people here already: the demonstration needs an empty cooperative.")
    first = add_months(today.replace(day=1), -settings.DEMO_MONTHS)
    story = _cast(first, today)
    rooms.begin_demo(story)
    month = month_of(first)
    while month.start <= today:
        _admit(story, month)
        rooms.live_a_month(story, Period(month.start, min(month.end, today + dt.timedelta(days=1))))
        month = month.next()
    _apply(today)
    audit.run()
    # Written last: a demonstration that was interrupted is begun anew.
    User.objects.create_user(address("ready"), is_active=False)
    return story


def _start_over() -> None:
    """Throw away a demonstration that was interrupted. Its mark says that nothing else was ever in this database."""
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    call_command("migrate", verbosity=0)


@transaction.atomic(durable=True)
def _cast(first: dt.date, today: dt.date) -> rooms.Story:
    dice = random.Random(SEED)  # noqa: S311
    User.objects.create_user(address("begun"), is_active=False)
    password = make_password(PASSWORD)
    officers: dict[Role, list[rooms.Actor]] = {}
    for name, role in OFFICERS:
        user = User.objects.create_user(address(name))
        User.objects.filter(pk=user.pk).update(password=password)
        RoleGrant.objects.create(user=user, role=role, granted_on=first)
        _second_factor(user)
        officers.setdefault(role, []).append(rooms.Actor(user.pk))
    members = []
    span = (today - first).days
    for place, name in enumerate(NAMES):
        # Two thirds were there from the start; the others joined along the way.
        joined = first if place < 40 else first + dt.timedelta(days=dice.randrange(20, span - 20))
        members.append((joined, name, TRADES[place % len(TRADES)]))
    actors = []
    for joined, name, trade in sorted(members):
        street, postcode, city = dice.choice(_PLACES)
        email = address(name.split()[0].translate(_PLAIN))
        user = User.objects.create_user(email)
        User.objects.filter(pk=user.pk).update(password=password)
        member = Member.objects.create(
            number=next_number("M"), user=user, status=Member.Status.ACTIVE, name=name, email=email, trade=trade,
            street=f"{street} {dice.randrange(1, 120)}", postcode=postcode, city=city, country="DE",
            currency=settings.COOPERATIVE_CURRENCY, applied_on=joined - dt.timedelta(days=9), joined_on=joined,
        )  # fmt: skip
        actors.append(rooms.Actor(user.pk, member.pk, member.number, trade, joined))
    return rooms.Story(
        members=tuple(actors),
        treasurers=tuple(officers[Role.TREASURER]),
        claims_officers=tuple(officers[Role.CLAIMS_OFFICER]),
        administrators=tuple(officers[Role.ADMINISTRATOR]),
        first_day=first,
        today=today,
        currency=settings.COOPERATIVE_CURRENCY,
        seed=SEED,
    )


_PLAIN = str.maketrans("şéëöüøúč", "seeououc")


@transaction.atomic(durable=True)
def _admit(story: rooms.Story, month: Period) -> None:
    for actor in story.members:
        if actor.joined_on is not None and month.contains(actor.joined_on) and actor.member_id is not None:
            rooms.on_admitted(
                member_id=actor.member_id, number=actor.number, currency=story.currency, on=actor.joined_on
            )


@transaction.atomic(durable=True)
def _apply(today: dt.date) -> None:
    """Two people who have applied and wait for an answer."""
    for name, trade, days in (("Rafael Prinz", "sign painting", 4), ("Oona Virtanen", "ceramics", 1)):
        Member.objects.create(
            number=next_number("M"), status=Member.Status.APPLICANT, name=name, trade=trade,
            email=address(name.split(maxsplit=1)[0]), street="Hafenstraße 12", postcode="24103", city="Kiel",
            country="DE", currency=settings.COOPERATIVE_CURRENCY, applied_on=today - dt.timedelta(days=days),
            motivation="I have worked alone for six years and would rather be part of something.",
        )  # fmt: skip


def _second_factor(user: User) -> Authenticator:
    """An authenticator app for an officer; ``manage.py totp_code`` prints its current code."""
    secret = random.Random(f"{SEED}/{user.email}").randbytes(20)  # noqa: S311
    return TOTP.activate(user, base64.b32encode(secret).decode()).instance


def sign_ins() -> list[str]:
    """A few of the demonstration's people, a line each."""
    officers = [f"{address(name):28} {Role(role).label}" for name, role in OFFICERS]
    first = Member.objects.filter(joined_on__isnull=False).order_by("number")[:2]
    return [*(f"{member.email:28} Member ({member.name}, {member.trade})" for member in first), *officers]

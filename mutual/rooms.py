"""How pages about everything come together without anything importing everything.

Each room (a module named in ``settings.MUTUAL_ROOMS``) may define any of the functions below; ``gather`` calls those
that exist. All values are frozen.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, Literal

from django.conf import settings
from django.urls import resolve

from mutual.access import Role, policy_of
from mutual.money import Money

Group = Literal["mine", "trade", "funds", "office", "books"]
Direction = Literal["owe", "owed", "hold"]
Tone = Literal["", "good", "warn", "bad"]


@dataclass(frozen=True)
class NavItem:
    """A line of the navigation: shown to whoever has one of the roles (to everybody signed in where there are none).

    :ivar also: where the addresses of pages begin that belong to it and lie elsewhere, such as ``/appeals/``
    """

    label: str
    url_name: str
    icon: str
    group: Group
    roles: frozenset[Role] = frozenset()
    order: int = 50
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class SectionLine:
    """A line of a statement section; the amount is signed as the section's explanation says."""

    date: dt.date
    text: str
    document: str
    amount: Money
    balance: Money | None = None
    detail: str = ""


@dataclass(frozen=True)
class KeyFigure:
    """A figure with its name; the value is money, a number or a text."""

    label: str
    value: Money | int | str
    note: str = ""


@dataclass(frozen=True)
class Section:
    """One part of the statement of everything: opening, lines with a running balance, closing."""

    code: str
    title: str
    explanation: str
    currency: str
    lines: tuple[SectionLine, ...]
    opening: Money | None = None
    closing: Money | None = None
    figures: tuple[KeyFigure, ...] = ()
    order: int = 50
    chart: tuple[tuple[str, Money], ...] = ()
    """(label, amount) pairs worth drawing, or none."""


@dataclass(frozen=True)
class Card:
    """Something on the home page that asks for attention or offers the next step."""

    title: str
    text: str
    url: str = ""
    action: str = ""
    tone: Literal["calm", "good", "warn", "bad"] = "calm"
    order: int = 50


@dataclass(frozen=True)
class Tile:
    """A figure on an officer's home page: an amount or a text, and where to read on."""

    label: str
    value: Money | None = None
    text: str = ""
    hint: str = ""
    url: str = ""
    icon: str = ""
    tone: Tone = ""
    order: int = 50


@dataclass(frozen=True)
class Owed:
    """What a member owes, is owed, or holds."""

    direction: Direction
    label: str
    amount: Money
    note: str = ""
    url: str = ""
    order: int = 50


@dataclass(frozen=True)
class Happening:
    """What happened lately, in a line."""

    date: dt.date
    text: str
    amount: Money | None = None
    url: str = ""
    icon: str = "circle"


@dataclass(frozen=True)
class Home:
    """A member's home page: what she owes, is owed and holds; what asks for attention; what happened, newest first."""

    owed: tuple[Owed, ...]
    cards: tuple[Card, ...]
    recent: tuple[Happening, ...]


@dataclass(frozen=True)
class Relation:
    """A member who is close to another: of the same circle, a partner in trade, at work for the same client."""

    member_id: int
    kind: Literal["circle", "trade", "client"]


@dataclass(frozen=True)
class LeavingFact:
    """Something that is open while a member wants to leave; a blocking one must be settled first."""

    sentence: str
    blocking: bool
    url: str = ""


@dataclass(frozen=True)
class Actor:
    """Somebody in the demonstration's story: ids and number, never more."""

    user_id: int
    member_id: int | None = None
    number: str = ""
    trade: str = ""
    joined_on: dt.date | None = None


@dataclass(frozen=True)
class Story:
    """The demonstration: who takes part, and the dice. The same seed tells the same story.

    :ivar members: everybody ever admitted, in the order of joining; use those who have joined on the day
    :ivar dice: one source of chance per room and month, so that rooms do not disturb one another
    """

    members: tuple[Actor, ...]
    treasurers: tuple[Actor, ...]
    claims_officers: tuple[Actor, ...]
    administrators: tuple[Actor, ...]
    first_day: dt.date
    today: dt.date
    currency: str
    seed: int = 20261122

    def present(self, on: dt.date) -> list[Actor]:
        """The members who have joined by a day."""
        return [member for member in self.members if member.joined_on is not None and member.joined_on <= on]

    def dice(self, room: str, on: dt.date) -> random.Random:
        """Chance for one room in one month; nothing secret hangs on it."""
        return random.Random(f"{self.seed}/{room}/{on:%Y-%m}")  # noqa: S311


@dataclass(frozen=True)
class Figure:
    """A figure that officers decide: what it is where no decision says otherwise, and within what it may be set.

    :ivar name: its path, such as ``appeals.jurors``
    :ivar unit: what it counts, in words: days, months, members
    """

    name: str
    label: str
    default: int
    least: int
    most: int
    unit: str
    why: str = ""


@dataclass(frozen=True)
class Finding:
    """Something that is not as it must be, found by an audit: which rule, where, in a sentence without names."""

    rule: str
    subject: str
    sentence: str
    detail: dict[str, str] = field(default_factory=dict)


@cache
def _rooms() -> tuple[Any, ...]:
    return tuple(import_module(path) for path in settings.MUTUAL_ROOMS)


def _offers(name: str) -> Iterator[Callable[..., Any]]:
    for room in _rooms():
        if offer := getattr(room, name, None):
            yield offer


def _gather(name: str, **about: Any) -> Iterator[Any]:
    for offer in _offers(name):
        yield from offer(**about)


def navigation() -> list[NavItem]:
    """Every line of the navigation, in order."""
    return sorted(_gather("navigation"), key=lambda item: item.order)


def shortcuts(roles: frozenset[Role]) -> list[NavItem]:
    """What people with these roles do most often, in order: buttons on the home page."""
    found = (item for item in _gather("shortcuts") if item.roles & roles)
    return sorted(found, key=lambda item: item.order)


def statement_sections(*, member_id: int, period: Any, language: str) -> list[Section]:
    """A member's statement of everything for a period."""
    found = _gather("statement_sections", member_id=member_id, period=period, language=language)
    return sorted(found, key=lambda section: section.order)


def home(*, member_id: int, on: dt.date, limit: int = 12) -> Home:
    """A member's home page. Each room is asked once for all it has to say, so that it reads what it needs once.

    :param limit: how many happenings at most
    """
    found = list(_gather("home", member_id=member_id, on=on, limit=limit))
    recent = sorted((one for one in found if isinstance(one, Happening)), key=lambda one: one.date, reverse=True)
    return Home(
        owed=tuple(sorted((one for one in found if isinstance(one, Owed)), key=lambda one: one.order)),
        cards=tuple(sorted((one for one in found if isinstance(one, Card)), key=lambda one: one.order)),
        recent=tuple(recent[:limit]),
    )


def office_cards(*, roles: frozenset[Role], on: dt.date) -> list[Card]:
    """What waits for an officer with these roles."""
    return sorted(_gather("office_cards", roles=roles, on=on), key=lambda card: card.order)


def office_tiles(*, roles: frozenset[Role], on: dt.date) -> list[Tile]:
    """How the cooperative stands, as far as officers with these roles look after it."""
    return sorted(_gather("office_tiles", roles=roles, on=on), key=lambda tile: tile.order)


def figures() -> list[Figure]:
    """Every figure that officers decide, by its name."""
    return sorted(_gather("figures"), key=lambda figure: figure.name)


def facts_before_leaving(*, member_id: int, on: dt.date) -> list[LeavingFact]:
    """What is open while a member wants to leave."""
    return list(_gather("facts_before_leaving", member_id=member_id, on=on))


def relations(*, member_id: int, since: dt.date) -> list[Relation]:
    """Who is close to a member, by circles she is in now and dealings since a day: they do not decide about her."""
    return list(_gather("relations", member_id=member_id, since=since))


def thank_in_hours(*, member_ids: Sequence[int], minutes: int, key: str, on: dt.date) -> None:
    """Thank members with time credit for work done for everybody; called inside the transaction that has the reason.

    :param key: what for, such as ``appeal/A-000001``: nobody is thanked twice for it
    """
    for offer in _offers("thank_in_hours"):
        offer(member_ids=member_ids, minutes=minutes, key=key, on=on)


def personal_data(*, member_id: int) -> dict[str, Any]:
    """Everything the rooms hold about a member, by room."""
    return {offer.__module__.removesuffix(".room"): offer(member_id=member_id) for offer in _offers("personal_data")}


def document_url(number: str, *, roles: frozenset[Role]) -> str | None:
    """The page about a document, by its number (``C-000123``), if somebody with these roles may open it."""
    for offer in _offers("document_url"):
        if url := offer(number):
            return _if_open(url, roles)
    return None


def decision_url(kind: str, number: str, *, roles: frozenset[Role]) -> str | None:
    """The page where a kind of decision is confirmed or declined, if a room has one for somebody with these roles."""
    for offer in _offers("decision_url"):
        if url := offer(kind, number):
            return _if_open(url, roles)
    return None


def _if_open(url: str, roles: frozenset[Role]) -> str | None:
    policy = policy_of(resolve(url).func)
    return str(url) if policy is not None and policy[0] & roles else None


def on_language_chosen(*, user_id: int, language: str) -> None:
    """Tell the rooms which language somebody chose to read in."""
    for offer in _offers("on_language_chosen"):
        offer(user_id=user_id, language=language)


def on_admitted(*, member_id: int, number: str, currency: str, on: dt.date) -> None:
    """Tell the rooms that a member was admitted; called inside the admitting transaction."""
    for offer in _offers("on_admitted"):
        offer(member_id=member_id, number=number, currency=currency, on=on)


def on_admitted_many(*, members: Sequence[tuple[int, str, str]]) -> None:
    """Tell the rooms that many members, as (id, number, currency), were admitted; in the admitting transaction."""
    for offer in _offers("on_admitted_many"):
        offer(members=members)


def invoiced(*, member_ids: Sequence[int], period: Any, currency: str) -> dict[int, int]:
    """What members invoiced in a period, credit notes taken off, in minor units by member; who did not is left out."""
    sums: dict[int, int] = {}
    for offer in _offers("invoiced"):
        for member_id, amount in offer(member_ids=member_ids, period=period, currency=currency).items():
            sums[member_id] = sums.get(member_id, 0) + amount
    return sums


def findings() -> Iterable[Finding]:
    """What the rooms' own invariants find broken, beside the ledger's."""
    return _gather("findings")


def begin_demo(story: Story) -> None:
    """Let every room set up what it needs before the demonstration's first month: funds, plans, bank accounts."""
    for offer in _offers("begin_demo"):
        offer(story)


def live_a_month(story: Story, month: Any) -> None:
    """Let every room live a month of the demonstration (a :class:`mutual.periods.Period`, cut off today)."""
    for offer in _offers("live_a_month"):
        offer(story, month)

"""From the database to the engine's facts, in one place: previews, decisions and simulations all load them here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.conf import settings
from django.utils.module_loading import import_string

from members.models import Member
from pooling.benefits import rules
from pooling.benefits.engine import Earlier, Facts, Line, Phase, Version, version_on
from pooling.benefits.models import Cover
from pooling.benefits.terms import Benefit
from pooling.models import Fund


@dataclass(frozen=True)
class ComesIn:
    """What still comes in while she cannot work, by the month, or what others pay of a cost; minor units.

    :ivar cost: what it cost, or the bill that was not paid, where the rules go by that
    """

    other_cover: int = 0
    continuing_income: int = 0
    state_benefit: int = 0
    cost: int | None = None


NOTHING = ComesIn()


@dataclass(frozen=True)
class Asked:
    """What the rules must be told for a claim, beside its cause and its days.

    :ivar comes_in: fields of :class:`ComesIn`
    :ivar children: whether it is paid for each child born, so that their number is asked
    """

    comes_in: tuple[str, ...] = ()
    children: bool = False


@dataclass(frozen=True)
class Absence:
    """A claim as the room that keeps claims tells it: when, why, and what was granted for it.

    :ivar number: the claim's number, empty for one that is only imagined
    :ivar began_on: the first day claimed
    :ivar ended_on: the first day no longer claimed
    :ivar count: how many it is for: children born at once
    :ivar rule: the benefit it was granted under; where it is not known, the one that covered the cause then
    """

    member_id: int
    cause: str
    occurred_on: dt.date
    began_on: dt.date
    ended_on: dt.date
    number: str = ""
    rule: str = ""
    lines: tuple[Line, ...] = ()
    count: int = 1
    phases: tuple[Phase, ...] = ()
    reported_on: dt.date | None = None
    other_cover: int = 0
    continuing_income: int = 0
    state_benefit: int = 0
    cost: int | None = None
    refused: bool = False


def asked_by(benefit: Benefit) -> tuple[str, ...]:
    """The fields of :class:`ComesIn` that a benefit goes by."""
    if benefit.by_cost:
        return ("cost", "other_cover")
    return ("other_cover", "continuing_income", "state_benefit") if benefit.by_what_comes_in else ()


History = Callable[..., Iterable[Absence]]


def absences(*, fund_id: int, member_ids: Sequence[int] | None = None, since: dt.date | None = None,
             until: dt.date | None = None, refused: bool = False) -> list[Absence]:  # fmt: skip
    """Claims on a fund that count as absences, from the room named in ``settings.BENEFIT_HISTORY``.

    :param refused: also those that were refused: they count for nothing, but other rules might have granted them
    :param member_ids: of these members only
    :param since: that occurred on this day or later
    :param until: that occurred before this day
    """
    history: History = import_string(settings.BENEFIT_HISTORY)
    return sorted(
        history(fund_id=fund_id, member_ids=member_ids, since=since, until=until, refused=refused),
        key=lambda one: (one.occurred_on, one.number),
    )


def cover_index(fund: Fund) -> Decimal:
    """What share of approved benefits the fund pays at present (F11), from ``settings.COVER_INDEX``; else all of it."""
    if not settings.COVER_INDEX:
        return Decimal(1)
    index: Callable[[Fund], Decimal] = import_string(settings.COVER_INDEX)
    return index(fund)


def load(absence: Absence, *, fund_id: int, versions: Sequence[Version] | None = None) -> Facts:
    """Everything the engine must know about one claim, made or only imagined."""
    return load_many([absence], fund_id=fund_id, versions=versions)[0]


def load_many(
    found: Sequence[Absence], *, fund_id: int, versions: Sequence[Version] | None = None,
    history: Iterable[Absence] | None = None,
) -> list[Facts]:  # fmt: skip
    """The same for many claims on one fund, with a fixed number of queries.

    :param history: the earlier claims, where they are known already
    """
    versions = rules.versions(fund_id) if versions is None else versions
    ids = sorted({one.member_id for one in found})
    members = Member.objects.in_bulk(ids)
    covers: dict[int, list[Cover]] = {}
    for cover in Cover.objects.filter(fund_id=fund_id, member__in=ids).order_by("since"):
        covers.setdefault(cover.member_id, []).append(cover)
    before: dict[int, list[Earlier]] = {}
    for one in absences(fund_id=fund_id, member_ids=ids) if history is None else history:
        if (earlier := _earlier(one, versions)) is not None:
            before.setdefault(one.member_id, []).append(earlier)
    return [
        _facts(one, members[one.member_id], covers.get(one.member_id, []), before.get(one.member_id, []))
        for one in found
    ]


def _earlier(one: Absence, versions: Sequence[Version]) -> Earlier | None:
    rule = one.rule
    if not rule:
        version = version_on(versions, one.occurred_on) or (versions[0] if versions else None)
        benefit = version.terms.benefit_for(one.cause) if version else None
        if benefit is None:
            return None
        rule = benefit.rule
    return Earlier(one.number, rule, one.cause, one.occurred_on, one.ended_on, one.lines)


def _facts(one: Absence, member: Member, covers: Sequence[Cover], earlier: Iterable[Earlier]) -> Facts:
    assert member.joined_on is not None, "Only members have benefits."
    facts = Facts(
        member=member.number, joined_on=member.joined_on, left_on=member.left_on, cause=one.cause,
        occurred_on=one.occurred_on, began_on=one.began_on, ended_on=one.ended_on, count=one.count, phases=one.phases,
        reported_on=one.reported_on, other_cover=one.other_cover, continuing_income=one.continuing_income,
        state_benefit=one.state_benefit, cost=one.cost,
        earlier=tuple(before for before in earlier if before.number != one.number or not one.number),
    )  # fmt: skip
    cover = next((cover for cover in reversed(covers) if cover.since <= one.occurred_on), None)
    if cover is None:
        return facts
    return replace(facts, level=cover.level, units=cover.units, earnings=cover.earnings, born_on=cover.born_on)

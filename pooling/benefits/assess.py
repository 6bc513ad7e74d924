"""A predecessor's claim history, assessed row by row under a fund's rules.

The file is a table with a heading; a mapping says how its columns are called and what is the same in every row. Rows
that cannot be true are told apart from those the rules refuse; neither is ever paid.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from mutual.money import decimals
from pooling.benefits import sentences
from pooling.benefits.engine import Code, Earlier, Entitlement, Facts, Version, assess, impossible

REQUIRED = ("occurred_on", "began_on", "ended_on", "cause")
OPTIONAL = (
    "member", "level", "earnings", "born_on", "joined_on", "left_on", "units", "count", "reported_on", "other_cover",
    "continuing_income", "state_benefit",
)  # fmt: skip
KNOWN = (*REQUIRED, *OPTIONAL)
_DAYS = ("occurred_on", "began_on", "ended_on", "born_on", "joined_on", "left_on", "reported_on")
_AMOUNTS = ("earnings", "other_cover", "continuing_income", "state_benefit")
_COUNTS = ("units", "count")
_NAMES = {"member": ("member", "member number", "member_number", "number")}
"""Headings that are understood without a mapping, beside a column's own name."""

LONG_SINCE = dt.date(1900, 1, 1)
"""Where the file does not say when somebody joined, she joined long ago."""


class HistoryRefused(Exception):
    """The file or its mapping cannot be used; the message says why."""


@dataclass(frozen=True)
class Mapping_:  # noqa: N801
    """How a predecessor's file is to be read.

    :ivar columns: our name of a column → the file's heading
    :ivar constants: our name → the same text for every row
    :ivar causes: the file's word → our cause; a word that is not named stands for itself, in capitals
    :ivar earnings_per: MONTH or YEAR
    :ivar ended_on_is: FIRST_DAY_BACK (the day after the last one claimed) or LAST_DAY
    """

    columns: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    causes: dict[str, str] = field(default_factory=dict)
    earnings_per: str = "MONTH"
    ended_on_is: str = "FIRST_DAY_BACK"


def read_mapping(path: Path) -> Mapping_:
    """A mapping from its file.

    :raises HistoryRefused: if it cannot be read, or names what there is not
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise HistoryRefused(_("%(file)s cannot be read: %(why)s") % {"file": path.name, "why": error}) from error
    if not isinstance(said, dict) or not set(said) <= set(Mapping_.__dataclass_fields__):
        raise HistoryRefused(
            _("%(file)s: a mapping has %(names)s.")
            % {"file": path.name, "names": ", ".join(Mapping_.__dataclass_fields__)}
        )
    for part in ("columns", "constants", "causes"):
        pairs = said.get(part, {})
        fine = isinstance(pairs, dict) and all(isinstance(value, str | int) for value in pairs.values())
        if not fine or (part != "causes" and not set(pairs) <= set(KNOWN)):
            raise HistoryRefused(
                _("%(file)s: %(part)s pairs texts; the names are %(names)s.")
                % {"file": path.name, "part": part, "names": ", ".join(KNOWN)}
            )
        said[part] = {name: str(value) for name, value in pairs.items()}
    for part, allowed in (("earnings_per", ("MONTH", "YEAR")), ("ended_on_is", ("FIRST_DAY_BACK", "LAST_DAY"))):
        if said.get(part, allowed[0]) not in allowed:
            raise HistoryRefused(
                _("%(file)s: %(part)s is one of %(names)s.")
                % {"file": path.name, "part": part, "names": ", ".join(allowed)}
            )
    return Mapping_(**said)


@dataclass(frozen=True, slots=True)
class Row:
    """A row that was read: its line in the file, whose it is, and its facts, or why they cannot be true."""

    line: int
    member: str
    facts: Facts | None
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Assessed:
    """What came out for a row."""

    line: int
    member: str
    entitlement: Entitlement | None
    sentence: str = ""
    """For a row that cannot be true: why not."""

    @property
    def outcome(self) -> str:
        """``paid``, ``refused`` or ``impossible``."""
        if self.entitlement is None:
            return "impossible"
        return "refused" if self.entitlement.code else "paid"


def read(path: Path, mapping: Mapping_, *, currency: str, on: dt.date) -> Iterator[Row]:
    """The rows of a file, in its order.

    :param on: the day it is read: what has not begun by then cannot be true
    :raises HistoryRefused: if it is no table, or a column is missing
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            sample = file.read(8192)
            file.seek(0)
            heading = sample.partition("\n")[0]
            delimiter = max(",;\t|", key=heading.count)
            table = csv.reader(file, delimiter=delimiter, strict=True)
            yield from _Reading(next(table, []), mapping, currency, on, path.name).rows(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise HistoryRefused(_("%(file)s cannot be read: %(why)s") % {"file": path.name, "why": error}) from error


class _Impossible(Exception):
    """The row cannot be true."""


class _Reading:
    """One file being read."""

    def __init__(self, heading: Sequence[str], mapping: Mapping_, currency: str, on: dt.date, name: str) -> None:
        self.mapping, self.on = mapping, on
        self.width = len(heading)
        self.scale = decimals(currency)
        self.last_day = mapping.ended_on_is == "LAST_DAY"
        self.days: dict[str, dt.date] = {}
        self.causes: dict[str, str] = {}
        self.where = self._places([one.strip() for one in heading], name)
        self.own_members = "member" in self.where or "member" in mapping.constants
        self.seen: dict[tuple[Any, ...], int] = {}
        self.plain = sentences.Plain()

    def _places(self, heading: list[str], name: str) -> dict[str, int]:
        """Where each of our columns stands."""
        lower = [one.lower() for one in heading]
        if len(set(heading)) != len(heading):
            raise HistoryRefused(_("%(file)s: two columns have the same heading.") % {"file": name})
        found: dict[str, int] = {}
        for ours in KNOWN:
            theirs = self.mapping.columns.get(ours)
            if theirs is not None:
                if theirs not in heading:
                    raise HistoryRefused(_("%(file)s has no column “%(column)s”.") % {"file": name, "column": theirs})
                found[ours] = heading.index(theirs)
            elif ours not in self.mapping.constants:
                for known in _NAMES.get(ours, (ours,)):
                    if known in lower:
                        found[ours] = lower.index(known)
        missing = [one for one in REQUIRED if one not in found and one not in self.mapping.constants]
        if missing:
            raise HistoryRefused(
                _("%(file)s has no column for %(names)s; name it in a mapping.")
                % {"file": name, "names": ", ".join(missing)}
            )
        return found

    def rows(self, table: Any) -> Iterator[Row]:
        """Each row with its facts, or why it cannot be true."""
        line = 2
        for cells in table:
            if cells:
                yield self._row(line, cells)
            line = table.line_num + 1

    def _row(self, line: int, cells: list[str]) -> Row:
        member = f"line {line}"
        try:
            if len(cells) != self.width:
                raise _Impossible(
                    _("it has %(count)s cells, the heading %(width)s") % {"count": len(cells), "width": self.width}
                )
            said = dict(self.mapping.constants)
            for ours, place in self.where.items():
                said[ours] = cells[place].strip()
            if self.own_members:
                member = said["member"]
                if not member:
                    raise _Impossible(_("no member is named"))
            facts = self._facts(said, member)
            self._only_once(line, facts, cells)
        except _Impossible as wrong:
            return Row(line, member, None, _("This cannot be: %(why)s.") % {"why": wrong})
        if found := impossible(facts):
            template = _(sentences.SENTENCES[found[0]])
            return Row(line, member, None, template % {name: self.plain.value(one) for name, one in found[1].items()})
        return Row(line, member, facts)

    def _facts(self, said: Mapping[str, str], member: str) -> Facts:
        values: dict[str, Any] = {"member": member, "joined_on": LONG_SINCE}
        for name in _DAYS:
            if text := said.get(name):
                values[name] = self._day(text, name)
        for name in REQUIRED[:3]:
            if name not in values:
                raise _Impossible(_("%(column)s is empty") % {"column": name})
        for name in _AMOUNTS:
            if text := said.get(name):
                values[name] = self._amount(text, name)
        for name in _COUNTS:
            if text := said.get(name):
                values[name] = self._count(text, name)
        if self.last_day:
            values["ended_on"] += dt.timedelta(1)
        if values["occurred_on"] > self.on:
            raise _Impossible(_("it begins on %(day)s, which has not come") % {"day": values["occurred_on"]})
        if level := said.get("level"):
            values["level"] = level
        return Facts(cause=self._cause(said["cause"]), **values)

    def _cause(self, text: str) -> str:
        found = self.causes.get(text)
        if found is None:
            found = self.mapping.causes.get(text) or text.strip().upper().replace(" ", "_").replace("-", "_")
            self.causes[text] = found
        return found

    def _day(self, text: str, name: str) -> dt.date:
        found = self.days.get(text)
        if found is None:
            try:
                found = dt.date.fromisoformat(text)
            except ValueError as error:
                raise _Impossible(
                    _("%(column)s “%(text)s” is no day such as 2026-11-05") % {"column": name, "text": text[:40]}
                ) from error
            if not 1600 <= found.year <= 2199:
                raise _Impossible(_("%(column)s %(text)s is too far away") % {"column": name, "text": text})
            self.days[text] = found
        return found

    def _count(self, text: str, name: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) < 5):
            raise _Impossible(_("%(column)s “%(text)s” is no number") % {"column": name, "text": text[:40]})
        return int(text)

    def _amount(self, text: str, name: str) -> int:
        try:
            amount = Decimal(text).scaleb(self.scale)
            if not amount.is_finite() or amount != amount.to_integral_value():
                raise InvalidOperation
        except InvalidOperation as error:
            raise _Impossible(
                _("%(column)s “%(text)s” is no amount such as 1234.50") % {"column": name, "text": text[:40]}
            ) from error
        minor = int(amount)
        if name == "earnings" and self.mapping.earnings_per == "YEAR":
            # Once, half up, to the month that the rules go by.
            minor = (2 * minor + 12) // 24
        return minor

    def _only_once(self, line: int, facts: Facts, cells: list[str]) -> None:
        """The same claim twice is one; without members' numbers, the same row twice."""
        claim = (facts.member, facts.occurred_on, facts.began_on, facts.ended_on, facts.cause)
        key: tuple[Any, ...] = claim if self.own_members else tuple(cells)
        first = self.seen.setdefault(key, line)
        if first != line:
            raise _Impossible(_("it is the same claim as in line %(line)s") % {"line": first})


def assess_rows(rows: Iterable[Row], versions: Sequence[Version]) -> list[Assessed]:
    """Assess rows, each knowing the member's claims before it; in the rows' own order."""
    by_member: dict[str, list[Row]] = {}
    found: dict[int, Assessed] = {}
    for row in rows:
        if row.facts is None:
            found[row.line] = Assessed(row.line, row.member, None, row.sentence)
        else:
            found[row.line] = Assessed(row.line, row.member, None)
            by_member.setdefault(row.member, []).append(row)
    for claims in by_member.values():
        before: tuple[Earlier, ...] = ()
        if len(claims) > 1:
            claims.sort(key=lambda row: (row.facts.occurred_on, row.facts.began_on, row.line))  # type: ignore[union-attr]
        for row in claims:
            assert row.facts is not None
            facts = replace(row.facts, earlier=before) if before else row.facts
            entitlement = assess(facts, versions)
            found[row.line] = Assessed(row.line, row.member, entitlement)
            if len(claims) > 1 and (told := entitlement.as_earlier(facts, f"line {row.line}")) is not None:
                before = (*before, told)
    return list(found.values())


@dataclass(frozen=True)
class Summary:
    """What came out for a file."""

    currency: str
    rows: int
    paid: int
    refused: dict[Code, int]
    impossible: int
    days: int
    amount: int


def summary(found: Sequence[Assessed], currency: str) -> Summary:
    """Add up."""
    refused: dict[Code, int] = {}
    paid = days = amount = wrong = 0
    for one in found:
        entitlement = one.entitlement
        if entitlement is None:
            wrong += 1
        elif entitlement.code is not None:
            refused[entitlement.code] = refused.get(entitlement.code, 0) + 1
        else:
            paid += 1
            days += entitlement.days
            amount += entitlement.amount
    return Summary(currency, len(found), paid, dict(sorted(refused.items())), wrong, days, amount)


def as_json(found: Sequence[Assessed], plain: sentences.Plain) -> Iterator[dict[str, Any]]:
    """Each row as it is written to JSON, step by step."""
    for one in found:
        entitlement = one.entitlement
        row: dict[str, Any] = {"line": one.line, "member": one.member, "outcome": one.outcome}
        if entitlement is None:
            yield row | {"code": str(Code.INVALID_CLAIM), "sentence": one.sentence, "days": 0, "amount": _zero(found)}
            continue
        currency = entitlement.currency
        if entitlement.refusal is not None:
            row |= {"code": str(entitlement.code), "sentence": plain.sentence(entitlement.refusal)}
        row |= {
            "days": entitlement.days, "amount": sentences.plain_amount(entitlement.amount, currency),
            "currency": currency, "version": entitlement.version, "rule": entitlement.rule,
        }  # fmt: skip
        row["months"] = {
            month.isoformat()[:7]: sentences.plain_amount(amount, currency)
            for month, amount in entitlement.months().items()
        }
        row["steps"] = [
            {
                "rule": step.rule, "version": step.version, "sentence": plain.sentence(step),
                "figure": "" if step.figure is None else plain.value(step.figure),
            }
            for step in entitlement.steps
        ]  # fmt: skip
        yield row


def _zero(found: Sequence[Assessed]) -> str:
    known = next((one.entitlement for one in found if one.entitlement is not None), None)
    return sentences.plain_amount(0, known.currency if known else "EUR")

"""The charge of a period: one statement for everybody whose period is whole, and by the day for everybody else.

Who is on one version of a flat plan from the first day to the last is charged in SQL, set-wise. The others (who joined
or left, moved, have a level, a band or a percentage, or a waiver) are read in sets, assessed by :mod:`pooling.terms`,
and get what they owe less what they were charged before: a first charge, a supplementary one, or a credit. A charge is
never changed; run again, nothing is charged twice.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import Sum
from psycopg import sql

from members.models import Member, PastMembership
from mutual import rooms
from mutual.ledger import chart, journal
from mutual.ledger.kinds import Kind
from mutual.money import minor
from mutual.periods import Period, parse
from pooling import credits, payments, terms
from pooling.easing.models import Waiver, WorkCredit
from pooling.models import Charge, DuesPlan, Placement, PlanMember, PlanVersion

LAST = 2**62
"""Past every member's id."""


@dataclass(frozen=True)
class Scope:
    """What is charged for a period: which plans, which of them by the day, and which simply."""

    period: Period
    plans: tuple[DuesPlan, ...]

    @property
    def label(self) -> str:
        """The period's short name, under which charges are kept."""
        return self.period.key

    @cached_property
    def versions(self) -> list[PlanVersion]:
        """Every version of the plans that is in force in the period."""
        found = PlanVersion.objects.filter(plan__in=self.plans, valid_from__lt=self.period.end).select_related("plan")
        return list(found.prefetch_related("rates").order_by("plan", "valid_from"))

    @cached_property
    def by_day(self) -> list[int]:
        """Plans of which parts of the period are charged."""
        return sorted({version.plan_id for version in self._in_force if version.by_day})

    @cached_property
    def simple(self) -> list[int]:
        """Flat plans with one version for the whole period: charged in one statement."""
        changed = {version.plan_id for version in self.versions if version.valid_from > self.period.start}
        began = {version.plan_id for version in self.versions if version.valid_from <= self.period.start}
        return sorted(
            plan.pk
            for plan in self.plans
            if plan.basis == DuesPlan.Basis.FLAT and plan.pk in began and plan.pk not in changed
        )

    @cached_property
    def waived(self) -> bool:
        """Whether anybody has a waiver in the period."""
        return Waiver.objects.filter(since__lt=self.period.end, until__gt=self.period.start).exists()

    @cached_property
    def irregular(self) -> list[tuple[int, bool]]:
        """Members whose period is not simply whole, by id; and whether they are due at all (or only were charged)."""
        return [(int(pk), bool(due)) for pk, due in rows(self.sql(_BY_THE_DAY))]

    @property
    def _in_force(self) -> list[PlanVersion]:
        """The versions that rule in the period: those that begin in it, and the one before each."""
        found: list[PlanVersion] = []
        for plan in self.plans:
            own = [version for version in self.versions if version.plan_id == plan.pk]
            before = [version for version in own if version.valid_from <= self.period.start]
            found += [*before[-1:], *(version for version in own if version.valid_from > self.period.start)]
        return found

    def sql(self, text: str, **more: sql.Composable) -> sql.Composed:
        """A statement about the period, with its days, plans and conditions put in."""
        literal = {
            "start": self.period.start, "end": self.period.end, "last": self.period.last_day, "label": self.label,
            "plans": [plan.pk for plan in self.plans], "by_day": self.by_day, "simple": self.simple,
        }  # fmt: skip
        known: dict[str, sql.Composable] = {name: sql.Literal(value) for name, value in literal.items()}
        known["waiver"] = sql.SQL(_WAIVER if self.waived else "").format(start=known["start"], end=known["end"])
        whole = sql.SQL(_WHOLE).format(**{name: known[name] for name in ("start", "end", "last", "simple", "waiver")})
        due_where = sql.SQL(_DUE_WHERE).format(**{name: known[name] for name in ("start", "end", "by_day")})
        due_from = sql.SQL(_DUE_FROM).format(plans=known["plans"])
        return sql.SQL(text).format(**known, whole=whole, due_from=due_from, due_where=due_where, **more)


_DUE_FROM = """
    FROM pooling_planmember pm
    JOIN pooling_duesplan p ON p.id = pm.plan_id AND p.id = ANY({plans}::bigint[])
    JOIN members_member m ON m.id = pm.member_id
"""

_DUE_WHERE = """
   WHERE pm.since < {end} AND (pm.until IS NULL OR pm.until > {start})
     AND m.status IN ('ACTIVE', 'SUSPENDED', 'LEFT')
     AND (m.joined_on < {end} AND (m.left_on IS NULL OR m.left_on >= {start})
          OR EXISTS (SELECT FROM members_pastmembership past
                      WHERE past.member_id = m.id AND past.joined_on < {end} AND past.left_on >= {start}))
     AND (pm.since <= {start}
          AND (m.joined_on <= {start} AND (m.left_on IS NULL OR m.left_on >= {start})
               OR EXISTS (SELECT FROM members_pastmembership past
                           WHERE past.member_id = m.id AND past.joined_on <= {start} AND past.left_on >= {start}))
          OR p.id = ANY({by_day}::bigint[]))
"""

_WHOLE = """
   (pm.since <= {start} AND (pm.until IS NULL OR pm.until >= {end}) AND p.id = ANY({simple}::bigint[])
    AND (m.joined_on <= {start} AND (m.left_on IS NULL OR m.left_on >= {last})
         OR EXISTS (SELECT FROM members_pastmembership past
                     WHERE past.member_id = m.id AND past.joined_on <= {start} AND past.left_on >= {last}))
    {waiver})
"""

_WAIVER = """
    AND NOT EXISTS (SELECT 1 FROM easing_waiver w WHERE w.member_id = m.id AND w.since < {end} AND w.until > {start})
"""

_CHARGE = """
    INSERT INTO pooling_charge (member_id, version_id, amount, charged_on, due_on, period)
    SELECT m.id, v.id, v.minor, {start}, {start}::date + v.days_to_pay, {label}
      {due_from}
      JOIN LATERAL (SELECT pv.id, pv.days_to_pay, (pv.amount * (10 ^ c.decimals))::bigint AS minor
                      FROM pooling_planversion pv JOIN ledger_currency c ON c.code = pv.amount_currency
                     WHERE pv.plan_id = p.id AND pv.valid_from <= {start}
                     ORDER BY pv.valid_from DESC LIMIT 1) AS v ON true
      JOIN pooling_duesaccounts a ON a.member_id = m.id
      {due_where} AND {whole} AND m.id > %s AND m.id <= %s AND pm.member_id > %s AND pm.member_id <= %s
    ON CONFLICT (period, member_id, part) DO NOTHING
"""

_TRANSFERS = """
    SELECT {head}::text || m.number || '/charged' AS key, 0 AS line, a.receivable_id AS debit_id,
           a.deferred_id AS credit_id, ch.amount, cur.id AS currency_id, {document}::text AS document
      FROM pooling_charge ch
      JOIN members_member m ON m.id = ch.member_id
      JOIN pooling_duesaccounts a ON a.member_id = ch.member_id
      JOIN pooling_planversion pv ON pv.id = ch.version_id
      JOIN ledger_currency cur ON cur.code = pv.amount_currency
     WHERE ch.period = {label} AND ch.member_id > %s AND ch.member_id <= %s AND ch.explanation IS NULL
"""

_AHEAD = """
    SELECT DISTINCT ch.member_id, m.number
      FROM pooling_charge ch JOIN members_member m ON m.id = ch.member_id
      JOIN pooling_duesaccounts a ON a.member_id = ch.member_id
      JOIN ledger_balance b ON b.account_id = a.prepayments_id AND b.stripe = 0
     WHERE ch.period = {label} AND ch.member_id > %s AND ch.member_id <= %s AND b.amount < 0
       AND ch.amount > ch.paid + ch.written_off
     ORDER BY ch.member_id
"""

_BY_THE_DAY = """
    SELECT found.member_id, bool_or(found.due) FROM (
        SELECT pm.member_id, true AS due {due_from} {due_where} AND NOT {whole}
        UNION ALL
        SELECT ch.member_id, false FROM pooling_charge ch JOIN pooling_planversion v ON v.id = ch.version_id
         WHERE ch.period = {label}
           AND (ch.explanation IS NOT NULL
                OR NOT EXISTS (SELECT 1 {due_from} {due_where} AND {whole} AND pm.member_id = ch.member_id
                                  AND pm.plan_id = v.plan_id))
    ) AS found JOIN pooling_duesaccounts a ON a.member_id = found.member_id
     GROUP BY found.member_id ORDER BY found.member_id
"""


def rows(query: sql.Composable, params: Any = ()) -> list[tuple[Any, ...]]:
    """What a statement selects."""
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return list(cursor.fetchall())


def count(scope: Scope) -> tuple[int, list[str]]:
    """How many members the period is charged to, and the numbers of those who have no accounts to charge."""
    query = scope.sql(
        "SELECT count(*), (array_agg(number ORDER BY number) FILTER (WHERE bare))[:1000] FROM ("
        "SELECT DISTINCT m.id, m.number, a.member_id IS NULL AS bare {due_from} "
        "LEFT JOIN pooling_duesaccounts a ON a.member_id = m.id {due_where}) AS due"
    )
    found, bare = rows(query)[0]
    return int(found), bare or []


def next_members(scope: Scope, after: int, chunk: int) -> int | None:
    """The last member of the next chunk, among all who are on the plans: each chunk finds out who is due."""
    query = scope.sql(
        "SELECT max(member_id) FROM (SELECT member_id FROM pooling_planmember "
        "WHERE plan_id = ANY({plans}::bigint[]) AND since < {end} AND (until IS NULL OR until > {start}) "
        "AND member_id > %s ORDER BY member_id LIMIT %s) AS chunk"
    )
    (last,) = rows(query, [after, chunk])[0]
    return None if last is None else int(last)


def members(scope: Scope, after: int, upto: int) -> list[tuple[int, str]]:
    """The members of a chunk, by id and number: who is due, and who was charged and is not any more."""
    query = scope.sql("SELECT DISTINCT m.id, m.number {due_from} {due_where} AND m.id > %s AND m.id <= %s")
    found = {int(pk): str(number) for pk, number in rows(query, [after, upto])}
    others = [pk for pk in irregular(scope) if after < pk <= upto and pk not in found]
    found |= dict(Member.objects.filter(pk__in=others).values_list("pk", "number"))
    return sorted(found.items())


def charge(scope: Scope, *, after: int, upto: int, by: int | None) -> tuple[int, int]:
    """Charge the members in one range of ids whose period is simply whole, in the caller's transaction.

    Returns how many were charged now, and how many had been before.
    """
    with connection.cursor() as cursor:
        cursor.execute(scope.sql(_CHARGE), [after, upto, after, upto])
        new = cursor.rowcount
    posted = journal.post_query(
        kind=Kind.DUES_CHARGED,
        date=scope.period.start,
        query=scope.sql(
            _TRANSFERS,
            head=sql.Literal(f"dues/{scope.label}/"),
            document=sql.Literal(f"DUES-{scope.label}"),
        ),
        params=[after, upto],
        recorded_by=by,
        expect_known=new == 0,
    )
    return posted.inserted, posted.known


def take_work(scope: Scope, *, after: int, upto: int, by: int | None, on: dt.date) -> None:
    """Let tasks that waited for this period take the place of its dues, in the caller's transaction."""
    for task in WorkCredit.objects.filter(
        period=scope.label, state=WorkCredit.State.WAITING, member_id__gt=after, member_id__lte=upto
    ).select_related("decision"):
        credits.work(task, by=by, on=on)


def spend_ahead(scope: Scope, *, after: int, upto: int, by: int | None, on: dt.date) -> None:
    """Pay open charges from what the members in one range of ids paid ahead, in the caller's transaction."""
    found = {int(pk): str(number) for pk, number in rows(scope.sql(_AHEAD), [after, upto])}
    if not found:
        return
    # Each time something is used there are more placements: so the next time has a key of its own.
    used = Counter(
        Placement.objects.filter(charge__member__in=found, source=Placement.Source.AHEAD).values_list(
            "charge__member_id", flat=True
        )
    )
    payments.spend_ahead(
        {
            pk: f"dues/{scope.label}/{number}/settled{f'-{used[pk]}' if used[pk] else ''}"
            for pk, number in found.items()
        },
        on=on,
        by=by,
    )


@dataclass(frozen=True)
class _Person:
    """What is known about a member whose period is not simply whole."""

    id: int
    number: str
    unit: str
    receivable_id: int
    deferred_id: int
    belongs: tuple[tuple[dt.date, dt.date | None], ...]


def settle(*, member_id: int, since: dt.date, by: int | None, on: dt.date) -> None:
    """Charge anew what a member was charged for periods that reach past a day, in the caller's transaction.

    For a change of level or a waiver: what is owed more is charged, what is owed less is credited.
    """
    once = DuesPlan.Every.ONCE
    labels = Charge.objects.filter(member_id=member_id).exclude(version__plan__every=once)
    plans = list(DuesPlan.objects.exclude(every=once).order_by("pk"))
    for period in sorted(parse(label) for label in set(labels.values_list("period", flat=True))):
        if period.end > since:
            own = tuple(plan for plan in plans if plan.period_of(period.start) == period)
            scope = Scope(period, own)
            by_the_day(scope, after=member_id - 1, upto=member_id, by=by, on=on)
            spend_ahead(scope, after=member_id - 1, upto=member_id, by=by, on=on)


def once(version: PlanVersion, *, member_id: int, by: int | None, on: dt.date) -> Charge:
    """Charge a member what is due once, in the caller's transaction; what she paid ahead is used at once."""
    (person,) = _people([member_id])
    known = Charge.objects.filter(member_id=member_id, version__plan_id=version.plan_id).first()
    if known is not None:
        return known
    label = version.plan.period_of(on).key
    part = Charge.objects.filter(member_id=member_id, period=label).count()
    amount = minor(version.amount)
    made = Charge(
        member_id=member_id, version=version, amount=amount, period=label, part=part, charged_on=on,
        due_on=on + dt.timedelta(days=version.days_to_pay), explanation={"once": amount},
    )  # fmt: skip
    _record(Scope(version.plan.period_of(on), (version.plan,)), [(person, made)], by)
    payments.spend_ahead({member_id: f"dues/{label}/{person.number}/settled-once-{version.plan.slug}"}, on=on, by=by)
    return made


def irregular(scope: Scope) -> list[int]:
    """The members whose period is not simply whole, or was charged and is not any more."""
    return [pk for pk, _due in scope.irregular]


@dataclass(frozen=True)
class Settled:
    """Members by id: who got a charge or a credit, who is right as she is, and who had been charged simply."""

    changed: frozenset[int] = frozenset()
    same: frozenset[int] = frozenset()
    simple: frozenset[int] = frozenset()


def by_the_day(scope: Scope, *, after: int, upto: int, by: int | None, on: dt.date) -> Settled:
    """Charge, or correct, everybody in a range of ids whose period is not simply whole."""
    found = [(pk, due) for pk, due in scope.irregular if after < pk <= upto]
    if not found:
        return Settled()
    people = _people([pk for pk, _due in found])
    facts = _Facts.load(scope, [one.id for one in people])
    charges: list[tuple[_Person, Charge]] = []
    changed = set()
    for person in people:
        due = facts.due(scope, person)
        first = min((lines[0].start for lines in due.values()), default=on)
        for version_id, lines in due.items():
            owed = sum(line.amount for line in lines)
            before = facts.charged[person.id].get(version_id, 0)
            if owed > before:
                one = facts.new_charge(scope, person, version_id, lines, owed - before, before, first, on)
                charges.append((person, one))
                changed.add(person.id)
        for version_id, before in facts.charged[person.id].items():
            owed = sum(line.amount for line in due.get(version_id, ()))
            if owed < before:
                why = {"lines": [line.as_data() for line in due.get(version_id, ())], "before": before}
                credits.give(
                    member_id=person.id, period=scope.label, version_id=version_id, amount=before - owed,
                    source=credits.CHANGE, explanation=why, by=by, on=on,
                )  # fmt: skip
                changed.add(person.id)
    _record(scope, charges, by)
    same = {pk for pk, due_now in found if due_now and pk not in changed}
    return Settled(frozenset(changed), frozenset(same), frozenset(facts.simple))


def _people(ids: Sequence[int]) -> list[_Person]:
    """The members, one thing at a time with each: their dues are locked, in the order of their ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT m.id, m.number, m.currency, a.receivable_id, a.deferred_id, m.joined_on, m.left_on
              FROM pooling_duesaccounts a JOIN members_member m ON m.id = a.member_id
             WHERE a.member_id = ANY(%s) ORDER BY a.member_id FOR UPDATE OF a
            """,
            [list(ids)],
        )
        found = cursor.fetchall()
    past: dict[int, list[tuple[dt.date, dt.date | None]]] = defaultdict(list)
    for one in PastMembership.objects.filter(member__in=ids).order_by("joined_on"):
        past[one.member_id].append((one.joined_on, one.left_on))
    return [
        _Person(pk, number, unit, receivable, deferred, (*past[pk], *([(joined, left)] if joined is not None else [])))
        for pk, number, unit, receivable, deferred, joined, left in found
    ]


@dataclass(frozen=True)
class _Facts:
    """Everything that decides what these members owe, read in a handful of queries."""

    stays: dict[int, list[terms.Stay]]
    versions: list[terms.Version]
    rows: dict[int, PlanVersion]
    relieved: dict[int, list[terms.Relieved]]
    figures: dict[int, int]
    charged: dict[int, dict[int, int]]
    parts: dict[int, int]
    closed_until: dt.date | None
    simple: set[int]

    @classmethod
    def load(cls, scope: Scope, ids: Sequence[int]) -> _Facts:
        """Read the facts of these members."""
        stays: dict[int, list[terms.Stay]] = defaultdict(list)
        for stay in PlanMember.objects.filter(member__in=ids, plan__in=scope.plans).order_by("since", "id"):
            stays[stay.member_id].append(terms.Stay(stay.plan_id, stay.since, stay.until, stay.place, stay.place_until))
        relieved: dict[int, list[terms.Relieved]] = defaultdict(list)
        waivers = Waiver.objects.filter(
            member__in=ids, since__lt=scope.period.end, until__gt=scope.period.start
        ).order_by("since")
        for waiver in waivers:
            relieved[waiver.member_id].append(terms.Relieved(waiver.since, waiver.until, waiver.percent, waiver.number))
        charged: dict[int, dict[int, int]] = defaultdict(dict)
        parts: dict[int, int] = {}
        frozen: dict[int, int] = {}
        simple: set[int] = set()
        for one in Charge.objects.filter(member__in=ids, period=scope.label).annotate(
            credited=Sum("credits__amount", filter=credits.STANDING)
        ):
            own = charged[one.member_id]
            own[one.version_id] = own.get(one.version_id, 0) + one.amount - (one.credited or 0)
            parts[one.member_id] = max(parts.get(one.member_id, 0), one.part + 1)
            if one.explanation is None:
                simple.add(one.member_id)
            for line in (one.explanation or {}).get("lines", ()):
                if "figure" in line:
                    frozen[one.member_id] = line["figure"]
        return cls(
            stays, [_version(version) for version in scope.versions],
            {version.pk: version for version in scope.versions}, relieved, _figures(scope, ids) | frozen,
            charged, parts, chart.coop_book().closed_until, simple,
        )  # fmt: skip

    def due(self, scope: Scope, person: _Person) -> dict[int, list[terms.Line]]:
        """What a member owes for the period, by version."""
        lines = terms.assess(
            period=scope.period, belongs=person.belongs, stays=self.stays[person.id],
            versions=self.versions, relieved=self.relieved[person.id], figure=self.figures.get(person.id),
        )  # fmt: skip
        found: dict[int, list[terms.Line]] = {}
        for line in lines:
            found.setdefault(line.version_id, []).append(line)
        return found

    def new_charge(
        self,
        scope: Scope,
        person: _Person,
        version_id: int,
        lines: Sequence[terms.Line],
        amount: int,
        before: int,
        first: dt.date,
        on: dt.date,
    ) -> Charge:
        """The charge of what is owed and not charged yet: the first on its first day, a later one today."""
        part = self.parts.get(person.id, 0)
        self.parts[person.id] = part + 1
        day = on if self.charged[person.id] or (self.closed_until and first < self.closed_until) else first
        explanation: dict[str, Any] = {"lines": [line.as_data() for line in lines]}
        if before:
            explanation["before"] = before
        return Charge(
            member_id=person.id, version_id=version_id, amount=amount, period=scope.label, part=part, charged_on=day,
            due_on=day + dt.timedelta(days=self.rows[version_id].days_to_pay), explanation=explanation,
            whole=lines[-1].rate,
        )  # fmt: skip


def _version(row: PlanVersion) -> terms.Version:
    return terms.Version(
        row.pk, row.plan_id, row.valid_from, minor(row.amount), row.by_day,
        tuple((rate.place, rate.amount) for rate in row.rates.all()), row.permyriad, minor(row.least),
    )  # fmt: skip


def _figures(scope: Scope, ids: Sequence[int]) -> dict[int, int]:
    """What members invoiced in the period before this one, for plans that ask a part of it; minor units."""
    found: dict[int, int] = {}
    for plan in scope.plans:
        if plan.basis == DuesPlan.Basis.PERCENT:
            mine = PlanMember.objects.filter(plan=plan, member__in=ids).values_list("member_id", flat=True)
            found |= rooms.invoiced(
                member_ids=sorted(set(mine)), period=plan.period_of(scope.period.start - dt.timedelta(days=1)),
                currency=plan.currency,
            )  # fmt: skip
    return found


def _record(scope: Scope, charges: Iterable[tuple[_Person, Charge]], by: int | None) -> None:
    by_date: dict[dt.date, list[journal.Row]] = defaultdict(list)
    made = []
    for person, one in charges:
        made.append(one)
        part = f"-{one.part}" if one.part else ""
        by_date[one.charged_on].append(
            journal.Row(
                f"dues/{scope.label}/{person.number}/charged{part}", person.receivable_id, person.deferred_id,
                one.amount, person.unit, f"DUES-{scope.label}",
            )
        )  # fmt: skip
    Charge.objects.bulk_create(made)
    for day, lines in sorted(by_date.items()):
        journal.post_many(kind=Kind.DUES_CHARGED, date=day, rows=lines, recorded_by=by)

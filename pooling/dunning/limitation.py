"""Limitation: until when a debt can be claimed, by the law of the member's country.

A debt stays a debt until then (B9). Afterwards it is offered to two officers to be written off; nothing is written
off by itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils.translation import gettext as _

from mutual.money import Money, from_minor
from mutual.periods import add_months
from mutual.trail import trail
from pooling.dunning.models import Limitation


class LimitationRefused(Exception):
    """The rule was not changed; the message is a sentence for the person."""


@dataclass(frozen=True)
class Barred:
    """An open charge whose time has run out, and by which rule."""

    charge_id: int
    number: str
    name: str
    period: str
    open: Money
    due_on: dt.date
    begins_on: dt.date
    barred_on: dt.date
    rule: Limitation


def last_day(rule: Limitation, begins_on: dt.date) -> dt.date:
    """The last day on which a debt can be claimed, whose time begins (anew) on a day."""
    start = dt.date(begins_on.year, 12, 31) if rule.begins == Limitation.Begins.YEAR_END else begins_on
    return add_months(start, 12 * rule.years)


def rule_for(rules: Iterable[Limitation], country: str, day: dt.date) -> Limitation | None:
    """The newest of the rules for a country that was in force on a day."""
    found = [rule for rule in rules if rule.country == country and rule.valid_from <= day]
    return max(found, key=lambda rule: rule.valid_from) if found else None


def barred(on: dt.date, *, limit: int = 500) -> list[Barred]:
    """Open charges whose time has run out before a day, oldest first.

    Whoever pays a part of a debt, or agrees to pay it in parts, acknowledges it, and its time begins anew (so in § 212
    BGB, art. 2240 Code civil, art. 3:318 BW, § 1497 ABGB, art. 1973 CC in Spain, art. 2944 CC in Italy, s. 29
    Limitation Act 1980): we count from the newest of these days, to the member's cost never too early.
    """
    rules = list(Limitation.objects.all())
    if not rules:
        return []
    shortest = min(rule.years for rule in rules)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT ch.id, m.number, m.name, m.country, ch.period, ch.amount - ch.paid - ch.written_off,
                   v.amount_currency, ch.due_on,
                   greatest(ch.due_on,
                            (SELECT max(p.placed_on) FROM pooling_placement p
                              WHERE p.charge_id = ch.id AND p.undone_on IS NULL AND p.source = 'PAYMENT'),
                            (SELECT max(a.made_on) FROM dunning_covered c JOIN dunning_agreement a
                                 ON a.id = c.agreement_id WHERE c.charge_id = ch.id))
              FROM pooling_charge ch
              JOIN pooling_planversion v ON v.id = ch.version_id
              JOIN members_member m ON m.id = ch.member_id
             WHERE ch.amount > ch.paid + ch.written_off AND ch.due_on < %s
             ORDER BY ch.due_on, ch.id
            """,
            [add_months(on, -12 * shortest)],
        )
        rows: Sequence[tuple[int, str, str, str, str, int, str, dt.date, dt.date]] = cursor.fetchall()
    found = []
    for charge_id, number, name, country, period, open_minor, unit, due_on, begins_on in rows:
        rule = rule_for(rules, country, due_on)
        if rule is None or (last := last_day(rule, begins_on)) >= on:
            continue
        money = from_minor(open_minor, unit)
        found.append(Barred(charge_id, number, name, period, money, due_on, begins_on, last, rule))
    return found[:limit]


@transaction.atomic(durable=True)
def add(*, country: str, valid_from: dt.date, years: int, begins: str, source: str, by: int) -> Limitation:
    """Add a rule of a country from a day on; debts due before keep the rule of their day.

    :raises LimitationRefused: if the country has one from that day
    """
    if Limitation.objects.filter(country=country, valid_from=valid_from).exists():
        raise LimitationRefused(_("There is a rule for this country from that day already."))
    rule = Limitation.objects.create(country=country, valid_from=valid_from, years=years, begins=begins, source=source)
    trail.record(by=by, did="LIMITATION_ADDED", subject=f"limitation-{country}", detail={"years": years})
    return rule


@transaction.atomic(durable=True)
def check(*, limitation_id: int, by: int, on: dt.date) -> Limitation:
    """Note that somebody has read the law and the rule says what it says; again is harmless."""
    rule = Limitation.objects.select_for_update().get(pk=limitation_id)
    if rule.checked_by is None:
        rule.checked_by, rule.checked_on = by, on
        rule.save(update_fields=["checked_by", "checked_on"])
        trail.record(by=by, did="LIMITATION_CHECKED", subject=f"limitation-{rule.country}")
    return rule

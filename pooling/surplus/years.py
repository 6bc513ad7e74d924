"""Closing a year, and giving its surplus a purpose: by a recorded decision, never to a person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from members.governance import decisions
from members.governance.models import Decision
from mutual import formats
from mutual.ledger import audit, balances, chart, journal
from mutual.ledger.kinds import AccountType, Kind
from mutual.money import Money, from_minor, minor, zero
from mutual.periods import Period, add_months
from pooling import accounts, booking
from pooling.models import Fund
from pooling.surplus.models import Allocation, Year

CLOSING = "YEAR_CLOSING"
ALLOCATION = "ALLOCATION"


class YearRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class NotOver(YearRefused):
    """The year is not over."""


class AlreadyClosed(YearRefused):
    """The year is closed, or its closing is proposed already."""


class EarlierOpen(YearRefused):
    """An earlier year with entries is still open."""


class NothingToAllocate(YearRefused):
    """There is less surplus than that."""


class BadAllocation(YearRefused):
    """An allocation gives at least one purpose a positive amount."""


@dataclass(frozen=True)
class Part:
    """A part of an allocation: a purpose (with its fund, where it is one) and an amount."""

    purpose: str
    fund_id: int | None
    amount: Money


def year_of(label: str) -> Period:
    """The cooperative's year that begins in the calendar year ``label``.

    :raises YearRefused: if the label is no year
    """
    if not (label.isdecimal() and label.isascii() and len(label) == 4 and "1900" <= label <= "2200"):
        raise YearRefused(_("Write a year such as 2026."))
    start = dt.date(int(label), settings.YEAR_STARTS_IN, 1)
    return Period(start, add_months(start, 12))


@transaction.atomic(durable=True)
def propose_closing(*, label: str, text: str, by: int, on: dt.date) -> Decision:
    """Propose to close a year; a second officer confirms.

    :raises NotOver: if it is not over
    :raises AlreadyClosed: if it is closed or proposed
    :raises EarlierOpen: if an earlier year with income or expense is open
    """
    period = year_of(label)
    _can_close(label, period, on)
    if Decision.objects.filter(kind=CLOSING, subject=f"year-{label}", state=Decision.State.PROPOSED).exists():
        raise AlreadyClosed(_("Closing this year is proposed already."))
    return decisions.propose(kind=CLOSING, subject=f"year-{label}", text=text, terms={"year": label}, by=by, on=on)


def _can_close(label: str, period: Period, on: dt.date) -> None:
    if period.end > on:
        raise NotOver(_("This year is not over yet."))
    if Year.objects.filter(label=label).exists():
        raise AlreadyClosed(_("This year is closed already."))
    before = balances.held_on(
        chart.coop_book(), period.start - dt.timedelta(days=1), (AccountType.INCOME, AccountType.EXPENSE)
    )
    if any(held for _account, held in before):
        raise EarlierOpen(_("An earlier year is still open. Close it first."))
    audit.require_whole()


@transaction.atomic(durable=True)
def confirm_closing(*, decision_id: int, by: int, on: dt.date) -> Year:
    """Close a year as the second officer: income and expense end at zero, what is left is surplus, and the book closes.

    The closing entry is the year's last, also where the year's months were closed before. A loss lowers what earlier
    years left.

    :raises members.governance.decisions.DecisionRefused: if decided, or proposed by the same person
    :raises YearRefused: as :func:`propose_closing`
    """
    with decisions.deciding(decision_id, kind=CLOSING, by=by, on=on) as decision:
        label = decision.terms["year"]
        period = year_of(label)
        # Alone with the book before it is read: what somebody records meanwhile is either read here or refused.
        chart.lock_book(chart.COOP)
        _can_close(label, period, on)
        surplus: dict[str, int] = {}
        moves: list[journal.Move] = []
        # What moved in the year: whatever the next has earned already stays with it.
        for account, held in balances.held_on(
            chart.coop_book(), period.last_day, (AccountType.INCOME, AccountType.EXPENSE)
        ):
            if not held:
                continue
            unit = account.currency.code
            rest = accounts.surplus(unit)
            amount = from_minor(abs(held), unit)
            moves.append(
                journal.move(amount, debit=rest, credit=account)
                if held > 0
                else journal.move(amount, debit=account, credit=rest)
            )
            surplus[unit] = surplus.get(unit, 0) - held
        book = chart.coop_book()
        closed = book.closed_until
        if moves:
            if closed is not None and closed > period.last_day:
                # The months are locked already. They open for this one entry: we are alone with the book.
                journal.reopen_book(book=book, until=period.last_day, recorded_by=by)
            journal.post(
                kind=Kind.YEAR_CLOSED, key=f"year/{label}/closed", date=period.last_day, transfers=moves,
                recorded_by=by, document=decision.number,
            )  # fmt: skip
        journal.close_book(book=book, until=max(closed or period.end, period.end), recorded_by=by)
        unit = settings.COOPERATIVE_CURRENCY
        return Year.objects.create(
            label=label, first_day=period.start, last_day=period.last_day, closed_on=on, decision=decision,
            surplus=from_minor(surplus.get(unit, 0), unit),
        )  # fmt: skip


def unallocated(currency: str) -> Money:
    """The surplus that no decision has given a purpose yet; below zero where losses outweigh it."""
    return balances.of(accounts.surplus(currency))


@transaction.atomic(durable=True)
def propose_allocation(*, parts: Sequence[Part], text: str, ballot: str, by: int, on: dt.date) -> Decision:
    """Propose what the surplus is for, as the members voted; a second officer confirms.

    :raises BadAllocation: if no part is above zero
    :raises NothingToAllocate: if the parts are more than the surplus
    """
    given = [part for part in parts if part.amount.amount > 0]
    if not given:
        raise BadAllocation(_("Give at least one purpose an amount."))
    if any(part.purpose == Allocation.Purpose.MEMBERS for part in given):
        raise BadAllocation(_("Members' own parts are shared by hours worked, as the rules say; not by an allocation."))
    _enough(given)
    terms = {
        "ballot": ballot,
        "parts": [
            {
                "purpose": part.purpose, "fund": part.fund_id, "minor": minor(part.amount),
                "currency": str(part.amount.currency),
            }
            for part in given
        ],
    }  # fmt: skip
    return decisions.propose(kind=ALLOCATION, subject="surplus", text=text, terms=terms, by=by, on=on)


def _enough(parts: Sequence[Part]) -> None:
    sums: dict[str, Money] = {}
    for part in parts:
        unit = str(part.amount.currency)
        sums[unit] = sums.get(unit, zero(unit)) + part.amount
    for unit, wanted in sums.items():
        there = unallocated(unit)
        if wanted > there:
            raise NothingToAllocate(
                _("Only %(there)s are left to allocate.") % {"there": formats.money(max(there, zero(unit)))}
            )


def parts_of(decision: Decision) -> list[Part]:
    """The parts of a proposed allocation."""
    return [
        Part(said["purpose"], said["fund"], from_minor(said["minor"], said["currency"]))
        for said in decision.terms["parts"]
    ]


@transaction.atomic(durable=True)
def confirm_allocation(*, decision_id: int, by: int, on: dt.date) -> Decision:
    """Allocate as the second officer: the passed decision itself posts the entry.

    :raises members.governance.decisions.DecisionRefused: if decided, or proposed by the same person
    :raises NothingToAllocate: if there is less surplus by now
    """
    with decisions.deciding(decision_id, kind=ALLOCATION, by=by, on=on) as decision:
        parts = parts_of(decision)
        chart.lock(accounts.surplus(str(parts[0].amount.currency)))
        _enough(parts)
        transfers = [
            journal.move(part.amount, debit=accounts.surplus(str(part.amount.currency)), credit=target(part))
            for part in parts
        ]
        with booking.saying(YearRefused):
            journal.post(
                kind=Kind.SURPLUS_ALLOCATED, key=f"decision/{decision.number}/allocated", date=on,
                transfers=transfers, recorded_by=by, document=decision.number,
            )  # fmt: skip
        Allocation.objects.bulk_create(
            Allocation(
                decision=decision, place=place, purpose=part.purpose, fund_id=part.fund_id, amount=part.amount,
                allocated_on=on,
            )
            for place, part in enumerate(parts)
        )  # fmt: skip
    return decision


def target(part: Part) -> chart.Account:
    unit = str(part.amount.currency)
    if part.purpose == Allocation.Purpose.FUND:
        assert part.fund_id is not None
        return Fund.objects.select_related("account__currency").get(pk=part.fund_id).account
    if part.purpose == Allocation.Purpose.RESERVE:
        return accounts.reserve(unit)
    assert part.purpose == Allocation.Purpose.RELIEF
    return accounts.dues_relief(unit)

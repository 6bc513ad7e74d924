"""Loans between funds: repaid by their plan, as far as sick pay leaves something, or sooner."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from mutual import formats
from mutual.ledger import balances, chart, journal
from mutual.ledger.kinds import Kind
from mutual.money import Money, from_minor, minor, zero
from mutual.trail import trail
from pooling import setting_aside
from pooling.circles import giving
from pooling.models import Fund
from pooling.payouts.models import HardFloor, Loan


class LoanRefused(Exception):
    """Nothing was repaid; the message is a sentence for the person."""


class MoreThanOpen(LoanRefused):
    """Less than that is still to come back."""


class ChangedSince(LoanRefused):
    """Something else came back since the person looked."""


class SickPayFirst(LoanRefused):
    """The borrower does not have that much beyond its floor and what it has approved."""


def hard_floor(fund: Fund) -> Money:
    """Below what the fund makes no voluntary payment: its hard floor, and never less than its floor."""
    return hard_floors([fund])[fund.pk]


def hard_floors(funds: Sequence[Fund]) -> dict[int, Money]:
    """Below what each fund makes no voluntary payment, by its id; in one query."""
    set_to = dict(HardFloor.objects.filter(fund__in=funds).values_list("fund_id", "amount"))
    return {fund.pk: max(from_minor(set_to.get(fund.pk, 0), fund.currency), fund.floor) for fund in funds}


def spare(fund: Fund) -> Money:
    """What a fund holds above its floor that its approved benefits do not need; the fund is locked by the caller."""
    uncovered = giving.approved(fund) - setting_aside.held(fund)
    return max(setting_aside.room(fund) - max(uncovered, from_minor(0, fund.currency)), from_minor(0, fund.currency))


def lock_both(one: Fund, other: Fund) -> None:
    """Hold two funds, in the order in which the ledger takes its locks."""
    for fund in sorted((one, other), key=lambda fund: fund.account_id):
        setting_aside.lock(fund)


def repay_due(*, on: dt.date) -> int:
    """Let every loan repay what is due by a day, as far as the borrower can; returns how many repaid something.

    What cannot come back stays late, for everybody to see, and is tried again.
    """
    repaid = 0
    for loan in Loan.objects.filter(amount__gt=F("repaid"), first_on__lte=on).order_by("id"):
        repaid += _repay(loan_id=loan.pk, amount=None, by=None, on=on) > 0
    return repaid


def repay_early(*, loan_id: int, amount: Money, seen: int, by: int, on: dt.date) -> Loan:
    """Repay before it is due. The same again, from what was seen before, is one repayment.

    :param seen: what had come back when the person decided, in minor units
    :raises ChangedSince: if something else has come back since
    :raises MoreThanOpen: if less is still to come back
    :raises SickPayFirst: if the borrower does not have that much to spare above its hard floor: it is voluntary
    """
    _repay(loan_id=loan_id, amount=amount, seen=seen, by=by, on=on)
    return Loan.objects.select_related("lender", "borrower").get(pk=loan_id)


def _key(loan: Loan, repaid: int) -> str:
    """What comes back after so much has."""
    return f"loan/{loan.number}/after-{repaid}"


@transaction.atomic(durable=True)
def _repay(*, loan_id: int, amount: Money | None, by: int | None, on: dt.date, seen: int | None = None) -> int:
    loan = (
        Loan.objects.select_for_update(of=("self",))
        .select_related("lender__account__currency", "borrower__account__currency")
        .get(pk=loan_id)
    )
    lock_both(loan.lender, loan.borrower)
    if seen is not None and seen != loan.repaid:
        made = balances.entry(chart.COOP, journal.entry_id_of(_key(loan, seen)))
        if made is not None and made.lines[0].amount == amount:
            return 0
        raise ChangedSince(_("Something has come back since you looked. Look again, then decide."))
    free = spare(loan.borrower)
    if amount is None:
        units = min(loan.late_on(on), minor(free))
    else:
        units = minor(amount)
        if str(amount.currency) != loan.lender.currency or units > loan.amount - loan.repaid:
            raise MoreThanOpen(_("%(open)s are still to come back.") % {"open": formats.money(loan.open)})
        free = min(free, balances.of(loan.borrower.account) - hard_floor(loan.borrower))
        if amount > free:
            raise SickPayFirst(
                _("The fund can spare %(free)s beyond its floor and what it has approved.")
                % {"free": formats.money(max(free, zero(loan.lender.currency)))}
            )
    if not units:
        return 0
    journal.post(
        kind=Kind.FUND_REPAID, key=_key(loan, loan.repaid), date=on, recorded_by=by,
        document=loan.number,
        transfers=[
            journal.move(
                from_minor(units, loan.lender.currency), debit=loan.borrower.account, credit=loan.lender.account
            )
        ],
    )  # fmt: skip
    loan.repaid += units
    loan.save(update_fields=["repaid"])
    came_back = from_minor(units, loan.lender.currency)
    trail.record(by=by, did="LOAN_REPAID", subject=loan.number, detail=trail.amount(came_back))
    return units

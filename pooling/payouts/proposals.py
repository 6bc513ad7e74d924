"""What two officers decide about a fund's money: loans, grants, money back to the surplus, shortfalls, the hard floor.

Everything here but the making up of shortfalls is voluntary: it is refused where the fund would hold less than its hard
floor afterwards, or where it has approved benefits that are not covered. Sick pay itself stops only at the floor.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from psycopg import sql

from members.governance import decisions, figures
from members.governance.models import Decision
from members.numbers import next_number
from mutual import formats
from mutual.jobs import queue
from mutual.ledger import balances, journal
from mutual.ledger.kinds import Kind
from mutual.money import Money, from_minor, minor, zero
from mutual.trail import words
from pooling import accounts, booking, setting_aside
from pooling.circles import giving
from pooling.models import Fund
from pooling.payouts import loans
from pooling.payouts.models import HardFloor, Loan, PayRun, TopUp
from pooling.treasury.models import BankAccount

TOP_UP = "SHORTFALL"
LOAN = "FUND_LOAN"
GRANT = "FUND_GRANT"
GIVE_BACK = "FUND_RETURN"
FLOOR = "HARD_FLOOR"
KINDS = {kind: words.DECISIONS[kind] for kind in (TOP_UP, LOAN, GRANT, GIVE_BACK, FLOOR)}


class ProposalRefused(Exception):
    """Nothing was changed; the message is a sentence for the person."""


class BelowHardFloor(ProposalRefused):
    """The fund would hold less than its hard floor."""


class SickPayFirst(ProposalRefused):
    """The fund has approved benefits that are not covered."""


class NothingShort(ProposalRefused):
    """The run left less than that unpaid."""


class BadTerms(ProposalRefused):
    """The terms make no sense: another currency, the same fund twice, a plan of no months."""


class NotPossibleNow(ProposalRefused):
    """The books do not allow it."""


def shortfall(run: PayRun) -> Money:
    """What a run left unpaid and no decision has made up: a memorandum, no debt."""
    return shortfalls([run])[run.pk]


def shortfalls(runs: Sequence[PayRun]) -> dict[int, Money]:
    """What each run left unpaid, by its id, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.run_id, sum(p.due + p.gift - i.amount_paid)::bigint FROM payouts_payout p "
            "JOIN claims_instalment i ON i.id = p.instalment_id AND i.state = 'PAID' WHERE p.run_id = ANY (%s) "
            "GROUP BY 1",
            [[run.pk for run in runs]],
        )
        left = dict(cursor.fetchall())
    return {run.pk: run.money(left.get(run.pk, 0)) for run in runs}


@transaction.atomic(durable=True)
def propose_top_up(*, run_id: int, amount: Money, text: str, by: int, on: dt.date) -> Decision:
    """Propose to make up a run's shortfall, wholly or in part: for all in the same proportion.

    :raises NothingShort: if the run left less than that unpaid
    """
    run = PayRun.objects.select_related("fund").get(pk=run_id)
    _is_short_of(run, amount)
    return _propose(TOP_UP, run.number, text, {"run": run_id, **_terms(amount)}, by, on)


@transaction.atomic(durable=True)
def propose_loan(
    *, lender_id: int, borrower_id: int, amount: Money, months: int, first_on: dt.date, text: str, by: int, on: dt.date
) -> Decision:
    """Propose that one fund lends another, repaid in equal parts month by month from a day on.

    :raises BadTerms: if it is one fund, another currency, no plan, or begins in the past
    :raises BelowHardFloor: if the lender would hold less than its hard floor
    :raises SickPayFirst: if the lender has approved benefits that are not covered
    """
    lender, borrower = Fund.objects.get(pk=lender_id), Fund.objects.get(pk=borrower_id)
    if lender == borrower or not lender.currency == borrower.currency == str(amount.currency):
        raise BadTerms(_("A loan is between two funds of the same currency."))
    most = figures.value("funds.loan_months", on)
    if not 1 <= months <= most or first_on <= on:
        raise BadTerms(_("It comes back in 1 to %(months)s monthly parts, the first after today.") % {"months": most})
    _may_leave(lender, amount)
    terms = {"lender": lender_id, "borrower": borrower_id, "months": months, "first_on": first_on.isoformat()}
    return _propose(LOAN, f"fund-{lender.slug}", text, terms | _terms(amount), by, on)


@transaction.atomic(durable=True)
def propose_grant(*, fund_id: int, bank_id: int, amount: Money, text: str, by: int, on: dt.date) -> Decision:
    """Propose that a fund gives money away: to another mutual, to somebody in need outside its rules.

    :raises BelowHardFloor: if the fund would hold less than its hard floor
    :raises SickPayFirst: if it has approved benefits that are not covered
    """
    fund = Fund.objects.get(pk=fund_id)
    _may_leave(fund, amount)
    return _propose(GRANT, f"fund-{fund.slug}", text, {"fund": fund_id, "bank": bank_id, **_terms(amount)}, by, on)


@transaction.atomic(durable=True)
def propose_giving_back(*, fund_id: int, amount: Money, text: str, by: int, on: dt.date) -> Decision:
    """Propose that a fund gives money back to the unallocated surplus, for the members to find it another purpose.

    :raises BelowHardFloor: if the fund would hold less than its hard floor
    :raises SickPayFirst: if it has approved benefits that are not covered
    """
    fund = Fund.objects.get(pk=fund_id)
    _may_leave(fund, amount)
    return _propose(GIVE_BACK, f"fund-{fund.slug}", text, {"fund": fund_id, **_terms(amount)}, by, on)


@transaction.atomic(durable=True)
def propose_hard_floor(*, fund_id: int, amount: Money, text: str, by: int, on: dt.date) -> Decision:
    """Propose below what a fund makes no voluntary payment.

    :raises BadTerms: if it is another currency
    """
    fund = Fund.objects.get(pk=fund_id)
    if str(amount.currency) != fund.currency or amount.amount < 0:
        raise BadTerms(_("This fund is kept in %(currency)s.") % {"currency": fund.currency})
    return _propose(FLOOR, f"fund-{fund.slug}", text, {"fund": fund_id, **_terms(amount)}, by, on)


def _terms(amount: Money) -> dict[str, Any]:
    return {"minor": minor(amount), "currency": str(amount.currency)}


def _propose(kind: str, subject: str, text: str, terms: dict[str, Any], by: int, on: dt.date) -> Decision:
    return decisions.propose(kind=kind, subject=subject, text=text, terms=terms, by=by, on=on)


def _may_leave(fund: Fund, amount: Money) -> None:
    """Whether a voluntary payment may be made; under the fund's lock where it decides."""
    if str(amount.currency) != fund.currency or amount.amount <= 0:
        raise BadTerms(_("This fund is kept in %(currency)s.") % {"currency": fund.currency})
    uncovered = giving.approved(fund) - setting_aside.held(fund)
    if uncovered.amount > 0:
        raise SickPayFirst(
            _("Benefits of %(amount)s are approved and not covered. They come first.")
            % {"amount": formats.money(uncovered)}
        )
    hard, held = loans.hard_floor(fund), balances.of(fund.account)
    if held - amount < hard:
        raise BelowHardFloor(
            _("The fund holds %(held)s; voluntary payments stop at its hard floor of %(floor)s.")
            % {"held": formats.money(held), "floor": formats.money(hard)}
        )


def _is_short_of(run: PayRun, amount: Money) -> None:
    short = shortfall(run)
    if str(amount.currency) != run.fund.currency or not zero(run.fund.currency) < amount <= short:
        raise NothingShort(_("%(short)s of this run are unpaid.") % {"short": formats.money(short)})


@transaction.atomic(durable=True)
def confirm(*, decision_id: int, kind: str, by: int, on: dt.date) -> Decision:
    """Confirm a proposal as the second officer: it is carried out exactly as proposed, or refused.

    :raises members.governance.decisions.DecisionRefused: if it was decided, or proposed by the same person
    :raises ProposalRefused: if the fund does not allow it (any more)
    """
    with decisions.deciding(decision_id, kind=kind, by=by, on=on) as decision, booking.saying(NotPossibleNow):
        _CARRY_OUT[kind](decision, decision.terms, by, on)
    return decision


def _fund(pk: int) -> Fund:
    return Fund.objects.select_related("account__currency").get(pk=pk)


def _lend(decision: Decision, terms: dict[str, Any], by: int, on: dt.date) -> None:
    lender, borrower = _fund(terms["lender"]), _fund(terms["borrower"])
    amount = from_minor(terms["minor"], terms["currency"])
    loans.lock_both(lender, borrower)
    _may_leave(lender, amount)
    loan = Loan.objects.create(
        number=next_number("L", width=4), lender=lender, borrower=borrower, amount=terms["minor"],
        months=terms["months"], first_on=dt.date.fromisoformat(terms["first_on"]), lent_on=on, decision=decision,
    )  # fmt: skip
    journal.post(
        kind=Kind.FUND_LENT, key=f"loan/{loan.number}/lent", date=on, recorded_by=by, document=loan.number,
        transfers=[journal.move(amount, debit=lender.account, credit=borrower.account)],
    )  # fmt: skip


def _grant(decision: Decision, terms: dict[str, Any], by: int, on: dt.date) -> None:
    fund, amount = _fund(terms["fund"]), from_minor(terms["minor"], terms["currency"])
    bank = BankAccount.objects.select_related("account__currency").get(pk=terms["bank"])
    setting_aside.lock(fund)
    _may_leave(fund, amount)
    journal.post(
        kind=Kind.GRANT_PAID, key=f"decision/{decision.number}/grant", date=on, recorded_by=by,
        document=decision.number, transfers=[journal.move(amount, debit=fund.account, credit=bank.account)],
    )  # fmt: skip


def _give_back(decision: Decision, terms: dict[str, Any], by: int, on: dt.date) -> None:
    fund, amount = _fund(terms["fund"]), from_minor(terms["minor"], terms["currency"])
    setting_aside.lock(fund)
    _may_leave(fund, amount)
    journal.post(
        kind=Kind.FUND_RETURNED, key=f"decision/{decision.number}/returned", date=on, recorded_by=by,
        document=decision.number,
        transfers=[journal.move(amount, debit=fund.account, credit=accounts.surplus(fund.currency))],
    )  # fmt: skip


def _set_floor(decision: Decision, terms: dict[str, Any], by: int, on: dt.date) -> None:
    HardFloor.objects.update_or_create(fund_id=terms["fund"], defaults={"amount": terms["minor"], "decision": decision})


_PARTS = """
    SELECT id, (base + CASE WHEN rank <= {amount} - whole THEN 1 ELSE 0 END)::bigint AS part
      FROM (SELECT p.id, div({amount} * left_.over, {short}) AS base,
                   row_number() OVER (ORDER BY mod({amount} * left_.over, {short}) DESC, p.id) AS rank,
                   sum(div({amount} * left_.over, {short})) OVER () AS whole
              FROM payouts_payout p JOIN claims_instalment i ON i.id = p.instalment_id AND i.state = 'PAID'
             CROSS JOIN LATERAL (SELECT (p.due + p.gift - i.amount_paid)::numeric AS over) AS left_
             WHERE p.run_id = {run} AND left_.over > 0) AS ranked
"""
_MADE_UP = """
    WITH made AS (INSERT INTO payouts_madeup (top_up_id, payout_id, amount)
                  SELECT {top_up}, parts.id, parts.part FROM ({parts}) AS parts WHERE parts.part > 0 ORDER BY parts.id
               RETURNING payout_id, amount),
    topped AS (UPDATE payouts_payout p SET topped_up = p.topped_up + made.amount FROM made WHERE made.payout_id = p.id
            RETURNING p.instalment_id, made.amount)
    UPDATE claims_instalment i SET amount_paid = i.amount_paid + topped.amount FROM topped
     WHERE topped.instalment_id = i.id
"""
_TOP_UPS = """
    SELECT {head}::text || c.number || '/' || i.place AS key, side.line, side.debit_id, side.credit_id,
           m.amount, {currency} AS currency_id, c.number::text AS document
      FROM payouts_madeup m JOIN payouts_payout p ON p.id = m.payout_id
      JOIN claims_instalment i ON i.id = p.instalment_id JOIN claims_claim c ON c.id = i.claim_id
     CROSS JOIN LATERAL (VALUES (0, {fund}::bigint, i.payable_id), (1, i.payable_id, {bank}::bigint))
        AS side (line, debit_id, credit_id)
     WHERE m.top_up_id = {top_up}
"""


def _top_up(decision: Decision, terms: dict[str, Any], by: int, on: dt.date) -> None:
    run = PayRun.objects.select_related("fund__account__currency", "bank__account").get(pk=terms["run"])
    amount = from_minor(terms["minor"], terms["currency"])
    setting_aside.lock(run.fund)
    _is_short_of(run, amount)
    if amount > loans.spare(run.fund):
        raise SickPayFirst(
            _("The fund can spare %(free)s beyond its floor and what it has approved.")
            % {"free": formats.money(loans.spare(run.fund))}
        )
    parts = sql.SQL(_PARTS).format(
        amount=sql.Literal(terms["minor"]), short=sql.Literal(minor(shortfall(run))), run=sql.Literal(run.pk)
    )
    made = TopUp.objects.create(decision=decision, run=run, amount=terms["minor"], made_on=on)
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(_MADE_UP).format(parts=parts, top_up=sql.Literal(made.pk)))
    journal.post_query(
        kind=Kind.SHORTFALL_PAID, date=on, recorded_by=by,
        query=sql.SQL(_TOP_UPS).format(
            head=sql.Literal(f"payrun/{run.number}/{decision.number}/"), top_up=sql.Literal(made.pk),
            currency=sql.Literal(run.fund.account.currency_id),
            fund=sql.Literal(run.fund.account_id), bank=sql.Literal(run.bank.account_id),
        ),
    )  # fmt: skip
    queue.after_commit("pooling.payouts.tasks.tell_made_up", decision=decision.number)


_CARRY_OUT: dict[str, Callable[[Decision, dict[str, Any], int, dt.date], None]] = {
    TOP_UP: _top_up,
    LOAN: _lend,
    GRANT: _grant,
    GIVE_BACK: _give_back,
    FLOOR: _set_floor,
}

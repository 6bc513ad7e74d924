"""What pay runs offer to pages about everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from members.governance.models import Decision
from members.models import PayoutAccount
from mutual import formats, rooms
from mutual.access import Role
from mutual.money import from_minor
from mutual.periods import Period
from pooling.claims.models import Claim
from pooling.payouts import proposals, reports
from pooling.payouts.models import PayRun

_SEEING = frozenset({Role.TREASURER, Role.AUDITOR, Role.ADMINISTRATOR})


def figures() -> Iterator[rooms.Figure]:
    """How long a loan between funds may run, and how long a bank file is kept."""
    yield rooms.Figure(
        "funds.loan_months", _("How long a loan between funds may run"), 60, 1, 240, _("months"),
        _("Loans lent before keep their plans."),
    )  # fmt: skip
    yield rooms.Figure(
        "funds.bank_file_months", _("How long a bank file can be opened"), 24, 3, 120, _("months"),
        _("Then its key is destroyed, and members' bank accounts with it. Files made before keep their day."),
    )  # fmt: skip


def navigation() -> Iterator[rooms.NavItem]:
    """The published indexes for everybody; decisions about funds for officers."""
    everybody = _SEEING | {Role.MEMBER, Role.CLAIMS_OFFICER}
    yield rooms.NavItem(_("Pay runs"), "payouts:overview", "cash-banknote", "funds", everybody, 43)
    yield rooms.NavItem(_("Decisions about funds"), "payouts:decisions", "gavel", "office", _SEEING, 59)


def home(*, member_id: int, on: dt.date, limit: int) -> Iterator[rooms.Card]:
    """Where should it be paid? For whoever has a benefit approved and named no account."""
    waiting = Claim.objects.filter(member_id=member_id, status__in=[*Claim.GOING_ON, Claim.Status.APPROVED])
    if waiting.exists() and not PayoutAccount.objects.filter(member_id=member_id).exists():
        yield rooms.Card(
            _("Where shall your benefit be paid?"), _("Name an account of yours; it is kept sealed."),
            reverse("members:payout_account"), _("Name it"), "warn", 15,
        )  # fmt: skip


def office_cards(*, roles: frozenset[Role], on: dt.date) -> Iterator[rooms.Card]:
    """Proposals that wait, runs that stopped, loans that are late."""
    if not roles & {Role.TREASURER, Role.ADMINISTRATOR}:
        return
    count = Decision.objects.filter(state=Decision.State.PROPOSED, kind__in=proposals.KINDS).count()
    if count:
        yield rooms.Card(
            _("Decisions about funds that wait for a second officer: %(count)s") % {"count": count},
            _("Read what is proposed, then confirm or decline."),
            reverse("payouts:decisions"), _("See them"), "warn", 31,
        )  # fmt: skip
    for run in PayRun.objects.select_related("fund").filter(state=PayRun.State.RUNNING, day__lt=on)[:3]:
        yield rooms.Card(
            _("%(run)s is not finished") % {"run": run.number},
            _("It began on %(day)s. Go on with it.") % {"day": formats.day(run.day)},
            reverse("payouts:run", args=[run.number]), _("See it"), "bad", 12,
        )  # fmt: skip
    for loan in reports.late_loans(on)[:3]:
        late = formats.money(from_minor(loan.late_on(on), loan.lender.currency))
        yield rooms.Card(
            _("%(loan)s is late: %(late)s") % {"loan": loan.number, "late": late},
            _("%(borrower)s should have repaid it to %(lender)s.")
            % {"borrower": loan.borrower.name, "lender": loan.lender.name},
            reverse("payouts:loans"), _("See it"), "warn", 35,
        )  # fmt: skip


def document_url(number: str) -> str | None:
    """The page of a pay run or a loan."""
    if number.startswith("PR-"):
        return reverse("payouts:run", args=[number])
    return reverse("payouts:loans") if number.startswith("L-") else None


def decision_url(kind: str, number: str) -> str | None:
    """The page of a decision about a fund's money."""
    return reverse("payouts:decision", args=[number]) if kind in proposals.KINDS else None


_CHECKS = (
    (
        "pay runs under way are covered",
        "Pay run {0} still pays {1}, but {2} are set aside.",
        """
        SELECT r.number, p.share, coalesce(-b.amount, 0) FROM payouts_payrun r JOIN pooling_fund f ON f.id = r.fund_id
          JOIN (SELECT p.run_id, sum(p.share) AS share FROM payouts_payout p
                  JOIN claims_instalment i ON i.id = p.instalment_id AND i.state = 'APPROVED' GROUP BY 1) AS p
            ON p.run_id = r.id
          LEFT JOIN (SELECT a.code, sum(b.amount) AS amount FROM ledger_account a
                       JOIN ledger_balance b ON b.account_id = a.id
                      WHERE a.book_id = 1 AND a.code LIKE 'liabilities:benefits:%' GROUP BY 1) AS b
            ON b.code = 'liabilities:benefits:' || f.slug
         WHERE r.state = 'RUNNING' AND p.share > coalesce(-b.amount, 0) LIMIT 50
        """,
    ),
    (
        "pay runs paid what they say",
        "Pay run {0} says it paid {1}, but its instalments sum to {2}.",
        """
        SELECT r.number, r.paid, p.paid FROM payouts_payrun r
          JOIN (SELECT p.run_id, sum(i.amount_paid - p.topped_up) AS paid FROM payouts_payout p
                  JOIN claims_instalment i ON i.id = p.instalment_id GROUP BY 1) AS p ON p.run_id = r.id
         WHERE r.state = 'PAID' AND r.paid <> p.paid LIMIT 50
        """,
    ),
    (
        "what decisions made up later is listed",
        "Payout {0} says that {1} were made up, but its parts sum to {2}.",
        """
        SELECT coalesce(p.id, m.payout_id), coalesce(p.topped_up, 0), coalesce(m.amount, 0)
          FROM (SELECT id, topped_up FROM payouts_payout WHERE topped_up <> 0) AS p
          FULL JOIN (SELECT payout_id, sum(amount) AS amount FROM payouts_madeup GROUP BY 1) AS m ON m.payout_id = p.id
         WHERE coalesce(p.topped_up, 0) <> coalesce(m.amount, 0) LIMIT 50
        """,
    ),
    (
        "what funds lent one another is in the journal",
        "Loan {0} says {1} and {2} came back; the journal says {3} and {4}.",
        """
        SELECT l.number, l.amount, l.repaid, coalesce(t.lent, 0), coalesce(t.repaid, 0) FROM payouts_loan l
          LEFT JOIN (SELECT document, sum(amount) FILTER (WHERE kind = 36) AS lent,
                            sum(amount) FILTER (WHERE kind = 37) AS repaid
                       FROM ledger_transfer WHERE book_id = 1 AND kind IN (36, 37) GROUP BY 1) AS t
            ON t.document = l.number
         WHERE (l.amount, l.repaid) <> (coalesce(t.lent, 0), coalesce(t.repaid, 0)) LIMIT 50
        """,
    ),
)


def findings() -> Iterator[rooms.Finding]:
    """Pay runs, instalments, loans and the ledger must say the same."""
    with connection.cursor() as cursor:
        for rule, sentence, query in _CHECKS:
            cursor.execute(query)
            for row in cursor.fetchall():
                yield rooms.Finding(rule, str(row[0]), sentence.format(*row))


def live_a_month(story: rooms.Story, period: Period) -> None:
    """Live a month of the demonstration."""
    from pooling.payouts import demo

    demo.live(story, period)

"""What claims offer to pages about everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from mutual import formats, personal, rooms
from mutual.access import Role
from mutual.ledger import balances, chart
from mutual.money import from_minor
from mutual.periods import Period
from pooling.claims import evidence
from pooling.claims.models import Certificate, Claim, Instalment, Sample

_MINE = frozenset({Role.MEMBER})
_DESK = frozenset({Role.CLAIMS_OFFICER, Role.TREASURER})


def figures() -> Iterator[rooms.Figure]:
    """What officers decide about claims beside the rules of the desk."""
    yield rooms.Figure(
        "claims.apart_months", _("How long those who traded stay apart"), 24, 6, 120, _("months"),
        _("Nobody decides about somebody she traded with, or sits on her jury, within so many months (F14)."),
    )  # fmt: skip
    yield rooms.Figure(
        "claims.ahead_days", _("How far ahead a claim can be certified"), 92, 1, 366, _("days"),
        _("A claim that goes on may be certified so many days beyond the day it comes in."),
    )  # fmt: skip
    yield rooms.Figure(
        "claims.papers_megabytes", _("How much a claim’s papers may hold"), 30, 5, 500, _("megabytes"),
        _("Files of one claim together; a single file is at most 10 megabytes."),
    )  # fmt: skip


def navigation() -> Iterator[rooms.NavItem]:
    """My claims; the desk for officers."""
    yield rooms.NavItem(_("My claims"), "claims:my_claims", "heart-handshake", "mine", _MINE, 14, ("/appeals/",))
    yield rooms.NavItem(_("Claims desk"), "claims:desk", "clipboard-check", "office", _DESK, 58)
    yield rooms.NavItem(_("What funds granted"), "claims:open_book", "scale", "books", frozenset(Role), 91)


def shortcuts() -> Iterator[rooms.NavItem]:
    """Asking a fund."""
    yield rooms.NavItem(_("Claim a benefit"), "claims:new", "heart-handshake", "mine", _MINE, 20)


def home(*, member_id: int, on: dt.date, limit: int) -> Iterator[rooms.Owed | rooms.Card | rooms.Happening]:
    """What is approved for the member and not paid; claims under way or paused; those paid or refused of late."""
    sums: dict[str, int] = {}
    for one in Instalment.objects.select_related("fund").filter(
        claim__member_id=member_id, state=Instalment.State.APPROVED
    ):
        sums[one.fund.currency] = sums.get(one.fund.currency, 0) + one.amount_due
    for unit, amount in sums.items():
        yield rooms.Owed(
            "owed", _("Benefit approved"), from_minor(amount, unit), _("paid with the next payments"),
            reverse("claims:my_claims"), 20,
        )  # fmt: skip

    mine = Claim.objects.filter(member_id=member_id)
    over = [Claim.Status.PAID, Claim.Status.REFUSED]
    latest = mine.filter(status__in=over).order_by("-decided_on", "-id").values("pk")[:limit]
    for claim in mine.filter(Q(status__in=Claim.OPEN) | Q(pk__in=latest)).order_by("-id")[:50]:
        number, url = {"number": claim.number}, reverse("claims:mine", args=[claim.number])
        if claim.status == Claim.Status.PAUSED:
            yield rooms.Card(
                _("Claim %(number)s pauses") % number,
                _("Its certificate has run out. Hand in the next one, or say that you are well again."),
                url, _("See it"), "warn", 11,
            )  # fmt: skip
        elif claim.status in (Claim.Status.SUBMITTED, Claim.Status.PROPOSED):
            yield rooms.Card(
                _("Claim %(number)s is being decided") % number,
                _("You claimed %(amount)s. Claims officers decide.") % {"amount": formats.money(claim.amount_claimed)},
                url, _("See it"), "calm", 40,
            )  # fmt: skip
        elif claim.status == Claim.Status.PAID and claim.paid_on is not None:
            yield rooms.Happening(claim.paid_on, _("Benefit paid"), claim.amount_approved, url, "heart-handshake")
        elif claim.status == Claim.Status.REFUSED and claim.decided_on is not None:
            refused = _("Claim %(number)s was refused") % number
            yield rooms.Happening(claim.decided_on, refused, None, url, "circle-x")


def office_cards(*, roles: frozenset[Role], on: dt.date) -> Iterator[rooms.Card]:
    """Claims that wait for officers."""
    if Role.CLAIMS_OFFICER in roles:
        first = Claim.objects.filter(status=Claim.Status.SUBMITTED).count()
        second = Claim.objects.filter(status=Claim.Status.PROPOSED).count()
        if first or second:
            yield rooms.Card(
                _("Claims to decide: %(count)s") % {"count": first + second},
                _("%(second)s of them wait for a second officer.") % {"second": second},
                reverse("claims:desk"), _("Decide"), "warn", 10,
            )  # fmt: skip
        certificates = Certificate.objects.filter(
            accepted_on=None, declined_on=None, claim__status__in=Claim.GOING_ON
        ).count()
        samples = Sample.objects.filter(verdict="").count()
        if certificates or samples:
            yield rooms.Card(
                _("Certificates to check: %(count)s") % {"count": certificates},
                _("Paid claims to read again: %(count)s.") % {"count": samples},
                reverse("claims:desk"), _("See them"), "warn", 10,
            )  # fmt: skip
    if Role.TREASURER in roles:
        count = Claim.objects.filter(status=Claim.Status.APPROVED).count()
        if count:
            yield rooms.Card(
                _("Claims to pay: %(count)s") % {"count": count}, _("The money is set aside."),
                reverse("payouts:overview"), _("Pay them"), "warn", 11,
            )  # fmt: skip


def facts_before_leaving(*, member_id: int, on: dt.date) -> Iterator[rooms.LeavingFact]:
    """Open claims come first."""
    count = Claim.objects.filter(member_id=member_id, status__in=Claim.OPEN).count()
    if count:
        yield rooms.LeavingFact(
            _("Open claims: %(count)s. Wait for them to be paid, or withdraw them.") % {"count": count},
            blocking=True, url=reverse("claims:my_claims"),
        )  # fmt: skip


def statement_sections(*, member_id: int, period: Period, language: str) -> Iterator[rooms.Section]:
    """Benefits: what was due and what was paid."""
    mine = chart.owned_by(member_id, book=chart.coop_book(), prefix="liabilities:claims-payable:")
    found = balances.statements(mine, period)
    with override(language):
        for account in mine:
            statement = found[account.pk]
            if not statement.lines and not statement.opening.amount:
                continue
            yield rooms.Section(
                "benefits", _("Benefits"),
                _("What was set aside for your approved claims, and what was paid."),
                account.currency.code,
                tuple(
                    rooms.SectionLine(line.date, str(line.kind.label), line.document, line.amount, line.balance)
                    for line in statement.lines
                ),
                statement.opening, statement.closing, order=30,
            )  # fmt: skip


def personal_data(*, member_id: int) -> list[dict[str, Any]]:
    """A member's claims, what was paid on each, and who looked; what is sealed is on the claim's own page."""
    found = Claim.objects.select_related("fund").prefetch_related("instalments", "certificates", "evidence")
    return [
        personal.row(one, but=["decided_before"])
        | {
            "fund": one.fund.name,
            "instalments": personal.rows(one.instalments.all()),
            "certificates": personal.rows(one.certificates.all()),
            "files": personal.rows(one.evidence.all(), but=["place"]),
            "opened": [{"what": look.what, "at": look.at.isoformat(), "why": look.why} for look in evidence.looks(one)],
        }
        for one in found.filter(member_id=member_id).order_by("id")
    ]


def document_url(number: str) -> str | None:
    """The page of a claim, for the desk."""
    return reverse("claims:decide", args=[number]) if number.startswith("C-") else None


_CHECKS = (
    (
        "no more is set aside than is approved and not paid",
        "Account {0} holds {1}, but what its fund has approved and not paid sums to {2}.",
        """
        SELECT a.id, -b.amount, coalesce(i.waiting, 0) FROM ledger_account a
          JOIN (SELECT account_id, sum(amount) AS amount FROM ledger_balance GROUP BY account_id) AS b
            ON b.account_id = a.id
          LEFT JOIN (SELECT 'liabilities:benefits:' || f.slug AS code, sum(i.amount_due) AS waiting
                       FROM claims_instalment i JOIN pooling_fund f ON f.id = i.fund_id
                      WHERE i.state = 'APPROVED' GROUP BY 1) AS i ON i.code = a.code
         WHERE a.book_id = 1 AND a.code LIKE 'liabilities:benefits:%' AND -b.amount > coalesce(i.waiting, 0) LIMIT 50
        """,
    ),
    (
        "paid claims are in the journal",
        "Claim {0} was paid {2} minor units, but the journal says {1}.",
        """
        SELECT c.number, coalesce(t.amount, 0), i.paid
          FROM claims_claim c
          JOIN (SELECT claim_id, sum(amount_paid) AS paid FROM claims_instalment
                 WHERE state = 'PAID' GROUP BY 1) AS i ON i.claim_id = c.id
          LEFT JOIN (SELECT t.document, sum(t.amount) AS amount FROM ledger_transfer t
                       JOIN ledger_account a ON a.id = t.credit_id AND a.code LIKE 'assets:bank:%'
                      WHERE t.book_id = 1 AND t.kind IN (31, 35) GROUP BY t.document) AS t ON t.document = c.number
         WHERE coalesce(t.amount, 0) <> i.paid LIMIT 50
        """,
    ),
    (
        "closed claims have nothing set aside",
        "Claim {0} is {1}, but {2} instalments of it do not fit that.",
        """
        SELECT c.number, c.status, count(*) FROM claims_claim c JOIN claims_instalment i ON i.claim_id = c.id
         WHERE (c.status IN ('PAID', 'WITHDRAWN', 'REFUSED', 'SUBMITTED', 'PROPOSED') AND i.state = 'APPROVED')
            OR (c.status IN ('SUBMITTED', 'PROPOSED', 'REFUSED') AND i.state = 'PAID')
         GROUP BY 1, 2 LIMIT 50
        """,
    ),
)


def findings() -> Iterator[rooms.Finding]:
    """Claims and the ledger must say the same."""
    with connection.cursor() as cursor:
        for rule, sentence, query in _CHECKS:
            cursor.execute(query)
            for row in cursor.fetchall():
                yield rooms.Finding(rule, str(row[0]), sentence.format(*row))


def live_a_month(story: rooms.Story, period: Period) -> None:
    """Live a month of the demonstration."""
    from pooling.claims import demo

    demo.live(story, period)

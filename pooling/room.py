"""What pooling offers to pages about everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import F, Q, Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from members.models import Member
from mutual import formats, personal, rooms
from mutual.access import Role
from mutual.ledger import balances, chart
from mutual.ledger.kinds import Kind
from mutual.money import Money, from_minor, zero
from mutual.periods import Period
from pooling import accounts, reports
from pooling.models import Charge, Credit, Fund, Payment

_MONEY = frozenset({Role.TREASURER, Role.ADMINISTRATOR, Role.AUDITOR})


def figures() -> Iterator[rooms.Figure]:
    """How long dues that were charged follow what changed since."""
    yield rooms.Figure(
        "dues.settled_days", _("How long charged dues follow changes"), 92, 31, 400, _("days"),
        _("A period that ended longer ago is not charged anew when somebody turns out to have left or joined in it."),
    )  # fmt: skip


def navigation() -> Iterator[rooms.NavItem]:
    """Funds and dues for everybody, arrears and payments for officers."""
    everybody = frozenset({Role.MEMBER}) | _MONEY | {Role.CLAIMS_OFFICER}
    yield rooms.NavItem(_("My dues"), "pooling:my_dues", "calendar-due", "mine", frozenset({Role.MEMBER}), 12,
                        ("/me/buffers/", "/me/band/"))  # fmt: skip
    yield rooms.NavItem(_("Funds"), "pooling:funds", "umbrella", "funds", everybody, 40, ("/rules/", "/founding/"))
    yield rooms.NavItem(_("Dues"), "pooling:dues", "calendar-month", "office", _MONEY, 60, ("/easing/",))
    yield rooms.NavItem(_("Payments"), "pooling:payments", "cash", "office", _MONEY, 61)
    yield rooms.NavItem(_("Arrears"), "pooling:arrears", "hourglass", "office", _MONEY, 62)


def shortcuts() -> Iterator[rooms.NavItem]:
    """Recording a payment."""
    writers = frozenset({Role.TREASURER, Role.ADMINISTRATOR})
    yield rooms.NavItem(_("Record a payment"), "pooling:payment_new", "cash", "office", writers, 30)


def office_tiles(*, roles: frozenset[Role], on: dt.date) -> Iterator[rooms.Tile]:
    """What the funds hold, what members owe and what of it is late."""
    unit = settings.COOPERATIVE_CURRENCY
    if roles & (_MONEY | {Role.CLAIMS_OFFICER}):
        accounts_of = [one.account for one in Fund.objects.select_related("account__currency").filter(closed_on=None)]
        held = sum((one for one in balances.of_many(accounts_of).values() if str(one.currency) == unit), zero(unit))
        yield rooms.Tile(_("In the funds"), held, url=reverse("pooling:funds"), hint=_("See them"),
                         icon="umbrella", order=20)  # fmt: skip
    if roles & _MONEY:
        still = F("amount") - F("paid") - F("written_off")
        owed = Charge.objects.filter(
            amount__gt=F("paid") + F("written_off"), version__amount_currency=unit
        ).aggregate(all=Sum(still, default=0), late=Sum(still, filter=Q(due_on__lt=on), default=0))  # fmt: skip
        late = from_minor(owed["late"], unit)
        yield rooms.Tile(
            _("Owed by members"), from_minor(owed["all"], unit), url=reverse("pooling:arrears"), icon="hourglass",
            hint=_("%(late)s of it late") % {"late": formats.money(late)}, tone="warn" if owed["late"] else "",
            order=30,
        )  # fmt: skip


def on_admitted(*, member_id: int, number: str, currency: str, on: dt.date) -> None:
    """Open the new member's dues and claims accounts."""
    accounts.open_for([(member_id, number, currency)])


def on_admitted_many(*, members: Sequence[tuple[int, str, str]]) -> None:
    """Open many members' accounts at once; members as (id, number, currency)."""
    accounts.open_for(members)


def _open(member_id: int) -> list[Charge]:
    found = Charge.objects.select_related("version").filter(
        member_id=member_id, amount__gt=F("paid") + F("written_off")
    )
    return list(found.order_by("charged_on", "id")[:600])


def _sum(charges: Sequence[Charge]) -> dict[str, Money]:
    sums: dict[str, Money] = {}
    for charge in charges:
        sums[charge.currency] = sums.get(charge.currency, zero(charge.currency)) + charge.still_open
    return sums


def _ahead(member_id: int) -> list[Money]:
    held = balances.held_by(member_id, book=chart.COOP, prefix="liabilities:prepayments:")
    return [one.amount for one in held if one.amount.amount]


def home(*, member_id: int, on: dt.date, limit: int) -> Iterator[rooms.Owed | rooms.Card | rooms.Happening]:
    """Open dues and what is late of them; what was paid ahead; charges and payments of late."""
    mine = Charge.objects.filter(member_id=member_id)
    latest = mine.order_by("-charged_on", "-id").values("pk")[:limit]
    charges = list(
        mine.select_related("version").filter(Q(amount__gt=F("paid") + F("written_off")) | Q(pk__in=latest))
        .order_by("charged_on", "id")[:600]
    )  # fmt: skip
    still = [charge for charge in charges if charge.still_open.amount > 0]
    late = [charge for charge in still if charge.due_on < on]
    url = reverse("pooling:my_dues")
    for amount in _sum(still).values():
        note = _("overdue") if late else _("due on %(day)s") % {"day": formats.day(still[0].due_on)}
        yield rooms.Owed("owe", _("Dues"), amount, note, url, 10)
    for amount in _ahead(member_id):
        yield rooms.Owed("hold", _("Paid ahead"), amount, _("used at the next charge"), url, 50)
    for amount in _sum(late).values():
        yield rooms.Card(
            _("Dues are overdue: %(amount)s") % {"amount": formats.money(amount)},
            _("The oldest since %(day)s. Pay by bank transfer with your member number; it is recorded by hand.")
            % {"day": formats.day(late[0].due_on)},
            url, _("See my dues"), "warn", 20,
        )  # fmt: skip
    for charge in charges[-limit:]:
        text = _("Dues of %(period)s") % {"period": charge.period_words}
        yield rooms.Happening(charge.charged_on, text, -charge.total, url, "calendar-due")
    payments = Payment.objects.filter(member_id=member_id, status=Payment.Status.RECORDED)
    for payment in payments.order_by("-received_on", "-id")[:limit]:
        yield rooms.Happening(payment.received_on, _("You paid"), payment.amount, url, "cash")


def office_cards(*, roles: frozenset[Role], on: dt.date) -> Iterator[rooms.Card]:
    """Payments that wait to be placed."""
    if roles & {Role.TREASURER, Role.ADMINISTRATOR}:
        count = Payment.objects.filter(status=Payment.Status.UNPLACED).count()
        if count:
            yield rooms.Card(
                _("Payments nobody could place: %(count)s") % {"count": count},
                _("Give each to the member it is from."),
                reverse("pooling:payments"), _("Place them"), "warn", 40,
            )  # fmt: skip


def facts_before_leaving(*, member_id: int, on: dt.date) -> Iterator[rooms.LeavingFact]:
    """Open dues stay a debt; what was paid ahead is paid back."""
    for amount in _sum(_open(member_id)).values():
        yield rooms.LeavingFact(
            _("You owe %(amount)s of dues. Pay them, or ask the office.") % {"amount": formats.money(amount)},
            blocking=True, url=reverse("pooling:my_dues"),
        )  # fmt: skip
    for amount in _ahead(member_id):
        yield rooms.LeavingFact(
            _("You paid %(amount)s ahead; the office pays it back.") % {"amount": formats.money(amount)},
            blocking=True, url=reverse("pooling:my_dues"),
        )  # fmt: skip


def statement_sections(*, member_id: int, period: Period, language: str) -> Iterator[rooms.Section]:
    """Dues with a running debt, which fund each payment went to, and what was paid ahead."""
    coop = chart.coop_book()
    mine = chart.owned_by(member_id, book=coop)
    sorts = {account.pk: account.code.rpartition(":")[0] for account in mine}
    found = balances.statements(mine, period)
    with override(language):
        for account in mine:
            statement = found[account.pk]
            if not statement.lines and not statement.opening.amount:
                continue
            unit = account.currency.code
            if sorts[account.pk] == "assets:dues-receivable":
                why = _explanations(member_id, period)
                yield rooms.Section(
                    "dues", _("Dues"), _("What you were charged and what you paid. The balance is what you owe."),
                    unit,
                    tuple(
                        rooms.SectionLine(
                            line.date, _line_text(line.kind), line.document, line.amount, line.balance,
                            why.get((line.kind, line.document, line.date, line.amount), ""),
                        )
                        for line in statement.lines
                    ),
                    statement.opening, statement.closing, order=10,
                )  # fmt: skip
            elif sorts[account.pk] == "liabilities:prepayments":
                yield rooms.Section(
                    "prepayments", _("Paid ahead"), _("What you paid beyond your charges; it pays the next ones."),
                    unit,
                    tuple(
                        rooms.SectionLine(
                            line.date, _line_text(line.kind), line.document, line.amount, line.balance
                        )
                        for line in statement.lines
                    ),
                    statement.opening, statement.closing, order=12,
                )  # fmt: skip
        yield from _fund_shares(member_id, period)


def _explanations(member_id: int, period: Period) -> dict[tuple[Kind, str, dt.date, Money], str]:
    """How charges that are not simply whole, and credits, came about: by kind, document, day and amount."""
    charges = Charge.objects.select_related("version__plan").prefetch_related("version__rates")
    found = charges.filter(
        member_id=member_id, explanation__isnull=False, charged_on__gte=period.start, charged_on__lt=period.end
    )
    why = {
        (Kind.DUES_CHARGED, one.document, one.charged_on, one.total): "; ".join(reports.explain(one))
        for one in found[:500]
    }
    credits = Credit.objects.select_related("charge__version").filter(
        charge__member_id=member_id, made_on__gte=period.start, made_on__lt=period.end, open_part__gt=0
    )
    for credit in credits[:500]:
        kind = Kind.DUES_WORKED if credit.source == Credit.Source.WORK else Kind.DUES_CREDITED
        amount = -from_minor(credit.open_part, credit.charge.currency)
        why[kind, credit.charge.document, credit.made_on, amount] = reports.explain_credit(credit)
    return why


def _line_text(kind: Kind) -> str:
    return str(kind.label)


def _fund_shares(member_id: int, period: Period) -> Iterator[rooms.Section]:
    """What a member's payments put into each fund and into running costs, less what credits took out again.

    From the transfers between her deferred dues (or what she paid ahead, for credits) and the funds.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.booked_on, t.document, f.code LIKE 'liabilities:buffer:%%', coalesce(p.name, ''),
                   CASE WHEN t.debit_id = d.id THEN t.amount ELSE -t.amount END, c.code
              FROM ledger_account d
              JOIN ledger_currency c ON c.id = d.currency_id
              JOIN ledger_transfer t ON t.book_id = d.book_id AND (t.debit_id = d.id OR t.credit_id = d.id)
              JOIN ledger_account f ON f.id = CASE WHEN t.debit_id = d.id THEN t.credit_id ELSE t.debit_id END
              LEFT JOIN pooling_fund p ON p.account_id = f.id OR p.slug = split_part(f.code, ':', 3)
                        AND f.code LIKE 'liabilities:buffer:%%' AND p.currency = c.code
             WHERE d.owner_id = %s AND d.book_id = %s AND t.kind NOT IN (18, 72)
               AND (d.code LIKE 'liabilities:dues-deferred:%%' OR d.code LIKE 'liabilities:prepayments:%%')
               AND t.booked_on >= %s AND t.booked_on < %s
               AND (f.code LIKE 'equity:fund:%%' OR f.code LIKE 'liabilities:buffer:%%'
                    OR f.code = 'income:running-costs')
             ORDER BY t.booked_on, t.id LIMIT 5000
            """,
            [member_id, chart.COOP, period.start, period.end],
        )
        rows = cursor.fetchall()
    by_unit: dict[str, list[rooms.SectionLine]] = {}
    totals: dict[tuple[str, str], Money] = {}
    for day, document, buffer, name, amount, unit in rows:
        target = (_("Own buffer, %(fund)s") % {"fund": name} if buffer else name) or _("Running costs")
        money = from_minor(int(amount), unit)
        totals[unit, target] = totals.get((unit, target), zero(unit)) + money
        held = by_unit[unit][-1].balance if unit in by_unit else zero(unit)
        assert held is not None
        by_unit.setdefault(unit, []).append(rooms.SectionLine(day, target, document, money, held + money))
    for unit, lines in by_unit.items():
        whole = sum((line.amount for line in lines), zero(unit))
        yield rooms.Section(
            "fund-shares", _("Where your dues went"),
            _("Each payment by the shares of your plan. A share in a fund is a contribution, not a deposit."),
            unit, tuple(lines), zero(unit), whole,
            figures=tuple(
                rooms.KeyFigure(target, amount) for (of, target), amount in sorted(totals.items()) if of == unit
            ),
            order=11,
        )  # fmt: skip


def personal_data(*, member_id: int) -> dict[str, Any]:
    """A member's charges, payments and plans."""
    member = Member.objects.get(pk=member_id)
    charges = Charge.objects.select_related("version").filter(member=member).order_by("charged_on", "id")
    return {
        "charges": [
            personal.row(one)
            | {"amount": str(one.total.amount), "currency": one.currency, "open": str(one.still_open.amount)}
            for one in charges
        ],
        "credits": personal.rows(Credit.objects.filter(charge__member=member).order_by("id")),
        "payments": personal.rows(Payment.objects.filter(member=member).order_by("received_on", "id")),
        "plans": [
            personal.row(one) | {"plan": one.plan.name} for one in member.plans.select_related("plan").order_by("since")
        ],
    }


def document_url(number: str) -> str | None:
    """The page of a payment or of a period's dues."""
    if number.startswith("P-"):
        return reverse("pooling:payment", args=[number])
    return reverse("pooling:dues") if number.startswith("DUES-") else None


_CHECKS = (
    (
        "open charges are what members owe",
        "Account {0} says {1}, but the open charges of its member sum to {2}.",
        """
        SELECT a.receivable_id, b.amount, coalesce(ch.open, 0) FROM pooling_duesaccounts a
          JOIN ledger_balance b ON b.account_id = a.receivable_id AND b.stripe = 0
          LEFT JOIN (SELECT member_id, sum(amount - paid - written_off) AS open FROM pooling_charge
                      WHERE amount > paid + written_off GROUP BY member_id) AS ch ON ch.member_id = a.member_id
         WHERE b.amount <> coalesce(ch.open, 0) LIMIT 50
        """,
    ),
    (
        "what is charged and not paid is deferred",
        "Account {0} holds {1}, but the open charges of its member sum to {2}.",
        """
        SELECT a.deferred_id, -b.amount, coalesce(ch.open, 0) FROM pooling_duesaccounts a
          JOIN ledger_balance b ON b.account_id = a.deferred_id AND b.stripe = 0
          LEFT JOIN (SELECT member_id, sum(amount - paid - written_off) AS open FROM pooling_charge
                      WHERE amount > paid + written_off GROUP BY member_id) AS ch ON ch.member_id = a.member_id
         WHERE -b.amount <> coalesce(ch.open, 0) LIMIT 50
        """,
    ),
    (
        "a charge's paid part is its placements",
        "Charge {0} says {1} is paid, but its placements sum to {2}.",
        """
        SELECT ch.id, ch.paid, coalesce(p.amount, 0) FROM pooling_charge ch
          FULL JOIN (SELECT charge_id, sum(amount - taken) AS amount FROM pooling_placement WHERE undone_on IS NULL
                      GROUP BY charge_id) AS p ON p.charge_id = ch.id
         WHERE coalesce(ch.paid, -1) <> coalesce(p.amount, 0) LIMIT 50
        """,
    ),
    (
        "credits are in the journal",
        "Credit {0} gives up {1}, but its entry moved {2}.",
        """
        SELECT c.key, c.open_part + c.paid_part, coalesce(t.moved, 0) FROM pooling_credit c
          LEFT JOIN LATERAL (SELECT sum(t.amount) AS moved FROM ledger_transfer t
                              WHERE t.book_id = 1 AND t.id >= ledger_line_id(1, c.key, 0)
                                AND t.id <= ledger_line_id(1, c.key, 65535)) AS t ON true
         WHERE c.open_part + c.paid_part <> coalesce(t.moved, 0) LIMIT 50
        """,
    ),
    (
        "what credits gave up is not owed any more",
        "Of charge {0} {1} are given up, but its credits gave up {2}.",
        """
        SELECT ch.id, ch.written_off, c.given FROM pooling_charge ch
          JOIN (SELECT charge_id, sum(open_part + paid_part) AS given FROM pooling_credit WHERE undone_on IS NULL
                 GROUP BY charge_id) AS c ON c.charge_id = ch.id
         WHERE ch.written_off < c.given LIMIT 50
        """,
    ),
    (
        "suspense is what is not placed",
        "Suspense holds {0}, but the unplaced payments sum to {1}.",
        """
        SELECT s.held, coalesce(p.waiting, 0) FROM (
            SELECT c.code, -sum(b.amount) AS held FROM ledger_account a JOIN ledger_currency c ON c.id = a.currency_id
              JOIN ledger_balance b ON b.account_id = a.id WHERE a.book_id = 1 AND a.code = 'liabilities:suspense'
             GROUP BY c.code) AS s
          FULL JOIN (SELECT amount_currency AS code, sum((amount * (10::numeric ^ c.decimals))::bigint) AS waiting
                       FROM pooling_payment JOIN ledger_currency c ON c.code = amount_currency
                      WHERE status = 'UNPLACED' GROUP BY 1) AS p ON p.code = s.code
         WHERE coalesce(s.held, 0) <> coalesce(p.waiting, 0)
        """,
    ),
)


def findings() -> Iterator[rooms.Finding]:
    """Charges, placements and suspense must say what the ledger says."""
    with connection.cursor() as cursor:
        for rule, sentence, query in _CHECKS:
            cursor.execute(query)
            for row in cursor.fetchall():
                yield rooms.Finding(rule, str(row[0]), sentence.format(*row))


def begin_demo(story: rooms.Story) -> None:
    """Open the demonstration's funds and plan."""
    from pooling import demo

    demo.begin(story)


def live_a_month(story: rooms.Story, period: Period) -> None:
    """Live a month of the demonstration."""
    from pooling import demo

    demo.live(story, period)
    if (period.start - story.first_day).days in range(150, 182):
        demo.floors(story)

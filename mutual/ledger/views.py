"""The auditor's pages: from a balance to the entry, to the document, and to who approved it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from mutual import charts, clock, formats, people, periods, rooms, tables
from mutual.access import Role, roles
from mutual.ledger import balances, chart, forms, reports
from mutual.ledger.kinds import AccountType
from mutual.ledger.models import Account, Book
from mutual.money import Money
from mutual.pages import downloads
from mutual.periods import Period
from mutual.trail import trail
from mutual.trail.reports import lines as deed_lines

READERS = (Role.AUDITOR, Role.TREASURER, Role.ADMINISTRATOR)
OPEN_BOOKS = (chart.COOP, chart.BARTER)
"""The books read here. A member's own book is hers alone: asking for it finds nothing."""

STATEMENT_LINES = 300


def _book(form: forms.BookForm) -> Book:
    return chart.barter_book() if form.cleaned_data.get("book") == "barter" else chart.coop_book()


def _asked(form_class: type[forms.BookForm], request: HttpRequest, **initial: Any) -> tuple[Any, bool]:
    """The form, bound to the address; where it asks nonsense, the page says so and shows what it shows unasked."""
    form = form_class(request.GET or None, initial=initial)
    valid = form.is_valid() if request.GET else True
    if not request.GET:
        form.cleaned_data = {}
    return form, valid


def _month() -> Period:
    return periods.month(clock.today())


def _address(**parts: Any) -> str:
    return "?" + urlencode({name: value for name, value in parts.items() if value not in (None, "")})


@roles(*READERS)
@require_GET
def journal(request: HttpRequest) -> HttpResponse:
    """Entries, newest first, by period, kind, account and document."""
    form, valid = _asked(forms.JournalForm, request, period=_month())
    asked = form.cleaned_data
    book = _book(form)
    period = asked.get("period") or (periods.year(clock.today()) if asked.get("document") else _month())
    page = reports.JournalPage((), "")
    if valid:
        try:
            page = reports.journal(
                book=book,
                period=period,
                kind=asked.get("kind"),
                account=asked.get("account") or "",
                document=asked.get("document") or "",
                before=request.GET.get("before", ""),
            )
        except reports.BadCursor:
            raise Http404 from None
    kept = {
        "book": asked.get("book"),
        "period": period.label,
        "kind": int(asked["kind"]) if asked.get("kind") else None,
        "account": asked.get("account"),
        "document": asked.get("document"),
    }
    return render(
        request,
        "ledger/journal.html",
        {
            "form": form,
            "book": book,
            "period": period,
            "page": page,
            "people": people.names(entry.recorded_by for entry in page.entries),
            "older_url": _address(**kept, before=page.older) if page.older else "",
            "newer_url": _address(**kept) if request.GET.get("before") else "",
            "previous_url": _address(**{**kept, "period": _shifted(period, -1)}),
            "next_url": _address(**{**kept, "period": _shifted(period, 1)}),
        },
    )


def _shifted(period: Period, by: int) -> str:
    try:
        return (period.next() if by > 0 else period.previous()).label
    except (ValueError, OverflowError):
        return period.label


@roles(*READERS)
@require_GET
def entry(request: HttpRequest, book: str, entry_id: uuid.UUID) -> HttpResponse:
    """One entry: debits and credits, its document, who recorded it, who decided it, and what undid it."""
    number = {"coop": chart.COOP, "barter": chart.BARTER}[book]
    found = balances.entry(number, entry_id)
    if found is None:
        raise Http404
    parts = reports.entry_sides(found)
    deeds = trail.about(found.document) if found.document else []
    return render(
        request,
        "ledger/entry.html",
        {
            "entry": found,
            "book_code": book,
            "kind": found.kind.label,
            "sides": parts,
            "totals": reports.entry_totals(parts),
            "document_url": rooms.document_url(found.document, roles=request.user.roles) if found.document else None,  # type: ignore[union-attr]
            "people": people.names([found.recorded_by, *(deed.by for deed in deeds)]),
            "deeds": deed_lines(deeds),
            "labels": chart.labels(side.account_id for side in parts),
        },
    )


@roles(*READERS)
@require_GET
def accounts(request: HttpRequest) -> HttpResponse:
    """Every account of a book with what it holds now."""
    form, valid = _asked(forms.AccountsForm, request)
    asked = form.cleaned_data
    after = request.GET.get("after", "")[:140].replace("\x00", "")
    page = reports.AccountPage((), "")
    if valid:
        page = reports.accounts(
            book=_book(form), beginning=asked.get("beginning") or "", type=asked.get("type"), after=after
        )
    kept = {
        "book": asked.get("book"),
        "type": int(asked["type"]) if asked.get("type") else None,
        "beginning": asked.get("beginning"),
    }
    return render(
        request,
        "ledger/accounts.html",
        {
            "form": form,
            "page": page,
            "older_url": _address(**kept, after=page.after) if page.after else "",
            "newer_url": _address(**kept) if after else "",
        },
    )


@roles(*READERS)
@require_GET
def account(request: HttpRequest, account_id: int) -> HttpResponseBase:
    """One account: its statement with a running balance, and its year as a line. As a file: up to 100,000 lines."""
    found = reports.account(account_id, books=OPEN_BOOKS)
    if found is None:
        raise Http404
    usual = _month() if found.busy else periods.year(clock.today())
    form = forms.StatementForm(request.GET or None, initial={"period": usual})
    valid = bool(request.GET) and form.is_valid()
    period = (form.cleaned_data.get("period") if valid else None) or usual
    if downloads.wanted(request):
        if not valid:
            raise Http404
        return _statement_file(request, found, period)
    return render(
        request,
        "ledger/account.html",
        {
            "account": found,
            "book_code": found.book.code,
            "label": chart.labels([found.pk]).get(found.pk, ""),
            "type": AccountType(found.type).label,
            "form": form,
            "period": period,
            "until": period.until(clock.today()),
            "statement": balances.statement(found, period, limit=STATEMENT_LINES),
            "held": balances.of(found),
            "chart": _year_of(found),
            "previous_url": _address(period=_shifted(period, -1)),
            "next_url": _address(period=_shifted(period, 1)),
        },
    )


def _statement_file(request: HttpRequest, account: Account, period: Period) -> HttpResponseBase:
    statement = balances.statement(account, period, limit=100_000)

    def lines() -> Iterator[tuple[tables.Cell, ...]]:
        unit = account.currency.code
        yield period.start, "", "opening", unit, None, statement.opening, None
        for line in statement.lines:
            yield line.date, line.document, line.kind.name, unit, line.amount, line.balance, line.entry_id
        yield period.until(clock.today()), "", "closing", unit, None, statement.closing, None

    heading = ["date", "document", "kind", "currency", "amount", "balance", "entry"]
    return downloads.table(request, f"account-{abs(account.pk)}-{period.label}", heading, lines())


def _year_of(account: Account) -> charts.Chart:
    """What the account held at the end of each of the last twelve months, today last."""
    today = clock.today()
    days = [today]
    first = periods.month(today).start
    for _step in range(11):
        first = periods.month(first - dt.timedelta(days=1)).start
        days.insert(0, periods.month(first).last_day)
    held = balances.history(account, days)
    unit = account.currency.code
    return charts.line(
        title=_("Balance over the last twelve months"),
        labels=[formats.period(periods.month(day)) for day in days],
        series=[charts.Series(_("Balance"), tuple(money.amount for money in held))],
        words=lambda value: formats.money(Money(value, unit)),
        of=_("End of"),
    )


@roles(*READERS)
@require_GET
def trial_balance(request: HttpRequest) -> HttpResponseBase:
    """Every account on a day, members' accounts of one sort in one line; debits equal credits.

    As a file: account by account.
    """
    form, valid = _asked(forms.DayForm, request, on=clock.today())
    day = (form.cleaned_data.get("on") if valid else None) or clock.today()
    book = _book(form) if valid else chart.coop_book()
    if downloads.wanted(request):
        if not valid:
            raise Http404
        heading = ["account", "type", "currency", "debit", "credit"]
        lines = (
            (line.code, line.type.name.lower(), line.currency, line.debit, line.credit)
            for line in balances.trial_balance(book, day).lines
        )
        return downloads.table(request, f"trial-balance-{book.code}-{day}", heading, lines)
    trial = balances.trial_balance_grouped(book, day)
    return render(
        request,
        "ledger/trial_balance.html",
        {
            "form": form,
            "book": book,
            "day": day,
            "groups": [
                (kind.label, [line for line in trial.lines if line.type == kind])
                for kind in AccountType
                if any(line.type == kind for line in trial.lines)
            ],
            "totals": sorted(trial.totals.items()),
            "wrong": reports.unbalanced(trial),
        },
    )


@roles(*READERS)
@require_GET
def sheets(request: HttpRequest) -> HttpResponse:
    """Income and expense of a period, and what is owned, owed and kept at its end."""
    form, valid = _asked(forms.PeriodForm, request, period=periods.year(clock.today()))
    period = (form.cleaned_data.get("period") if valid else None) or periods.year(clock.today())
    book = _book(form) if valid else chart.coop_book()
    income = balances.income(book, period)
    sheet = balances.balance_sheet(book, period.last_day)
    earned, spent = reports.income_parts(income, income=_("Income"), expense=_("Expense"))
    assets, liabilities, equity, running = reports.sheet_parts(
        sheet,
        assets=_("What we have"),
        liabilities=_("What we owe"),
        equity=_("What is ours together"),
        running=_("Earned and not yet closed"),
    )
    return render(
        request,
        "ledger/sheets.html",
        {
            "form": form,
            "book": book,
            "period": period,
            "today": clock.today(),
            "earned": earned,
            "spent": spent,
            "result": tuple(income.result.values()),
            "assets": assets,
            "liabilities": liabilities,
            "equity": equity,
            "running": running,
            "balance": reports.both_sides(assets, liabilities, equity, running),
            "previous_url": _address(book=form.cleaned_data.get("book"), period=_shifted(period, -1)),
            "next_url": _address(book=form.cleaned_data.get("book"), period=_shifted(period, 1)),
        },
    )


@roles(*READERS)
@require_GET
def checks(request: HttpRequest) -> HttpResponse:
    """Whether the books hold: the last audits, and the sealed days."""
    form, valid = _asked(forms.BookForm, request)
    book = _book(form) if valid else chart.coop_book()
    try:
        before = dt.date.fromisoformat(request.GET["before"]) if request.GET.get("before") else None
    except ValueError:
        raise Http404 from None
    page = reports.sealed_days(book=book, before=before)
    return render(
        request,
        "ledger/checks.html",
        {
            "form": form,
            "book": book,
            "audits": reports.audits(),
            "backups": reports.backups(),
            "page": page,
            "older_url": _address(book=book.code, before=page.older) if page.older else "",
            "newer_url": _address(book=book.code) if before else "",
        },
    )

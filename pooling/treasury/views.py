"""Pages about the cooperative's own money."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms as django_forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from members.governance import pages as proposing
from members.governance.models import Decision
from mutual import access, clock, formats
from mutual.access import Role
from mutual.ledger import audit, balances, chart, journal
from mutual.pages import downloads
from mutual.pages import forms as pages
from mutual.periods import Period, add_months, month
from pooling import reports
from pooling.dunning import limitation
from pooling.models import Charge
from pooling.treasury import banks, corrections, forms, items, months
from pooling.treasury.models import BankAccount, Item

PAGE = 50
MONEY = (Role.TREASURER, Role.ADMINISTRATOR)
SEEING = (*MONEY, Role.AUDITOR)


def _can_write(request: HttpRequest) -> bool:
    return bool(request.user.roles & set(MONEY))  # type: ignore[union-attr]


@access.roles(*SEEING)
@require_GET
def bank_list(request: HttpRequest) -> HttpResponse:
    """Every bank account: our balance beside the bank's own."""
    context = {"rows": reports.bank_differences(clock.today()), "can_write": _can_write(request)}
    return render(request, "treasury/banks.html", context)


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def bank_new(request: HttpRequest) -> HttpResponse:
    """Open a bank account in the books."""
    form = forms.BankForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            banks.open_account(
                **form.cleaned_data, currency=settings.COOPERATIVE_CURRENCY, by=access.acting(request),
                on=clock.today(),
            )  # fmt: skip
        except banks.BankRefused as refused:
            form.add_error("name", str(refused))
        else:
            messages.success(request, _("The account is open. Propose its opening balance next."))
            return redirect("treasury:banks")
    return pages.page(
        request, form, heading=_("Add a bank account"), lead=_("It can never be overdrawn in the books."),
        submit=_("Add it"), back=reverse("treasury:banks"), back_words=_("Bank"),
    )  # fmt: skip


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def bank_move(request: HttpRequest) -> HttpResponse:
    """Move money between own accounts."""
    form = forms.MoveForm(request.POST or None, initial={"day": clock.today()})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            banks.move(
                source_id=said["source"].pk, target_id=said["target"].pk, amount=said["amount"], on=said["day"],
                form_key=said["form_key"], by=access.acting(request),
            )  # fmt: skip
        except banks.BankRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Moved."))
            return redirect("treasury:banks")
    return pages.page(
        request, form, heading=_("Move money"), lead=_("Between the cooperative's own accounts."), submit=_("Move it"),
        back=reverse("treasury:banks"), back_words=_("Bank"),
    )  # fmt: skip


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def bank_says(request: HttpRequest) -> HttpResponse:
    """Write down what the bank says."""
    form = forms.BalanceForm(request.POST or None, initial={"day": clock.today(), "bank": request.GET.get("bank")})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            banks.note_balance(
                bank_id=said["bank"].pk, day=said["day"], amount=said["amount"], by=access.acting(request)
            )
        except banks.BankRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Noted. The difference to the books stands beside it."))
            return redirect("treasury:banks")
    return pages.page(
        request, form, heading=_("What the bank says"), lead=_("The balance on the bank's own statement."),
        submit=_("Note it"), back=reverse("treasury:banks"), back_words=_("Bank"),
    )  # fmt: skip


@access.roles(*SEEING)
@require_GET
def item_list(request: HttpRequest) -> HttpResponseBase:
    """Costs and other income, newest first."""
    found = Item.objects.select_related("category", "bank").order_by("-booked_on", "-id")
    if downloads.wanted(request):
        heading = (
            "number", "booked on", "cost or income", "category", "currency", "amount", "what for", "voucher",
            "bank account", "state",
        )  # fmt: skip
        rows = (
            (
                one.number, one.booked_on, one.category.kind.lower(), one.category.name, str(one.amount.currency),
                one.amount, one.text, one.voucher, one.bank.name, one.status,
            )
            for one in found.iterator(chunk_size=2000)
        )  # fmt: skip
        return downloads.table(request, f"costs-and-income-{clock.today()}", heading, rows)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return render(request, "treasury/items.html", {"page": page, "can_write": _can_write(request)})


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def item_new(request: HttpRequest) -> HttpResponse:
    """Record a cost or an income."""
    form = forms.ItemForm(request.POST or None, initial={"booked_on": clock.today()})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            item = items.record(
                category_id=said["category"].pk, bank_id=said["bank"].pk, amount=said["amount"],
                booked_on=said["booked_on"], text=said["text"], voucher=said["voucher"], form_key=said["form_key"],
                by=access.acting(request),
            )  # fmt: skip
        except items.ItemRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("%(item)s is recorded.") % {"item": item.number})
            return redirect("treasury:items")
    return pages.page(
        request, form, heading=_("Record a cost or an income"), lead=_("What the cooperative itself spends or earns."),
        submit=_("Record it"), back=reverse("treasury:items"), back_words=_("Costs and income"),
    )  # fmt: skip


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def category_new(request: HttpRequest) -> HttpResponse:
    """Open a category."""
    form = forms.CategoryForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            items.open_category(**form.cleaned_data, by=access.acting(request))
        except items.ItemRefused as refused:
            form.add_error("name", str(refused))
        else:
            messages.success(request, _("The category is there."))
            return redirect("treasury:item_new")
    return pages.page(
        request, form, heading=_("Add a category"), lead=_("Each has an account of its own in the books."),
        submit=_("Add it"), back=reverse("treasury:items"), back_words=_("Costs and income"),
    )  # fmt: skip


@access.roles(*SEEING)
@require_GET
def item_page(request: HttpRequest, number: str) -> HttpResponse:
    """One cost or income."""
    item = get_object_or_404(Item.objects.select_related("category", "bank"), number=number)
    entry = journal.entry_id_of(f"item/{item.number}/recorded")
    return render(request, "treasury/item.html", {"item": item, "entry": entry, "can_write": _can_write(request)})


@access.roles(*SEEING)
@require_GET
def correction_list(request: HttpRequest) -> HttpResponse:
    """What two officers decide together: waiting ones first."""
    return proposing.decision_lists(
        request, "treasury/corrections.html", kinds=corrections.KINDS, view="treasury:correction", writers=MONEY
    )


@access.roles(*SEEING)
@require_http_methods(["GET", "POST"])
def correction_page(request: HttpRequest, number: str) -> HttpResponse:
    """One proposal: confirm or decline it as the second officer."""
    return proposing.decision_page(
        request, number, kinds=corrections.KINDS, writers=MONEY, confirm=corrections.confirm,
        refused=(corrections.CorrectionRefused,), facts=reports.terms, back=reverse("treasury:corrections"),
        back_words=_("Corrections"),
    )  # fmt: skip


def _propose(
    request: HttpRequest,
    form: django_forms.Form,
    act: Callable[[dict[str, Any]], Decision],
    *,
    heading: str,
    lead: str,
    note: str = "",
) -> HttpResponse:
    return proposing.propose(
        request, form, act, refused=corrections.CorrectionRefused,
        then=lambda made: reverse("treasury:correction", args=[made.number]), heading=heading, lead=lead,
        back=reverse("treasury:corrections"), back_words=_("Corrections"), note=note,
    )  # fmt: skip


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def propose_opening(request: HttpRequest) -> HttpResponse:
    """Propose what a bank account or a fund starts with."""
    form = forms.OpeningForm(request.POST or None, initial={"day": clock.today()})

    def act(said: dict[str, Any]) -> Decision:
        sort, _dash, pk = said["what"].partition("-")
        return corrections.propose_opening(
            bank_id=int(pk) if sort == "bank" else None, fund_id=int(pk) if sort == "fund" else None,
            amount=said["amount"], day=said["day"], text=said["text"], by=access.acting(request), on=clock.today(),
        )  # fmt: skip

    return _propose(
        request, form, act, heading=_("Opening balance"), lead=_("What was there before these books began.")
    )


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def propose_refund(request: HttpRequest) -> HttpResponse:
    """Propose to pay back what was paid ahead."""
    form = forms.RefundForm(request.POST or None, initial={"number": request.GET.get("number", "")[:12]})

    def act(said: dict[str, Any]) -> Decision:
        return corrections.propose_refund(
            member_id=said["number"].pk, bank_id=said["bank"].pk, amount=said["amount"], text=said["text"],
            by=access.acting(request), on=clock.today(),
        )  # fmt: skip

    return _propose(request, form, act, heading=_("Refund"), lead=_("Pay back what a member paid beyond her charges."))


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def propose_write_off(request: HttpRequest) -> HttpResponse:
    """Propose to give up what is open of a charge."""
    asked = request.POST.get("charge") or request.GET.get("charge", "")
    if not (asked.isdecimal() and asked.isascii() and len(asked) < 19):
        raise Http404
    charge = get_object_or_404(Charge.objects.select_related("member", "version"), pk=int(asked))
    form = forms.WriteOffForm(request.POST or None, initial={"charge": charge.pk})

    def act(said: dict[str, Any]) -> Decision:
        return corrections.propose_write_off(
            charge_id=charge.pk, text=said["text"], by=access.acting(request), on=clock.today()
        )

    about = {"member": charge.member.number, "period": charge.period_words, "amount": formats.money(charge.still_open)}
    return _propose(
        request, form, act, heading=_("Write off"),
        lead=_("Dues of %(period)s of %(member)s: %(amount)s are open and would be given up.") % about,
    )  # fmt: skip


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def propose_barred(request: HttpRequest) -> HttpResponse:
    """Propose to write off several debts together whose time has run out."""
    asked = [int(one) for one in request.GET.getlist("charge") if one.isdecimal() and one.isascii() and len(one) < 19]
    if request.method == "GET" and not asked:
        return redirect("dunning:limitation")
    form = forms.BarredForm(request.POST or None, initial={"charge": asked})

    def act(said: dict[str, Any]) -> Decision:
        return corrections.propose_barred(
            charge_ids=[one.pk for one in said["charge"]], text=said["text"], by=access.acting(request),
            on=clock.today(),
        )  # fmt: skip

    chosen = [one for one in limitation.barred(clock.today()) if one.charge_id in asked]
    names = ", ".join(f"{one.number} {one.period} ({formats.money(one.open)})" for one in chosen)
    return _propose(
        request, form, act, heading=_("Write off debts whose time has run out"),
        lead=_("Each stays in the books with its day and this decision; nobody is reminded of it any more."),
        note=_("%(count)s debts: %(names)s") % {"count": len(chosen), "names": names} if chosen else "",
    )  # fmt: skip


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def propose_reversal(request: HttpRequest) -> HttpResponse:
    """Propose to undo an entry."""
    form = forms.ReversalForm(request.POST or None, initial={"entry": request.GET.get("entry", "")[:36]})

    def act(said: dict[str, Any]) -> Decision:
        return corrections.propose_reversal(
            entry_id=said["entry"], text=said["text"], by=access.acting(request), on=clock.today()
        )

    return _propose(
        request, form, act, heading=_("Undo an entry"),
        lead=_("A mirror entry undoes it; both stay in the books for ever."),
    )  # fmt: skip


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def propose_reopening(request: HttpRequest) -> HttpResponse:
    """Propose to open the books again."""
    form = forms.ReopeningForm(request.POST or None)

    def act(said: dict[str, Any]) -> Decision:
        return corrections.propose_reopening(
            until=said["until"], text=said["text"], by=access.acting(request), on=clock.today()
        )

    return _propose(
        request, form, act, heading=_("Reopen the books"),
        lead=_("Seldom right: a correction in the open month is usually better. It leaves its trace."),
    )  # fmt: skip


@access.roles(*SEEING)
@require_http_methods(["GET", "POST"])
def month_page(request: HttpRequest) -> HttpResponse:
    """Closed months, and closing the next."""
    today = clock.today()
    form = forms.MonthForm(request.POST or None, initial={"month": month(today).previous().label})
    if request.method == "POST":
        if not _can_write(request):
            raise Http404
        if form.is_valid():
            period = form.cleaned_data["month"]
            try:
                months.close(month=month(period.last_day), by=access.acting(request), on=today)
            except (months.ClosingRefused, audit.BooksBroken) as refused:
                form.add_error("month", str(refused))
            else:
                messages.success(request, _("Closed. Nothing earlier can be recorded any more."))
                return redirect("treasury:months")
    context = {
        "form": form,
        "closed_until": chart.coop_book().closed_until,
        "closings": chart.closings(chart.coop_book())[:24],
        "open_things": corrections.open_things(month(today).start),
        "can_write": _can_write(request),
    }
    return render(request, "treasury/months.html", context, status=422 if form.errors else 200)


@access.roles(*SEEING)
@require_GET
def bank_page(request: HttpRequest, slug: str) -> HttpResponse:
    """One bank account: this year's lines, and what the bank said."""
    bank = get_object_or_404(BankAccount.objects.select_related("account__currency"), slug=slug)
    end = month(clock.today()).end
    statement = balances.statement(bank.account, Period(add_months(end, -3), end), limit=500)
    context = {"bank": bank, "statement": statement, "said": bank.said.order_by("-day")[:12]}
    return render(request, "treasury/bank.html", context)

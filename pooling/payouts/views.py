"""Pages about pay runs: the published index for everybody; preview, runs, loans and decisions for officers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from members.governance import pages as proposing
from members.governance.models import Decision
from mutual import access, clock, formats, people
from mutual.access import Role
from mutual.ledger import audit
from mutual.money import minor
from mutual.pages import downloads
from mutual.pages import forms as pages
from mutual.vault import vault
from mutual.vault.vault import VaultRefused
from pooling.models import Fund
from pooling.payouts import bank_files, forms, loans, paying, proposals, reports
from pooling.payouts.models import BankFile, Loan, PayRun

EVERYBODY = (Role.MEMBER, Role.TREASURER, Role.CLAIMS_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR)
SEEING = (Role.TREASURER, Role.AUDITOR, Role.ADMINISTRATOR)
MONEY = (Role.TREASURER, Role.ADMINISTRATOR)
RUNS_A_PAGE = 50


def _has(request: HttpRequest, *roles: Role) -> bool:
    return bool(request.user.roles & set(roles))  # type: ignore[union-attr]


@access.roles(*EVERYBODY)
@require_GET
def overview(request: HttpRequest) -> HttpResponseBase:
    """Every published index; for officers, what waits and what a run would come to."""
    sees = _has(request, *SEEING)
    if downloads.wanted(request):
        heading, rows = reports.run_table(whole=sees)
        return downloads.table(request, f"pay-runs-{clock.today()}", heading, rows)
    page = Paginator(reports.newest_first(), RUNS_A_PAGE).get_page(request.GET.get("page"))
    published = reports.published(page.object_list)
    context = {
        "page": page,
        "published": published,
        "sealed": any(one.approved is None for one in published),
        "lines": reports.fund_lines() if sees else [],
        "short": reports.short_runs() if sees else [],
        "sees": sees,
        "pays": _has(request, Role.TREASURER),
        "can_write": _has(request, *MONEY),
    }
    return render(request, "payouts/overview.html", context)


@access.roles(Role.TREASURER)
@require_http_methods(["GET", "POST"])
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """What a run of a fund would pay now, and starting it."""
    fund = get_object_or_404(Fund.objects.select_related("account__currency"), slug=slug, closed_on=None)
    form, seen = forms.StartForm(request.POST or None), forms.SeenForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and seen.is_valid():
        try:
            run = paying.start(
                fund_id=fund.pk, bank_id=form.cleaned_data["bank"].pk, form_key=form.cleaned_data["form_key"],
                seen=(seen.cleaned_data["parts"], seen.cleaned_data["payable"]), by=access.acting(request),
                on=clock.today(),
            )  # fmt: skip
        except (paying.PayRunRefused, audit.BooksBroken) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("%(run)s is under way.") % {"run": run.number})
            return redirect("payouts:run", run.number)
    view = paying.preview(fund)
    context = {"view": view, "form": form, "percent": reports.percent(view.parts), "units": minor(view.payable)}
    bad = request.method == "POST"
    return render(request, "payouts/preview.html", context, status=422 if bad else 200)


@access.roles(*SEEING)
@require_http_methods(["GET", "POST"])
def run_page(request: HttpRequest, number: str) -> HttpResponseBase:
    """One run; a treasurer may go on with one that stopped."""
    run = get_object_or_404(PayRun.objects.select_related("fund", "bank"), number=number)
    if request.method == "POST":
        if not _has(request, Role.TREASURER):
            raise Http404
        paying.go_on(number=number, by=access.acting(request))
        messages.success(request, _("It goes on."))
        return redirect("payouts:run", number)
    if downloads.wanted(request):
        return downloads.table(request, f"pay-run-{number}", reports.PAYOUT_COLUMNS, reports.payout_rows(run))
    context = {
        "view": reports.run(run), "progress": paying.prepare(run), "pays": _has(request, Role.TREASURER),
        "can_write": _has(request, *MONEY), "chart": reports.history(run.fund),
        "top_ups": run.top_ups.select_related("decision", "run__fund"),
    }  # fmt: skip
    return render(request, "payouts/run.html", context)


@access.roles(*SEEING)
@require_http_methods(["GET", "POST"])
def bank_files_page(request: HttpRequest, number: str) -> HttpResponse:
    """The bank file of a run, and those of what was made up for it later: what each would pay, who named no account or
    a new one, and making it. Whoever signs second at the bank compares the digest here."""
    run = get_object_or_404(PayRun.objects.select_related("fund", "bank__account__currency"), number=number)
    top_ups = {str(one): one for one in run.top_ups.select_related("decision", "run__fund")}
    if request.method == "POST":
        decision = request.POST.get("decision", "")
        if not _has(request, Role.TREASURER) or (decision and decision not in top_ups):
            raise Http404
        top_up = top_ups.get(decision)
        try:
            made = bank_files.make(
                run_id=run.pk, top_up_id=None if top_up is None else top_up.pk, by=access.acting(request),
                at=clock.now(),
            )  # fmt: skip
        except bank_files.BankFileRefused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("%(file)s is made. It stays the same however often you fetch it.") % {
                "file": made.number,
            })  # fmt: skip
        return redirect("payouts:bank_files", number)
    files = {file.top_up_id: file for file in BankFile.objects.select_related("run__fund").filter(run=run)}
    looks = {file.pk: vault.openings(file.vault) for file in files.values()}
    names = people.names(
        [*(look.by for some in looks.values() for look in some), *(file.made_by for file in files.values())]
    )
    parts = []
    for top_up in (None, *top_ups.values()):
        file = files.get(None if top_up is None else top_up.pk)
        parts.append({
            "top_up": top_up, "file": file, "made_by": names[file.made_by] if file else "",
            "check": None if file else bank_files.check(run, top_up),
            "looks": [(names[look.by], look.at) for look in looks[file.pk]] if file else [],
        })  # fmt: skip
    return render(
        request, "payouts/bank_files.html", {"run": run, "parts": parts, "pays": _has(request, Role.TREASURER)}
    )


@access.roles(Role.TREASURER)
@require_POST
def bank_file_bytes(request: HttpRequest, number: str) -> HttpResponse:
    """A file itself; that it was fetched is written down."""
    file = get_object_or_404(BankFile.objects.select_related("run"), number=number)
    try:
        found = bank_files.content(file, by=access.acting(request), at=clock.now())
    except VaultRefused as refused:
        messages.error(request, str(refused))
        return redirect("payouts:bank_files", file.run.number)
    answer = HttpResponse(found, content_type="application/xml")
    answer["Content-Disposition"] = f'attachment; filename="{file.number}.xml"'
    return answer


@access.roles(*EVERYBODY)
@require_GET
def loan_list(request: HttpRequest) -> HttpResponseBase:
    """What funds lent one another, how it comes back, and what is late."""
    if downloads.wanted(request):
        rows = reports.loan_rows(clock.today())
        return downloads.table(request, f"loans-{clock.today()}", reports.LOAN_COLUMNS, rows)
    context = {
        "views": reports.loans(clock.today()), "can_write": _has(request, *MONEY),
        "repays": _has(request, Role.TREASURER),
    }  # fmt: skip
    return render(request, "payouts/loans.html", context)


@access.roles(Role.TREASURER)
@require_http_methods(["GET", "POST"])
def repay(request: HttpRequest, number: str) -> HttpResponse:
    """Repay a loan before it is due."""
    loan = get_object_or_404(Loan.objects.select_related("lender", "borrower"), number=number)
    form = forms.RepayForm(request.POST or None, initial={"seen": loan.repaid})
    if request.method == "POST" and form.is_valid():
        try:
            loans.repay_early(
                loan_id=loan.pk, amount=form.cleaned_data["amount"], seen=form.cleaned_data["seen"],
                by=access.acting(request), on=clock.today(),
            )  # fmt: skip
        except loans.ChangedSince as changed:
            messages.error(request, str(changed))
            return redirect("payouts:repay", number)
        except loans.LoanRefused as refused:
            form.add_error("amount", str(refused))
        else:
            messages.success(request, _("Repaid."))
            return redirect("payouts:loans")
    return pages.page(
        request, form, heading=_("Repay %(loan)s") % {"loan": loan.number},
        lead=_("%(borrower)s still owes %(lender)s %(open)s.")
        % {"borrower": loan.borrower.name, "lender": loan.lender.name, "open": formats.money(loan.open)},
        submit=_("Repay it"), back=reverse("payouts:loans"), back_words=_("Loans between funds"),
    )  # fmt: skip


@access.roles(*SEEING)
@require_GET
def decision_list(request: HttpRequest) -> HttpResponse:
    """What two officers decide about funds' money: waiting ones first."""
    return proposing.decision_lists(
        request, "payouts/decisions.html", kinds=proposals.KINDS, view="payouts:decision", writers=MONEY
    )


@access.roles(*SEEING)
@require_http_methods(["GET", "POST"])
def decision_page(request: HttpRequest, number: str) -> HttpResponse:
    """One proposal: confirm or decline it as the second officer."""
    return proposing.decision_page(
        request, number, kinds=proposals.KINDS, writers=MONEY, confirm=proposals.confirm,
        refused=(proposals.ProposalRefused,), facts=reports.terms, back=reverse("payouts:decisions"),
        back_words=_("Decisions about funds"),
    )  # fmt: skip


_PROPOSALS: dict[str, tuple[type[django_forms.Form], Callable[..., Decision], dict[str, str], Any, Any]] = {
    "shortfall": (
        forms.TopUpForm, proposals.propose_top_up, {"run": "run_id"}, lambda: _("Make up a shortfall"),
        lambda: _("What a run left unpaid is no debt. The members may decide to make it up, for all alike."),
    ),
    "loan": (
        forms.LoanForm, proposals.propose_loan, {"lender": "lender_id", "borrower": "borrower_id"},
        lambda: _("Lend between funds"), lambda: _("It repays itself by its plan, after the borrower's sick pay."),
    ),
    "grant": (
        forms.GrantForm, proposals.propose_grant, {"fund": "fund_id", "bank": "bank_id"}, lambda: _("Give a grant"),
        lambda: _("Voluntary: it stops at the fund's hard floor, before sick pay does."),
    ),
    "give-back": (
        forms.GiveBackForm, proposals.propose_giving_back, {"fund": "fund_id"},
        lambda: _("Give money back to the surplus"), lambda: _("The members then find another purpose for it."),
    ),
    "floor": (
        forms.FloorForm, proposals.propose_hard_floor, {"fund": "fund_id"}, lambda: _("Set a hard floor"),
        lambda: _("Below it a fund lends, grants and gives back nothing; sick pay goes on down to the floor."),
    ),
}  # fmt: skip


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def propose(request: HttpRequest, kind: str) -> HttpResponse:
    """Propose one of the things that take two officers."""
    if kind not in _PROPOSALS:
        raise Http404
    form_class, act, ids, heading, lead = _PROPOSALS[kind]
    form = form_class(request.POST or None, initial={key: request.GET.get(key, "")[:40] for key in ids})

    def propose_it(said: dict[str, Any]) -> Decision:
        named = {ids.get(key, key): value.pk if key in ids else value for key, value in said.items()}
        return act(**named, by=access.acting(request), on=clock.today())

    return proposing.propose(
        request, form, propose_it, refused=proposals.ProposalRefused,
        then=lambda made: reverse("payouts:decision", args=[made.number]), heading=heading(), lead=lead(),
        back=reverse("payouts:decisions"), back_words=_("Decisions about funds"),
    )  # fmt: skip

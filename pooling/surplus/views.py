"""Pages about years and their surplus."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from members.governance import decisions
from members.governance.models import Decision
from mutual import access, clock, formats
from mutual.access import Role
from mutual.ledger import audit
from mutual.pages import forms as pages
from mutual.periods import month
from pooling.surplus import relief, reports, years
from pooling.surplus.forms import AllocationForm, CloseForm, ReliefForm

EVERYBODY = (Role.MEMBER, Role.TREASURER, Role.CLAIMS_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR)
MONEY = (Role.TREASURER, Role.ADMINISTRATOR)


def _can_write(request: HttpRequest) -> bool:
    return bool(request.user.roles & set(MONEY))  # type: ignore[union-attr]


@access.roles(*EVERYBODY)
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Years, what they left, and where it went."""
    writes = _can_write(request)
    context = {
        "years": reports.years_so_far(clock.today()),
        "went": reports.where_it_went(),
        "left": reports.left(),
        "relief": reports.relief_left(),
        "proposals": [(one, reports.proposed(one)) for one in reports.proposals()] if writes else [],
        "can_write": writes,
        "me": request.user.pk,
    }
    return render(request, "surplus/overview.html", context)


def _year(label: str) -> reports.YearView:
    try:
        return reports.year(label, clock.today())
    except years.YearRefused as error:
        raise Http404 from error


@access.roles(*EVERYBODY)
@require_GET
def year(request: HttpRequest, label: str) -> HttpResponse:
    """One year: income, expense and what is left."""
    view = reports.with_chart(_year(label), clock.today())
    return render(request, "surplus/year.html", {"view": view, "can_write": _can_write(request)})


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def close(request: HttpRequest, label: str) -> HttpResponse:
    """Propose to close a year."""
    view = _year(label)
    form = CloseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            years.propose_closing(
                label=label, text=form.cleaned_data["text"], by=access.acting(request), on=clock.today()
            )
        except (years.YearRefused, audit.BooksBroken) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Proposed. Another officer confirms it; nothing has been booked yet."))
            return redirect("surplus:overview")
    return pages.page(
        request, form, heading=_("Close %(year)s") % {"year": label},
        lead=_("Its result is %(result)s. Once confirmed, nothing dated in it can be recorded any more.")
        % {"result": formats.money(view.result)},
        submit=_("Propose to close it"), back=reverse("surplus:overview"), back_words=_("Surplus"),
    )  # fmt: skip


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def allocate(request: HttpRequest) -> HttpResponse:
    """Propose what the surplus is for."""
    form, seen = AllocationForm(request.POST or None), None
    if request.method == "POST" and form.is_valid() and "look" in request.POST:
        seen = reports.preview(form.parts())
    elif request.method == "POST" and form.is_valid():
        try:
            years.propose_allocation(
                parts=form.parts(), text=form.cleaned_data["text"], ballot=form.cleaned_data["ballot"],
                by=access.acting(request), on=clock.today(),
            )  # fmt: skip
        except years.YearRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Proposed. Another officer confirms it; nothing has been booked yet."))
            return redirect("surplus:overview")
    context = {"form": form, "seen": seen, "left": reports.left()}
    return render(request, "surplus/allocate.html", context, status=422 if form.errors else 200)


@access.roles(*MONEY)
@require_POST
def answer(request: HttpRequest, number: str) -> HttpResponse:
    """Confirm or decline a proposal as the second officer."""
    decision = get_object_or_404(Decision, number=number, kind__in=(years.CLOSING, years.ALLOCATION))
    by, on = access.acting(request), clock.today()
    try:
        if request.POST.get("answer") != "confirm":
            years.decline(decision_id=decision.pk, kind=decision.kind, by=by, on=on)
        elif decision.kind == years.CLOSING:
            years.confirm_closing(decision_id=decision.pk, by=by, on=on)
        else:
            years.confirm_allocation(decision_id=decision.pk, by=by, on=on)
    except (decisions.DecisionRefused, years.YearRefused, audit.BooksBroken) as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Decided."))
    return redirect("surplus:overview")


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def relieve(request: HttpRequest) -> HttpResponse:
    """Pay a period's open dues from dues relief."""
    form = ReliefForm(request.POST or None, initial={"period": month(clock.today()).label})
    if request.method == "POST" and form.is_valid():
        try:
            run = relief.request_run(
                period=form.cleaned_data["period"], currency=settings.COOPERATIVE_CURRENCY,
                by=access.acting(request), on=clock.today(),
            )  # fmt: skip
        except (relief.ReliefRefused, audit.BooksBroken) as refused:
            form.add_error("period", str(refused))
        else:
            return redirect("run", run.pk)
    return pages.page(
        request, form, heading=_("Relieve dues"),
        lead=_("%(left)s are set aside for dues. Everybody's open charge is paid by the same part.")
        % {"left": formats.money(reports.relief_left())},
        submit=_("Pay them"), back=reverse("surplus:overview"), back_words=_("Surplus"),
    )  # fmt: skip

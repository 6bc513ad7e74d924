"""Pages about how long the funds last: the officers' cockpit, each fund, and one page for everybody."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from mutual import access, clock, periods
from mutual.access import Role
from mutual.documents.documents import DocumentRefused
from pooling.models import Fund
from pooling.solvency import forecasts, quarters, reports
from pooling.solvency.forms import WishForm
from pooling.solvency.models import Forecast

EVERYBODY = (Role.MEMBER, Role.TREASURER, Role.CLAIMS_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR)
OFFICERS = (Role.TREASURER, Role.CLAIMS_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR)
ORDERING = (Role.TREASURER, Role.ADMINISTRATOR)


@access.roles(*OFFICERS)
@require_GET
def cockpit(request: HttpRequest) -> HttpResponse:
    """All funds: the sentence and the key figures of each, the law's thresholds, the cooperative's own reserves."""
    can_order = bool(request.user.roles & set(ORDERING))  # type: ignore[union-attr]
    return render(request, "solvency/cockpit.html", {"cockpit": reports.cockpit(clock.today()), "can_order": can_order})


@access.roles(*ORDERING)
@require_POST
def simulate(request: HttpRequest) -> HttpResponse:
    """Have the funds simulated now."""
    run = forecasts.order(by=access.acting(request), on=clock.today(), again=True)
    messages.success(request, _("The simulation has begun."))
    return redirect("run", run.pk)


@access.roles(*EVERYBODY)
@require_GET
def everybody(request: HttpRequest) -> HttpResponse:
    """How long the funds last, for everybody."""
    today = clock.today()
    context = {"funds": reports.everybody(today), "quarters": quarters.those_with_one(today)}
    return render(request, "solvency/everybody.html", context)


@access.roles(*EVERYBODY)
@require_GET
def paper(request: HttpRequest, label: str) -> HttpResponse:
    """The outlook of a quarter as PDF."""
    try:
        period = periods.parse(label)
    except ValueError as error:
        raise Http404 from error
    if period != periods.quarter(period.start) or period.start > clock.today():
        raise Http404
    try:
        name, pdf = quarters.give(
            period=period,
            language=request.LANGUAGE_CODE,
            at=clock.now(),
            on=clock.today(),
        )
    except (quarters.QuarterRefused, DocumentRefused) as refused:
        messages.error(request, str(refused))
        return redirect("solvency:everybody")
    answer = HttpResponse(pdf, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{name}"'
    return answer


@access.roles(*EVERYBODY)
@require_GET
def fund(request: HttpRequest, slug: str) -> HttpResponse:
    """One fund: figures, drawings, assumptions, and what other terms would do."""
    one = get_object_or_404(Fund, slug=slug, closed_on=None)
    outlook = forecasts.of_fund(one, clock.today())
    if outlook is None:
        return render(request, "solvency/none.html", {"fund": one})
    form = WishForm(request.GET if "dues" in request.GET else None, outlook=outlook)
    context: dict[str, Any] = {"view": reports.fund(outlook), "form": form}
    if form.is_bound and form.is_valid():
        context["tried"] = _tried(one, form)
    return render(request, "solvency/fund.html", context, status=422 if form.errors else 200)


@access.roles(*EVERYBODY)
@require_GET
def answer(request: HttpRequest, slug: str) -> HttpResponse:
    """The part of the fund's page that says what other terms would do, for the slider."""
    one = get_object_or_404(Fund, slug=slug, closed_on=None)
    outlook = forecasts.of_fund(one, clock.today())
    if outlook is None:
        return HttpResponse(status=404)
    form = WishForm(request.GET, outlook=outlook)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        context["tried"] = _tried(one, form)
    return render(request, "solvency/_answer.html", context, status=422 if form.errors else 200)


def _tried(fund: Fund, form: WishForm) -> reports.FundOutlook:
    newest = Forecast.objects.filter(fund=fund, made_on__lte=clock.today()).order_by("-made_on")
    forecast_id = newest.values_list("pk", flat=True)[0]
    return reports.fund(forecasts.try_out(forecast_id=forecast_id, wish=form.wish()))

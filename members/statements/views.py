"""Statements: one's own at once, everybody's as a run."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from members.models import Member
from members.statements import batch, statements
from mutual import access, clock, periods
from mutual.access import Role
from mutual.documents.documents import DocumentRefused
from mutual.inputs import PeriodField
from mutual.jobs.models import Run
from mutual.ledger import audit
from mutual.periods import Period, month, year


class PeriodForm(forms.Form):
    """Which period."""

    period = PeriodField(label=gettext_lazy("Period"), help_text=gettext_lazy("Such as 2026-10, 2026-Q3 or 2026."))


def _own(request: HttpRequest) -> Member:
    member: Member | None = request.user.member_or_none  # type: ignore[union-attr]
    if member is None or member.joined_on is None:
        raise Http404
    return member


def _offered(member: Member) -> list[Period]:
    """This year and the one before, then the months of the last two years, as far as she belonged."""
    today = clock.today()
    candidates = [year(today), year(today).previous()]
    current = month(today)
    for _n in range(24):
        candidates.append(current)
        current = current.previous()
    return [period for period in candidates if statements.belongs(member, period)]


@access.signed_in
@require_GET
def statement_list(request: HttpRequest) -> HttpResponse:
    """My statements, one click each; any other period by its name."""
    member = _own(request)
    form = PeriodForm(request.GET or None)
    if request.GET and form.is_valid():
        return redirect("statement", form.cleaned_data["period"].label)
    context = {"member": member, "periods": _offered(member), "form": form if request.GET else PeriodForm()}
    return render(request, "members/statements.html", context, status=422 if request.GET and form.errors else 200)


@access.signed_in
@require_GET
def statement(request: HttpRequest, label: str) -> HttpResponse:
    """My statement of a period, as PDF."""
    return _pdf(request, _own(request), label)


@access.roles(Role.TREASURER, Role.AUDITOR, Role.ADMINISTRATOR)
@require_GET
def statement_of(request: HttpRequest, number: str, label: str) -> HttpResponse:
    """A member's statement, for officers; that it was read is written in the log."""
    return _pdf(request, get_object_or_404(Member, number=number), label)


def _pdf(request: HttpRequest, member: Member, label: str) -> HttpResponse:
    try:
        period = periods.parse(label)
    except periods.BadPeriod as error:
        raise Http404 from error
    try:
        given = statements.give(
            member=member, period=period, language=request.LANGUAGE_CODE, on=clock.today(), at=clock.now(),
            by=access.acting(request),
        )  # fmt: skip
    except (statements.StatementsRefused, DocumentRefused) as refused:
        messages.error(request, str(refused))
        return redirect("statements" if request.user.member_or_none == member else "home")  # type: ignore[union-attr]
    answer = HttpResponse(given.pdf, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{given.filename}"'
    return answer


@access.roles(Role.TREASURER, Role.ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def everybody(request: HttpRequest) -> HttpResponse:
    """Have everybody's statement made."""
    form = PeriodForm(request.POST or None, initial={"period": month(clock.today()).previous().label})
    if request.method == "POST" and form.is_valid():
        try:
            audit.require_whole()
            run = batch.order(period=form.cleaned_data["period"], by=access.acting(request), on=clock.today())
        except (batch.BatchRefused, audit.BooksBroken) as refused:
            form.add_error("period", str(refused))
        else:
            return redirect("run", run.pk)
    context = {"form": form, "runs": Run.objects.filter(kind=batch.KIND).order_by("-created_at")[:24]}
    return render(request, "members/everybodys_statements.html", context, status=422 if form.errors else 200)

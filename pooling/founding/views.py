"""Pages about founding: from twenty questions or a ready-made scheme; first what it makes, then the fund itself."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from members.governance import pages as proposing
from mutual import access, clock
from mutual.access import Role
from pooling.benefits import rules, schemes, texts
from pooling.founding import opening, ready
from pooling.founding.forms import FoundForm, SchemeForm
from pooling.founding.offers import FoundingRefused, Plan
from pooling.models import Fund
from pooling.surplus import rules as surplus_rules
from pooling.surplus import sharing

MONEY = (Role.TREASURER, Role.ADMINISTRATOR)


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def found(request: HttpRequest) -> HttpResponse:
    """Found a fund from twenty questions: first the plan, then the fund itself."""
    form = FoundForm(request.POST or None, currency=settings.COOPERATIVE_CURRENCY)
    context: dict[str, Any] = {"form": form, "ready": [schemes.scheme(name) for name in schemes.names()]}
    if request.method == "POST" and form.is_valid():
        plan: Plan = form.cleaned_data["plan"]
        if request.POST.get("answer") != "found":
            context |= _shown(plan)
        elif (answer := _open(request, plan, form)) is not None:
            return answer
    return render(request, "founding/found.html", context, status=422 if form.errors else 200)


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def scheme_page(request: HttpRequest, scheme: str) -> HttpResponse:
    """A ready-made scheme: where it comes from, what it makes here, and founding it."""
    if scheme not in schemes.names():
        raise Http404
    wanted = schemes.scheme(scheme)
    currency = settings.COOPERATIVE_CURRENCY
    usual = {"name": wanted.funds[0]["name"][:30], "members": wanted.members}
    form = SchemeForm(request.POST or None, scheme=wanted, currency=currency, initial=usual)
    context: dict[str, Any] = {"form": form, "scheme": wanted}
    if request.method == "POST" and form.is_valid():
        plan: Plan = form.cleaned_data["plan"]
        wants = request.POST.get("answer") == "found"
        if wants and (answer := _open(request, plan, form)) is not None:
            return answer
        context |= _shown(plan)
    else:
        try:
            context |= _shown(ready.plan(wanted, currency))
        except FoundingRefused as refused:
            context["refused"] = str(refused)
    return render(request, "founding/scheme.html", context, status=422 if form.errors else 200)


def _shown(plan: Plan) -> dict[str, Any]:
    benefits = plan.terms.benefits if plan.terms is not None else ()
    return {
        "plan": plan, "chart": plan.chart() if plan.insures else None,
        "benefits": [(one.title, texts.clauses(one, plan.terms)) for one in benefits if plan.terms is not None],
        "surplus": _surplus(plan),
    }  # fmt: skip


def _surplus(plan: Plan) -> list[str]:
    if plan.surplus is None:
        return []
    names: dict[int | str, str] = {one.key: one.name for one in plan.funds}
    return surplus_rules.clauses(sharing.read(plan.surplus), names)


def _open(request: HttpRequest, plan: Plan, form: FoundForm | SchemeForm) -> HttpResponse | None:
    try:
        made = opening.found(plan, by=access.acting(request), second=None, on=clock.today())
    except (FoundingRefused, rules.RulesRefused) as refused:
        form.add_error(None, str(refused))
        return None
    messages.success(request, _("The fund is open. Its rules wait for a second officer."))
    if made.rules is not None:
        return redirect("benefits:proposal", made.rules.number)
    others = [one for one in made.waiting if one.kind in _ANSWERS]
    return redirect("founding:decision", others[0].number) if others else redirect("pooling:fund", made.fund.slug)


_ANSWERS = {
    opening.CHARTER: opening.adopt_charter,
    surplus_rules.KIND: surplus_rules.adopt,
}


@access.roles(*MONEY)
@require_http_methods(["GET", "POST"])
def decision(request: HttpRequest, number: str) -> HttpResponse:
    """A charter, or rules for the surplus: read, adopted or declined by a second officer."""
    found = proposing.find(number, _ANSWERS)
    if request.method == "POST":
        proposing.answer(request, found, _ANSWERS[found.kind], refused=(surplus_rules.SurplusRulesRefused,))
        return redirect("founding:decision", number)
    is_charter = found.kind == opening.CHARTER
    fund = Fund.objects.filter(pk=found.terms.get("fund")).first() if is_charter else None
    clauses = (
        found.text.splitlines()
        if is_charter
        else surplus_rules.clauses(sharing.read(found.terms["rules"]), surplus_rules.fund_names())
    )
    context = {
        "decision": found, "is_charter": is_charter, "fund": fund, "clauses": clauses,
        "can_write": True, "me": request.user.pk,
    }  # fmt: skip
    return render(request, "founding/decision.html", context)

"""Decisions, for whoever belongs: what was decided, not about whom."""

from __future__ import annotations

import datetime as dt

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from members.governance import decisions, figures
from members.governance import pages as proposing
from members.governance.forms import FigureForm
from members.governance.models import Decision
from mutual import access, clock, rooms
from mutual.access import OFFICERS, Role
from mutual.pages import downloads

PUBLIC = (
    "ALLOCATION", "YEAR_CLOSING", "REOPENING", "OPENING_BALANCE", "RULES", "CHARTER", "SURPLUS_RULES", "FIGURE",
    "DESK_RULES", "BUFFER_RULE", "CIRCLE_CLOSING", "CIRCLE_TERMS", "FUND_LOAN", "FUND_RETURN", "HARD_FLOOR", "SHARING",
)  # fmt: skip
"""Kinds every member may read in full; of the others she sees that there was one."""
WRITERS = frozenset({Role.TREASURER, Role.CLAIMS_OFFICER, Role.ADMINISTRATOR})


@access.roles(Role.MEMBER, Role.TREASURER, Role.CLAIMS_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR)
@require_GET
def decision_list(request: HttpRequest) -> HttpResponseBase:
    """Every decision, newest first."""
    officer = bool(request.user.roles & OFFICERS)  # type: ignore[union-attr]
    found = Decision.objects.select_related("proposed_by", "decided_by").order_by("-id")
    if not officer:
        found = found.filter(state=Decision.State.CONFIRMED)
    if downloads.wanted(request):
        rows = (
            (
                one.number, one.kind if officer or one.kind in PUBLIC else None, one.subject if officer else None,
                one.text if officer or one.kind in PUBLIC else None, one.state, one.proposed_on, one.decided_on,
                one.proposed_by.display_name if officer else None,
                one.decided_by.display_name if officer and one.decided_by else None,
            )
            for one in found.iterator(chunk_size=2000)
        )  # fmt: skip
        heading = (
            "number", "kind", "about", "text", "state", "proposed on", "decided on", "proposed by", "decided by"
        )  # fmt: skip
        return downloads.table(request, f"decisions-{clock.today()}", heading, rows)
    page = Paginator(found, 50).get_page(request.GET.get("page"))
    return render(request, "governance/decisions.html", {"page": page, "officer": officer, "public": PUBLIC})


@access.roles(Role.MEMBER, Role.TREASURER, Role.CLAIMS_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR)
@require_GET
def decision_page(request: HttpRequest, number: str) -> HttpResponse:
    """One decision: what it says, about what, and, for officers, who proposed and who decided it."""
    decision = get_object_or_404(Decision.objects.select_related("proposed_by", "decided_by"), number=number)
    roles = request.user.roles  # type: ignore[union-attr]
    officer = bool(roles & OFFICERS)
    if not officer and (decision.state != Decision.State.CONFIRMED or decision.kind not in PUBLIC):
        raise Http404
    context = {
        "decision": decision, "officer": officer,
        "subject_url": rooms.document_url(decision.subject, roles=roles) if decision.subject else None,
        "own_url": rooms.decision_url(decision.kind, decision.number, roles=roles),
    }  # fmt: skip
    return render(request, "governance/one_decision.html", context)


@access.roles(Role.MEMBER, Role.TREASURER, Role.CLAIMS_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def figure_list(request: HttpRequest) -> HttpResponse:
    """Every figure of the house, with its day and its decision; officers change them here, two together."""
    writes = bool(request.user.roles & WRITERS)  # type: ignore[union-attr]
    if request.method == "POST":
        if not writes:
            raise Http404
        decision = proposing.find(request.POST.get("number", ""), [figures.KIND])
        proposing.answer(request, decision, figures.confirm, refused=(figures.FigureRefused,))
        return redirect("governance:figures")
    context = {
        "views": figures.every(clock.today()), "can_write": writes, "me": request.user.pk,
        "proposals": [
            (one, figures.find(one.subject), dt.date.fromisoformat(one.terms["valid_from"]))
            for one in (decisions.waiting(figures.KIND) if writes else ())
        ],
    }  # fmt: skip
    return render(request, "governance/figures.html", context)


@access.roles(*WRITERS)
@require_http_methods(["GET", "POST"])
def figure_change(request: HttpRequest, name: str) -> HttpResponse:
    """Propose what a figure is from a day on."""
    figure, today = figures.find(name), clock.today()
    if figure is None:
        raise Http404
    form = FigureForm(
        request.POST or None, figure=figure, initial={"value": figures.value(name, today), "valid_from": today}
    )
    return proposing.propose(
        request, form, lambda said: figures.propose(name=name, by=access.acting(request), on=today, **said),
        refused=figures.FigureRefused, field="valid_from", then=lambda made: reverse("governance:figures"),
        done=_("Proposed. Another officer confirms it; until then nothing changes."), heading=figure.label,
        lead=figure.why or _("What was decided or begun before that day keeps the figure of its own day."),
        back=reverse("governance:figures"), back_words=_("Figures of the house"),
    )  # fmt: skip

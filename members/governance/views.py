"""Decisions, for whoever belongs: what was decided, not about whom."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from members.governance.models import Decision
from mutual import access
from mutual.access import OFFICERS, Role

PUBLIC = ("ALLOCATION", "YEAR_CLOSING", "REOPENING", "OPENING_BALANCE", "RULES", "CHARTER", "SURPLUS_RULES")
"""Kinds every member may read in full; of the others she sees that there was one."""


@access.roles(Role.MEMBER, Role.TREASURER, Role.CLAIMS_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR)
@require_GET
def decision_list(request: HttpRequest) -> HttpResponse:
    """Every decision, newest first."""
    officer = bool(request.user.roles & OFFICERS)  # type: ignore[union-attr]
    found = Decision.objects.select_related("proposed_by", "decided_by").order_by("-id")
    if not officer:
        found = found.filter(state=Decision.State.CONFIRMED)
    page = Paginator(found, 50).get_page(request.GET.get("page"))
    return render(request, "governance/decisions.html", {"page": page, "officer": officer, "public": PUBLIC})

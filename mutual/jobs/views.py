"""Long runs and their progress; jobs that failed."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from mutual import access, clock
from mutual.access import OFFICERS, Role
from mutual.jobs.models import Job, Run


@access.signed_in
@require_GET
def run(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """One run: how far it is, what was refused and why. For whoever started it, and for officers."""
    found = get_object_or_404(Run, pk=run_id)
    if found.started_by != request.user.pk and not request.user.roles & OFFICERS:  # type: ignore[union-attr]
        raise Http404
    return render(request, "jobs/run.html", {"run": found})


@access.roles(Role.ADMINISTRATOR, Role.TREASURER, Role.AUDITOR)
@require_http_methods(["GET", "POST"])
def run_list(request: HttpRequest) -> HttpResponse:
    """Every run, newest first, and the jobs that failed for good."""
    administrator = Role.ADMINISTRATOR in request.user.roles  # type: ignore[union-attr]
    if request.method == "POST":
        if not administrator:
            raise Http404
        again = Job.objects.filter(failed_at__isnull=False).update(
            failed_at=None, tries=0, failure="", due_at=clock.now()
        )
        messages.success(request, _("Tried again: %(count)s.") % {"count": again})
        return redirect("runs")
    context = {
        "page": Paginator(Run.objects.order_by("-created_at"), 50).get_page(request.GET.get("page")),
        "failed": Job.objects.filter(failed_at__isnull=False).order_by("-failed_at")[:50],
        "administrator": administrator,
    }
    return render(request, "jobs/runs.html", context)

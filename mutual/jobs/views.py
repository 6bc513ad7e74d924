"""Long runs and their progress; jobs that failed."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from mutual import access, clock
from mutual.access import OFFICERS, Role
from mutual.jobs import queue, reports
from mutual.jobs.models import Job, Run
from mutual.trail import trail


@access.signed_in
@require_GET
def run(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """One run: how far it is, what was refused and why. For whoever started it, and for officers."""
    found = get_object_or_404(Run, pk=run_id)
    if found.started_by != request.user.pk and not request.user.roles & OFFICERS:  # type: ignore[union-attr]
        raise Http404
    return render(request, "jobs/run.html", {"run": found, "still": reports.stands_still(found, clock.now())})


@access.roles(Role.ADMINISTRATOR, Role.TREASURER, Role.AUDITOR)
@require_GET
def run_list(request: HttpRequest) -> HttpResponse:
    """Every run, newest first, and the jobs that were put aside."""
    failed = Job.objects.filter(failed_at__isnull=False, done_at=None).order_by("-failed_at")
    context = {
        "page": Paginator(Run.objects.order_by("-created_at"), 50).get_page(request.GET.get("page")),
        "failed": reports.put_aside(failed[:50]),
        "failed_count": failed.count(),
        "can_write": bool({Role.ADMINISTRATOR, Role.TREASURER} & request.user.roles),  # type: ignore[union-attr]
    }
    return render(request, "jobs/runs.html", context)


@access.roles(Role.ADMINISTRATOR, Role.TREASURER)
@require_POST
def jobs_again(request: HttpRequest, job_id: int | None = None) -> HttpResponse:
    """Try a job that was put aside once more, or all of them."""
    count = queue.again(job_id=job_id)
    trail.record(by=access.acting(request), did="JOBS_TRIED_AGAIN", subject=f"job-{job_id or 'all'}")
    messages.success(request, _("Tried again: %(count)s. Look here in a minute.") % {"count": count})
    return redirect("runs")

"""Who did what: the log that nobody can change."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from mutual import people, rooms
from mutual.access import Role, roles
from mutual.trail import forms, reports


@roles(Role.AUDITOR, Role.TREASURER, Role.ADMINISTRATOR)
@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """Deeds, newest first."""
    form = forms.LogForm(request.GET or None)
    valid = form.is_valid() if request.GET else True
    asked = form.cleaned_data if request.GET else {}
    start = request.GET.get("before", "")
    if start and not (start.isascii() and start.isdigit() and len(start) <= 18):
        raise Http404
    page = reports.LogPage((), 0)
    if valid:
        page = reports.log(
            subject=asked.get("subject") or "",
            did=asked.get("did") or "",
            period=asked.get("period"),
            before=int(start) if start else None,
        )
    kept = {"subject": asked.get("subject"), "did": asked.get("did")}
    if asked.get("period"):
        kept["period"] = asked["period"].label
    kept = {name: value for name, value in kept.items() if value}
    held: frozenset[Role] = request.user.roles  # type: ignore[union-attr]
    return render(
        request,
        "ledger/log.html",
        {
            "form": form,
            "rows": [(deed, rooms.document_url(deed.subject, roles=held)) for deed in page.deeds],
            "people": people.names(pk for deed in page.deeds for pk in (deed.by, deed.about_user)),
            "older_url": "?" + urlencode({**kept, "before": page.older}) if page.older else "",
            "newer_url": "?" + urlencode(kept) if start else "",
        },
    )

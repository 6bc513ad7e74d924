"""The local outbox: where mail goes while there is no mail server. Never in production."""

from __future__ import annotations

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from mutual import access
from mutual.mail.models import Attachment, Letter


def _only_here() -> None:
    if not settings.LOCAL_OUTBOX:
        raise Http404


@access.anyone
@require_GET
def outbox(request: HttpRequest) -> HttpResponse:
    """Every letter, newest first."""
    _only_here()
    page = Paginator(Letter.objects.order_by("-id"), 40).get_page(request.GET.get("page"))
    return render(request, "mail/outbox.html", {"page": page})


@access.anyone
@require_GET
def letter(request: HttpRequest, letter_id: int) -> HttpResponse:
    """One letter."""
    _only_here()
    found = get_object_or_404(Letter, pk=letter_id)
    return render(request, "mail/letter.html", {"letter": found, "attachments": found.attachments.defer("content")})


@access.anyone
@require_GET
def attachment(request: HttpRequest, attachment_id: int) -> HttpResponse:
    """A file that went with a letter."""
    _only_here()
    found = get_object_or_404(Attachment, pk=attachment_id)
    answer = HttpResponse(bytes(found.content), content_type=found.mime)
    answer["Content-Disposition"] = "attachment"
    return answer

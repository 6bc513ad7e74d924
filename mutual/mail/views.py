"""Which letters one gets; and the local outbox: where mail goes while there is no mail server, never in production."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from mutual import access
from mutual.mail import events
from mutual.mail.forms import LettersForm
from mutual.mail.models import Attachment, Letter


@access.signed_in
@require_http_methods(["GET", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Which letters I get."""
    me = access.acting(request)
    optional = {name for name, event in events.EVENTS.items() if not event.needed}
    form = LettersForm(request.POST or None, initial={"wanted": sorted(optional - events.muted(me))})
    if request.method == "POST":
        form = LettersForm(request.POST)
        if form.is_valid():
            events.mute(reader=me, events=optional - set(form.cleaned_data["wanted"]))
            messages.success(request, _("Saved."))
            return redirect("letters")
    needed = [event.label for event in events.EVENTS.values() if event.needed]
    status = 422 if form.errors else 200
    return render(request, "mail/preferences.html", {"form": form, "needed": needed}, status=status)


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

"""The theme switch and the error pages."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import i18n
from django.views.decorators.http import require_POST

from mutual import access, repeats, rooms
from mutual.pages import theme


@access.anyone
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Keep the theme in a cookie, and with the person signed in, and go back to the page the switch stood on."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    wanted = request.POST.get("theme", "auto")
    if wanted not in theme.CHOICES:
        wanted = "auto"
    if request.user.is_authenticated:
        request.user.theme = wanted
        request.user.save(update_fields=["theme"])
    response.set_cookie(
        theme.COOKIE,
        wanted,
        max_age=theme.YEAR,
        samesite="Lax",
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response


@access.anyone
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Keep the language in a cookie, and with the person signed in, and go back to the page the switch stood on."""
    response: HttpResponse = i18n.set_language(request)
    wanted = request.POST.get("language", "")
    if request.user.is_authenticated and wanted in dict(settings.LANGUAGES):
        rooms.on_language_chosen(user_id=access.acting(request), language=wanted)
    return response


class LanguageMiddleware:
    """Whoever is signed in reads in the language kept with her, on every device; visitors as their browser asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if user.is_authenticated:
            translation.activate(user.language)
            request.LANGUAGE_CODE = user.language
        return self.get_response(request)


class RepeatMiddleware:
    """A form that was sent before with other content is answered with a page of its own (R-A7)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer 409; every other error stays an error."""
        if isinstance(error, repeats.FormReused):
            return render(request, "form_reused.html", {"again": request.get_full_path()}, status=409)
        return None


@access.anyone
def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that came without its token: nothing was changed, and the page says what to do."""
    return render(request, "csrf_refused.html", status=403)

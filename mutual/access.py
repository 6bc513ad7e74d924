"""Who may see which page. Every view says so with one decorator; a view that does not is refused.

Roles are read at every request, so a role taken away is gone at once (R-F5).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db.models import TextChoices
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class Role(TextChoices):
    """What a person may do. MEMBER comes with an active membership; the others are given by two administrators."""

    MEMBER = "member", _("Member")
    TREASURER = "treasurer", _("Treasurer")
    CLAIMS_OFFICER = "claims_officer", _("Claims officer")
    AUDITOR = "auditor", _("Auditor")
    ADMINISTRATOR = "administrator", _("Administrator")


OFFICERS = frozenset({Role.TREASURER, Role.CLAIMS_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR})
"""Roles that need a second factor."""

LIBRARY_VIEWS = ("allauth.", "django.views.i18n", "django.views.static", "django.conf.urls.i18n")
"""Views that libraries bring, with their own checks."""


def anyone(view: View) -> View:
    """The page is open to visitors."""
    return _with_policy(view, frozenset(), signed_in=False)


def signed_in(view: View) -> View:
    """The page is for whoever has signed in, applicants and former members too."""
    return _with_policy(view, frozenset(), signed_in=True)


def roles(*allowed: Role) -> Callable[[View], View]:
    """The page is for people with one of these roles; to others it does not exist (404)."""
    if not allowed:
        raise ImproperlyConfigured("Name at least one role.")

    def decorate(view: View) -> View:
        return _with_policy(view, frozenset(allowed), signed_in=True)

    return decorate


def _with_policy(view: View, allowed: frozenset[Role], *, signed_in: bool) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user: Any = request.user
        if signed_in and not user.is_authenticated:
            from django.contrib.auth.views import redirect_to_login

            return redirect_to_login(request.get_full_path())
        if allowed:
            held = user.roles
            if not held & allowed:
                raise Http404
            if not (held & allowed & {Role.MEMBER}) and held & OFFICERS and not user.has_second_factor:
                return redirect("second_factor_needed")
        return view(request, *args, **kwargs)

    guarded.policy = (allowed, signed_in)  # type: ignore[attr-defined]
    return guarded  # type: ignore[return-value]


def acting(request: HttpRequest) -> int:
    """The id of the signed-in user, for use cases that record who did it."""
    user_id: int | None = request.user.pk
    assert user_id is not None, "The view's policy lets nobody in who is not signed in."
    return user_id


class PolicyMiddleware:
    """Refuse a view that forgot to say whom it is for (R-F1)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Let the request through only to a view with a policy."""
        if policy_of(view) is None and not view.__module__.startswith(LIBRARY_VIEWS):
            raise PermissionDenied(f"{view.__module__}.{view.__name__} has no access policy.")
        return None


def policy_of(view: Any) -> tuple[frozenset[Role], bool] | None:
    """The roles a view allows and whether one must be signed in, or None where it does not say."""
    policy: tuple[frozenset[Role], bool] | None = getattr(view, "policy", None)
    return policy

"""Where somebody is signed in, and when she was last seen there: kept for her own list of sessions."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from allauth.usersessions.middleware import UserSessionsMiddleware
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse

EVERY = 60
"""Seconds within which the same session from the same place is written down once."""
_MOST = 10_000


class SeenMiddleware(UserSessionsMiddleware):  # type: ignore[misc]
    """The library's, which writes a row at every request; once a minute says as much, and a page is quicker by that."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        super().__init__(get_response)
        self._seen: OrderedDict[tuple[str | None, ...], float] = OrderedDict()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        session = request.session
        place = (
            session.session_key, session.get(SESSION_KEY), request.META.get("REMOTE_ADDR"),
            request.META.get("HTTP_X_FORWARDED_FOR"), request.META.get("HTTP_USER_AGENT"),
        )  # fmt: skip
        now = time.monotonic()
        if now - self._seen.get(place, -EVERY) < EVERY:
            return self.get_response(request)  # type: ignore[no-any-return]
        if settings.USERSESSIONS_TRACK_ACTIVITY and session.session_key:
            self._seen[place] = now
            while len(self._seen) > _MOST:
                self._seen.popitem(last=False)
        return super().__call__(request)  # type: ignore[no-any-return]

"""Where pages are. Each room has its own list; this one only says under which path."""

from django.urls import include, path

from mutual import health
from mutual.mail.views import preferences
from mutual.pages import views as pages

urlpatterns = [
    path("", include("members.front")),
    path("me/letters/", preferences, name="letters"),
    path("", include("members.urls")),
    path("statements/", include("members.statements.urls")),
    path("health/", health.health, name="health"),
    path("accounts/", include("allauth.urls")),
    path("language/setlang/", pages.set_language, name="set_language"),
    path("runs/", include("mutual.jobs.urls")),
    path("outbox/", include("mutual.mail.urls")),
    path("decisions/", include("members.governance.urls")),
    path("books/", include("mutual.ledger.urls")),
    path("log/", include("mutual.trail.urls")),
    path("", include("invoicing.urls")),
    path("barter/", include("invoicing.barter.urls")),
    path("", include("pooling.solvency.urls")),
    path("surplus/", include("pooling.surplus.urls")),
    path("", include("pooling.buffers.urls")),
    path("dunning/", include("pooling.dunning.urls")),
    path("", include("pooling.easing.urls")),
    path("claims/", include("pooling.claims.urls")),
    path("circles/", include("pooling.circles.urls")),
    path("payouts/", include("pooling.payouts.urls")),
    path("appeals/", include("pooling.claims.appeals.urls")),
    path("treasury/", include("pooling.treasury.urls")),
    path("", include("pooling.founding.urls")),
    path("", include("pooling.benefits.urls")),
    path("", include("pooling.urls")),
    path("", include("mutual.pages.urls")),
]

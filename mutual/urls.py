"""Where pages are. Each room has its own list; this one only says under which path."""

from django.urls import include, path

from mutual import health

urlpatterns = [
    path("health/", health.health, name="health"),
    path("accounts/", include("allauth.urls")),
    path("language/", include("django.conf.urls.i18n")),
    path("barter/", include("invoicing.barter.urls")),
    path("treasury/", include("pooling.treasury.urls")),
    path("", include("pooling.urls")),
    path("", include("mutual.pages.urls")),
    path("books/", include("mutual.ledger.urls")),
    path("log/", include("mutual.trail.urls")),
]

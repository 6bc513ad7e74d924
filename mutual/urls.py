"""Where pages are. Each room has its own list; this one only says under which path."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
]

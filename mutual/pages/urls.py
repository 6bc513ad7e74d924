"""Addresses of the shared page parts."""

from django.urls import path

from mutual.pages import views

app_name = "pages"

urlpatterns = [
    path("theme/", views.set_theme, name="theme"),
]

"""Address of the log."""

from django.urls import path

from mutual.trail import views

app_name = "trail"

urlpatterns = [
    path("", views.log, name="log"),
]

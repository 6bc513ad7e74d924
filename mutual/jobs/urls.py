"""Pages about runs, under /runs/."""

from django.urls import path

from mutual.jobs import views

urlpatterns = [
    path("", views.run_list, name="runs"),
    path("<uuid:run_id>/", views.run, name="run"),
]

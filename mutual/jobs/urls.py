"""Pages about runs, under /runs/."""

from django.urls import path

from mutual.jobs import views

urlpatterns = [
    path("", views.run_list, name="runs"),
    path("jobs/again/", views.jobs_again, name="jobs_again"),
    path("jobs/<int:job_id>/again/", views.jobs_again, name="job_again"),
    path("<uuid:run_id>/", views.run, name="run"),
]

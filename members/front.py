"""The pages without a room's name before theirs: home, and the way to a second factor."""

from django.urls import path

from members import views

urlpatterns = [
    path("", views.home, name="home"),
    path("second-factor/", views.second_factor_needed, name="second_factor_needed"),
]

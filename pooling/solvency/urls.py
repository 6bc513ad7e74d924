"""Where the pages about how long the funds last are."""

from django.urls import path

from pooling.solvency import views

app_name = "solvency"
urlpatterns = [
    path("solvency/", views.cockpit, name="cockpit"),
    path("solvency/simulate/", views.simulate, name="simulate"),
    path("solvency/<slug:slug>/", views.fund, name="fund"),
    path("solvency/<slug:slug>/answer/", views.answer, name="answer"),
    path("outlook/", views.everybody, name="everybody"),
    path("outlook/<str:label>/", views.paper, name="paper"),
]

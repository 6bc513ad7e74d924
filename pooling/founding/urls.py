"""Pages about founding, under /funds/found/."""

from django.urls import path

from pooling.founding import views

app_name = "founding"
urlpatterns = [
    path("funds/found/", views.found, name="found"),
    path("funds/found/<slug:scheme>/", views.scheme_page, name="scheme"),
    path("founding/<str:number>/", views.decision, name="decision"),
]

"""Pages of benefits and their rules."""

from django.urls import path

from pooling.benefits import views

app_name = "benefits"
urlpatterns = [
    path("if-i-fell-ill/", views.if_ill, name="if_ill"),
    path("funds/<slug:slug>/covers/", views.cover_page, name="covers"),
    path("funds/<slug:slug>/rules/", views.rules_page, name="rules"),
    path("funds/<slug:slug>/rules/propose/", views.propose, name="propose"),
    path("rules/<str:number>/", views.proposal, name="proposal"),
]

"""Pages about appeals, under /appeals/."""

from django.urls import path

from pooling.claims.appeals import views

app_name = "appeals"
urlpatterns = [
    path("begin/<str:number>/", views.begin, name="begin"),
    path("juries/", views.juries, name="juries"),
    path("juries/<str:number>/", views.jury, name="jury"),
    path("<str:number>/", views.appeal, name="appeal"),
    path("<str:number>/withdraw/", views.withdraw, name="withdraw"),
]

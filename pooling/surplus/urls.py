"""Pages about the surplus, under /surplus/."""

from django.urls import path

from pooling.surplus import views

app_name = "surplus"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("allocate/", views.allocate, name="allocate"),
    path("relieve/", views.relieve, name="relieve"),
    path("decisions/<str:number>/", views.answer, name="answer"),
    path("<str:label>/", views.year, name="year"),
    path("<str:label>/close/", views.close, name="close"),
]

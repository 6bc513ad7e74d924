"""Pages about the surplus, under /surplus/."""

from django.urls import path

from pooling.surplus import views

app_name = "surplus"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("allocate/", views.allocate, name="allocate"),
    path("relieve/", views.relieve, name="relieve"),
    path("decisions/<str:number>/", views.answer, name="answer"),
    path("mine/", views.mine, name="mine"),
    path("redeem/", views.redeem, name="redeem"),
    path("<str:label>/", views.year, name="year"),
    path("<str:label>/share/", views.share, name="share"),
    path("<str:label>/pay/", views.pay_parts, name="pay"),
    path("<str:label>/close/", views.close, name="close"),
]

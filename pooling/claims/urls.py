"""Pages about claims, under /claims/."""

from django.urls import path

from pooling.claims import views

app_name = "claims"
urlpatterns = [
    path("", views.desk, name="desk"),
    path("mine/", views.my_claims, name="my_claims"),
    path("new/", views.claim_new, name="new"),
    path("mine/<str:number>/", views.mine, name="mine"),
    path("mine/<str:number>/withdraw/", views.withdraw, name="withdraw"),
    path("<str:number>/", views.decide, name="decide"),
]

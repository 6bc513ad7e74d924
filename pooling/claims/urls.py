"""Pages about claims, under /claims/."""

from django.urls import path

from pooling.claims import views

app_name = "claims"
urlpatterns = [
    path("", views.desk, name="desk"),
    path("mine/", views.my_claims, name="my_claims"),
    path("new/", views.claim_new, name="new"),
    path("open/", views.open_book_page, name="open_book"),
    path("samples/<int:sample_id>/", views.sample, name="sample"),
    path("rules/", views.rules, name="rules"),
    path("rules/change/", views.rules_change, name="rules_change"),
    path("mine/<str:number>/", views.mine, name="mine"),
    path("mine/<str:number>/withdraw/", views.withdraw, name="withdraw"),
    path("mine/<str:number>/files/", views.add_files, name="add_files"),
    path("mine/<str:number>/certificate/", views.certificate_new, name="certificate_new"),
    path("mine/<str:number>/finish/", views.finish, name="finish"),
    path("certificates/<int:certificate_id>/<slug:step>/", views.certificate_step, name="certificate_step"),
    path("mine/<str:number>/open/", views.open_own, name="open_own"),
    path("<str:number>/open/", views.open_sealed, name="open"),
    path("<str:number>/", views.decide, name="decide"),
]

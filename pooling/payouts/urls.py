"""Pages about pay runs, under /payouts/."""

from django.urls import path

from pooling.payouts import views

app_name = "payouts"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("preview/<slug:slug>/", views.preview, name="preview"),
    path("runs/<str:number>/", views.run_page, name="run"),
    path("runs/<str:number>/file/", views.bank_files_page, name="bank_files"),
    path("files/<str:number>/", views.bank_file_bytes, name="bank_file_bytes"),
    path("loans/", views.loan_list, name="loans"),
    path("loans/<str:number>/repay/", views.repay, name="repay"),
    path("decisions/", views.decision_list, name="decisions"),
    path("decisions/new/<slug:kind>/", views.propose, name="propose"),
    path("decisions/<str:number>/", views.decision_page, name="decision"),
]

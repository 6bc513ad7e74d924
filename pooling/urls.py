"""Pages of the pooling room."""

from django.urls import path

from pooling import views

app_name = "pooling"
urlpatterns = [
    path("funds/", views.fund_list, name="funds"),
    path("funds/new/", views.fund_new, name="fund_new"),
    path("funds/<slug:slug>/", views.fund_page, name="fund"),
    path("funds/<slug:slug>/change/", views.fund_change, name="fund_change"),
    path("me/dues/", views.my_dues, name="my_dues"),
    path("me/dues/receipts/<str:number>/", views.my_receipt, name="my_receipt"),
    path("dues/", views.dues_page, name="dues"),
    path("dues/plans/new/", views.plan_edit, name="plan_new"),
    path("dues/plans/<slug:slug>/once/", views.charge_once, name="charge_once"),
    path("dues/plans/<slug:slug>/", views.plan_edit, name="plan_change"),
    path("dues/members/", views.put_on_plan, name="put_on_plan"),
    path("dues/members/<str:number>/", views.member_dues, name="member_dues"),
    path("payments/", views.payment_list, name="payments"),
    path("payments/new/", views.payment_new, name="payment_new"),
    path("payments/<str:number>/", views.payment_page, name="payment"),
    path("payments/<str:number>/receipt/", views.receipt, name="receipt"),
    path("payments/<str:number>/place/", views.payment_place, name="payment_place"),
    path("payments/<str:number>/withdraw/", views.payment_withdraw, name="payment_withdraw"),
    path("payments/<str:number>/correct/", views.payment_correct, name="payment_correct"),
    path("arrears/", views.arrears, name="arrears"),
]

"""Pages of the treasury, under /treasury/."""

from django.urls import path

from pooling.treasury import views

app_name = "treasury"
urlpatterns = [
    path("banks/", views.bank_list, name="banks"),
    path("banks/new/", views.bank_new, name="bank_new"),
    path("banks/move/", views.bank_move, name="bank_move"),
    path("banks/says/", views.bank_says, name="bank_says"),
    path("banks/<slug:slug>/", views.bank_page, name="bank"),
    path("items/", views.item_list, name="items"),
    path("items/new/", views.item_new, name="item_new"),
    path("items/categories/new/", views.category_new, name="category_new"),
    path("items/<str:number>/", views.item_page, name="item"),
    path("corrections/", views.correction_list, name="corrections"),
    path("corrections/opening/", views.propose_opening, name="propose_opening"),
    path("corrections/refund/", views.propose_refund, name="propose_refund"),
    path("corrections/write-off/", views.propose_write_off, name="propose_write_off"),
    path("corrections/barred/", views.propose_barred, name="propose_barred"),
    path("corrections/reversal/", views.propose_reversal, name="propose_reversal"),
    path("corrections/reopening/", views.propose_reopening, name="propose_reopening"),
    path("corrections/<str:number>/", views.correction_page, name="correction"),
    path("months/", views.month_page, name="months"),
]

"""Pages of the barter room, under /barter/."""

from django.urls import path

from invoicing.barter import views

app_name = "barter"
urlpatterns = [
    path("", views.market, name="market"),
    path("listings/new/", views.listing_new, name="listing_new"),
    path("listings/<int:listing_id>/", views.listing, name="listing"),
    path("listings/<int:listing_id>/close/", views.listing_close, name="listing_close"),
    path("listings/<int:listing_id>/renew/", views.listing_renew, name="listing_renew"),
    path("trades/", views.trade_list, name="trades"),
    path("trades/new/", views.trade_new, name="trade_new"),
    path("trades/<str:number>/", views.trade, name="trade"),
    path("trades/<str:number>/<slug:step>/", views.trade_step, name="trade_step"),
    path("open-book/", views.open_book, name="open_book"),
    path("give/", views.give, name="give"),
    path("limits/<str:number>/<slug:unit>/", views.limits_of, name="limits"),
]

"""Pages about circles, under /circles/."""

from django.urls import path

from pooling.circles import views

app_name = "circles"
urlpatterns = [
    path("", views.circle_list, name="circles"),
    path("mine/", views.mine, name="mine"),
    path("mine/level/", views.change_level, name="level"),
    path("mine/leave/", views.leave, name="leave"),
    path("new/", views.circle_new, name="new"),
    path("give/", views.give, name="give"),
    path("terms/new/", views.terms_new, name="terms_new"),
    path("decisions/<str:number>/", views.answer, name="answer"),
    path("<slug:slug>/", views.circle_page, name="circle"),
    path("<slug:slug>/join/", views.join, name="join"),
    path("<slug:slug>/open/", views.open_it, name="open"),
    path("<slug:slug>/close/", views.close, name="close"),
]

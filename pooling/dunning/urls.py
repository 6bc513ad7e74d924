"""Pages about reminders, agreements and limitation, under /dunning/."""

from django.urls import path

from pooling.dunning import views

app_name = "dunning"
urlpatterns = [
    path("", views.ladder_page, name="ladder"),
    path("run/", views.run, name="run"),
    path("steps/<int:place>/", views.step, name="step"),
    path("agreements/", views.agreement_list, name="agreements"),
    path("agreements/new/", views.agreement_new, name="agreement_new"),
    path("agreements/<str:number>/", views.agreement_page, name="agreement"),
    path("agreements/<str:number>/end/", views.agreement_end, name="agreement_end"),
    path("limitation/", views.limitation_page, name="limitation"),
    path("limitation/new/", views.limitation_new, name="limitation_new"),
    path("limitation/<int:pk>/checked/", views.limitation_checked, name="limitation_checked"),
]

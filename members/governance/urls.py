"""Pages of governance, under /decisions/."""

from django.urls import path

from members.governance import views

app_name = "governance"
urlpatterns = [
    path("", views.decision_list, name="decisions"),
    path("figures/", views.figure_list, name="figures"),
    path("figures/<str:name>/", views.figure_change, name="figure_change"),
    path("<str:number>/", views.decision_page, name="decision"),
]

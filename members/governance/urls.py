"""Pages of governance, under /decisions/."""

from django.urls import path

from members.governance import views

app_name = "governance"
urlpatterns = [path("", views.decision_list, name="decisions")]

"""Pages about statements, under /statements/."""

from django.urls import path

from members.statements import views

urlpatterns = [
    path("", views.statement_list, name="statements"),
    path("everybody/", views.everybody, name="everybodys_statements"),
    path("<str:label>/", views.statement, name="statement"),
    path("<str:number>/<str:label>/", views.statement_of, name="statement_of"),
]

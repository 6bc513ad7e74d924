"""Pages of the members room."""

from django.urls import path

from members import views

app_name = "members"
urlpatterns = [
    path("apply/", views.apply, name="apply"),
    path("apply/sent/", views.applied, name="applied"),
    path("members/", views.register, name="register"),
    path("members/import/", views.import_new, name="import_new"),
    path("members/import/<uuid:draft_id>/", views.import_page, name="import"),
    path("members/roles/", views.role_list, name="roles"),
    path("members/roles/<int:grant_id>/<slug:step>/", views.role_step, name="role_step"),
    path("members/users/<int:user_id>/<slug:step>/", views.user_step, name="user_step"),
    path("members/<str:number>/", views.member_page, name="member"),
    path("members/<str:number>/edit/", views.member_edit, name="member_edit"),
    path("members/<str:number>/<slug:step>/", views.member_step, name="member_step"),
    path("me/", views.profile, name="profile"),
    path("me/payout-account/", views.payout_account, name="payout_account"),
    path("me/data/", views.my_data, name="my_data"),
    path("me/come-back/", views.come_back, name="come_back"),
    path("me/leave/", views.leave, name="leave"),
]

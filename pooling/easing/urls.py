"""Pages about waivers, work and bands."""

from django.urls import path

from pooling.easing import views

app_name = "easing"
urlpatterns = [
    path("easing/", views.easing, name="easing"),
    path("easing/waivers/new/", views.waiver_new, name="waiver_new"),
    path("easing/waivers/<str:number>/", views.waiver, name="waiver"),
    path("easing/waivers/<str:number>/end/", views.waiver_end, name="waiver_end"),
    path("easing/work/new/", views.work_new, name="work_new"),
    path("easing/draws/new/", views.draw_new, name="draw_new"),
    path("easing/reviews/", views.reviews, name="reviews"),
    path("easing/reviews/<str:code>/", views.review, name="review"),
    path("me/band/", views.my_band, name="my_band"),
]

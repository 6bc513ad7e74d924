"""Pages about buffers."""

from django.urls import path

from pooling.buffers import views

app_name = "buffers"
urlpatterns = [
    path("buffers/", views.buffer_list, name="buffers"),
    path("buffers/<slug:slug>/rule/", views.rule, name="rule"),
    path("buffers/<slug:slug>/return/", views.return_excess, name="return"),
    path("me/buffers/", views.mine, name="mine"),
]

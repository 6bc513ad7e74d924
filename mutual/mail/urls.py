"""The local outbox, under /outbox/."""

from django.urls import path

from mutual.mail import views

urlpatterns = [
    path("", views.outbox, name="outbox"),
    path("<int:letter_id>/", views.letter, name="letter"),
    path("files/<int:attachment_id>/", views.attachment, name="attachment"),
]

"""The Celery application: only the bell that says "look"; what is due stands in the database."""

from __future__ import annotations

import os

from celery import Celery, shared_task

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mutual.settings")

app = Celery("mutual")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

__all__ = ["app", "shared_task"]

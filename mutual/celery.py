"""The Celery application: only the bell that says "look"; what is due stands in the database."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mutual.settings")

app = celery.Celery("mutual")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def task(function: Callable[..., Any]) -> Any:
    """Make a function a Celery task; call it with ``.delay(...)``."""
    return celery.shared_task(function)

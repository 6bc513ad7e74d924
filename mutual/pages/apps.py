"""The app of shared page parts; it has no tables."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """Template tags, context and error pages."""

    name = "mutual.pages"
    label = "pages"

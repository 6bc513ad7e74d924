from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """Documents on paper, and the archive of those that were given out."""

    name = "mutual.documents"
    label = "documents"

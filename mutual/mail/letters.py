"""Write letters; a task sends them after the commit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from email.utils import make_msgid
from typing import Any

import dj_email_url
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext

from mutual.jobs import queue
from mutual.mail import events
from mutual.mail.models import Attachment, Letter


def send(
    *,
    key: str,
    to: str,
    template: str,
    context: Mapping[str, Any],
    language: str,
    attachments: Sequence[tuple[str, str, bytes]] = (),
    reader: int | None = None,
) -> Letter | None:
    """Write a letter inside this transaction; it is sent after the commit, once for its key.

    ``template`` names ``<template>.subject.txt`` and ``<template>.txt`` (and ``<template>.html`` if there is one); its
    name stands in :data:`mutual.mail.events.EVENTS`.

    :param reader: the id of the user who reads it, if any: what she does without is not written, and None answered
    """
    known = Letter.objects.filter(key=key).first()
    if known is not None:
        return known
    event = template.rpartition("/")[2]
    if not events.is_wanted(event, reader):
        return None
    with translation.override(language):
        whole = {**context, "cooperative": settings.COOPERATIVE_NAME, "site": settings.SITE_URL}
        subject = " ".join(render_to_string(f"{template}.subject.txt", whole).split())[:200]
        text = render_to_string(f"{template}.txt", whole).strip() + "\n"
        if reader is not None and not events.EVENTS[event].needed:
            text += (
                "\n"
                + gettext("Which letters you get: %(url)s") % {"url": settings.SITE_URL + reverse("letters")}
                + "\n"
            )
    return write(key=key, to=to, subject=subject, text=text, attachments=attachments)


def write(
    *, key: str, to: str, subject: str, text: str, html: str = "", attachments: Sequence[tuple[str, str, bytes]] = ()
) -> Letter:
    """Write a letter whose words are ready."""
    letter, made = Letter.objects.get_or_create(
        key=key, defaults={"to": to, "subject": subject, "text": text, "html": html}
    )
    if made:
        Attachment.objects.bulk_create(
            Attachment(letter=letter, name=name, mime=mime, content=content) for name, mime, content in attachments
        )
        queue.after_commit("mutual.mail.letters.deliver", letter_id=letter.pk)
    return letter


def deliver(*, letter_id: int) -> None:
    """Hand a letter to the mail server, once; without one it stays in the local outbox."""
    letter = Letter.objects.get(pk=letter_id)
    if letter.sent_at or not settings.SMTP_URL:
        return
    server = dj_email_url.parse(settings.SMTP_URL)
    connection = get_connection(
        "django.core.mail.backends.smtp.EmailBackend",
        host=server["EMAIL_HOST"],
        port=server["EMAIL_PORT"],
        username=server["EMAIL_HOST_USER"],
        password=server["EMAIL_HOST_PASSWORD"],
        use_tls=server.get("EMAIL_USE_TLS", False),
        use_ssl=server.get("EMAIL_USE_SSL", False),
        timeout=20,
    )
    mail = EmailMultiAlternatives(
        subject=letter.subject,
        body=letter.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[letter.to],
        connection=connection,
        headers={"Message-ID": make_msgid(idstring=f"letter-{letter.pk}")},
    )
    if letter.html:
        mail.attach_alternative(letter.html, "text/html")
    for attachment in letter.attachments.all():
        mail.attach(attachment.name, bytes(attachment.content), attachment.mime)
    mail.send()
    Letter.objects.filter(pk=letter_id).update(sent_at=timezone.now())


def forget_older_than(days: int = 90) -> int:
    """Remove letters that were sent long ago; they are copies of what the records hold."""
    horizon = timezone.now() - dt.timedelta(days=days)
    return Letter.objects.filter(written_at__lt=horizon, sent_at__isnull=False).delete()[0]

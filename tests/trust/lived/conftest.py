"""The world of the browser tests without a server, on one day; what a test does to it is undone."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import functools
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.test import Client

from members.models import User
from tests import arena
from tests.trust.lived import forms

NOW = dt.datetime(2026, 11, 12, 12, tzinfo=dt.UTC)
"""When it is looked at, whenever that is: what forms propose depends on the day."""


@dataclasses.dataclass
class Lived:
    """A cooperative with something on every page, who is signed in how, and where everything is."""

    cookies: dict[str, str]
    where: dict[str, Any]
    browser: Client = dataclasses.field(default_factory=lambda: Client(raise_request_exception=False))

    def ask(self, who: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """What this person is answered (nobody signed in where there is no name)."""
        self.browser.cookies.clear()
        if who:
            self.browser.cookies["sessionid"] = self.cookies[who]
        return getattr(self.browser, method)(path, body, **more)

    @functools.cached_property
    def users(self) -> dict[str, User | AnonymousUser]:
        """Who it is by each name."""
        users: dict[str, User | AnonymousUser] = {"": AnonymousUser()}
        for who, cookie in self.cookies.items():
            users[who] = User.objects.get(pk=Session.objects.get(pk=cookie).get_decoded()["_auth_user_id"])
        return users


@contextlib.contextmanager
def undone():
    """What happens inside is undone, as if nobody had asked."""
    attempt = transaction.atomic()
    attempt._from_testcase = True  # so that a use case inside may be durable
    with attempt:
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="package")
def lived(django_db_setup, django_db_blocker):
    """The cooperative, in a database of its own; tests leave it as they found it, and run in one process."""
    (copy, world), usual = arena.world(), connection.settings_dict["NAME"]
    with django_db_blocker.unblock(), time_machine.travel(NOW):
        connection.close()
        connection.settings_dict["NAME"] = copy.name
        yield Lived(world["cookies"], world["where"])
        connection.close()
        connection.settings_dict["NAME"] = usual
    copy.drop()


@pytest.fixture(scope="package")
def found(lived, django_db_blocker):
    """One form of each kind."""
    with django_db_blocker.unblock():
        return forms.on_pages(lived)

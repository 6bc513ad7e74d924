"""What a load balancer is told."""

import pytest
from django.db import ConnectionHandler, connections
from django.test import Client

from mutual import health


class TestHealth:
    @pytest.mark.django_db
    def test_says_ok_to_anyone_and_is_never_cached(self, client: Client) -> None:
        answer = client.get("/health/")
        assert (answer.status_code, answer.content) == (200, b"ok\n")
        assert "no-store" in answer["Cache-Control"]

    @pytest.mark.django_db
    def test_says_so_when_the_database_does_not_answer(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        nowhere = connections.settings["default"] | {"HOST": "/nowhere"}
        monkeypatch.setattr(health, "connection", ConnectionHandler({"default": nowhere})["default"])
        answer = client.get("/health/")
        assert answer.status_code == 503
        assert b"nowhere" not in answer.content

    @pytest.mark.django_db
    def test_refuses_to_be_posted_to(self, client: Client) -> None:
        assert client.post("/health/").status_code == 405

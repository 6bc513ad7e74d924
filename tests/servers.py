"""A pytest plugin (`-p tests.servers`): one PostgreSQL and one Redis for a whole run, however many workers it has.

It is imported before the settings are. The process that starts the run holds the private servers and hands their
addresses down in the environment, so that neither the workers nor the programs that tests start look for their own.
Every worker counts its own Redis database, empty at the start; pytest-django names the PostgreSQL ones.
"""

import os
import urllib.parse
import uuid
from collections.abc import Generator

import hypothesis
import psycopg
import pytest
import redis
from _pytest.nodeid import NodeId

from mutual import embedded

_NUMBERS = {"master": 1} | {f"gw{number}": number + 2 for number in range(13)}


def _numbered(url: str, number: int) -> str:
    """The same Redis, another of its databases."""
    address = urllib.parse.urlsplit(url)
    if address.scheme == "unix":
        return f"unix://{address.path}?db={number}"
    return urllib.parse.urlunsplit(address._replace(path=f"/{number}"))


def _share() -> None:
    # WhiteNoise warns where nothing has ever been collected.
    (embedded.CHECKOUT / "var" / "static").mkdir(parents=True, exist_ok=True)
    urls = embedded.servers()
    worker = os.environ.get("PYTEST_XDIST_WORKER", "master")
    os.environ.setdefault("TEST_RUN", uuid.uuid4().hex[:12])
    os.environ["DATABASE_URL"] = urls.database_url
    os.environ["REDIS_URL"] = _numbered(urls.redis_url, _NUMBERS[worker])
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as own:
        own.flushdb()


_share()

# How quick the machine is says nothing about what is tested.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What was made for the whole run goes with it."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS world_of_{os.environ['TEST_RUN']} WITH (FORCE)")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of one group run in one worker: xdist reads the group from the end of a test's id.

    It writes it there itself, but since pytest 9.2 an id is no longer read from where it writes.
    """
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        group = "_".join(sorted({str(mark.args[0]) for mark in item.iter_markers("xdist_group")}))
        if group and not item.nodeid.endswith(f"@{group}"):
            item._id = NodeId.parse(f"{item.nodeid}@{group}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that skips itself fails: a missing part must be seen."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped: {report.longrepr}"
    return report

"""What the plugin of every test run does to the tests themselves."""

from __future__ import annotations

import argparse
from types import SimpleNamespace

import pytest

from tests import servers


@pytest.mark.xdist_group("together")
class TestGroups:
    def test_stand_at_the_end_of_an_id_where_xdist_looks_for_them(self, request):
        """Else each worker would take what it gets, and make each arena again."""
        config = SimpleNamespace(option=argparse.Namespace(loadgroup=True))
        servers.pytest_collection_modifyitems(config, [request.node])
        servers.pytest_collection_modifyitems(config, [request.node])
        assert request.node.nodeid.endswith("_looks_for_them@together")

"""R-I1: what is erased is in no dump, file, search or log any more, nor in the next backup; the books are unchanged."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from mutual.embedded import Servers
from tests.arena import CHECKOUT, Arena

pytestmark = pytest.mark.xdist_group("arena")
MARK = f"Zq9{uuid.uuid4().hex}"
"""The diagnosis: a word that nobody else on this machine writes."""
PAPERS = ["body", "evidence/1", "wrapped key"]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What was found before and after, and every place where a file may have been left."""
    arena, folder = Arena(), tmp_path_factory.mktemp("erased")
    for name in ("tmp", "kept"):
        (folder / name).mkdir()
    env = {
        "VAULT_KEY_FILE": str(folder / "tmp" / "vault.key"), "TMPDIR": str(folder / "tmp"), "LOG_LEVEL": "DEBUG",
        "VAULT_ERASURES_FILE": str(folder / "tmp" / "erasures.log"),
    }  # fmt: skip
    try:
        done = arena.run(f"from tests.trust import erased\nerased.tell({MARK!r}, {str(folder / 'kept')!r})", **env)
    finally:
        arena.drop()
    assert done.returncode == 0, done.stderr[-3000:]
    return {**json.loads(done.stdout.splitlines()[-1]), "log": done.stderr, "folder": folder}


def files(folder: Path) -> list[Path]:
    """What lies on the disk of an installation, beside the backups from before: its own folder, the logs of its
    servers, and what went through the folder for passing files."""
    logs = Servers(CHECKOUT).home.glob("*.log")
    return [one for one in (*CHECKOUT.glob("var/**/*"), *folder.glob("tmp/**/*"), *logs) if one.is_file()]


def holding(found: list[Path], *wanted: bytes) -> list[str]:
    return [one.name for one in found if any(what in one.read_bytes() for what in wanted)]


class TestErased:
    def test_is_in_no_dump_and_not_in_the_next_backup(self, told):
        """Neither the words, nor what was sealed, nor a key to open it."""
        assert told["after"] == []

    def test_was_there_before_and_sealed(self, told):
        """The control: the same search finds the sealed papers and their wrapped key, and nothing in the clear."""
        assert told["before"] == PAPERS

    def test_is_in_no_file(self, told):
        wanted = MARK.encode(), told["key"].encode(), bytes.fromhex(told["key"])
        found = files(told["folder"])
        assert {"vault.key", "erasures.log"} <= {one.name for one in found}
        assert holding(found, *wanted) == []
        assert "erasures.log" in holding(found, b"claim/C-000001 ")  # the control: they are read

    def test_is_found_by_no_search_of_anybody(self, told):
        assert told["searches"]["mark"] == []
        assert "/members/?q={words}" in told["searches"]["name"]  # the control: a member's name is

    def test_is_in_no_log(self, told):
        assert "DEBUG" in told["log"]
        assert MARK not in told["log"]
        assert told["key"] not in told["log"]

    def test_leaves_the_books_what_they_were(self, told):
        before, after = told["books"]
        assert before == after
        assert "None" not in before  # days were sealed
        assert told["findings"] == 0

    def test_leaves_the_others_readable(self, told):
        words, file = map(bytes.fromhex, told["other"])
        assert words.decode() == f"I have {MARK}."
        assert file.startswith(b"%PDF")

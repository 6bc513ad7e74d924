"""``appoint_administrator`` and ``import_members``: what they do, and their exit codes."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from members import roles, users
from members.models import ImportDraft, Member, RoleGrant, User
from mutual.access import Role
from mutual.ledger import audit
from mutual.mail.models import Letter
from tests.conftest import TODAY, aisha, make_user

pytestmark = pytest.mark.django_db

GOOD = "name,email,joined_on,city\nAda Byron,ada@example.org,2025-01-31,Berlin\nBo Ek,bo@example.org,2025-02-28,\n"
BAD = GOOD + "Cleo,no address,2025-02-30,\n"


def run(capsys, *arguments):
    """The exit code and the JSON answer."""
    code = 0
    try:
        call_command(*arguments, "--json")
    except SystemExit as end:
        code = end.code
    except CommandError as error:
        code = error.returncode
    said = capsys.readouterr().out.strip()
    return code, json.loads(said) if said else None


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "members.csv"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


class TestAppoint:
    def test_begins_an_installation_with_two(self, capsys):
        for email in ("First@example.org", "second@example.org"):
            code, said = run(capsys, "appoint_administrator", email)
            assert (code, said["refused"]) == (0, False)
            user = User.objects.get(email=email.lower())
            assert user.roles == {Role.ADMINISTRATOR}
            assert Letter.objects.filter(to=user.email).count() == 1
        assert run(capsys, "appoint_administrator", "third@example.org")[0] == 1
        assert User.objects.count() == 2

    def test_is_harmless_again(self, capsys):
        for _n in range(3):
            assert run(capsys, "appoint_administrator", "first@example.org")[0] == 0
        assert RoleGrant.objects.count() == 1
        assert Letter.objects.count() == 1

    def test_lets_somebody_in_again_where_one_is_left(self, capsys):
        by = aisha()
        blocked = make_user("second@example.org", Role.ADMINISTRATOR)
        users.block(user_id=blocked.pk, by=by.pk, on=TODAY)
        assert run(capsys, "appoint_administrator", "second@example.org")[0] == 1
        assert run(capsys, "appoint_administrator", "third@example.org")[0] == 0

    def test_makes_a_proposal_good(self, capsys):
        by, user = aisha(), make_user("second@example.org")
        roles.propose(email=user.email, role=Role.ADMINISTRATOR, by=by.pk)
        assert run(capsys, "appoint_administrator", user.email)[0] == 0
        assert RoleGrant.objects.filter(user=user, ended_on=None).get().granted_on is not None

    def test_refuses_what_is_no_address(self, capsys):
        assert run(capsys, "appoint_administrator", "nobody")[0] == 2
        assert not User.objects.exists()


class TestImport:
    def test_imports_every_line(self, capsys, file):
        code, said = run(capsys, "import_members", file(GOOD))
        assert (code, said["imported"], said["left_out"], said["errors"]) == (0, 2, 0, [])
        assert list(Member.objects.order_by("number").values_list("number", "name", "status")) == [
            ("M-000001", "Ada Byron", "ACTIVE"), ("M-000002", "Bo Ek", "ACTIVE"),
        ]  # fmt: skip
        assert not list(audit.findings())

    def test_imports_nothing_twice(self, capsys, file):
        run(capsys, "import_members", file(GOOD))
        code, said = run(capsys, "import_members", file(GOOD))
        assert (code, said["imported"], [row["line"] for row in said["errors"]]) == (1, 0, [2, 3])
        assert Member.objects.count() == 2

    def test_imports_nothing_where_a_line_is_wrong(self, capsys, file):
        code, said = run(capsys, "import_members", file(BAD))
        assert (code, said["refused"], said["left_out"]) == (1, True, 3)
        assert len(said["errors"][0]["errors"]) == 2
        assert not Member.objects.exists()
        assert not ImportDraft.objects.exists()

    def test_leaves_wrong_lines_out_if_told_so(self, capsys, file):
        code, said = run(capsys, "import_members", file(BAD), "--leave-out")
        assert (code, said["imported"], said["left_out"]) == (0, 2, 1)

    def test_only_tries(self, capsys, file):
        assert run(capsys, "import_members", file(GOOD), "--dry-run") == (
            0, {"refused": False, "dry_run": True, "lines": 2, "imported": 0, "left_out": 0, "errors": []},
        )  # fmt: skip
        assert run(capsys, "import_members", file(BAD), "--dry-run")[0] == 1
        assert not Member.objects.exists()

    def test_says_what_file_it_cannot_read(self, capsys, file, tmp_path):
        assert run(capsys, "import_members", file("who,where\na,b\n"))[0] == 1
        assert run(capsys, "import_members", str(tmp_path / "none.csv"))[0] == 2

    def test_says_it_in_words(self, capsys, file):
        call_command("import_members", file(GOOD))
        assert capsys.readouterr().out == "2 lines read, 2 imported, 0 left out.\n"

"""The vault: bound to its place, opened only in the open, unreadable once its key is gone."""

from __future__ import annotations

import datetime as dt
import io
import stat
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import Error, connection, transaction

from mutual.trail.models import Deed
from mutual.vault import erasures, keys, tasks, vault
from mutual.vault.models import Content, Opening, Vault

pytestmark = pytest.mark.django_db
ON = dt.date(2026, 11, 10)
AT = dt.datetime(2026, 11, 10, 9, tzinfo=dt.UTC)
WORDS = b"Zq9 the diagnosis"


@pytest.fixture(autouse=True)
def key_file(tmp_path, settings):
    settings.VAULT_KEY_FILE = str(tmp_path / "keys" / "vault.key")
    settings.VAULT_ERASURES_FILE = str(tmp_path / "erasures.log")
    return Path(settings.VAULT_KEY_FILE)


def filled(subject="claim/C-000001", place="body", content=WORDS):
    vault.open_vault(subject, on=ON)
    vault.seal(subject=subject, place=place, content=content)
    return subject


def look(subject, place="body", reason="DECIDE"):
    return vault.read(subject=subject, place=place, by=7, at=AT, reason=reason)


class TestSeal:
    def test_keeps_nothing_in_the_clear(self):
        filled()
        row = Content.objects.get()
        assert WORDS not in bytes(row.sealed)
        assert len(bytes(row.sealed)) == 12 + len(WORDS) + 16

    def test_never_replaces(self):
        subject = filled()
        with pytest.raises(vault.AlreadySealed):
            vault.seal(subject=subject, place="body", content=b"other")
        assert look(subject) == WORDS

    def test_gives_each_subject_a_key_of_its_own(self):
        filled(), filled("claim/C-000002")
        assert len({bytes(row.wrapped) for row in Vault.objects.all()}) == 2

    def test_opens_a_vault_once(self):
        subject = filled()
        before = bytes(Vault.objects.get().wrapped)
        vault.open_vault(subject, on=ON)
        assert bytes(Vault.objects.get().wrapped) == before


class TestRead:
    def test_writes_down_who_looked_before_it_shows(self):
        subject = filled()
        assert look(subject) == WORDS
        assert vault.openings(subject) == [vault.Look("body", 7, AT, "DECIDE")]

    def test_shows_nothing_that_it_cannot_write_down(self):
        subject = filled()
        with pytest.raises(Error):
            vault.read(subject=subject, place="body", by=None, at=AT, reason="DECIDE")
        assert not vault.openings(subject)

    def test_refuses_bytes_moved_to_another_place_or_subject(self):
        one, two = filled(), filled("claim/C-000002", content=b"other words")
        vault.seal(subject=one, place="evidence/1", content=b"a file")
        moved = Content.objects.get(vault__subject=one, place="body").sealed
        for subject, place in ((one, "evidence/1"), (two, "body")):
            Content.objects.filter(vault__subject=subject, place=place).update(sealed=moved)
            with pytest.raises(vault.Damaged):
                look(subject, place)
        assert not Opening.objects.exists()

    def test_would_be_fooled_without_the_binding(self, monkeypatch):
        """The control: with nothing bound to its place, moved bytes open."""
        plain = vault._encrypt, vault._decrypt
        monkeypatch.setattr(vault, "_encrypt", lambda key, content, bound_to: plain[0](key, content, ""))
        monkeypatch.setattr(vault, "_decrypt", lambda key, sealed, bound_to: plain[1](key, sealed, ""))
        subject = filled()
        vault.seal(subject=subject, place="evidence/1", content=b"a file")
        moved = Content.objects.get(place="body").sealed
        Content.objects.filter(place="evidence/1").update(sealed=moved)
        assert look(subject, "evidence/1") == WORDS

    def test_refuses_a_wrapped_key_moved_to_another_subject(self):
        one, two = filled(), filled("claim/C-000002")
        Vault.objects.filter(subject=two).update(wrapped=Vault.objects.get(subject=one).wrapped)
        with pytest.raises(vault.Damaged):
            look(two)

    @pytest.mark.parametrize("at", [0, 12, 20, -1])
    def test_refuses_what_was_tampered_with(self, at):
        subject = filled()
        changed = bytearray(Content.objects.get().sealed)
        changed[at] ^= 1
        Content.objects.update(sealed=bytes(changed))
        with pytest.raises(vault.Damaged):
            look(subject)

    def test_refuses_what_was_cut_off_or_added_to(self):
        subject = filled()
        whole = bytes(Content.objects.get().sealed)
        for other in (whole + b"x", whole[:-1], whole[:20], b""):
            Content.objects.update(sealed=other)
            with pytest.raises(vault.Damaged):
                look(subject)

    def test_refuses_without_the_right_wrapping_key(self, key_file):
        subject = filled()
        key_file.write_text("another key that is just as long as it must be\n")
        with pytest.raises(vault.WrongKey):
            look(subject)

    def test_says_where_there_is_nothing(self):
        with pytest.raises(vault.NothingThere):
            look(filled(), "evidence/9")

    def test_cannot_be_denied_afterwards(self):
        subject = filled()
        look(subject)
        connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
        for act in (
            lambda: Opening.objects.update(by=8),
            lambda: Opening.objects.all().delete(),
            lambda: connection.cursor().execute("TRUNCATE vault_opening"),
        ):
            with pytest.raises(Error, match="never changed or removed"), transaction.atomic():
                act()


class TestDestroy:
    def test_leaves_who_looked_and_nothing_to_read(self):
        subject = filled()
        look(subject)
        for _ in range(2):
            vault.destroy(subject, on=ON)
        with pytest.raises(vault.Destroyed):
            look(subject)
        assert vault.is_destroyed(subject)
        assert not Content.objects.exists()
        assert len(vault.openings(subject)) == 1
        with pytest.raises(vault.Destroyed):
            vault.seal(subject=subject, place="more", content=b"x")

    def test_leaves_the_others_alone(self):
        one, two = filled(), filled("claim/C-000002")
        vault.destroy(one, on=ON)
        assert look(two) == WORDS

    def test_comes_on_its_day(self, time_machine):
        time_machine.move_to("2026-11-10 12:00+00:00")
        soon, later, never = (filled(f"claim/C-00000{n}") for n in (1, 2, 3))
        vault.destroy_after(soon, on=ON)
        vault.destroy_after(later, on=ON + dt.timedelta(days=1))
        assert tasks.destroy_due() == 1
        assert [vault.is_destroyed(subject) for subject in (soon, later, never)] == [True, False, False]
        assert tasks.destroy_due() == 0
        assert Deed.objects.get(did="VAULT_DESTROYED").subject == "C-000001"


def came_back(before):
    """An older backup was restored: the key and what it sealed are there again."""
    Vault.objects.filter(pk=before.pk).update(wrapped=before.wrapped, kid=before.kid, destroyed_on=None)
    Content.objects.bulk_create(before.held)


def as_it_was(subject):
    before = Vault.objects.get(subject=subject)
    before.held = list(before.contents.all())
    return before


class TestErasures:
    """R-I1b: a restored backup brings nothing back that was erased since."""

    def test_are_applied_again_within_the_hour(self):
        subject, other = filled(), filled("claim/C-000002")
        before = as_it_was(subject)
        vault.destroy(subject, on=ON)
        came_back(before)
        assert look(subject) == WORDS  # the negative control: without the journal it can be read again
        assert tasks.destroy_due() == 1
        with pytest.raises(vault.Destroyed):
            look(subject)
        assert not Content.objects.filter(vault__subject=subject).exists()
        assert look(other) == WORDS
        assert Deed.objects.get(did="VAULT_ERASED_AGAIN").subject == "C-000001"
        assert tasks.destroy_due() == 0

    def test_know_a_key_that_was_wrapped_anew_since_the_backup(self, key_file):
        subject = filled()
        before = as_it_was(subject)
        keys.make(key_file)
        vault.rewrap()
        vault.destroy(subject, on=ON)
        came_back(before)
        assert vault.erase_again(on=ON) == 1

    def test_never_take_another_vault_of_the_same_name_for_it(self):
        """A new installation counts its claims from one again."""
        subject = filled()
        vault.destroy(subject, on=ON)
        Vault.objects.all().delete()
        filled()
        assert vault.erase_again(on=ON) == 0
        assert look(subject) == WORDS

    def test_are_written_before_anything_is_destroyed_and_also_if_that_fails(self):
        subject = filled()

        def dies():
            with transaction.atomic():
                vault.destroy(subject, on=ON)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            dies()
        assert look(subject) == WORDS
        assert vault.erase_again(on=ON) == 1

    def test_are_read_past_a_line_that_was_cut_short_and_readable_by_their_owner_alone(self, settings):
        subject = filled()
        vault.destroy(subject, on=ON)
        file = Path(settings.VAULT_ERASURES_FILE)
        assert file.stat().st_mode & 0o777 == 0o600
        file.write_text(file.read_text() + "claim/C-0000")
        assert list(erasures.noted()) == [subject]
        assert "Lumbago" not in file.read_text()

    def test_hold_where_the_wrapping_key_is_gone(self, key_file):
        subject = filled()
        before = as_it_was(subject)
        key_file.write_text("another key that is just as long as it must be\n")
        vault.destroy(subject, on=ON)
        came_back(before)
        assert vault.erase_again(on=ON) == 1


class TestRotation:
    def test_goes_on_where_it_was_killed_and_loses_nothing(self, key_file):
        subjects = [filled(f"claim/C-{n:06}") for n in range(7)]
        old = keys.ring().current
        keys.make(key_file)
        assert vault.rewrap(limit=3) == 3
        assert vault.wrapped_by() == {keys.ring().current: 3, old: 4}
        assert [look(subject) for subject in subjects] == [WORDS] * 7
        told = io.StringIO()
        call_command("rotate_vault_key", stdout=told)
        assert "4 keys wrapped anew" in told.getvalue()
        assert f"{old} wraps 0: take its line out" in told.getvalue()
        key_file.write_text(key_file.read_text().splitlines()[0] + "\n")
        assert [look(subject) for subject in subjects] == [WORDS] * 7

    def test_refuses_to_go_on_without_a_key_that_is_in_use(self, key_file):
        filled()
        key_file.write_text("another key that is just as long as it must be\n")
        with pytest.raises(CommandError, match="is not in the vault's key file"):
            call_command("rotate_vault_key", stdout=io.StringIO())

    def test_makes_a_fresh_key_on_top(self, key_file):
        filled()
        old = keys.ring().current
        told = io.StringIO()
        call_command("rotate_vault_key", "--make", stdout=told)
        assert list(keys.ring().keys)[1] == old
        assert vault.wrapped_by() == {keys.ring().current: 1}

    def test_leaves_an_old_dump_unreadable(self, key_file):
        """What a backup holds of before opens no more, once the old line is gone."""
        subject = filled()
        before = Vault.objects.get()
        keys.make(key_file)
        vault.rewrap()
        vault.destroy(subject, on=ON)
        key_file.write_text(key_file.read_text().splitlines()[0] + "\n")
        Vault.objects.update(kid=before.kid, wrapped=before.wrapped, destroyed_on=None)
        with pytest.raises(vault.WrongKey):
            look(subject)


class TestKeyFile:
    def test_is_made_for_its_owner_alone_outside_production(self, key_file):
        ring = keys.ring()
        assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
        assert keys.ring() == ring
        assert [path.name for path in key_file.parent.iterdir()] == ["vault.key"]

    @pytest.mark.parametrize(
        ("text", "mode", "said"),
        [(None, 0, "cannot be read"), ("short\n", 0o600, "32 random characters"), ("x" * 40, 0o644, "chmod 600")],
    )
    def test_stops_production_where_it_cannot_be_used(self, key_file, settings, text, mode, said):
        settings.PRODUCTION = True
        if text is not None:
            key_file.parent.mkdir()
            key_file.write_text(text)
            key_file.chmod(mode)
        (error,) = keys.check(None)
        assert said in error.msg
        with pytest.raises(keys.KeysRefused):
            vault.open_vault("claim/C-000001", on=ON)
        assert not Vault.objects.exists()

    def test_passes_the_check(self):
        assert keys.check(None) == []

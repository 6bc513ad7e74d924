"""The archive keeps what was given out, once, unchanged."""

from __future__ import annotations

import hashlib

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils.functional import lazystr

from mutual.documents import archive
from mutual.documents.documents import Printed
from mutual.documents.models import Document
from tests.mutual.documents import papers

pytestmark = pytest.mark.django_db


def keep(content: bytes = b"%PDF-1.7 one", **changes) -> Document:
    about = {
        "kind": archive.Kind.STATEMENT,
        "number": "S-2026-10-M-000123",
        "source": "a" * 64,
        "owner": 123,
        "language": "en",
        "printed": Printed(pdf=content, pages=2, seconds=0.1, memory=1),
        "versions": {"weasyprint": "70.0"},
        "created_at": papers.MADE,
        **changes,
    }
    return archive.keep(**about)


class TestKeep:
    def test_keeps_the_bytes_and_what_they_were_made_with(self):
        kept = keep()
        assert archive.fetch(kept) == b"%PDF-1.7 one"
        assert kept.sha256 == hashlib.sha256(b"%PDF-1.7 one").hexdigest()
        assert (kept.size, kept.pages, kept.versions, kept.created_at) == (12, 2, {"weasyprint": "70.0"}, papers.MADE)

    def test_keeps_the_same_document_once(self):
        assert keep().pk == keep(b"%PDF-1.7 printed again elsewhere").pk
        assert Document.objects.count() == 1
        assert archive.fetch(keep()) == b"%PDF-1.7 one"

    def test_keeps_another_beside_it_when_it_says_something_else(self):
        first, second = keep(), keep(b"%PDF-1.7 two", source="b" * 64)
        assert first.pk != second.pk
        assert archive.find(kind=archive.Kind.STATEMENT, number=first.number).pk == second.pk
        assert archive.find(kind=archive.Kind.STATEMENT, number=first.number, source="a" * 64).pk == first.pk

    def test_finds_nothing_where_nothing_was_kept(self):
        assert archive.find(kind=archive.Kind.INVOICE, number="S-2026-10-M-000123") is None

    def test_lists_what_is_kept_of_each_number(self):
        keep()
        keep(source="b" * 64)
        found = archive.kept_sources(kind=archive.Kind.STATEMENT, numbers=["S-2026-10-M-000123", "S-2026-10-M-000999"])
        assert found == {"S-2026-10-M-000123": {"a" * 64, "b" * 64}}


class TestFixed:
    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE documents_document SET content = 'x'",
            "UPDATE documents_document SET owner = 1",
            "DELETE FROM documents_document",
            "TRUNCATE documents_document",
        ],
    )
    def test_refuses(self, change):
        kept = keep()
        with pytest.raises(DatabaseError, match="never changed or removed"), transaction.atomic():
            connection.cursor().execute(change)
        assert archive.fetch(archive.find(kind=archive.Kind.STATEMENT, number=kept.number)) == b"%PDF-1.7 one"

    def test_refuses_the_orm_too(self):
        keep()
        with pytest.raises(DatabaseError), transaction.atomic():
            Document.objects.update(language="de")
        with pytest.raises(DatabaseError), transaction.atomic():
            Document.objects.first().delete()


class TestFetch:
    def test_refuses_bytes_that_were_changed_behind_the_databases_back(self):
        kept = keep()
        assert archive.damaged() == []
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # what only the server's owner can do
            cursor.execute("UPDATE documents_document SET content = 'forged'")
            cursor.execute("SET LOCAL session_replication_role = origin")
        with pytest.raises(archive.Damaged, match="S-2026-10-M-000123"):
            archive.fetch(Document.objects.get(pk=kept.pk))
        assert archive.damaged() == ["S-2026-10-M-000123"]


class TestDigest:
    def test_is_the_same_for_equal_values_and_not_for_others(self):
        assert archive.digest(papers.statement()) == archive.digest(papers.statement())
        assert archive.digest(papers.statement()) != archive.digest(papers.statement(name="Somebody else"))
        assert archive.digest(papers.statement()) != archive.digest(papers.statement(papers.section(5)))

    def test_reads_lazy_texts(self):
        assert archive.digest((lazystr("one"),)) == archive.digest(("one",)) != archive.digest((lazystr("two"),))

    def test_tells_where_a_text_ends(self):
        assert archive.digest((("a", "b"), ())) != archive.digest((("a",), ("b",)))

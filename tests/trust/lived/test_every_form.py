"""R-G10: whatever is typed into any field of any form, the answer is a page, never a fault.

The forms are read from the pages themselves: a new one is typed into without anybody thinking of it.
"""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mutual.inputs import AmountField
from tests.trust.lived import forms
from tests.trust.lived.conftest import undone

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("lived")]

NASTY = (
    "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\u202eevil", "\u2066\u2069", "\x1b[31m", "\ufffe\uffff", "🏴‍☠️" * 40,
    "e\u0301" * 200, "９９９", "٣٫٥", "1e999999", "NaN", "-Infinity", "-0", "0x10", "1_000", "99999999999999999999999",
    "9" * 5000, "9999-12-31", "0001-01-01", "2026-02-30", "2026-W99", "0000", "'; --", "%s %(x)s {0} {{ 1 }}", "../..",
    "<script>", "\r\n\r\n", "\r\nBcc: x@example.org", "\u200d", "\ue000", "ﷺ" * 300, "²", " ", "", "true", "[]",
    "M-000001", "a" * 20_000,
)  # fmt: skip
TEXT = st.one_of(
    st.text(alphabet=st.characters(), max_size=30),  # surrogates too
    st.text(alphabet=st.characters(categories=["Cc", "Cf", "Cs", "Co", "Zl", "Zp"]), max_size=10),
    st.text(alphabet="0123456789.,-+eE:W ", max_size=30),
    st.sampled_from(NASTY),
)


def answer_to(lived, form, name, text):
    """What answers when this is typed into that field; what it did is undone."""
    file = (name, text.encode("utf-8", "surrogatepass")) if name in form.files else None
    with undone():
        return forms.send(lived, form, {} if file else {name: text}, file).status_code


class Typist:
    """Somebody who types into the boxes of every form, and notes what answers with a fault."""

    def __init__(self, lived, found):
        self.lived = lived
        self.boxes = [(form, name) for form in found for name in (*dict(form.fields), *form.files)]
        self.faults = []

    def types(self, place, text):
        form, name = self.boxes[place]
        status = answer_to(self.lived, form, name, text)
        if status >= 500:
            self.faults.append((form.route, name, text[:60], status))


class TestEveryForm:
    def test_answers_whatever_is_typed(self, lived, found):
        """Each box is given one of the worst, in turn, so that all of them meet every kind of box."""
        typist = Typist(lived, found)
        for place, text in zip(range(len(typist.boxes)), itertools.cycle(NASTY), strict=False):
            typist.types(place, text)
        assert not typist.faults, typist.faults
        assert len(typist.boxes) > 300

    @pytest.mark.soak
    def test_answers_whatever_is_typed_for_long(self, lived, found):
        typist = Typist(lived, found)

        @settings(max_examples=600, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(st.sampled_from(range(len(typist.boxes))), TEXT)
        def typed(place, text):
            typist.types(place, text)

        typed()
        assert not typist.faults, typist.faults

    def test_would_notice_a_fault(self, lived, found, monkeypatch):
        from mutual.inputs import LineField

        def forgets(self, value):
            raise RuntimeError("as if a check were forgotten")

        form = next(form for form in found if form.route == "payments/new/")
        monkeypatch.setattr(LineField, "clean", forgets)
        assert answer_to(lived, form, "reference", "x") == 500


NO_AMOUNTS = (
    "1e999999", "-1e999999", "NaN", "sNaN", "Infinity", "-Infinity", "-1", "9" * 39, "9" * 400, "0x1p4", "1e-400",
    "1_000", "\u0661e\u0662", "1.2.3", "--1", "0.0000000000000000000000000000000000001",
)  # fmt: skip


def faults_of_amounts(lived, boxes, texts):
    """Each box is given one of what is no amount, in turn: where that is a fault, or moves money."""
    wrong, before = [], transfers()
    for (form, name), text in zip(boxes, itertools.cycle(texts), strict=False):
        with undone():
            status = forms.send(lived, form, {name: text}).status_code
            wrong += [(form.route, name, text, status)] if status >= 500 or transfers() != before else []
    return wrong


def boxes_for_amounts(found):
    """Every box of a form that is sent, in which an amount or a number is typed."""
    return [(form, name) for form in found if form.method == "post" for name in form.amounts]


def transfers():
    """How many there are."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_transfer")
        return cursor.fetchone()[0]


class TestEveryAmount:
    """R-A11."""

    def test_is_refused_where_it_is_none(self, lived, found):
        boxes = boxes_for_amounts(found)
        assert len(boxes) > 40
        assert faults_of_amounts(lived, boxes, NO_AMOUNTS) == []

    @pytest.mark.soak
    def test_is_refused_whatever_it_is(self, lived, found):
        for text in NO_AMOUNTS:
            assert faults_of_amounts(lived, boxes_for_amounts(found), [text]) == []

    def test_would_be_a_fault_by_a_plain_reader(self, lived, found, monkeypatch):
        """The negative control."""
        monkeypatch.setattr(AmountField, "_read", lambda field, text: Decimal(text))
        assert faults_of_amounts(lived, boxes_for_amounts(found)[:5], ["NaN"])

"""The quarter's paper: printed for everybody, kept once the quarter is over, and nobody is recognisable in it."""

from __future__ import annotations

import datetime as dt
import io

import pytest
import time_machine
from django.urls import reverse
from pypdf import PdfReader

from mutual.documents.documents import Press
from mutual.documents.models import Document
from mutual.periods import parse
from pooling.solvency import forecasts, quarters, reports, sentences
from tests.conftest import make_member
from tests.pooling.claims.test_claims import filled
from tests.pooling.test_dues import ON, coop

__all__ = ["coop", "filled"]
pytestmark = pytest.mark.django_db
Q4 = parse("2026-Q4")
LATER = dt.date(2027, 1, 5)
AT = dt.datetime(2027, 1, 5, 9, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def press():
    one = Press()
    yield one
    one.close()


@pytest.fixture
def simulated(filled):
    forecasts.simulate(fund_slug="", seed=1, on=ON, number=200, kept=True)
    return filled


def text_of(pdf):
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


class TestThoseWithOne:
    def test_are_the_quarters_in_which_something_was_simulated(self, simulated):
        assert quarters.those_with_one(ON) == [Q4]
        assert quarters.those_with_one(LATER) == [Q4]
        assert quarters.those_with_one(dt.date(2026, 9, 1)) == []


class TestCompose:
    def test_says_the_same_as_the_page(self, simulated):
        value = quarters.compose(Q4, "en")
        made = forecasts.of_fund(simulated.sick, ON)
        part = next(one for one in value.parts if one.name == "Sickness")
        assert part.sentence == sentences.of_fund(made)
        assert part.drawing.svg == reports.fund(made).fan.svg
        assert (value.simulated_on, value.runs) == (ON, 200)

    def test_refuses_a_quarter_without_a_simulation(self, simulated):
        with pytest.raises(quarters.NotSimulated):
            quarters.compose(parse("2026-Q3"), "en")


class TestGive:
    def test_prints_the_sentence_the_figures_and_the_drawing(self, simulated, press):
        name, pdf = quarters.give(period=Q4, language="en", at=AT, on=LATER, press=press)
        assert name == "F-2026-Q4.pdf"
        said = text_of(pdf)
        for words in (
            "How long our funds last",
            "lived 200 times on paper",
            "Sickness",
            "Parents",
            "Months of cover",
            "Run-out date",
            "Floor",
        ):
            assert words in said
        metadata = PdfReader(io.BytesIO(pdf)).trailer["/Root"]["/Metadata"].get_object().get_data()
        assert b"pdfaid" in metadata

    def test_keeps_it_once_the_quarter_is_over_and_gives_the_same_bytes(self, simulated, press):
        _name, first = quarters.give(period=Q4, language="en", at=AT, on=LATER, press=press)
        _name, again = quarters.give(period=Q4, language="en", at=AT + dt.timedelta(days=3), on=LATER, press=press)
        assert first == again
        assert Document.objects.filter(kind="OUTLOOK").count() == 1

    def test_keeps_nothing_while_the_quarter_runs(self, simulated, press):
        quarters.give(period=Q4, language="en", at=AT, on=ON, press=press)
        assert not Document.objects.filter(kind="OUTLOOK").exists()


class TestPage:
    def get(self, client, label):
        with time_machine.travel(dt.datetime(2026, 11, 10, 12, tzinfo=dt.UTC), tick=False):
            client.force_login(make_member("Bea Roth").user)
            return client.get(reverse("solvency:paper", args=[label]))

    def test_gives_a_member_the_file(self, client, simulated):
        answer = self.get(client, "2026-Q4")
        assert answer["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF")

    @pytest.mark.parametrize("label", ["2026", "2026-11", "2027-Q1", "nonsense"])
    def test_has_no_paper_of_what_is_no_quarter_or_has_not_begun(self, client, simulated, label):
        assert self.get(client, label).status_code == 404

    def test_says_so_where_nothing_was_simulated(self, client, simulated):
        assert self.get(client, "2026-Q2")["Location"] == reverse("solvency:everybody")

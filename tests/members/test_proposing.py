"""The one mechanism of two officers, as every room uses it."""

import ast
import datetime as dt
from pathlib import Path

import pytest
from django.urls import reverse

from members.governance import decisions, figures
from members.governance.models import Decision, Setting
from mutual import clock, rooms
from mutual.access import Role
from mutual.ledger import audit, chart, journal
from mutual.trail.models import Deed
from pooling.treasury import corrections
from tests.conftest import make_member
from tests.trust.test_routes import person

pytestmark = pytest.mark.django_db
ON = dt.date(2026, 11, 10)


@pytest.fixture
def officers(db):
    return person(Role.TREASURER), person(Role.ADMINISTRATOR)


@pytest.fixture
def waiting(officers):
    journal.close_book(book=chart.coop_book(), until=dt.date(2026, 12, 1), recorded_by=None)
    return corrections.propose_reopening(until=ON, text="A late bill", by=officers[0].pk, on=ON)


@pytest.fixture
def set_to(officers):
    def set_to(value, valid_from):
        made = figures.propose(
            name="appeals.jurors", value=value, valid_from=valid_from, text="Voted", by=officers[0].pk, on=ON
        )
        return figures.confirm(decision_id=made.pk, by=officers[1].pk, on=ON)

    return set_to


class TestDeciding:
    def test_confirms_nothing_where_what_is_carried_out_is_refused(self, waiting, officers):
        with (
            pytest.raises(corrections.NotPossibleNow),
            decisions.deciding(waiting.pk, kind=corrections.REOPENING, by=officers[1].pk, on=ON),
        ):
            raise corrections.NotPossibleNow("No.")
        waiting.refresh_from_db()
        assert (waiting.state, waiting.decided_by) == (Decision.State.PROPOSED, None)

    def test_declines_once_and_never_ones_own(self, waiting, officers):
        with pytest.raises(decisions.SamePerson):
            decisions.decline(decision_id=waiting.pk, kind=corrections.REOPENING, by=officers[0].pk, on=ON)
        made = decisions.decline(decision_id=waiting.pk, kind=corrections.REOPENING, by=officers[1].pk, on=ON)
        assert made.state == Decision.State.DECLINED
        with pytest.raises(decisions.AlreadyDecided):
            decisions.decline(decision_id=waiting.pk, kind=corrections.REOPENING, by=officers[1].pk, on=ON)
        assert not list(audit.findings())


class TestPages:
    def test_write_down_that_somebody_tried_to_decide_her_own_proposal(self, client, waiting, officers):
        client.force_login(officers[0])
        client.post(reverse("treasury:correction", args=[waiting.number]), {"answer": "confirm"})
        waiting.refresh_from_db()
        assert waiting.state == Decision.State.PROPOSED
        assert Deed.objects.get(did="OWN_DECISION_BARRED").subject == waiting.number

    def test_take_yes_or_no_and_nothing_else(self, client, waiting, officers):
        page = reverse("treasury:correction", args=[waiting.number])
        client.force_login(officers[1])
        assert client.post(page, {"answer": "perhaps"}).status_code == 404
        waiting.refresh_from_db()
        assert waiting.state == Decision.State.PROPOSED
        assert client.post(page, {"answer": "decline"}).status_code == 302
        assert "Declined" in client.get(page).content.decode()

    def test_offer_nobody_to_decide_her_own(self, client, waiting, officers):
        page = reverse("treasury:correction", args=[waiting.number])
        client.force_login(officers[0])
        shown = client.get(page).content.decode()
        assert 'value="confirm"' not in shown
        assert "You proposed it, so another officer decides it." in shown


class TestFigures:
    def test_hold_from_their_day_on_and_as_delivered_until_then(self, set_to):
        later = dt.date(2026, 12, 1)
        set_to(7, later)
        assert figures.value("appeals.jurors", ON) == 5
        assert figures.value("appeals.jurors", later - dt.timedelta(1)) == 5
        assert figures.value("appeals.jurors", later) == 7
        set_to(9, dt.date(2027, 1, 1))
        assert figures.value("appeals.jurors", later) == 7

    @pytest.mark.parametrize(
        ("value", "day", "refusal"),
        [(2, ON, figures.OutOfRange), (16, ON, figures.OutOfRange), (7, dt.date(2026, 11, 9), figures.TooEarly)],
    )
    def test_refuse_what_is_out_of_range_or_past(self, value, day, refusal, set_to):
        with pytest.raises(refusal):
            set_to(value, day)
        assert not Setting.objects.exists()
        assert not Decision.objects.exists()

    def test_refuse_a_day_that_another_setting_has_taken_since(self, set_to, officers):
        first = figures.propose(name="appeals.jurors", value=7, valid_from=ON, text="a", by=officers[0].pk, on=ON)
        set_to(9, ON)
        with pytest.raises(figures.TooEarly):
            figures.confirm(decision_id=first.pk, by=officers[1].pk, on=ON)
        assert figures.value("appeals.jurors", ON) == 9
        first.refresh_from_db()
        assert first.state == Decision.State.PROPOSED

    def test_all_lie_within_their_range_and_have_words(self):
        found = rooms.figures()
        assert len(found) == len({one.name for one in found}) >= 7
        for one in found:
            assert one.least <= one.default <= one.most, one.name
            assert one.label, one.name
            assert one.unit, one.name
            assert one.why, one.name

    def test_are_changed_by_page_by_two_officers_and_read_by_everybody(self, client, officers):
        client.force_login(officers[0])
        page = reverse("governance:figure_change", args=["appeals.jurors"])
        today = clock.today()
        said = {"value": "7", "valid_from": today.isoformat(), "text": "More voices"}
        assert client.post(page, {**said, "value": "99"}).status_code == 422
        assert client.post(page, said).status_code == 302
        number = Decision.objects.get(kind=figures.KIND).number
        client.post(reverse("governance:figures"), {"number": number, "answer": "confirm"})
        assert figures.value("appeals.jurors", today) == 5
        client.force_login(officers[1])
        assert "More voices" in client.get(reverse("governance:figures")).content.decode()
        client.post(reverse("governance:figures"), {"number": number, "answer": "confirm"})
        assert figures.value("appeals.jurors", today) == 7
        client.force_login(make_member("Ada Byron").user)
        shown = client.get(reverse("governance:figures")).content.decode()
        assert "7 members" in shown
        assert number in shown
        assert client.post(reverse("governance:figures"), {"number": number}).status_code == 404
        assert client.get(reverse("governance:figure_change", args=["nothing"])).status_code in {403, 404}


class TestPage:
    def test_says_what_was_decided_about_whom_and_by_which_two(self, client, set_to, officers):
        set_to(7, ON)
        made = Decision.objects.get()
        ada = make_member("Ada Byron")
        hers = decisions.propose(
            kind="WRITE_OFF", subject=ada.number, text="She is ill", terms={}, by=officers[0].pk, on=ON
        )
        client.force_login(officers[0])
        shown = client.get(reverse("governance:decision", args=[hers.number])).content.decode()
        assert "She is ill" in shown
        assert reverse("members:member", args=[ada.number]) in shown
        assert reverse("treasury:correction", args=[hers.number]) in shown
        shown = client.get(reverse("governance:decision", args=[made.number])).content.decode()
        assert officers[0].display_name in shown
        assert officers[1].display_name in shown
        assert rooms.document_url(made.number, roles=officers[0].roles) == f"/decisions/{made.number}/"

    def test_shows_members_what_concerns_everybody_and_once_it_is_decided(self, client, set_to, officers):
        set_to(7, ON)
        made = Decision.objects.get()
        waits = figures.propose(
            name="appeals.jurors", value=9, valid_from=ON + dt.timedelta(1), text="b", by=officers[0].pk, on=ON
        )
        private = decisions.propose(kind="WRITE_OFF", subject="M-1", text="ill", terms={}, by=officers[0].pk, on=ON)
        with decisions.deciding(private.pk, kind="WRITE_OFF", by=officers[1].pk, on=ON):
            pass
        client.force_login(make_member("Ada Byron").user)
        shown = client.get(reverse("governance:decision", args=[made.number])).content.decode()
        assert made.text in shown
        assert officers[0].display_name not in shown
        for number in (waits.number, private.number, "D-9999"):
            assert client.get(reverse("governance:decision", args=[number])).status_code == 404


def test_no_room_locks_or_decides_a_decision_by_itself():
    """Only governance writes who decided: a room that did it in its own way could forget the second officer."""
    here = Path(__file__).resolve().parents[2]
    for path in [*here.glob("pooling/**/*.py"), *here.glob("invoicing/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "decisions":
                assert node.attr in {
                    "propose", "deciding", "decline", "waiting", "DecisionRefused", "SamePerson", "AlreadyDecided",
                }, f"{path}: decisions.{node.attr}"  # fmt: skip

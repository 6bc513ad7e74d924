"""Appeals: a jury nobody can steer, facts without a name, the majority decides, jurors are thanked."""

from __future__ import annotations

import datetime as dt
import hashlib
import io

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from invoicing.barter import accounts as barter
from invoicing.models import Issuer
from members.governance import figures
from members.models import RoleGrant
from mutual.access import Role
from mutual.currencies import HOUR
from mutual.ledger import audit
from mutual.mail.models import Letter
from mutual.money import Money
from mutual.trail.models import Deed
from pooling.circles import circles
from pooling.claims import claims, tasks
from pooling.claims.appeals import appeals, draw
from pooling.claims.appeals.models import Appeal, Juror
from pooling.claims.models import Claim
from tests.conftest import cem, clara, make_member, make_officer
from tests.invoicing.barter.test_trades import agreed, settle
from tests.invoicing.test_invoices import client_of, draft, issue
from tests.pooling.circles.test_circles import terms
from tests.pooling.claims.test_claims import ada, claim, coop, filled
from tests.pooling.test_dues import ON, held

__all__ = ["ada", "coop", "filled"]
pytestmark = pytest.mark.django_db
CANARY = "Zq9lumbago"


@pytest.fixture
def members(filled):
    return [make_member(f"Member{n} Nobody") for n in range(8)]


@pytest.fixture
def refused(filled, ada):
    one = claim(filled, ada)
    return claims.refuse(claim_id=one.pk, reason="CEILING", by=clara().pk, on=ON)


def in_a_circle(coop, *people):
    terms(coop)
    circle = circles.form(name="Linden", fund_id=coop.sick.pk, by=coop.by, on=ON)
    for member in people:
        circles.ask(circle_id=circle.pk, member_id=member.pk, place=1, by=coop.by, on=ON)


def bills(member, *addresses):
    """A member issues an invoice to each client of such an address."""
    for place, address in enumerate(addresses):
        invoice = draft(member, client=client_of(member, email=address), key=f"{member.number}-{place}")
        Issuer.objects.filter(member=member).update(tax_number="1", city="X")
        issue(invoice)


def begun(one, on=ON):
    return appeals.begin(claim_id=one.pk, by=one.member.user_id, on=on)


def filed(one, share="seven swans", words="The dates are right.", on=ON):
    appeal = begun(one)
    return appeals.file(appeal_id=appeal.pk, grounds="RULE", words=words, share=share, by=one.member.user_id, on=on)


def vote(appeal, *votes, on=ON):
    seats = appeal.jurors.filter(vote="", replaced_on=None).order_by("place")
    for juror, said in zip(seats, votes, strict=False):
        appeals.answer(appeal_id=appeal.pk, vote=said, by=juror.member.user_id, on=on)
    appeal.refresh_from_db()
    return appeal


def test_a_jury_has_the_size_of_the_day_the_appeal_was_begun(members, refused):
    """Officers decide on seven; an appeal begun before keeps five, also when somebody has to be replaced."""
    appeal = filed(refused)
    first, second = make_officer(Role.TREASURER, "Tilda").pk, make_officer(Role.TREASURER, "Tom").pk
    made = figures.propose(name="appeals.jurors", value=7, valid_from=ON + dt.timedelta(1), text="x", by=first, on=ON)
    figures.confirm(decision_id=made.pk, by=second, on=ON)
    appeals.replace_silent(appeal_id=appeal.pk, on=ON + dt.timedelta(30))
    assert appeal.jurors.filter(replaced_on=None).count() == 3  # eight could sit; five were silent
    assert (appeals.seats(ON), appeals.seats(ON + dt.timedelta(1))) == (5, 7)


def test_whoever_came_close_to_the_claimant_since_is_passed_over(members, refused, ada):
    appeal = begun(refused)
    assert len(appeal.pool) == 8
    settle(agreed(members[0], ada))
    filed(refused)
    appeals.replace_silent(appeal_id=appeal.pk, on=ON + dt.timedelta(30))  # the others are called as well
    assert appeal.jurors.count() == 7
    assert not appeal.jurors.filter(member=members[0]).exists()


class TestDraw:
    POOL = [f"M-{n:06}" for n in range(1, 31)]

    def test_is_what_anybody_can_work_out_by_hand(self):
        seed = draw.seed(number="A-000001", nonce="aa", share="seven swans")
        assert seed == hashlib.sha256(b"A-000001|aa|seven swans").hexdigest()
        lots = {number: hashlib.sha256(f"{seed}|{number}".encode()).hexdigest() for number in self.POOL}
        assert draw.order(seed=seed, pool=self.POOL) == sorted(self.POOL, key=lots.__getitem__)

    def test_binds_the_secret_number_and_the_pool(self):
        whole = draw.commitment(number="A-000001", nonce="aa", pool=self.POOL)
        assert whole == draw.commitment(number="A-000001", nonce="aa", pool=self.POOL[::-1])
        assert whole != draw.commitment(number="A-000001", nonce="ab", pool=self.POOL)
        assert whole != draw.commitment(number="A-000001", nonce="aa", pool=self.POOL[1:])
        assert whole != draw.commitment(number="A-000002", nonce="aa", pool=self.POOL)

    @given(st.text(min_size=1), st.sets(st.text(min_size=1), min_size=1, max_size=40))
    def test_seats_everybody_once(self, seed, pool):
        assert sorted(draw.order(seed=seed, pool=pool)) == sorted(pool)

    def test_gives_everybody_the_same_chance(self):
        """Each of 30 sits first about as often: 3,000 draws, 100 expected, within five standard deviations."""
        firsts = dict.fromkeys(self.POOL, 0)
        for n in range(3000):
            seats = draw.order(seed=draw.seed(number="A", nonce=str(n), share="x"), pool=self.POOL)
            firsts[seats[0]] += 1
        assert all(50 < count < 150 for count in firsts.values())


class TestBegin:
    def test_binds_the_cooperative_before_the_claimant_writes(self, refused, members):
        appeal = begun(refused)
        assert begun(refused) == appeal
        assert Deed.objects.get(did="JURY_COMMITTED").detail == {"commitment": appeal.commitment}
        assert not appeal.jurors.exists()

    def test_leaves_out_who_is_close_or_decides(self, filled, refused, members, monkeypatch):
        """F14: her circle, whom she trades with, who bills her or whom she bills, who works for the same client; and
        officers who decide claims. The control: where a room does not tell of them, its people are in the pool."""
        ada, (mate, partner, biller, billed, colleague, member_officer) = refused.member, members[:6]
        everybody = {member.number for member in members}
        assert set(appeals.eligible(refused, on=ON)) == everybody

        in_a_circle(filled, ada, mate)
        settle(agreed(partner, ada))
        bills(biller, ada.email.upper())
        bills(ada, billed.email, "boss@example.org")
        bills(colleague, "Boss@Example.org")
        close = {
            "pooling.circles.room": {mate}, "invoicing.barter.room": {partner},
            "invoicing.room": {biller, billed, colleague},
        }  # fmt: skip
        RoleGrant.objects.create(user=member_officer.user, role=Role.CLAIMS_OFFICER, granted_on=ON)
        left = {member.number for member in members[6:]}
        assert set(appeals.eligible(refused, on=ON)) == left
        for room, people in close.items():
            with monkeypatch.context() as silenced:
                silenced.delattr(f"{room}.relations")
                assert set(appeals.eligible(refused, on=ON)) == left | {one.number for one in people}, room

    def test_draws_from_those_who_are_left(self, filled, refused, members):
        settle(agreed(members[0], refused.member))
        assert set(begun(refused).pool) == {member.number for member in members[1:]}

    def test_takes_back_who_is_close_no_more(self, filled, refused, members):
        """A trade counts for two years; whoever left the circle may sit."""
        settle(agreed(members[0], refused.member))
        in_a_circle(filled, refused.member, members[1])
        assert len(appeals.eligible(refused, on=ON)) == 6
        circles.take_back(member_id=members[1].pk, by=members[1].user_id)
        assert len(appeals.eligible(refused, on=ON)) == 7
        assert len(appeals.eligible(refused, on=dt.date(2028, 12, 1))) == 8

    def test_refuses_when_it_is_too_late(self, refused, members):
        with pytest.raises(appeals.TooLate):
            begun(refused, dt.date(2026, 12, 11))
        assert begun(refused, dt.date(2026, 12, 10))

    def test_refuses_what_was_not_refused(self, filled, ada, members):
        with pytest.raises(appeals.NothingToAppeal):
            begun(claim(filled, ada))

    def test_refuses_where_five_cannot_sit(self, refused):
        for n in range(4):
            make_member(f"Member{n} Nobody")
        with pytest.raises(appeals.TooFewMembers):
            begun(refused)


class TestFile:
    def test_draws_five_and_calls_them(self, refused, members):
        appeal = filed(refused)
        order = draw.order(seed=appeals._seed(appeal), pool=appeal.pool)
        seats = list(appeal.jurors.order_by("place").values_list("member__number", flat=True))
        assert seats == order[:5]
        assert Letter.objects.filter(subject__contains="drawn for a jury").count() == 5
        assert filed(refused) == appeal
        assert Juror.objects.count() == 5

    def test_depends_on_the_words_of_the_claimant(self, refused, members):
        appeal = begun(refused)
        orders = {tuple(draw.order(seed=draw.seed(number=appeal.number, nonce=appeal.nonce, share=str(n)),
                                   pool=appeal.pool)[:5]) for n in range(30)}  # fmt: skip
        assert len(orders) > 20

    def test_refuses_other_words_afterwards(self, refused, members):
        filed(refused)
        with pytest.raises(appeals.AlreadyFiled):
            filed(refused, share="other words")

    @pytest.mark.parametrize("words", ["I am Byron.", "Ask ada@example.org", "At LINDENWEG 1", "m-000001 is me"])
    def test_refuses_words_that_say_who_she_is(self, refused, members, words):
        if words.startswith("m-"):
            words = refused.member.number.lower() + " is me"
        with pytest.raises(appeals.SaysWhoSheIs):
            filed(refused, words=words)
        assert Appeal.objects.get().state == Appeal.State.OPENED


class TestAnswer:
    def test_of_three_decides(self, refused, members):
        appeal = vote(filed(refused), "GRANT", "UPHOLD", "GRANT")
        assert appeal.state == Appeal.State.SITTING
        appeal = vote(appeal, "GRANT")
        assert appeal.state == Appeal.State.GRANTED
        with pytest.raises(appeals.AlreadyAnswered):
            vote(appeal, "GRANT")
        assert not list(audit.findings())

    def test_can_let_the_decision_stand(self, refused, members):
        assert vote(filed(refused), "UPHOLD", "UPHOLD", "UPHOLD").state == Appeal.State.DISMISSED
        assert Claim.objects.get().status == Claim.Status.REFUSED
        assert Letter.objects.filter(to=refused.member.email, subject__contains="is decided").count() == 1

    def test_is_given_once_and_only_by_jurors(self, refused, members):
        appeal = filed(refused)
        juror = appeal.jurors.earliest("place")
        for _ in range(2):
            appeals.answer(appeal_id=appeal.pk, vote="GRANT", by=juror.member.user_id, on=ON)
        with pytest.raises(appeals.AlreadyAnswered):
            appeals.answer(appeal_id=appeal.pk, vote="UPHOLD", by=juror.member.user_id, on=ON)
        sitting = set(appeal.jurors.values_list("member_id", flat=True))
        stranger = next(member for member in members if member.pk not in sitting)
        for by in (stranger.user_id, refused.member.user_id):
            with pytest.raises(appeals.NotAJuror):
                appeals.answer(appeal_id=appeal.pk, vote="GRANT", by=by, on=ON)

    def test_sends_a_granted_claim_to_other_officers_who_cannot_refuse_it(self, filled, refused, members):
        first = refused.decided_by_id
        vote(filed(refused), "GRANT", "GRANT", "GRANT")
        one = Claim.objects.get()
        assert (one.status, one.jury_granted) == (Claim.Status.SUBMITTED, True)
        second, third = cem().pk, make_member("Third Officer").user_id
        with pytest.raises(claims.TooClose):
            claims.propose(claim_id=one.pk, amount=Money(1, "EUR"), by=first, on=ON)
        with pytest.raises(claims.JuryGranted):
            claims.refuse(claim_id=one.pk, reason="CEILING", by=second, on=ON)
        claims.propose(claim_id=one.pk, amount=Money(400, "EUR"), by=second, on=ON)
        claims.approve(claim_id=one.pk, by=third, on=ON)
        assert not list(audit.findings())

    def test_makes_a_claim_of_what_was_cut(self, filled, ada, members):
        first, second = clara().pk, cem().pk
        one = claim(filled, ada)
        claims.propose(claim_id=one.pk, amount=Money(150, "EUR"), by=first, on=ON)
        one = claims.approve(claim_id=one.pk, by=second, on=ON)
        vote(filed(one), "GRANT", "GRANT", "GRANT")
        rest = Claim.objects.get(follows=one)
        assert rest.amount_claimed == Money(250, "EUR")
        assert set(rest.decided_before) == {first, second}
        assert Claim.objects.get(pk=one.pk).status == Claim.Status.APPROVED
        assert not list(audit.findings())

    def test_is_thanked_in_hours(self, refused, members):
        appeal = vote(filed(refused), "GRANT", "UPHOLD", "GRANT", "GRANT")
        answered = [juror.member.number for juror in appeal.jurors.exclude(vote="")]
        assert len(answered) == 4
        for number in answered:
            assert held(barter.of_member(HOUR, number)) == Money(60, HOUR)
        assert held(barter.community(HOUR)) == Money(-240, HOUR)
        assert not list(audit.findings())

    def test_is_thanked_for_even_where_the_hours_do_not_fit(self, refused, members):
        appeal = filed(refused)
        full = appeal.jurors.earliest("place").member
        from mutual.ledger import chart

        chart.set_limits(barter.of_member(HOUR, full.number), amount_min=0, amount_max=0)
        vote(appeal, "GRANT", "GRANT", "GRANT")
        assert held(barter.of_member(HOUR, full.number)) == Money(0, HOUR)
        assert Deed.objects.get(did="THANKS_DID_NOT_FIT").subject == full.number


class TestSilence:
    def test_is_answered_by_the_next_of_the_draw(self, refused, members, time_machine):
        appeal = filed(refused)
        vote(appeal, "GRANT")
        order = draw.order(seed=appeals._seed(appeal), pool=appeal.pool)
        time_machine.move_to("2026-11-17 12:00+00:00")
        tasks.every_day()
        assert not appeal.jurors.exclude(replaced_on=None).exists()
        time_machine.move_to("2026-11-18 12:00+00:00")
        for _ in range(2):
            tasks.every_day()
        sitting = set(appeal.jurors.filter(replaced_on=None).values_list("member__number", flat=True))
        assert sitting == {order[0], *order[5:8]}
        gone = appeal.jurors.exclude(replaced_on=None).first()
        with pytest.raises(appeals.NotAJuror):
            appeals.answer(appeal_id=appeal.pk, vote="GRANT", by=gone.member.user_id, on=ON)

    def test_of_all_but_two_leaves_a_tie_to_the_claimant(self, refused, members):
        appeal = filed(refused)
        vote(appeal, "GRANT", "UPHOLD")
        for day in (dt.date(2026, 11, 18), dt.date(2026, 11, 26)):
            appeals.replace_silent(appeal_id=appeal.pk, on=day)
        appeal.refresh_from_db()
        assert appeal.state == Appeal.State.GRANTED


class TestVerify:
    def test_repeats_the_draw(self, refused, members):
        appeal = filed(refused)
        told = io.StringIO()
        call_command("verify_draw", appeal.number, stdout=told)
        assert "commitment: as published" in told.getvalue()
        assert "seats: as drawn" in told.getvalue()

    @pytest.mark.parametrize("what", ["nonce", "pool", "seat", "commitment"])
    def test_finds_a_draw_that_was_steered(self, refused, members, what):
        appeal = filed(refused)
        if what == "nonce":
            Appeal.objects.update(nonce="0" * 64)
        elif what == "pool":
            Appeal.objects.update(pool=appeal.pool[1:])
        elif what == "commitment":
            pool = [*appeal.pool, "M-999999"]
            made = draw.commitment(number=appeal.number, nonce=appeal.nonce, pool=pool)
            Appeal.objects.update(pool=pool, commitment=made)
        else:
            sitting = appeal.jurors.values("member_id")
            other = next(member for member in members if not sitting.filter(member_id=member.pk).exists())
            Juror.objects.filter(pk=appeal.jurors.first().pk).update(member=other)
        with pytest.raises(SystemExit):
            call_command("verify_draw", appeal.number, stdout=io.StringIO())

    def test_says_where_there_is_nothing_to_repeat(self, refused, members):
        with pytest.raises(CommandError):
            call_command("verify_draw", begun(refused).number, stdout=io.StringIO())


class TestPages:
    def test_lead_from_refusal_to_the_jury(self, filled, refused, members, client):
        client.force_login(refused.member.user)
        page = client.get(reverse("claims:mine", args=[refused.number])).content.decode()
        assert reverse("appeals:begin", args=[refused.number]) in page
        answer = client.post(reverse("appeals:begin", args=[refused.number]))
        appeal = Appeal.objects.get()
        assert appeal.commitment in client.get(answer["Location"]).content.decode()
        form = {"grounds": "RULE", "words": f"They said {CANARY}.", "share": "seven swans"}
        client.post(answer["Location"], form)
        appeal.refresh_from_db()
        assert appeal.state == Appeal.State.SITTING

        juror = appeal.jurors.earliest("place")
        client.force_login(juror.member.user)
        assert "You were drawn for a jury" in client.get("/").content.decode()
        url = reverse("appeals:jury", args=[appeal.number])
        seen = client.get(url).content.decode()
        assert CANARY in seen
        for hidden in (refused.member.name, refused.member.number, refused.number, "400"):
            assert hidden not in seen
        assert client.post(url, {"vote": "GRANT"}).status_code == 302
        assert CANARY not in client.get(url).content.decode()
        client.force_login(refused.member.user)
        shown = client.get(reverse("claims:mine", args=[refused.number])).content.decode()
        assert "As a juror of the appeal" in shown
        assert juror.member.name not in shown

    def test_tell_a_juror_whose_day_has_passed_that_it_is_over_and_show_her_no_case(
        self, refused, members, client, time_machine
    ):
        appeal = filed(refused, words=f"They said {CANARY}.")
        juror = appeal.jurors.earliest("place")
        url = reverse("appeals:jury", args=[appeal.number])
        time_machine.move_to(dt.datetime.combine(juror.answer_until, dt.time(12), dt.UTC))
        client.force_login(juror.member.user)
        assert CANARY in client.get(url).content.decode()
        time_machine.shift(dt.timedelta(days=1))
        late = juror.answer_until + dt.timedelta(1)
        with pytest.raises(appeals.NotAJuror):
            appeals.answer(appeal_id=appeal.pk, vote="GRANT", by=juror.member.user_id, on=late)
        for _before_and_after in range(2):
            page = client.get(url).content.decode()
            assert "Your time to answer is over" in page
            assert "The facts" not in page
            assert CANARY not in page
            assert "Your time to answer is over" in client.get(reverse("appeals:juries")).content.decode()
            assert "You were drawn for a jury" not in client.get("/").content.decode()
            appeals.replace_silent(appeal_id=appeal.pk, on=late)

    def test_are_for_jurors_and_the_claimant_alone(self, filled, refused, members, client):
        appeal = filed(refused)
        sitting = set(appeal.jurors.values_list("member_id", flat=True))
        stranger = next(member for member in members if member.pk not in sitting)
        client.force_login(stranger.user)
        assert client.get(reverse("appeals:jury", args=[appeal.number])).status_code == 404
        assert client.get(reverse("appeals:appeal", args=[appeal.number])).status_code == 404
        assert client.post(reverse("appeals:withdraw", args=[appeal.number])).status_code == 404
        assert client.post(reverse("appeals:begin", args=[refused.number])).status_code == 404

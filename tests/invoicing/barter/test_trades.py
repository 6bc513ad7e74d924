"""Trades: asked for, agreed, done, settled; both balances at once, never past a limit."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from invoicing.barter import accounts, leaving, limits, trades
from invoicing.barter.models import Trade
from members.models import Member
from mutual import rooms
from mutual.access import Role
from mutual.ledger import audit
from mutual.money import Money
from mutual.periods import Period
from tests.conftest import make_member, make_officer

pytestmark = pytest.mark.django_db
ON = dt.date(2026, 11, 10)


@pytest.fixture
def ada():
    return make_member("Ada Byron")


@pytest.fixture
def bo():
    return make_member("Bo Ek")


def ask(provider, receiver, credit=25, minutes=0, *, key="a" * 32, asked_by=None):
    return trades.request(
        asked_by=(asked_by or receiver).pk, provider=provider.pk, receiver=receiver.pk, title="Proofreading", text="",
        credit=Money(credit, "CREDIT"), minutes=minutes, form_key=key, by=receiver.user_id, on=ON,
    )  # fmt: skip


def agreed(provider, receiver, credit=25, minutes=0, key="a" * 32):
    trade = ask(provider, receiver, credit, minutes, key=key)
    return trades.accept(trade_id=trade.pk, member_id=provider.pk, by=provider.user_id, on=ON)


def settle(trade):
    return trades.settle(trade_id=trade.pk, member_id=trade.receiver_id, by=1, on=ON)


def credit(member):
    return accounts.holding(member.number, "CREDIT").balance


def hours(member):
    return accounts.holding(member.number, "HOUR").balance


def nothing_moved(*members):
    assert all(credit(member) == Money(0, "CREDIT") for member in members)
    assert not list(audit.findings())


class TestRequest:
    def test_makes_one_trade_of_one_form_however_often_it_is_sent(self, ada, bo):
        assert ask(ada, bo) == ask(ada, bo)
        assert Trade.objects.count() == 1

    def test_refuses_trading_with_oneself(self, ada):
        with pytest.raises(trades.WithOneself):
            ask(ada, ada)
        with pytest.raises(IntegrityError), transaction.atomic():
            Trade.objects.create(
                number="T-9", provider=ada, receiver=ada, asked_by=ada, title="x", credit=Money(1, "CREDIT"),
                form_key="x", asked_on=ON,
            )  # fmt: skip

    def test_refuses_a_trade_that_costs_nothing(self, ada, bo):
        with pytest.raises(trades.CostsNothing):
            ask(ada, bo, credit=0)

    def test_refuses_members_who_are_not_active(self, ada, bo):
        Member.objects.filter(pk=bo.pk).update(status=Member.Status.SUSPENDED)
        with pytest.raises(trades.NotPresent):
            ask(ada, bo)


class TestAccept:
    def test_is_for_the_other_side_only(self, ada, bo):
        trade = ask(ada, bo)
        with pytest.raises(trades.NotYours):
            trades.accept(trade_id=trade.pk, member_id=bo.pk, by=bo.user_id, on=ON)
        third = make_member("Cy Dee")
        with pytest.raises(trades.NotYours):
            trades.accept(trade_id=trade.pk, member_id=third.pk, by=third.user_id, on=ON)
        nothing_moved(ada, bo)

    def test_refuses_what_could_not_be_settled_and_says_by_how_much(self, ada, bo):
        trade = ask(ada, bo, credit="250.01")
        with pytest.raises(trades.LimitExceeded) as refused:
            trades.accept(trade_id=trade.pk, member_id=ada.pk, by=ada.user_id, on=ON)
        assert refused.value.over_by == Money("0.01", "CREDIT")
        nothing_moved(ada, bo)


class TestSettle:
    def test_moves_both_balances_at_once_in_both_units(self, ada, bo):
        settle(agreed(ada, bo, 25, 90))
        assert (credit(ada), credit(bo)) == (Money(25, "CREDIT"), Money(-25, "CREDIT"))
        assert (hours(ada), hours(bo)) == (Money(90, "HOUR"), Money(-90, "HOUR"))
        assert not list(audit.findings())

    def test_is_done_once_however_often_it_is_clicked(self, ada, bo):
        trade = agreed(ada, bo)
        assert settle(trade).status == settle(trade).status == Trade.Status.SETTLED
        assert credit(ada) == Money(25, "CREDIT")
        assert not list(audit.findings())

    def test_refuses_the_provider(self, ada, bo):
        trade = agreed(ada, bo)
        with pytest.raises(trades.NotYours):
            trades.settle(trade_id=trade.pk, member_id=ada.pk, by=1, on=ON)
        nothing_moved(ada, bo)

    def test_refuses_before_it_is_agreed(self, ada, bo):
        with pytest.raises(trades.NotNow):
            settle(ask(ada, bo))
        nothing_moved(ada, bo)

    def test_refuses_what_passes_the_limit_meanwhile(self, ada, bo):
        first = agreed(ada, bo, 200)
        second = agreed(ada, bo, 100, key="b" * 32)
        settle(first)
        with pytest.raises(trades.LimitExceeded) as refused:
            settle(second)
        assert refused.value.over_by == Money(50, "CREDIT")
        assert credit(bo) == Money(-200, "CREDIT")
        assert Trade.objects.get(pk=second.pk).status == Trade.Status.ACCEPTED
        assert not list(audit.findings())

    def test_refuses_after_it_was_called_off(self, ada, bo):
        trade = agreed(ada, bo)
        trades.cancel(trade_id=trade.pk, member_id=ada.pk, by=1, on=ON)
        with pytest.raises(trades.NotNow):
            settle(trade)
        nothing_moved(ada, bo)


class TestUndo:
    def test_takes_both_sides_and_mirrors_the_entry(self, ada, bo):
        trade = settle(agreed(ada, bo, 25, 30))
        for _ in range(2):
            asked = trades.undo(trade_id=trade.pk, member_id=bo.pk, by=1, on=ON)
            assert asked.status == Trade.Status.SETTLED
        assert trades.undo(trade_id=trade.pk, member_id=ada.pk, by=1, on=ON).status == Trade.Status.REVERSED
        assert trades.undo(trade_id=trade.pk, member_id=ada.pk, by=1, on=ON).status == Trade.Status.REVERSED
        assert hours(bo) == Money(0, "HOUR")
        nothing_moved(ada, bo)


class TestLimits:
    def test_hold_from_the_moment_they_are_set(self, ada, bo):
        officer = make_officer(Role.TREASURER, "Tessa")
        limits.change(
            member_id=bo.pk, credit_limit=Money(10, "CREDIT"), maximum=Money(50, "CREDIT"), reason="new", by=officer.pk,
            on=ON,
        )  # fmt: skip
        with pytest.raises(trades.LimitExceeded):
            agreed(ada, bo, 11)
        settle(agreed(ada, bo, 10, key="b" * 32))
        assert credit(bo) == Money(-10, "CREDIT")

    def test_are_not_set_by_oneself(self, ada):
        with pytest.raises(limits.OwnLimit):
            limits.change(
                member_id=ada.pk, credit_limit=Money(10, "CREDIT"), maximum=Money(50, "CREDIT"), reason="me",
                by=ada.user_id, on=ON,
            )  # fmt: skip

    def test_refuse_to_lie_inside_the_balance(self, ada, bo):
        settle(agreed(ada, bo, 100))
        with pytest.raises(limits.BeyondBalance):
            limits.change(
                member_id=bo.pk, credit_limit=Money(99, "CREDIT"), maximum=Money(500, "CREDIT"), reason="tight",
                by=1, on=ON,
            )  # fmt: skip
        assert not list(audit.findings())


class TestLeaving:
    def test_says_what_is_open_and_what_to_do(self, ada, bo):
        settle(agreed(ada, bo))
        facts = {member: list(rooms.facts_before_leaving(member_id=member.pk, on=ON)) for member in (ada, bo)}
        assert any("still hold" in fact.sentence and fact.blocking for fact in facts[ada])
        assert any("Provide something" in fact.sentence and fact.blocking for fact in facts[bo])

    def test_gives_what_is_held_to_the_community_once(self, ada, bo):
        settle(agreed(ada, bo, 25, 90))
        assert leaving.give_to_community(member_id=ada.pk, form_key="a" * 32, by=1, on=ON) == (
            Money(25, "CREDIT"), Money(90, "HOUR"),
        )  # fmt: skip
        again = leaving.give_to_community(member_id=ada.pk, form_key="a" * 32, by=1, on=ON)
        assert again == (Money(25, "CREDIT"), Money(90, "HOUR"))
        with pytest.raises(leaving.NothingToGive):
            leaving.give_to_community(member_id=ada.pk, form_key="b" * 32, by=1, on=ON)
        assert credit(ada) == Money(0, "CREDIT")
        assert not list(audit.findings())


class TestStatement:
    def test_shows_credit_and_hours_with_a_running_balance(self, ada, bo):
        settle(agreed(ada, bo, 25, 90))
        settle(agreed(bo, ada, 10, key="b" * 32))
        period = Period(dt.date(2026, 11, 1), dt.date(2026, 12, 1))
        sections = {s.code: s for s in rooms.statement_sections(member_id=ada.pk, period=period, language="en")}
        credits = sections["barter-credit"]
        assert [line.balance for line in credits.lines] == [Money(25, "CREDIT"), Money(15, "CREDIT")]
        assert credits.closing == Money(15, "CREDIT")
        assert sections["barter-hour"].closing == Money(90, "HOUR")


class TestFindings:
    def test_name_a_trade_that_says_something_else_than_the_book(self, ada, bo):
        trade = settle(agreed(ada, bo))
        Trade.objects.filter(pk=trade.pk).update(credit=26)
        assert [finding.subject for finding in audit.findings()] == [trade.number]
